//! Archived specs: one ref a month holds them, and every command finds them there.

use std::process::Stdio;

use crate::support::Sandbox;

/// A spec that is completed.
fn done(sandbox: &Sandbox, title: &str) -> String {
    sandbox.agent("echo \"$CHANT_SPEC_ID\" >>file");
    let id = sandbox.add(&[title]);
    sandbox.chant(&["work", &id]).ok();
    id
}

fn refs(sandbox: &Sandbox, below: &str) -> Vec<String> {
    sandbox.git(&["for-each-ref", "--format=%(refname)", below]).lines().map(str::to_owned).collect()
}

fn archive_of(id: &str) -> String {
    format!("refs/chant/archive/{}", &id[..7])
}

fn place(id: &str) -> String {
    format!("{}:{}/{id}", archive_of(id), &id[8..10])
}

#[test]
fn the_ref_of_the_month_takes_the_place_of_the_refs_of_its_specs() {
    let sandbox = Sandbox::new();
    let (one, two) = (done(&sandbox, "The first"), done(&sandbox, "The second"));
    let active = sandbox.add(&["Still to do"]);
    let tip = sandbox.git(&["rev-parse", &format!("refs/chant/specs/{one}")]);
    let answer = sandbox.chant(&["archive", &one, &two]).ok().out;
    assert_eq!(answer, format!("Archived {}: The first\nArchived {}: The second\n", &one[11..], &two[11..]));
    assert_eq!(refs(&sandbox, "refs/chant"), [archive_of(&one), format!("refs/chant/specs/{active}")]);
    // git alone shows what was archived, and what happened to each.
    let month = archive_of(&one);
    let log = sandbox.git(&["log", "--first-parent", "--format=%s%n%b", month.trim_start_matches("refs/")]);
    assert!(log.contains("chant: archive 2 specs of") && log.contains("Archived 'The second'"), "{log}");
    let events = sandbox.git(&["log", "--format=%H", &place(&one)]);
    assert!(events.lines().any(|event| event == tip), "{events}");
    assert!(sandbox.git(&["log", "--format=%s", "--all"]).contains(": archive"));
    sandbox.git(&["gc", "-q", "--prune=now"]);
    sandbox.git(&["fsck", "--strict"]);
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
    assert_eq!(sandbox.ops(&one), ["add", "start", "finish", "land", "complete", "archive"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn every_command_finds_a_folded_spec() {
    let sandbox = Sandbox::new();
    let id = done(&sandbox, "Archived one");
    sandbox.write("input", "one\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Input"]);
    let on = sandbox.add(&["Builds on it", "--depends-on", &id, "--informed-by", &id]);
    let before = sandbox.show(&id);
    sandbox.chant(&["archive", &id]).ok();
    let after = sandbox.show(&id);
    for key in ["title", "attempt", "branch", "work_commits", "created_at", "agent"] {
        assert_eq!(after[key], before[key], "{key}");
    }
    for short in [&id[11..], &id[11..14], &id[15..], &id[..]] {
        assert_eq!(sandbox.status(short), "archived", "{short}");
    }
    assert!(sandbox.chant(&["list", "--archived"]).ok().out.contains("Archived one"));
    assert!(sandbox.chant(&["list", "--all"]).ok().out.contains("Archived one"));
    assert!(!sandbox.chant(&["list"]).ok().out.contains("Archived one"));
    assert!(sandbox.chant(&["why", "file"]).ok().out.contains(&id[11..]));
    assert!(sandbox.chant(&["why", "HEAD~1"]).ok().out.contains(&id[11..]));
    assert!(sandbox.chant(&["graph", "--all"]).ok().out.contains(&id[11..]));
    sandbox.chant(&["lint"]).ok();
    // What it is built on is completed, wherever that lies.
    assert_eq!(sandbox.show(&on)["ready"], true);
    sandbox.chant(&["work", &on]).ok();
    assert_eq!(sandbox.status(&on), "completed");
    assert_eq!(sandbox.show(&on)["stale"], false);
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
    // A file that another branch still has under .chant/specs makes no pending spec of it.
    sandbox.write(&format!(".chant/specs/{id}.md"), &sandbox.read(&format!(".chant/archive/{id}.md")));
    assert_eq!(sandbox.status(&id), "archived");
    assert!(!sandbox.chant(&["list"]).ok().out.contains("Archived one"));
    sandbox.chant(&["work", &id]).fails(1, &["archived"]);
}

#[test]
fn without_its_file_it_is_found_by_its_events() {
    let sandbox = Sandbox::new();
    let id = done(&sandbox, "Only events");
    sandbox.chant(&["archive", &id]).ok();
    std::fs::remove_file(sandbox.repo.join(format!(".chant/archive/{id}.md"))).unwrap();
    sandbox.git(&["rm", "-q", "--cached", "-r", ".chant"]);
    sandbox.git(&["commit", "-qm", "No specs here"]);
    assert_eq!(sandbox.show(&id[15..])["title"], "Only events");
    assert!(sandbox.chant(&["list", "--archived"]).ok().out.contains("Only events"));
    // Its number is taken.
    let next = sandbox.add(&["The next"]);
    assert_ne!(next[11..14], id[11..14]);
}

#[test]
fn an_active_spec_is_meant_before_a_folded_one() {
    let sandbox = Sandbox::new();
    let import = |id: &str| {
        sandbox.write(&format!(".chant/specs/{id}.md"), &format!("# {id}\n"));
        sandbox.chant(&["approve", id]).ok();
    };
    for id in ["2020-01-01-005-aaa", "2020-01-02-005-bbb", "2020-01-03-005-ccc"] {
        import(id);
    }
    sandbox.chant(&["cancel", "aaa"]).ok();
    sandbox.chant(&["archive", "aaa"]).ok();
    sandbox.chant(&["show", "005"]).fails(128, &["matches 2 specs"]);
    sandbox.chant(&["cancel", "bbb"]).ok();
    sandbox.chant(&["archive", "bbb"]).ok();
    assert_eq!(sandbox.show("005")["id"], "2020-01-03-005-ccc");
    sandbox.chant(&["cancel", "ccc"]).ok();
    sandbox.chant(&["archive", "ccc"]).ok();
    sandbox.chant(&["show", "005"]).fails(128, &["matches 3 specs"]);
    assert_eq!(refs(&sandbox, "refs/chant"), ["refs/chant/archive/2020-01"]);
}

#[test]
fn an_id_without_a_date_has_an_archive_too() {
    let sandbox = Sandbox::new();
    sandbox.write(".chant/specs/imported.md", "# Imported\n");
    sandbox.chant(&["approve", "imported"]).ok();
    sandbox.chant(&["cancel", "imported"]).ok();
    sandbox.chant(&["archive", "imported"]).ok();
    assert_eq!(refs(&sandbox, "refs/chant"), ["refs/chant/archive/undated"]);
    assert_eq!(sandbox.status("imported"), "archived");
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
    sandbox.chant(&["archive", "--restore", "imported"]).ok();
    assert_eq!(sandbox.status("imported"), "cancelled");
}

#[test]
fn what_is_taken_out_has_its_ref_again_and_is_put_away_anew() {
    let sandbox = Sandbox::new();
    let id = done(&sandbox, "Out and in");
    sandbox.chant(&["archive", &id]).ok();
    let first = sandbox.git(&["rev-parse", &place(&id)]);
    assert!(sandbox.chant(&["archive", "--restore", &id]).ok().out.starts_with(&format!("Restored {}: ", &id[11..])));
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(refs(&sandbox, "refs/chant"), [archive_of(&id), format!("refs/chant/specs/{id}")]);
    assert_eq!(sandbox.git(&["rev-parse", &place(&id)]), first, "the archive keeps what it has");
    assert_eq!(sandbox.git(&["rev-parse", &format!("refs/chant/specs/{id}^")]), first);
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
    sandbox.chant(&["archive", "--fold"]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    sandbox.chant(&["archive", &id]).ok();
    assert_eq!(refs(&sandbox, "refs/chant"), [archive_of(&id)]);
    let ops = sandbox.ops(&id);
    assert_eq!(ops[ops.len() - 3..], ["archive", "unarchive", "archive"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_crash_between_the_archive_and_the_refs_leaves_both_and_the_next_fold_ends_it() {
    let sandbox = Sandbox::new();
    let ids = [done(&sandbox, "One"), done(&sandbox, "Two")];
    sandbox.chant(&["archive", &ids[0], &ids[1]]).ok();
    let archive = sandbox.git(&["rev-parse", &archive_of(&ids[0])]);
    for id in &ids {
        let tip = sandbox.git(&["rev-parse", &place(id)]);
        sandbox.git(&["update-ref", &format!("refs/chant/specs/{id}"), &tip]);
    }
    for id in &ids {
        assert_eq!(sandbox.status(id), "archived");
    }
    assert_eq!(sandbox.chant(&["list"]).ok().out, "");
    let found = sandbox.chant(&["fsck"]);
    assert!(found.out.contains("it is archived, but its ref still exists"), "{found:?}");
    sandbox.git(&["pack-refs", "--all"]);
    let folded = sandbox.chant(&["archive", "--fold", "--json"]).ok().json();
    assert_eq!(folded["folded"], serde_json::json!(ids));
    assert_eq!(refs(&sandbox, "refs/chant"), [archive_of(&ids[0])]);
    assert_eq!(sandbox.git(&["rev-parse", &archive_of(&ids[0])]), archive);
    assert_eq!(sandbox.chant(&["archive", "--fold"]).ok().out, "");
    // fsck does the same.
    let tip = sandbox.git(&["rev-parse", &place(&ids[0])]);
    sandbox.git(&["update-ref", &format!("refs/chant/specs/{}", ids[0]), &tip]);
    sandbox.chant(&["fsck", "--repair"]).ok();
    assert_eq!(refs(&sandbox, "refs/chant"), [archive_of(&ids[0])]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_kill_while_it_folds_loses_nothing() {
    for point in ["git.ref.before", "git.ref.after", "ref.commit.after:3"] {
        let sandbox = Sandbox::new();
        let ids = [sandbox.add(&["One"]), sandbox.add(&["Two"])];
        for id in &ids {
            sandbox.chant(&["cancel", id]).ok();
        }
        let killed = sandbox.run(sandbox.binary(&["archive", &ids[0], &ids[1]]).env("CHANT_FAULT", point));
        assert_eq!(killed.code, 128 + 9, "{point}: {killed:?}");
        assert_eq!(refs(&sandbox, "refs/chant/archive").len(), 1, "{point}");
        let left = refs(&sandbox, "refs/chant/specs").len();
        assert_eq!(left, if point == "git.ref.after" { 0 } else { 2 }, "{point}");
        for id in &ids {
            assert_eq!(sandbox.status(id), "archived", "{point}");
            assert_eq!(sandbox.ops(id), ["add", "cancel", "archive"], "{point}");
        }
        sandbox.chant(&["archive", "--fold"]).ok();
        assert_eq!(refs(&sandbox, "refs/chant/specs").len(), 0, "{point}");
        assert_eq!(sandbox.chant(&["fsck"]).ok().out, "", "{point}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_fold_beside_new_events_loses_none() {
    let sandbox = Sandbox::new();
    let mut ids = Vec::new();
    for number in 0..12 {
        let id = sandbox.add(&[&format!("Spec {number}")]);
        sandbox.chant(&["cancel", &id]).ok();
        sandbox.chant(&["archive", &id]).ok();
        // As if it had never been folded.
        let tip = sandbox.git(&["rev-parse", &place(&id)]);
        sandbox.git(&["update-ref", &format!("refs/chant/specs/{id}"), &tip]);
        ids.push(id);
    }
    sandbox.git(&["update-ref", "-d", &archive_of(&ids[0])]);
    sandbox.git(&["pack-refs", "--all"]);
    let mut running = Vec::new();
    for _ in 0..3 {
        running
            .push(sandbox.binary(&["archive", "--fold"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    }
    for id in ids.iter().step_by(2) {
        running.push(
            sandbox.binary(&["archive", "--restore", id]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap(),
        );
    }
    for child in running {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    for (number, id) in ids.iter().enumerate() {
        let taken_out = number % 2 == 0;
        assert_eq!(sandbox.status(id), if taken_out { "cancelled" } else { "archived" }, "{id}");
        let ops = sandbox.ops(id);
        assert_eq!(ops.last().unwrap(), if taken_out { "unarchive" } else { "archive" });
        let has_ref = !refs(&sandbox, &format!("refs/chant/specs/{id}")).is_empty();
        assert_eq!(has_ref, taken_out, "{id}");
    }
    sandbox.git(&["fsck", "--strict"]);
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn two_that_archive_at_once_both_get_in() {
    let sandbox = Sandbox::new();
    let ids: Vec<_> = (0..8).map(|number| sandbox.add(&[&format!("Spec {number}")])).collect();
    for id in &ids {
        sandbox.chant(&["cancel", id]).ok();
    }
    let running: Vec<_> = ids
        .iter()
        .map(|id| sandbox.binary(&["archive", id]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
        .collect();
    for child in running {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    assert_eq!(refs(&sandbox, "refs/chant"), [archive_of(&ids[0])]);
    assert!(ids.iter().all(|id| sandbox.status(id) == "archived"));
}

#[test]
fn an_archive_that_lies_is_named() {
    let sandbox = Sandbox::new();
    let (gone, open) = (sandbox.add(&["Gone"]), sandbox.add(&["Open"]));
    sandbox.chant(&["cancel", &gone]).ok();
    sandbox.chant(&["archive", &gone]).ok();
    let open_tip = sandbox.git(&["rev-parse", &format!("refs/chant/specs/{open}")]);
    let good = sandbox.git(&["rev-parse", &archive_of(&gone)]);
    let say = |entries: &str, why: &str| {
        use std::io::Write as _;
        let mktree = |input: &str| {
            let mut child = sandbox
                .command_in(&sandbox.repo, "git")
                .args(["mktree", "--missing"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
            String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
        };
        let folder = mktree(entries);
        let root = mktree(&format!("040000 tree {folder}\t{}\n", &gone[8..10]));
        let commit = sandbox.git(&["commit-tree", &root, "-p", &good, "-m", "lie"]);
        sandbox.git(&["update-ref", &archive_of(&gone), &commit]);
        sandbox.chant(&["fsck"]).fails(1, &["refs/chant/archive/", why]);
        sandbox.chant(&["list", "--all"]).ok();
        sandbox.git(&["update-ref", &archive_of(&gone), &good]);
    };
    say(&format!("160000 commit {open_tip}\t{open}\n"), "not archived");
    say(&format!("160000 commit {open_tip}\t{gone}\n"), "holds no event of this spec");
    let blob = sandbox.git(&["rev-parse", "HEAD:file"]);
    say(&format!("100644 blob {blob}\t{gone}\n"), "is no spec of it");
    say(&format!("160000 commit {open_tip}\tnot an id\n"), "is no spec of it");
    say(&format!("160000 commit {}\t{gone}\n", "1".repeat(40)), "is missing");
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

#[test]
fn what_others_archive_while_an_agent_works_is_not_blamed_on_it() {
    let sandbox = Sandbox::new();
    let other = done(&sandbox, "Over");
    sandbox.agent("echo go >\"$HOME/began\"; until [ -e \"$HOME/archived\" ]; do sleep 0.01; done; echo two >two");
    let id = sandbox.add(&["In between"]);
    let home = sandbox.dir().join("home");
    let child = sandbox.binary(&["work", &id]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while !home.join("began").exists() {
        std::thread::yield_now();
    }
    sandbox.chant(&["archive", &other]).ok();
    std::fs::write(home.join("archived"), "").unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_archive_that_an_agent_drops_is_given_back() {
    let sandbox = Sandbox::new().unconfined();
    let other = done(&sandbox, "Over");
    sandbox.chant(&["archive", &other]).ok();
    let archive = sandbox.git(&["rev-parse", &archive_of(&other)]);
    sandbox.agent(&format!("echo two >two; git update-ref -d {}", archive_of(&other)));
    let id = sandbox.add(&["Reaches too far"]);
    let said = format!("'{}' changed without an event, and was restored", archive_of(&other));
    sandbox.chant(&["work", &id]).fails(1, &[&said]);
    assert_eq!(sandbox.git(&["rev-parse", &archive_of(&other)]), archive);
    // One that it makes up hides no spec.
    let open = sandbox.add(&["Open"]);
    let hide = format!(
        "t=$(git rev-parse refs/chant/specs/{open}); d=$(printf '160000 commit %s\\t{open}\\n' $t | git mktree --missing); \
         r=$(printf '040000 tree %s\\t{day}\\n' $d | git mktree); git update-ref {archive} $(git commit-tree $r -p {archive} -p $t -m x)",
        day = &open[8..10],
        archive = archive_of(&open),
    );
    sandbox.agent(&format!("echo three >three; {hide}"));
    let id = sandbox.add(&["Reaches too far again"]);
    let said = format!("'{}' changed without an event", archive_of(&other));
    sandbox.chant(&["work", &id]).fails(1, &[&said]);
    assert_eq!(sandbox.status(&open), "pending");
}

#[test]
fn all_takes_closed_members_of_an_open_driver() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo \"$CHANT_SPEC_ID\" >>file");
    let driver = sandbox.add(&["A feature"]);
    let members = ["Part one", "Part two"].map(|title| sandbox.add(&[title, "--member-of", &driver]));
    sandbox.chant(&["work", &members[0]]).ok();
    sandbox.chant(&["archive", "--all"]).ok();
    let archived = |of: &[&str]| of.iter().all(|id| sandbox.status(id) == "archived");
    assert!(archived(&[&members[0]]));
    assert_eq!([sandbox.status(&driver), sandbox.status(&members[1])], ["pending", "pending"]);
    sandbox.chant(&["work", &members[1]]).ok();
    sandbox.chant(&["archive", "--all"]).ok();
    assert!(archived(&[&driver, &members[0], &members[1]]));
}
