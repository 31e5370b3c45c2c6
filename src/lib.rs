//! git-chant: intent-driven work inside git.
//!
//! A person writes a *spec*, an *agent* works on it in a worktree and branch of its own, and what happened is recorded
//! in git itself: one event chain a spec under `refs/chant/specs/`, notes on the commits, nothing in state files.
//!
//! `src/ARCHITECTURE.md` describes the rooms of the source. The library has one entry, [`run`]; everything else is its own.

mod agent;
mod answer;
mod attempt;
mod authoring;
mod cli;
mod command;
mod config;
mod demo;
mod domain;
mod env;
mod error;
mod exchange;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[path = "../tests/fuzz/readers.rs"]
pub mod fuzz;
mod git;
mod manual;
mod output;
mod project;
mod query;
mod specs;
mod store;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
#[expect(dead_code, reason = "it has what other tests need")]
mod support;
mod terminal;
mod upkeep;

use std::io::{self, Write as _};

use cli::parsed::Parsed;
use error::{Error, Result};

/// What the benchmark and the tests outside of this crate need of it; no part of the interface.
#[doc(hidden)]
pub mod testing {
    pub use crate::{
        agent::preset,
        answer::schema,
        config::keys,
        domain::{
            event::{Facts, Landing, Op, Pin},
            id::SpecId,
            new_event::NewEvent,
            spec_file::KEYS as SPEC_KEYS,
        },
        env::fault::PLACES,
        error::Kind,
        manual::{Guide, files, pages},
        store::{Addition, Evidence, Refusal, Settings, Store},
    };
}

/// Runs the command line `args`, which begins with the name of the program, and returns the exit code of the process.
pub fn run(args: impl IntoIterator<Item = std::ffi::OsString>) -> i32 {
    let args: Vec<_> = args.into_iter().collect();
    if let Some(code) = command::complete::answer(&args) {
        return code;
    }
    let _timed = env::trace::region(|| {
        shell_words::join(
            ["git", "chant"].map(Into::into).into_iter().chain(args.iter().skip(1).map(|arg| arg.to_string_lossy())),
        )
    });
    match cli::parse(args.iter().cloned()) {
        Ok(cli) => run_command(&cli),
        Err(cli::parsed::Parsed::Mistake { error, json: true, .. }) => {
            let settings = terminal::settings::Settings { json: true, ..terminal::settings::Settings::default() };
            output::Printer::new(settings).finish(&Err(*error))
        }
        Err(parsed) => print_parsed(&parsed),
    }
}

/// Runs a command that was understood, and prints how it ended.
fn run_command(cli: &cli::Cli) -> i32 {
    let global = &cli.global;
    let env = match env::Env::from_process() {
        Ok(env) => global.directory.iter().try_fold(env, |env, dir| env.enter(dir)),
        Err(error) => Err(error),
    };
    let env = match env {
        Ok(env) => env,
        Err(error) => {
            let settings =
                terminal::settings::Settings { json: global.json, ..terminal::settings::Settings::default() };
            return output::Printer::new(settings).finish(&Err(error));
        }
    };
    let configuration = command::appearance::Configuration::new(&env);
    let settings = command::appearance::settings(global, &env, &configuration);
    let pager = command::appearance::pager(cli, &env, &configuration);
    let printer = match &pager {
        Some(pager) => output::Printer::on(settings, pager.out(), pager.err()),
        None => output::Printer::new(settings),
    };
    let mut printer = printer.advised_by(command::appearance::advice(global, &env, &configuration));
    let opened = std::sync::Mutex::new(configuration.into_repository());
    let machine = global.json || global.null || global.format.is_some();
    let ended = printer.prepare(command::fields(cli)).and_then(|()| {
        let interactive = !machine && env.may_prompt();
        let (env, quiet, brief) = (env.clone(), global.quiet, !machine);
        command::run(
            &command::Context { env, opened: &opened, progress: &printer, screen: &printer, quiet, brief, interactive },
            &cli.command,
        )
    });
    let code = printer.finish(&ended);
    // The process is about to end: an answer of thousands of lines is not taken apart before.
    std::mem::forget(ended);
    if let Some(pager) = pager {
        pager.end();
    }
    code
}

/// Prints a command line that is no command to run, and returns the exit code of the process.
fn print_parsed(parsed: &Parsed) -> i32 {
    let (mut out, mut err) = (anstream::stdout(), anstream::stderr());
    match parsed.write(&mut out, &mut err).and_then(|()| out.flush()) {
        // A reader that went away, as in `git chant -h | head -1`, is no failure of ours; the code still says what happened.
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            // Where stderr can't be written either, the code is all that is left to say it with.
            let _unsaid = writeln!(err, "fatal: cannot write: {cause}");
            error::Exit::Fatal.code()
        }
        _ => parsed.code(),
    }
}
