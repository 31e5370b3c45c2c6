//! Whether what the index says of the files and events of now is what they say themselves.

use std::{collections::BTreeSet, path::PathBuf};

use super::{Held, Loaded, Survey};
use crate::{
    domain::{
        id::SpecId,
        spec_file::{MAX_SPEC_LEN, Spec},
    },
    error::Result,
    git::{lookup, work_file::Directory},
    project::Project,
    specs::text::Origin,
};

/// Something that the index has otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
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
pub(crate) fn check(project: &Project) -> Result<Vec<Fault>> {
    let Some(survey) = Survey::begin(project) else { return Ok(Vec::new()) };
    let path = survey.index.path();
    let wrong = survey.wrong_packed_refs()?.into_iter();
    let mut faults: Vec<Fault> = wrong.map(|id| Fault { id, what: "ref", path: path.clone() }).collect();
    for id in survey.book.ids() {
        let found = [
            (survey.has_wrong_ref(&id)?, "ref"),
            (survey.has_wrong_state(&id) || !survey.book.is_consistent(&id), "state"),
            (survey.has_wrong_text(&id)?, "text"),
        ];
        let wrong = found.into_iter().filter(|(wrong, _)| *wrong);
        faults.extend(wrong.map(|(_, what)| Fault { id: id.clone(), what, path: path.clone() }));
    }
    Ok(faults)
}

impl Survey<'_> {
    /// The specs whose packed ref holds otherwise, or is not known of, though the file is believed to be the same.
    fn wrong_packed_refs(&self) -> Result<BTreeSet<SpecId>> {
        let Some(known) = self.packed_stamp().and_then(|stamp| self.book.packed(stamp)) else {
            return Ok(BTreeSet::new());
        };
        lookup::refresh(self.project.repo.gix());
        let known: BTreeSet<_> = known.into_iter().collect();
        let now: BTreeSet<_> = self.project.store()?.packed_tips()?.into_iter().collect();
        Ok(known.symmetric_difference(&now).map(|(id, _)| id.clone()).collect())
    }

    fn has_wrong_ref(&self, id: &SpecId) -> Result<bool> {
        let Some((stamp, tip)) = self.book.loose(id) else { return Ok(false) };
        let common = self.project.repo.common_dir();
        let Some(directory) = Directory::open(common, crate::store::SPECS.trim_end_matches('/').into())? else {
            return Ok(false);
        };
        let now = directory.stamp(id.as_str().into())?;
        Ok(now == Some(stamp) && self.project.store()?.ref_tip(id)? != Some(tip))
    }

    /// What cannot be read is another check's affair.
    fn has_wrong_state(&self, id: &SpecId) -> bool {
        let Some(state) = self.book.state(id, None) else { return false };
        let read = self.project.store().and_then(|store| store.state_at(id, state.tip));
        read.is_ok_and(|(read, _)| read != state)
    }

    fn has_wrong_text(&self, id: &SpecId) -> Result<bool> {
        let Some(known) = self.book.text(id, |_, _, _, _| true) else { return Ok(false) };
        let place = usize::from(known.place);
        let Some(Loaded { text: Some(text), spec: Ok(outline) }) = self.outline(known) else { return Ok(false) };
        let repo = self.project.repo.gix();
        let bytes = match &text.origin {
            Origin::File(top) => {
                let (dir, name) = text.path.rsplit_once('/').unwrap_or(("", &text.path));
                let Some(directory) = Directory::open(top, dir.into())? else { return Ok(false) };
                match self.text(id, place, &directory, name.into()) {
                    Held::Known(_) => directory.read(name.into(), MAX_SPEC_LEN as u64)?,
                    // It is not believed anyway.
                    Held::Unknown(_) => return Ok(false),
                }
            }
            Origin::Head | Origin::Event => repo.try_find_object(text.blob())?.map(|object| object.detach().data),
        };
        let Some(bytes) = bytes else { return Ok(false) };
        let blob = self.project.store()?.blob_id(&bytes);
        let same = |spec: Spec| Spec::outline(&text.path, spec.front, spec.title) == outline;
        Ok(blob != text.blob() || !crate::domain::spec_file::parse(&text.path, &bytes).is_ok_and(same))
    }
}
