//! Whether what the index says of the files and events of now is what they say themselves.

use std::path::PathBuf;

use super::{Held, Loaded, Noted, Survey};
use crate::{
    domain::{
        id::SpecId,
        spec::{MAX_SPEC_LEN, Spec},
    },
    error::Result,
    git::work_file::Directory,
    project::{Project, text::Origin},
};

/// Something that the index has otherwise.
#[derive(Clone, Debug)]
pub struct Fault {
    /// About which spec.
    pub id: SpecId,
    /// What it is about: `state`, `text`, `ref`.
    pub what: &'static str,
    /// Where the index lies.
    pub path: PathBuf,
}

/// Reads again what the index would spare.
///
/// # Errors
/// If a file or an object cannot be read.
pub fn check(project: &Project) -> Result<Vec<Fault>> {
    let Some(survey) = Survey::begin(project) else { return Ok(Vec::new()) };
    let mut faults = Vec::new();
    for (id, noted) in survey.known.borrow().iter() {
        let found = [
            (noted.is_wrong_ref(&survey, id)?, "ref"),
            (noted.is_wrong_state(&survey, id), "state"),
            (noted.is_wrong_text(&survey, id)?, "text"),
        ];
        let path = survey.index.path();
        let wrong = found.into_iter().filter(|(wrong, _)| *wrong);
        faults.extend(wrong.map(|(_, what)| Fault { id: id.clone(), what, path: path.clone() }));
    }
    faults.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(faults)
}

impl Noted {
    fn is_wrong_ref(&self, survey: &Survey<'_>, id: &SpecId) -> Result<bool> {
        let Some((stamp, tip)) = self.known.loose else { return Ok(false) };
        let common = survey.project.repo.common_dir();
        let Some(directory) = Directory::open(common, crate::store::SPECS.trim_end_matches('/').into())? else {
            return Ok(false);
        };
        let now = directory.stamp(id.as_str().into())?;
        Ok(now == Some(stamp) && survey.project.store()?.ref_tip(id)? != Some(tip))
    }

    /// What cannot be read is another check's affair.
    fn is_wrong_state(&self, survey: &Survey<'_>, id: &SpecId) -> bool {
        let Some(state) = &self.known.state else { return false };
        let read = survey.project.store().and_then(|store| store.state_at(id, state.tip));
        read.is_ok_and(|(read, _)| read != **state)
    }

    fn is_wrong_text(&self, survey: &Survey<'_>, id: &SpecId) -> Result<bool> {
        let Some(noted) = &self.text else { return Ok(false) };
        let Loaded { text: Some(text), spec: Ok(outline) } = noted.loaded.as_ref() else { return Ok(false) };
        let repo = survey.project.repo.gix();
        let bytes = match &text.origin {
            Origin::File(top) => {
                let (dir, name) = text.path.rsplit_once('/').unwrap_or(("", &text.path));
                let Some(directory) = Directory::open(top, dir.into())? else { return Ok(false) };
                match survey.text(id, usize::from(noted.place), &directory, name.into()) {
                    Held::Known(_) => directory.read(name.into(), MAX_SPEC_LEN as u64)?,
                    // It is not believed anyway.
                    Held::Unknown(_) => return Ok(false),
                }
            }
            Origin::Head | Origin::Event => repo.try_find_object(text.blob)?.map(|object| object.detach().data),
        };
        let Some(bytes) = bytes else { return Ok(false) };
        let blob = survey.project.store()?.blob_id(&bytes);
        let same = |spec: Spec| Spec::outline(&text.path, spec.front, spec.title) == *outline;
        Ok(blob != text.blob || !crate::domain::spec::parse(&text.path, &bytes).is_ok_and(same))
    }
}
