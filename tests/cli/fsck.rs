//! `lint` and `fsck`: each fault is named where it is, the others are unaffected, and what can be mended is.

mod belongings;
mod chains;
mod lint_files;

use std::path::PathBuf;

use serde_json::Value;

use crate::support::Sandbox;

/// One problem of `--json`.
#[derive(Debug, Clone, PartialEq)]
struct Problem(Value);

impl Problem {
    fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_default()
    }

    fn code(&self) -> &str {
        self.text("code")
    }

    fn repaired(&self) -> bool {
        self.0["repaired"].as_bool().unwrap()
    }

    /// `line:column`.
    fn place(&self) -> String {
        format!("{}:{}", self.0["line"], self.0["column"])
    }
}

/// What `git chant <args> --json` finds, and that its exit code agrees.
#[track_caller]
fn problems(sandbox: &Sandbox, args: &[&str]) -> Vec<Problem> {
    let ran = sandbox.chant(&[args, &["--json"]].concat());
    let found: Vec<Problem> =
        ran.json()["problems"].as_array().unwrap_or_else(|| panic!("{ran:?}")).iter().cloned().map(Problem).collect();
    let open = found.iter().any(|problem| problem.text("severity") == "error" && !problem.repaired());
    assert_eq!(ran.code, i32::from(open), "{ran:?}");
    found
}

#[track_caller]
fn codes(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(Problem::code).collect()
}

/// The one problem that there is.
#[track_caller]
fn only(problems: Vec<Problem>) -> Problem {
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.into_iter().next().unwrap()
}

#[track_caller]
fn fsck(sandbox: &Sandbox) -> Vec<Problem> {
    problems(sandbox, &["fsck"])
}

/// Repairs, all of it, and finds nothing afterwards, neither itself nor git.
#[track_caller]
fn repair(sandbox: &Sandbox) -> Vec<Problem> {
    let found = problems(sandbox, &["fsck", "--repair"]);
    assert!(found.iter().all(Problem::repaired), "{found:#?}");
    clean(sandbox);
    found
}

#[track_caller]
fn clean(sandbox: &Sandbox) {
    let ran = sandbox.chant(&["fsck"]).ok();
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    sandbox.git(&["fsck", "--strict"]);
}

fn git_dir(sandbox: &Sandbox) -> PathBuf {
    sandbox.repo.join(".git")
}

fn spec_path(id: &str) -> String {
    format!(".chant/specs/{id}.md")
}

/// With an agent that does its work, and a spec for it.
fn with_spec() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.agent("echo \"$CHANT_SPEC_ID\" >>file; tick");
    let id = add(&sandbox, "Make it two");
    (sandbox, id)
}

fn add(sandbox: &Sandbox, title: &str) -> String {
    sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] it holds\n");
    sandbox.add(&[title, "--body-file", "../body.md"])
}

/// With two specs that were worked and merged.
fn completed() -> (Sandbox, String, String) {
    let (sandbox, one) = with_spec();
    let other = add(&sandbox, "Another");
    sandbox.chant(&["work", &one]).ok();
    sandbox.chant(&["work", &other]).ok();
    clean(&sandbox);
    (sandbox, one, other)
}

fn chain(id: &str) -> String {
    format!("refs/chant/specs/{id}")
}

fn tip(sandbox: &Sandbox, id: &str) -> String {
    sandbox.git(&["rev-parse", &chain(id)])
}

fn trailer(sandbox: &Sandbox, commit: &str, name: &str) -> String {
    sandbox.git(&["log", "-1", &format!("--format=%(trailers:key=Chant-{name},valueonly,separator=%x20)"), commit])
}
