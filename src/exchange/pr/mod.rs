//! The use case `pr`: what a pull request says about a fix, in terms of its readers, and the commands that make it. Whether it may be
//! made is asked by the command.

pub(crate) mod host;
mod template;

use gix::ObjectId;

use crate::{
    agent::process,
    answer::progress::{Progress, Step},
    domain::{
        checks::Checks, event::Op, id::SpecId, pattern::is_url, phase::Phase, spec_file::section, status::Status,
    },
    error::{Error, Kind, Result},
    git::history,
    project::{
        Project,
        agent::MANUAL,
        branches::join_hint,
        target::{full_name, short_name},
    },
    specs::{all::Specs, entry::Entry, release_notes},
};

use host::{HostedRepo, Tool};

/// A pull request that could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The spec whose work it has.
    pub spec: SpecId,
    /// The repository that gets it.
    pub into: HostedRepo,
    /// The repository that the branch is pushed to.
    pub from: HostedRepo,
    /// The branch that it goes into.
    pub base: String,
    /// The branch with the work.
    pub branch: String,
    /// What is pushed as that branch; `None` if the repository has it already.
    pub source: Option<String>,
    /// The title, one line.
    pub title: String,
    /// The body, Markdown.
    pub body: String,
    /// Whether it is a draft.
    pub draft: bool,
}

impl Request {
    /// The command that pushes the branch, unless it is there.
    fn push(&self) -> Option<Vec<String>> {
        let source = self.source.as_deref()?;
        Some(["git", "push", self.from.remote.as_str(), source].map(str::to_owned).to_vec())
    }

    /// The command that makes it, without the body.
    fn create(&self) -> Vec<String> {
        let fork = self.into.path != self.from.path;
        let (program, base, head) = match self.into.tool {
            Tool::Gh => ("gh pr create", "--base", "--head"),
            Tool::Glab => ("glab mr create", "--target-branch", "--source-branch"),
        };
        let branch = match self.into.tool {
            Tool::Gh if fork => format!("{}:{}", self.from.owner(), self.branch),
            Tool::Gh | Tool::Glab => self.branch.clone(),
        };
        let mut command: Vec<String> = program.split(' ').map(str::to_owned).collect();
        let options = [("--repo", &self.into.path), (base, &self.base), (head, &branch), ("--title", &self.title)];
        let source = [("--head", &self.from.path)].into_iter().filter(|_| fork && self.into.tool == Tool::Glab);
        command
            .extend(options.into_iter().chain(source).flat_map(|(option, value)| [option.to_owned(), value.clone()]));
        command.extend(self.draft.then(|| "--draft".to_owned()));
        command
    }

    /// The commands as a person would type them, with the body as a here-document.
    pub(crate) fn script(&self) -> String {
        let body = self.body.trim_end();
        let mut mark = "EOF".to_owned();
        while body.lines().any(|line| line == mark) {
            mark.push('_');
        }
        let push = self.push().map(|words| format!("{}\n", shell_words::join(words))).unwrap_or_default();
        let create = shell_words::join(self.create());
        format!("{push}{create} {} \"$(cat <<'{mark}'\n{body}\n{mark}\n)\"\n", self.body_option())
    }

    /// Runs the commands. Gives the last line that they printed.
    ///
    /// # Errors
    /// `pr-failed` if one of them fails.
    pub(crate) fn run(&self, project: &Project, progress: &dyn Progress) -> Result<String> {
        let body = [self.body_option().to_owned(), self.body.trim_end().to_owned()];
        let mut printed = String::new();
        for words in self.push().into_iter().chain([[self.create(), body.to_vec()].concat()]) {
            let line = shell_words::join(&words);
            let shown = shell_words::join(words.iter().take(if words[0] == "git" { 4 } else { 3 }));
            progress.say(&Step::Command(&shown));
            let mut lines = |line: &str| progress.say(&Step::AgentLine(line));
            let mut run = process::Run::new(&line, project.env.cwd());
            // What else the host's program has to say, such as that there is a newer one of it, is no address.
            run.stderr_apart = true;
            run.sink = Some(&mut lines);
            let finished = process::run(run)?;
            if !finished.ending.success() {
                return Err(Error::negative(Kind::PrFailed, format!("'{shown}' {}", finished.ending))
                    .hint("see its output above; to print the commands instead, leave out --run"));
            }
            printed = String::from_utf8_lossy(&finished.tail).trim().lines().last().unwrap_or_default().to_owned();
        }
        Ok(printed)
    }

    /// The option that takes the body as its value.
    fn body_option(&self) -> &'static str {
        match self.into.tool {
            Tool::Gh => "--body",
            Tool::Glab => "--description",
        }
    }
}

/// The options of `pr`.
#[derive(Clone, Debug)]
pub(crate) struct Options<'a> {
    /// The remote that the branch is pushed to.
    pub fork: &'a str,
    /// The remote that gets the pull request, if not `fork`.
    pub upstream: Option<&'a str>,
    /// The branch that it goes into, if not the default branch.
    pub base: Option<&'a str>,
    /// Whether it is a draft.
    pub draft: bool,
    /// The branch with the work, if not the one that the work went to.
    pub head: Option<&'a str>,
    /// The title, if not that of the spec.
    pub title: Option<&'a str>,
    /// The body, if not made of the spec.
    pub body: Option<&'a str>,
}

/// The pull request for the work of one of `entries`.
///
/// # Errors
/// `no-work` or `no-branch` if there is no work, or no branch of its own; see [`host::hosted_repo`] for the remotes.
pub(crate) fn request(specs: &Specs<'_>, entries: Vec<Entry>, options: &Options<'_>) -> Result<Request> {
    let project = specs.project;
    let entry = subject(specs, entries)?;
    let from = host::hosted_repo(project, options.fork)?;
    let into = options.upstream.map_or(Ok(from.clone()), |remote| host::hosted_repo(project, remote))?;
    let base = match options.base {
        Some(base) => base.to_owned(),
        None => project.default_branch(&into.remote)?.ok_or_else(|| no_base(&into.remote))?,
    };
    let Branch { name: branch, source, tip } = branch(project, &entry, &base, options.head, &from.remote)?;
    let theirs = match project.fetched_branch(&into.remote, &base)? {
        Some(theirs) => Some(theirs),
        None => project.branch_tip(&format!("refs/heads/{base}"))?,
    };
    let Some(theirs) = theirs else { return Err(not_fetched(&into.remote, &base)) };
    let since = history::merge_base(&project.repo, theirs, tip)?;
    let title = options.title.unwrap_or_else(|| entry.title()).to_owned();
    let body = match options.body {
        Some(body) => body.to_owned(),
        None => {
            // As the host has it: what the project asks for now, though the work may have begun before that.
            let mut template = None;
            for commit in [theirs, tip] {
                template = template.map_or_else(|| template::find(project, commit), |found| Ok(Some(found)))?;
            }
            let sections = sections(specs, &entry, &into, since, tip)?;
            format!("{}{}", template::fill(template.as_deref(), &sections), attribution(project, &entry)?)
        }
    };
    Ok(Request { spec: entry.id.clone(), into, from, base, branch, source, title, body, draft: options.draft })
}

/// The spec whose work the pull request has: the named one, or the one that a gate waits for.
///
/// # Errors
/// `no-work` if nothing of it is done.
fn subject(specs: &Specs<'_>, entries: Vec<Entry>) -> Result<Entry> {
    let phase = |entry: &Entry| entry.spec().and_then(|spec| spec.front.known_phase());
    let done = |entry: &Entry| {
        matches!(entry.status, Status::Completed | Status::Archived)
            && entry.state.as_ref().is_some_and(|state| !state.facts.work_commits.is_empty())
    };
    let mut candidates = entries;
    if candidates.len() > 1 {
        specs.retain_current(&mut candidates)?;
    }
    if let [gate] = candidates.as_slice()
        && phase(gate) == Some(Phase::UpstreamPr)
    {
        let mut behind = Vec::new();
        for written in specs.depends_on(&gate.id)?.iter() {
            if let [id] = specs.project.candidates(&specs.names, written)?.as_slice() {
                behind.push(specs.entry(&specs.successor(&gate.id, id)?)?);
            }
        }
        candidates = behind;
    }
    // Without its fix an investigation has a failing test to offer, and a body that says otherwise.
    if let Some(fix) = candidates.iter().find(|entry| phase(entry) == Some(Phase::ForkFix) && !done(entry)) {
        let short = fix.id.short();
        let message = format!("cannot make a pull request: the fix '{short}' is {}", fix.status);
        return Err(Error::negative(Kind::NoWork, message).hint(format!("to work on it: git chant work {short}")));
    }
    candidates.sort_by_key(|entry| (phase(entry) != Some(Phase::ForkFix), entry.id.clone()));
    candidates
        .into_iter()
        .find(done)
        .ok_or_else(|| Error::negative(Kind::NoWork, "no finished work to make a pull request of"))
}

/// The branch of a pull request.
struct Branch {
    /// Its short name.
    name: String,
    /// As in [`Request`].
    source: Option<String>,
    /// The newest commit of it: here, or as it was last fetched where that is ahead.
    tip: ObjectId,
}

/// The branch that holds the work of a spec, or the one that a person names, for a pull request into `base` that is pushed to the remote
/// `fork`.
///
/// # Errors
/// `no-branch` if the work is in the base branch itself, or its branch is missing; `diverged` if the branch here and that of `fork` each
/// have commits that the other lacks.
fn branch(project: &Project, entry: &Entry, base: &str, named: Option<&str>, fork: &str) -> Result<Branch> {
    let facts = entry.state.as_ref().map(|state| &state.facts);
    let recorded = facts.and_then(|facts| facts.target.clone()).unwrap_or_default();
    let target = named.map_or(Ok(recorded), full_name)?;
    let name = short_name(&target).to_owned();
    let here = project.branch_tip(&target)?;
    let there = project.fetched_branch(fork, &name)?;
    let newest = match here {
        Some(here) => project.fetched_ahead(&target, here)?,
        None => project.fetched(&target)?,
    };
    let (mut source, mut tip) = (Some(name.clone()), here);
    if let Some(newest) = newest {
        source = Some(format!("refs/remotes/{}:refs/heads/{name}", newest.name));
        tip = Some(newest.tip);
    }
    let Some(newest) = tip.or(there).filter(|_| name != base) else {
        return Err(match named.filter(|_| name != base) {
            Some(named) => Error::negative(Kind::NoBranch, format!("there is no branch '{}'", named.escape_debug())),
            None => no_branch(entry, &name),
        });
    };
    let is_there = there == Some(newest) && here != Some(newest);
    match there.filter(|there| *there != newest) {
        Some(there) if project.is_ancestor(newest, there)? => Ok(Branch { name, source: None, tip: there }),
        Some(there) if !project.is_ancestor(there, newest)? => {
            let theirs = format!("{fork}/{name}");
            let replace = format!("to replace it: git push --force-with-lease {fork} {}", shell_words::quote(&name));
            Err(Error::negative(Kind::Diverged, format!("'{name}' and '{theirs}' have diverged"))
                .hint(join_hint(&name, &theirs))
                .hint(replace))
        }
        _ => Ok(Branch { name, source: source.filter(|_| !is_there), tip: newest }),
    }
}

/// The error where nothing tells which branch of a remote is its main one.
fn no_base(remote: &str) -> Error {
    let quoted = shell_words::quote(remote);
    Error::negative(Kind::NoBranch, format!("the main branch of '{remote}' is not known"))
        .hint(format!("to ask it: git remote set-head {quoted} --auto"))
        .hint("to name it: --base <branch>")
}

/// The error for a branch of a remote that was never fetched, without which nothing tells what the work changes.
fn not_fetched(remote: &str, base: &str) -> Error {
    let quoted = shell_words::quote(remote);
    Error::negative(Kind::NoBranch, format!("the branch '{base}' of '{remote}' was not fetched"))
        .hint(format!("to fetch it: git fetch {quoted}"))
        .hint("for another: --base <branch>")
}

fn no_branch(entry: &Entry, branch: &str) -> Error {
    let message = format!("the work of '{}' is in '{branch}'; a pull request needs its own branch", entry.id.short());
    Error::negative(Kind::NoBranch, message)
        .hint("to make one: git branch fix/<topic> <commit>, then pass --head fix/<topic>")
}

/// The sections of the body, from the spec, its release notes, what it changed and what was checked. Nothing about how the work was
/// organised.
///
/// # Errors
/// If the spec's events cannot be read.
fn sections(
    specs: &Specs<'_>,
    entry: &Entry,
    into: &HostedRepo,
    since: Option<ObjectId>,
    tip: ObjectId,
) -> Result<Vec<(&'static str, String)>> {
    let spec = entry.spec();
    let mut summary = String::new();
    if let Some(url) = reported(specs, entry)? {
        summary.push_str(&match into.issue_number(&url) {
            Some(number) => format!("Fixes #{number}. "),
            None => format!("Fixes {url}. "),
        });
    }
    let state = entry.state.as_ref();
    let notes = match state {
        Some(state) => release_notes::written(specs, &entry.id, state.tip)?,
        None => None,
    };
    let listed = notes.as_deref().map(release_notes::list).filter(|notes| !notes.is_empty());
    let notes_text = notes.as_deref().map(release_notes::summary).filter(|text| !text.is_empty());
    let context =
        || spec.and_then(|spec| section(spec.body(), "context")).map(|found| release_notes::paragraph(&found));
    summary.push_str(notes_text.or_else(context).unwrap_or_else(|| entry.title().to_owned()).trim());
    let mut changes = String::new();
    for change in history::changed_paths(&specs.project.repo, since, tip)? {
        let path = change.path.to_string();
        if !path.starts_with(".chant/") {
            changes.push_str(&format!("- `{}`\n", path.replace('`', "'")));
        }
    }
    let ours = [("Summary", summary), ("Changes", changes), ("Testing", testing(specs, entry)?)];
    Ok(listed.map(|notes| (template::RELEASE_NOTES, notes)).into_iter().chain(ours).collect())
}

/// The line that says which agent did the work, where the project wants it; empty otherwise.
fn attribution(project: &Project, entry: &Entry) -> Result<String> {
    let agent = entry.state.as_ref().and_then(|state| state.facts.agent.as_deref()).filter(|agent| *agent != MANUAL);
    let attribution = project.config().attribution()?;
    let trailer = agent.and_then(|agent| attribution.trailer(agent));
    Ok(trailer.map(|line| format!("\n{line}\n")).unwrap_or_default())
}

/// The address of the report that the spec, or the investigation that it belongs to, was made from.
fn reported(specs: &Specs<'_>, entry: &Entry) -> Result<Option<String>> {
    let of = |entry: &Entry| {
        let spec = entry.spec()?;
        spec.front.informed_by.iter().find(|input| is_url(input)).cloned()
    };
    if let Some(url) = of(entry) {
        return Ok(Some(url));
    }
    let Some(topic) = entry.spec().and_then(|spec| spec.front.topic.as_deref()) else { return Ok(None) };
    Ok(specs.of_topic(topic)?.iter().find_map(of))
}

fn testing(specs: &Specs<'_>, entry: &Entry) -> Result<String> {
    let none = "- No automated check was recorded.\n".to_owned();
    let Some(state) = &entry.state else { return Ok(none) };
    let store = specs.project.store()?;
    let walk = store.walk(&entry.id, state.tip)?;
    let checks = store.newest_evidence(&walk.history, &Op::Finish, "checks.json")?;
    let Some(checks) = checks.and_then(|bytes| serde_json::from_slice::<Checks>(&bytes).ok()) else { return Ok(none) };
    let passed = checks.verify.iter().filter(|command| command.ok).map(|command| (&command.command, "passes"));
    // What a person acknowledged in place of a proof is none.
    let proof = checks.reproduces.iter().filter(|proof| proof.ok && proof.ack.is_none());
    let is_reproduction = entry.spec().and_then(|spec| spec.front.known_phase()) == Some(Phase::Reproduction);
    let how = if is_reproduction { "fails: it shows the bug" } else { "fails without this change and passes with it" };
    let proved = proof.map(|proof| (&proof.tip.command, how));
    let line = |(command, how): (&String, &str)| format!("- `{}` {how}\n", command.replace('`', "'"));
    let lines: String = passed.chain(proved).map(line).collect();
    Ok(if lines.is_empty() { none } else { lines })
}
