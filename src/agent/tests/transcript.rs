//! Tests of `agent::transcript`.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn fixture() -> (tempfile::TempDir, PathBuf) {
    let dir = crate::support::scratch::scratch();
    let spec = SpecId::new("2026-02-08-010-v7b").unwrap();
    let attempt = gix::ObjectId::from_hex(&[b'a'; 40]).unwrap();
    let path = path(dir.path(), &spec, &attempt);
    (dir, path)
}

#[test]
fn created_once_and_for_its_owner() {
    let (_dir, path) = fixture();
    assert!(path.ends_with(format!("chant/transcripts/2026-02-08-010-v7b/{}.log", "a".repeat(40))));
    assert!(open(&path).unwrap().is_none());
    let file = create(&path).unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(create(&path).unwrap_err().message.starts_with("cannot create '"));
    assert!(open(&path).unwrap().is_some());
}

#[test]
fn followed_from_before_its_beginning_to_its_end() {
    for (form, expected) in [(Form::Raw, &b"\x1b[1mone\xc3\xa9\ntwo"[..]), (Form::Sanitised, "oneé\ntwo".as_bytes())] {
        let (_dir, path) = fixture();
        let mut out = Vec::new();
        let mut step = 0;
        let mut writer = None;
        // Each question is a moment in the life of the run.
        let mut still_running = || {
            step += 1;
            match step {
                1 => {}
                2 => writer = Some(create(&path).unwrap()),
                3 => writer.as_ref().unwrap().write_all(b"\x1b[1mone\xc3").unwrap(),
                4 => writer.as_ref().unwrap().write_all(b"\xa9\n").unwrap(),
                _ => writer.as_ref().unwrap().write_all(b"two").unwrap(),
            }
            step < 5
        };
        follow(&path, &mut still_running, form, &mut out).unwrap();
        assert_eq!(out, expected);
    }
}

#[test]
fn a_reader_that_goes_away_ends_it() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (_dir, path) = fixture();
    create(&path).unwrap().write_all(b"text").unwrap();
    follow(&path, &mut || true, Form::Raw, &mut Gone).unwrap();
}
