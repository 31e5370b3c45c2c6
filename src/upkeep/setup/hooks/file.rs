//! The line in the file of a hook: it is added, found again and removed, and nothing else of the file is touched.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use bstr::ByteSlice;

use crate::{
    domain::hook::Hook,
    error::{IoContext, Result},
    upkeep::setup,
};

/// The beginning and the end of every line of ours, by which it is found again.
const HEAD: &[u8] = b"if command -v git-chant ";
const MARK: &str = "# git chant hooks";

/// The beginning of a file that is made for the line.
const MADE: &str = "#!/bin/sh\n# Made by git chant hooks install; git chant hooks uninstall removes it.\n";

/// Shells that read the line.
const SHELLS: [&str; 8] = ["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "busybox"];

/// A file that is larger is no script, in bytes.
const MOST: u64 = 4 << 20;

/// The state of the file of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There is no file.
    Absent,
    /// The file is there, without the line.
    Without,
    /// The file has the line.
    Installed,
    /// The file has a line of another version.
    Outdated,
    /// The file must not be changed: why.
    Refused(&'static str),
}

/// The line that has a hook call this tool. It fails only where a hook of ours may: before a commit.
///
/// The line comes first in the file, since a script may end anywhere, and leaves stdin to the rest of the script.
pub(super) fn line(hook: Hook) -> String {
    let call = match hook {
        Hook::PreCommit => {
            "; then git-chant hook pre-commit \"$@\" </dev/null || test $? -ne 1 || exit 1; fi".to_owned()
        }
        Hook::PostRewrite => {
            " && chant=$(mktemp); then cat >\"$chant\"; git-chant hook post-rewrite \"$@\" <\"$chant\" \
                              || :; exec <\"$chant\"; rm -f \"$chant\"; fi"
                .to_owned()
        }
        other => format!("; then git-chant hook {other} \"$@\" </dev/null || :; fi"),
    };
    format!("if command -v git-chant >/dev/null 2>&1{call} {MARK}")
}

/// Looks at the file of a hook.
pub(super) fn look(path: &Path, hook: Hook) -> Result<State> {
    let meta = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(State::Absent),
        meta => meta.io("read", path)?,
    };
    if meta.is_symlink() {
        return Ok(State::Refused("it is a symbolic link"));
    }
    if !meta.is_file() || meta.len() > MOST {
        return Ok(State::Refused("it is not a shell script"));
    }
    let text = fs::read(path).io("read", path)?;
    if !is_shell(&text) {
        return Ok(State::Refused("it is not a shell script"));
    }
    let ours: Vec<&[u8]> = text.lines().filter(|line| is_ours(line)).collect();
    Ok(match ours.as_slice() {
        _ if meta.permissions().mode() & 0o111 == 0 => State::Refused("it is not executable, so git does not run it"),
        // pre-commit keeps the hook that it finds beside its own, and calls it.
        [] if text.contains_str("hook-impl") && matches!(look(&kept(path), hook)?, State::Installed) => {
            State::Installed
        }
        [] => State::Without,
        [one] if *one == line(hook).as_bytes() => State::Installed,
        _ => State::Outdated,
    })
}

/// Where pre-commit keeps the hook that it took the place of.
fn kept(path: &Path) -> PathBuf {
    path.with_extension("legacy")
}

/// Adds the line to the file, in place of a line of another version. Creates the file if there is none.
pub(crate) fn add(path: &Path, hook: Hook) -> Result<()> {
    let dir = path.parent().unwrap_or(path);
    fs::create_dir_all(dir).io("create", dir)?;
    let line = line(hook);
    let Some(text) = setup::read(path)? else {
        return setup::write_new(path, format!("{MADE}{line}\n").as_bytes(), 0o755);
    };
    let text = without(&text);
    let first = if text == MADE.as_bytes() {
        text.len()
    } else if text.starts_with(b"#!") {
        text.find_byte(b'\n').map_or(text.len(), |at| at + 1)
    } else {
        0
    };
    let (before, after) = text.split_at(first);
    // A first line that has no end gets one before ours, which then has none: so it can be made again what it was.
    let added = match before.last() {
        Some(b'\n') | None => format!("{line}\n"),
        Some(_) => format!("\n{line}"),
    };
    setup::write(path, &[before, added.as_bytes(), after].concat())
}

/// Whether the file has a line of ours. A file that cannot be read has none.
pub(super) fn has(path: &Path) -> bool {
    let regular = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= MOST);
    regular && fs::read(path).is_ok_and(|text| text.lines().any(is_ours))
}

/// Removes the line from the file; a file that was made for the line is removed.
pub(super) fn remove(path: &Path) -> Result<()> {
    let Some(text) = setup::read(path)? else { return Ok(()) };
    let rest = without(&text);
    if rest == MADE.as_bytes() {
        return fs::remove_file(path).io("remove", path);
    }
    setup::write(path, &rest)
}

/// The text without our lines.
fn without(text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    for line in text.lines_with_terminator() {
        if !is_ours(line.trim_end_with(|c| c == '\n' || c == '\r')) {
            kept.extend_from_slice(line);
        } else if !line.ends_with(b"\n") && kept.ends_with(b"\n") {
            kept.pop();
        }
    }
    kept
}

fn is_ours(line: &[u8]) -> bool {
    line.starts_with(HEAD) && line.ends_with(MARK.as_bytes())
}

/// Whether a shell reads it: by its first line, or because there is none and it is text.
fn is_shell(text: &[u8]) -> bool {
    if text.contains(&0) {
        return false;
    }
    let Some(rest) = text.strip_prefix(b"#!") else { return true };
    let first = rest.lines().next().unwrap_or_default();
    let mut words = first.fields().map(|word| word.rsplit_once_str("/").map_or(word, |(_, name)| name));
    let is_option = |word: &&[u8]| word.starts_with(b"-") || word.contains(&b'=');
    let program = match words.next() {
        Some(b"env") => words.find(|word| !is_option(word)),
        other => other,
    };
    program.is_some_and(|program| SHELLS.iter().any(|shell| shell.as_bytes() == program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_known_by_the_first_line() {
        for shell in
            ["#!/bin/sh\n", "#! /usr/bin/env bash\nx", "#!/usr/bin/env -S bash -e", "#!/bin/busybox sh\n", "", "x"]
        {
            assert!(is_shell(shell.as_bytes()), "{shell:?}");
        }
        for other in ["#!/usr/bin/env python3\n", "#!/usr/bin/fish\n", "#!", "\x7fELF\0", "#!/usr/bin/env -S node x\n"]
        {
            assert!(!is_shell(other.as_bytes()), "{other:?}");
        }
    }

    #[test]
    fn what_is_there_stays_byte_for_byte() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("pre-commit");
        for text in ["#!/bin/sh\nexec true\n", "#!/bin/sh", "true\n", "true", "", "#!/bin/sh\r\ntrue\r\n", "\n\n"] {
            fs::write(&path, text).expect("writable");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).expect("ours");
            assert_eq!(look(&path, Hook::PreCommit).expect("readable"), State::Without);
            for _ in 0..2 {
                add(&path, Hook::PreCommit).expect("added");
                assert_eq!(look(&path, Hook::PreCommit).expect("readable"), State::Installed, "{text:?}");
            }
            assert_eq!(look(&path, Hook::PrePush).expect("readable"), State::Outdated);
            let mode = fs::metadata(&path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o750);
            remove(&path).expect("removed");
            assert_eq!(fs::read_to_string(&path).expect("readable"), text);
        }
    }
}
