//! Several processes at once, in one clone: what was reported as written is there, and every refusal was reported.

use std::{
    collections::BTreeSet,
    process::{Child, Stdio},
    sync::atomic::{AtomicBool, Ordering},
};

use crate::support::{Ran, Sandbox, cases::few_or_many};

fn start(sandbox: &Sandbox, args: &[&str]) -> Child {
    sandbox.binary(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs all of them at once, each to its end.
fn at_once(sandbox: &Sandbox, commands: &[Vec<&str>]) -> Vec<Ran> {
    let running: Vec<_> = commands.iter().map(|args| start(sandbox, args)).collect();
    running.into_iter().map(|child| Ran::of(child.wait_with_output().unwrap())).collect()
}

/// Says so when it goes, whether a test ended or failed.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does `what` to the repository over and over while `during` runs.
fn while_git<T>(sandbox: &Sandbox, what: &[&[&str]], during: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) {
                for args in what {
                    // It may meet a lock and fail, as it may anywhere.
                    sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(*args));
                }
                rounds += 1;
            }
            rounds
        });
        let result = {
            let _stop = Stop(&done);
            during()
        };
        assert!(other.join().unwrap() > 0);
        result
    })
}

fn clean(sandbox: &Sandbox) {
    let checked = sandbox.chant(&["fsck", "--json"]).ok().json();
    assert_eq!(checked["problems"], serde_json::json!([]));
    sandbox.git(&["fsck", "--strict", "--no-dangling"]);
}

/// Both agents of a pair are done in the same moment: each waits for the other.
const MEET: &str =
    "name=$CHANT_SPEC_ID; echo \"$name\" >\"file-$name\"; tick; git add -A; git commit -qm \"Work of $name\"
touch \"$MEETING/$name\"
until [ \"$(ls \"$MEETING\" | wc -l)\" -ge 2 ]; do sleep 0.01; done";

#[test]
fn eight_that_add_at_once_get_eight_ids_each_time() {
    let sandbox = Sandbox::new();
    let mut all = BTreeSet::new();
    let rounds = few_or_many(4, 10);
    for round in 0..rounds {
        let commands: Vec<Vec<&str>> = (0..8).map(|_| vec!["add", "The same title"]).collect();
        let ran = at_once(&sandbox, &commands);
        for one in ran {
            let id = one.ok().out.trim().strip_prefix("Created spec: ").unwrap().to_owned();
            assert!(sandbox.repo.join(format!(".chant/specs/{id}.md")).is_file());
            assert_eq!(sandbox.git(&["rev-list", "--count", &format!("chant/specs/{id}")]), "1");
            assert!(all.insert(id.clone()), "{id} was given twice");
        }
        if round % 3 == 0 {
            sandbox.git(&["pack-refs", "--all"]);
        }
    }
    assert_eq!(all.len(), 8 * rounds);
    let listed = sandbox.chant(&["list", "--json"]).ok().json();
    let listed: BTreeSet<String> =
        listed["specs"].as_array().unwrap().iter().map(|spec| spec["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, all);
    clean(&sandbox);
}

#[test]
fn of_eight_that_work_one_spec_one_works_and_seven_are_told_who_does() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["Only once"]);
    // The one that works stays at it until the seven have their answer.
    let answered = sandbox.dir().join("answered");
    let log = sandbox.dir().join("log");
    let wait = format!("until [ -e '{}' ]; do sleep 0.01; done", answered.display());
    sandbox.agent(&format!("echo run >>'{}'; {wait}; echo two >file; tick", log.display()));
    let mut running: Vec<Child> = (0..8).map(|_| start(&sandbox, &["work", &id])).collect();
    let mut refused = Vec::new();
    while refused.len() < 7 {
        let ended = running.iter_mut().position(|child| child.try_wait().unwrap().is_some());
        match ended {
            Some(at) => refused.push(Ran::of(running.swap_remove(at).wait_with_output().unwrap())),
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    }
    for one in refused {
        one.fails(1, &["Ada", "since"]);
    }
    std::fs::write(&answered, "").unwrap();
    Ran::of(running.remove(0).wait_with_output().unwrap()).ok();
    assert_eq!(std::fs::read_to_string(log).unwrap(), "run\n");
    assert_eq!(sandbox.ops(&id), ["add", "start", "finish", "land", "complete"]);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    clean(&sandbox);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn two_that_finish_in_the_same_moment_are_both_merged_each_time() {
    let sandbox = Sandbox::new();
    for round in 0..few_or_many(5, 20) {
        let ids = [sandbox.add(&["One"]), sandbox.add(&["Two"])];
        let meeting = sandbox.dir().join(format!("meeting-{round}"));
        std::fs::create_dir(&meeting).unwrap();
        sandbox.agent(&format!("MEETING='{}'; {MEET}", meeting.display()));
        for one in at_once(&sandbox, &ids.each_ref().map(|id| vec!["work", id.as_str()])) {
            one.ok();
        }
        for id in &ids {
            assert_eq!(sandbox.status(id), "completed");
            let name = id;
            assert_eq!(sandbox.read(&format!("file-{name}")), format!("{name}\n"));
            assert_eq!(
                sandbox.git(&["log", "--format=%s", "--grep", &format!("^Work of {name}$"), "main"]).lines().count(),
                1
            );
        }
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "round {round}");
        assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
        assert_eq!(sandbox.git(&["branch", "--format=%(refname:short)"]), "main");
    }
    clean(&sandbox);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn eight_are_merged_while_git_packs_collects_and_a_person_works_there() {
    let sandbox = Sandbox::new();
    let ids: Vec<String> = (0..8).map(|n| sandbox.add(&[&format!("Spec {n}")])).collect();
    sandbox.agent("echo two >\"file-$CHANT_SPEC_ID\"; tick");
    sandbox.write("mine", "committed\n");
    sandbox.git(&["add", "mine"]);
    sandbox.git(&["commit", "-qm", "Mine"]);
    sandbox.write("mine", "staged\n");
    sandbox.git(&["add", "mine"]);
    sandbox.write("mine", "not staged\n");
    sandbox.write("untracked", "neither\n");
    let busy: &[&[&str]] = &[&["pack-refs", "--all"]];
    let commands: Vec<Vec<&str>> = ids.iter().map(|id| vec!["work", id.as_str()]).collect();
    let ran = while_git(&sandbox, busy, || {
        let running: Vec<_> = commands.iter().map(|args| start(&sandbox, args)).collect();
        // Once, as git does of itself: over and over, it takes directories away from under git's own feet.
        sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(["gc", "--quiet"]));
        running.into_iter().map(|child| Ran::of(child.wait_with_output().unwrap())).collect::<Vec<_>>()
    });
    for (one, id) in ran.into_iter().zip(&ids) {
        assert!(!one.err.contains("warning:"), "{}", one.err);
        one.ok();
        assert_eq!(sandbox.status(id), "completed");
        assert_eq!(sandbox.git(&["show", &format!("main:file-{id}")]), "two");
    }
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "MM mine\n?? untracked");
    assert_eq!(
        (sandbox.read("mine"), sandbox.git(&["show", ":mine"])),
        ("not staged\n".to_owned(), "staged".to_owned())
    );
    clean(&sandbox);
}

#[test]
fn decisions_that_meet_are_all_recorded_or_refused() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["Much discussed"]);
    let mut told = 0;
    for _ in 0..5 {
        let verbs: [&[&str]; 8] = [
            &["approve"],
            &["reject", "-m", "no"],
            &["fail", "-m", "no"],
            &["reset"],
            &["cancel"],
            &["reset"],
            &["fail", "-m", "again"],
            &["approve"],
        ];
        let commands: Vec<Vec<&str>> =
            verbs.iter().map(|verb| [&verb[..1], &[id.as_str()], &verb[1..]].concat()).collect();
        for one in at_once(&sandbox, &commands) {
            assert!([0, 1].contains(&one.code), "{one:?}");
            told += usize::from(one.code == 0);
        }
    }
    // Nothing more, nothing less than what the exit codes said.
    assert_eq!(sandbox.ops(&id).len(), 1 + told);
    assert!(told >= 5, "{told}");
    clean(&sandbox);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_finished_spec_that_is_merged_cancelled_and_reset_at_once_has_one_fate() {
    for _ in 0..5 {
        let sandbox = Sandbox::new();
        sandbox.agent("echo two >file; git commit -qam two; tick");
        let id = sandbox.add(&["Contested"]);
        // The person's own change is in the way of the merge.
        sandbox.write("file", "mine\n");
        sandbox.chant(&["work", &id]).fails(1, &[]);
        assert_eq!(sandbox.status(&id), "finished");
        sandbox.git(&["checkout", "-q", "file"]);
        let verbs = ["merge", "cancel", "reset", "merge"];
        let ran = at_once(&sandbox, &verbs.map(|verb| vec![verb, id.as_str()]));
        let merged = sandbox.git(&["show", "main:file"]) == "two";
        let status = sandbox.status(&id);
        let said: Vec<i32> = ran.iter().map(|one| one.code).collect();
        assert_eq!(
            merged,
            status == "completed" || sandbox.ops(&id).contains(&"complete".to_owned()),
            "{status} {said:?} {ran:?}"
        );
        assert!(ran.iter().all(|one| [0, 1, 128].contains(&one.code)), "{ran:?}");
        assert!(["completed", "cancelled", "pending"].contains(&status.as_str()), "{status} {ran:?}");
        let left = if merged { "" } else { "?? .chant/" };
        assert_eq!(sandbox.git(&["status", "--porcelain"]), left, "{ran:?}");
        sandbox.chant(&["fsck", "--repair"]).ok();
        clean(&sandbox);
    }
}
