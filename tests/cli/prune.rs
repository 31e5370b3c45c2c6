//! `prune`: what no longer serves goes, and nothing that is nowhere else.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;

use crate::support::{Ran, Sandbox};

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
    sandbox.chant(&["prune", "nothing"]).fails(128, &["there is no spec 'nothing'"]);
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
    assert_eq!((gone(&found), kept(&found, "branch")), (vec!["worktree"], "it has a commit that nothing else reaches"));
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
    left.stays("it stood on a commit that nothing else reaches");
    // Also where it stands elsewhere again, and only its log knows of them.
    left.sandbox.git(&["-C", top, "checkout", "-q", &format!("chant/{}", left.id)]);
    left.stays("it stood on a commit that nothing else reaches");
}

#[test]
fn repositories_inside_a_worktree_stay() {
    let left = left_over();
    let inner = left.worktree.join("inner");
    std::fs::create_dir(&inner).unwrap();
    left.sandbox.git_in(&inner, &["init", "-q"]);
    left.sandbox.git_in(&inner, &["commit", "-q", "--allow-empty", "-m", "inner"]);
    left.stays("it holds repositories of its own: inner");
    let exclude = left.sandbox.repo.join(".git/info/exclude");
    std::fs::write(exclude, "inner/\n").unwrap();
    left.stays("it holds repositories of its own: inner/");
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
    left.stays("git rebase is under way");
}

#[test]
fn a_branch_that_somebody_has_checked_out_stays() {
    let left = left_over();
    left.sandbox.git(&["worktree", "remove", left.worktree.to_str().unwrap()]);
    left.sandbox.git(&["worktree", "add", "-q", "../mine", &format!("chant/{}", left.id)]);
    let found = pruned(&left.sandbox, &[]);
    assert_eq!(gone(&found), [""; 0]);
    assert!(kept(&found, "branch").starts_with("it is checked out in "), "{found:?}");
    assert!(left.sandbox.dir().join("mine/file").exists() && branches(&left.sandbox).contains(&left.id));
}

#[test]
fn attempts_go_when_their_commits_are_elsewhere() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo one more >other; git add other; git commit -qm first; exit 3");
    let id = sandbox.add(&["Make it two"]);
    sandbox.git(&["add", ".chant"]);
    sandbox.git(&["commit", "-qm", "A spec"]);
    sandbox.chant(&["work", &id]).fails(1, &[]);
    let first = sandbox.git(&["rev-parse", &format!("chant/{id}")]);
    // What may still be finished is left alone, and so is what a reset has put aside.
    assert_eq!(pruned(&sandbox, &[]), [Value::Null; 0]);
    sandbox.chant(&["reset", &id]).ok();
    assert_eq!(pruned(&sandbox, &[]), [Value::Null; 0]);
    assert_eq!(attempts(&sandbox).len(), 1);
    sandbox.agent("echo two >file; tick");
    sandbox.chant(&["work", &id]).ok();
    let found = pruned(&sandbox, &[]);
    assert_eq!(kept(&found, "attempt"), "it has a commit that nothing else reaches");
    // A second one with the same commits, and one with fewer.
    let one = attempts(&sandbox)[0].clone();
    sandbox.git(&["update-ref", &format!("{one}-1"), &first]);
    sandbox.git(&["update-ref", &format!("{one}-2"), &format!("{first}~1")]);
    let found = pruned(&sandbox, &[]);
    assert_eq!(gone(&found), ["attempt", "attempt"]);
    assert_eq!(attempts(&sandbox), [one]);
    sandbox.git(&["branch", "saved", &first]);
    assert_eq!(gone(&pruned(&sandbox, &[])), ["attempt"]);
    assert_eq!(attempts(&sandbox), [""; 0]);
}

#[test]
fn a_branch_and_an_attempt_that_only_hold_each_other_are_not_both_gone() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo more >other; git add other; git commit -qm first; exit 3");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).fails(1, &[]);
    let tip = sandbox.git(&["rev-parse", &format!("chant/{id}")]);
    sandbox.chant(&["cancel", &id]).ok();
    sandbox.git(&["branch", &format!("chant/{id}"), &tip]);
    let found = pruned(&sandbox, &[]);
    assert_eq!(gone(&found), ["branch"]);
    assert_eq!(attempts(&sandbox).len(), 1);
    assert_eq!(sandbox.git(&["rev-parse", &attempts(&sandbox)[0]]), tip);
}

#[test]
fn transcripts_that_are_old() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo said; echo $CHANT_SPEC_ID >file");
    let done = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &done]).ok();
    let open = sandbox.add(&["Fails"]);
    sandbox.agent("exit 3");
    sandbox.chant(&["work", &open]).fails(1, &[]);
    let count = |sandbox: &Sandbox| {
        let mut all = Vec::new();
        walk(&sandbox.repo.join(".git/chant/transcripts"), &mut all);
        all.len()
    };
    assert_eq!(count(&sandbox), 2);
    for young in [&[][..], &["--expire", "never"], &["--expire", "2.weeks.ago"]] {
        assert_eq!(pruned(&sandbox, young), [Value::Null; 0]);
    }
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(91 * 86_400);
    let mut all = Vec::new();
    walk(&sandbox.repo.join(".git/chant/transcripts"), &mut all);
    for path in &all {
        std::fs::File::options().append(true).open(path).unwrap().set_modified(old).unwrap();
    }
    sandbox.git(&["config", "chant.pruneExpire", "4.months.ago"]);
    assert_eq!(pruned(&sandbox, &[]), [Value::Null; 0]);
    sandbox.git(&["config", "--unset", "chant.pruneExpire"]);
    assert_eq!(gone(&pruned(&sandbox, &[])), ["transcript"], "older than 90 days, of what is over");
    assert_eq!(count(&sandbox), 1);
    sandbox.chant(&["cancel", &open]).ok();
    assert_eq!(gone(&pruned(&sandbox, &["--expire=now", &open])), ["attempt", "transcript"]);
    assert!(!sandbox.repo.join(format!(".git/chant/transcripts/{open}")).exists());
    sandbox.chant(&["prune", "--expire=some day"]).fails(129, &["'some day' is not a time that git reads"]);
    sandbox.git(&["config", "chant.pruneExpire", "some day"]);
    sandbox.chant(&["prune"]).fails(128, &["chant.pruneExpire", "some day"]);
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
    assert!(kept(&found, "registration").contains("a commit that nothing else reaches"), "{found:?}");
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
    assert_eq!(found[0]["why"], "its spec is gone");
}

#[test]
fn beside_a_running_work_nothing_of_it_goes() {
    let sandbox = Sandbox::new();
    let dir = sandbox.dir().display();
    sandbox.agent(&format!("touch {dir}/there; while ! [ -e {dir}/go ]; do sleep 0.05; done; echo two >file; tick"));
    let id = sandbox.add(&["Make it two"]);
    let mut child = sandbox.binary(&["work", &id]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !sandbox.dir().join("there").exists() {
        assert_eq!(child.try_wait().unwrap(), None);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(pruned(&sandbox, &["--expire=now"]), [Value::Null; 0]);
    // As if another clone had given it up, and that had come by sync.
    let tip = format!("refs/chant/specs/{id}");
    let other = tempfile::tempdir().unwrap();
    let clone = other.path().join("clone");
    sandbox.git(&["clone", "-q", sandbox.repo.to_str().unwrap(), clone.to_str().unwrap()]);
    sandbox.git_in(&clone, &["fetch", "-q", "origin", &format!("{tip}:{tip}")]);
    sandbox.chant_in(&clone, &["cancel", &id]).ok();
    sandbox.git(&["fetch", "-q", clone.to_str().unwrap(), &format!("{tip}:{tip}")]);
    assert_eq!(sandbox.status(&id), "cancelled");
    let found = pruned(&sandbox, &["--expire=now"]);
    assert_eq!(gone(&found), [""; 0]);
    assert!(kept(&found, "worktree").starts_with("process "), "{found:?}");
    std::fs::write(sandbox.dir().join("go"), "").unwrap();
    let _given_up_meanwhile = child.wait().unwrap();
    pruned(&sandbox, &["--expire=now"]);
    assert!(!sandbox.dir().join(format!("repo.chant-{}", &id[11..])).exists());
}

#[test]
fn two_prunes_at_once_beside_works() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo $CHANT_SPEC_ID $CHANT_ATTEMPT >file-${CHANT_SPEC_ID##*-}; git add -A; git commit -qm work");
    let done: Vec<String> = (0..4).map(|n| sandbox.add(&[&format!("Done {n}")])).collect();
    for id in &done {
        sandbox.chant(&["work", id]).ok();
        let work = sandbox.show(id)["work_commits"].as_array().unwrap().last().unwrap().as_str().unwrap().to_owned();
        let place = format!("../repo.chant-{}", &id[11..]);
        sandbox.git(&["worktree", "add", "-q", "-b", &format!("chant/{id}"), &place, &work]);
    }
    let open: Vec<String> = (0..3).map(|n| sandbox.add(&[&format!("Open {n}")])).collect();
    let start = |args: &[&str]| sandbox.binary(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // What was done once is begun anew, while two clear it away.
    let mut running: Vec<_> = open.iter().map(|id| start(&["work", id])).collect();
    running.extend((0..2).map(|_| start(&["prune"])));
    sandbox.chant(&["reset", &done[0]]).ok();
    running.push(start(&["work", &done[0]]));
    running.extend((0..2).map(|_| start(&["prune"])));
    for child in running {
        Ran::of(child.wait_with_output().unwrap()).ok();
    }
    for id in done.iter().chain(&open) {
        assert_eq!(sandbox.status(id), "completed");
        assert!(sandbox.read(&format!("file-{}", &id[15..])).contains(id.as_str()));
    }
    sandbox.chant(&["prune"]).ok();
    assert_eq!(branches(&sandbox), "");
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

#[test]
fn the_check_worktree_goes_when_nobody_has_used_it_for_long() {
    let sandbox = Sandbox::new();
    sandbox.write("check.sh", "grep -q two file\n");
    sandbox.git(&["add", "check.sh"]);
    sandbox.git(&["commit", "-qm", "A test"]);
    sandbox.agent("echo two >file");
    let id = sandbox.add(&["Make it two", "--reproduces", "sh check.sh"]);
    sandbox.chant(&["work", &id]).ok();
    let place = sandbox.dir().join("repo.chant-check");
    assert!(place.is_dir());
    assert_eq!(pruned(&sandbox, &[]), [Value::Null; 0]);
    std::fs::write(place.join("built"), "x").unwrap();
    assert_eq!(gone(&pruned(&sandbox, &["--expire=now"])), ["transcript", "check"]);
    assert!(!place.exists());
}

#[test]
fn leases_and_copies_that_were_left_behind() {
    let sandbox = Sandbox::new();
    let dir = sandbox.dir().display();
    sandbox.agent(&format!("touch {dir}/there; exec sleep 600"));
    let id = sandbox.add(&["Make it two"]);
    let mut child = sandbox.binary(&["work", &id]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !sandbox.dir().join("there").exists() {
        assert_eq!(child.try_wait().unwrap(), None);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // An orphan is no leftover: 'work' takes it up.
    assert_eq!(pruned(&sandbox, &[]), [Value::Null; 0]);
    let attempt = sandbox.show(&id)["attempt"].as_str().unwrap().to_owned();
    let lease = sandbox.repo.join(".git/chant/leases").join(&attempt);
    let held = std::fs::read(&lease).unwrap();
    sandbox.agent("echo two >file");
    sandbox.chant(&["work", &id]).ok();
    std::fs::write(&lease, held).unwrap();
    let aside = sandbox.repo.join(".git/chant/aside");
    std::fs::create_dir_all(&aside).unwrap();
    let pinned = sandbox.git(&["cat-file", "blob", &format!("{attempt}:spec.md")]) + "\n";
    std::fs::write(aside.join(format!("{attempt}-00000000.md")), pinned).unwrap();
    std::fs::write(aside.join(format!("{attempt}-11111111.md")), "mine\n").unwrap();
    let found = pruned(&sandbox, &[]);
    assert!(gone(&found).contains(&"lease") && gone(&found).contains(&"aside"), "{found:?}");
    assert!(kept(&found, "aside").contains("nowhere else"));
    assert!(!lease.exists() && aside.join(format!("{attempt}-11111111.md")).exists());
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
    left.stays("it holds documents that are not in place: .chant/research/why.md");
    left.sandbox.write(".chant/research/why.md", "# Why\n");
    assert_eq!(gone(&pruned(&left.sandbox, &[])), ["worktree", "branch"]);
}

#[test]
fn an_attempt_that_is_let_go_of_beside_a_run_is_not_laid_to_its_agent() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo more >other; git add other; git commit -qm first; exit 3");
    let first = sandbox.add(&["First"]);
    sandbox.chant(&["work", &first]).fails(1, &[]);
    let tip = sandbox.git(&["rev-parse", &format!("chant/{first}")]);
    sandbox.chant(&["cancel", &first]).ok();
    sandbox.git(&["branch", "saved", &tip]);
    let kept = attempts(&sandbox)[0].clone();
    // While this agent runs somebody prunes, and what is pruned is elsewhere.
    sandbox.agent("(cd ../repo && git chant prune >/dev/null); echo two >file");
    let second = sandbox.add(&["Second"]);
    sandbox.chant(&["work", &second]).ok();
    assert!(!attempts(&sandbox).contains(&kept));
    // Nor one that holds nothing.
    sandbox.agent("exit 3");
    let empty = sandbox.add(&["Does nothing"]);
    sandbox.chant(&["work", &empty]).fails(1, &[]);
    sandbox.chant(&["cancel", &empty]).ok();
    sandbox.agent("(cd ../repo && git chant prune >/dev/null); echo four >file");
    let fourth = sandbox.add(&["Fourth"]);
    sandbox.chant(&["work", &fourth]).ok();
    assert!(!attempts(&sandbox).iter().any(|name| name.contains(&empty)));
    // What is nowhere else is another matter.
    sandbox.git(&["branch", "-D", "saved"]);
    sandbox.git(&["update-ref", &kept, &tip]);
    sandbox.agent(&format!("git update-ref -d {kept}; echo three >file"));
    let third = sandbox.add(&["Third"]);
    sandbox.chant(&["work", &third]).fails(1, &["was changed by no event"]);
}

#[test]
fn an_attempt_that_did_nothing_holds_nothing() {
    let sandbox = Sandbox::new();
    sandbox.agent("exit 3");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).fails(1, &[]);
    sandbox.chant(&["cancel", &id]).ok();
    assert_eq!(attempts(&sandbox).len(), 1);
    let found = pruned(&sandbox, &[]);
    assert_eq!(found[0]["why"], "it holds nothing but the spec, which is recorded");
    assert_eq!(attempts(&sandbox), [""; 0]);
    // One that went on from there is work.
    let other = sandbox.add(&["Another"]);
    sandbox.agent("echo '- [x] mine' >>$CHANT_SPEC_FILE; git commit -qam ticked; exit 3");
    sandbox.chant(&["work", &other]).fails(1, &[]);
    sandbox.chant(&["cancel", &other]).ok();
    assert_eq!(kept(&pruned(&sandbox, &[]), "attempt"), "it has 2 commits that nothing else reaches");
}
