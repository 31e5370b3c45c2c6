//! A file that one person wrote under the id of another clone's spec, and one that only looks like that.

use super::net::{Net, of_way};

const ID: &str = "2026-01-01-001-abc";

fn file() -> String {
    format!(".chant/specs/{ID}.md")
}

/// Writes a spec file by hand and commits it.
fn write(net: &Net, clone: usize, text: &str) {
    let path = net.dir(clone).join(file());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    net.git(clone, &["add", ".chant"]);
    net.git(clone, &["commit", "-qm", "Write a spec"]);
}

/// Two clones with a file each for two specs of one id; the second has worked on its own.
fn namesakes() -> Net {
    let net = Net::new(2);
    net.agent(1, "echo work >file; git commit -qam Work");
    write(&net, 0, "---\ntype: code\n---\n# Mend the gate\n\nIt does not close.\n");
    write(&net, 1, "---\ntype: code\n---\n# Paint the fence\n\nIn white.\n");
    net.chant(1, &["work", ID]).ok();
    net.sync(1);
    net
}

#[test]
fn a_file_without_events_does_not_take_over_the_state_of_another_spec() {
    let net = namesakes();
    for _ in 0..2 {
        let ran = net.chant(0, &["sync"]).fails(1, &["git chant add", &format!("git rm {}", file())]);
        assert!(ran.out.contains("namesake"), "{}", ran.out);
        assert_eq!(net.status(0, ID), "pending");
    }
    // The other way to exchange: a plain fetch, which the next command joins.
    net.git(0, &["fetch", "-q", "origin", "+refs/chant/specs/*:refs/chant-remote/origin/specs/*"]);
    assert_eq!(net.status(0, ID), "pending");
    // Neither does a claim that asks the remote first.
    net.agent(0, "echo other >file; git commit -qam Other");
    net.chant(0, &["work", ID]).fails(1, &["another spec with this id"]);
    assert_eq!(net.status(0, ID), "pending");
    // The way out.
    net.git(0, &["rm", "-q", &file()]);
    net.git(0, &["commit", "-qm", "Make room"]);
    net.sync(0);
    assert_eq!(net.status(0, ID), "completed");
}

#[test]
fn nor_does_it_once_its_first_event_came() {
    let net = Net::new(2);
    write(&net, 0, "# Mend the gate\n");
    write(&net, 1, "# Paint the fence\n");
    // One person writes in both clones: as long as nothing has happened, the two could be one.
    net.chant(1, &["note", ID, "-m", "Soon"]).ok();
    net.sync(1);
    net.sync(0);
    net.agent(1, "echo work >file; git commit -qam Work");
    net.chant(1, &["work", ID]).ok();
    net.sync(1);
    let ran = net.chant(0, &["sync"]).fails(1, &[]);
    assert!(ran.out.contains("namesake"), "{}", ran.out);
    assert_eq!(net.status(0, ID), "pending");
}

#[test]
fn nor_does_it_where_the_other_spec_was_archived() {
    let net = namesakes();
    net.chant(1, &["archive", ID]).ok();
    net.sync(1);
    for _ in 0..2 {
        let ran = net.chant(0, &["sync"]).fails(1, &["git chant add", &format!("git rm {}", file())]);
        assert!(ran.out.contains("namesake") && !ran.err.contains("update-ref"), "{}{}", ran.out, ran.err);
        assert_eq!(net.status(0, ID), "pending");
    }
    net.git(0, &["rm", "-q", &file()]);
    net.git(0, &["commit", "-qm", "Make room"]);
    net.sync(0);
    assert_eq!(net.status(0, ID), "archived");
}

#[test]
fn a_person_can_say_that_both_are_one() {
    let net = namesakes();
    let ran = net.chant(0, &["sync"]).fails(1, &["if both are one spec: git update-ref"]);
    let hint = ran.err.lines().find_map(|line| line.split_once("if both are one spec: git ")).expect("the hint").1;
    net.git(0, &hint.split_whitespace().collect::<Vec<_>>());
    net.sync(0);
    assert_eq!(net.status(0, ID), "completed");
}

#[test]
fn a_text_that_was_rewritten_before_its_first_commit_is_no_other_spec() {
    let net = Net::new(2);
    let spec = net.add(0, "Draft");
    let path = net.dir(0).join(format!(".chant/specs/{spec}.md"));
    std::fs::write(&path, "---\ntype: code\n---\n# A better title\n\nAnd a text.\n").unwrap();
    net.git(0, &["add", ".chant"]);
    net.git(0, &["commit", "-qm", "Spec"]);
    net.git(0, &["push", "-q", "origin", "main"]);
    net.git(1, &["pull", "-q", "origin", "main"]);
    net.sync(0);
    let entries = net.sync(1);
    assert_eq!((of_way(&entries, "fetched").len(), entries.len()), (1, 1), "{entries:?}");
    // The other clone has an older text of it when it hears of its end.
    std::fs::write(&path, "---\ntype: code\n---\n# The best title\n\nAnd a better text.\n").unwrap();
    net.git(0, &["commit", "-qam", "Rewrite"]);
    net.agent(0, "echo work >file; git commit -qam Work");
    net.chant(0, &["work", &spec]).ok();
    net.sync(0);
    net.git(0, &["push", "-q", "origin", "main"]);
    net.git(1, &["pull", "-q", "origin", "main"]);
    net.sync(1);
    assert_eq!(net.status(1, &spec), "completed");
}

#[test]
fn a_clone_that_lacks_objects_takes_a_rewritten_spec_for_no_other() {
    let net = Net::new(1);
    let spec = net.add(0, "Draft");
    let path = net.dir(0).join(format!(".chant/specs/{spec}.md"));
    net.git(0, &["add", ".chant"]);
    net.git(0, &["commit", "-qm", "Spec"]);
    net.agent(0, "echo work >file; git commit -qam Work");
    net.chant(0, &["work", &spec]).ok();
    net.sync(0);
    std::fs::write(&path, "---\ntype: code\n---\n# The best title\n\nAnd a better text.\n").unwrap();
    net.git(0, &["commit", "-qam", "Rewrite"]);
    net.git(0, &["push", "-q", "origin", "main"]);
    for key in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
        net.sandbox.git_in(&net.server, &["config", key, "true"]);
    }
    let url = format!("file://{}", net.server.display());
    for (name, option) in [("shallow", "--depth=1"), ("partial", "--filter=blob:none")] {
        let dir = net.dir(0).with_file_name(name);
        net.git(0, &["clone", "-q", option, &url, dir.to_str().unwrap()]);
        let chant = |args: &[&str]| {
            let mut command = net.sandbox.command_in(&dir, env!("CARGO_BIN_EXE_git-chant"));
            net.sandbox.run(command.args(args)).ok()
        };
        chant(&["sync", "--fetch"]);
        assert_eq!(chant(&["show", &spec, "--json"]).json()["spec"]["status"], "completed", "{name}");
    }
}

#[test]
fn the_work_branch_of_another_spec_is_left_alone() {
    let net = Net::new(3);
    let branch = format!("chant/{ID}");
    for (clone, title) in [(0, "Mend the gate"), (1, "Paint the fence")] {
        net.agent(clone, &format!("echo {clone} >file; git commit -qam Work"));
        write(&net, clone, &format!("---\ntype: code\n---\n# {title}\n\nText.\n"));
        net.chant(clone, &["work", ID, "--no-merge"]).ok();
    }
    net.sync(1);
    let at = || net.sandbox.git_in(&net.server, &["rev-parse", &branch]);
    let theirs = at();
    let ran = net.chant(0, &["sync"]).fails(1, &["git chant add"]);
    assert!(ran.out.contains("namesake"), "{}", ran.out);
    assert_eq!(at(), theirs);
    // Once its own is closed here, too.
    net.chant(0, &["cancel", ID]).ok();
    net.chant(0, &["sync"]).fails(1, &[]);
    assert_eq!(at(), theirs);
    net.sync(2);
    net.git(2, &["fetch", "-q"]);
    net.chant(2, &["merge", ID]).ok();
    net.sync(2);
    assert_eq!(net.status(2, ID), "completed");
}

#[test]
fn a_spec_that_was_worked_here_is_not_the_one_of_its_id_in_an_archive_from_elsewhere() {
    let net = namesakes();
    net.chant(1, &["archive", ID]).ok();
    net.sync(1);
    net.agent(0, "echo part >part; git add part; git commit -qm Part; exit 75");
    net.chant(0, &["work", ID]).fails(1, &[]);
    let before = net.sandbox.git_in(&net.server, &["for-each-ref"]);
    for _ in 0..2 {
        let ran = net.chant(0, &["sync"]).fails(1, &["git chant add"]);
        assert!(ran.out.contains("namesake"), "{ran:?}");
        assert_eq!(net.status(0, ID), "paused");
    }
    assert_eq!(net.sandbox.git_in(&net.server, &["for-each-ref"]), before);
    // What the other clone archived is its own.
    net.chant(1, &["sync"]).ok();
    assert_eq!(net.status(1, ID), "archived");
}
