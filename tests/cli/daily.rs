//! What people do day by day: look for specs, say what comes first, begin from templates, merge what is finished.

use crate::support::Sandbox;

/// The titles that a command lists, in its order.
#[track_caller]
fn titles(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    let listed = sandbox.chant(&[args, &["--json"]].concat()).ok().json();
    listed["specs"].as_array().unwrap().iter().map(|spec| spec["title"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn specs_are_found_by_their_text_their_author_and_their_time() {
    let sandbox = Sandbox::new();
    sandbox.write("body.md", "The lock is *not* reentrant.\n");
    let old = sandbox.add(&["Apples", "--body-file", "body.md"]);
    sandbox.chant(&["cancel", &old]).ok();
    sandbox.chant(&["archive", &old]).ok();
    let mut by_eve = sandbox.command_in(&sandbox.repo, "git");
    by_eve.args(["chant", "add", "Bananas", "--priority", "5"]).env("GIT_AUTHOR_NAME", "Eve");
    sandbox.run(&mut by_eve).ok();
    sandbox.add(&["Cherries"]);
    assert_eq!(titles(&sandbox, &["list", "--grep", "LOCK is"]), ["Apples"], "archived ones, too");
    assert_eq!(titles(&sandbox, &["list", "--grep", "^# (B|C)"]), ["Bananas", "Cherries"]);
    assert_eq!(titles(&sandbox, &["list", "--author", "eve"]), ["Bananas"]);
    assert_eq!(titles(&sandbox, &["list", "--since", "1 hour ago"]).len(), 3);
    assert!(titles(&sandbox, &["list", "--since", "2100-01-01"]).is_empty());
    sandbox.chant(&["list", "--since", "when?"]).fails(129, &["is not a date", "2 weeks ago"]);
    sandbox.chant(&["list", "--grep", "("]).fails(129, &["--grep"]);
    assert_eq!(titles(&sandbox, &["list", "--all", "--sort=-title"]), ["Cherries", "Bananas", "Apples"]);
    // As with git, '-' puts the greatest first; equal ones stay in the order of their ids.
    sandbox.add(&["Dates"]);
    assert_eq!(titles(&sandbox, &["list", "--sort=-priority"]), ["Bananas", "Cherries", "Dates"]);
    assert_eq!(titles(&sandbox, &["list", "--sort", "priority"]), ["Cherries", "Dates", "Bananas"]);
    assert_eq!(titles(&sandbox, &["list", "--sort=-id"]), ["Dates", "Cherries", "Bananas"]);
    sandbox.chant(&["note", "004", "-m", "Sold by the KILO"]).ok();
    assert_eq!(titles(&sandbox, &["list", "--grep", "the kilo"]), ["Dates"], "a note is found, too");
    sandbox.chant(&["cancel", "004"]).ok();
    let printed = sandbox.chant(&["list", "--sort", "-title"]).ok().out;
    assert!(printed.find("Cherries") < printed.find("Bananas"), "{printed}");
    sandbox.chant(&["list", "--sort", "colour"]).fails(129, &["expected id, created"]);
}

#[test]
fn priority_and_day_say_what_comes_next() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo $CHANT_SPEC_ID >>file");
    sandbox.add(&["Usual"]);
    sandbox.add(&["Never mind", "--priority", "-3"]);
    sandbox.add(&["Urgent", "--priority", "7"]);
    let later = sandbox.add(&["Later", "--not-before", "2999-01-01", "--priority", "9"]);
    sandbox.add(&["Long ago", "--not-before", "2001-01-01", "--priority", "1"]);
    let order = ["Urgent", "Long ago", "Usual", "Never mind"];
    assert_eq!(titles(&sandbox, &["list", "--ready"]), order);
    let printed = sandbox.chant(&["list", "--ready"]).ok().out;
    let places: Vec<_> = order.iter().map(|title| printed.find(title).unwrap()).collect();
    assert!(places.is_sorted(), "{printed}");
    assert_eq!(titles(&sandbox, &["next"]), ["Urgent"]);
    assert_eq!(sandbox.show(&later)["blocked_by"][0]["kind"], "day");
    sandbox.chant(&["work", &later]).fails(1, &["not before 2999-01-01"]);
    sandbox.chant(&["work", "--all"]).ok();
    let worked: Vec<String> = sandbox
        .read("file")
        .lines()
        .filter(|line| line.starts_with("20"))
        .map(|id| sandbox.show(id)["title"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(worked, order);
    for (option, value) in [("--priority", "1001"), ("--not-before", "tomorrow")] {
        sandbox.chant(&["add", "x", option, value]).fails(129, &[option]);
    }
    sandbox.write(".chant/specs/2026-01-01-001-xxx.md", "---\nnot_before: soon\n---\n# x\n");
    sandbox.chant(&["lint"]).fails(1, &["expected a day as 2026-02-08"]);
}

#[test]
fn a_template_gives_what_options_leave_open() {
    let sandbox = Sandbox::new();
    let template = "---\ntype: task\nlabels: [deps]\nverify:\n  - \"true\"\ntarget_files: [file]\n---\n# A template\n\n## Acceptance Criteria\n\n- [ ] {{title}} is done\n";
    sandbox.write(".chant/templates/upgrade.md", template);
    let id = sandbox.add(&["Serde", "--template", "upgrade", "--target-file", "other"]);
    let spec = sandbox.show(&id);
    assert_eq!((&spec["type"], &spec["title"]), (&"task".into(), &"Serde".into()));
    assert_eq!((&spec["labels"][0], &spec["target_files"][0]), (&"deps".into(), &"other".into()));
    assert_eq!(spec["criteria"][0]["text"], "Serde is done");
    // Its commands are the repository's: no person has seen them.
    sandbox.agent("echo x >other; tick");
    sandbox.chant(&["work", &id]).fails(1, &["--trust"]);
    sandbox.chant(&["work", &id, "--trust"]).ok();
    let own = sandbox.add(&["Other", "--template", "upgrade", "--verify", "test -s other"]);
    sandbox.agent("echo y >file; tick");
    sandbox.chant(&["work", &own]).ok();
    for name in ["none", "../specs/x", "a/b"] {
        sandbox.chant(&["add", "x", "--template", name]).fails(1, &["there is no template"]);
    }
    sandbox.write(".chant/templates/broken.md", "---\ntype: nothing\n---\n");
    sandbox.chant(&["add", "x", "--template", "broken"]).fails(128, &["templates/broken.md"]);
}

#[test]
fn a_prompt_for_one_attempt_takes_the_place_of_the_usual_one() {
    let sandbox = Sandbox::new();
    sandbox.write(".chant/prompts/terse.md", "Be terse about {{title}}.\n");
    sandbox.commit("A prompt");
    sandbox.agent("cat >../prompt; echo x >file");
    let id = sandbox.add(&["It"]);
    sandbox.chant(&["work", &id, "--prompt", "terse"]).fails(1, &["--trust"]);
    sandbox.chant(&["work", &id, "--prompt", "terse", "--trust"]).ok();
    assert!(std::fs::read_to_string(sandbox.dir().join("prompt")).unwrap().starts_with("Be terse about It."));
    let other = sandbox.add(&["Other"]);
    sandbox.chant(&["work", &other, "--prompt", "nothing"]).fails(1, &["there is no prompt 'nothing'"]);
}

#[test]
fn everything_that_is_finished_is_merged_at_once() {
    let sandbox = Sandbox::new();
    let work = |title: &str, script: &str| {
        let id = sandbox.add(&[title]);
        sandbox.agent(script);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        id
    };
    let first = work("First", "echo first >file");
    let second = work("Second", "echo second >file");
    let third = work("Third", "echo third >other");
    let ran = sandbox.chant(&["merge"]).fails(1, &["file"]);
    assert!(ran.out.contains("2 completed"), "{}", ran.out);
    for way_out in ["merge main", &format!("git chant merge {}", &second[11..]), "--agent"] {
        assert!(ran.err.contains(way_out), "{way_out}: {}", ran.err);
    }
    let statuses = [&first, &second, &third].map(|id| sandbox.status(id));
    assert_eq!(statuses, ["completed", "finished", "completed"]);
    sandbox.chant(&["reset", &second]).ok();
    let fourth = work("Fourth", "echo fourth >more");
    sandbox.chant(&["merge", "--all"]).ok();
    assert_eq!(sandbox.status(&fourth), "completed");
    for all in [&["merge"][..], &["merge", "--all"]] {
        sandbox.chant(all).ok().fails(0, &["no spec is finished"]);
    }
}

#[test]
fn an_empty_note_is_refused() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["It"]);
    for empty in ["", "  "] {
        sandbox.chant(&["note", &id, "-m", empty]).fails(129, &["the note is empty"]);
    }
    assert_eq!(sandbox.ops(&id), ["add"]);
}

/// An archived investigation is looked at, drawn, and brought back by its name.
#[test]
fn a_topic_is_known_after_it_is_archived() {
    let sandbox = Sandbox::new();
    for title in ["One", "Two"] {
        let id = sandbox.add(&[title, "--topic", "t"]);
        sandbox.chant(&["cancel", &id]).ok();
    }
    sandbox.chant(&["graph", "t"]).ok();
    sandbox.chant(&["archive", "--restore", "--topic", "t"]).fails(1, &["no spec of 't' is archived"]);
    sandbox.chant(&["archive", "--topic", "t"]).ok();
    for command in [&["status", "t"][..], &["graph", "t"], &["graph", "--topic", "t"]] {
        let out = sandbox.chant(command).ok().out;
        assert_eq!(out.matches("archived").count(), 2, "{command:?}: {out}");
    }
    sandbox.chant(&["graph", "other"]).fails(1, &["no such investigation: 'other'"]);
    sandbox.chant(&["archive", "--restore", "--topic", "t"]).ok();
    assert_eq!(titles(&sandbox, &["list", "--topic", "t"]), ["One", "Two"]);
}

#[test]
fn an_investigation_that_a_failed_spec_holds_up_says_so() {
    let sandbox = Sandbox::new();
    let first = sandbox.add(&["One", "--topic", "t"]);
    sandbox.add(&["Two", "--topic", "t", "--depends-on", &first]);
    sandbox.agent("exit 3");
    sandbox.chant(&["work", "--topic", "t", "--chain"]).fails(1, &[]);
    for chain in [&["--chain"][..], &[]] {
        let ran = sandbox.chant(&[&["work", "--topic", "t"], chain].concat());
        ran.fails(1, &[&format!("'{}' of 't' failed", &first[11..]), &format!("git chant work {}", &first[11..])]);
    }
}
