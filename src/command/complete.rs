//! Completion: the scripts in `completions/` call this binary back with `COMPLETE` set.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Arg;
use clap_complete::{
    CompleteEnv,
    engine::{ArgValueCompleter, CompletionCandidate},
};

use crate::{
    cli,
    env::Env,
    error::Result,
    query::completion::{Completer, RESTORE, ValueKind},
};

/// Answers a shell that asks for completions, if it is one that calls: the exit code then, otherwise nothing and nothing is done.
///
/// The name is given because clap would register the completion for the first word of `git chant`: for git itself.
pub(crate) fn answer(args: &[OsString]) -> Option<i32> {
    let env = Env::from_process().ok()?;
    // Looked at here too, so that an ordinary run does not pay for the definition of the command line twice.
    env.var("COMPLETE")?;
    let words = words(args);
    let at = current(&env, words);
    let (directories, command) = beginning(&words[..at.min(words.len())]);
    let there = directories.iter().try_fold(env.clone(), |env, dir| enter(&env, dir)).ok();
    let directory = there.as_ref().unwrap_or(&env).cwd().to_owned();
    let completer = Arc::new(Completer::new(there));
    let options = words.get(at).is_some_and(|word| word.as_encoded_bytes().starts_with(b"-"));
    let restores = words.iter().any(|word| word == "--restore");
    let factory = || definition(command, &completer, options, restores);
    let asked = CompleteEnv::with_factory(factory).bin("git-chant").try_complete(args.to_vec(), Some(&directory));
    match asked {
        Ok(true) => Some(0),
        Ok(false) => None,
        // An unknown shell, or a reader that went away: the shell shows nothing in either case.
        Err(_) => Some(128),
    }
}

/// The words of the line that is completed.
fn words(args: &[OsString]) -> &[OsString] {
    args.iter().position(|arg| arg == "--").map_or(&[], |at| &args[at + 1..])
}

/// Which of them is completed.
fn current(env: &Env, words: &[OsString]) -> usize {
    let index = env.text("_CLAP_COMPLETE_INDEX").and_then(|index| index.parse().ok());
    index.unwrap_or(words.len().saturating_sub(1))
}

/// The parts of the line before the word to complete: the directories that are named with `-C`, and the command.
fn beginning(before: &[OsString]) -> (Vec<PathBuf>, Option<&OsString>) {
    let mut words = before.iter().skip(1);
    let mut directories = Vec::new();
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("-C") => directories.extend(words.next().map(PathBuf::from)),
            Some("--format" | "--color") => drop(words.next()),
            Some(option) if option.starts_with('-') => {}
            _ => return (directories, Some(word)),
        }
    }
    (directories, None)
}

/// The environment in a directory that some shells give as it was typed, with quotes and a tilde.
fn enter(env: &Env, dir: &Path) -> Result<Env> {
    let as_typed = || {
        let typed = shell_words::split(dir.to_str()?).ok()?.pop()?;
        let below_home = typed.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let path = match below_home {
            Some(rest) => env.home()?.join(rest.trim_start_matches('/')),
            None => PathBuf::from(typed),
        };
        env.enter(&path).ok()
    };
    env.enter(dir).or_else(|error| as_typed().ok_or(error))
}

/// The command line, with what its values may be: all of it, unless the `command` is known already. As with git, options are for who
/// has typed a dash; otherwise they stand behind all that there is. `restores` tells that `--restore` is on the line.
fn definition(command: Option<&OsString>, completer: &Arc<Completer>, options: bool, restores: bool) -> clap::Command {
    let shown = |arg: Arg| if options || arg.is_positional() { arg } else { arg.hide(true) };
    let needed = cli::needed(command.into_iter());
    let command = if needed.has_subcommands() { needed } else { cli::command() };
    command.disable_help_flag(!options).mut_args(shown).mut_subcommands(|sub| {
        let name = cli::COMMANDS.iter().map(|(name, ..)| *name).find(|name| sub.get_name() == *name);
        let name = name.map(|name| if restores && name == "archive" { RESTORE } else { name });
        sub.disable_help_flag(!options).mut_args(|arg| shown(offering(arg, name.unwrap_or_default(), completer)))
    })
}

/// The argument with what its value may be, by what it is called.
fn offering(arg: Arg, command: &'static str, completer: &Arc<Completer>) -> Arg {
    let called = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    let wanted = match (called.as_str(), arg.get_long()) {
        // An option that names another spec than that of the command may name any.
        ("spec", Some(_)) => ValueKind::Spec(""),
        ("spec", None) => ValueKind::Spec(command),
        ("spec-or-topic", _) => ValueKind::SpecOrTopic,
        ("label", _) => ValueKind::Label,
        ("topic", _) | (_, Some("topic")) => ValueKind::Topic,
        ("branch", _) => ValueKind::Branch,
        ("remote", _) => ValueKind::Remote,
        (_, Some("agent")) if arg.get_action().takes_values() && arg.get_possible_values().is_empty() => {
            ValueKind::Agent
        }
        _ => return arg,
    };
    let completer = Arc::clone(completer);
    arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
        let candidates = completer.candidates(wanted, typed);
        let candidate = |(at, offer): (usize, crate::query::completion::Candidate)| {
            CompletionCandidate::new(offer.value).help(offer.help.map(Into::into)).display_order(Some(at))
        };
        candidates.into_iter().enumerate().map(candidate).collect::<Vec<_>>()
    }))
}
