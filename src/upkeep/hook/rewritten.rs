//! Notes that follow commits which were amended or rebased.

use bstr::ByteSlice;
use gix::ObjectId;

use crate::{domain::id::SpecId, error::Result, project::Project};

/// Says of each new commit what the notes say of the one that it replaces; `pairs` is what git tells `post-rewrite`: a line each, the
/// old id and the new one. Returns how many notes were written: none where git has copied them (`notes.rewriteRef`).
pub(crate) fn rewritten(project: &Project, pairs: &[u8]) -> Result<usize> {
    let id = |word: Option<&[u8]>| word.and_then(|word| ObjectId::from_hex(word).ok());
    let pairs: Vec<(ObjectId, ObjectId)> = pairs
        .lines()
        .filter_map(|line| {
            let mut words = line.fields();
            id(words.next()).zip(id(words.next()))
        })
        .collect();
    let store = project.store()?;
    let olds: Vec<ObjectId> = pairs.iter().map(|(old, _)| *old).collect();
    let mut wanted: Vec<(SpecId, ObjectId)> = Vec::new();
    for (specs, (_, new)) in store.specs_of(&olds)?.into_iter().zip(&pairs) {
        wanted.extend(specs.into_iter().map(|spec| (spec, *new)));
    }
    if wanted.is_empty() {
        return Ok(0);
    }
    let wanted: Vec<(&SpecId, ObjectId)> = wanted.iter().map(|(spec, commit)| (spec, *commit)).collect();
    store.annotate_all(&wanted, "Notes of commits that were rewritten")
}
