//! One clone stops, another goes on: what was not committed and what is in no commit at all come along.

use super::net::Net;
use crate::support::{
    Ran,
    tools::{need, need_that},
    watch::until,
};

fn forward(count: usize) -> Vec<usize> {
    (0..count).collect()
}

fn path(net: &Net, clone: usize, spec: &str) -> String {
    net.chant(clone, &["path", spec]).ok().out.trim().to_owned()
}

fn read(dir: &str, name: &str) -> String {
    std::fs::read_to_string(format!("{dir}/{name}")).unwrap_or_default()
}

/// Clone 0 stops with a new file, a changed one and a removed one, none of them committed; the other clone knows.
fn stopped(net: &Net) -> String {
    let spec = stop(net);
    net.settle(forward);
    spec
}

fn stop(net: &Net) -> String {
    for (name, text) in [("kept", "kept\n"), ("gone", "gone\n")] {
        std::fs::write(net.dir(0).join(name), text).unwrap();
    }
    net.git(0, &["add", "-A"]);
    net.git(0, &["commit", "-qm", "Files"]);
    net.git(0, &["push", "-q"]);
    net.git(1, &["pull", "-q"]);
    let spec = net.add(0, "For two");
    net.agent(0, "echo half >half; echo changed >kept; rm gone; exit 75");
    net.chant(0, &["work", &spec]);
    assert_eq!(net.status(0, &spec), "paused");
    spec
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_a_plain_fetch_brought_is_taken_over() {
    let net = Net::new(2);
    net.chant(1, &["init"]).ok();
    let spec = stop(&net);
    net.chant(0, &["sync"]).ok();
    net.git(1, &["fetch", "-q"]);
    net.chant(1, &["takeover", &spec]).ok();
    assert_eq!(read(&path(&net, 1, &spec), "half"), "half\n");
    // What a sync brought after that counts, too.
    std::fs::write(format!("{}/half", path(&net, 1, &spec)), "more\n").unwrap();
    net.chant(1, &["pause", &spec]).ok();
    net.settle(forward);
    net.chant(0, &["takeover", &spec]).ok();
    assert_eq!(read(&path(&net, 0, &spec), "half"), "more\n");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_was_not_committed_is_not_committed_in_the_clone_that_takes_over() {
    let net = Net::new(2);
    let spec = stopped(&net);
    net.chant(1, &["takeover", &spec]).ok();
    let tree = path(&net, 1, &spec);
    assert_eq!((read(&tree, "half").as_str(), read(&tree, "kept").as_str()), ("half\n", "changed\n"));
    assert!(!std::path::Path::new(&tree).join("gone").exists());
    let status = net.sandbox.git_in(std::path::Path::new(&tree), &["status", "--porcelain"]);
    assert_eq!(status.lines().map(str::trim).collect::<Vec<_>>(), ["D gone", "M kept", "?? half"]);
    // It holds the attempt now: what its hints say can be done there, and the other clone knows.
    net.settle(forward);
    net.chant(0, &["pause", &spec]).fails(1, &["in another clone"]);
    net.chant(1, &["pause", &spec]).ok();
    std::fs::write(format!("{tree}/half"), "whole\n").unwrap();
    net.agent(1, "git add -A; git commit -qm Whole");
    net.chant(1, &["work", &spec, "--agent", "scripted"]).ok();
    assert_eq!(net.status(1, &spec), "completed");
    assert_eq!(net.git(1, &["show", "main:half"]), "whole");
    net.settle(forward);
    assert_eq!(net.status(0, &spec), "completed");
    assert_eq!(net.held(&net.server, &format!("refs/heads/chant/{spec}")), "");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_run_that_another_clone_releases_meanwhile_still_completes_the_spec() {
    let net = Net::new(2);
    let spec = net.add(0, "For two");
    net.agent(0, "touch \"$HOME/begun\"; until [ -e \"$HOME/go\" ]; do sleep 0.01; done; echo two >file");
    let home = net.sandbox.dir().join("home");
    let running = net.start(0, &["work", &spec]);
    until(|| home.join("begun").exists());
    net.sync(0);
    net.sync(1);
    let told = ["warning: Ada may still be working on", "here and then there: git chant sync"];
    net.chant(1, &["release", &spec]).fails(0, &told);
    std::fs::write(home.join("go"), "").unwrap();
    Ran::of(running.wait_with_output().unwrap()).ok();
    net.settle(forward);
    assert_eq!([0, 1].map(|clone| net.status(clone, &spec)), ["completed", "completed"]);
    net.chant(1, &["work", &spec]).fails(1, &["is completed"]);
    // Both know the other's word now, and a person begins anew.
    net.chant(1, &["reset", &spec]).ok();
    net.settle(forward);
    assert_eq!([0, 1].map(|clone| net.status(clone, &spec)), ["pending", "pending"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn both_are_told_where_one_completes_what_the_other_has_taken_over() {
    let net = Net::new(2);
    let spec = stopped(&net);
    net.chant(1, &["takeover", &spec]).ok();
    net.chant(1, &["sync"]).ok();
    // Clone 0 has not heard of it.
    net.agent(0, "git add -A; git commit -qm Whole");
    net.chant(0, &["work", &spec]).ok();
    let told = "completed it after Ada had taken it over in another clone";
    net.chant(0, &["sync"]).ok().fails(0, &[told]);
    net.chant(1, &["sync"]).ok().fails(0, &[told]);
    let tree = path(&net, 1, &spec);
    let attention = |clone| net.chant(clone, &["status", "--json"]).ok().json()["status"]["attention"].clone();
    assert_eq!(attention(1)[0]["need"], "overtaken");
    assert!(attention(1)[0]["why"].as_str().unwrap().contains(&tree));
    assert_eq!(attention(0), serde_json::json!([]));
    net.git(1, &["worktree", "remove", "--force", &tree]);
    assert_eq!(attention(1), serde_json::json!([]));
    assert!(!net.chant(1, &["sync"]).ok().out.contains(told), "it is told once");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn both_are_told_where_both_complete_one_attempt() {
    let net = Net::new(2);
    let spec = stopped(&net);
    net.chant(1, &["takeover", &spec]).ok();
    net.chant(1, &["finish", &spec]).ok();
    net.chant(1, &["sync"]).ok();
    // Clone 0 has not heard of it.
    net.agent(0, "git add -A; git commit -qm Whole");
    net.chant(0, &["work", &spec]).ok();
    let told = "Ada and Ada completed one attempt in two clones, each with a merge";
    net.chant(0, &["sync"]).ok().fails(0, &[told]);
    net.chant(1, &["sync"]).ok().fails(0, &[told]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn of_two_clones_on_one_attempt_the_checks_of_the_one_that_completed_it_count() {
    let net = Net::new(2);
    let out = net.chant(0, &["add", "For two", "--verify", "test -e whole"]).ok().out;
    let spec = out.trim().strip_prefix("Created spec: ").unwrap();
    net.agent(0, "echo half >half; exit 75");
    net.chant(0, &["work", spec]);
    net.settle(forward);
    net.git(1, &["config", "chant.trust", "always"]);
    net.chant(1, &["takeover", spec]).ok();
    // Clone 0 has not heard of it.
    net.agent(0, "echo bad >bad");
    net.chant(0, &["work", spec]).fails(1, &["test -e whole"]);
    std::fs::write(format!("{}/whole", path(&net, 1, spec)), "whole\n").unwrap();
    net.chant(1, &["finish", spec]).ok();
    net.settle(forward);
    for clone in 0..2 {
        let shown = net.show(clone, spec);
        let checks = shown["checks"]["checks"].as_array().unwrap();
        let is_good = !checks.is_empty() && checks.iter().all(|check| check["ok"] == true);
        assert!(shown["status"] == "completed" && is_good, "{shown}");
    }
    assert_eq!(net.chant(1, &["attest", spec]).ok().json()["predicate"]["result"], "PASSED");
}

#[test]
fn a_takeover_without_a_worktree_names_what_there_is() {
    let net = Net::new(2);
    silent(&net);
    let spec = net.add(0, "Research");
    net.agent(0, "exit 75");
    net.chant(0, &["work", &spec]);
    net.settle(forward);
    let ran = net.chant(1, &["takeover", &spec]).fails(1, &["has no worktree to continue in", "no commit of it"]);
    assert!(!ran.err.contains("refs/"), "{ran:?}");
    // What was begun there is not begun anew unasked.
    let by_hand = ["work", &spec, "--agent", "manual"];
    net.chant(1, &by_hand).fails(1, &["has no worktree to continue in", "--fresh"]);
    net.chant(1, &[&by_hand[..], &["--fresh"]].concat()).ok();
}

#[test]
fn work_that_went_on_in_two_clones_is_refused_before_anything_is_touched() {
    let net = Net::new(2);
    let spec = stopped(&net);
    let committed = |clone, name: &str, rest: &str| {
        let tree = path(&net, clone, &spec);
        let git = |args: &[&str]| net.sandbox.git_in(std::path::Path::new(&tree), args);
        git(&["add", "-A"]);
        git(&["commit", "-qm", name]);
        std::fs::write(format!("{tree}/{rest}"), "loose\n").unwrap();
        (git(&["rev-parse", "HEAD"]), tree)
    };
    net.chant(1, &["takeover", &spec]).ok();
    let (theirs, _) = committed(1, "Theirs", "more");
    net.chant(1, &["pause", &spec]).ok();
    let (ours, tree) = committed(0, "Ours", "precious");
    net.chant(1, &["sync"]).ok();
    net.chant(0, &["sync", "--fetch"]).ok();
    for command in ["takeover", "work", "finish"] {
        let both = ["each with commits of its own", &ours[..12], &theirs[..12]];
        net.chant(0, &[command, &spec]).fails(1, &both);
        assert_eq!((read(&tree, "precious").as_str(), net.status(0, &spec).as_str()), ("loose\n", "paused"));
    }
    // As the hint says.
    net.sandbox.git_in(std::path::Path::new(&tree), &["merge", "-q", "--no-edit", &theirs[..12]]);
    net.chant(0, &["takeover", &spec]).ok();
    assert_eq!(read(&tree, "precious"), "loose\n");
}

#[test]
fn the_branch_of_an_earlier_attempt_gives_way_to_what_another_clone_paused() {
    let net = Net::new(2);
    let spec = net.add(0, "For two");
    net.agent(0, "echo one >one; git add one; git commit -qm One; exit 3");
    net.chant(0, &["work", &spec]).fails(1, &["exited with code 3"]);
    net.settle(forward);
    net.agent(1, "echo two >two; git add two; git commit -qm Two; exit 75");
    net.chant(1, &["work", &spec]).fails(1, &["rate-limited"]);
    net.chant(1, &["sync"]).ok();
    net.chant(0, &["sync", "--fetch"]).ok();
    net.chant(0, &["takeover", &spec]).ok();
    let tree = path(&net, 0, &spec);
    assert_eq!((read(&tree, "one").as_str(), read(&tree, "two").as_str()), ("", "two\n"));
    let kept = net.git(0, &["for-each-ref", "--format=%(refname)", "refs/chant-local/attempts"]);
    assert!(kept.lines().any(|name| net.git(0, &["ls-tree", "--name-only", name]).contains("one")), "{kept}");
}

#[test]
fn what_another_clone_holds_is_not_taken_over() {
    let net = Net::new(2);
    let spec = stopped(&net);
    net.chant(1, &["takeover", &spec]).ok();
    net.settle(forward);
    let before = net.events(0);
    net.chant(0, &["takeover", &spec]).fails(1, &["is working on", "in another clone", "git chant release"]);
    assert_eq!(net.events(0), before);
    // The clone that holds it is told again where it is.
    let tree = path(&net, 1, &spec);
    assert!(net.chant(1, &["takeover", &spec]).ok().out.starts_with(&tree));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_run_that_fails_does_not_end_what_another_clone_took_over() {
    for code in [3, 75] {
        let net = Net::new(2);
        let spec = stopped(&net);
        net.chant(1, &["takeover", &spec]).ok();
        // Clone 0 has not heard of it.
        net.agent(0, &format!("exit {code}"));
        assert_eq!(net.chant(0, &["work", &spec]).code, 1);
        net.chant(0, &["sync"]).ok();
        net.chant(1, &["sync"]).ok().fails(0, &["resumed one attempt in two clones"]);
        net.settle(forward);
        for clone in 0..2 {
            let shown = net.show(clone, &spec);
            assert_eq!((&shown["status"], &shown["agent"]), (&"in_progress".into(), &"manual".into()), "{shown}");
        }
        std::fs::write(format!("{}/whole", path(&net, 1, &spec)), "whole\n").unwrap();
        net.chant(1, &["finish", &spec]).ok();
        let shown = net.show(1, &spec);
        assert_eq!((&shown["status"], &shown["agent"]), (&"completed".into(), &"manual".into()), "{shown}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_attempt_goes_to_and_fro_and_nothing_of_it_is_lost() {
    let net = Net::new(2);
    let spec = stopped(&net);
    // Twice it goes there and back, each time with something more that is not committed.
    for (clone, text) in [(1, "one"), (0, "two"), (1, "three")] {
        net.agent(clone, &format!("cat half >>seen; echo {text} >half; exit 75"));
        net.chant(clone, &["work", &spec]);
        assert_eq!(net.status(clone, &spec), "paused");
        net.settle(forward);
    }
    net.agent(0, "git add -A; git commit -qm All");
    net.chant(0, &["work", &spec]).ok();
    assert_eq!(net.git(0, &["show", "main:seen"]), "half\none\ntwo");
    assert_eq!(net.git(0, &["show", "main:half"]), "three");
    // What clone 0 had when it gave the work away is kept there.
    let kept = net.git(0, &["for-each-ref", "--format=%(refname)", &format!("refs/chant-local/attempts/{spec}")]);
    let halves: Vec<String> = kept.lines().map(|name| net.git(0, &["show", &format!("{name}:half")])).collect();
    assert!(halves.iter().any(|half| half == "half"), "{halves:?}");
}

#[test]
fn a_pause_says_what_stays_where_branches_are_not_exchanged() {
    let net = Net::new(2);
    net.git(0, &["config", "chant.pushBranches", "false"]);
    let spec = net.add(0, "By hand");
    net.chant(0, &["work", &spec, "--agent", "manual"]).ok();
    std::fs::write(format!("{}/half", path(&net, 0, &spec)), "half\n").unwrap();
    net.chant(0, &["pause", &spec]).ok().fails(0, &["uncommitted changes stay in this clone"]);
}

/// Git runs programs of a tree when it checks that out, where the configuration names them: a filter, a hook.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_an_agent_of_another_clone_wrote_runs_in_the_sandbox_only() {
    if !need_that(need("bwrap"), "bubblewrap") {
        return;
    }
    let net = Net::new(2);
    let escape = |clone: usize| net.dir(clone).join(".git/escaped");
    // Of the clone in whose worktree it runs; the directory beside that can be written in a sandbox, too.
    let escapes = "touch \"${PWD%%.chant-*}/.git/escaped\" 2>/dev/null";
    for clone in 0..2 {
        for (key, value) in [("chant.confine", "require"), ("core.hooksPath", "hooks"), ("filter.y.smudge", "./smudge")]
        {
            net.git(clone, &["config", key, value]);
        }
    }
    let spec = net.add(0, "For two");
    let work = format!(
        "mkdir -p hooks; printf '#!/bin/sh\\n{escapes}; echo hook >>../ran\\n' >hooks/post-checkout; cp hooks/post-checkout hooks/post-merge
         printf '#!/bin/sh\\n{escapes}; echo filter >>../ran; cat\\n' >smudge; chmod +x smudge hooks/*
         echo '*.y filter=y' >.gitattributes; echo 1 >z.y; git add -A; git commit -qm Work"
    );
    net.agent(0, &format!("{work}; exit 75"));
    net.chant(0, &["work", &spec]);
    assert_eq!(net.status(0, &spec), "paused");
    net.settle(forward);
    let ran = net.sandbox.dir().join("ran");
    std::fs::write(&ran, "").unwrap();
    // A process that dies in between leaves no worktree that lacks files.
    let mut dies = net.sandbox.command_in(net.dir(1), env!("CARGO_BIN_EXE_git-chant"));
    dies.args(["work", &spec]).env("CHANT_FAULT", "git.checkout.before");
    assert_eq!(net.sandbox.run(&mut dies).code, 137);
    net.agent(1, "test -e z.y || exit 3; echo 2 >z.y; git commit -qam More; exit 75");
    net.chant(1, &["work", &spec]);
    assert_eq!(net.status(1, &spec), "paused");
    let said = std::fs::read_to_string(&ran).unwrap();
    assert!(said.contains("filter") && said.contains("hook"), "{said}");
    net.settle(forward);
    std::fs::write(&ran, "").unwrap();
    net.agent(0, "grep -q 2 z.y || exit 3; echo done >file");
    net.chant(0, &["work", &spec, "--no-merge"]).ok();
    assert!(std::fs::read_to_string(&ran).unwrap().contains("filter"));
    assert!(!escape(0).exists() && !escape(1).exists());
}

/// Clones in silent mode that share the remote.
fn silent(net: &Net) {
    for clone in 0..2 {
        net.chant(clone, &["init", "--silent"]).ok();
        net.git(clone, &["config", "chant.remote", "origin"]);
        net.agent(
            clone,
            "mkdir -p .chant/research; grep -h FOUND .chant/research/* >../seen; \
             printf '# Found\\n\\n## Recommendation\\n\\nFOUND in %s.\\n' $CHANT_PHASE >.chant/research/t-$CHANT_PHASE.md; \
             sed 's/- \\[ \\]/- [x]/' \"$CHANT_SPEC_FILE\" >.t; cat .t >\"$CHANT_SPEC_FILE\"; rm .t",
        );
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn in_silent_mode_a_second_maintainer_goes_on_with_the_documents_of_the_first() {
    let net = Net::new(2);
    silent(&net);
    let phases = ["investigate", "t", "--title", "Lost", "--phases", "comprehension,root-cause,impact-map"];
    let out = net.chant(0, &phases).ok().out;
    let ids: Vec<&str> = out.lines().map(|line| &line["Created spec: ".len()..][..18]).collect();
    net.chant(0, &["work", ids[0]]).ok();
    net.settle(forward);
    let document = net.dir(1).join(".chant/research/t-comprehension.md");
    assert!(std::fs::read_to_string(&document).unwrap().contains("FOUND in comprehension"));
    // Without it, as after a plain fetch, work brings it; one that a person changed is left as it is, and is drift.
    std::fs::remove_file(&document).unwrap();
    net.chant(1, &["work", ids[1], "--trust"]).ok();
    assert!(std::fs::read_to_string(net.sandbox.dir().join("seen")).unwrap().contains("FOUND in comprehension"));
    std::fs::write(&document, "mine\n").unwrap();
    net.settle(forward);
    net.chant(0, &["work", ids[2], "--trust"]);
    net.settle(forward);
    assert_eq!(std::fs::read_to_string(&document).unwrap(), "mine\n");
    let drift = net.chant(1, &["drift"]).ok().out;
    assert!(drift.contains("t-comprehension.md"), "{drift}");
    // No branch shows anything of it.
    assert_eq!(net.git(1, &["log", "--all", "--format=%H", "--", ".chant"]).lines().count(), 0);
}

#[test]
fn a_pause_in_silent_mode_names_what_stays_and_so_does_the_takeover() {
    let net = Net::new(2);
    silent(&net);
    let spec = net.add(0, "Half");
    net.agent(0, "mkdir -p .chant/research; echo found >.chant/research/notes.md; echo more >>file; exit 75");
    let paused = net.chant(0, &["work", &spec]);
    assert!(paused.err.contains(".chant/research/notes.md stays in this clone"), "{paused:?}");
    net.settle(forward);
    let taken = net.chant(1, &["takeover", &spec]).ok();
    assert!(taken.out.contains("file"), "{taken:?}");
    assert!(taken.err.contains("files under .chant/ that it wrote stay in the clone that paused it"), "{taken:?}");
    // Nothing of the kind is there.
    assert!(!net.chant(1, &["pause", &spec]).ok().err.contains("in this clone"));
}
