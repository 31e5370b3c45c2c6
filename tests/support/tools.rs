//! Tools and privileges that a machine may lack. A test that needs one that is missing says so past the capture of `cargo test`,
//! and fails where `CHANT_REQUIRE_TOOLS` is set.

use std::{io::Write as _, path::Path};

/// The package of Debian that has a tool, where their names differ.
const PACKAGES: &[(&str, &str)] = &[
    ("man", "man-db"),
    ("ssh-keygen", "openssh-client"),
    ("/usr/sbin/sshd", "openssh-server"),
    ("gpg", "gnupg"),
    ("/usr/share/bash-completion/completions/git", "bash-completion"),
];

/// Whether a tool is on this machine: a program in `PATH`, or a file by its absolute path. See [`need_that`].
#[track_caller]
pub(crate) fn need(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|dir| dir.join(tool).is_file()) || Path::new(tool).is_file();
    let package = PACKAGES.iter().find(|(name, _)| *name == tool).map_or(tool, |(_, package)| package);
    need_that(found, &format!("{tool} (install the package '{package}')"))
}

/// Whether an agent from the npm registry is in `PATH`. Where CI could not reach the registry (`CHANT_WITHOUT_REGISTRY`), its absence is
/// never a failure. See [`need_that`].
#[track_caller]
pub(crate) fn need_agent(agent: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|dir| dir.join(agent).is_file());
    if !found && std::env::var_os("CHANT_WITHOUT_REGISTRY").is_some() {
        report(&format!("the agent {agent}, and no registry can be reached"));
        return false;
    }
    need_that(found, &format!("the agent {agent}"))
}

/// Gives `there` back. Where it is false, names the test and what it needs on stderr, or fails if `CHANT_REQUIRE_TOOLS` is set.
#[track_caller]
pub(crate) fn need_that(there: bool, what: &str) -> bool {
    if !there {
        assert!(std::env::var_os("CHANT_REQUIRE_TOOLS").is_none(), "this test needs {what}");
        report(what);
    }
    there
}

/// Names the test of this thread as skipped.
pub(crate) fn report(what: &str) {
    let name = std::thread::current().name().unwrap_or("?").to_owned();
    // Not through the macros: cargo shows what they print of failed tests only.
    let _closed = std::io::stderr().write_all(format!("test {name} ... skipped: it needs {what}\n").as_bytes());
}
