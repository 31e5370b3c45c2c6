//! What the signatures of events are worth, remembered by commit in this clone: checking one starts two processes.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use gix::ObjectId;
use serde::{Deserialize, Serialize};

use super::Project;
use crate::{
    domain::signature::Signature,
    env::local_file,
    error::{IoContext, Result},
    git::signature,
};

/// Where what is remembered lies, below the directory of this clone. It may be thrown away at any time.
const DIR: &str = "signatures";

/// A larger file is not read, in bytes.
const MOST: u64 = 64 << 20;

/// Verdicts on signatures.
pub(crate) struct Signatures<'p> {
    project: &'p Project,
    /// Whether nothing that was remembered counts: a command that acts on a verdict does not take it from a file that others may
    /// have written.
    afresh: bool,
    known: RefCell<Option<HashMap<ObjectId, Signature>>>,
    file: OnceCell<PathBuf>,
}

/// One line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    id: String,
    #[serde(flatten)]
    signature: Signature,
}

impl<'p> Signatures<'p> {
    /// Verdicts as they are remembered, for showing.
    pub(crate) fn new(project: &'p Project) -> Self {
        Signatures { project, afresh: false, known: RefCell::default(), file: OnceCell::new() }
    }

    /// Verdicts that are made now, for acting on.
    pub(crate) fn afresh(project: &'p Project) -> Self {
        Signatures { project, afresh: true, known: RefCell::default(), file: OnceCell::new() }
    }

    /// The verdict on each of `events`. What is not here is not in the answer.
    pub(crate) fn of(&self, events: &[ObjectId]) -> Result<HashMap<ObjectId, Signature>> {
        let mut known = self.known.borrow_mut();
        let path = self.file.get_or_init(|| self.path());
        let known = known.get_or_insert_with(|| if self.afresh { HashMap::new() } else { remembered(path) });
        let unknown: Vec<ObjectId> = events.iter().filter(|event| !known.contains_key(*event)).copied().collect();
        if !unknown.is_empty() {
            let fresh = signature::verify(&self.project.repo, &unknown)?;
            // A repository that cannot be written to is checked again the next time.
            let _unkept = remember(path, &fresh);
            known.extend(fresh);
        }
        Ok(events.iter().filter_map(|event| Some((*event, known.get(event)?.clone()))).collect())
    }

    /// The file for verdicts under the present settings and keys.
    fn path(&self) -> PathBuf {
        let surroundings = signature::surroundings(&self.project.repo);
        let name = gix::objs::compute_hash(
            self.project.repo.gix().object_hash(),
            gix::objs::Kind::Blob,
            surroundings.as_bytes(),
        )
        .expect("hashing bytes in memory cannot fail");
        self.project.repo.chant_dir().join(DIR).join(name.to_string())
    }
}

/// What the file says; a line that makes no sense is one that was cut short.
fn remembered(path: &Path) -> HashMap<ObjectId, Signature> {
    let bytes = local_file::read(path, MOST).ok().flatten().unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines.filter_map(|line| Some((line.id.parse().ok()?, line.signature))).collect()
}

/// Adds verdicts to the file, all at once. What was remembered under other settings goes.
fn remember(path: &Path, verdicts: &HashMap<ObjectId, Signature>) -> Result<()> {
    let dir = path.parent().unwrap_or(path);
    fs::create_dir_all(dir).io("create", dir)?;
    if !path.exists() {
        for entry in fs::read_dir(dir).io("list", dir)?.flatten() {
            match fs::remove_file(entry.path()) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).io("remove", &entry.path()),
                _ => {}
            }
        }
    }
    let mut text = String::new();
    for (id, signature) in verdicts {
        let line = Line { id: id.to_string(), signature: signature.clone() };
        text.push_str(&serde_json::to_string(&line).expect("plain data is representable in JSON"));
        text.push('\n');
    }
    let mut file = local_file::open_with(path, fs::File::options().create(true).append(true)).io("open", path)?;
    file.write_all(text.as_bytes()).io("write", path)
}
