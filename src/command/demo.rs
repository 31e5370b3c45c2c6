//! `git chant demo`

use super::{
    Context,
    outcome::{Body, Outcome},
};
use crate::{cli::upkeep::DemoArgs, demo, error::Result};

pub(super) fn run(context: &Context<'_>, args: &DemoArgs) -> Result<Outcome> {
    let left = demo::demo(&context.env, args.directory.as_deref(), context.progress)?;
    let look = [
        (format!("git log --graph --oneline chant/specs/{}", left.fix), "the fix, and every phase that informed it"),
        (format!("git log --first-parent chant/specs/{}", left.fix), "the life of the fix"),
        ("git log --notes=chant main".to_owned(), "which spec each commit came from"),
        (format!("git chant show {}", short(&left.fix)), "what was checked, and how it ended"),
        (format!("git chant show {}", short(&left.gate)), "what is left for a person"),
    ];
    let look = look.into_iter().map(|(command, tells)| (command, tells.to_owned())).collect();
    Ok(Outcome::new(Body::Demo { path: left.path, look }))
}

fn short(id: &str) -> &str {
    id.get(11..).unwrap_or(id)
}
