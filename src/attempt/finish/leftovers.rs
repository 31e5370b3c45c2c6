//! Commits the changes that the agent left uncommitted, within what the spec allows. Checking them is not done here.

use gix::bstr::{BStr, ByteSlice};

use crate::{
    attempt::prepared,
    domain::{checks::Command, enumeration::enumerate},
    error::Result,
    git::{
        conflict::has_markers,
        history,
        leftovers::{Hooks, Leftovers, Refusal, commit_leftovers},
        repository::Head,
        snapshot::snapshot,
        status::{self, Dirty},
        worktree::{Worktree, code},
    },
    project::Project,
    specs::{attempt::Attempt, confined::AttemptWorktree},
};

/// What became of the changes that were left.
pub(super) enum Left {
    /// There were none, or they are committed.
    Settled {
        /// Whether nothing is uncommitted now, as far as that is known without a look at the files.
        clean: bool,
    },
    /// They may not be committed: why, in words.
    Problem(String),
    /// Git, or what it ran, refused the commit.
    Refused(Box<Command>),
}

/// Commits everything that is left in the worktree, unless something of that lies outside the spec's `target_files` and its own file.
///
/// In silent mode no trailer of ours goes into the commit; with `tampered` no hook runs: it may be the agent's.
///
/// Hooks and filters may run what the agent wrote: `worktree` is confined where they do.
pub(super) fn commit(project: &Project, attempt: &Attempt, worktree: &AttemptWorktree, tampered: bool) -> Result<Left> {
    let tree = &worktree.tree;
    prepared::reveal(project, &attempt.id, tree)?;
    let by_set_up = prepared::left(project, &attempt.id, tree)?;
    let is_added = |one: &Dirty| one.state == *b"??" && by_set_up.has_added(one.path.as_bstr());
    let mut dirty = status::dirty(tree)?;
    dirty.retain(|one| !is_added(one));
    if dirty.is_empty() {
        return Ok(Left::Settled { clean: true });
    }
    let nested: Vec<String> = dirty.iter().filter(|one| one.nested).map(|one| one.path.to_string()).collect();
    if !nested.is_empty() {
        let nested = enumerate(&nested);
        return Ok(Left::Problem(format!("it left git repositories in its worktree: {nested}")));
    }
    if let Some(problem) = conflicts(tree, &dirty)? {
        return Ok(Left::Problem(problem));
    }
    let outside = outside(project, attempt, worktree, &by_set_up, dirty)?;
    if !outside.is_empty() {
        let outside = enumerate(&outside);
        return Ok(Left::Problem(format!("it left uncommitted changes outside target_files: {outside}")));
    }
    let spec = (!project.silent).then(|| format!("Chant-Spec: {}", attempt.id));
    let trailers: Vec<String> = spec.into_iter().chain(attempt.attribution(project)?).collect();
    let message = match trailers.as_slice() {
        [] => format!("{}\n", attempt.title()),
        trailers => format!("{}\n\n{}\n", attempt.title(), trailers.join("\n")),
    };
    let hooks = if tampered { Hooks::Skip } else { Hooks::Run };
    Ok(match commit_leftovers(tree, &message, hooks, &by_set_up.added)? {
        Leftovers::Refused(Refusal { command, exit, complaint, output }) => {
            let ended = if exit.is_none() { "interrupted by a signal".to_owned() } else { complaint };
            let ended = Some(ended);
            Left::Refused(Box::new(Command {
                command: command.to_owned(),
                exit,
                ended,
                tail: Some(output.clone()),
                output: Some(output),
                ..Command::default()
            }))
        }
        // What git runs may have changed files once the commit was made.
        Leftovers::Committed => {
            Left::Settled { clean: !code::has_hooks(&project.repo) && !code::has_filters(&project.repo, tree) }
        }
        Leftovers::Vanished => Left::Settled { clean: false },
    })
}

/// Why what is left is no work yet: an operation stopped at conflicts that were not resolved.
fn conflicts(tree: &Worktree, dirty: &[Dirty]) -> Result<Option<String>> {
    let mut open = Vec::new();
    for one in dirty.iter().filter(|one| one.is_unmerged()) {
        // Where a side has no file, what is there says nothing about what was decided.
        if !matches!(&one.state, b"UU" | b"AA") || has_markers(tree, &one.path)? {
            open.push(one.path.to_string());
        }
    }
    let under_way = [("MERGE_HEAD", "a merge"), ("CHERRY_PICK_HEAD", "a cherry-pick"), ("REVERT_HEAD", "a revert")];
    let what = under_way.iter().find(|(file, _)| tree.git_dir.join(file).exists()).map_or("files", |(_, what)| what);
    Ok((!open.is_empty()).then(|| format!("it left {what} with conflicts: {}", enumerate(&open))))
}

/// The paths that a commit of everything in the worktree would change and the attempt may not.
fn outside(
    project: &Project,
    attempt: &Attempt,
    worktree: &AttemptWorktree,
    by_set_up: &prepared::Left,
    dirty: Vec<Dirty>,
) -> Result<Vec<String>> {
    let targets = attempt.targets()?;
    let own: &[u8] = attempt.spec_path.as_bytes();
    let is_outside =
        |path: &BStr| attempt.is_confined() && path != own && !targets.matches(path) && !by_set_up.has_added(path);
    if !dirty.iter().any(|one| is_outside(one.path.as_bstr())) {
        return Ok(Vec::new());
    }
    // What was staged and then taken back shows as a change, and is none.
    let take = |made| worktree.take(project, made, attempt.base);
    let Some(snapshot) = snapshot(&project.repo, &worktree.tree, "what was left", &take)? else {
        return Ok(Vec::new());
    };
    let head = worktree.tree.head.as_ref().and_then(Head::id);
    let changed = history::changed_paths(&project.repo, head, snapshot.commit)?;
    Ok(changed.iter().filter(|one| is_outside(one.path.as_bstr())).map(|one| one.path.to_string()).collect())
}
