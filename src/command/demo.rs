//! `git chant demo`

use super::Context;
use crate::{
    answer::{DemoAnswer, Suggestion, outcome::Outcome},
    cli::upkeep::DemoArgs,
    demo::{self, TOPIC},
    error::Result,
};

pub(super) fn run(context: &Context<'_>, args: &DemoArgs) -> Result<Outcome> {
    let left = demo::demo(&context.env, args.directory.as_deref(), context.progress)?;
    let (fix, gate) = (&left.fix, &left.gate);
    let typed = |path: &std::path::Path| shell_words::quote(&path.to_string_lossy()).into_owned();
    let look = [
        (format!("cd {}", typed(&left.path)), "the repository, with everything that you have seen"),
        (format!("git log --graph --oneline chant/specs/{fix}"), "the fix, and every phase that informed it"),
        (format!("git log --first-parent chant/specs/{fix}"), "the life of the fix, event by event"),
        ("git log --notes=chant main".to_owned(), "which spec each commit came from"),
        (format!("git chant show {}", fix.short()), "what was asked, what was checked, how it ended"),
        (format!("git chant edit {}", gate.short()), "what is left for you: tick what you have done ..."),
        (format!("git chant finish {}", gate.short()), "... and pass the gate"),
        (format!("rm -rf {}", typed(&left.made)), "when you have seen enough"),
        ("git chant init".to_owned(), "then, in a repository of your own"),
        (format!("git -C {} chant report {TOPIC} --open", typed(&left.path)), "all of it on one page, in your browser"),
    ];
    let look = look.into_iter().map(|(command, shows)| Suggestion { command, shows: shows.to_owned() }).collect();
    Ok(Outcome::new(DemoAnswer { path: left.path.into(), look }))
}
