//! Whether what the cache says of the files and events of now is what they say themselves.

use std::{collections::BTreeSet, path::PathBuf};

use super::{Cache, CachedFile, ParsedText};
use crate::{
    domain::{
        id::SpecId,
        spec_file::{self, MAX_SPEC_LEN, Spec},
    },
    error::Result,
    git::{lookup, work_file::Directory},
    project::Project,
    specs::text::TextSource,
};

/// Something that the cache has otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// About which spec.
    pub id: SpecId,
    /// What it is about: `state`, `text`, `ref`.
    pub what: &'static str,
    /// Where the cache lies.
    pub path: PathBuf,
}

/// Reads again what the cache would spare.
///
/// # Errors
/// If a file or an object cannot be read.
pub(crate) fn check(project: &Project) -> Result<Vec<Fault>> {
    let Some(cache) = Cache::open(project) else { return Ok(Vec::new()) };
    let path = cache.file.path();
    let wrong = cache.wrong_packed_refs()?.into_iter();
    let mut faults: Vec<Fault> = wrong.map(|id| Fault { id, what: "ref", path: path.clone() }).collect();
    for id in cache.records.ids().filter_map(|id| SpecId::new(id).ok()) {
        let found = [
            (cache.has_wrong_ref(&id)?, "ref"),
            (cache.has_wrong_state(&id) || !cache.records.is_consistent(&id), "state"),
            (cache.has_wrong_text(&id)?, "text"),
        ];
        let wrong = found.into_iter().filter(|(wrong, _)| *wrong);
        faults.extend(wrong.map(|(_, what)| Fault { id: id.clone(), what, path: path.clone() }));
    }
    Ok(faults)
}

impl Cache<'_> {
    /// The specs whose packed ref holds otherwise, or is not known of, though the file is believed to be the same.
    fn wrong_packed_refs(&self) -> Result<BTreeSet<SpecId>> {
        let Some(known) = self.packed_stamp().and_then(|stamp| self.records.packed(stamp)) else {
            return Ok(BTreeSet::new());
        };
        lookup::refresh(self.project.repo.gix());
        let known: BTreeSet<_> = known.into_iter().collect();
        let now: BTreeSet<_> = self.project.store()?.packed_tips()?.into_iter().collect();
        Ok(known.symmetric_difference(&now).map(|(id, _)| id.clone()).collect())
    }

    fn has_wrong_ref(&self, id: &SpecId) -> Result<bool> {
        let known = self.records.refs(id.as_str());
        let Some((stamp, tip)) = known.and_then(|known| known.loose.zip(known.loose_tip)) else { return Ok(false) };
        let common = self.project.repo.common_dir();
        let Some(directory) = Directory::open(common, crate::store::SPECS.trim_end_matches('/').into())? else {
            return Ok(false);
        };
        let now = directory.stamp(id.as_str().into())?;
        Ok(now == Some(stamp) && self.project.store()?.ref_tip(id)? != Some(tip))
    }

    /// What cannot be read is another check's affair.
    fn has_wrong_state(&self, id: &SpecId) -> bool {
        let Some(state) = self.records.state(id, None) else { return false };
        let read = self.project.store().and_then(|store| store.state_at(id, state.tip));
        read.is_ok_and(|(read, _)| read != state)
    }

    fn has_wrong_text(&self, id: &SpecId) -> Result<bool> {
        let Some(known) = self.records.text(id) else { return Ok(false) };
        let directory = usize::from(known.directory);
        let Some(ParsedText { text: Some(text), spec: Ok(outline) }) = self.outline(known) else { return Ok(false) };
        let repo = self.project.repo.gix();
        let bytes = match &text.source {
            TextSource::File(top) => {
                let (dir, name) = text.path.rsplit_once('/').unwrap_or(("", &text.path));
                let Some(opened) = Directory::open(top, dir.into())? else { return Ok(false) };
                match self.text(id, directory, &opened, name.into()) {
                    CachedFile::Known(_) => opened.read(name.into(), MAX_SPEC_LEN as u64)?,
                    // It is not believed anyway.
                    CachedFile::Unknown(_) => return Ok(false),
                }
            }
            TextSource::Head | TextSource::Event => {
                repo.try_find_object(text.blob())?.map(|object| object.detach().data)
            }
        };
        let Some(bytes) = bytes else { return Ok(false) };
        let blob = self.project.store()?.blob_id(&bytes);
        let same = |spec: Spec| spec == outline;
        Ok(blob != text.blob() || !spec_file::skim(&text.path, &bytes).is_ok_and(same))
    }
}
