use std::os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener};

use super::*;

fn work_tree() -> tempfile::TempDir {
    let root = crate::support::scratch::scratch();
    std::fs::create_dir_all(root.path().join(".chant/specs")).expect("created");
    std::fs::write(root.path().join(".chant/specs/a.md"), "# A\n").expect("written");
    root
}

fn refusal(root: &Path, path: &str) -> String {
    read(root, path.into(), 10).expect_err(path).to_string()
}

#[test]
fn a_file_is_read_and_an_absent_one_is_none() {
    let root = work_tree();
    assert_eq!(read(root.path(), ".chant/specs/a.md".into(), 4).expect("read"), Some(b"# A\n".to_vec()));
    for absent in ["b", ".chant/specs/b.md", "x/y/z"] {
        assert_eq!(read(root.path(), absent.into(), 4).expect("read"), None);
    }
}

#[test]
fn a_symlink_is_refused_by_name_wherever_it_is() {
    let root = work_tree();
    let at = |name: &str| root.path().join(name);
    symlink("a.md", at(".chant/specs/link.md")).expect("linked");
    symlink("nowhere", at(".chant/specs/dangling.md")).expect("linked");
    symlink("specs", at(".chant/other")).expect("linked");
    symlink("/etc", at("etc")).expect("linked");
    assert_eq!(refusal(root.path(), ".chant/specs/link.md"), "'.chant/specs/link.md' is a symbolic link");
    assert_eq!(refusal(root.path(), ".chant/specs/dangling.md"), "'.chant/specs/dangling.md' is a symbolic link");
    assert_eq!(refusal(root.path(), ".chant/other/a.md"), "'.chant/other' is a symbolic link");
    assert_eq!(refusal(root.path(), "etc/passwd"), "'etc' is a symbolic link");
    assert!(matches!(list(root.path(), ".chant/other".into()), Err(Refused { why: Why::Symlink, .. })));
    assert!(matches!(create_new(root.path(), "etc/x".into(), b"", true), Err(Refused { why: Why::Symlink, .. })));
    for taken in [".chant/specs/dangling.md", ".chant/specs/link.md"] {
        let refused = create_new(root.path(), taken.into(), b"", true).expect_err(taken);
        assert!(matches!(refused.why, Why::AlreadyExists), "{refused}");
    }
    assert!(!at(".chant/specs/nowhere").exists());
}

#[test]
fn replacing_a_file_follows_no_link() {
    let root = work_tree();
    let at = |name: &str| root.path().join(name);
    std::fs::write(at("mine"), "mine").expect("written");
    symlink(at("mine"), at(".chant/specs/link")).expect("linked");
    symlink("specs", at(".chant/other")).expect("linked");
    for name in [".chant/specs/link", ".chant/specs/a.md", ".chant/specs/new"] {
        replace(root.path(), name.into(), b"ours").expect(name);
        assert!(at(name).symlink_metadata().expect("there").is_file());
        assert_eq!(std::fs::read(at(name)).expect("read"), b"ours");
    }
    assert_eq!(std::fs::read(at("mine")).expect("read"), b"mine");
    for absent in [".chant/other/a.md", "none/a.md"] {
        assert!(replace(root.path(), absent.into(), b"").is_err(), "{absent}");
    }
    assert_eq!(std::fs::read_dir(at(".chant/specs")).expect("listed").count(), 3);
}

#[test]
fn a_root_behind_a_symlink_is_fine() {
    let root = work_tree();
    let outside = crate::support::scratch::scratch();
    symlink(root.path(), outside.path().join("r")).expect("linked");
    assert!(read(&outside.path().join("r"), ".chant/specs/a.md".into(), 9).expect("read").is_some());
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let root = work_tree();
    let fifo = root.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs");
    assert!(made.success());
    let _socket = UnixListener::bind(root.path().join("socket")).expect("bound");
    assert_eq!(refusal(root.path(), "fifo"), "'fifo' is a FIFO, not a file");
    assert_eq!(refusal(root.path(), "socket"), "'socket' is a socket, not a file");
    assert_eq!(refusal(root.path(), ".chant/specs"), "'.chant/specs' is a directory, not a file");
    assert_eq!(refusal(root.path(), ".chant/specs/a.md/b"), "'.chant/specs/a.md' is not a directory");
    assert_eq!(
        read(Path::new("/dev"), "null".into(), 1).expect_err("refused").to_string(),
        "'null' is a device, not a file"
    );
    for bad in ["", "/etc/passwd", "../x", "a/../b", ".git/config", "a//b", "a\0b"] {
        assert!(matches!(read(root.path(), bad.into(), 1), Err(Refused { why: Why::Path(_), .. })), "{bad:?}");
        assert!(
            matches!(create_new(root.path(), bad.into(), b"", true), Err(Refused { why: Why::Path(_), .. })),
            "{bad:?}"
        );
    }
}

#[test]
fn a_file_of_100_mb_is_refused_by_its_size() {
    let root = work_tree();
    let file = File::create(root.path().join("big.md")).expect("created");
    file.set_len(100 * 1024 * 1024).expect("grown");
    let refused = read(root.path(), "big.md".into(), 4 * 1024 * 1024).expect_err("too large");
    // Had it been read, its size would be what was read of it: one byte more than the limit.
    assert_eq!(refused.to_string(), "'big.md' is 104857600 bytes long, more than the 4194304 that are read");
}

#[test]
fn a_new_file_appears_whole_and_never_over_another() {
    let root = work_tree();
    let create = |path: &str, bytes: &[u8]| create_new(root.path(), path.into(), bytes, true);
    create("new/deep/b.md", b"text").expect("created");
    assert_eq!(std::fs::read(root.path().join("new/deep/b.md")).expect("read"), b"text");
    for taken in ["new/deep/b.md", "new/deep", ".chant/specs/a.md"] {
        let refused = create(taken, b"other").expect_err(taken);
        assert!(matches!(refused.why, Why::AlreadyExists), "{refused}");
    }
    assert_eq!(std::fs::read(root.path().join("new/deep/b.md")).expect("read"), b"text");
    assert_eq!(list(root.path(), "new/deep".into()).expect("listed").len(), 1, "a temporary file was left");
}

#[test]
fn of_many_that_create_one_file_one_wins() {
    let root = work_tree();
    for round in 0..20 {
        let path = format!("race/{round}.md");
        let won = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8u8)
                .map(|n| {
                    scope.spawn({
                        let (root, path) = (root.path(), &path);
                        move || create_new(root, path.as_str().into(), &[n; 3], false)
                    })
                })
                .collect();
            threads
                .into_iter()
                .filter_map(|thread| match thread.join().expect("no panic") {
                    Ok(()) => Some(()),
                    Err(refused) => {
                        assert!(matches!(refused.why, Why::AlreadyExists), "{refused}");
                        None
                    }
                })
                .count()
        });
        assert_eq!(won, 1);
        assert_eq!(std::fs::read(root.path().join(&path)).expect("read").len(), 3);
    }
    assert_eq!(list(root.path(), "race".into()).expect("listed").len(), 20);
}

#[test]
fn a_leftover_of_a_dead_process_is_passed_over() {
    let root = work_tree();
    std::fs::write(root.path().join(format!(".chant-tmp-{}-0", std::process::id())), "half").expect("written");
    create_new(root.path(), "c.md".into(), b"whole", true).expect("created");
    assert_eq!(std::fs::read(root.path().join("c.md")).expect("read"), b"whole");
}

#[test]
fn entries_are_listed_with_what_they_are() {
    let root = work_tree();
    let at = |name: &str| root.path().join(".chant/specs").join(name);
    symlink("a.md", at("l.md")).expect("linked");
    std::fs::create_dir(at("d.md")).expect("created");
    std::fs::write(at("x").with_file_name(std::ffi::OsStr::from_bytes(b"\xff.md")), "").expect("written");
    let found: Vec<_> =
        list(root.path(), ".chant/specs".into()).expect("listed").into_iter().map(|e| (e.name, e.kind)).collect();
    let expected: Vec<(BString, FileKind)> = vec![
        ("a.md".into(), FileKind::File),
        ("d.md".into(), FileKind::Directory),
        ("l.md".into(), FileKind::Symlink),
        (b"\xff.md".into(), FileKind::File),
    ];
    assert_eq!(found, expected);
    assert_eq!(list(root.path(), "absent/dir".into()).expect("listed"), []);
    assert!(matches!(list(root.path(), ".chant/specs/a.md".into()), Err(Refused { why: Why::NotDirectory, .. })));
    assert!(list(root.path(), "..".into()).is_err());
}
