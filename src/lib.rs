//! git-chant: intent-driven work inside git.
//!
//! A person writes a *spec*, an *agent* carries it out in a worktree and branch of its own, and what happened is recorded
//! in git itself: one event chain a spec under `refs/chant/specs/`, notes on the commits, nothing in state files.
//!
//! The rooms, from the outside in: [`cli`] parses, [`command`] has one file a verb and returns an outcome, the use cases
//! do the work and never import each other, [`store`] is the only writer of our refs, [`git`] the only spawner of git,
//! and [`domain`] is pure. [`agent`] runs processes, [`output`] is the only printer, [`config`] the one table of keys,
//! [`env`] the one place that reads clock, randomness, environment and terminal.


pub mod agent;
pub mod check;
pub mod cli;
pub mod command;
pub mod config;
pub mod domain;
pub mod env;
pub mod error;
pub mod finish;
pub mod git;
pub mod merge;
pub mod output;
pub mod project;
pub mod recover;
pub mod store;
pub mod work;

pub use error::{Error, Result};

/// Runs the command line `args`, which begins with the name of the program, and returns the exit code of the process.
pub fn run(args: impl IntoIterator<Item = std::ffi::OsString>) -> i32 {
    let args: Vec<_> = args.into_iter().collect();
    if let Some(code) = cli::complete::answer(&args) {
        return code;
    }
    match cli::parse(args.into_iter()) {
        Ok(_) => 0,
        Err(parsed) => tell(&parsed),
    }
}

/// Prints a command line that is no command to run, and returns the exit code of the process.
fn tell(parsed: &cli::parsed::Parsed) -> i32 {
    use std::io::Write as _;
    let mut out = anstream::stdout();
    let written = parsed.write(&mut out, &mut anstream::stderr()).and_then(|()| out.flush());
    match written {
        // A reader that went away, as in `git chant -h | head -1`, is no failure of ours; the code still says what happened.
        Err(cause) if cause.kind() != std::io::ErrorKind::BrokenPipe => {
            // Where stderr can't be written either, the code is all that is left to say it with.
            let _unsaid = writeln!(anstream::stderr(), "fatal: cannot write: {cause}");
            error::Exit::Fatal.code()
        }
        _ => parsed.code(),
    }
}
