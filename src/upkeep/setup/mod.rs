//! The use case `setup`: what `init` puts into a clone, and what `deinit` takes out of it again.
//!
//! Everything is planned before anything is done, so that a dry run says exactly what would follow. How git calls the hooks' work is
//! in [`hook`](super::hook).

mod exclude;
pub(crate) mod hooks;
mod plan;
mod pointer;
mod purge;
mod settings;
mod skill;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use gix::ObjectId;

pub(crate) use plan::{
    Options, changed_skills, deinit, hidden_by, init, install_hooks, kept, lacks_notes, lacks_skill, top,
    uninstall_hooks,
};
pub(crate) use purge::{left_behind, refuse_work};
pub(crate) use settings::to_complete_fetches;

use crate::{
    domain::hook::Hook,
    env::local_file,
    error::{Error, IoContext, Kind, Result},
    project::Project,
};

/// One thing to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Make the directory of the specs.
    MakeDir(PathBuf),
    /// Hide `.chant/` from this clone's history.
    Hide,
    /// Show `.chant/` again: these lines of `info/exclude` are removed.
    Show(Vec<String>),
    /// Add a value to a setting of this clone, beside the values that it has.
    AddSetting(String, String),
    /// Remove one value of a setting.
    DropSetting(String, String),
    /// Remove a whole section; its settings, as `name = value`.
    DropSection(String, Vec<String>),
    /// Add the pointer for agents to a file that they read.
    Point(PathBuf),
    /// Remove that line from a file.
    Unpoint(PathBuf),
    /// Write the skill for agents.
    Teach(PathBuf),
    /// Remove it.
    Unteach(PathBuf),
    /// Have the file of a hook call this tool.
    Hook(PathBuf, Hook),
    /// Remove the call from the file of a hook.
    Unhook(PathBuf),
    /// Delete a ref.
    DeleteRef(String, ObjectId),
    /// Remove a directory with all that is in it.
    RemoveDir(PathBuf),
}

impl Change {
    /// The change in words, one line each: as it was `done`, or as it would be.
    pub(crate) fn sentences(&self, done: bool) -> Vec<String> {
        const POINTER: &str = "the pointer for agents";
        const HOOK: &str = "the call of git-chant";
        let ([past, infinitive], what) = match self {
            Change::DropSection(_, settings) => {
                return settings.iter().map(|setting| format!("unset {setting}")).collect();
            }
            Change::MakeDir(path) => (["made", "make"], format!("'{}'", path.display())),
            Change::Hide => {
                let what = format!("'{}' to .git/info/exclude, so that git ignores it", exclude::LINE);
                (["added", "add"], what)
            }
            Change::Show(lines) => (["removed", "remove"], format!("'{}' from .git/info/exclude", lines.join("', '"))),
            Change::AddSetting(key, value) => (["set", "set"], format!("{key} = {value}")),
            Change::DropSetting(key, value) => (["unset", "unset"], format!("{key} = {value}")),
            Change::Point(path) => (["added", "add"], format!("{POINTER} to '{}'", path.display())),
            Change::Unpoint(path) => (["removed", "remove"], format!("{POINTER} from '{}'", path.display())),
            Change::Teach(path) => (["wrote", "write"], format!("the skill for agents to '{}'", path.display())),
            Change::Unteach(path) => (["removed", "remove"], format!("the skill for agents from '{}'", path.display())),
            Change::Hook(path, _) => (["added", "add"], format!("{HOOK} to '{}'", path.display())),
            Change::Unhook(path) => (["removed", "remove"], format!("{HOOK} from '{}'", path.display())),
            Change::DeleteRef(name, id) => (["deleted", "delete"], format!("{name} (was {})", id.to_hex_with_len(12))),
            Change::RemoveDir(path) => (["removed", "remove"], format!("'{}'", path.display())),
        };
        vec![format!("{} {what}", if done { past } else { infinitive })]
    }
}

/// Makes the change. A change that is made already is fine.
///
/// # Errors
/// In the words of git or of the system.
pub(crate) fn apply(project: &Project, change: &Change) -> Result<()> {
    match change {
        Change::MakeDir(path) => fs::create_dir_all(path).io("create", path),
        Change::Hide => exclude::add(project),
        Change::Show(lines) => exclude::remove(project, lines),
        Change::AddSetting(key, value) => settings::add(project, key, value),
        Change::DropSetting(key, value) => settings::remove(project, key, value),
        Change::DropSection(name, _) => settings::remove_section(project, name),
        Change::Point(path) => pointer::add(path),
        Change::Unpoint(path) => pointer::remove(path),
        Change::Teach(path) => skill::write(path),
        Change::Unteach(path) => skill::remove(path),
        Change::Hook(path, hook) => hooks::add(project, path, *hook),
        Change::Unhook(path) => hooks::remove(project, path),
        Change::DeleteRef(name, id) => project.store()?.purge(name, *id),
        Change::RemoveDir(path) => match fs::symlink_metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Ok(meta) if !meta.is_dir() => {
                Err(Error::fatal(Kind::NotADirectory, format!("'{}' is no directory", path.display())))
            }
            _ => fs::remove_dir_all(path).io("remove", path),
        },
    }
}

/// The bytes of a file; `None` if there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        read => read.io("read", path).map(Some),
    }
}

/// Writes a file so that it appears whole, with the permissions that it had.
fn write(path: &Path, text: &[u8]) -> Result<()> {
    write_new(path, text, fs::metadata(path).map_or(0o644, |meta| meta.permissions().mode()))
}

/// Writes a file so that it appears whole, with the permissions `mode`.
fn write_new(path: &Path, text: &[u8], mode: u32) -> Result<()> {
    let dir = path.parent().unwrap_or(path);
    let temporary = local_file::stage(dir, text).io("create a file in", dir)?;
    fs::set_permissions(temporary.path(), fs::Permissions::from_mode(mode)).io("write", temporary.path())?;
    temporary.persist(path).map_err(|error| error.error).io("write", path).map(|_| ())
}
