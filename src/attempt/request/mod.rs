//! What an agent asks of the process that runs it: a note, the failure of its own attempt, a proposal of a spec.
//!
//! An agent records nothing itself. The command inside the agent writes a request into the mailbox of the run ([`mod@ask`]); the process
//! that runs the agent reads it, records what is allowed, and answers ([`serve`]). A request names no spec and no attempt: both are the
//! run's own. What makes a request one of that agent is its [`seal`]: every process that can write files could put one there.

mod ask;
mod seal;
mod serve;

use std::path::{Path, PathBuf};

use bstr::{BStr, ByteSlice};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub(crate) use ask::ask;
pub(crate) use serve::{Requests, leftover};

use crate::{
    domain::{failure::Said, id::SpecId},
    git::work_file::{self, Refused},
};

/// The largest request that is read, in bytes.
pub(super) const MOST: u64 = 1 << 20;

/// The largest answer, in bytes.
const MOST_ANSWER: u64 = 64 << 10;

/// The folder for requests, which the agent can write.
const REQUESTS: &str = "requests";

/// The folder for answers, which a confined agent can only read.
const ANSWERS: &str = "answers";

/// What an agent asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    /// A remark in the history of its spec.
    Note {
        /// The remark.
        text: String,
    },
    /// Its attempt fails.
    Fail(Said),
    /// Another spec, for a person to adopt.
    Add {
        /// The text of its file.
        text: String,
        /// The branch that it is meant for, a full ref name.
        onto: Option<String>,
    },
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// It is recorded.
    Recorded {
        /// The spec that the record is about.
        spec: SpecId,
        /// The sentence of the event.
        sentence: String,
        /// The words of a failure, which count when the agent ends.
        said: Option<Said>,
    },
    /// It is refused.
    Refused {
        /// Why, one line.
        why: String,
    },
}

/// Where requests and answers of one attempt lie.
#[derive(Clone, Debug)]
struct Mailbox {
    /// The folder of the run.
    run_dir: PathBuf,
    /// The folder with [`REQUESTS`] in it.
    writable: PathBuf,
}

impl Mailbox {
    /// The mailbox in the folder of a run: in its private repository, if there is one.
    fn of(run_dir: &Path) -> Mailbox {
        let private = run_dir.join("git");
        let writable = if private.is_dir() { private } else { run_dir.to_owned() };
        Mailbox { run_dir: run_dir.to_owned(), writable }
    }

    /// What the file `<what>-<key>` beside the answers says; `None` if there is none that can be read.
    fn kept<T: DeserializeOwned>(&self, what: &str, key: &str) -> Option<T> {
        let bytes = work_file::read(&self.run_dir, BStr::new(&file(what, key)), MOST_ANSWER).ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    /// Writes such a file, once.
    fn write_once<T: Serialize>(&self, what: &str, key: &str, value: &T) -> Result<(), Refused> {
        let json = serde_json::to_vec(value).expect("strings are JSON");
        work_file::create_new(&self.run_dir, BStr::new(&file(what, key)), &json, false)
    }

    /// Whether there is such a file.
    fn has(&self, what: &str, key: &str) -> bool {
        let name = format!("{what}-{key}");
        let folder = work_file::Directory::open(&self.run_dir, ANSWERS.into()).ok().flatten();
        folder.is_some_and(|folder| folder.has(name.as_bytes().as_bstr()).unwrap_or(true))
    }
}

fn file(what: &str, key: &str) -> String {
    format!("{ANSWERS}/{what}-{key}")
}
