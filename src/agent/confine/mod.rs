//! What a run may write, and the system's own means of keeping it to that.
//!
//! A [`Sandbox`] is a value: paths with the access that a run has to them. [`enter`] turns it into the words that are put before the
//! command line of the run, after it has tried them once. Which paths a run of a spec gets is decided by the callers; git is unknown here.

mod bubblewrap;
mod calls;
mod identity;
mod known;
mod layers;
mod mounts;
mod placeholder;
mod protected;
mod sandbox;
mod seatbelt;
mod servers;

use std::{
    ffi::OsString,
    fmt, fs, io,
    path::{Path, PathBuf},
};

pub(crate) use identity::Identities;
use known::Known;
pub(crate) use layers::{Layer, Layers};
pub(crate) use protected::Protected;
pub(crate) use sandbox::{Mapped, Sandbox};
#[cfg(test)]
pub(crate) use seatbelt::profile;
pub(crate) use servers::sockets;

use crate::{
    domain::confined::Confined,
    env::{Env, fault},
    error::{IoContext, Result},
};
use placeholder::Placeholder;

/// Why a run cannot be confined here.
#[derive(Debug)]
pub(crate) enum Unavailable {
    /// This system has no sandbox that is known.
    System,
    /// The sandbox of this system cannot show a run another file in place of one.
    NotMapped,
    /// The sandbox of this system has no layers, or a path cannot be named to it.
    NotLayered,
    /// The program of the sandbox is not installed.
    NotInstalled(&'static str),
    /// The kernel lets this user make no user namespace; the setting that says so.
    Forbidden(&'static str),
    /// The sandbox was tried and failed: what it said.
    Failed(String),
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unavailable::System => f.write_str("no sandbox is known for this system"),
            Unavailable::NotMapped => f.write_str("the sandbox of this system cannot give a run a private repository"),
            Unavailable::NotLayered => f.write_str("there are no overlay file systems here"),
            Unavailable::NotInstalled(program) => write!(f, "'{program}' is not installed"),
            Unavailable::Forbidden(setting) => write!(f, "user namespaces are forbidden here: {setting}"),
            Unavailable::Failed(said) => write!(f, "the sandbox does not work here: {said}"),
        }
    }
}

/// A sandbox that works, for one run.
#[derive(Debug)]
pub(crate) struct Confinement {
    /// What confines the run.
    pub by: Confined,
    /// The words that go before the program and its arguments.
    pub prefix: Vec<OsString>,
    /// Variables that the run gets besides.
    pub env: Vec<(OsString, OsString)>,
    /// What the run cannot change.
    pub protected: Protected,
    /// Files that had to be made to keep their names empty; gone when the last run that needs them is over.
    _placeholders: Vec<Placeholder>,
}

impl Confinement {
    /// Whether a program that has a sandbox of the same kind can start that within this one: bubblewrap lets an ordinary user, and not root.
    pub(crate) fn nests(&self) -> bool {
        let [program, words @ ..] = self.prefix.as_slice() else { return true };
        let mut command = std::process::Command::new(program);
        command.args(words).args([bubblewrap::PROGRAM, "--unshare-user", "--ro-bind", "/", "/", "true"]);
        command.stdin(std::process::Stdio::null());
        self.by == Confined::Bubblewrap && command.output().is_ok_and(|output| output.status.success())
    }
}

/// Where it is kept that the sandbox works: in `dir`. `None` where it has to be tried at each start.
pub(crate) fn known(env: &Env, dir: &Path) -> Option<Known> {
    (std::env::consts::OS == "linux").then(|| Known::of(env, dir, bubblewrap::PROGRAM, &bubblewrap::settings()))?
}

/// Makes `sandbox` ready, and tries it unless it is known to work. That it cannot work here is an answer, not an error.
///
/// # Errors
/// If the files that the sandbox needs cannot be made.
pub(crate) fn enter(sandbox: &Sandbox) -> Result<Result<Confinement, Unavailable>> {
    let (by, program) = match std::env::consts::OS {
        "linux" => (Confined::Bubblewrap, bubblewrap::PROGRAM),
        "macos" if sandbox.mapped.is_empty() => (Confined::Seatbelt, seatbelt::PROGRAM),
        "macos" => return Ok(Err(Unavailable::NotMapped)),
        _ => return Ok(Err(Unavailable::System)),
    };
    let program = if sandbox.layers.is_some() { layers::PROGRAM } else { program };
    if let Some(layers) = &sandbox.layers {
        if by != Confined::Bubblewrap || !layers.can_be_named() {
            return Ok(Err(Unavailable::NotLayered));
        }
        layers.make_ready()?;
    }
    if sandbox.strict {
        let temporary = sandbox.temporary();
        fs::create_dir_all(&temporary).io("create", &temporary)?;
    }
    let files = sandbox.kept_files.iter().map(|path| Placeholder::file(path));
    // Runs that have a layer at the same place need the directory below it: removed by one, it takes away the layers of all.
    let places = sandbox.layers.iter().flat_map(Layers::places);
    let dirs = sandbox.kept_dirs.iter().map(PathBuf::as_path).chain(places).map(Placeholder::directory);
    let mut placeholders = files.chain(dirs).collect::<Result<Vec<_>>>()?;
    // The one that made a directory above several is removed last.
    placeholders.reverse();
    let prefix: Vec<OsString> = match by {
        Confined::Seatbelt => seatbelt::prefix(sandbox),
        _ => sandbox.layers.iter().flat_map(Layers::prefix).chain(bubblewrap::prefix(sandbox)).collect(),
    };
    let place = if sandbox.layers.is_some() { &sandbox.run_dir } else { &sandbox.worktree };
    if !sandbox.tried
        && !sandbox.known.as_ref().is_some_and(|known| known.holds(sandbox.strict, sandbox.layers.as_ref()))
    {
        if let Err(why) = try_once(program, &prefix, place) {
            return Ok(Err(why));
        }
        if let Some(known) = &sandbox.known {
            let _tried_again_next_time: io::Result<()> = known.remember(sandbox.strict, sandbox.layers.as_ref());
        }
    }
    let temporary = sandbox.temporary().into_os_string();
    let env = if sandbox.strict { vec![("TMPDIR".into(), temporary)] } else { Vec::new() };
    let protected = Protected::of(sandbox);
    Ok(Ok(Confinement { by, prefix, env, protected, _placeholders: placeholders }))
}

/// Runs `true` in the sandbox, in the worktree that has to be writable there.
fn try_once(program: &'static str, prefix: &[OsString], worktree: &Path) -> Result<(), Unavailable> {
    let mut command = std::process::Command::new(&prefix[0]);
    command.args(&prefix[1..]).args(["/bin/sh", "-c", "test -w . && test -r ."]).current_dir(worktree);
    command.stdin(std::process::Stdio::null()).env("LC_ALL", "C");
    match fault::around("sandbox.try", || command.output()) {
        Ok(output) if output.status.success() => Ok(()),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Err(Unavailable::NotInstalled(program)),
        Err(cause) => Err(Unavailable::Failed(cause.to_string())),
        Ok(output) => Err(bubblewrap::forbidden().map_or_else(
            || {
                let said = String::from_utf8_lossy(&output.stderr);
                let last = said.lines().rev().find(|line| !line.trim().is_empty());
                let last = last.unwrap_or("the worktree cannot be written there");
                Unavailable::Failed(crate::terminal::sanitize::line(last))
            },
            Unavailable::Forbidden,
        )),
    }
}
