//! `git chant pr`

use super::Context;
use crate::{
    agent::process::{self, Run, Stdin},
    answer::{Text, outcome::Outcome, progress::Step},
    authoring::topic,
    cli::publish::PrArgs,
    error::{Error, Kind, Result},
    exchange::pr::{self, Request, host},
    git::history,
    project::Project,
    specs::all::{Entry, Specs},
};

pub(super) fn run(context: &Context<'_>, args: &PrArgs) -> Result<Outcome> {
    let project = context.project()?;
    let request = request(context, &project, args)?;
    if args.upstream {
        confirmed(context, &request, &args.what)?;
    }
    if args.run {
        return carry_out(context, &project, &request);
    }
    Ok(Outcome::new(Text { text: typed(&request) }))
}

fn request(context: &Context<'_>, project: &Project, args: &PrArgs) -> Result<Request> {
    let specs = Specs::new(project)?;
    let entry = pr::subject(&specs, entries(context, project, &specs, &args.what)?)?;
    let from = host::place(project, &args.fork)?;
    let into = if args.upstream { host::place(project, &args.project)? } else { from.clone() };
    let base = match &args.base {
        Some(base) => base.clone(),
        None => project.default_branch(&into.remote)?,
    };
    let (branch, tip) = pr::branch(project, &entry, &base)?;
    let theirs = project.repo.gix().try_find_reference(format!("refs/remotes/{}/{base}", into.remote).as_str())?;
    let theirs = match theirs {
        Some(mut found) => Some(found.peel_to_id()?.detach()),
        None => project.branch_tip(&format!("refs/heads/{base}"))?,
    };
    let since = theirs.map(|theirs| history::merge_base(&project.repo, theirs, tip)).transpose()?.flatten();
    let (title, body) = pr::text(&specs, &entry, since, tip)?;
    Ok(Request { into, from, base, branch, title, body, draft: args.draft })
}

/// What a person means: the specs of an investigation of that name, else a spec.
fn entries(context: &Context<'_>, project: &Project, specs: &Specs<'_>, what: &str) -> Result<Vec<Entry>> {
    let of_topic = topic::entries(specs, what)?;
    if of_topic.is_empty() { Ok(vec![specs.entry(&context.pick(project, what)?)?]) } else { Ok(of_topic) }
}

/// The gate: a person at a terminal types what goes out. It guards against accident; it is no sandbox.
fn confirmed(context: &Context<'_>, request: &Request, what: &str) -> Result<()> {
    context.refuse_agent("make a pull request upstream")?;
    if !context.interactive {
        return Err(Error::negative(Kind::PersonOnly, "a pull request upstream needs a person at a terminal")
            .hint("run it where it can ask you"));
    }
    context.progress.say(&Step::Note(format!("This goes to {}: {}", request.into.path, request.title)));
    let answer = context.env.ask(&format!("Type '{what}' to go on"))?;
    if answer.trim() == what {
        Ok(())
    } else {
        Err(Error::negative(Kind::NotConfirmed, "nothing was done: that is not what was asked for"))
    }
}

/// The commands as a person would type them.
fn typed(request: &Request) -> String {
    let mark = marker(&request.body);
    format!(
        "{}\n{} {} \"$(cat <<'{mark}'\n{}\n{mark}\n)\"\n",
        shell_words::join(request.push()),
        shell_words::join(request.create()),
        request.body_option(),
        request.body.trim_end()
    )
}

/// A line that the body does not have.
fn marker(body: &str) -> String {
    let mut mark = "EOF".to_owned();
    while body.lines().any(|line| line == mark) {
        mark.push('_');
    }
    mark
}

fn carry_out(context: &Context<'_>, project: &Project, request: &Request) -> Result<Outcome> {
    let create =
        [request.create(), vec![request.body_option().to_owned(), request.body.trim_end().to_owned()]].concat();
    let mut said = String::new();
    for words in [request.push(), create] {
        let line = shell_words::join(&words);
        let shown = shell_words::join(words.iter().take(if words[0] == "git" { 4 } else { 3 }));
        context.progress.say(&Step::Command(&shown));
        let mut lines = |line: &str| context.progress.say(&Step::AgentLine(line));
        let mut run = Run::new(&line, project.env.cwd());
        run.stdin = Stdin::Null;
        run.sink = Some(&mut lines);
        let finished = process::run(run)?;
        if !finished.ending.success() {
            return Err(Error::negative(Kind::PrFailed, format!("'{shown}' {}", finished.ending))
                .hint("what it said stands above; without --run the commands are printed"));
        }
        said = String::from_utf8_lossy(&finished.tail).trim().lines().last().unwrap_or_default().to_owned();
    }
    Ok(Outcome::new(Text { text: said }))
}
