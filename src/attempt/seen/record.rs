//! The file that keeps what was seen before a run, one for each spec, in this clone only.
//!
//! Whatever lies in its place is read bounded and never through a link. The file says which attempt it is of, and a hash over it with
//! the attempt's nonce has to fit: one that was altered, or is of another attempt, is as good as none.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bstr::ByteSlice as _;
use gix::ObjectId;
use serde::{Deserialize, Serialize};

use super::{
    look::Seen,
    parts::{Part, Parts},
    trust::Moment,
};
use crate::{
    agent::confine::{Identities, Protected},
    domain::{byte_text::AnyPath, id::SpecId},
    env::fault,
    error::{Error, IoContext as _, Kind, Result},
    git::work_file,
    project::Project,
    specs::attempt::SEEN_DIR,
};

/// The version of the file format.
const FORMAT: u32 = 1;

/// How large the file may be, in bytes: a hundred thousand refs take about ten million.
const MOST: u64 = 64 << 20;

/// What was seen before a run, and what was said of it since.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    format: u32,
    /// The attempt: its start event.
    #[serde(with = "hex")]
    pub attempt: ObjectId,
    /// When the run began, or an earlier one that was never compared.
    #[serde(default)]
    pub began: Moment,
    /// Whether every run of the attempt so far was confined.
    pub confined: bool,
    /// Whether what the last run changed was compared, and put into an event where it needs one.
    pub compared: bool,
    /// Whether what was seen before an earlier run of the attempt got lost.
    pub lost: bool,
    /// What was seen.
    pub before: Seen,
    /// What has been named in an event since: a part, and what it was then.
    pub named: Parts,
    /// The directories that have to stay what they are.
    pub places: Identities,
    /// What confined runs could not change.
    #[serde(default, rename = "held")]
    pub protected: Protected,
    /// Whether a confined run may have changed what git goes by, as the sandbox could not hold its name.
    #[serde(default)]
    pub open: bool,
}

impl Record {
    /// The record of an attempt that begins to run.
    pub(super) fn new(attempt: ObjectId, confined: bool, before: Seen, places: Identities) -> Record {
        let (named, compared, lost) = (Parts::new(), false, false);
        let (began, protected, open) = (Moment::default(), Protected::default(), false);
        Record { format: FORMAT, attempt, began, confined, compared, lost, before, named, places, protected, open }
    }

    /// Whether a run of the attempt may have changed a part: nothing confined it, or the sandbox did not hold what the part is made of.
    pub(super) fn could_change(&self, project: &Project, now: &Seen, part: Part, name: &str) -> bool {
        if !self.confined || (self.compared && !self.open) {
            return !self.confined;
        }
        let covers = |path: &str| self.protected.covers(Path::new(path));
        match part {
            Part::Shared => {
                self.before.home == now.home && (self.is_open() || !now.origins.iter().all(|path| covers(path)))
            }
            Part::Include | Part::Program => {
                let path = AnyPath::of_text(name);
                self.before.home == now.home && (self.is_open() || !self.protected.covers(&path))
            }
            Part::Hook | Part::File => {
                let within = [Some(project.repo.common_dir().to_owned()), project.repo.main_work_dir()];
                let paths: Vec<PathBuf> = within.into_iter().flatten().map(|dir| dir.join(name)).collect();
                let path = paths.iter().find(|path| path.symlink_metadata().is_ok()).or(paths.first());
                self.is_open() || !path.is_some_and(|path| self.protected.covers(path))
            }
            Part::Setting | Part::Shallow | Part::Replace => false,
        }
    }

    /// Whether a confined run may have put something in the place of what git goes by.
    pub(super) fn is_open(&self) -> bool {
        self.confined && (self.open || !self.compared && self.protected.is_replaced())
    }

    /// Reads the record of a spec. `None` if there is none that can be believed.
    pub(super) fn read(project: &Project, id: &SpecId) -> Result<Option<Record>> {
        let path = format!("{SEEN_DIR}/{id}");
        let Ok(Some(bytes)) = work_file::read(project.repo.common_dir(), path.as_bytes().as_bstr(), MOST) else {
            return Ok(None);
        };
        let Some((seal, text)) = bytes.split_once_str("\n") else { return Ok(None) };
        let Ok(record) = serde_json::from_slice::<Record>(text) else { return Ok(None) };
        let sealed = sealed(project, id, record.attempt, text)?;
        let fits = record.format == FORMAT && sealed.is_some_and(|sealed| sealed.as_bytes() == seal);
        Ok(fits.then_some(record))
    }

    /// Writes it in the place of what is there.
    pub(super) fn write(&self, project: &Project, id: &SpecId) -> Result<()> {
        let text = serde_json::to_vec(self).map_err(|cause| {
            Error::fatal(Kind::Copy, format!("cannot record the repository before the run: {cause}"))
        })?;
        let seal = sealed(project, id, self.attempt, &text)?.unwrap_or_default();
        let bytes = [seal.as_bytes(), b"\n", &text].concat();
        let common = project.repo.common_dir();
        let fresh = format!("{SEEN_DIR}/{}{}", work_file::TEMPORARY, project.env.random_hex(8));
        work_file::create_new(common, fresh.as_bytes().as_bstr(), &bytes, false)?;
        let (fresh, path) = (common.join(fresh), project.seen_file(id));
        fault::around("seen.place", || fs::rename(&fresh, &path)).io("write", &path)
    }
}

/// A hash over the text and the attempt's nonce; `None` if the attempt is none of the spec's.
fn sealed(project: &Project, id: &SpecId, attempt: ObjectId, text: &[u8]) -> Result<Option<String>> {
    let store = project.store()?;
    if store.spec_of_event(attempt)?.as_ref() != Some(id) {
        return Ok(None);
    }
    let Ok(start) = store.event(id, attempt)? else { return Ok(None) };
    let nonce = start.facts.nonce.unwrap_or_default();
    Ok(Some(store.blob_id(&[nonce.as_bytes(), b"\n", text].concat()).to_string()))
}

/// An object id as text, for serde.
mod hex {
    use gix::ObjectId;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(id: &ObjectId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&id.to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectId, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
