//! What a command of a spec, or of the person's settings, came to. Where it runs is not decided here.

use std::path::Path;

use crate::{
    agent::process::{Ending, Finished},
    domain::{checks::Command, proof},
    error::{Error, Exit, Kind, Result},
    project::Project,
};

/// How `command` ended, as evidence.
///
/// # Errors
/// `interrupted` if the person ended it.
pub(super) fn record(command: &str, finished: &Finished) -> Result<Command> {
    let mut seen = Command {
        command: command.to_owned(),
        duration_ms: u64::try_from(finished.duration.as_millis()).unwrap_or(u64::MAX),
        tail: Some(tail(&finished.tail)),
        ..Command::default()
    };
    match finished.ending {
        Ending::Exited(code) => seen.exit = Some(code),
        Ending::Signalled(signal) => seen.ended = Some(format!("killed by signal {signal}")),
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
    // All of it: a failing test is named where it ran, before thousands that passed.
    let output = String::from_utf8_lossy(&finished.tail).into_owned();
    proof::note(&mut seen, &output);
    seen.output = Some(output);
    Ok(seen)
}

/// What a command left running, in words.
pub(super) fn left_running(finished: &Finished) -> Option<String> {
    let names = &finished.left;
    let which = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
    Some(match finished.survivors {
        0 => return None,
        1 => format!("it left a background process, now stopped{which}"),
        many => format!("it left {many} background processes, now stopped{which}"),
    })
}

/// Prepares the checkout at `path` with `chant.worktreeSetup`, which is run by `run`, if it is set.
///
/// # Errors
/// `worktree-setup` if it fails.
pub(crate) fn set_up(project: &Project, path: &Path, run: impl FnOnce(&str) -> Result<Finished>) -> Result<()> {
    let Some(command) = project.config().worktree_setup()? else { return Ok(()) };
    let finished = run(&command.to_string())?;
    if finished.ending.success() {
        return Ok(());
    }
    let message = format!("chant.worktreeSetup {} in '{}'", finished.ending, path.display());
    let mut error = Error::fatal(Kind::WorktreeSetup, message);
    if let Ending::Interrupted(signal) = finished.ending {
        error.exit = Exit::Signal(signal);
    }
    Err(error.printed(&tail(&finished.tail)))
}

/// The last lines of the output, clean of control sequences.
fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<String> = text.lines().map(crate::terminal::sanitize::line).collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::runner::Outcome;

    #[test]
    fn a_test_that_fails_before_many_that_pass_counts() {
        let passed: String = (0..2000)
            .map(|number| format!("=== RUN   TestOfSomeLength{number}\n--- PASS: TestOfSomeLength{number} (0.00s)\n"))
            .collect();
        let output = format!("=== RUN   TestSum\n--- FAIL: TestSum (0.00s)\n{passed}FAIL\nFAIL\tcalc\t0.1s\n");
        let finished = Finished {
            ending: Ending::Exited(1),
            duration: Duration::ZERO,
            tail: output.into_bytes(),
            survivors: 0,
            left: Vec::new(),
            transcript_error: None,
        };
        let seen = record("go test ./...", &finished).unwrap();
        assert_eq!((seen.outcome(), seen.ran), (Outcome::Failed, Some(2001)));
    }
}
