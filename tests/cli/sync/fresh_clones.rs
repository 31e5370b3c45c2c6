//! A clone that has specs and not their histories: what it says of them, and what it does before it works one.

use super::net::Net;

/// A spec that clone 0 completed, with its file and its work on the branch that both share.
fn completed(net: &Net) -> String {
    let spec = net.add(0, "Once");
    net.agent(0, "echo done >>done; git add done; git commit -qm Done");
    net.chant(0, &["work", &spec]).ok();
    net.chant(0, &["sync"]).ok();
    net.git(0, &["push", "-q"]);
    net.git(1, &["pull", "-q"]);
    net.agent(1, "echo again >>done; git add done; git commit -qm Again");
    spec
}

#[test]
fn it_is_told_and_the_remote_is_asked_before_a_spec_is_worked_again() {
    let net = Net::new(2);
    let spec = completed(&net);
    let of_one = [&["show", &spec][..], &["log", &spec]];
    let of_all = [&["list"][..], &["list", "--ready"], &["status"], &["graph"], &["instructions"]];
    for command in [&of_one[..], &of_all].concat() {
        net.chant(1, command).ok().fails(0, &["no history in this clone and may be done", "git chant sync --fetch"]);
    }
    let before = net.git(1, &["rev-parse", "main"]);
    net.chant(1, &["work", &spec]).fails(1, &["has no history in this clone; asking 'origin'", "is completed"]);
    assert_eq!(net.status(1, &spec), "completed");
    assert_eq!(net.git(1, &["rev-parse", "main"]), before);
    let quiet = net.chant(1, &["list"]).ok();
    assert!(!quiet.err.contains("sync --fetch"), "{}", quiet.err);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_spec_without_its_history_is_not_run_by_verify_all() {
    let net = Net::new(2);
    for (title, command) in [("Once", "test -e done"), ("Later", "false")] {
        net.chant(0, &["add", title, "--verify", command]).ok();
    }
    let ids: Vec<String> = net.chant(0, &["list", "--format=%(id)"]).ok().out.lines().map(str::to_owned).collect();
    net.agent(0, "echo done >>done; git add done; git commit -qm Done");
    net.chant(0, &["work", &ids[0]]).ok();
    net.git(0, &["add", ".chant"]);
    net.git(0, &["commit", "-qm", "Specs"]);
    net.chant(0, &["sync"]).ok();
    net.git(0, &["push", "-q"]);
    net.git(1, &["pull", "-q"]);
    let all = ["verify", "--all", "--at", "HEAD", "--trust"];
    let ran = net.chant(1, &all).fails(1, &["git chant sync --fetch"]);
    assert_eq!(ran.out.matches("has no history in this clone").count(), 2, "{}", ran.out);
    net.chant(1, &["sync", "--fetch"]).ok();
    let ran = net.chant(1, &all).ok();
    assert!(ran.out.contains("1 spec checked"), "{}", ran.out);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_clone_that_never_asked_its_remote_is_told_so_where_it_knows_of_no_spec() {
    let net = Net::new(2);
    net.chant(0, &["init", "--silent"]).ok();
    net.git(0, &["config", "chant.remote", "origin"]);
    let asks = |command: &[&str]| net.chant(1, command).err.contains("git chant sync --fetch");
    let all = [&["list"][..], &["list", "--ready"], &["list", "--ready", "--explain"], &["status"]];
    assert!(all.iter().all(|command| asks(command)), "an empty clone");
    // In silent mode no branch shows that there are specs.
    let spec = net.add(0, "Once");
    net.agent(0, "echo done >>done; git add done; git commit -qm Done");
    net.chant(0, &["work", &spec]).ok();
    net.chant(0, &["sync"]).ok();
    net.git(0, &["push", "-q"]);
    net.git(1, &["pull", "-q"]);
    let hint = "'origin' may have specs that this clone lacks; to fetch them: git chant sync --fetch";
    net.chant(1, &["why", "done:1"]).fails(1, &["no spec records it", hint]);
    net.chant(1, &["sync", "--fetch"]).ok();
    net.chant(1, &["why", "done:1"]).ok().fails(0, &[&spec[11..]]);
    assert!(!all.iter().any(|command| asks(command)) && !asks(&["why", "file:1"]), "it was asked");
    // A fetch that brings nothing is no news, and one of a branch may have brought its work alone.
    net.git(1, &["fetch", "-q"]);
    assert!(!asks(&["why", "file:1"]));
    net.git(0, &["commit", "-q", "--allow-empty", "-m", "More"]);
    net.git(0, &["push", "-q"]);
    net.git(1, &["fetch", "-q"]);
    assert!(asks(&["why", "file:1"]));
}

#[test]
fn what_another_clone_merged_is_not_lost_before_its_branch_comes() {
    let net = Net::new(2);
    let spec = net.add(0, "Once");
    let gate = net.chant(0, &["add", "Decide", "--type", "gate", "--depends-on", &spec]).ok().out;
    let gate = gate.trim().strip_prefix("Created spec: ").unwrap().to_owned();
    net.agent(0, "echo done >>done; git add done; git commit -qm Done");
    net.chant(0, &["work", &spec]).ok();
    net.chant(0, &["sync"]).ok();
    net.git(0, &["push", "-q"]);
    net.chant(1, &["sync"]).ok();
    assert_eq!(net.status(1, &spec), "completed");
    for command in ["status", "list"] {
        let said = net.chant(1, &[command]).ok().out;
        assert!(!said.contains("dropped") && !said.contains("any more"), "{said}");
    }
    // Its remote has what the gate waits for, and the decision is a person's all the same.
    net.git(1, &["pull", "-q"]);
    assert_eq!(net.status(1, &gate), "pending");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_another_clone_merged_is_not_dropped_before_it_pushes() {
    let net = Net::new(2);
    let spec = net.add(0, "Once");
    net.agent(0, "echo done >>done; git add done; git commit -qm Done");
    // The branch of the work travels by itself, and its commit is the one that main became in clone 0.
    net.git(0, &["config", "chant.merge", "ff"]);
    net.chant(0, &["work", &spec, "--no-merge"]).ok();
    net.chant(0, &["sync"]).ok();
    net.chant(1, &["sync"]).ok();
    net.chant(0, &["merge", &spec]).ok();
    net.chant(0, &["sync"]).ok();
    net.chant(1, &["sync"]).ok();
    let merged = net.git(0, &["rev-parse", "main"]);
    net.git(1, &["cat-file", "-e", &merged]);
    let dropped = |clone| {
        let [listed, status] = ["list", "status"].map(|command| net.chant(clone, &[command]).ok().out);
        let found = net.chant(clone, &["fsck"]).out;
        let all = [listed.contains("dropped"), status.contains("any more"), found.contains("any more")];
        assert!(all.iter().all(|one| *one == all[0]), "{listed}{status}{found}");
        all[0]
    };
    assert!(!dropped(1));
    // Once it was here, a reset drops it, in the clone that pulled as in the one that merged.
    net.git(0, &["push", "-q"]);
    net.git(1, &["pull", "-q"]);
    assert!(!dropped(1));
    net.git(0, &["push", "-q", "-f", "origin", "main~1:main"]);
    for clone in [0, 1] {
        net.git(clone, &["fetch", "-q"]);
        net.git(clone, &["reset", "-q", "--hard", "origin/main"]);
        assert!(dropped(clone), "clone {clone}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn work_on_all_and_next_ask_too_and_go_on_without_an_answer() {
    let net = Net::new(3);
    let spec = completed(&net);
    net.chant(1, &["work", "--all"]).ok();
    assert_eq!(net.status(1, &spec), "completed");
    net.git(2, &["pull", "-q"]);
    net.chant(2, &["next"]).fails(1, &["nothing is ready"]);
    // The remote is gone: what is done elsewhere cannot be known, and work is possible all the same.
    let other = net.add(0, "Alone");
    net.git(0, &["add", "-A"]);
    net.git(0, &["commit", "-qm", "Spec"]);
    net.git(0, &["push", "-q"]);
    net.git(1, &["pull", "-q"]);
    std::fs::rename(&net.server, net.server.with_extension("away")).unwrap();
    net.chant(1, &["work", &other, "--trust"]).ok().fails(0, &["is done elsewhere"]);
    assert_eq!(net.status(1, &other), "completed");
}

#[test]
fn after_init_a_plain_pull_brings_where_specs_stand() {
    let net = Net::new(2);
    net.chant(1, &["init"]).ok();
    assert_eq!(net.chant(1, &["init"]).ok().out.matches("remote.origin.fetch").count(), 0, "the second time");
    let spec = net.add(0, "Once");
    net.chant(0, &["sync"]).ok();
    net.git(0, &["add", "-A"]);
    net.git(0, &["commit", "-qm", "Spec"]);
    net.git(0, &["push", "-q"]);
    net.git(1, &["pull", "-q"]);
    assert_eq!(net.status(1, &spec), "pending");
    // What only this clone knows is not overwritten by a fetch that prunes.
    let own = net.add(1, "Mine");
    net.agent(0, "echo done >>done; git add done; git commit -qm Done");
    net.chant(0, &["work", &spec]).ok();
    net.chant(0, &["sync"]).ok();
    net.git(1, &["fetch", "-q", "--prune"]);
    let listed = net.chant(1, &["list", "--all", "--format=%(id) %(status)"]).ok().out;
    assert!(listed.contains(&format!("{spec} completed")) && listed.contains(&format!("{own} pending")), "{listed}");
    let removed = net.chant(1, &["deinit"]).ok().out;
    assert_eq!(removed.matches("unset remote.origin.fetch").count(), 4, "{removed}");
    assert_eq!(net.git(1, &["config", "--get-all", "remote.origin.fetch"]), "+refs/heads/*:refs/remotes/origin/*");
}

#[test]
fn to_fetch_takes_no_identity_and_to_record_takes_one() {
    let net = Net::new(2);
    let spec = net.add(0, "One");
    net.chant(0, &["sync"]).ok();
    let anonymous = |args: &[&str]| {
        let mut command = net.sandbox.command_in(net.dir(1), env!("CARGO_BIN_EXE_git-chant"));
        for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"] {
            command.env_remove(name);
        }
        let unset = [("user.useConfigOnly", "true"), ("user.name", ""), ("user.email", "")];
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_COUNT", unset.len().to_string());
        for (at, (key, value)) in unset.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{at}"), key).env(format!("GIT_CONFIG_VALUE_{at}"), value);
        }
        net.sandbox.run(command.args(args))
    };
    for args in [&["sync", "--fetch"][..], &["sync"], &["list"], &["show", &spec]] {
        anonymous(args).ok();
    }
    assert_eq!(net.status(1, &spec), "pending");
    // A plain fetch, and what two clones did at once, which is joined the same way in each.
    net.chant(1, &["init"]).ok();
    net.chant(1, &["note", &spec, "-m", "mine"]).ok();
    net.chant(0, &["note", &spec, "-m", "theirs"]).ok();
    net.chant(0, &["sync"]).ok();
    net.git(1, &["fetch", "-q"]);
    let shown = anonymous(&["show", &spec]).ok();
    assert!(!shown.err.contains("warning"), "{}", shown.err);
    let log = anonymous(&["log", &spec]).ok().out;
    assert!(log.contains("mine") && log.contains("theirs"), "{log}");
    anonymous(&["sync"]).ok();
    let how = ["identity unknown", "git config --global user.email", "git config --global user.name"];
    anonymous(&["note", &spec, "-m", "more"]).fails(128, &how);
    anonymous(&["add", "Another"]).fails(128, &how);
}

#[test]
fn what_a_fetch_brought_is_joined_whichever_worktree_it_was_in_and_whatever_the_clocks_say() {
    for linked in [true, false] {
        let net = Net::new(2);
        net.chant(1, &["init"]).ok();
        let spec = net.add(0, "Once");
        net.chant(0, &["sync"]).ok();
        net.git(1, &["fetch", "-q"]);
        assert_eq!(net.status(1, &spec), "pending");
        net.agent(0, "echo done >>done; git add done; git commit -qm Done");
        net.chant(0, &["work", &spec]).ok();
        net.chant(0, &["sync"]).ok();
        if linked {
            let place = net.sandbox.dir().join("linked");
            net.git(1, &["worktree", "add", "-q", "-b", "side", &place.display().to_string()]);
            net.sandbox.git_in(&place, &["fetch", "-q"]);
        } else {
            net.git(1, &["fetch", "-q"]);
            // The clock of a file server is behind.
            let head = std::fs::File::options().append(true).open(net.dir(1).join(".git/FETCH_HEAD")).unwrap();
            head.set_modified(std::time::UNIX_EPOCH).unwrap();
        }
        let listed = net.chant(1, &["list", "--all", "--format=%(status)"]).ok().out;
        assert_eq!(listed.trim(), "completed", "linked: {linked}");
    }
}

#[test]
fn a_pull_of_one_branch_brings_no_history_and_that_is_told() {
    let net = Net::new(2);
    net.chant(1, &["init"]).ok();
    net.chant(1, &["sync"]).ok();
    let spec = net.add(0, "Once");
    net.agent(0, "echo done >>done; git add done; git commit -qm Done");
    net.chant(0, &["work", &spec]).ok();
    net.chant(0, &["sync"]).ok();
    net.git(0, &["push", "-q"]);
    net.git(1, &["pull", "-q", "origin", "main"]);
    for command in [&["list"][..], &["list", "--ready"], &["status"], &["show", &spec]] {
        net.chant(1, command).ok().fails(0, &["no history in this clone and may be done", "git chant sync --fetch"]);
    }
    net.chant(1, &["why", "done:1"]).fails(1, &["may have specs that this clone lacks"]);
    // A fetch of all that is configured brings it.
    net.git(1, &["fetch", "-q"]);
    let quiet = net.chant(1, &["list"]).ok();
    assert!(!quiet.err.contains("sync --fetch"), "{}", quiet.err);
    assert_eq!(net.status(1, &spec), "completed");
}
