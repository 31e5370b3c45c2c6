//! Remembers the session of an agent as soon as the agent names it, so that it can be resumed after any end. What the agent prints is
//! parsed in `agent::preset`.

use std::path::Path;

use gix::{ObjectId, bstr::ByteSlice as _};
use serde::{Deserialize, Serialize};

use super::{RUN_DIR, read_own, write_own};
use crate::{agent::preset::is_session, git::work_file::Directory, project::agent::Agent};

/// The file, beside the prompt. An agent that changes it only gets itself into another session.
const NAME: &str = "session.json";

/// The file is a line; one that is larger is not ours, in bytes.
const MOST: u64 = 4096;

/// Of how many agents the session is kept: several take turns at one attempt where each is stopped by what passes.
const MOST_AGENTS: usize = 8;

/// What the file says.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    /// The start event of the attempt that the sessions are of: a file that came here in another way, from a commit or an earlier attempt,
    /// says nothing.
    attempt: String,
    /// The sessions, the newest first.
    sessions: Vec<StoredSession>,
}

/// What the file says of one agent.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StoredSession {
    /// The name of the agent.
    agent: String,
    /// What the agent calls it.
    session: String,
}

/// The session that `agent` had in `worktree` for the same `attempt`, if it can resume it.
pub(super) fn kept(worktree: &Path, attempt: ObjectId, agent: &Agent) -> Option<String> {
    if !agent.can_resume() {
        return None;
    }
    let kept = all(worktree, attempt).into_iter().find(|kept| kept.agent == agent.name)?;
    is_session(&kept.session).then_some(kept.session)
}

/// The sessions that are kept, the newest first. What cannot be read is not resumed; nothing is lost by that but what an agent remembers.
fn all(worktree: &Path, attempt: ObjectId) -> Vec<StoredSession> {
    let stored: Option<Stored> = read_own(worktree, NAME, MOST).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let attempt = attempt.to_string();
    stored.filter(|stored| stored.attempt == attempt).map(|stored| stored.sessions).unwrap_or_default()
}

/// Remembers the name of the session that `agent` has in `worktree` for `attempt`.
pub(super) fn remember(worktree: &Path, attempt: ObjectId, agent: &Agent, session: &str) {
    let mut sessions = all(worktree, attempt);
    sessions.retain(|other| other.agent != agent.name);
    sessions.insert(0, StoredSession { agent: agent.name.clone(), session: session.to_owned() });
    sessions.truncate(MOST_AGENTS);
    let stored = Stored { attempt: attempt.to_string(), sessions };
    // Without the file a later run begins a session of its own: no reason to stop this one.
    let dir = Directory::open(worktree, RUN_DIR.as_bytes().as_bstr());
    // Whatever the agent has put into its place is not followed.
    if let (Ok(text), Ok(Some(_))) = (serde_json::to_string(&stored), dir) {
        let _begins_anew_later = write_own(worktree, NAME, &(text + "\n"));
    }
}
