//! A spec with members: worked in their order, completed with the last of them.

use crate::support::Sandbox;

const BODY: &str = "## Context\n\nWhy.\n\n## Parse it\n\nRead the file.\n\n### Acceptance Criteria\n\n- [ ] it is read\n\n## Print it\n\nWrite it out.\n";

fn driver() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.agent("echo $CHANT_SPEC_ID >\"did-${CHANT_SPEC_ID##*.}\"; tick");
    sandbox.write("body.md", BODY);
    let id = sandbox.add(&["Convert it", "--type", "driver", "--body-file", "body.md", "--label", "conversion"]);
    (sandbox, id)
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_headings_become_members_and_the_driver_completes_with_the_last() {
    let (sandbox, id) = driver();
    sandbox.chant(&["work", &id]).fails(1, &["its members do the work", "git chant split"]);
    let out = sandbox.chant(&["split", &id, "--by-heading"]).ok().out;
    assert_eq!(out, format!("Created spec: {id}.1  Parse it\nCreated spec: {id}.2  Print it\n"));
    let first = sandbox.show(&format!("{id}.1"));
    assert_eq!(
        (&first["labels"], &first["criteria"][0]["text"]),
        (&serde_json::json!(["conversion"]), &"it is read".into())
    );
    sandbox.chant(&["split", &id, "--by-heading"]).fails(1, &["has members already", "--member-of"]);
    sandbox.chant(&["split", &format!("{id}.1"), "--by-heading"]).fails(1, &["is a member itself"]);
    let more = sandbox.add(&["And test it", "--member-of", &id[11..], "--depends-on", &format!("{id}.2")]);
    assert_eq!(more, format!("{id}.3"));
    sandbox.chant(&["add", "No", "--member-of", &more]).fails(1, &["is a member itself"]);
    sandbox.chant(&["work", &id]).fails(1, &[&format!("git chant work {}.1", &id[11..])]);
    sandbox.chant(&["work", &more]).fails(1, &["depends on"]);

    sandbox.chant(&["work", &format!("{id}.1")]).ok();
    assert_eq!(sandbox.status(&id), "pending");
    sandbox.chant(&["work", &format!("{}.2", &id[11..])]).ok();
    sandbox.chant(&["work", &more]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.ops(&id), ["add", "complete"]);
    sandbox.chant(&["add", "Late", "--member-of", &id]).fails(1, &["cannot add members"]);
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
    sandbox.chant(&["archive", &id]).ok();
    assert_eq!(sandbox.status(&more), "archived");
    assert!(sandbox.repo.join(format!(".chant/archive/{id}.2.md")).is_file());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_cancelled_member_is_over_too_and_a_crash_in_between_is_healed() {
    let (sandbox, id) = driver();
    sandbox.chant(&["split", &id, "--by-heading"]).ok();
    sandbox.chant(&["work", &format!("{id}.1")]).ok();
    sandbox.chant(&["cancel", &format!("{id}.2")]).ok();
    assert_eq!(sandbox.ops(&id), ["add", "complete"]);
    // As if the process had died before it could record that.
    let before = sandbox.git(&["rev-parse", &format!("refs/chant/specs/{id}~1")]);
    sandbox.git(&["update-ref", &format!("refs/chant/specs/{id}"), &before]);
    assert_eq!(sandbox.ops(&id), ["add"]);
    assert_eq!(sandbox.status(&id), "completed", "readers see it");
    sandbox.chant(&["archive", &id]).ok();
    assert_eq!(sandbox.ops(&id), ["add", "complete", "archive"]);
    // All of them cancelled is nothing done.
    let other = sandbox.add(&["Other", "--type", "driver", "--body-file", "body.md"]);
    sandbox.chant(&["split", &other, "--by-heading"]).ok();
    for n in 1..=2 {
        sandbox.chant(&["cancel", &format!("{other}.{n}")]).ok();
    }
    assert_eq!(sandbox.status(&other), "pending");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn two_last_members_at_once_complete_it_once() {
    let (sandbox, id) = driver();
    sandbox.chant(&["split", &id, "--by-heading"]).ok();
    let start = |n: u32| sandbox.binary(&["work", &format!("{id}.{n}")]).spawn().unwrap();
    let mut running = [start(1), start(2)];
    assert!(running.iter_mut().all(|child| child.wait().unwrap().success()));
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.ops(&id), ["add", "complete"]);
}

#[test]
fn an_agent_proposes_and_a_person_agrees() {
    let (sandbox, id) = driver();
    sandbox.agent(
        "grep -q 'Convert it' || exit 3; printf '## One\\n\\nFirst.\\n\\n## Two\\n\\ndepends on: 1\\n\\nSecond.\\n'",
    );
    sandbox.chant(&["split", &id]).fails(1, &["these parts need your agreement", "1. One", "2. Two (after 1)"]);
    assert!(!sandbox.repo.join(format!(".chant/specs/{id}.1.md")).exists());
    sandbox.chant(&["split", &id, "--yes"]).ok();
    let two = sandbox.read(&format!(".chant/specs/{id}.2.md"));
    assert!(two.contains(&format!("depends_on:\n  - {id}.1\n")) && two.contains("Second."), "{two}");
    let other = sandbox.add(&["Other", "--type", "driver"]);
    sandbox.agent("cat >/dev/null; echo 'I would rather not.'");
    sandbox.chant(&["split", &other, "--yes"]).fails(1, &["cannot use the agent's answer", "## <title>"]);
    sandbox.agent("exit 7");
    sandbox.chant(&["split", &other, "--yes"]).fails(1, &["exited with code 7"]);
}

#[test]
fn eight_that_add_members_at_once_get_eight_numbers() {
    let (sandbox, id) = driver();
    let start =
        || sandbox.binary(&["add", "A part", "--member-of", &id]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let running: Vec<_> = (0..8).map(|_| start()).collect();
    let mut made: Vec<String> = running
        .into_iter()
        .map(|child| String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned())
        .collect();
    made.sort();
    assert_eq!(made, (1..=8).map(|n| format!("Created spec: {id}.{n}")).collect::<Vec<_>>());
}

/// A driver in two parts, the second with tasks and no criteria, that is judged itself by `options` and by `more` of its text.
fn judged(more: &str, options: &[&str]) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.agent("echo $CHANT_SPEC_ID >>file; sed -i '/t is/s/\\[ \\]/[x]/' \"$CHANT_SPEC_FILE\"");
    sandbox.write(
        "body.md",
        &format!("## Parse it\n\nSo that it is read.\n\n- [ ] it is parsed\n\n## It is printed\n\nOut.\n{more}"),
    );
    let id = sandbox.add(&[&["Convert it", "--body-file", "body.md"], options].concat());
    sandbox.chant(&["split", &id, "--by-heading"]).ok();
    (sandbox, id)
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn members_inherit_what_judges_the_driver_and_what_they_are_to_do_are_their_criteria() {
    let (sandbox, id) = judged("", &["--verify", "test -s file", "--target-file", "file"]);
    for (n, criterion) in [(1, "it is parsed"), (2, "It is printed")] {
        let member = sandbox.show(&format!("{id}.{n}"));
        assert_eq!(member["criteria"][0]["text"], criterion);
        assert_eq!(member["target_files"][0], "file");
        assert!(sandbox.read(&format!(".chant/specs/{id}.{n}.md")).contains("- test -s file\n"));
    }
    let more = sandbox.add(&["More", "--member-of", &id]);
    assert_eq!(sandbox.show(&more)["target_files"][0], "file");
    // One that is not ticked, one that changes another file, then all of them at once.
    sandbox.agent("echo $CHANT_SPEC_ID >>file");
    sandbox.chant(&["work", &format!("{id}.1")]).fails(1, &["it is parsed"]);
    sandbox.agent("echo x >other; tick");
    sandbox.chant(&["work", &format!("{id}.2")]).fails(1, &["other"]);
    sandbox.agent("echo $CHANT_SPEC_ID >>file; tick");
    sandbox.chant(&["work", &format!("{id}.1")]).ok();
    sandbox.chant(&["work", &id, "--chain"]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    // The line of the attempt that lacked a tick is still there: the next one went on from it.
    assert_eq!(sandbox.read("file").lines().count(), 5);
    assert_eq!(sandbox.ops(&id), ["add", "finish", "complete"]);
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_driver_is_checked_on_its_target_before_it_is_completed() {
    // What each member leaves is right for it, and both together are not.
    let (sandbox, id) = judged("", &[]);
    let text = sandbox.read(&format!(".chant/specs/{id}.md"));
    let text = text.replacen("---\n\n", "verify:\n  - test \"$(wc -l <file)\" = 2\n---\n\n", 1);
    sandbox.write(&format!(".chant/specs/{id}.md"), &text);
    sandbox.chant(&["approve", &id]).ok();
    let ran = sandbox.chant(&["work", &id, "--chain"]).fails(1, &["with its last member"]);
    assert!(ran.err.contains(&format!("git chant finish {}", &id[11..])), "{}", ran.err);
    assert_eq!((sandbox.status(&id).as_str(), sandbox.status(&format!("{id}.2")).as_str()), ("pending", "completed"));
    let hint = format!("hint: once that is fixed: git chant finish {}", &id[11..]);
    let ran = sandbox.chant(&["finish", &id]).fails(1, &[&hint]);
    assert!(!ran.err.contains("hint: then:"), "{}", ran.err);
    // A person mends it on the target.
    sandbox.git(&["checkout", "-q", "--", "."]);
    sandbox.write("file", "one\ntwo\n");
    sandbox.git(&["commit", "-qam", "Mend it"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_driver_whose_own_criterion_is_not_ticked_waits_for_a_person() {
    let (sandbox, id) = judged("\n## Acceptance Criteria\n\n- [ ] all is consistent\n", &[]);
    sandbox.chant(&["finish", &id]).fails(1, &["its members do the work", "--chain"]);
    sandbox.chant(&["work", "--all", "--chain"]).fails(1, &["all is consistent"]);
    assert_eq!(sandbox.status(&id), "pending");
    sandbox.chant(&["finish", &id]).fails(1, &["all is consistent"]);
    let file = format!(".chant/specs/{id}.md");
    let text = sandbox.read(&file);
    sandbox.write(&file, &text.replace("- [ ] all is", "- [x] all is"));
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_a_member_changed_outside_the_target_files_of_its_driver_is_caught() {
    let (sandbox, id) = judged("", &["--target-file", "file"]);
    // A member that was edited to allow itself more.
    let file = format!(".chant/specs/{id}.2.md");
    let text = sandbox.read(&file);
    sandbox.write(&file, &text.replace("  - file\n", "  - file\n  - other\n"));
    sandbox.agent("echo $CHANT_SPEC_ID >>file; echo x >other; tick");
    sandbox.chant(&["work", &format!("{id}.2")]).ok();
    sandbox.agent("echo $CHANT_SPEC_ID >>file; tick");
    sandbox.chant(&["work", &format!("{id}.1")]).fails(1, &["cannot complete", "outside target_files: other"]);
    assert_eq!(sandbox.status(&id), "pending");
}

#[test]
fn what_a_member_took_in_of_its_target_is_not_what_it_changed() {
    let (sandbox, id) = judged("", &["--target-file", "file"]);
    let [first, second] = [1, 2].map(|n| format!("{id}.{n}"));
    sandbox.commit("Specs");
    sandbox.chant(&["work", &first, "--no-merge"]).ok();
    sandbox.write("other", "of others\n");
    sandbox.commit("Others go on");
    let tree = sandbox.show(&first)["worktree"].as_str().unwrap().to_owned();
    sandbox.git_in(tree.as_ref(), &["merge", "-q", "--no-edit", "main"]);
    sandbox.chant(&["merge", &first]).ok();
    sandbox.agent("echo $CHANT_SPEC_ID >>file; tick");
    sandbox.chant(&["work", &second]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_driver_whose_members_are_done_says_what_is_left_and_how() {
    let (sandbox, id) = driver();
    let path = format!(".chant/specs/{id}.md");
    let own = "\n## Acceptance Criteria\n\n- [ ] Both agree\n";
    sandbox.write(&path, &format!("{}{own}", sandbox.read(&path)));
    sandbox.chant(&["split", &id, "--by-heading"]).ok();
    let finish = format!("git chant finish {}", &id[11..]);
    let shown = || sandbox.chant(&["show", &id]).ok().out;
    assert!(!shown().contains(&finish), "its members come first");
    sandbox.chant(&["work", &id, "--chain"]).fails(1, &["Both agree", &finish]);
    assert!(shown().contains(&format!("Next:        {finish}\n")), "{}", shown());
    let status = sandbox.chant(&["status", "--json"]).ok().json()["status"]["attention"][0].clone();
    assert_eq!((&status["need"], &status["spec"]["id"]), (&"due".into(), &id.as_str().into()));
    assert!(sandbox.chant(&["status"]).ok().out.contains("git chant finish <spec>"));
    sandbox
        .chant(&["finish", &id])
        .fails(1, &[&format!("to tick its criteria: git chant edit {}", &id[11..]), &finish]);
    sandbox.write(&path, &sandbox.read(&path).replace("- [ ] Both", "- [x] Both"));
    sandbox.chant(&["finish", &id]).ok();
    assert!(shown().contains("completed") && !shown().contains("Blocked by"), "{}", shown());
}

#[test]
fn a_command_about_another_member_is_not_inherited_and_when_to_work_is() {
    let sandbox = Sandbox::new();
    let checks = ["--verify", "sh one.sh", "--verify", "sh two.sh", "--verify", "true"];
    let driver = sandbox.add(&[&["Both", "--target-file", "one.sh", "--target-file", "two.sh"][..], &checks].concat());
    let path = format!(".chant/specs/{driver}.md");
    let text = sandbox.read(&path).replacen("---\n", "---\npriority: 3\nnot_before: 2020-01-01\n", 1);
    sandbox.write(
        &path,
        &format!("{text}\n## First\n\nWrite `one.sh`.\n\n## Second\n\nWrite `two.sh`.\n\n## Third\n\nRead them.\n"),
    );
    sandbox.chant(&["split", &driver, "--by-heading"]).ok();
    let front = |number: u32| {
        let text = sandbox.read(&format!(".chant/specs/{driver}.{number}.md"));
        text.split("---\n").nth(1).unwrap().to_owned()
    };
    for (number, own, other) in [(1, "sh one.sh", "sh two.sh"), (2, "sh two.sh", "sh one.sh")] {
        let front = front(number);
        assert!(front.contains(own) && !front.contains(other) && front.contains("true"), "{front}");
        assert!(front.contains("priority: 3") && front.contains("not_before: 2020-01-01"), "{front}");
    }
    assert!(!front(3).contains("sh one.sh") && front(3).contains("true"), "the others name the files: {}", front(3));
    let fourth = sandbox.add(&["More of one", "--member-of", &driver, "--target-file", "one.sh"]);
    let text = sandbox.read(&format!(".chant/specs/{fourth}.md"));
    assert!(text.contains("sh one.sh") && !text.contains("sh two.sh") && text.contains("priority: 3"), "{text}");
    // The driver is judged by all of them in the end.
    sandbox.agent("echo true >one.sh; git add -A; git commit -qm One; tick");
    sandbox.chant(&["work", &format!("{driver}.1"), "--trust"]).ok();
    assert_eq!(sandbox.status(&format!("{driver}.1")), "completed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn members_of_a_phase_go_where_the_phase_goes() {
    let sandbox = Sandbox::new();
    sandbox.chant(&["investigate", "lost", "--title", "Lost", "--phases", "fork-fix"]).ok();
    let fix = sandbox.chant(&["list", "--format=%(id)"]).ok().out.trim().to_owned();
    let path = format!(".chant/specs/{fix}.md");
    sandbox.write(&path, &format!("{}\n## One part\n\nDo it.\n", sandbox.read(&path)));
    sandbox.chant(&["split", &fix, "--by-heading"]).ok();
    sandbox.chant(&["add", "Another part", "--member-of", &fix]).ok();
    sandbox.agent("echo part >$CHANT_SPEC_ID; tick");
    for member in [format!("{fix}.1"), format!("{fix}.2")] {
        // The driver has checks of its own, which are not done with its last member.
        sandbox.chant(&["work", &member]);
        assert_eq!(sandbox.status(&member), "completed");
        sandbox.git(&["cat-file", "-e", &format!("fix/lost:{member}")]);
        assert_ne!(sandbox.try_git(&["cat-file", "-e", &format!("main:{member}")]).code, 0, "{member}");
        assert_eq!(sandbox.show(&member)["topic"], "lost");
    }
}

#[test]
fn a_member_that_is_added_inherits_as_much_as_one_that_is_split_off() {
    let sandbox = Sandbox::new();
    sandbox.write("about", "this\n");
    sandbox.commit("A text");
    let options = ["--label", "foo", "--informed-by", "about", "--topic", "tt", "--priority", "7"];
    let driver = sandbox.add(&[&["All of it"][..], &options].concat());
    sandbox.chant(&["add", "Part", "--member-of", &driver]).ok();
    let member = sandbox.show(&format!("{driver}.1"));
    assert_eq!((&member["topic"], &member["labels"][0]), (&"tt".into(), &"foo".into()), "{member}");
    assert_eq!(member["informed_by"][0], "about", "{member}");
    assert!(sandbox.read(&format!(".chant/specs/{driver}.1.md")).contains("priority: 7\n"));
}
