//! Targets of a merge that others change at the same time, that do not exist yet, or that cannot move.

use std::process::Stdio;

use super::{HOWS, agent::resolver, at_once, clean, commit, conflicting, merging, runs, verified};
use crate::support::{Ran, cases::few_or_many};

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_two_that_conflict_wait_with_their_paths_and_the_others_are_merged() {
    let count = few_or_many(4, 8);
    for how in HOWS {
        let sandbox = merging(how);
        for path in ["a", "b"] {
            commit(&sandbox, path, "one\n");
        }
        let meeting = sandbox.dir().join("meeting");
        std::fs::create_dir(&meeting).unwrap();
        // Three want `a` and `b` for themselves, each in its own words, and are done in the same moment as all the others.
        sandbox.agent(&format!(
            "name=$CHANT_SPEC_ID; if grep -q selfish \"$CHANT_SPEC_FILE\"; then echo $name >a; echo $name >b; else echo $name >\"file-$name\"; fi
tick; git add -A; git commit -qm \"Work of $name\"; touch '{0}'/$name; until [ \"$(ls '{0}' | wc -l)\" -ge {count} ]; do sleep 0.01; done",
            meeting.display()
        ));
        let title = |n: usize| if n < 3 { format!("A selfish one {n}") } else { format!("Another {n}") };
        let ids: Vec<String> = (0..count).map(|n| sandbox.add(&[&title(n)])).collect();
        let ran = at_once(&sandbox, &ids.iter().map(|id| vec!["work", id.as_str()]).collect::<Vec<_>>());
        let (mut merged, mut waiting) = (0, 0);
        for (n, (one, id)) in ran.into_iter().zip(&ids).enumerate() {
            if one.code == 0 {
                assert_eq!(sandbox.status(id), "completed", "{how}");
                merged += 1;
            } else {
                assert!(n < 3, "{how}: {}", one.err);
                one.fails(1, &["is finished and not merged: it conflicts with 'main': a, b", "git chant merge"]);
                assert_eq!(sandbox.status(id), "finished", "{how}");
                waiting += 1;
            }
        }
        assert_eq!((merged, waiting), (count - 2, 2), "{how}");
        let left: Vec<String> = sandbox.git(&["status", "--porcelain"]).lines().map(str::to_owned).collect();
        assert!(left.iter().all(|line| line.starts_with("?? .chant/specs/")) && left.len() == 2, "{how}: {left:?}");
        clean(&sandbox);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_person_edits_stages_and_commits_in_the_target_during_the_run() {
    for how in HOWS {
        let sandbox = merging(how);
        commit(&sandbox, "mine", "0\n");
        sandbox.agent("echo two >\"file-$CHANT_SPEC_ID\"; tick");
        let ids: Vec<String> = (0..4).map(|n| sandbox.add(&[&format!("Spec {n}")])).collect();
        let mut running: Vec<_> = ids
            .iter()
            .map(|id| sandbox.binary(&["work", id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
            .collect();
        let mut commits = 0;
        while running.iter_mut().any(|child| child.try_wait().unwrap().is_none()) || commits == 0 {
            if commits == 30 {
                std::thread::sleep(std::time::Duration::from_millis(5));
                continue;
            }
            // Both take the index for a moment, and either may find it taken.
            sandbox.write("mine", &format!("{}\n", commits + 1));
            let git = |args: &[&str]| sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(args)).code;
            if git(&["add", "mine"]) == 0 && git(&["commit", "-qm", "Mine", "--", "mine"]) == 0 {
                commits += 1;
            }
        }
        for (child, id) in running.into_iter().zip(&ids) {
            let ran = Ran::of(child.wait_with_output().unwrap());
            if ran.code != 0 {
                // A person who commits without a pause may win every race; the tool says so, and a later merge succeeds.
                ran.fails(1, &["is finished and not merged: "]);
                assert_eq!(sandbox.status(id), "finished", "{how}");
                sandbox.write("mine", &format!("{commits}\n"));
                sandbox.chant(&["merge", id]).ok();
            }
            assert_eq!(sandbox.status(id), "completed", "{how}");
            assert_eq!(sandbox.git(&["show", &format!("main:file-{id}")]), "two", "{how}");
        }
        // Nothing of the person's is gone, nothing of the agents' was swept into their commits.
        let mine = sandbox.git(&["log", "--format=", "--name-only", "--grep", "^Mine$", "main"]);
        assert_eq!(mine, vec!["mine"; commits].join("\n"), "{how}");
        assert_eq!(sandbox.git(&["show", "main:mine"]), commits.to_string());
        let status = sandbox.git(&["status", "--porcelain"]);
        assert!(status.is_empty() || status == " M mine" || status == "M  mine", "{how}: {status}");
        clean(&sandbox);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_target_that_does_not_exist_begins_where_the_work_did() {
    for how in HOWS {
        let sandbox = merging(how);
        sandbox.agent("echo two >file; git commit -qam Two; tick");
        let id = sandbox.add(&["Make it two"]);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        let main = sandbox.git(&["rev-parse", "main"]);
        sandbox.chant(&["merge", &id, "--onto", "new/branch"]).ok();
        assert_eq!(sandbox.git(&["show", "new/branch:file"]), "two", "{how}");
        assert_eq!(sandbox.git(&["rev-parse", "main"]), main);
        assert!(sandbox.git(&["log", "--format=%H", "new/branch"]).contains(&main), "{how}");
        assert_eq!(sandbox.status(&id), "completed");
        clean(&sandbox);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_target_that_cannot_move_keeps_the_spec_finished_in_each_way() {
    for how in HOWS {
        let (sandbox, id, _) = conflicting(how);
        sandbox.git(&["reset", "-q", "--hard", "main~1"]);
        commit(&sandbox, "other", "other\n");
        sandbox.git(&["worktree", "add", "-q", "--force", "../second", "main"]);
        sandbox.chant(&["merge", &id]).fails(1, &["'main' is checked out twice"]);
        sandbox.git(&["worktree", "remove", "../second"]);
        sandbox.git(&["branch", "side", "main~1"]);
        sandbox.git(&["-c", "sequence.editor=sed -i 1ibreak", "rebase", "-q", "-i", "side"]);
        sandbox.chant(&["merge", &id]).fails(1, &["'main' is being rebased"]);
        sandbox.git(&["rebase", "--abort"]);
        sandbox.chant(&["merge", &id, "--onto", "not..a.branch"]).fails(129, &["not..a.branch"]);
        assert_eq!((sandbox.status(&id), sandbox.read("file")), ("finished".into(), "one\n".into()));
        sandbox.chant(&["merge", &id]).ok();
        assert_eq!((sandbox.status(&id), sandbox.read("file")), ("completed".into(), "two\n".into()));
        clean(&sandbox);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_conflict_with_another_branch_than_was_meant_is_resolved_for_that_one() {
    let (sandbox, id, place) = conflicting("merge");
    sandbox.git(&["checkout", "-q", "-b", "release", "main~1"]);
    commit(&sandbox, "only-there", "x\n");
    commit(&sandbox, "file", "four\n");
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.git(&["config", "chant.scope", "error"]);
    sandbox
        .chant(&["merge", &id, "--onto", "release"])
        .fails(1, &["it conflicts with 'release': file", "merge release"]);
    resolver(&sandbox, "echo both >file");
    sandbox.chant(&["merge", &id, "--onto", "release", "--agent", "resolver"]).ok();
    assert_eq!(sandbox.git(&["show", "release:file"]), "both");
    assert_eq!(sandbox.read("file"), "three\n");
    assert!(!place.exists());
    let works = sandbox.show(&id)["work_commits"].as_array().unwrap().len();
    assert_eq!(works, 3, "the spec, the work and the merge, and nothing that the branch had before");
    clean(&sandbox);
}

#[test]
fn where_the_target_is_gone_show_and_status_say_what_to_do() {
    let sandbox = merging("merge");
    sandbox.git(&["branch", "topic"]);
    sandbox.agent("echo two >two; git add two; git commit -qm Two; tick");
    let id = sandbox.add(&["Two", "--onto", "topic"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.git(&["branch", "-m", "topic", "renamed"]);
    for command in [vec!["status"], vec!["show", &id]] {
        let said = sandbox.chant(&command).ok().out;
        assert!(said.contains("'topic' that it is for was deleted or renamed"), "{said}");
        assert!(said.contains(&format!("git chant merge {} --onto ", &id[11..])), "{said}");
    }
    sandbox.chant(&["list"]).ok().fails(0, &["git chant status"]);
    sandbox.chant(&["merge", &id, "--onto", "renamed"]).ok();
}

#[test]
fn a_target_that_is_no_branch_is_refused_before_anything_is_written() {
    let sandbox = merging("merge");
    sandbox.git(&["tag", "v1"]);
    sandbox.git(&["update-ref", "refs/remotes/origin/next", "HEAD"]);
    sandbox.git(&["branch", "fix"]);
    let refs = || sandbox.git(&["for-each-ref"]);
    let before = refs();
    let finished = {
        sandbox.agent("echo two >two; git add two; git commit -qm Two; tick");
        let id = sandbox.add(&["Two"]);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        id
    };
    let with_spec = refs();
    assert_ne!(before, with_spec);
    for (name, why, way_out) in [
        ("v1", "'v1' is a tag", "git branch <branch> v1"),
        ("origin/next", "'origin/next' is a remote-tracking branch", "--onto next"),
        ("fix/x", "'fix' exists", "rename that branch"),
    ] {
        sandbox.chant(&["add", "New", "--onto", name]).fails(128, &[why, way_out]);
        sandbox.chant(&["investigate", "lost", "--title", "Lost", "--onto", name]).fails(128, &[why, way_out]);
        sandbox.chant(&["merge", &finished, "--onto", name]).fails(128, &[why, way_out]);
    }
    // The branch of an investigation is named by its topic.
    sandbox.chant(&["investigate", "lost", "--title", "Lost"]).fails(128, &["cannot create the branch 'fix/lost'"]);
    assert_eq!(refs(), with_spec);
    let files = sandbox.git(&["ls-files", "--others", "--", ".chant"]);
    assert!(files.lines().all(|file| file.contains(&finished)), "{files}");
}

#[test]
fn what_passed_with_another_history_is_verified_again() {
    let (sandbox, id) = verified("merge");
    commit(&sandbox, "other", "other\n");
    sandbox.write("list", "mine\n");
    sandbox.chant(&["merge", &id]).fails(1, &["are in the way: list"]);
    sandbox.git(&["checkout", "-q", "list"]);
    // The tree is the same; a command may read the message.
    sandbox.git(&["commit", "-q", "--amend", "-m", "Another message"]);
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!((runs(&sandbox), sandbox.status(&id)), (3, "completed".into()));
}
