//! The impact map that informs a fix: a fix without target files of its own may change what the map names.

use gix::bstr::ByteSlice;

use super::Check;
use crate::{
    domain::{
        altered_tests::altered,
        pattern::{Entry, PathSet},
        phase::Phase,
        test_path::Role,
        test_text::role_by_text,
        text::map_entries,
    },
    error::Result,
    specs::{all::Specs, base::Base, listing::Listing},
};

/// What an impact map names.
pub(super) struct Bounds {
    pub(super) paths: PathSet,
    /// Where it does: `.chant/research/x-impact-map.md:8-12`.
    pub(super) place: String,
}

impl Check<'_> {
    /// What the impact maps that inform the attempt let it change; `None` where that is said otherwise, or by no map.
    pub(super) fn bounds(&self) -> Result<Option<Bounds>> {
        let front = &self.attempt.spec.front;
        let Some(base) = self.attempt.base else { return Ok(None) };
        if front.known_phase() != Some(Phase::ForkFix) || !front.target_files.is_empty() {
            return Ok(None);
        }
        let maps = self.maps()?;
        let listing = Listing::of(&Base::new(self.project, Some(base)))?;
        let (mut paths, mut places) = (Vec::new(), Vec::new());
        for file in self.project.store()?.evidence_files(self.attempt.start, "inputs")? {
            let is_map = maps.matches(file.path.as_bytes().as_bstr()) || file.path.ends_with("-impact-map.md");
            if !is_map {
                continue;
            }
            let bytes = self.project.repo.gix().find_blob(file.blob)?.take_data();
            let entries = map_entries(&String::from_utf8_lossy(&bytes), &listing);
            if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
                let lines = if first.line == last.line {
                    first.line.to_string()
                } else {
                    format!("{}-{}", first.line, last.line)
                };
                places.push(format!("{}:{lines}", file.path));
                paths.extend(entries.into_iter().map(|entry| entry.path));
            }
        }
        paths.retain(|path| PathSet::new(&[path]).is_ok());
        let set = PathSet::new(&paths).unwrap_or_default();
        Ok((!set.is_empty()).then(|| Bounds { paths: set, place: places.join(", ") }))
    }

    /// Whether the attempt leaves at `path` a test, or data of one, and takes no test away there. A map says what a fix changes, and a fix
    /// brings tests of its own.
    pub(super) fn adds_tests(&self, path: &str) -> Result<bool> {
        let text = |commit| -> Result<Option<String>> {
            let bytes = self.project.blob_in(commit, path)?.map(|(_, bytes)| bytes);
            Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
        };
        let before = self.attempt.base.map(text).transpose()?.flatten();
        let after = text(self.tip)?;
        let is_test = role_by_text(path, &[before.as_deref(), after.as_deref()]) == Role::Test;
        Ok(is_test && altered(path, before.as_deref(), after.as_deref()).is_empty() && after.is_some())
    }

    /// The documents of the impact maps that the spec depends on or is informed by.
    fn maps(&self) -> Result<PathSet> {
        let specs = Specs::new(self.project)?;
        let front = &self.attempt.spec.front;
        let mut ids = Vec::new();
        for written in &front.depends_on {
            ids.extend(self.project.candidates(&specs.names, written)?);
        }
        ids.extend(front.informed_by.iter().filter_map(|entry| match Entry::parse(entry) {
            Ok(Entry::Spec(id)) => Some(id),
            _ => None,
        }));
        let mut documents = Vec::new();
        for id in ids {
            let entry = specs.entry(&id)?;
            if let Some(spec) = entry.spec().filter(|spec| spec.front.known_phase() == Some(Phase::ImpactMap)) {
                documents.extend(spec.front.target_files.iter().cloned());
            }
        }
        Ok(PathSet::new(&documents).unwrap_or_default())
    }
}
