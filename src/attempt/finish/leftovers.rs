//! Commits the changes that the agent left uncommitted, within what the spec allows. Checking them is not done here.

use gix::bstr::{BString, ByteSlice};

use crate::{
    domain::enumeration::enumerate,
    error::Result,
    git::{
        leftovers::{Hooks, Leftovers, commit_leftovers},
        status,
        worktree::Worktree,
    },
    specs::attempt::Attempt,
};

/// Commits what is left in the worktree: with `target_files` those and the spec's own file, else everything.
///
/// With `silent` no trailer goes into the commit; with `tampered` no hook runs: it may be the agent's.
///
/// The commit is made in the worktree that `confine` makes of `tree`: hooks and filters may run what the agent wrote.
pub(super) fn commit(
    attempt: &Attempt,
    tree: &Worktree,
    silent: bool,
    tampered: bool,
    confine: impl FnOnce() -> Result<Worktree>,
) -> Result<Leftovers> {
    let dirty = status::dirty(tree)?;
    if dirty.is_empty() {
        return Ok(Leftovers::Nothing);
    }
    let nested: Vec<String> = dirty.iter().filter(|one| one.nested).map(|one| one.path.to_string()).collect();
    if !nested.is_empty() {
        let nested = enumerate(&nested);
        return Ok(Leftovers::Refused(format!("it left repositories of its own in its worktree: {nested}")));
    }
    let targets = attempt.targets()?;
    let own: &[u8] = attempt.spec_path.as_bytes();
    let allowed = |path: &BString| !attempt.is_confined() || path.as_slice() == own || targets.matches(path.as_bstr());
    let (inside, outside): (Vec<BString>, Vec<BString>) = dirty.into_iter().map(|one| one.path).partition(allowed);
    if !outside.is_empty() {
        let outside = enumerate(&outside);
        return Ok(Leftovers::Refused(format!("it left uncommitted changes outside target_files: {outside}")));
    }
    let trailer = if silent { String::new() } else { format!("\nChant-Spec: {}\n", attempt.id) };
    let message = format!("{}\n{trailer}", attempt.title());
    let hooks = if tampered { Hooks::Skip } else { Hooks::Run };
    Ok(match commit_leftovers(&confine()?, Some(&inside), &message, hooks)? {
        Leftovers::Refused(why) => Leftovers::Refused(format!("what it left could not be committed: {why}")),
        left => left,
    })
}
