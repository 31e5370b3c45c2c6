//! Confined agents in repositories of every kind: shallow, partial, sparse, of sha256, with submodules, a linked worktree; and a person who
//! continues what a confined agent left.

use std::path::PathBuf;

use crate::support::{
    Sandbox,
    tools::{need, need_that},
};

/// It reads the history, commits, and leaves a change.
const AGENT: &str = "git log -p -2 >/dev/null && git show HEAD~1:file >/dev/null 2>&1 || test -e ../shallow || exit 7
    echo two >file; git commit -qam Two || exit 8; echo three >>file; tick";

/// A repository with two commits, made by `git init <options>`, for confined agents; `None` where nothing can confine here.
fn origin(options: &[&str]) -> Option<Sandbox> {
    if !need_that(need("bwrap"), "bubblewrap") {
        return None;
    }
    let sandbox = Sandbox::init(options);
    for text in ["zero\n", "one\n"] {
        sandbox.write("file", text);
        sandbox.write("in/one", text);
        sandbox.write("out/one", text);
        sandbox.commit("Files");
    }
    sandbox.git(&["config", "uploadpack.allowFilter", "true"]);
    sandbox.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    Some(sandbox)
}

/// A clone of the repository, which the sandbox is about from then on.
fn cloned(mut sandbox: Sandbox, name: &str, options: &[&str]) -> Sandbox {
    let place: PathBuf = sandbox.repo.with_file_name(name);
    let url = format!("file://{}", sandbox.repo.display());
    sandbox.git(&[&["clone", "-q"], options, &[&url, place.to_str().unwrap()]].concat());
    sandbox.repo = place;
    sandbox
}

fn completes(sandbox: Sandbox, script: &str) -> Sandbox {
    let sandbox = sandbox.confined();
    sandbox.agent(script);
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!((sandbox.status(&id).as_str(), sandbox.read("file").as_str()), ("completed", "two\nthree\n"));
    assert_eq!(sandbox.show(&id)["confined"], "bubblewrap");
    sandbox.git(&["fsck", "--strict"]);
    sandbox
}

#[test]
fn in_a_shallow_clone() {
    let Some(sandbox) = origin(&[]) else { return };
    completes(cloned(sandbox, "shallow", &["--depth=1"]), AGENT);
}

#[test]
fn in_a_partial_clone() {
    let Some(sandbox) = origin(&[]) else { return };
    completes(cloned(sandbox, "partial", &["--filter=blob:none"]), AGENT);
}

#[test]
fn in_a_sparse_checkout() {
    let Some(sandbox) = origin(&[]) else { return };
    sandbox.git(&["sparse-checkout", "set", "in", ".chant"]);
    let sandbox = completes(sandbox, AGENT);
    assert!(sandbox.repo.join("in/one").exists() && !sandbox.repo.join("out").exists());
}

#[test]
fn in_a_repository_of_sha256() {
    let Some(sandbox) = origin(&["--object-format=sha256"]) else { return };
    assert_eq!(completes(sandbox, AGENT).git(&["rev-parse", "HEAD"]).len(), 64);
}

#[test]
fn from_a_linked_worktree() {
    let Some(sandbox) = origin(&[]) else { return };
    let mut sandbox = sandbox;
    sandbox.git(&["worktree", "add", "-q", "../linked", "-b", "side"]);
    sandbox.repo = sandbox.repo.with_file_name("linked");
    assert_eq!(completes(sandbox, AGENT).git(&["symbolic-ref", "HEAD"]), "refs/heads/side");
}

#[test]
fn with_a_submodule_that_it_commits_in() {
    let Some(sandbox) = origin(&[]) else { return };
    let url = format!("file://{}", sandbox.repo.display());
    let sandbox = cloned(sandbox, "super", &[]);
    sandbox.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "vendor/lib"]);
    sandbox.git(&["commit", "-qm", "Take in the library"]);
    let script = "git -c protocol.file.allow=always submodule --quiet update --init || exit 9
        (cd vendor/lib && echo x >new && git add new && git commit -qm 'In the submodule') || exit 10
        git reset -q --hard && git submodule --quiet update --force";
    completes(sandbox, &format!("{script}\n{AGENT}"));
}

#[test]
fn a_person_takes_over_what_it_left() {
    let Some(sandbox) = origin(&[]) else { return };
    let sandbox = sandbox.confined();
    sandbox.agent("echo half >half; git add half; git commit -qm Half; echo loose >loose; exit 75");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).fails(1, &["Paused"]);
    let taken = sandbox.chant(&["takeover", &id]).ok();
    let place = PathBuf::from(taken.out.lines().next().unwrap());
    // Git works there on the real repository: the commit of the agent is in it, on the work branch.
    assert_eq!(sandbox.git_in(&place, &["log", "--format=%s", "-1"]), "Half");
    std::fs::write(place.join("file"), "two\n").unwrap();
    sandbox.git_in(&place, &["commit", "-qam", "By hand"]);
    assert!(sandbox.git(&["branch", "--contains", &sandbox.git_in(&place, &["rev-parse", "HEAD"])]).contains("chant/"));
    let spec = place.join(format!(".chant/specs/{id}.md"));
    std::fs::write(&spec, std::fs::read_to_string(&spec).unwrap().replace("[ ]", "[x]")).unwrap();
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!((sandbox.status(&id).as_str(), sandbox.read("file").as_str()), ("completed", "two\n"));
    assert_eq!((sandbox.read("half"), sandbox.read("loose")), ("half\n".to_owned(), "loose\n".to_owned()));
    sandbox.git(&["fsck", "--strict"]);
}
