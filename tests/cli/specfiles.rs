//! Spec files as people, editors and strangers leave them, through the binary.

use std::{fs, os::unix::fs::symlink, process::Stdio};

use crate::support::Sandbox;

const GOOD: &str = "2026-01-01-001-aaa";
const BAD: &str = "2026-01-01-002-bbb";

fn path(id: &str) -> String {
    format!(".chant/specs/{id}.md")
}

fn with_good() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.agent("echo \"$CHANT_SPEC_ID\" >>file; tick");
    sandbox.write(&path(GOOD), "# The good one\n");
    sandbox
}

/// The bytes make a spec with this title, which is worked, and whose file stays as it was but for the ticks.
#[track_caller]
fn accepted(bytes: &[u8], title: &str) -> Sandbox {
    let sandbox = with_good();
    fs::write(sandbox.repo.join(path(BAD)), bytes).unwrap();
    let spec = sandbox.show(BAD);
    assert_eq!(spec["title"], title);
    assert_eq!(spec["ready"], true, "{spec:#}");
    sandbox.chant(&["list"]).ok();
    sandbox.chant(&["work", BAD, "--trust", "--no-merge"]).ok();
    assert_eq!(fs::read(sandbox.repo.join(path(BAD))).unwrap(), bytes, "the file is never rewritten");
    sandbox.chant(&["merge", BAD]).ok();
    assert_eq!(fs::read(sandbox.repo.join(path(BAD))).unwrap(), bytes);
    sandbox
}

/// What lies at the path of the bad one is no spec: `says` names the place; the good one works as if it were alone.
#[track_caller]
fn refused(sandbox: &Sandbox, says: &str) {
    let list = sandbox.chant(&["list"]).ok();
    assert!(list.out.contains("002-bbb") && list.out.contains("invalid"), "{}{}", list.out, list.err);
    assert!(list.out.contains("The good one"), "{}", list.out);
    let json = sandbox.chant(&["list", "--json"]).ok().json();
    let specs = json["specs"].as_array().unwrap();
    let bad = specs.iter().find(|spec| spec["id"] == BAD).unwrap();
    assert_eq!(bad["ready"], false);
    assert!(bad["error"].as_str().unwrap().contains(says), "{bad:#}");
    assert!(!sandbox.chant(&["ready"]).ok().out.contains("002-bbb"));
    let explained = sandbox.chant(&["ready", "--explain"]).ok();
    assert!(explained.out.contains("002-bbb"), "{}", explained.out);
    let worked = sandbox.chant(&["work", BAD]);
    assert_eq!(worked.code, 128, "{}", worked.err);
    assert!(worked.err.contains(says), "{}", worked.err);
    assert!(!worked.err.contains(GOOD), "{}", worked.err);
    let shown = sandbox.chant(&["show", BAD]);
    assert!(shown.out.contains(says) || shown.err.contains(says), "{} {}", shown.out, shown.err);
    sandbox.chant(&["show", GOOD]).ok();
    sandbox.chant(&["work", GOOD, "--no-merge"]).ok();
    sandbox.chant(&["merge", GOOD]).ok();
    assert_eq!(sandbox.status(GOOD), "completed");
}

#[track_caller]
fn refused_bytes(bytes: &[u8], says: &str) {
    let sandbox = with_good();
    fs::write(sandbox.repo.join(path(BAD)), bytes).unwrap();
    refused(&sandbox, says);
    assert_eq!(fs::read(sandbox.repo.join(path(BAD))).unwrap(), bytes);
}

#[test]
fn line_ends_and_a_byte_order_mark_are_taken_as_they_are() {
    drop(accepted(b"---\r\ntype: task\r\n---\r\n\r\n# With CRLF\r\n\r\nText.\r\n", "With CRLF"));
    drop(accepted(b"\xef\xbb\xbf---\ntype: task\n---\n\n# With a BOM\n", "With a BOM"));
    drop(accepted(b"# Without an end", "Without an end"));
}

#[test]
fn front_matter_is_optional_and_may_hold_more_than_we_know() {
    drop(accepted(b"# No front matter\n", "No front matter"));
    drop(accepted(b"---\n---\n# Empty front matter\n", "Empty front matter"));
    let text = b"---\n# A comment\ntype: code # another\nassignee: ada\nnested: {a: [1, 2]}\n---\n\n# More keys\n";
    let sandbox = accepted(text, "More keys");
    assert_eq!(sandbox.show(BAD)["type"], "code");
    // An empty file is a spec that nobody has written yet.
    let sandbox = with_good();
    sandbox.write(&path(BAD), "");
    assert!(sandbox.chant(&["list"]).ok().out.contains("002-bbb"));
    sandbox.chant(&["work", GOOD]).ok();
}

#[test]
fn what_cannot_be_read_names_its_place() {
    refused_bytes(b"---\ntype: code\ntype: task\n---\n# Twice\n", &format!("{}:3:1: ", path(BAD)));
    refused_bytes(b"---\ntype: nonsense\n---\n# Wrong value\n", &format!("{}:2:7: ", path(BAD)));
    refused_bytes(b"---\ntype: [\n---\n# Broken\n", &format!("{}:", path(BAD)));
    refused_bytes(b"---\ntype: code\n\n# Never closed\n", &path(BAD));
}

#[test]
fn what_is_no_text_names_its_place() {
    refused_bytes(b"# Not UTF-8\n\nab\xff\n", &format!("{}:3:3: ", path(BAD)));
    refused_bytes(b"# NUL\n\nab\0c\n", &format!("{}:3:3: ", path(BAD)));
}

#[test]
fn a_hundred_megabytes_are_not_read() {
    let sandbox = with_good();
    let file = fs::File::create(sandbox.repo.join(path(BAD))).unwrap();
    file.set_len(100 << 20).unwrap();
    refused(&sandbox, "104857600 bytes");
}

#[test]
fn what_is_no_file_is_not_followed() {
    let sandbox = with_good();
    sandbox.write("elsewhere.md", "# Elsewhere\n");
    symlink(sandbox.repo.join("elsewhere.md"), sandbox.repo.join(path(BAD))).unwrap();
    refused(&sandbox, "symbolic link");
    assert_eq!(sandbox.read("elsewhere.md"), "# Elsewhere\n");

    let sandbox = with_good();
    fs::create_dir(sandbox.repo.join(path(BAD))).unwrap();
    refused(&sandbox, "is a directory");

    let sandbox = with_good();
    let made = sandbox.command_in(&sandbox.repo, "mkfifo").arg(path(BAD)).stdin(Stdio::null()).status().unwrap();
    assert!(made.success());
    refused(&sandbox, "FIFO");
}

#[test]
fn names_that_are_no_ids_are_no_specs() {
    let sandbox = with_good();
    for name in ["README.md", "2026-01-01-002-bbb.md.orig", ".2026-01-01-002-bbb.md.swp", "a b.md", "-x.md"] {
        sandbox.write(&format!(".chant/specs/{name}"), "not a spec");
    }
    let json = sandbox.chant(&["list", "--json"]).ok().json();
    let ids: Vec<&str> = json["specs"].as_array().unwrap().iter().map(|spec| spec["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [GOOD]);
}

#[test]
fn a_spec_directory_that_leads_out_is_not_followed() {
    let sandbox = Sandbox::new();
    let outside = sandbox.dir().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join(format!("{BAD}.md")), "# Outside\n").unwrap();
    fs::create_dir(sandbox.repo.join(".chant")).unwrap();
    symlink(&outside, sandbox.repo.join(".chant/specs")).unwrap();
    let list = sandbox.chant(&["list", "--all"]);
    assert!(!list.out.contains("Outside"), "{}", list.out);
    sandbox.chant(&["add", "x"]).fails(128, &["'.chant/specs' is a symbolic link"]);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

#[test]
fn only_task_list_items_under_the_heading_are_criteria() {
    let sandbox = with_good();
    let text = "# Criteria\n\n- [ ] not here\n\n## Acceptance Criteria\n\n    - [ ] in an indented block\n\n- [ ] real\n\n\
                ```markdown\n- [ ] in a fence\n```\n\n<!--\n- [ ] in a comment\n-->\n\n## Notes\n\n- [ ] nor here\n";
    sandbox.write(&path(BAD), text);
    let criteria = sandbox.show(BAD)["criteria"].clone();
    let texts: Vec<&str> = criteria.as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["real"]);
    // An agent that ticks the others only has not done it.
    sandbox.agent("echo x >file; sed 's/- \\[ \\] in a fence/- [x] in a fence/' \"$CHANT_SPEC_FILE\" >t; cat t >\"$CHANT_SPEC_FILE\"; rm t");
    sandbox.chant(&["work", BAD]).fails(1, &["real"]);
    assert_eq!(sandbox.status(BAD), "failed");
}
