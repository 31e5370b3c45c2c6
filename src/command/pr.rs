//! `git chant pr`

use std::path::PathBuf;

use super::{Context, draft::read_body};
use crate::{
    answer::{Text, outcome::Outcome, progress::Step},
    authoring::decide,
    cli::{add::title as title_of, publish::PrArgs},
    domain::{id::SpecId, pattern::is_url, spec_type::SpecType},
    env::local_file,
    error::{Error, IoContext as _, Kind, Result},
    exchange::pr::{self, Options, Request},
    git,
    project::Project,
    specs::all::Specs,
};

/// The file below `.git/chant` in which a person edits a pull request.
const EDITED: &str = "PULL_REQUEST.md";

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
    if args.upstream {
        refuse_rejected(&specs, &request.spec)?;
    }
    for (stale, by) in specs.outdated(&request.spec)? {
        let (stale, by) = (stale.short(), by.short());
        let what = format!("'{stale}' is stale: '{by}' superseded what it was informed by");
        context.progress.say(&Step::Warning(what));
    }
    let edited = if args.edit { Some(edit(&project, &mut request)?) } else { None };
    let not_lost = |error: Error| match &edited {
        Some(path) => error.hint(format!("your text is kept in '{}'; its first line is the title", path.display())),
        None => error,
    };
    if args.upstream {
        confirm(context, &request, &args.what).map_err(not_lost)?;
    }
    if !args.run {
        return Ok(Outcome::new(Text { text: request.script() }));
    }
    let text = request.run(&project, context.progress).map_err(not_lost)?;
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

/// Refuses what goes upstream while a person's rejection of the spec, or of a gate of its investigation, stands.
fn refuse_rejected(specs: &Specs<'_>, spec: &SpecId) -> Result<()> {
    let entry = specs.entry(spec)?;
    let topic = entry.spec().and_then(|spec| spec.front.topic.clone());
    let mut asked = topic.map_or_else(|| Ok(Vec::new()), |topic| specs.of_any_topic(&topic))?;
    asked.retain(|entry| entry.spec().is_some_and(|spec| spec.front.kind == SpecType::Gate));
    specs.retain_current(&mut asked)?;
    for one in asked.iter().chain([&entry]) {
        if let Some(why) = specs.rejection(one)? {
            let short = one.id.short();
            let message = format!("cannot make a pull request upstream: '{short}': {why}");
            return Err(Error::negative(Kind::NotReady, message)
                .hint(format!("to allow it: git chant approve {short} -m \"...\"")));
        }
    }
    Ok(())
}

/// Lets the person edit title and body: the first line is the title. Gives the file with the text, which stays, as that of a commit message does.
fn edit(project: &Project, request: &mut Request) -> Result<PathBuf> {
    let dir = project.repo.chant_dir();
    let path = dir.join(EDITED);
    local_file::replace(&dir, EDITED, format!("{}\n\n{}", request.title, request.body).as_bytes())?;
    project.env.edit(&git::editor(&project.repo)?, &path)?;
    let text = std::fs::read_to_string(&path).io("read", &path)?;
    let (title, body) = text.trim_start().split_once('\n').unwrap_or((text.trim(), ""));
    request.title = title_of(title).map_err(|why| Error::negative(Kind::NotConfirmed, format!("aborted: {why}")))?;
    request.body = format!("{}\n", body.trim());
    Ok(path)
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
