//! `git chant verify --since`: what a branch brings, for a job of CI.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{json_schema::Contract, support::Sandbox};

/// A branch with the work of one spec, a commit without a spec, and one that only says it came from a spec.
fn branch() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.git(&["checkout", "-qb", "topic"]);
    sandbox.agent("echo one >one; git add -A; git commit -qm 'Add one'; tick");
    let id = sandbox.add(&["Add `one` for @ada | <b>", "--verify", "test -f one", "--onto", "topic"]);
    sandbox.chant(&["work", &id, "--trust"]).ok();
    sandbox.write("two", "two\n");
    sandbox.commit("Add two [x](https://evil.example) @bob");
    sandbox.write("three", "three\n");
    sandbox.commit(&format!("Add three\n\nChant-Spec: {id}"));
    (sandbox, id)
}

#[test]
fn a_range_is_its_specs_their_checks_and_the_commits_without_one() {
    let (sandbox, id) = branch();
    let since = ["verify", "--since", "main", "--exit-code", "--trust"];
    let json = Contract::new().holds("verify", &sandbox.chant(&[&since[..], &["--json"]].concat()).ok());
    assert_eq!(json["checked"][0]["spec"]["id"], *id);
    assert_eq!(
        (json["checked"][0]["ok"].as_bool(), json["loose"].as_array().map(Vec::len)),
        (Some(true), Some(2)),
        "{json:#}"
    );
    assert!(json["loose"][1]["how"].as_str().unwrap().contains("no event confirms it"), "{json:#}");
    sandbox.chant(&[&since[..], &["--require", "spec"]].concat()).fails(1, &[]);
    sandbox.chant(&[&since[..], &["--require", "proof"]].concat()).fails(1, &[]);
    // What the branch breaks later is found on its newest commit.
    sandbox.git(&["rm", "-q", "one"]);
    sandbox.commit("Remove one");
    let broken = sandbox.chant(&since).fails(1, &[]);
    assert!(broken.out.contains("1 spec checked, 1 failed, 1 unproved, 3 commits without a spec\n"), "{}", broken.out);
    let newer = ["verify", "--since", "HEAD", "--at", "main", "--trust", "--require", "spec"];
    sandbox.chant(&newer).fails(128, &["there is no commit to verify"]);
    sandbox.chant(&["verify", "--since", "HEAD", "--exit-code", "--trust"]).ok();
    sandbox.chant(&["verify", "--since", "nowhere"]).fails(128, &["'nowhere' names no commit"]);
    sandbox.chant(&["verify", "--summary", "x", "--all"]).fails(129, &["--all"]);
}

#[test]
fn commits_that_were_rebased_or_squashed_are_still_of_their_specs() {
    let (sandbox, id) = branch();
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("other", "other\n");
    sandbox.commit("Go on");
    sandbox.git(&["checkout", "-q", "topic"]);
    let found = || {
        let json = sandbox.chant(&["verify", "--since", "main", "--exit-code", "--trust", "--json"]).ok().json();
        let of = |list: &str, pointer: &str| -> Vec<String> {
            json[list]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one.pointer(pointer).unwrap().as_str().unwrap().to_owned())
                .collect()
        };
        (of("checked", "/spec/id"), of("loose", "/subject"))
    };
    let whole = found();
    assert_eq!((&whole.0, whole.1.len()), (&vec![id.clone()], 2));
    // Without the merge, and each commit a new one: a person who amends has another time.
    let mut rebase = sandbox.command_in(&sandbox.repo, "git");
    rebase
        .args(["rebase", "-q", "--ignore-date", "main"])
        .env_remove("GIT_COMMITTER_DATE")
        .env_remove("GIT_AUTHOR_DATE");
    sandbox.run(&mut rebase).ok();
    assert_eq!(sandbox.git(&["rev-list", "--merges", "main..topic"]), "");
    let rebased = found();
    assert_eq!(rebased.0, whole.0, "{rebased:?}");
    assert!(whole.1.iter().all(|subject| rebased.1.contains(subject)), "{rebased:?}");
    // All of the branch as one commit.
    sandbox.git(&["reset", "-q", "--soft", "main"]);
    sandbox.commit("All of it");
    assert_eq!(found().0, whole.0);
}

#[test]
fn a_pull_request_of_a_fork_is_judged_by_the_events_of_the_base() {
    let (fork, id) = branch();
    let base = fork.dir().join("base.git");
    fork.git(&["clone", "-q", "--bare", "--single-branch", "-b", "main", ".", base.to_str().unwrap()]);
    // What CI has: the base as origin, and a merge of the two on no branch.
    let clone = fork.dir().join("clone");
    fork.git(&["clone", "-q", base.to_str().unwrap(), clone.to_str().unwrap()]);
    fork.git_in(&clone, &["fetch", "-q", fork.repo.to_str().unwrap(), "topic:refs/remotes/pull/7/head"]);
    fork.git_in(&clone, &["checkout", "-q", "--detach", "origin/main"]);
    fork.git_in(&clone, &["merge", "-q", "--no-ff", "-m", "Merge 7 into main", "pull/7/head"]);
    let summary = fork.dir().join("summary.md");
    let run = |require: &str| {
        let mut command = fork.command_in(&clone, "bash");
        command.args(["-eo", "pipefail", "-c", &script()]).env("GITHUB_STEP_SUMMARY", &summary);
        let ran = fork.run(command.env("BASE", "origin/main").env("REMOTE", "origin").env("REQUIRE", require));
        (ran, fs::read_to_string(&summary).unwrap_or_default())
    };
    let (ran, said) = run("");
    ran.ok();
    assert!(said.contains("0 specs checked, ") && said.contains("`Add one`: `"), "{said}");
    run("spec").0.fails(1, &[]);
    // Once a person took the events into the base, they count.
    fork.git(&["push", "-q", base.to_str().unwrap(), &format!("refs/chant/specs/{id}")]);
    fs::remove_file(&summary).unwrap();
    let (ran, said) = run("");
    ran.ok();
    assert!(said.contains("1 spec checked, 1 unproved, 2 commits without a spec"), "{said}");
}

#[test]
fn the_lines_for_gitlab_run_in_a_shell() {
    let (sandbox, _) = branch();
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/manual/guides/gitchant-workflow.md");
    let guide = fs::read_to_string(guide).unwrap();
    let block = guide.split("On GitLab:\n\n```\n").nth(1).unwrap().split("```").next().unwrap();
    let job: Value = serde_yaml::from_str(block).unwrap();
    let clone = sandbox.dir().join("clone");
    sandbox.git(&["clone", "-q", "-b", "topic", ".", clone.to_str().unwrap()]);
    sandbox.git_in(&clone, &["checkout", "-q", "--detach"]);
    let since = sandbox.git(&["merge-base", "main", "topic"]);
    for line in job["verify"]["script"].as_array().unwrap() {
        let mut shell = sandbox.command_in(&clone, "sh");
        shell.args(["-ec", line.as_str().unwrap()]).env("CI_MERGE_REQUEST_DIFF_BASE_SHA", since.trim());
        sandbox.run(&mut shell).ok();
    }
    let summary = fs::read_to_string(clone.join(job["verify"]["artifacts"]["paths"][0].as_str().unwrap())).unwrap();
    assert!(summary.starts_with("## Verified\n\n1 spec checked, 1 unproved, 2 commits"), "{summary}");
}

/// The script of the action.
fn script() -> String {
    let action = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/actions/verify/action.yml");
    let action: Value = serde_yaml::from_str(&fs::read_to_string(action).unwrap()).unwrap();
    let steps = action["runs"]["steps"].as_array().unwrap();
    assert_eq!((steps.len(), steps[0]["shell"].as_str()), (1, Some("bash")));
    steps[0]["run"].as_str().unwrap().to_owned()
}

#[test]
fn the_action_runs_in_a_fresh_clone_and_writes_the_summary() {
    let (sandbox, _) = branch();
    let clone = sandbox.dir().join("clone");
    sandbox.git(&["clone", "-q", "-b", "topic", ".", clone.to_str().unwrap()]);
    let summary = sandbox.dir().join("summary.md");
    let run = |require: &str| {
        let mut command = sandbox.command_in(&clone, "bash");
        command.args(["-eo", "pipefail", "-c", &script()]).env("GITHUB_STEP_SUMMARY", &summary);
        sandbox.run(command.env("BASE", "origin/main").env("REMOTE", "origin").env("REQUIRE", require))
    };
    run("").ok();
    let written = fs::read_to_string(&summary).unwrap();
    for part in [
        "## Verified\n\n1 spec checked, 1 unproved, 2 commits without a spec between `",
        "| `Add one for @ada \\|` | `checks` | 1 passed |",
        "### Commits without a spec\n\n- `",
        "` `Add two [x](https://evil.example) @bob`: `no spec records it`\n",
    ] {
        assert!(written.contains(part), "'{part}' is not in\n{written}");
    }
    run("spec").fails(1, &[]);
    assert!(fs::read_to_string(&summary).unwrap().contains("## Not verified\n"));
}

#[test]
fn a_merge_is_skipped_only_if_it_is_what_git_makes_of_its_parents() {
    let (sandbox, _) = branch();
    let loose = || {
        let json = sandbox.chant(&["verify", "--since", "main", "--trust", "--json"]);
        let json: Value = serde_json::from_str(&json.out).unwrap();
        let subjects = json["loose"].as_array().unwrap().iter().map(|one| one["subject"].as_str().unwrap().to_owned());
        subjects.filter(|subject| subject.starts_with("Merge")).collect::<Vec<_>>()
    };
    let mut number = 0;
    let mut goes_on = || {
        number += 1;
        sandbox.git(&["checkout", "-q", "main"]);
        sandbox.write(&format!("m{number}"), "m\n");
        sandbox.write("both", &format!("main {number}\n"));
        sandbox.commit("Go on");
        sandbox.git(&["checkout", "-q", "topic"]);
    };
    goes_on();
    sandbox.git(&["merge", "-q", "-m", "Merge one", "main"]);
    assert_eq!(loose(), [""; 0]);
    goes_on();
    sandbox.git(&["merge", "-q", "--no-commit", "main"]);
    sandbox.write("evil", "evil\n");
    sandbox.git(&["add", "evil"]);
    sandbox.git(&["commit", "-qm", "Merge two"]);
    assert_eq!(loose(), ["Merge two"]);
    // Work of the target that goes missing is a change too.
    goes_on();
    sandbox.git(&["merge", "-q", "-s", "ours", "-m", "Merge three", "main"]);
    assert_eq!(loose(), ["Merge two", "Merge three"]);
    let required = sandbox.chant(&["verify", "--since", "main", "--trust", "--require", "spec", "--exit-code"]);
    required.fails(1, &[]);
}

#[test]
fn a_shallow_clone_is_told_what_it_lacks() {
    let (sandbox, _) = branch();
    let url = format!("file://{}", sandbox.repo.display());
    for (depth, since, said) in [("1", "origin/main", "names no commit"), ("2", "HEAD~1^{tree}", "names no commit")] {
        let clone = sandbox.dir().join(format!("shallow-{depth}"));
        sandbox.git(&["clone", "-q", "--depth", depth, "-b", "topic", &url, clone.to_str().unwrap()]);
        sandbox
            .chant_in(&clone, &["verify", "--since", since, "--trust"])
            .fails(128, &[said, "this clone is shallow: git fetch --unshallow", "fetch-depth: 0"]);
    }
    // The base is there, and commits between are not.
    let clone = sandbox.dir().join("shallow-2");
    sandbox.git_in(&clone, &["fetch", "-q", "--depth", "1", "origin", "main:base"]);
    sandbox
        .chant_in(&clone, &["verify", "--since", "base", "--trust"])
        .fails(128, &["cannot list the commits since", "this clone ends at", "git fetch --unshallow"]);
    sandbox.git_in(&clone, &["fetch", "-q", "--unshallow", "origin", "refs/chant/*:refs/chant/*"]);
    sandbox.chant_in(&clone, &["verify", "--since", "base", "--trust"]).ok();
}
