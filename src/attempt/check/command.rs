//! Runs one command of a spec where it is to be checked. Whether its outcome is good enough is not decided here.

use std::{ffi::OsString, path::Path};

use crate::{
    agent::process::{self, Ending, Run},
    domain::{checks::Command, id::SpecId},
    error::{Error, Exit, Kind, Result},
    git::process::scrubbed_env,
    project::Project,
};

/// Runs `command` by `sh -c` in `dir`, without git's own variables, and records how it ended; `ok` is left to the caller.
///
/// # Errors
/// If it cannot be run at all, or the person interrupts it.
pub(crate) fn run_command(project: &Project, spec: &SpecId, command: &str, dir: &Path) -> Result<Command> {
    let mut run = Run::new(command, dir);
    run.env = environment(project, spec);
    run.timeout = project.config().verify_timeout()?;
    let finished = process::run(run)?;
    let mut seen = Command {
        command: command.to_owned(),
        duration_ms: u64::try_from(finished.duration.as_millis()).unwrap_or(u64::MAX),
        tail: Some(tail(&finished.tail)),
        ..Command::default()
    };
    match finished.ending {
        Ending::Exited(code) => seen.exit = Some(code),
        Ending::Signalled(signal) => seen.ended = Some(format!("ended by signal {signal}")),
        Ending::TimedOut(after) => {
            seen.ended = Some(format!("timed out after {}", humantime::format_duration(after)));
        }
        Ending::Interrupted(signal) => {
            return Err(Error {
                exit: Exit::Signal(signal),
                ..Error::fatal(Kind::Interrupted, format!("interrupted while checking '{command}'"))
            });
        }
    }
    Ok(seen)
}

/// What is different in the environment of a process that works on `spec`: git's own local variables are absent, since they would tie
/// it to another worktree and index.
pub(crate) fn environment(project: &Project, spec: &SpecId) -> Vec<(OsString, Option<OsString>)> {
    let mut env: Vec<_> = scrubbed_env(&project.env).into_iter().map(|name| (name, None)).collect();
    env.push(("CHANT_SPEC_ID".into(), Some(spec.as_str().into())));
    env
}

/// The last lines of the output, clean of control sequences.
fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<String> = text.lines().map(crate::terminal::sanitize::line).collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
