//! The trailer that names the spec in the message of a commit. Notes name it too, and are written elsewhere.

use std::{collections::BTreeSet, fs, path::Path};

use bstr::ByteSlice;
use gix::ObjectId;

use crate::{
    domain::id::SpecId,
    error::{IoContext, Result},
    git::process::Git,
    project::Project,
};

/// The trailer that names a spec.
const TRAILER: &str = "Chant-Spec: ";

/// How far the message of a commit is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageStage<'a> {
    /// Before the editor opens, if one does; with the name that git gives to where the message comes from.
    Prepared(Option<&'a str>),
    /// When the person has written it.
    Written,
}

/// The beginnings of messages whose commits a rebase folds into others.
const FOLDED: [&[u8]; 3] = [b"fixup! ", b"squash! ", b"amend! "];

/// The line that ends what is read of a message.
const SCISSORS: &[u8] = b" ------------------------ >8 ------------------------";

/// A message that is longer is left alone, in bytes.
const MOST: u64 = 4 << 20;

/// Adds `Chant-Spec: <id>` to the message in `file`: where this worktree is on the work branch of a spec for that one, and for each that
/// `git merge --squash` has brought here. Returns whether it did.
///
/// Not to merges, which bring other commits in, and not to what a rebase folds into another commit. An editor that opens on nothing
/// opens on nothing still, so that a person who writes nothing makes no commit; the trailer is added afterwards.
pub(crate) fn name_spec(project: &Project, file: &Path, stage: MessageStage<'_>) -> Result<bool> {
    match stage {
        MessageStage::Prepared(None | Some("template" | "merge")) => return Ok(false),
        MessageStage::Prepared(Some(_)) | MessageStage::Written => {}
    }
    if project.silent || project.repo.git_dir().join("MERGE_HEAD").exists() {
        return Ok(false);
    }
    let mut specs: BTreeSet<SpecId> = squashed(project)?;
    specs.extend(spec_here(project)?);
    if specs.is_empty() {
        return Ok(false);
    }
    let meta = fs::metadata(file).io("read", file)?;
    if !meta.is_file() || meta.len() > MOST {
        return Ok(false);
    }
    let text = fs::read(file).io("read", file)?;
    let lacks = |trailer: &String| !text.lines().any(|line| line == trailer.as_bytes());
    let trailers: Vec<String> = specs.iter().map(|spec| format!("{TRAILER}{spec}")).filter(lacks).collect();
    if trailers.is_empty() || FOLDED.iter().any(|folded| text.starts_with(folded)) || is_empty(project, &text)? {
        return Ok(false);
    }
    let add = ["interpret-trailers", "--in-place", "--if-exists=addIfDifferent", "--if-missing=add"];
    let add = trailers.iter().fold(Git::at(&project.repo).args(add), |git, trailer| git.args(["--trailer", trailer]));
    add.arg(file).check()?;
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

/// The specs of the commits that `git merge --squash` has brought here, which are to become one: their messages name them, or their
/// notes.
fn squashed(project: &Project) -> Result<BTreeSet<SpecId>> {
    let path = project.repo.git_dir().join("SQUASH_MSG");
    let text = match fs::metadata(&path) {
        Ok(meta) if meta.is_file() && meta.len() <= MOST => fs::read(&path).io("read", &path)?,
        _ => return Ok(BTreeSet::new()),
    };
    let store = project.store()?;
    let commit = |line: &[u8]| ObjectId::from_hex(line.strip_prefix(b"commit ")?.trim()).ok();
    let commits: Vec<ObjectId> = text.lines().filter_map(commit).collect();
    let mut found: BTreeSet<SpecId> = store.specs_of(&commits)?.into_iter().flatten().collect();
    for line in text.lines() {
        let id = line.trim().strip_prefix(TRAILER.as_bytes()).and_then(|id| id.to_str().ok());
        if let Some(id) = id.and_then(|id| SpecId::new(id.trim()).ok())
            && store.tip(&id)?.is_some()
        {
            found.insert(id);
        }
    }
    Ok(found)
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
