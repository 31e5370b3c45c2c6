//! Results of commands that are kept, so that a commit is not checked twice: only such as were expected, so that a wrong one
//! never stands against a person.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use bstr::ByteSlice as _;
use gix::ObjectId;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    room::{Extra, Room},
    surroundings,
};
use crate::{
    attempt::home,
    domain::checks::Command,
    env::local_file,
    error::{IoContext, Result},
    git::{work_file, worktree},
    project::{Project, check_output::results},
};

/// A larger file holds no kept result, in bytes.
const MOST: u64 = 16 << 20;

/// How many commits a merge replays at most for which it is seen that it only replays them.
const MOST_REPLAYED: usize = 50;

/// Variables that differ from one shell to the next and decide nothing.
const VOLATILE: &[&str] = &[
    "_",
    "COLORTERM",
    "COLUMNS",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "GPG_TTY",
    "LINES",
    "OLDPWD",
    "PWD",
    "SHLVL",
    "SSH_AUTH_SOCK",
    "SSH_CLIENT",
    "SSH_CONNECTION",
    "SSH_TTY",
    "TERM",
    "TERM_SESSION_ID",
    "TMUX",
    "TMUX_PANE",
    "WAYLAND_DISPLAY",
    "WINDOWID",
    "XDG_SESSION_ID",
];

impl Room<'_> {
    /// Runs `command` in a fresh checkout of `commit`, or recalls how it ended before. Only an outcome that is `expected` is kept and
    /// recalled.
    ///
    /// # Errors
    /// As [`Room::run`].
    pub(crate) fn run_or_recall(
        &mut self,
        commit: ObjectId,
        command: &str,
        expected: impl Fn(&Command) -> bool,
    ) -> Result<Command> {
        let expected = |kept: &Command| kept.command == command && expected(kept);
        self.recall_or(How::Once, commit, &[command], expected, |room| room.run(commit, command))
    }

    /// Runs `commands` in turn on `commit` as [`Room::run_all`] does, or recalls that all of them passed before.
    ///
    /// # Errors
    /// As [`Room::run_all`].
    pub(crate) fn run_all_or_recall(
        &mut self,
        commit: ObjectId,
        extra: &[Extra],
        commands: &[String],
    ) -> Result<Vec<Command>> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let store = self.project.store()?;
        let besides = extra.iter().map(|(path, bytes)| format!("{path} {}", store.blob_id(bytes)));
        let what: Vec<String> = commands.iter().cloned().chain(["files".to_owned()]).chain(besides).collect();
        self.recall_or(How::InTurn, commit, &what, all_passed(commands), |room| room.run_all(commit, extra, commands))
    }

    /// Runs each of `commands` in one checkout of `commit`, whatever the others come to, or recalls that all of them passed.
    ///
    /// # Errors
    /// As [`Room::run`].
    pub(super) fn run_each_or_recall(&mut self, commit: ObjectId, commands: &[String]) -> Result<Vec<Command>> {
        self.recall_or(How::Each, commit, commands, all_passed(commands), |room| room.run_each(commit, commands))
    }

    /// Recalls how `what`, commands and files, ended before on `commit`, or has it `run`.
    ///
    /// # Errors
    /// As `run`.
    pub(super) fn recall_or<T: Serialize + DeserializeOwned>(
        &mut self,
        how: How,
        commit: ObjectId,
        what: &[impl AsRef<[u8]>],
        expected: impl Fn(&T) -> bool,
        run: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let (dir, name) = (results(self.project), self.key(how, commit, what)?);
        let file = dir.join(&name);
        let kept = local_file::read(&file, MOST).ok().flatten();
        let kept = kept.and_then(|bytes| serde_json::from_slice::<T>(&bytes).ok());
        if let Some(kept) = kept.filter(&expected) {
            return Ok(kept);
        }
        let seen = run(self)?;
        if expected(&seen) {
            write(&dir, &name, &seen);
        } else {
            remove(fs::remove_file(&file)).io("remove", &file)?;
        }
        Ok(seen)
    }

    /// The name of the file for a result: everything that it depends on is in it.
    fn key(&self, how: How, commit: ObjectId, what: &[impl AsRef<[u8]>]) -> Result<String> {
        let mut text = Vec::new();
        field(&mut text, format!("{how:?}"));
        field(&mut text, known_by(self.project, commit));
        what.iter().for_each(|what| field(&mut text, what));
        // What the agents keep for themselves changes all the time, and no command reads it.
        for path in home::told(&self.project.env, &self.hidden[..self.at_home]) {
            field(&mut text, path.as_os_str().as_encoded_bytes());
        }
        field(&mut text, around(self.project)?);
        Ok(format!("{}.json", self.project.store()?.blob_id(&text)))
    }
}

/// How a result came about.
#[derive(Clone, Copy, Debug)]
pub(super) enum How {
    /// A command ran once.
    Once,
    /// Several commands ran in turn until one failed.
    InTurn,
    /// Each of several commands ran, whatever the others came to.
    Each,
    /// A command ran twice in one checkout.
    Twice,
    /// A command ran as often as it takes to see that it always ends alike.
    Steadily,
}

/// What a command can see of a commit and those before it, their dates excepted: a merge that is made again, and the commits that it replays,
/// differ from those before only in these.
fn known_by(project: &Project, commit: ObjectId) -> Vec<u8> {
    let (mut text, mut next) = (Vec::new(), Some(commit));
    for _ in 0..MOST_REPLAYED {
        let Some(id) = next.take() else { break };
        let Ok(found) = project.repo.gix().find_commit(id) else {
            next = Some(id);
            break;
        };
        let (head, message) = found.data.split_once_str("\n\n").unwrap_or((&found.data, &[]));
        for line in head.lines() {
            match line.split_once_str(" ") {
                Some((b"parent", parent)) if next.is_none() => next = ObjectId::from_hex(parent).ok(),
                Some((b"tree" | b"parent", _)) => field(&mut text, line),
                // The name is followed by the date; a signature covers the date.
                Some((b"author" | b"committer", person)) => {
                    field(&mut text, person.rsplit_once_str(">").map_or(person, |(name, _)| name));
                }
                _ => {}
            }
        }
        field(&mut text, message);
    }
    field(&mut text, next.map(|id| id.to_string()).unwrap_or_default());
    text
}

/// Adds a field to the text of a key: no two lists of fields make the same text.
fn field(text: &mut Vec<u8>, bytes: impl AsRef<[u8]>) {
    text.extend(format!("{}\0", bytes.as_ref().len()).as_bytes());
    text.extend(bytes.as_ref());
}

/// Whether these are all of `commands`, and passed.
fn all_passed(commands: &[String]) -> impl Fn(&Vec<Command>) -> bool {
    move |done: &Vec<Command>| {
        done.iter().map(|seen| &seen.command).eq(commands) && done.iter().all(Command::has_passed)
    }
}

/// Writes a result. Where that cannot be, the command only runs again.
fn write(dir: &Path, name: &str, result: &impl Serialize) {
    let json = serde_json::to_vec(result).unwrap_or_default();
    let _runs_again: Result<()> = local_file::replace(dir, name, &json);
}

/// Forgets every result.
///
/// # Errors
/// If a file cannot be removed.
pub(crate) fn forget(project: &Project) -> Result<()> {
    let dir = results(project);
    remove(fs::remove_dir_all(&dir)).io("remove", &dir)
}

fn remove(removed: std::io::Result<()>) -> std::io::Result<()> {
    match removed {
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// What a check depends on besides the commit and the command: set-up, the files of `.worktreeinclude` as they are now, settings of checks,
/// environment.
pub(super) fn around(project: &Project) -> Result<Vec<u8>> {
    let config = project.config();
    let setup = config.worktree_setup()?.unwrap_or_default();
    let read = |main: PathBuf| work_file::read(&main, b".worktreeinclude".as_bstr(), MOST).ok().flatten();
    let included = project.repo.main_work_dir().and_then(read);
    let removed = surroundings::environment(project);
    let mut variables: Vec<(&std::ffi::OsStr, &std::ffi::OsStr)> = project
        .env
        .names()
        .filter(|name| {
            !VOLATILE.iter().any(|volatile| name == volatile) && !removed.iter().any(|(other, _)| other == name)
        })
        .filter_map(|name| Some((name, project.env.var(name.to_str()?)?)))
        .collect();
    variables.sort_unstable();
    let mut text = Vec::new();
    field(&mut text, setup.to_string());
    field(&mut text, format!("{:?} {:?}", config.confine()?, config.verify_timeout()?));
    field(&mut text, config.check_may_change_words());
    field(&mut text, included.unwrap_or_default());
    field(&mut text, included_now(project)?);
    for (name, value) in variables {
        field(&mut text, name.as_encoded_bytes());
        field(&mut text, value.as_encoded_bytes());
    }
    Ok(text)
}

/// The files that `.worktreeinclude` takes from the main worktree, each with what changes when it is written.
fn included_now(project: &Project) -> Result<String> {
    let Some(main) = project.repo.main_work_dir() else { return Ok(String::new()) };
    let Some(main) = worktree::find(&project.repo, &main)? else { return Ok(String::new()) };
    let mut text = String::new();
    for name in worktree::include::listed(&main)? {
        let meta = name.to_path().ok().and_then(|path| fs::symlink_metadata(main.path.join(path)).ok());
        let stamp = meta.map(|meta| (meta.ino(), meta.len(), meta.ctime(), meta.ctime_nsec()));
        text.push_str(&format!("\0{name}\0{stamp:?}"));
    }
    Ok(text)
}
