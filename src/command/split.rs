//! `git chant split`

use super::Context;
use crate::{
    answer::{outcome::Outcome, progress::Step},
    authoring::split::{self, Divider, Part},
    cli::work::SplitArgs,
    error::{Error, Kind, Result},
};

pub(super) fn run(context: &Context<'_>, args: &SplitArgs) -> Result<Outcome> {
    let (project, id) = context.open_to_change(&args.spec)?;
    let divider = if args.by_heading { Divider::Headings } else { Divider::Agent(args.agent.as_deref()) };
    let members = split::split(&project, &id, divider, |parts| agreed(context, args, parts), context.progress)?;
    context.added(&project, &members)
}

/// Shows what an agent proposes, and asks the person to agree.
fn agreed(context: &Context<'_>, args: &SplitArgs, parts: &[Part]) -> Result<()> {
    for (at, part) in parts.iter().enumerate() {
        let needs: Vec<String> = part.needs.iter().map(ToString::to_string).collect();
        let needs = if needs.is_empty() { String::new() } else { format!(" (after {})", needs.join(", ")) };
        context.progress.say(&Step::Note(format!("  {}. {}{needs}", at + 1, part.title)));
    }
    if args.yes {
        return Ok(());
    }
    if !context.interactive {
        return Err(Error::negative(Kind::NotConfirmed, "these parts need your agreement, and there is no terminal")
            .hint("to accept them: --yes"));
    }
    if context.env.confirm("Make these members?")? {
        Ok(())
    } else {
        Err(Error::negative(Kind::NotConfirmed, "no member created; aborted"))
    }
}
