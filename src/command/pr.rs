//! `git chant pr`

use super::Context;
use crate::{
    answer::{Text, outcome::Outcome, progress::Step},
    cli::publish::PrArgs,
    error::{Error, Kind, Result},
    exchange::pr::{self, Options, Request},
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &PrArgs) -> Result<Outcome> {
    let project = context.project()?;
    let specs = Specs::new(&project)?;
    // The name of an investigation means its specs.
    let mut entries = specs.of_topic(&args.what)?;
    if entries.is_empty() {
        entries.push(specs.entry(&context.pick(&project, &args.what)?)?);
    }
    let upstream = args.upstream.then_some(args.project.as_str());
    let options = Options { fork: &args.fork, upstream, base: args.base.as_deref(), draft: args.draft };
    let request = pr::request(&specs, entries, &options)?;
    if args.upstream {
        confirm(context, &request, &args.what)?;
    }
    let text = if args.run { request.run(&project, context.progress)? } else { request.script() };
    Ok(Outcome::new(Text { text }))
}

/// Has a person at a terminal type the topic or spec of the pull request. That guards against accident; it is no sandbox.
fn confirm(context: &Context<'_>, request: &Request, what: &str) -> Result<()> {
    if !context.interactive {
        return Err(Error::negative(Kind::PersonOnly, "a pull request upstream needs a person at a terminal")
            .hint("run it where it can ask you"));
    }
    context.progress.say(&Step::Note(format!("This goes to {}: {}", request.into.path, request.title)));
    if context.env.ask(&format!("Type '{what}' to go on"))?.trim() == what {
        Ok(())
    } else {
        Err(Error::negative(Kind::NotConfirmed, "nothing was done: that is not what was asked for"))
    }
}
