//! What a mistyped command line may have meant: hints for what clap refuses.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::COMMANDS;

/// The name among `known` that `typed` is most like: at most two letters added, left out, changed or swapped, one in a short name.
pub(crate) fn nearest<'a>(known: impl IntoIterator<Item = &'a str>, typed: &str) -> Option<&'a str> {
    let allowed = if typed.chars().count() < 4 { 1 } else { 2 };
    let far = known.into_iter().map(|name| (strsim::damerau_levenshtein(name, typed), name));
    far.min_by_key(|(far, _)| *far).filter(|(far, _)| *far <= allowed).map(|(_, name)| name)
}

/// What to say of a command that does not exist, and how to go on.
pub(super) fn unknown_command(error: &clap::Error) -> Option<(String, String)> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let ContextValue::String(typed) = error.get(ContextKind::InvalidSubcommand)? else { return None };
    let hint = match nearest(COMMANDS.iter().map(|(name, ..)| *name), typed) {
        Some(name) => format!("did you mean: git chant {name}"),
        None => "to list the commands: git chant -h".to_owned(),
    };
    Some((format!("'{typed}' is not a git chant command"), hint))
}

/// How to go on after `error`, where the options and arguments of the command do not say it.
pub(super) fn hint(error: &clap::Error, args: &[OsString]) -> Option<String> {
    let typed = |name: &str| args.iter().any(|arg| arg == name);
    match error.kind() {
        ErrorKind::UnknownArgument if typed("add") => {
            let words = args.iter().skip_while(|arg| *arg != "add").skip(1).map(|arg| arg.to_str());
            let words: Vec<&str> = words.collect::<Option<_>>()?;
            let plain = |word: &&str| !word.starts_with('-') && !word.contains(['"', '\\', '$', '`']);
            let title = words.iter().all(plain) && words.len() > 1;
            title.then(|| format!("a title of several words needs quotes: git chant add \"{}\"", words.join(" ")))
        }
        ErrorKind::MissingRequiredArgument if typed("work") => {
            Some("to work on every ready spec: git chant work --all".to_owned())
        }
        ErrorKind::MissingRequiredArgument => match error.get(ContextKind::InvalidArg)? {
            ContextValue::Strings(missing) if missing.iter().any(|name| name.starts_with("<spec>")) => {
                Some("to list the specs: git chant list".to_owned())
            }
            _ => None,
        },
        _ => None,
    }
}
