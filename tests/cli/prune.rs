//! `prune`: what no longer serves goes, and nothing that is nowhere else.

mod concurrent;
mod leftovers;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;

use crate::support::Sandbox;

/// What the repository has that prune may touch.
fn left(sandbox: &Sandbox) -> Vec<String> {
    let refs = ["refs/heads", "refs/chant-local"];
    let mut all: Vec<String> = refs
        .iter()
        .flat_map(|of| sandbox.git(&["for-each-ref", of]).lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    all.push(sandbox.git(&["worktree", "list", "--porcelain"]));
    for dir in ["transcripts", "leases", "aside"] {
        walk(&sandbox.repo.join(".git/chant").join(dir), &mut all);
    }
    for entry in std::fs::read_dir(sandbox.dir()).unwrap() {
        all.push(entry.unwrap().path().display().to_string());
    }
    all.sort();
    all
}

fn walk(dir: &Path, all: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { walk(&entry, all) } else { all.push(entry.display().to_string()) }
    }
}

/// Asks what would be done, which changes nothing, then does it: that is the same. Returns what was found.
#[track_caller]
fn pruned(sandbox: &Sandbox, args: &[&str]) -> Vec<Value> {
    let before = left(sandbox);
    let asked = sandbox.chant(&[&["prune", "--json", "--dry-run"], args].concat()).ok().json();
    assert_eq!(left(sandbox), before, "to ask changes nothing");
    let done = sandbox.chant(&[&["prune", "--json"], args].concat()).ok().json();
    assert_eq!(asked["pruned"], done["pruned"], "it does what it said");
    let again = sandbox.chant(&["prune", "--json"]).ok().json();
    assert!(
        again["pruned"].as_array().unwrap().iter().all(|one| one["pruned"] == false),
        "nothing is left to do: {again}"
    );
    done["pruned"].as_array().unwrap().clone()
}

/// The kinds of what goes.
fn gone(found: &[Value]) -> Vec<&str> {
    found.iter().filter(|one| one["pruned"] == true).map(|one| one["kind"].as_str().unwrap()).collect()
}

/// Why the thing of that kind stays.
#[track_caller]
fn kept<'v>(found: &'v [Value], kind: &str) -> &'v str {
    let one = found.iter().find(|one| one["kind"] == kind && one["pruned"] == false);
    one.unwrap_or_else(|| panic!("no {kind} is kept: {found:?}"))["why"].as_str().unwrap()
}

fn branches(sandbox: &Sandbox) -> String {
    sandbox.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads/chant"])
}

fn attempts(sandbox: &Sandbox) -> Vec<String> {
    let refs = sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/chant-local/attempts"]);
    refs.lines().map(str::to_owned).collect()
}

/// A spec whose work is in main and whose worktree and branch are there still, as after a crash at the very end.
struct Left {
    sandbox: Sandbox,
    id: String,
    worktree: PathBuf,
}

fn left_over() -> Left {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; git commit -qam work");
    let id = sandbox.add(&["Make it two"]);
    left_over_in(sandbox, id)
}

fn left_over_in(sandbox: Sandbox, id: String) -> Left {
    sandbox.chant(&["work", &id]).ok();
    let worktree = sandbox.dir().join(format!("repo.chant-{}", &id[11..]));
    assert!(!worktree.exists());
    let work = sandbox.show(&id)["work_commits"].as_array().unwrap().last().unwrap().as_str().unwrap().to_owned();
    sandbox.git(&["worktree", "add", "-q", "-b", &format!("chant/{id}"), worktree.to_str().unwrap(), &work]);
    Left { sandbox, id, worktree }
}

impl Left {
    /// The worktree stays, with `why`, and so does everything in it.
    #[track_caller]
    fn stays(&self, why: &str) {
        let found = pruned(&self.sandbox, &[]);
        assert!(kept(&found, "worktree").contains(why), "{found:?}");
        assert_eq!(kept(&found, "branch"), "its worktree stays");
        assert!(self.worktree.is_dir() && branches(&self.sandbox).contains(&self.id));
    }
}

#[test]
fn nothing_to_prune() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.chant(&["prune"]).ok().out, "");
    assert_eq!(sandbox.chant(&["prune", "--json"]).ok().out, "{\"format\":1,\"dry_run\":false,\"pruned\":[]}\n");
    sandbox.chant(&["prune", "nothing"]).fails(128, &["no such spec: 'nothing'"]);
}

#[test]
fn worktree_and_branch_of_what_is_completed() {
    let Left { sandbox, id, worktree } = left_over();
    let ran = sandbox.chant(&["prune", "--dry-run"]).ok();
    assert!(
        ran.out.contains(&format!("Would prune  worktree      {}: its spec is completed\n", worktree.display())),
        "{}",
        ran.out
    );
    assert!(worktree.is_dir());
    let found = pruned(&sandbox, &[]);
    assert_eq!(gone(&found), ["worktree", "branch"]);
    assert!(!worktree.exists());
    assert_eq!((branches(&sandbox), attempts(&sandbox)), (String::new(), Vec::new()));
    assert_eq!(sandbox.read("file"), "two\n");
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_worktree_with_changes_stays() {
    for change in ["echo mine >file", "echo mine >new", "echo mine >new; git add new", "git rm -q file"] {
        let left = left_over();
        left.sandbox.run(left.sandbox.command_in(&left.worktree, "sh").args(["-c", change])).ok();
        left.stays("it has changes that are not committed: ");
    }
}

#[test]
fn what_is_ignored_is_no_work() {
    let left = left_over();
    std::fs::write(left.worktree.join(".gitignore"), "build\n").unwrap();
    left.sandbox.git(&["-C", left.worktree.to_str().unwrap(), "add", ".gitignore"]);
    left.sandbox.git(&["-C", left.worktree.to_str().unwrap(), "commit", "-qm", "Ignore"]);
    std::fs::write(left.worktree.join("build"), "x").unwrap();
    left.sandbox.git(&["-C", left.worktree.to_str().unwrap(), "push", "-q", ".", "HEAD:refs/heads/elsewhere"]);
    assert_eq!(gone(&pruned(&left.sandbox, &[])), ["worktree", "branch"]);
}

#[test]
fn commits_that_are_nowhere_else_stay() {
    let left = left_over();
    left.sandbox.git(&["-C", left.worktree.to_str().unwrap(), "commit", "-q", "--allow-empty", "-m", "more"]);
    let tip = left.sandbox.git(&["rev-parse", &format!("chant/{}", left.id)]);
    let found = pruned(&left.sandbox, &[]);
    assert_eq!((gone(&found), kept(&found, "branch")), (vec!["worktree"], "it has a commit that no other ref reaches"));
    assert_eq!(left.sandbox.git(&["rev-parse", &format!("chant/{}", left.id)]), tip);
    // With a tag on it, it is elsewhere.
    left.sandbox.git(&["tag", "saved", &tip]);
    assert_eq!(gone(&pruned(&left.sandbox, &[])), ["branch"]);
}

#[test]
fn commits_on_a_detached_head_stay() {
    let left = left_over();
    let top = left.worktree.to_str().unwrap();
    left.sandbox.git(&["-C", top, "checkout", "-q", "--detach"]);
    left.sandbox.git(&["-C", top, "commit", "-q", "--allow-empty", "-m", "loose"]);
    left.stays("it stood on a commit that no other ref reaches");
    // Also where it stands elsewhere again, and only its log knows of them.
    left.sandbox.git(&["-C", top, "checkout", "-q", &format!("chant/{}", left.id)]);
    left.stays("it stood on a commit that no other ref reaches");
}

#[test]
fn repositories_inside_a_worktree_stay() {
    let left = left_over();
    let inner = left.worktree.join("inner");
    std::fs::create_dir(&inner).unwrap();
    left.sandbox.git_in(&inner, &["init", "-q"]);
    left.sandbox.git_in(&inner, &["commit", "-q", "--allow-empty", "-m", "inner"]);
    left.stays("it holds git repositories: inner");
    let exclude = left.sandbox.repo.join(".git/info/exclude");
    std::fs::write(exclude, "inner/\n").unwrap();
    left.stays("it holds git repositories: inner/");
}

#[test]
fn submodules_with_work_of_their_own_stay() {
    let sandbox = Sandbox::new();
    let library = sandbox.dir().join("library");
    std::fs::create_dir(&library).unwrap();
    sandbox.git_in(&library, &["init", "-q", "-b", "main"]);
    sandbox.git_in(&library, &["commit", "-q", "--allow-empty", "-m", "part"]);
    sandbox.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.to_str().unwrap(), "lib"]);
    sandbox.git(&["commit", "-qm", "A library"]);
    sandbox.agent("echo two >file; git commit -qam work");
    let id = sandbox.add(&["Make it two"]);
    let left = left_over_in(sandbox, id);
    let top = left.worktree.to_str().unwrap();
    left.sandbox.git(&["-C", top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init"]);
    left.sandbox.git(&[
        "-C",
        left.worktree.join("lib").to_str().unwrap(),
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "own",
    ]);
    // The commit that is recorded of it is the old one.
    left.stays("lib");
}

#[test]
fn locked_stood_in_and_rebased_ones_stay() {
    let left = left_over();
    let top = left.worktree.to_str().unwrap();
    left.sandbox.git(&["worktree", "lock", "--reason", "on a stick", top]);
    left.stays("it is locked: on a stick");
    left.sandbox.git(&["worktree", "unlock", top]);
    let ran = left.sandbox.chant_in(&left.worktree, &["prune"]).ok();
    assert!(ran.out.contains("you are in it"), "{}", ran.out);
    assert!(left.worktree.is_dir());
    let mut rebase = left.sandbox.command_in(&left.worktree, "git");
    rebase.args(["rebase", "-q", "--exec", "false", "HEAD~1"]).stderr(Stdio::null());
    assert_ne!(rebase.status().unwrap().code(), Some(0));
    left.stays("git rebase is in progress");
}

#[test]
fn a_branch_that_is_checked_out_stays() {
    let left = left_over();
    left.sandbox.git(&["worktree", "remove", left.worktree.to_str().unwrap()]);
    left.sandbox.git(&["worktree", "add", "-q", "../mine", &format!("chant/{}", left.id)]);
    let found = pruned(&left.sandbox, &[]);
    assert_eq!(gone(&found), [""; 0]);
    assert!(kept(&found, "branch").starts_with("it is checked out in "), "{found:?}");
    assert!(left.sandbox.dir().join("mine/file").exists() && branches(&left.sandbox).contains(&left.id));
}

#[test]
fn a_worktree_that_was_deleted_by_hand() {
    let sandbox = Sandbox::new();
    sandbox.agent("exit 3");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).fails(1, &[]);
    sandbox.git(&["worktree", "add", "-q", "-b", "mine", "../mine"]);
    std::fs::remove_dir_all(sandbox.dir().join("mine")).unwrap();
    std::fs::remove_dir_all(sandbox.dir().join(format!("repo.chant-{}", &id[11..]))).unwrap();
    let found = pruned(&sandbox, &[]);
    assert_eq!(gone(&found), ["registration"]);
    let registered = sandbox.git(&["worktree", "list", "--porcelain"]);
    assert!(!registered.contains("chant-") && registered.contains("/mine\n"), "only ours: {registered}");
    assert!(branches(&sandbox).contains(&id), "it has failed, and may be finished");
}

#[test]
fn a_deleted_worktree_whose_log_alone_knows_a_commit_stays_registered() {
    let left = left_over();
    let top = left.worktree.to_str().unwrap();
    left.sandbox.git(&["-C", top, "checkout", "-q", "--detach"]);
    left.sandbox.git(&["-C", top, "commit", "-q", "--allow-empty", "-m", "loose"]);
    std::fs::remove_dir_all(&left.worktree).unwrap();
    let found = pruned(&left.sandbox, &[]);
    assert!(kept(&found, "registration").contains("a commit that no other ref reaches"), "{found:?}");
}

#[test]
fn what_is_not_over_is_left_alone() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["By hand"]);
    sandbox.chant(&["work", &id, "--agent", "manual"]).ok();
    assert_eq!(pruned(&sandbox, &["--expire=now"]), [Value::Null; 0]);
    let found = pruned(&sandbox, &[&id]);
    assert_eq!(kept(&found, "worktree"), "its spec is in progress");
    assert!(sandbox.dir().join(format!("repo.chant-{}", &id[11..])).is_dir());
}

#[test]
fn what_is_left_of_a_spec_that_is_gone() {
    let left = left_over();
    left.sandbox.git(&["update-ref", "-d", &format!("refs/chant/specs/{}", left.id)]);
    left.sandbox.git(&["rm", "-q", &format!(".chant/specs/{}.md", left.id)]);
    left.sandbox.git(&["commit", "-qm", "Gone"]);
    let found = pruned(&left.sandbox, &["--expire=now", &left.id]);
    assert_eq!(gone(&found), ["worktree", "branch", "transcript"]);
    assert_eq!(found[0]["why"], "its spec is missing");
}

#[test]
fn documents_of_silent_mode_stay() {
    let sandbox = Sandbox::new();
    sandbox.chant(&["init", "--silent"]).ok();
    sandbox.agent("echo two >file; git commit -qam work");
    let id = sandbox.add(&["Make it two"]);
    let left = left_over_in(sandbox, id);
    std::fs::create_dir_all(left.worktree.join(".chant/research")).unwrap();
    std::fs::write(left.worktree.join(".chant/research/why.md"), "# Why\n").unwrap();
    left.stays("it holds documents that are missing from the main worktree: .chant/research/why.md");
    left.sandbox.write(".chant/research/why.md", "# Why\n");
    assert_eq!(gone(&pruned(&left.sandbox, &[])), ["worktree", "branch"]);
}
