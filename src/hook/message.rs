//! The trailer that names the spec in the message of a commit.

use std::{fs, path::Path};

use bstr::ByteSlice;

use crate::{
    domain::id::SpecId,
    error::{IoContext, Result},
    git::process::Git,
    project::Project,
};

/// When the message is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment<'a> {
    /// Before the editor opens, if one does; with the name that git gives to where the message comes from.
    Prepared(Option<&'a str>),
    /// When the person has written it.
    Written,
}

/// What the messages of commits begin with that a rebase takes apart again.
const FOLDED: [&[u8]; 3] = [b"fixup! ", b"squash! ", b"amend! "];

/// The line that ends what is read of a message.
const SCISSORS: &[u8] = b" ------------------------ >8 ------------------------";

/// A message that is longer is left alone, in bytes.
const MOST: u64 = 4 << 20;

/// Adds `Chant-Spec: <id>` to the message in `file`, where this worktree is on the work branch of a spec. Returns whether it did.
///
/// Not to merges, which bring other commits in, and not to what a rebase folds into another commit. An editor that opens on nothing
/// opens on nothing still, so that whoever writes nothing makes no commit; the trailer comes after it.
pub fn name_spec(project: &Project, file: &Path, moment: Moment<'_>) -> Result<bool> {
    match moment {
        Moment::Prepared(None | Some("template" | "merge")) => return Ok(false),
        Moment::Prepared(Some(_)) | Moment::Written => {}
    }
    if project.silent || project.repo.git_dir().join("MERGE_HEAD").exists() {
        return Ok(false);
    }
    let Some(spec) = spec_here(project)? else { return Ok(false) };
    let meta = fs::metadata(file).io("read", file)?;
    if !meta.is_file() || meta.len() > MOST {
        return Ok(false);
    }
    let text = fs::read(file).io("read", file)?;
    let trailer = format!("Chant-Spec: {spec}");
    if FOLDED.iter().any(|folded| text.starts_with(folded)) || text.lines().any(|line| line == trailer.as_bytes()) {
        return Ok(false);
    }
    if is_empty(project, &text)? {
        return Ok(false);
    }
    let add = ["interpret-trailers", "--in-place", "--if-exists=addIfDifferent", "--if-missing=add", "--trailer"];
    Git::at(&project.repo).args(add).arg(&trailer).arg(file).check()?;
    Ok(true)
}

/// Whether git would say that nothing was written.
fn is_empty(project: &Project, text: &[u8]) -> Result<bool> {
    let mut read = Vec::with_capacity(text.len());
    for line in text.lines_with_terminator() {
        if line.trim_end().ends_with(SCISSORS) {
            break;
        }
        read.extend_from_slice(line);
    }
    if read.trim().is_empty() {
        return Ok(true);
    }
    let kept = Git::at(&project.repo).args(["stripspace", "--strip-comments"]).stdin_bytes(read).check()?;
    Ok(kept.stdout.is_empty())
}

/// The spec on whose work branch this worktree is.
fn spec_here(project: &Project) -> Result<Option<SpecId>> {
    let head = project.repo.head()?;
    let Some(branch) = head.branch() else { return Ok(None) };
    let prefix = format!("refs/heads/{}", project.config().branch_prefix()?);
    let name = branch.as_bstr().strip_prefix(prefix.as_bytes()).and_then(|name| name.to_str().ok());
    let Some(id) = name.and_then(|name| SpecId::new(name).ok()) else { return Ok(None) };
    Ok(project.store()?.tip(&id)?.map(|_| id))
}
