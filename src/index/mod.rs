//! The index: what was read of all specs, kept so that it need not be read again. Anybody may delete it at any time.
//!
//! It holds nothing but answers to questions whose answers never change: what an event (by its id) amounts to, what a text (by its
//! blob, or by the stamp of the file that it was read from) says, which commit reaches which. Whoever asks brings the id or the stamp
//! of now: what was made from another one is no answer. That is all there is to keep in step, and configuration, branches, leases and
//! the clock have no part in it.
//!
//! The file begins with what it was made by and ends with a checksum. One of another version, or that is damaged, is none. It is
//! written beside its place and renamed into it, without a lock: whoever writes at the same time writes the truth as well. Where it
//! cannot be written everything takes a little longer.

mod row;

use std::{
    io::Write,
    path::{Path, PathBuf},
    rc::Rc,
};

use gix::ObjectId;
use serde::{Deserialize, Serialize};

use crate::{
    domain::{id::SpecId, spec::FrontMatter, state::State},
    env::fault,
    git::work_file::{self, Stamp},
};
use row::{FrontRow, Name, Oid, SpecRow, StateRow, TextRow, ThenRow};

/// Changes with what is written, and with what reading a text or an event comes to.
const FORMAT: u32 = 1;

/// What the file begins with.
const MAGIC: &[u8; 8] = b"CHANTIDX";

/// A larger file is not read, in bytes: a hundred thousand specs take some fifty million.
const MOST: u64 = 1 << 30;

/// Of so many commits at the most it is kept which others they reach.
const MAX_WALKS: usize = 8;

/// What is known of a text.
#[derive(Clone, Debug)]
pub struct KnownText {
    /// The file that it was read from as it was then, if a change of it shows since.
    pub stamp: Option<Stamp>,
    /// Which of the places where it may be that was.
    pub place: u8,
    /// Its path relative to the top.
    pub path: String,
    /// The blob that it is.
    pub blob: ObjectId,
    /// Its title.
    pub title: Option<String>,
    /// Its front matter.
    pub front: FrontMatter,
}

/// What an event said of its spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Then {
    /// The text.
    pub spec_blob: Option<ObjectId>,
    /// The attempt that decided.
    pub attempt: Option<ObjectId>,
    /// Its commits.
    pub work_commits: Vec<ObjectId>,
}

/// What is known of a spec. Each part is an answer for whoever finds what it was made from unchanged.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The file of its ref, and what it held.
    pub loose: Option<(Stamp, ObjectId)>,
    /// What its events amount to, at the tip that is in it.
    pub state: Option<Rc<State>>,
    /// Its text.
    pub text: Option<KnownText>,
    /// The specs that informed an attempt, with its start event.
    pub origins: Option<(ObjectId, Rc<[SpecId]>)>,
    /// What events of other specs, its inputs, said of those.
    pub pinned: Vec<(SpecId, ObjectId, Rc<Then>)>,
}

/// Commits, each with some that it reaches.
pub type Reached = Vec<(ObjectId, Vec<ObjectId>)>;

/// What follows the seal; the specs follow it, one after the other.
#[derive(Serialize, Deserialize)]
struct Head {
    reached: Vec<(Oid, Vec<Oid>)>,
    specs: u32,
}

/// The file.
#[derive(Clone, Debug)]
pub struct Index {
    dir: PathBuf,
    name: String,
    seal: Vec<u8>,
}

impl Index {
    /// The index in the file `name` of `dir`, for texts that are looked for in `places`. `binary` tells the program that runs from
    /// another build of it.
    pub fn new(dir: &Path, name: &str, places: &[PathBuf], binary: &str) -> Index {
        let mut seal = format!("{}\0{FORMAT}\0{binary}\0", env!("CARGO_PKG_VERSION")).into_bytes();
        for place in places {
            seal.extend_from_slice(place.as_os_str().as_encoded_bytes());
            seal.push(0);
        }
        Index { dir: dir.to_owned(), name: name.to_owned(), seal }
    }

    /// Where it lies.
    pub fn path(&self) -> PathBuf {
        self.dir.join(&self.name)
    }

    /// What is in it, each spec given to `take` with the number of all; nothing, or the first of them only, if it cannot be used.
    pub fn read(&self, mut take: impl FnMut(usize, SpecId, Known)) -> Option<Reached> {
        // Whatever is in its place is neither followed nor waited for.
        let bytes = work_file::read(&self.dir, self.name.as_bytes().into(), MOST).ok()??;
        let (bytes, sum) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(bytes) != u32::from_le_bytes(*sum) {
            return None;
        }
        let rest = bytes.strip_prefix(MAGIC)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (seal, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        if seal != self.seal {
            return None;
        }
        let (head, mut rest) = postcard::take_from_bytes::<Head>(rest).ok()?;
        let count = usize::try_from(head.specs).ok().filter(|count| *count <= rest.len())?;
        for _ in 0..count {
            let (row, after) = postcard::take_from_bytes::<SpecRow>(rest).ok()?;
            let (id, known) = known(row)?;
            take(count, id, known);
            rest = after;
        }
        Some(head.reached.into_iter().map(|(from, to)| (from.0, to.into_iter().map(|id| id.0).collect())).collect())
    }

    /// Puts it into its place, whole. Who cannot write it does without.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, reached: &Reached, mut specs: Vec<(&SpecId, Known)>) -> std::io::Result<()> {
        let mut bytes = MAGIC.to_vec();
        let length = u32::try_from(self.seal.len()).map_err(std::io::Error::other)?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&self.seal);
        specs.sort_unstable_by_key(|(id, _)| *id);
        let walks = reached.iter().take(MAX_WALKS);
        let head = Head {
            reached: walks.map(|(from, to)| (Oid(*from), to.iter().copied().map(Oid).collect())).collect(),
            specs: u32::try_from(specs.len()).map_err(std::io::Error::other)?,
        };
        let mut bytes = postcard::to_extend(&head, bytes).map_err(std::io::Error::other)?;
        for (id, known) in &specs {
            bytes = postcard::to_extend(&row(id, known), bytes).map_err(std::io::Error::other)?;
        }
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
        file.write_all(&bytes)?;
        fault::around("index.place", || file.persist(self.path())).map_err(|error| error.error)?;
        Ok(())
    }
}

fn row(id: &SpecId, known: &Known) -> SpecRow {
    SpecRow {
        id: Name(id.clone()),
        loose: known.loose.map(|(stamp, id)| (stamp, Oid(id))),
        state: known.state.as_deref().map(StateRow::of),
        text: known.text.as_ref().map(|text| TextRow {
            stamp: text.stamp,
            place: text.place,
            path: text.path.clone(),
            blob: Oid(text.blob),
            title: text.title.clone(),
            front: FrontRow::of(&text.front),
        }),
        origins: known
            .origins
            .as_ref()
            .map(|(attempt, ids)| (Oid(*attempt), ids.iter().cloned().map(Name).collect())),
        pinned: known
            .pinned
            .iter()
            .map(|(spec, event, then)| ThenRow {
                spec: Name(spec.clone()),
                event: Oid(*event),
                spec_blob: then.spec_blob.map(Oid),
                attempt: then.attempt.map(Oid),
                work_commits: then.work_commits.iter().copied().map(Oid).collect(),
            })
            .collect(),
    }
}

fn known(row: SpecRow) -> Option<(SpecId, Known)> {
    let state = match row.state {
        Some(state) => Some(Rc::new(state.state()?)),
        None => None,
    };
    let text = match row.text {
        Some(text) => Some(KnownText {
            stamp: text.stamp,
            place: text.place,
            path: text.path,
            blob: text.blob.0,
            title: text.title,
            front: text.front.front()?,
        }),
        None => None,
    };
    let pinned = row.pinned.into_iter().map(|row| {
        let work_commits = row.work_commits.into_iter().map(|id| id.0).collect();
        let then = Then {
            spec_blob: row.spec_blob.map(|id| id.0),
            attempt: row.attempt.map(|id| id.0),
            work_commits,
        };
        (row.spec.0, row.event.0, Rc::new(then))
    });
    let known = Known {
        loose: row.loose.map(|(stamp, id)| (stamp, id.0)),
        state,
        text,
        origins: row.origins.map(|(attempt, ids)| (attempt.0, ids.into_iter().map(|id| id.0).collect())),
        pinned: pinned.collect(),
    };
    Some((row.id.0, known))
}
