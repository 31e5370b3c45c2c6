//! The inputs of a spec: what `informed_by` names, found in the base or, where it is not committed, in the work tree.

use std::path::Path;

use gix::{ObjectId, bstr::ByteSlice};

use super::base::Base;
use crate::project::Project;
use crate::specs::names::SpecNames;
use crate::{
    domain::{
        event::Pin,
        id::SpecId,
        pattern::{self, Entry, PathSet},
        spec_file::Spec,
    },
    error::{Error, Kind, Result},
    git::work_file,
};

/// Where research goes.
const RESEARCH_DIR: &str = ".chant/research";

/// The largest input that is pinned, in bytes.
pub(crate) const MAX_INPUT_LEN: u64 = 16 << 20;

/// An input as it is now.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// What is recorded of it.
    pub pin: Pin,
    /// Its bytes; none for an address.
    pub bytes: Option<Vec<u8>>,
    /// Whether the base has it. An input that the base lacks is given to the agent and never committed.
    pub committed: bool,
}

/// Why an entry of `informed_by` cannot be an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InputFault {
    /// Nothing has that name.
    Missing,
    /// It is there and cannot be used: why, in words.
    Refused(String),
}

impl InputFault {
    /// In words, about `entry`.
    pub(crate) fn why(self, entry: &str) -> String {
        match self {
            InputFault::Missing => format!("the input '{entry}' does not exist"),
            InputFault::Refused(why) => why,
        }
    }
}

impl Project {
    /// Why an entry of `informed_by` cannot be an input now; `None` if it can. What is wrong with it is no error: it holds up
    /// the spec that names it, and no other.
    pub(crate) fn input_fault(
        &self,
        names: &SpecNames<'_>,
        base: &Base<'_>,
        entry: &str,
    ) -> Result<Option<InputFault>> {
        let found = match Entry::parse(entry) {
            Err(_) => Ok(false),
            Ok(Entry::Url(_)) => Ok(true),
            Ok(Entry::Spec(id)) => names.has(&id),
            Ok(Entry::Path(path)) if base.blob(&path)?.is_some() => Ok(true),
            Ok(Entry::Path(path)) => self.uncommitted(&path).map(|found| found.is_some()),
            Ok(Entry::Glob(_) | Entry::Directory(_)) => self.expand(base, entry).map(|paths| !paths.is_empty()),
        };
        match found {
            Ok(true) => Ok(None),
            Ok(false) => Ok(Some(InputFault::Missing)),
            Err(error) if error.kind == Kind::BadInput => Ok(Some(InputFault::Refused(error.message))),
            Err(error) => Err(error),
        }
    }

    /// The inputs that `entry` names, as they are now; `None` if it leads nowhere.
    ///
    /// # Errors
    /// `bad-input` if it cannot be an input.
    pub(crate) fn read_inputs(
        &self,
        names: &SpecNames<'_>,
        base: &Base<'_>,
        entry: &str,
    ) -> Result<Option<Vec<Input>>> {
        let parsed = Entry::parse(entry).map_err(|why| {
            Error::negative(Kind::BadInput, format!("'{}' cannot be an input: {why}", entry.escape_debug()))
        })?;
        Ok(match parsed {
            Entry::Url(url) => Some(vec![Input { pin: Pin::Url(url), bytes: None, committed: true }]),
            Entry::Spec(id) => self.spec_input(names, base, &id)?.map(|input| vec![input]),
            Entry::Path(path) => self.find_input(base, &path)?.map(|input| vec![input]),
            Entry::Glob(_) | Entry::Directory(_) => {
                let mut inputs = Vec::new();
                for path in self.expand(base, entry)? {
                    inputs.extend(self.find_input(base, &path)?);
                }
                Some(inputs).filter(|inputs| !inputs.is_empty())
            }
        })
    }

    fn spec_input(&self, names: &SpecNames<'_>, base: &Base<'_>, id: &SpecId) -> Result<Option<Input>> {
        let tip = names.tip(id)?;
        let Some(loaded) = self.load(id, tip)? else { return Ok(None) };
        let Some(text) = loaded.text else { return Ok(None) };
        let committed = base.blob(&text.path)? == Some(text.blob());
        let pin = match tip {
            Some(event) => Pin::Spec { id: id.clone(), event },
            None => Pin::Path { path: text.path.clone(), blob: text.blob() },
        };
        Ok(Some(Input { pin, bytes: Some(text.bytes), committed }))
    }

    /// A file: the version of the base, otherwise that of the work tree.
    fn find_input(&self, base: &Base<'_>, path: &str) -> Result<Option<Input>> {
        if pattern::check_path(path).is_err() {
            return Ok(None);
        }
        if let Some(blob) = base.blob(path)? {
            let bytes = self.repo.gix().find_blob(blob)?.take_data();
            let pin = Pin::Path { path: path.to_owned(), blob };
            return Ok(Some(Input { pin, bytes: Some(bytes), committed: true }));
        }
        self.uncommitted(path)
    }

    /// A file as it lies in the work tree.
    fn uncommitted(&self, path: &str) -> Result<Option<Input>> {
        if pattern::check_path(path).is_err() {
            return Ok(None);
        }
        for top in self.tops() {
            match work_file::read(&top, path.as_bytes().as_bstr(), MAX_INPUT_LEN) {
                Ok(Some(bytes)) => {
                    let bytes = self.stored(&top, path, bytes)?;
                    let blob = self.store()?.blob_id(&bytes);
                    let pin = Pin::Path { path: path.to_owned(), blob };
                    return Ok(Some(Input { pin, bytes: Some(bytes), committed: false }));
                }
                Ok(None) => {}
                Err(refused) => {
                    return Err(Error::negative(Kind::BadInput, format!("cannot read the input '{path}': {refused}")));
                }
            }
        }
        Ok(None)
    }

    /// The blob of a pinned path now: in the base, otherwise in the work tree; `None` if it cannot be read.
    pub(crate) fn input_blob(&self, base: &Base<'_>, path: &str) -> Result<Option<ObjectId>> {
        if let Some(blob) = base.blob(path)? {
            return Ok(Some(blob));
        }
        Ok(match self.uncommitted(path) {
            Ok(Some(Input { pin: Pin::Path { blob, .. }, .. })) => Some(blob),
            _ => None,
        })
    }

    /// In silent mode, the files under `.chant/` that an attempt on `spec` may replace, as they are now: those that `target_files`
    /// names, and those in the research folder that it matches. Sorted by path; none outside silent mode, where history has them.
    pub(crate) fn documents(&self, spec: &Spec) -> Result<Vec<(String, Vec<u8>)>> {
        let top = self.repo.main_work_dir().or_else(|| self.repo.work_dir().map(Path::to_owned));
        let Some(top) = top.filter(|_| self.silent) else { return Ok(Vec::new()) };
        let entries = &spec.front.target_files;
        let targets = PathSet::new(entries)
            .map_err(|(at, why)| Error::negative(Kind::BadTarget, format!("target_files entry {}: {why}", at + 1)))?;
        let mut paths: Vec<String> = entries.clone();
        if let Ok(found) = work_file::list(&top, RESEARCH_DIR.as_bytes().as_bstr()) {
            paths.extend(found.iter().map(|entry| format!("{RESEARCH_DIR}/{}", entry.name)));
        }
        paths.sort();
        paths.dedup();
        paths.retain(|path| path.starts_with(".chant/") && pattern::check_path(path).is_ok());
        let mut documents = Vec::new();
        for path in paths.into_iter().filter(|path| targets.matches(path.as_bytes().as_bstr())) {
            // What cannot be read is in the way later, and named then.
            if let Ok(Some(bytes)) = work_file::read(&top, path.as_bytes().as_bstr(), MAX_INPUT_LEN) {
                documents.push((path, bytes));
            }
        }
        Ok(documents)
    }

    /// The paths of the base that a glob or a directory matches, sorted.
    pub(crate) fn expand(&self, base: &Base<'_>, entry: &str) -> Result<Vec<String>> {
        let set =
            PathSet::new(&[entry]).map_err(|(_, why)| Error::negative(Kind::BadInput, format!("'{entry}': {why}")))?;
        Ok(base.files()?.iter().filter(|path| set.matches(path.as_bytes().as_bstr())).cloned().collect())
    }
}
