//! Tests of `agent::preset::acp::permit`.

use std::os::unix::fs::symlink;

use agent_client_protocol_schema::v1::ToolCallLocation;

use super::*;

fn permit(rules: &[&str]) -> Result<Permit, (String, &'static str)> {
    Permit::read(&rules.iter().map(|rule| (*rule).to_owned()).collect::<Vec<_>>())
}

fn files(names: &[&str]) -> Files {
    let locations: Vec<_> = names.iter().map(|name| ToolCallLocation::new(*name)).collect();
    Files::of(&locations, &[], None)
}

#[test]
fn a_file_is_where_its_name_may_lead() {
    let dir = tempfile::tempdir().expect("a directory");
    let top = dir.path().join("tree");
    fs::create_dir_all(top.join("src/secret")).expect("a folder");
    for (to, from) in [(dir.path(), "out"), (&top.join("src"), "in"), (Path::new("secret"), "src/open")] {
        symlink(to, top.join(from)).expect("a link");
    }
    let may = |rules: &[&str], file: &str| permit(rules).expect("rules").allows(ToolKind::Edit, &files(&[file]), &top);
    let within = |path: &str| top.join(path).to_string_lossy().into_owned();
    for good in [&within("src/new/a.rs"), &within("in/a.rs"), "new/a.rs", "a/~", &format!("file://{}", within("a"))] {
        assert!(may(&[], good), "{good}");
    }
    let escaped = format!("file://{}/%2e%2e/a", top.display());
    for bad in [&within("out/a"), "out/new/a", "out/../a", "file:///etc/passwd", "~/.bashrc", "~", "~ada/a", &escaped] {
        assert!(!may(&[], bad), "{bad}");
    }
    let strict = ["edit:src/**", "!edit:src/secret/**"];
    assert!(may(&strict, "src/a") && !may(&strict, "src/secret/a") && !may(&strict, "src/open/a"));
    // Another name of the worktree is as good.
    symlink(&top, dir.path().join("other")).expect("a link");
    let usual = permit(&[]).expect("rules");
    assert!(usual.allows(ToolKind::Edit, &files(&[&within("src/a")]), &dir.path().join("other")));
}

#[test]
fn the_last_rule_that_fits_decides() {
    let top = Path::new("/w/tree");
    let may = |rules: &[&str], kind, file: Option<&str>| {
        permit(rules).expect("rules").allows(kind, &files(file.as_slice()), top)
    };
    assert!(may(&[], ToolKind::Edit, Some("/w/tree/src/a.rs")) && may(&[], ToolKind::Edit, Some("src/a.rs")));
    assert!(!may(&[], ToolKind::Edit, Some("/w/tree/../other")) && !may(&[], ToolKind::Delete, Some("/etc/passwd")));
    assert!(may(&[], ToolKind::Execute, None) && may(&[], ToolKind::Read, Some("/etc/hosts")));
    let strict = ["read", "edit:src/**", "!edit:src/secret/**"];
    assert!(may(&strict, ToolKind::Edit, Some("src/a.rs")) && !may(&strict, ToolKind::Edit, Some("docs/a.md")));
    assert!(!may(&strict, ToolKind::Edit, Some("src/secret/a")) && !may(&strict, ToolKind::Execute, None));
    let wider = ["usual", "edit:/"];
    assert!(may(&wider, ToolKind::Edit, Some("/etc/passwd")) && !may(&wider, ToolKind::Delete, Some("/etc/passwd")));
    assert!(may(&wider, ToolKind::Execute, None));
    for (bad, expected) in [
        ("", EXPECTED),
        ("write", EXPECTED),
        ("edit:", EXPECTED_PATH),
        ("!", EXPECTED),
        ("edit:/w/tree/src", EXPECTED_PATH),
        ("!search:src/secret/**", EXPECTED_FILES),
        ("execute:/", EXPECTED_FILES),
    ] {
        assert_eq!(permit(&[bad]).err(), Some((bad.to_owned(), expected)));
    }
}

#[test]
fn what_names_no_file_or_too_many_may_be_about_any() {
    let top = Path::new("/w/tree");
    let long = "x".repeat(300 * 1024);
    for (rules, kind, permitted) in [
        (&[][..], ToolKind::Edit, false),
        (&[], ToolKind::Read, true),
        (&["usual", "edit:/"], ToolKind::Edit, true),
        (&["*", "!read:secret/**"], ToolKind::Read, false),
        (&["*", "!read:secret/**"], ToolKind::Edit, true),
        (&["read:src/**"], ToolKind::Read, false),
        (&["*", "!*:secret/**"], ToolKind::Execute, true),
    ] {
        let rules = permit(rules).expect("rules");
        assert_eq!(rules.allows(kind, &files(&[]), top), permitted, "{rules:?}");
        if kind != ToolKind::Execute {
            assert_eq!(rules.allows(kind, &files(&["a", &long]), top), permitted, "{rules:?}");
        }
    }
}
