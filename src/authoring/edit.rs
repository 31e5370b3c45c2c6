//! The use case `edit`: a person changes the file of a spec in an editor, and the new text is recorded and trusted.

use std::path::PathBuf;

use gix::ObjectId;

use super::add::parse;
use crate::{
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::{NewEvent, sentence},
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
        record::append(project, id, NewEvent { op: Op::Edit, sentence, facts }, Some(blob))?;
    }
    project.trust(id.as_str(), blob)?;
    Ok(Some(spec.ignored().collect()))
}

/// The file of a spec: the top of its work tree, its path below that, and its blob. A file that cannot be read as a spec at all
/// has no blob here, and can be edited nevertheless.
fn file_of(project: &Project, id: &SpecId) -> Result<(PathBuf, String, Option<ObjectId>)> {
    let specs = Specs::new(project)?;
    let entry = specs.entry(id)?;
    let Some(text) = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref()) else {
        return Ok((project.repo.require_work_dir("edit")?.to_owned(), path_of(id), None));
    };
    match &text.source {
        TextSource::File(top) => Ok((top.clone(), text.path.clone(), Some(text.blob()))),
        TextSource::Head | TextSource::Event => {
            let message = format!("the file of '{}' is not in this work tree", id.short());
            Err(Error::fatal(Kind::NoFile, message).hint("switch to a branch that has it"))
        }
    }
}
