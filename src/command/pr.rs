//! `git chant pr`

use super::{Context, add::read_body};
use crate::{
    answer::{Text, outcome::Outcome, progress::Step},
    authoring::decide,
    cli::{add::title as title_of, publish::PrArgs},
    domain::pattern::is_url,
    error::{Error, Kind, Result},
    exchange::pr::{self, Options, Request},
    git,
    project::Project,
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
    let body = args.body_file.as_deref().map(|path| read_body(context, path)).transpose()?;
    let options = Options {
        fork: &args.fork,
        upstream,
        base: args.base.as_deref(),
        draft: args.draft,
        head: args.head.as_deref(),
        title: args.title.as_deref(),
        body: body.as_deref(),
    };
    let mut request = pr::request(&specs, entries, &options)?;
    for (stale, by) in specs.outdated(&request.spec)? {
        let (stale, by) = (stale.short(), by.short());
        let what = format!("'{stale}' is stale: '{by}' superseded what it was informed by");
        context.progress.say(&Step::Warning(what));
    }
    if args.edit {
        edit(&project, &mut request)?;
    }
    if args.upstream {
        confirm(context, &request, &args.what)?;
    }
    if !args.run {
        return Ok(Outcome::new(Text { text: request.script() }));
    }
    let text = request.run(&project, context.progress)?;
    let outcome = Outcome::new(Text { text: text.clone() });
    if !is_url(&text) {
        return Ok(outcome);
    }
    let what = if args.upstream { "pull request upstream" } else { "pull request in the fork" };
    Ok(match decide::note(&project, &request.spec, &format!("{what}: {text}")) {
        Ok(_) => outcome,
        Err(error) => outcome.warning(format!("cannot record its address: {}", error.message)),
    })
}

/// Lets the person edit title and body: the first line is the title.
fn edit(project: &Project, request: &mut Request) -> Result<()> {
    let failed = |what: &str, cause: std::io::Error| Error::fatal(Kind::Tempdir, format!("cannot {what}: {cause}"));
    let dir = tempfile::tempdir().map_err(|cause| failed("make a directory", cause))?;
    let path = dir.path().join("PULL_REQUEST.md");
    let text = format!("{}\n\n{}", request.title, request.body);
    std::fs::write(&path, text).map_err(|cause| failed("write the text", cause))?;
    project.env.edit(&git::editor(&project.repo)?, &path)?;
    let text = std::fs::read_to_string(&path).map_err(|cause| failed("read the text", cause))?;
    let (title, body) = text.trim_start().split_once('\n').unwrap_or((text.trim(), ""));
    request.title = title_of(title).map_err(|why| Error::negative(Kind::NotConfirmed, format!("aborted: {why}")))?;
    request.body = format!("{}\n", body.trim());
    Ok(())
}

/// Has a person at a terminal type the topic or spec of the pull request. That guards against accident; it is no sandbox.
fn confirm(context: &Context<'_>, request: &Request, what: &str) -> Result<()> {
    if !context.interactive {
        return Err(Error::negative(Kind::PersonOnly, "a pull request upstream needs a person at a terminal")
            .hint("run it in a terminal"));
    }
    context.progress.say(&Step::Note(format!("This goes to {}: {}", request.into.path, request.title)));
    for line in request.body.lines() {
        context.progress.say(&Step::Note(format!("  {line}")));
    }
    if context.env.ask(&format!("Type '{what}' to continue"))?.trim() == what {
        Ok(())
    } else {
        Err(Error::negative(Kind::NotConfirmed, "confirmation did not match; aborted"))
    }
}
