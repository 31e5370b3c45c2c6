//! The use case `pr`: what a pull request says about a fix, in terms of its readers, and the commands that make it. Whether it may be
//! made is asked by the command.

pub(crate) mod host;

use gix::ObjectId;

use crate::{
    domain::{checks::Checks, event::Op, phase::Phase, spec_file::section},
    error::{Error, Kind, Result},
    git::history,
    project::Project,
    specs::{
        all::{Entry, Specs},
        release_notes,
    },
};

use host::{Place, Tool};

/// A pull request that could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The repository that gets it.
    pub into: Place,
    /// The repository that the branch is pushed to.
    pub from: Place,
    /// The branch that it goes into.
    pub base: String,
    /// The branch with the work.
    pub branch: String,
    /// The title, one line.
    pub title: String,
    /// The body, Markdown.
    pub body: String,
    /// Whether it is a draft.
    pub draft: bool,
}

impl Request {
    /// The command that pushes the branch.
    pub(crate) fn push(&self) -> Vec<String> {
        ["git", "push", self.from.remote.as_str(), self.branch.as_str()].map(str::to_owned).to_vec()
    }

    /// The command that makes it, without the body.
    pub(crate) fn create(&self) -> Vec<String> {
        let fork = self.into.path != self.from.path;
        let mut command: Vec<String> = Vec::new();
        let mut add = |parts: &[&str]| command.extend(parts.iter().map(|part| (*part).to_owned()));
        match self.into.tool {
            Tool::Gh => {
                let head = if fork { format!("{}:{}", self.from.owner(), self.branch) } else { self.branch.clone() };
                add(&[
                    "gh",
                    "pr",
                    "create",
                    "--repo",
                    &self.into.path,
                    "--base",
                    &self.base,
                    "--head",
                    &head,
                    "--title",
                    &self.title,
                ]);
            }
            Tool::Glab => {
                add(&[
                    "glab",
                    "mr",
                    "create",
                    "--repo",
                    &self.into.path,
                    "--target-branch",
                    &self.base,
                    "--source-branch",
                    &self.branch,
                    "--title",
                    &self.title,
                ]);
                if fork {
                    add(&["--head", &self.from.path]);
                }
            }
        }
        if self.draft {
            add(&["--draft"]);
        }
        command
    }

    /// The option that takes the body as its value.
    pub(crate) fn body_option(&self) -> &'static str {
        match self.into.tool {
            Tool::Gh => "--body",
            Tool::Glab => "--description",
        }
    }
}

/// The spec whose work a pull request is about: the named one, or what a gate waits for.
///
/// # Errors
/// `no-work` if nothing of it is done.
pub(crate) fn subject(specs: &Specs<'_>, entries: Vec<Entry>) -> Result<Entry> {
    let phase = |entry: &Entry| entry.spec().and_then(|spec| spec.front.known_phase());
    let done = |entry: &Entry| entry.state.as_ref().is_some_and(|state| !state.facts.work_commits.is_empty());
    let mut candidates = entries;
    if let [gate] = candidates.as_slice()
        && phase(gate) == Some(Phase::UpstreamPr)
    {
        let mut behind = Vec::new();
        for written in specs.depends_on(&gate.id)?.iter() {
            if let [id] = specs.project.candidates(&specs.names, written)?.as_slice() {
                behind.push(specs.entry(id)?);
            }
        }
        candidates = behind;
    }
    candidates.sort_by_key(|entry| (phase(entry) != Some(Phase::ForkFix), entry.id.clone()));
    candidates
        .into_iter()
        .find(done)
        .ok_or_else(|| Error::negative(Kind::NoWork, "no work is done yet that a pull request could be about"))
}

/// The branch that holds the work of a spec, by its short name, for a pull request into `base`.
///
/// # Errors
/// `no-branch` if the work is in the base branch itself, or its branch is gone.
pub(crate) fn branch(project: &Project, entry: &Entry, base: &str) -> Result<(String, ObjectId)> {
    let facts = entry.state.as_ref().map(|state| &state.facts);
    let target = facts.and_then(|facts| facts.target.as_deref()).unwrap_or_default();
    let short = target.strip_prefix("refs/heads/").unwrap_or(target);
    let tip = project.branch_tip(target)?;
    match tip {
        Some(tip) if short != base => Ok((short.to_owned(), tip)),
        _ => Err(Error::negative(
            Kind::NoBranch,
            format!("the work of '{}' is in '{short}': a pull request needs a branch of its own", entry.id.short()),
        )
        .hint("make one: git branch fix/<topic> <commit>, and name it with --head")),
    }
}

/// Title and body, from the spec, its release notes, what it changed and what was checked. Nothing about how the work was organised.
///
/// # Errors
/// If the spec's events cannot be read.
pub(crate) fn text(
    specs: &Specs<'_>,
    entry: &Entry,
    since: Option<ObjectId>,
    tip: ObjectId,
) -> Result<(String, String)> {
    let title = entry.title().to_owned();
    let mut body = String::from("## Summary\n\n");
    let spec = entry.spec();
    if let Some(url) = spec.and_then(|spec| reported(&spec.front.informed_by)) {
        body.push_str(&format!("Fixes {url}. "));
    }
    let state = entry.state.as_ref();
    let notes = match state {
        Some(state) => release_notes::written(specs, &entry.id, state.tip)?,
        None => None,
    };
    let told = notes.as_deref().map(release_notes::paragraph).filter(|told| !told.is_empty());
    let context =
        || spec.and_then(|spec| section(spec.body(), "context")).map(|found| release_notes::paragraph(&found));
    body.push_str(told.or_else(context).unwrap_or_else(|| title.clone()).trim());
    body.push_str("\n\n## Changes\n\n");
    for change in history::changed_paths(&specs.project.repo, since, tip)? {
        let path = change.path.to_string();
        if !path.starts_with(".chant/") {
            body.push_str(&format!("- `{}`\n", path.replace('`', "'")));
        }
    }
    body.push_str("\n## Testing\n\n");
    body.push_str(&testing(specs, entry)?);
    Ok((title, body))
}

/// The address of the report, if the spec was made from one.
fn reported(inputs: &[String]) -> Option<&str> {
    inputs.iter().map(String::as_str).find(|input| input.starts_with("https://") || input.starts_with("http://"))
}

fn testing(specs: &Specs<'_>, entry: &Entry) -> Result<String> {
    let none = "- No automated check was recorded.\n".to_owned();
    let Some(state) = &entry.state else { return Ok(none) };
    let store = specs.project.store()?;
    let walk = store.walk(&entry.id, state.tip)?;
    for event in walk.history.events().iter().rev().filter(|event| event.op == Op::Finish) {
        let Some(bytes) = store.evidence_of(event.id, "checks.json")? else { continue };
        let Ok(checks) = serde_json::from_slice::<Checks>(&bytes) else { break };
        let mut told = String::new();
        for command in checks.verify.iter().filter(|command| command.ok) {
            told.push_str(&format!("- `{}` passes\n", command.command.replace('`', "'")));
        }
        if let Some(proof) = checks.reproduces.filter(|proof| proof.ok) {
            told.push_str(&format!(
                "- `{}` fails without this change and passes with it\n",
                proof.tip.command.replace('`', "'")
            ));
        }
        return Ok(if told.is_empty() { none } else { told });
    }
    Ok(none)
}
