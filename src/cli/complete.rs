//! Completion: the scripts in `completions/` call this binary back with `COMPLETE` set.

use std::ffi::OsString;

use clap_complete::CompleteEnv;

/// Answers a shell that asks for completions, if it is one that calls: the exit code then, else nothing and nothing is done.
///
/// The name is given because clap would register the completion for the first word of `git chant`: for git itself.
pub fn answer(args: &[OsString]) -> Option<i32> {
    // Looked at here too, so that an ordinary run does not pay for the definition of the command line twice.
    std::env::var_os("COMPLETE")?;
    let directory = std::env::current_dir().ok();
    let asked =
        CompleteEnv::with_factory(super::command).bin("git-chant").try_complete(args.to_vec(), directory.as_deref());
    match asked {
        Ok(true) => Some(0),
        Ok(false) => None,
        // An unknown shell, or a reader that went away: the shell shows nothing in either case.
        Err(_) => Some(128),
    }
}
