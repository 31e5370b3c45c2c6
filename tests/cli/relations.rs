//! What stands between a spec and its work: dependencies, approval, trust, and which spec is meant.

use crate::support::Sandbox;

fn spec(sandbox: &Sandbox, id: &str, front: &str) {
    sandbox.write(&format!(".chant/specs/{id}.md"), &format!("---\n{front}---\n\n# {id}\n"));
}

const A: &str = "2026-01-01-001-aaa";
const B: &str = "2026-01-01-002-bbb";
const C: &str = "2026-01-01-003-ccc";

fn with_agent() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.agent("echo \"$CHANT_SPEC_ID\" >>file; tick");
    sandbox
}

#[test]
fn a_cycle_is_an_error_that_names_the_specs() {
    let sandbox = with_agent();
    spec(&sandbox, A, "depends_on: [bbb]\n");
    spec(&sandbox, B, "depends_on: [003-ccc]\n");
    spec(&sandbox, C, &format!("depends_on: [{A}]\n"));
    spec(&sandbox, "2026-01-01-004-ddd", "depends_on: [ddd]\n");
    for id in [A, B, C] {
        sandbox.chant(&["work", id]).fails(1, &["001-aaa", "002-bbb", "003-ccc"]);
    }
    sandbox.chant(&["work", "ddd"]).fails(1, &["004-ddd"]);
    let explained = sandbox.chant(&["ready", "--explain"]).ok().out;
    assert!(explained.contains("cycle") && explained.contains("003-ccc"), "{explained}");
    sandbox.chant(&["list"]).ok();
    let error = sandbox.chant(&["work", A, "--json"]).fails(1, &[]).json();
    assert_eq!(error["error"]["code"], "cycle");
}

#[test]
fn an_unknown_or_ambiguous_dependency_is_named() {
    let sandbox = with_agent();
    spec(&sandbox, A, "depends_on: [999-zzz]\n");
    spec(&sandbox, "2026-01-01-002-dup", "");
    spec(&sandbox, "2026-01-02-002-dup", "");
    spec(&sandbox, C, "depends_on: [002-dup]\n");
    sandbox.chant(&["work", A]).fails(1, &["'999-zzz'"]);
    sandbox.chant(&["work", C]).fails(1, &["2026-01-01-002-dup", "2026-01-02-002-dup"]);
    let ready = sandbox.chant(&["ready"]).ok().out;
    assert!(!ready.contains("001-aaa") && !ready.contains("003-ccc"), "{ready}");
}

#[test]
fn a_dependant_is_ready_when_what_it_depends_on_is_completed_and_in_its_base() {
    let sandbox = with_agent();
    spec(&sandbox, A, "target_files: [file]\n");
    spec(&sandbox, B, "depends_on: [001-aaa]\n");
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "Specs"]);
    sandbox.chant(&["work", B]).fails(1, &["001-aaa", "not ready"]);
    sandbox.chant(&["work", A, "--no-merge"]).ok();
    sandbox.chant(&["work", B]).fails(1, &["001-aaa", "finished"]);
    sandbox.git(&["branch", "release"]);
    sandbox.chant(&["merge", A, "--onto", "release"]).ok();
    assert_eq!(sandbox.status(A), "completed");
    let explained = sandbox.chant(&["ready", "--explain"]).ok().out;
    assert!(explained.contains("002-bbb") && explained.contains("release"), "{explained}");
    sandbox.chant(&["work", B]).fails(1, &["001-aaa", "release"]);
    sandbox.git(&["merge", "-q", "release"]);
    assert!(sandbox.chant(&["ready"]).ok().out.contains("002-bbb"));
    sandbox.chant(&["work", B]).ok();
}

#[test]
fn approval_is_for_one_text() {
    let sandbox = with_agent();
    let id = sandbox.add(&["Sensitive", "--needs-approval"]);
    let path = format!(".chant/specs/{id}.md");
    sandbox.chant(&["work", &id]).fails(1, &["approv", &format!("git chant approve {}", &id[11..])]);
    assert_eq!(sandbox.show(&id)["needs_approval"], true);
    sandbox.chant(&["approve", &id]).ok();
    assert_eq!(sandbox.show(&id)["ready"], true);
    sandbox.write(&path, &(sandbox.read(&path) + "\nAnd this.\n"));
    sandbox.chant(&["work", &id]).fails(1, &["approv"]);
    sandbox.chant(&["reject", &id, "--reason", "too much"]).ok();
    sandbox.chant(&["work", &id]).fails(1, &["rejected"]);
    sandbox.chant(&["approve", &id]).ok();
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.ops(&id)[..4], ["add", "approve", "reject", "approve"]);
    // No agent approves.
    let other = sandbox.add(&["Other", "--needs-approval"]);
    let ran = sandbox.run(sandbox.binary(&["approve", &other]).env("CHANT_SPEC_ID", &other));
    ran.fails(1, &["only a person"]);
}

#[test]
fn commands_that_came_with_a_pull_run_only_when_they_are_trusted() {
    let upstream = with_agent();
    spec(&upstream, A, "verify: \"touch ../ran-$CHANT_SPEC_ID\"\n");
    upstream.git(&["add", "."]);
    upstream.git(&["commit", "-qm", "Specs"]);
    let clone = |name: &str| {
        upstream.git_in(upstream.dir(), &["clone", "-q", "repo", name]);
        let dir = upstream.dir().join(name);
        let script = format!("sh {}", upstream.dir().join("agent.sh").display());
        upstream.git_in(&dir, &["config", "chant.agent.scripted.cmd", &script]);
        upstream.git_in(&dir, &["config", "chant.agent", "scripted"]);
        dir
    };
    let ran = upstream.dir().join(format!("ran-{A}"));
    let dir = clone("one");
    let command = "touch ../ran-$CHANT_SPEC_ID";
    upstream.chant_in(&dir, &["work", A]).fails(1, &["not approved", command, "--trust", "git chant approve"]);
    assert!(!ran.exists());
    assert_eq!(upstream.git_in(&dir, &["for-each-ref", "refs/chant"]), "", "nothing was claimed");
    upstream.chant_in(&dir, &["work", A, "--trust"]).ok();
    assert!(ran.exists());
    // That very text is known now.
    upstream.chant_in(&dir, &["reset", A]).ok();
    upstream.chant_in(&dir, &["work", A]).ok();

    let dir = clone("two");
    upstream.chant_in(&dir, &["approve", A]).ok();
    upstream.chant_in(&dir, &["work", A]).ok();

    let dir = clone("three");
    upstream.git_in(&dir, &["config", "chant.trust", "never"]);
    upstream.chant_in(&dir, &["work", A]).fails(1, &["chant.trust is 'never'"]);
    upstream.chant_in(&dir, &["work", A, "--trust"]).fails(1, &["chant.trust is 'never'"]);
    upstream.git_in(&dir, &["config", "chant.trust", "always"]);
    upstream.chant_in(&dir, &["work", A]).ok();
}

#[test]
fn a_short_id_that_means_several_lists_them() {
    let sandbox = with_agent();
    for id in ["2026-01-01-001-abc", "2026-02-01-001-xyz", "2026-02-08-010-v7b"] {
        spec(&sandbox, id, "");
    }
    sandbox.chant(&["show", "001"]).fails(128, &["'001'", "2026-01-01-001-abc", "2026-02-01-001-xyz"]);
    for short in ["2026-02-08-010-v7b", "010-v7b", "v7b", "010", "08-010"] {
        assert_eq!(sandbox.show(short)["id"], "2026-02-08-010-v7b", "{short}");
    }
    sandbox.chant(&["show", "999"]).fails(128, &["'999'"]);
}

#[test]
fn at_a_terminal_an_ambiguous_id_offers_the_list() {
    let sandbox = with_agent();
    for id in ["2026-01-01-001-abc", "2026-02-01-001-xyz"] {
        spec(&sandbox, id, "");
    }
    let mut command = sandbox.binary(&["show", "001"]);
    command.env("TERM", "xterm").stdin(std::process::Stdio::inherit());
    let mut session = rexpect::session::spawn_command(command, Some(20_000)).unwrap();
    session.exp_string("may mean several specs").unwrap();
    session.exp_string("001-xyz").unwrap();
    session.send("\x1b[B").unwrap();
    session.send("\r").unwrap();
    session.flush().unwrap();
    session.exp_string("2026-0").unwrap();
    session.exp_eof().unwrap();
}

#[test]
fn front_matter_as_the_source_documents_write_it_works() {
    let sandbox = with_agent();
    spec(&sandbox, "2026-02-08-008-j3n", "type: research\nstatus: completed\nlabels: [kvstore]\n");
    sandbox.write(".chant/research/concurrent-write-root-cause.md", "# Cause\n");
    spec(
        &sandbox,
        "2026-02-08-010-v7b",
        "type: code\nstatus: ready\ndepends_on: [008-j3n]\ninformed_by:\n  - .chant/specs/2026-02-08-008-j3n.md\n  \
         - .chant/research/concurrent-write-root-cause.md\ntarget_files:\n  - file\nlabels: [kvstore, fix]\n",
    );
    let fix = sandbox.show("010-v7b");
    // What the file says of a status is for the import; what is recorded counts.
    assert_eq!(fix["status"], "pending");
    assert_eq!(fix["depends_on"][0], "008-j3n");
    sandbox.chant(&["work", "v7b"]).fails(1, &["008-j3n"]);
    sandbox.chant(&["work", "j3n"]).ok();
    sandbox.agent("grep -q '# Cause' \"$CHANT_PROMPT_FILE\" && echo two >file; tick");
    sandbox.chant(&["work", "v7b"]).ok();
    let all = sandbox.git(&["log", "--format=%s", "chant/specs/2026-02-08-010-v7b"]);
    assert!(all.contains("chant(008-j3n): complete"), "the investigation is behind it: {all}");
}
