//! Spec files as people and accidents make them, through the binary.

use crate::support::Sandbox;

const ID: &str = "2026-02-08-010-v7b";

/// A repository with a good spec and `bytes` as another.
fn with(bytes: &[u8]) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let good = sandbox.add(&["A good one"]);
    std::fs::write(sandbox.repo.join(format!(".chant/specs/{ID}.md")), bytes).unwrap();
    (sandbox, good)
}

/// The other spec is named with `place` and `message`, the good one is as good as before, the file is untouched.
#[track_caller]
fn refused(bytes: &[u8], place: &str, message: &str) {
    let (sandbox, good) = with(bytes);
    let path = format!(".chant/specs/{ID}.md");
    sandbox.chant(&["work", ID, "--agent", "manual"]).fails(128, &[&format!("{path}{place}"), message]);
    sandbox.chant(&["lint"]).fails(1, &[&format!("{path}{place}"), message]);
    let list = sandbox.chant(&["list"]).ok().out;
    assert!(list.contains("010-v7b") && list.contains("invalid"), "{list}");
    assert!(sandbox.show(ID)["error"].as_str().unwrap().contains(message));
    sandbox.chant(&["work", &good, "--agent", "manual"]).ok();
    assert_eq!(std::fs::read(sandbox.repo.join(&path)).unwrap(), bytes);
}

#[track_caller]
fn accepted(bytes: &[u8], title: &str) -> Sandbox {
    let (sandbox, _) = with(bytes);
    let view = sandbox.show(ID);
    assert_eq!(view["title"].as_str(), Some(title), "{view}");
    assert_eq!(view["error"], serde_json::Value::Null);
    sandbox.agent("echo two >file; tick");
    sandbox.chant(&["work", ID]).ok();
    assert_eq!(sandbox.status(ID), "completed");
    sandbox
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn odd_files_are_accepted() {
    accepted(b"---\r\ntype: task\r\n---\r\n\r\n# Carriage returns\r\n", "Carriage returns");
    accepted(b"\xef\xbb\xbf---\ntype: task\n---\n\n# A mark in front\n", "A mark in front");
    accepted(b"# No front matter\n\nJust text.\n", "No front matter");
    accepted(b"---\n# a comment\nmy_own_key: [1, 2]\ntype: task\n---\n# Unknown keys\n", "Unknown keys");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn broken_files_are_named_with_their_place_and_spoil_nothing() {
    refused(b"---\ntype: code\ntype: task\n---\n# T\n", ":3:1", "occurs twice");
    refused(b"---\ntype: cod\n---\n# T\n", ":2:7", "cod");
    refused(b"---\ntype: [code\n---\n# T\n", ":", "");
    refused(b"---\ntype: code\n# no end\n", ":1:1", "");
    refused(b"---\ntype: code\n---\n# T\n\nbad \xff byte\n", ":6:5", "UTF-8");
    refused(b"---\ntype: code\n---\n# T\n\nnul \0 byte\n", ":6:5", "NUL");
    refused(&vec![b'x'; 100 << 20], ": ", "bytes");
}

#[test]
fn an_empty_file_is_a_spec_without_a_title() {
    let (sandbox, _) = with(b"");
    assert_eq!(sandbox.show(ID)["title"], serde_json::Value::Null);
    assert!(sandbox.chant(&["list"]).ok().out.contains("010-v7b"));
}

#[test]
fn what_is_no_regular_file_is_named_and_not_followed() {
    let sandbox = Sandbox::new();
    let good = sandbox.add(&["A good one"]);
    std::fs::write(sandbox.dir().join("secret"), "# Secret\n").unwrap();
    let specs = sandbox.repo.join(".chant/specs");
    std::os::unix::fs::symlink(sandbox.dir().join("secret"), specs.join("2026-02-08-001-abc.md")).unwrap();
    std::fs::create_dir(specs.join("2026-02-08-002-abc.md")).unwrap();
    sandbox.run(sandbox.command_in(&specs, "mkfifo").arg("2026-02-08-003-abc.md")).ok();
    let list = sandbox.chant(&["list"]).ok().out;
    assert!(list.contains("A good one") && !list.contains("Secret"), "{list}");
    for (id, what) in [("001-abc", "symbolic link"), ("002-abc", "directory"), ("003-abc", "regular file")] {
        sandbox.chant(&["work", id, "--agent", "manual"]).fails(128, &[what]);
    }
    sandbox.chant(&["work", &good, "--agent", "manual"]).ok();
}

#[test]
fn the_front_matter_of_the_source_documents_works() {
    let sandbox = Sandbox::new();
    let first = "---\ntype: research\n---\n# Research\n";
    sandbox.write(".chant/specs/2026-02-08-008-j3n.md", first);
    sandbox.write(".chant/specs/2026-01-29-003-ghi.md", first);
    sandbox.write(".chant/research/issue-1234-root-cause.md", "x\n");
    let text = "---\ntype: code\nstatus: ready\nprompt: implement\nlabels: [fix, issue-1234]\ndepends_on: [008-j3n]\ninformed_by:\n  - .chant/specs/2026-01-29-003-ghi.md     # Research spec\n  - .chant/research/issue-1234-root-cause.md\ntarget_files:\n  - src/storage/store.rs\n---\n\n# Fix issue #1234: add locking to concurrent writes\n";
    sandbox.write(&format!(".chant/specs/{ID}.md"), text);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "specs"]);
    assert_eq!(sandbox.show("010")["status"], "pending", "recorded state wins over the file's");
    sandbox.chant(&["work", "010", "--agent", "manual"]).fails(1, &["depends on '008-j3n', which is pending"]);
    sandbox.chant(&["finish", "008", "--allow-empty"]).ok();
    sandbox.agent("mkdir -p src/storage; cat >src/storage/store.rs; grep -q Research src/storage/store.rs");
    let ran = sandbox.chant(&["work", "010"]).ok();
    assert!(ran.err.contains("Working 010-v7b: Fix issue #1234: add locking to concurrent writes"), "{}", ran.err);
    let show = sandbox.chant(&["show", "010"]).ok().out;
    assert!(show.contains("completed"), "{show}");
    assert_eq!(sandbox.git(&["show", &format!("main~1:.chant/specs/{ID}.md")]), text.trim_end());
}

#[test]
fn boxes_in_code_blocks_are_no_criteria() {
    let sandbox = Sandbox::new();
    sandbox.write("../body.md", "```\n- [ ] not one\n```\n\n## Acceptance Criteria\n\n- [ ] one\n\n```\n- [ ] neither\n```\n\n## Notes\n\n- [ ] nor this\n");
    let id = sandbox.add(&["Boxes", "--body-file", "../body.md"]);
    let criteria = sandbox.show(&id)["criteria"].clone();
    assert_eq!(criteria.as_array().unwrap().len(), 1, "{criteria}");
    assert_eq!(criteria[0]["text"], "one");
}

#[test]
fn every_option_of_add_is_in_the_file_and_can_be_read_back() {
    let sandbox = Sandbox::new();
    let first = sandbox.add(&["First"]);
    let id = sandbox.add(&[
        "Second: with \"quotes\" & #hash",
        "--type",
        "task",
        "--phase",
        "reproduction",
        "--topic",
        "issue-1",
        "--label",
        "a,b",
        "--label",
        "yes",
        "--depends-on",
        &first[11..],
        "--informed-by",
        "https://example.com/1",
        "--informed-by",
        &first,
        "--target-file",
        "src/",
        "--target-file",
        "*.txt",
        "--verify",
        "true && echo 'x: y'",
        "--verify",
        "010",
        "--reproduces",
        "sh t.sh",
        "--prompt",
        "task",
        "--needs-approval",
        "--agent",
        "manual",
    ]);
    let view = sandbox.show(&id);
    assert_eq!(view["title"], "Second: with \"quotes\" & #hash");
    assert_eq!(view["labels"], serde_json::json!(["a", "b", "yes"]));
    assert_eq!(view["depends_on"], serde_json::json!([first]));
    assert_eq!(view["informed_by"], serde_json::json!(["https://example.com/1", format!(".chant/specs/{first}.md")]));
    assert_eq!(view["target_files"], serde_json::json!(["src/", "*.txt"]));
    let text = sandbox.read(&format!(".chant/specs/{id}.md"));
    assert!(text.contains("true && echo ''x: y''") && text.contains("approval: required"), "{text}");
    assert_eq!(view["needs_approval"], true);
}

#[test]
fn a_title_that_tries_something_is_refused_or_shown_harmless() {
    let sandbox = Sandbox::new();
    sandbox.chant(&["add", "a\u{1b}[31mb"]).fails(129, &[]);
    sandbox.chant(&["add", "two\nlines"]).fails(129, &[]);
    sandbox.write(&format!(".chant/specs/{ID}.md"), "# evil \u{1b}]0;pwned\u{7} \u{202e}title\n");
    let out = sandbox.chant(&["list"]);
    assert!(!out.out.contains('\u{1b}') && !out.out.contains('\u{202e}'), "{:?}", out.out);
}

#[test]
fn a_spec_directory_that_leads_out_is_not_followed() {
    let sandbox = Sandbox::new();
    let outside = sandbox.dir().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join(format!("{ID}.md")), "# Outside\n").unwrap();
    std::fs::create_dir(sandbox.repo.join(".chant")).unwrap();
    std::os::unix::fs::symlink(&outside, sandbox.repo.join(".chant/specs")).unwrap();
    let list = sandbox.chant(&["list", "--all"]);
    assert!(!list.out.contains("Outside"), "{}", list.out);
    sandbox.chant(&["add", "x"]).fails(128, &["'.chant/specs' is a symbolic link"]);
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
}

#[test]
fn names_that_are_no_ids_are_no_specs() {
    let (sandbox, good) = with(b"# Another\n");
    for name in ["README.md", "2026-01-01-002-bbb.md.orig", ".2026-01-01-002-bbb.md.swp", "a b.md", "-x.md"] {
        sandbox.write(&format!(".chant/specs/{name}"), "not a spec");
    }
    let json = sandbox.chant(&["list", "--json"]).ok().json();
    let ids: Vec<&str> = json["specs"].as_array().unwrap().iter().map(|spec| spec["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [ID, good.as_str()]);
}

#[test]
fn one_error_hides_no_other_finding_of_the_file() {
    let findings = |text: &str, expected: &[(&str, &str)]| {
        let (sandbox, _) = with(text.as_bytes());
        let found = sandbox.chant(&["lint", "--json"]);
        assert_eq!(found.code, 1, "{found:?}");
        let mut found = found.json()["problems"].as_array().unwrap().clone();
        found.retain(|one| one["spec"] == ID);
        for (line, message) in expected {
            let is_it = |one: &&serde_json::Value| one["message"].as_str().unwrap().contains(message);
            let one = found.iter().find(is_it).unwrap_or_else(|| panic!("{message}: {found:?}"));
            assert_eq!(one["line"].to_string(), *line, "{one}");
        }
        assert_eq!(found.len(), expected.len(), "{found:?}");
    };
    // A wrong value, a key that is nearly known, a spec that is not there, and a box that is none.
    findings(
        "---\ntype: cod\nlable: x\ndepends_on: [nowhere]\nruns: many\n---\n# T\n\n## Acceptance Criteria\n\n- [] one\n- [ ] two\n",
        &[
            ("2", "'type' cannot be 'cod'"),
            ("3", "unknown key 'lable'"),
            ("4", "no such spec: 'nowhere'"),
            ("5", "'runs' cannot be 'many'"),
            ("11", "not a criterion"),
        ],
    );
    // What is no YAML.
    findings(
        "---\nlable: x\nverify: [one\ntype: cod\nlabels:\n  - a\n  - b: c\nagent: it's \"so: it\n---\n# T\n\n- [ ] two\n",
        &[
            ("4", "not valid YAML"),
            ("2", "unknown key 'lable'"),
            ("4", "'type' cannot be 'cod'"),
            ("7", "'labels' holds a mapping where a text is expected"),
            ("8", "mapping values are not allowed"),
        ],
    );
}
