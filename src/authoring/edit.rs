//! The use case `edit`: a person changes the file of a spec in an editor, and the new text is recorded and trusted.

use std::path::PathBuf;

use gix::ObjectId;

use super::add::parse;
use crate::{
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::{NewEvent, sentence},
        status::Status,
    },
    error::{Error, IoContext, Kind, Result},
    git,
    project::Project,
    specs::{
        all::Specs,
        record,
        text::{TextSource, path_of},
    },
};

/// Opens the file of a spec in the person's editor, and records the text if it has changed: then gives what is worth saying about
/// it, a line each.
///
/// # Errors
/// `no-file` if the file is not in this work tree, `invalid-spec` if the new text cannot be read.
pub(crate) fn edit(project: &Project, id: &SpecId) -> Result<Option<Vec<String>>> {
    let (top, relative, before) = file_of(project, id)?;
    let path = top.join(&relative);
    project.env.edit(&git::editor(&project.repo)?, &path)?;
    let bytes = project.stored(&top, &relative, std::fs::read(&path).io("read", &path)?)?;
    let store = project.store()?;
    if before == Some(store.blob_id(&bytes)) {
        return Ok(None);
    }
    let unreadable = || {
        Error::negative(Kind::InvalidSpec, format!("cannot read the text of '{}' now", id.short()))
            .hint(format!("to fix it: git chant edit {}", id.short()))
    };
    let spec = parse(&path_of(id), &bytes, unreadable)?;
    let blob = store.write_blob(&bytes)?;
    if store.tip(id)?.is_none() {
        record::added(project, id, &path_of(id), &bytes, &spec, None)?;
    } else {
        let facts = Facts { spec_blob: Some(blob), phase: spec.front.phase.clone(), ..Facts::default() };
        let sentence = sentence("Edited", spec.title.as_deref().unwrap_or_else(|| id.short()), "");
        record::edited(project, id, NewEvent { op: Op::Edit, sentence, facts }, blob, &spec)?;
    }
    project.trust(id.as_str(), blob)?;
    Ok(Some(spec.ignored().collect()))
}

/// The file of a spec: the top of its work tree, its path below that, and its blob. A file that cannot be read as a spec at all
/// has no blob here, and can be edited nevertheless. Where only the events have the text and no branch does, the file is created.
fn file_of(project: &Project, id: &SpecId) -> Result<(PathBuf, String, Option<ObjectId>)> {
    let specs = Specs::new(project)?;
    let entry = specs.entry(id)?;
    let Some(text) = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref()) else {
        return Ok((project.repo.require_work_dir("edit")?.to_owned(), path_of(id), None));
    };
    let absent = || Error::fatal(Kind::NoFile, format!("the file of '{}' is not in this work tree", id.short()));
    match &text.source {
        TextSource::File(top) => Ok((top.clone(), text.path.clone(), Some(text.blob()))),
        TextSource::Head if project.repo.work_dir().is_some() => {
            Err(absent().hint(format!("to restore it: git restore {}", text.path)))
        }
        TextSource::Head => Err(absent().hint("edit it in a work tree: git worktree add <path>")),
        TextSource::Event if entry.facts().waits_for_adoption() => {
            Err(absent().hint(format!("to adopt what an agent proposed: git chant add --adopt {}", id.short())))
        }
        TextSource::Event if entry.status == Status::Archived => {
            Err(absent().hint(format!("to restore it: git chant archive --restore {}", id.short())))
        }
        TextSource::Event => {
            if let Some(branch) = branch_with(project, &text.path)? {
                return Err(absent().hint(format!("switch to a branch that has it, for example '{branch}'")));
            }
            let top = record::spec_top(project)?;
            record::create_file(project, id, &text.bytes)?
                .map_err(|refused| Error::fatal(Kind::NoFile, format!("cannot create the spec file: {refused}")))?;
            Ok((top, path_of(id), Some(text.blob())))
        }
    }
}

/// The short name of a branch, here or of a remote, that has the file `path`.
fn branch_with(project: &Project, path: &str) -> Result<Option<String>> {
    for prefix in ["refs/heads/", "refs/remotes/"] {
        for mut branch in project.repo.gix().references()?.prefixed(prefix)?.flatten() {
            let Ok(tip) = branch.peel_to_id() else { continue };
            if project.blob_id_in(tip.detach(), path)?.is_some() {
                return Ok(Some(branch.name().shorten().to_string()));
            }
        }
    }
    Ok(None)
}
