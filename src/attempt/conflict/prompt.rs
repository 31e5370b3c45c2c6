//! What the agent is told about a conflict: the paths, what both sides did to them and for which specs. Running the agent is not done
//! here.

use gix::{ObjectId, bstr::ByteSlice};

use super::plan::Plan;
use crate::{
    agent::prompt::{Input, Prompt, render},
    domain::id::SpecId,
    error::Result,
    git::history,
    project::Project,
    specs::{all::Specs, text::path_of},
};

/// How many commits of a side are named.
const MAX_COMMITS: usize = 50;

/// How many specs of the other side are told in full.
const MAX_SPECS: usize = 10;

/// The prompt for the conflict in these `paths`.
pub(super) fn text(project: &Project, plan: &Plan, paths: &[String]) -> Result<String> {
    let (attempt, conflict) = (&plan.attempt, &plan.conflict);
    let target = &conflict.name;
    let specs = Specs::new(project)?;
    let theirs = side(&specs, conflict.tip, conflict.target_tip, paths)?;
    let ours = side(&specs, conflict.target_tip, conflict.tip, paths)?;
    let input = |name: String, text: String| Input { name, text: Some(text) };
    let mut inputs = vec![
        input("the paths that conflict".to_owned(), paths.join("\n")),
        input(
            format!("commits on '{target}' that changed them (HEAD..MERGE_HEAD, newest first)"),
            theirs.lines.join("\n"),
        ),
        input(
            "commits of this work that changed them (MERGE_HEAD..HEAD, newest first)".to_owned(),
            ours.lines.join("\n"),
        ),
    ];
    for id in theirs.specs.iter().filter(|id| **id != attempt.id).take(MAX_SPECS) {
        let entry = specs.entry(id)?;
        let text = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref());
        if let Some(text) = text.and_then(|text| text.bytes.to_str().ok()) {
            inputs.push(input(format!("the spec {id}, whose work is in '{target}'"), text.to_owned()));
        }
    }
    let base = attempt.base.unwrap_or(conflict.tip).to_string();
    Ok(render(&Prompt {
        id: &attempt.id,
        spec: &attempt.spec,
        custom: Some(plan.instructions()),
        worktree: &plan.tree.path.to_string_lossy(),
        branch: &project.branch(&attempt.id)?,
        base: &base,
        spec_file: &path_of(&attempt.id),
        text: &String::from_utf8_lossy(&attempt.bytes),
        inputs: &inputs,
        budget: usize::try_from(project.config().prompt_budget()?).unwrap_or(usize::MAX),
        earlier: &[],
        remarks: &[],
        reproduction: None,
        resumed: None,
        attribution: None,
    }))
}

/// What one side did.
#[derive(Default)]
struct Side {
    /// A line a commit: its id, its subject, its specs.
    lines: Vec<String>,
    /// The specs that they belong to, each once.
    specs: Vec<SpecId>,
}

/// The commits that `tip` reaches and `known` does not, as far as they touch the paths.
fn side(specs: &Specs<'_>, known: ObjectId, tip: ObjectId, paths: &[String]) -> Result<Side> {
    let project = specs.project;
    let mut side = Side::default();
    for id in history::commits_touching(&project.repo, [known], tip, paths, MAX_COMMITS)? {
        let found = project.repo.gix().find_commit(id)?;
        let commit = found.decode()?;
        let subject = commit.message_summary().to_string();
        let specs = specs_of(project, id, &commit)?;
        let mut line = format!("{} {subject}", id.to_hex_with_len(12));
        if !specs.is_empty() {
            let names: Vec<&str> = specs.iter().map(SpecId::as_str).collect();
            line.push_str(&format!(" (spec {})", names.join(", ")));
        }
        side.lines.push(line);
        for spec in specs {
            if !side.specs.contains(&spec) {
                side.specs.push(spec);
            }
        }
    }
    Ok(side)
}

/// The specs that a commit belongs to: as its note says, and its trailers.
fn specs_of(project: &Project, id: ObjectId, commit: &gix::objs::CommitRef<'_>) -> Result<Vec<SpecId>> {
    let lines = project.store()?.note(id)?;
    let noted = lines.iter().filter_map(|line| line.strip_prefix("Chant-Spec: ")).map(str::to_owned);
    let said = commit.message_trailers().filter(|trailer| trailer.token.eq_ignore_ascii_case(b"Chant-Spec"));
    let mut specs: Vec<SpecId> =
        noted.chain(said.map(|trailer| trailer.value.to_string())).filter_map(|id| SpecId::new(&id).ok()).collect();
    specs.sort();
    specs.dedup();
    Ok(specs)
}
