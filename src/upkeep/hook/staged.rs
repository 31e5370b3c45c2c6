//! Spec files that are about to be committed. They are checked elsewhere.

use std::path::Path;

use bstr::ByteSlice;
use gix::ObjectId;

use crate::{
    domain::spec_file::MAX_SPEC_LEN,
    error::{Error, Kind, Result},
    git::{cache_tree, process::Git},
    project::{Project, SPECS_DIR},
};

/// A file under `.chant/specs` that is staged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StagedSpec {
    /// Its path from the top.
    pub path: String,
    /// Its bytes; `None` if it is not a regular file, or larger than a spec may be.
    pub bytes: Option<Vec<u8>>,
}

/// The files under `.chant/specs` that differ from `HEAD` in the index `index`, which git may have made for this commit alone. What
/// is deleted is not among them.
pub(crate) fn staged(project: &Project, index: Option<&Path>) -> Result<Vec<StagedSpec>> {
    let Some(top) = project.repo.work_dir() else { return Ok(Vec::new()) };
    if project.silent || !top.join(SPECS_DIR).is_dir() {
        return Ok(Vec::new());
    }
    let head = project.repo.head()?.id();
    let file = index.map_or_else(|| project.repo.git_dir().join("index"), Path::to_owned);
    if head.is_some_and(|head| cache_tree::is_as_committed(&project.repo, &file, head, SPECS_DIR) == Some(true)) {
        return Ok(Vec::new());
    }
    let against = match head {
        Some(_) => "HEAD".to_owned(),
        None => ObjectId::empty_tree(project.repo.gix().object_hash()).to_string(),
    };
    let mut git = Git::at(&project.repo).args(["diff-index", "--cached", "--raw", "--no-abbrev", "-z"]);
    git = git.args(["--no-renames", "--diff-filter=AMT", &against, "--"]).arg(SPECS_DIR);
    if let Some(index) = index {
        git = git.env("GIT_INDEX_FILE", index);
    }
    let listed = git.check()?;
    let mut records = listed.records();
    let mut found = Vec::new();
    while let (Some(raw), Some(path)) = (records.next(), records.next()) {
        let fields: Vec<&[u8]> = raw.trim_start_with(|c| c == ':').split_str(" ").collect();
        let [_, mode, _, id, _] = fields[..] else {
            return Err(Error::fatal(Kind::GitFailed, "unexpected output from git diff-index"));
        };
        if !path.ends_with(b".md") {
            continue;
        }
        let bytes = match ObjectId::from_hex(id).ok().filter(|_| mode.starts_with(b"100")) {
            Some(id) => read(project, id)?,
            None => None,
        };
        found.push(StagedSpec { path: path.to_str_lossy().into_owned(), bytes });
    }
    Ok(found)
}

fn read(project: &Project, id: ObjectId) -> Result<Option<Vec<u8>>> {
    let repo = project.repo.gix();
    if repo.find_header(id)?.size() > MAX_SPEC_LEN as u64 {
        return Ok(None);
    }
    Ok(Some(repo.find_blob(id)?.take_data()))
}
