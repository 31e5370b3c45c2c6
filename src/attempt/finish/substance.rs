//! Whether an attempt changed anything that counts as work.

use bstr::ByteSlice as _;
use gix::ObjectId;

use super::outputs;
use crate::{
    attempt::{check, prepared},
    domain::{checks::Checks, enumeration::enumerate, spec_type::SpecType},
    error::Result,
    git::{
        history::{self, Change},
        worktree::Worktree,
    },
    project::Project,
    specs::attempt::Attempt,
};

/// A file that is larger is taken as changed, in bytes.
const MOST: usize = 1 << 20;

/// Adds to the `checks` that were made what the work lacks to count as work. Where that, or a document that is as it was, is all that is
/// wrong, it says how a person accepts it. `words` are of the agent's run: the last ones, unless something stopped it.
///
/// # Errors
/// If the repository cannot be read.
pub(super) fn judge(
    check: &check::Check<'_>,
    tree: &Worktree,
    words: Option<Option<&str>>,
    checks: &mut Checks,
) -> Result<()> {
    let attempt = check.attempt;
    let outputs = check.outputs_as_accepted(&checks.outputs)?;
    let is_all = Checks { outputs: outputs.clone(), ..checks.clone() }.settled().ok;
    let way = format!("; to accept that: git chant finish {} --allow-empty", attempt.id.short());
    let mut way = Some(way).filter(|_| is_all);
    for (output, _) in checks.outputs.iter_mut().zip(outputs).filter(|(output, other)| !output.ok && other.ok) {
        if let (Some(why), Some(way)) = (&mut output.why, way.take()) {
            why.push_str(&way);
        }
    }
    // A person's work, too: they may have worked in another place than the worktree, or ran this too early.
    if let Some(lack) = lack(check.project, attempt, check.tip, tree, words.is_some())? {
        checks.changed_nothing = true;
        let said = words.flatten().map(|words| format!(", and said: {}", words.trim_end_matches('.')));
        checks.problems.push(lack + &said.unwrap_or_default() + &way.unwrap_or_default());
    }
    Ok(())
}

/// What the work at `tip` lacks to count as work, in words; `None` if it lacks nothing. An agent did it, or a person.
fn lack(
    project: &Project,
    attempt: &Attempt,
    tip: ObjectId,
    tree: &Worktree,
    by_agent: bool,
) -> Result<Option<String>> {
    let mut changes = history::changed_paths(&project.repo, attempt.base, tip)?;
    changes.retain(|change| change.path != attempt.spec_path.as_str());
    let by_set_up = prepared::committed(project, &attempt.id, tip, &check::paths_of(&changes))?;
    changes.retain(|change| by_set_up.iter().all(|path| change.path != path.as_str()));
    if !changes.is_empty() {
        return of_form(project, attempt, tip, &changes);
    }
    let spec = check::tip_file(project, tip, &tree.path, &attempt.spec_path)?;
    let front = &attempt.spec.front;
    // Where no code and no file was asked for, a tick is a result.
    let may_tick = front.kind != SpecType::Code && front.target_files.is_empty();
    let ticked = may_tick && spec.is_some_and(|bytes| bytes != attempt.bytes);
    let nothing = if by_agent { "the agent changed nothing" } else { "its worktree has no changes" };
    let lacks = !ticked && outputs::declared(project, attempt, Some(tip), Some(tree))?.is_empty();
    Ok(lacks.then(|| nothing.to_owned()))
}

/// Whether code that no command judges differs in nothing but white space at the ends of lines, empty lines, or the modes of files that the
/// spec does not name. How far a line is indented counts: it can be all that a program means.
fn of_form(project: &Project, attempt: &Attempt, tip: ObjectId, changes: &[Change]) -> Result<Option<String>> {
    let front = &attempt.spec.front;
    let judged = !front.verify.is_empty() || front.reproduces.is_some();
    let Some(base) = attempt.base.filter(|_| front.kind == SpecType::Code && !judged) else { return Ok(None) };
    let mut modes = true;
    for change in changes {
        let path = change.path.to_str_lossy();
        let (old, new) = (project.blob_in(base, &path)?, project.blob_in(tip, &path)?);
        let (Some((old_id, old)), Some((new_id, new))) = (old, new) else { return Ok(None) };
        if old_id != new_id && (old.len().max(new.len()) > MOST || substance(&old) != substance(&new)) {
            return Ok(None);
        }
        modes &= old_id == new_id;
    }
    if modes && !front.target_files.is_empty() {
        return Ok(None);
    }
    let paths: Vec<String> = changes.iter().map(|change| change.path.to_string()).collect();
    let of = if modes { "the mode" } else { "white space" };
    Ok(Some(format!("nothing but {of} was changed, in {}", enumerate(&paths))))
}

/// The lines of a text without empty ones, each without its end of white space and with one space for several.
fn substance(text: &[u8]) -> Vec<Vec<u8>> {
    let lines = text.lines().map(|line| {
        let body = line.trim_ascii_end();
        let indent = body.len() - body.trim_ascii_start().len();
        let words: Vec<&[u8]> = body[indent..].fields().collect();
        [&body[..indent], &words.join(&b' ')].concat()
    });
    lines.filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_program_could_mean_counts() {
        let same = |one: &str, other: &str| substance(one.as_bytes()) == substance(other.as_bytes());
        assert!(same("def f():\n    return a - b\n", "def f():\r\n\n    return a  -\tb  \n\n"));
        assert!(!same("def f():\n    return a\n", "def f():\n        return a\n"));
        assert!(!same("a\n", "a\nb\n") && !same("a b\n", "ab\n"));
    }
}
