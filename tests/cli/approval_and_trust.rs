//! Who may do what and when: dependencies, approval, trust, short ids, usage.

use std::process::Stdio;

use crate::support::{Ran, Sandbox, cases::few_or_many, terminal::Terminal};

#[test]
fn a_circle_of_dependencies_names_its_specs() {
    let sandbox = Sandbox::new();
    for (id, on) in [("001-abc", "002-abc"), ("002-abc", "003-abc"), ("003-abc", "001-abc")] {
        sandbox
            .write(&format!(".chant/specs/2026-02-08-{id}.md"), &format!("---\ndepends_on: [{on}]\n---\n# S {id}\n"));
    }
    let ran = sandbox.chant(&["work", "001", "--agent", "manual"]);
    ran.fails(1, &["depends on itself: 001-abc -> 002-abc -> 003-abc -> 001-abc"]);
    sandbox
        .chant(&["lint"])
        .fails(1, &["001-abc -> 002-abc -> 003-abc -> 001-abc", ".chant/specs/2026-02-08-001-abc.md:2:14"]);
    assert_eq!(sandbox.chant(&["list", "--ready"]).ok().out, "");
    assert!(sandbox.chant(&["list", "--ready", "--explain"]).ok().out.contains("depends on itself"));
}

#[test]
fn unknown_and_ambiguous_dependencies_are_named() {
    let sandbox = Sandbox::new();
    sandbox.write(".chant/specs/2026-02-08-001-abc.md", "---\ndepends_on: [absent]\n---\n# S\n");
    sandbox.write(".chant/specs/2026-02-08-002-abc.md", "---\ndepends_on: [\"010\"]\n---\n# S\n");
    sandbox.write(".chant/specs/2026-02-08-010-aaa.md", "# S\n");
    sandbox.write(".chant/specs/2026-02-09-010-bbb.md", "# S\n");
    sandbox.chant(&["work", "001", "--agent", "manual"]).fails(1, &["'absent', which does not exist"]);
    sandbox
        .chant(&["work", "002", "--agent", "manual"])
        .fails(1, &["'010', which is ambiguous: 2026-02-08-010-aaa, 2026-02-09-010-bbb"]);
    sandbox
        .chant(&["lint"])
        .fails(1, &["no such spec: 'absent'", "'010' matches 2026-02-08-010-aaa, 2026-02-09-010-bbb"]);
    sandbox.chant(&["add", "New", "--depends-on", "absent"]).fails(128, &["no such spec: 'absent'"]);
}

#[test]
fn a_dependant_is_ready_when_what_it_depends_on_is_completed_and_in_its_base() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo $CHANT_SPEC_ID >>file");
    let first = sandbox.add(&["First"]);
    let second = sandbox.add(&["Second", "--depends-on", &first]);
    assert_eq!(sandbox.show(&second)["ready"], false);
    sandbox.chant(&["work", &second]).fails(1, &["which is pending"]);
    sandbox.git(&["branch", "other"]);
    sandbox.chant(&["work", &first, "--onto", "other"]).ok();
    sandbox.chant(&["work", &second]).fails(1, &["is completed in other, but the base lacks its work"]);
    assert!(sandbox.chant(&["list", "--ready", "--explain"]).ok().out.contains("the base lacks"));
    std::fs::remove_file(sandbox.repo.join(format!(".chant/specs/{first}.md"))).unwrap();
    sandbox.git(&["merge", "-q", "other"]);
    assert_eq!(sandbox.show(&second)["ready"], true);
    sandbox.chant(&["work", &second]).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_long_chain_of_dependencies_is_walked() {
    let sandbox = Sandbox::new();
    let count = few_or_many(700, 2000);
    for at in 1..=count {
        let on = if at == 1 { String::new() } else { format!("depends_on: [2026-02-08-{:04}-abc]\n", at - 1) };
        sandbox.write(&format!(".chant/specs/2026-02-08-{at:04}-abc.md"), &format!("---\n{on}---\n# S {at}\n"));
    }
    let (last, before) = (format!("{count:04}-abc"), format!("{:04}-abc', which is pending", count - 1));
    sandbox.chant(&["work", &last, "--agent", "manual"]).fails(1, &[&before]);
    sandbox
        .write(".chant/specs/2026-02-08-0001-abc.md", &format!("---\ndepends_on: [2026-02-08-{last}]\n---\n# S 1\n"));
    sandbox.chant(&["work", &last, "--agent", "manual"]).fails(1, &["depends on itself"]);
    sandbox.chant(&["lint"]).fails(1, &["depends on itself"]);
}

#[test]
fn a_missing_input_blocks() {
    let sandbox = Sandbox::new();
    let ran = sandbox.chant(&["add", "Informed", "--informed-by", "docs/missing.md"]).ok();
    assert!(ran.err.contains("'docs/missing.md' does not exist yet"), "{}", ran.err);
    sandbox.chant(&["work", "001", "--agent", "manual"]).fails(1, &["the input 'docs/missing.md' does not exist"]);
    for bad in ["../outside", "/etc/passwd", ".git/config"] {
        sandbox.chant(&["add", "Informed", "--informed-by", bad]).fails(129, &[]);
    }
}

#[test]
fn approval_is_for_one_text() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file");
    let id = sandbox.add(&["Careful", "--needs-approval"]);
    sandbox.chant(&["work", &id]).fails(1, &["its text is not approved", "git chant approve"]);
    sandbox.chant(&["reject", &id, "--reason", "too vague"]).ok();
    sandbox.chant(&["work", &id]).fails(1, &["it was rejected"]);
    sandbox.chant(&["approve", &id]).ok();
    assert_eq!(sandbox.show(&id)["ready"], true);
    let path = format!(".chant/specs/{id}.md");
    sandbox.write(&path, &(sandbox.read(&path) + "\nOne more thing.\n"));
    assert_eq!(sandbox.show(&id)["approval"]["stale"], true);
    sandbox.chant(&["work", &id]).fails(1, &["its text is not approved"]);
    sandbox.chant(&["approve", &id]).ok();
    sandbox.chant(&["work", &id]).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn commands_of_a_text_by_another_person_do_not_run_unasked() {
    let sandbox = Sandbox::new().unconfined();
    sandbox.agent("echo two >file");
    let text = "---\nverify:\n  - touch \"$HOME/ran\"\n---\n# Pulled from somewhere\n";
    sandbox.write(".chant/specs/2026-02-08-010-v7b.md", text);
    sandbox.chant(&["work", "010"]).fails(1, &["have not approved", "verify: touch", "--trust"]);
    assert_eq!(sandbox.status("010"), "pending");
    sandbox
        .run(sandbox.command_in(&sandbox.repo, "git").args(["-c", "chant.trust=never", "chant", "work", "010"]))
        .fails(1, &["never"]);
    assert!(!sandbox.dir().join("home/ran").exists());
    sandbox.chant(&["approve", "010"]).ok();
    sandbox.chant(&["work", "010"]).ok();
    assert!(sandbox.dir().join("home/ran").exists());

    sandbox.write(".chant/specs/2026-02-08-011-abc.md", text);
    sandbox.agent("echo three >file");
    sandbox.chant(&["work", "011", "--trust"]).ok();
    sandbox.write(".chant/specs/2026-02-08-012-abc.md", "---\nverify: \"true\"\n---\n# Another\n");
    sandbox.agent("echo four >file");
    sandbox
        .run(sandbox.command_in(&sandbox.repo, "git").args(["-c", "chant.trust=always", "chant", "work", "012"]))
        .ok();
}

#[test]
fn a_gate_is_for_a_person() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["Upstream", "--type", "gate"]);
    sandbox.agent("true");
    sandbox.chant(&["work", &id]).fails(1, &["only a person can pass it", "git chant finish"]);
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn an_ambiguous_id_lists_what_it_may_be() {
    let sandbox = Sandbox::new();
    sandbox.write(".chant/specs/2026-02-08-010-aaa.md", "# First\n");
    sandbox.write(".chant/specs/2026-02-09-010-bbb.md", "# Second\n");
    sandbox.chant(&["show", "010"]).fails(128, &["'010' matches 2 specs", "2026-02-08-010-aaa", "2026-02-09-010-bbb"]);
    for query in ["aaa", "08-010", "010-aaa", ".chant/specs/2026-02-08-010-aaa.md"] {
        assert!(sandbox.chant(&["show", query]).ok().out.contains("First"), "{query}");
    }
    sandbox.chant(&["show", "nothing"]).fails(128, &["no such spec: 'nothing'"]);
    let error = sandbox.chant(&["show", "010", "--json"]);
    assert_eq!(error.code, 128);
    assert_eq!(error.json()["error"]["code"], "ambiguous-spec");
}

#[test]
fn at_a_terminal_an_ambiguous_id_offers_the_list() {
    let sandbox = Sandbox::new();
    sandbox.write(".chant/specs/2026-02-08-010-aaa.md", "# First\n");
    sandbox.write(".chant/specs/2026-02-09-010-bbb.md", "# Second\n");
    let mut terminal = Terminal::start(sandbox.binary(&["show", "010"]));
    terminal.expect("matches several specs");
    terminal.expect("Second");
    terminal.send("\u{1b}[B\r");
    terminal.expect("2026-02-09-010-bbb");
    terminal.end();
}

#[test]
fn an_agent_has_to_be_configured() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["Who"]);
    sandbox.chant(&["work", &id]).fails(128, &["no agent is configured", "git config chant.agent"]);
    sandbox.chant(&["work", &id, "--agent", "absent"]).fails(128, &["the agent 'absent' has no command"]);
    assert_eq!(sandbox.ops(&id), ["add"]);
}

#[test]
fn archive_moves_the_file_and_keeps_the_trail() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["archive", &id]).fails(1, &["cannot archive", "git chant cancel"]);
    sandbox.chant(&["work", &id]).ok();
    let path = format!(".chant/specs/{id}.md");
    sandbox.write(&path, &(sandbox.read(&path) + "\nmine\n"));
    sandbox.chant(&["archive", &id]).fails(1, &["has changes that are not committed"]);
    sandbox.git(&["checkout", "-q", "--", &path]);
    let index = sandbox.git(&["ls-files", "-s"]);
    sandbox.chant(&["archive", &id]).ok();
    assert_eq!(sandbox.git(&["ls-files", "-s"]), index);
    assert!(sandbox.repo.join(format!(".chant/archive/{id}.md")).exists() && !sandbox.repo.join(&path).exists());
    assert_eq!(sandbox.chant(&["list"]).ok().out, "");
    assert!(sandbox.chant(&["list", "--archived"]).ok().out.contains("Make it two"));
    assert_eq!(sandbox.status(&id), "archived");
    sandbox.chant(&["archive", "--restore", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    assert!(sandbox.repo.join(&path).exists());
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn list_filters_and_formats() {
    let sandbox = Sandbox::new();
    let one = sandbox.add(&["One", "--label", "x", "--topic", "t"]);
    let two = sandbox.add(&["Two", "--type", "research", "--phase", "root-cause"]);
    sandbox.chant(&["cancel", &two]).ok();
    let ids = |args: &[&str]| {
        let mut all = vec!["list", "--format", "%(id)"];
        all.extend(args);
        sandbox.chant(&all).ok().out.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(ids(&[]), [one.clone(), two.clone()]);
    for filter in
        [&["--label", "x"][..], &["--topic", "t"], &["--status", "pending"], &["--ready"], &["--type", "code"]]
    {
        assert_eq!(ids(filter).join(" "), one, "{filter:?}");
    }
    assert_eq!(ids(&["--phase", "root-cause"]).join(" "), two);
    assert_eq!(
        sandbox.chant(&["list", "-z", "--format", "%(short) %(status)"]).ok().out,
        format!("{} pending\0{} cancelled\0", &one[11..], &two[11..])
    );
    let json = sandbox.chant(&["list", "--json"]).ok().json();
    assert_eq!(json["format"], 1);
    for field in ["labels", "depends_on", "informed_by", "target_files", "blocked_by", "work_commits"] {
        assert!(json["specs"].as_array().unwrap().iter().all(|spec| spec[field].is_array()), "{field}");
    }
    sandbox.chant(&["list", "--format", "%(nonsense)"]).fails(129, &["nonsense"]);
}

#[test]
fn edit_opens_the_editor_and_records_the_text() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["Draft"]);
    let mut edit = sandbox.binary(&["edit", &id]);
    edit.env("GIT_EDITOR", "sed -i.bak 's/# Draft/# Final/'");
    sandbox.run(&mut edit).ok();
    assert_eq!(sandbox.show(&id)["title"], "Final");
    assert_eq!(sandbox.ops(&id), ["add", "edit"]);
    let mut edit = sandbox.binary(&["edit", &id]);
    edit.env("GIT_EDITOR", "true");
    sandbox.run(&mut edit).ok();
    assert_eq!(sandbox.ops(&id), ["add", "edit"]);
}

#[test]
fn the_log_follows_a_run_to_its_end() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo begun; cat \"$HOME/go\" >/dev/null; echo ended; echo two >file");
    sandbox.run(sandbox.command_in(sandbox.dir(), "mkfifo").arg("home/go")).ok();
    let id = sandbox.add(&["Make it two"]);
    let mut work = sandbox.binary(&["work", &id]);
    let mut child = work.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    assert!(lines.any(|line| line.unwrap().contains("begun")));
    let follow = sandbox.binary(&["log", &id, "--agent", "-f"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::fs::write(sandbox.dir().join("home/go"), "").unwrap();
    lines.for_each(drop);
    assert!(child.wait().unwrap().success());
    let out = follow.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout), "begun\nended\n");
}

#[test]
fn verify_runs_the_commands_again_at_any_commit() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file");
    let id = sandbox.add(&["Make it two", "--verify", "grep -q two file"]);
    sandbox.chant(&["work", &id]).ok();
    sandbox.chant(&["verify", &id]).ok();
    sandbox.chant(&["verify", &id, "--at", "main~1"]).fails(1, &["grep -q two file"]);
    sandbox.chant(&["verify", &id, "--at", "nowhere"]).fails(128, &["'nowhere' names no commit"]);
}

#[test]
fn a_spec_under_a_filter_is_refused_before_it_is_claimed() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file");
    sandbox.write(".gitattributes", "*.md filter=loud\n");
    let id = sandbox.add(&["Filtered"]);
    sandbox.git(&["config", "filter.loud.clean", "tr a-z A-Z"]);
    let refused = sandbox.chant(&["work", &id]);
    refused.fails(128, &["goes through the filter 'loud'", "echo '/.chant/** !filter' >>.gitattributes"]);
    assert_eq!(sandbox.ops(&id), ["add"]);
    sandbox.write(".gitattributes", "*.md filter=loud\n/.chant/** !filter\n");
    sandbox.chant(&["work", &id]).ok();
    // A filter without a configured command does nothing.
    let other = sandbox.add(&["Not filtered"]);
    sandbox.write(".gitattributes", "*.md filter=quiet\n");
    sandbox.agent("echo three >file");
    sandbox.chant(&["work", &other]).ok();
}

#[test]
fn an_attempt_that_changed_nothing_finished_nothing() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["By hand"]);
    let path = sandbox.chant(&["work", &id, "--agent", "manual"]).ok().out;
    sandbox.chant(&["finish", &id]).fails(1, &["its worktree has no changes"]);
    assert_eq!(sandbox.status(&id), "failed");
    // The work is in the wrong place: the commit does not count in silence.
    sandbox.chant(&["finish", &id, "--commit", "HEAD"]).fails(129, &["has an attempt", "leave out --commit"]);
    std::fs::write(std::path::Path::new(path.trim_end()).join("file"), "two\n").unwrap();
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!((sandbox.status(&id).as_str(), sandbox.read("file").as_str()), ("completed", "two\n"));
    // Neither does an agent that did nothing become one that did something because a person asks again.
    let idle = sandbox.add(&["Idle"]);
    sandbox.agent("true");
    sandbox.chant(&["work", &idle]).fails(1, &["the agent changed nothing"]);
    sandbox.chant(&["finish", &idle]).fails(1, &["has no changes"]);
    assert_eq!(sandbox.status(&idle), "failed");
}

#[test]
fn ready_says_where_to_read_on_when_nothing_is() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.chant(&["list", "--ready"]).ok().err, "");
    let first = sandbox.add(&["Gate", "--type", "gate"]);
    let ran = sandbox.chant(&["list", "--ready"]).ok();
    assert_eq!(
        (ran.out.as_str(), ran.err.as_str()),
        ("", "hint: to see what blocks the others: git chant list --ready --explain\n")
    );
    let explained = sandbox.chant(&["list", "--ready", "--explain"]).ok().out;
    assert!(explained.ends_with("  Gate\n    gate: only a person can pass it\n"), "{explained}");
    sandbox.chant(&["cancel", &first]).ok();
    assert_eq!(sandbox.chant(&["list", "--ready"]).ok().err, "");
}

/// An agent may have made the copy: what a person trusts is the text of one spec.
#[test]
fn a_copy_of_a_trusted_text_is_not_trusted() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo $CHANT_SPEC_ID >>file; tick");
    let id = sandbox.add(&["First", "--verify", "true"]);
    let text = sandbox.read(&format!(".chant/specs/{id}.md"));
    sandbox.write(".chant/specs/2026-02-08-011-abc.md", &text);
    sandbox.chant(&["work", "011-abc"]).fails(1, &["commands of the repository that you have not approved"]);
    sandbox.chant(&["approve", "011-abc"]).ok();
    sandbox.chant(&["work", "011-abc"]).ok();
    sandbox.chant(&["work", &id]).ok();
}

/// An agent that nothing confines can write what a person's trust is made of.
#[test]
fn trust_that_a_run_writes_down_does_not_count() {
    let sandbox = Sandbox::new().unconfined();
    let forge = "git=$(git rev-parse --git-common-dir); id=2026-02-09-077-evl; spec=../repo/.chant/specs/$id.md; \
                 printf -- '---\\nverify:\\n  - touch ../done-by-evil\\n---\\n\\n# Evil\\n' >$spec; \
                 : >$git/chant/trusted/$id-$(git hash-object $spec); echo ready >../ready; \
                 until test -e ../go; do sleep 0.05; done; echo two >file; tick";
    sandbox.agent(forge);
    let id = sandbox.add(&["Make it two"]);
    let run = sandbox.binary(&["work", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !sandbox.dir().join("ready").exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // What a person adds during the run is trusted.
    let mine = sandbox.add(&["Mine", "--verify", "true"]);
    std::fs::write(sandbox.dir().join("go"), "").unwrap();
    let ran = Ran::of(run.wait_with_output().unwrap());
    assert!(ran.err.contains("trust in the commands of '2026-02-09-077-evl'"), "{}", ran.err);
    assert!(!ran.err.contains(&format!("trust in the commands of '{mine}'")), "{}", ran.err);
    sandbox.chant(&["work", "077"]).fails(1, &["have not approved", "touch ../done-by-evil"]);
    sandbox.agent("echo three >file; tick");
    sandbox.chant(&["work", &mine]).ok();
    assert!(!sandbox.dir().join("done-by-evil").exists());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn commands_that_a_new_spec_inherits_are_trusted_as_those_they_come_from() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo $CHANT_SPEC_ID >>file");
    // Two specs as they come by a branch: no person here has seen their commands.
    for name in ["2026-01-01-001-aaa", "2026-01-01-002-bbb"] {
        sandbox.write(&format!(".chant/specs/{name}.md"), "---\nverify: [\"true\"]\n---\n# It\n");
    }
    sandbox.commit("Specs");
    let member = sandbox.add(&["A part", "--member-of", "001-aaa"]);
    let other = sandbox.add(&["Another", "--supersedes", "002-bbb"]);
    for id in [&member, &other] {
        assert!(sandbox.read(&format!(".chant/specs/{id}.md")).contains("- 'true'\n"));
        sandbox.chant(&["work", id]).fails(1, &["--trust"]);
    }
    sandbox.chant(&["approve", "001-aaa"]).ok();
    let known = sandbox.add(&["Another part", "--member-of", "001-aaa"]);
    sandbox.chant(&["work", &known]).ok();
    // A person's own commands are theirs.
    sandbox.chant(&["cancel", &other]).ok();
    let own = sandbox.add(&["Mine", "--supersedes", "002-bbb", "--verify", "test -s file"]);
    sandbox.chant(&["work", &own]).ok();
}

#[test]
fn commands_that_a_person_wrote_run_whatever_else_of_the_text_was_edited() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >>file");
    let id = sandbox.add(&["Something", "--verify", "test -f file"]);
    let path = format!(".chant/specs/{id}.md");
    sandbox.write(&path, &format!("{}\nMore of it.\n", sandbox.read(&path)));
    let copied = sandbox.read(&path).replace("test -f file", "test -e file");
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.chant(&["reset", &id]).ok();
    sandbox.write(&path, &copied);
    sandbox.chant(&["work", &id]).fails(1, &["would run commands", "it would run verify: test -e file"]);
}
