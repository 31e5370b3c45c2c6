//! `git chant edit`

use super::Context;
use crate::{
    answer::{Edited, outcome::Outcome},
    cli::show::EditArgs,
    domain::{
        event::{Facts, Op},
        new_event::NewEvent,
    },
    error::{Error, IoContext, Kind, Result},
    specs::{
        all::Specs,
        text::{TextSource, path_of},
    },
    store::{Addition, Evidence},
};

pub(super) fn run(context: &Context<'_>, args: &EditArgs) -> Result<Outcome> {
    let project = context.project()?;
    let id = context.pick_to_change(&project, &args.spec)?;
    let (top, relative, before) = {
        let specs = Specs::new(&project)?;
        let entry = specs.entry(&id)?;
        let text = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref());
        match text {
            Some(text) => match &text.source {
                TextSource::File(top) => (top.clone(), text.path.clone(), Some(text.blob())),
                TextSource::Head | TextSource::Event => {
                    return Err(Error::fatal(
                        Kind::NoFile,
                        format!("the file of '{}' is not in this work tree", id.short()),
                    )
                    .hint("switch to a branch that has it"));
                }
            },
            // It is there and cannot be read as a spec at all: then this is the way to mend it.
            None => (project.repo.require_work_dir("edit")?.to_owned(), path_of(&id), None),
        }
    };
    let path = top.join(&relative);
    project.env.edit(&crate::git::editor(&project.repo)?, &path)?;
    let bytes = project.stored(&top, &relative, std::fs::read(&path).io("read", &path)?)?;
    let store = project.store()?;
    let blob = store.blob_id(&bytes);
    let changed = before != Some(blob);
    if changed {
        let spec = crate::domain::spec_file::parse(&path_of(&id), &bytes).map_err(|diagnostics| {
            let mut error =
                Error::negative(Kind::InvalidSpec, format!("the text of '{}' cannot be read now", id.short()))
                    .hint(format!("mend it: git chant edit {}", id.short()));
            error.diagnostics = diagnostics;
            error
        })?;
        let blob = store.write_blob(&bytes)?;
        if store.tip(&id)?.is_none() {
            crate::authoring::add::record(&project, &id, &bytes, &spec, None)?;
        } else {
            let facts = Facts { spec_blob: Some(blob), phase: spec.front.phase.clone(), ..Facts::default() };
            let sentence = format!("{} was edited", spec.title.as_deref().unwrap_or_else(|| id.short()));
            let event = NewEvent { op: Op::Edit, sentence, facts };
            let evidence = Evidence { spec: Some(blob), ..Evidence::default() };
            store.record(&id, Addition { event, evidence, informed: Vec::new() })?;
        }
        project.trust(blob)?;
    }
    Ok(Outcome::new(Edited { spec: context.view(&project, &id)?, changed }))
}
