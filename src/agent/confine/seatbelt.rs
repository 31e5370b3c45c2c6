//! The sandbox of macOS: a profile for `sandbox-exec`, made from a [`Sandbox`]. In a profile the last rule that fits decides.
//!
//! A profile cannot show one file in place of another: what a run is to see elsewhere has to be there before it begins.

use std::{ffi::OsString, fmt::Write as _, os::unix::ffi::OsStrExt, path::Path};

use super::sandbox::{Access, Sandbox};

/// The program; it has no other place.
pub(super) const PROGRAM: &str = "/usr/bin/sandbox-exec";

/// The words before the command of a run in `sandbox`.
pub(super) fn prefix(sandbox: &Sandbox) -> Vec<OsString> {
    vec![PROGRAM.into(), "-p".into(), profile(sandbox).into()]
}

/// The profile: everything is allowed but what the rules take away.
pub(crate) fn profile(sandbox: &Sandbox) -> String {
    let mut text = "(version 1)\n(allow default)\n".to_owned();
    // Other processes of the person would do for a run what it cannot do itself.
    text.push_str("(deny appleevent-send)\n(deny signal)\n(allow signal (target same-sandbox))\n");
    if sandbox.strict {
        text.push_str("(deny file-write*)\n(allow file-write* (subpath \"/dev\"))\n");
    }
    for held in sandbox.rules() {
        match held.access {
            Access::Write | Access::Has(_) => rule(&mut text, "allow file-write*", &subpath(&held.path)),
            // To rename it is to take it from where it was.
            Access::Stays => rule(&mut text, "deny file-write-unlink", &format!("literal {}", quoted(&held.path))),
            Access::Read | Access::Shows(_) => rule(&mut text, "deny file-write*", &subpath(&held.path)),
            Access::Hidden => {
                rule(&mut text, "deny file-read* file-write*", &subpath(&held.path));
                rule(&mut text, "deny network-outbound", &subpath(&held.path));
            }
        }
    }
    text
}

fn subpath(path: &Path) -> String {
    format!("subpath {}", quoted(path))
}

fn rule(text: &mut String, what: &str, which: &str) {
    let written = writeln!(text, "({what} ({which}))");
    debug_assert!(written.is_ok(), "a string takes everything");
}

/// A path as a string of the profile's language. Paths of macOS are UTF-8.
fn quoted(path: &Path) -> String {
    let mut text = String::from("\"");
    for c in String::from_utf8_lossy(path.as_os_str().as_bytes()).chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}
