//! The hooks by which git calls this tool: in the configuration, if git reads hooks there, otherwise a line in the file of each hook.
//! What this tool does when git calls it is in [`hook`](crate::upkeep::hook).

pub(super) mod file;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use file::State;

use super::{Change, settings};
use crate::{
    answer::{HookState, HookView},
    domain::{enumeration::enumerate, hook::Hook},
    env::local_file,
    error::{IoContext, Result},
    git::{self, process::Git},
    project::Project,
};

/// The prefix of our sections in the configuration.
pub(super) const SECTION: &str = "hook.chant-";

/// The first git that reads hooks from its configuration.
const CONFIGURED_SINCE: (u32, u32) = (2, 54);

/// Every hook, and whether it calls this tool.
#[derive(Clone, Debug)]
pub(crate) struct Hooks {
    /// The hooks in their order.
    pub views: Vec<HookView>,
    /// Why no file of a hook may be changed.
    pub refused: Option<String>,
}

impl Hooks {
    /// The hooks that are not changed, one line for each reason.
    pub(crate) fn left_alone(&self) -> Vec<String> {
        if let Some(why) = &self.refused {
            return vec![format!("not changing hooks: {why}")];
        }
        let refused = self.views.iter().filter(|hook| hook.state == HookState::Refused);
        refused
            .map(|hook| format!("not changing '{}': {}", hook.place, hook.why.as_deref().unwrap_or_default()))
            .collect()
    }
}

/// Looks at every hook.
pub(crate) fn look(project: &Project) -> Result<Hooks> {
    let setup = HookSetup::find(project)?;
    let views = Hook::ALL.iter().map(|hook| setup.look(*hook)).collect::<Result<_>>()?;
    Ok(Hooks { views, refused: setup.refused.filter(|_| setup.configured.is_none()) })
}

/// The missing changes, so that each hook calls this tool, as far as that is possible.
pub(super) fn missing(project: &Project) -> Result<Vec<Change>> {
    let setup = HookSetup::find(project)?;
    let mut changes = Vec::new();
    for hook in Hook::ALL {
        changes.extend(setup.missing(*hook)?);
    }
    Ok(changes)
}

/// The changes that take our lines out of every file in the hooks' directories and out of the configuration.
pub(super) fn present(project: &Project) -> Result<Vec<Change>> {
    let sections = settings::sections_of(project, SECTION)?.into_iter();
    let mut changes: Vec<Change> = sections.map(|(section, values)| Change::DropSection(section, values)).collect();
    for dir in own_dirs(project)? {
        changes.extend(files(&dir).into_iter().filter(|path| file::has(path)).map(Change::Unhook));
    }
    Ok(changes)
}

/// The files among `changes` that git tracks, by their paths from the top of the work tree.
pub(crate) fn shared(project: &Project, changes: &[Change]) -> Result<Vec<String>> {
    let Some(top) = project.repo.work_dir() else { return Ok(Vec::new()) };
    let inside = |change: &Change| match change {
        Change::Hook(path, _) | Change::Unhook(path) => path.strip_prefix(top).ok().map(Path::to_owned),
        _ => None,
    };
    let inside: Vec<PathBuf> = changes.iter().filter_map(inside).filter(|path| !path.starts_with(".git")).collect();
    if inside.is_empty() {
        return Ok(Vec::new());
    }
    let listed =
        Git::at(&project.repo).global("--literal-pathspecs").args(["ls-files", "-z", "--"]).args(inside).check()?;
    Ok(listed.records().map(|path| String::from_utf8_lossy(path).into_owned()).collect())
}

/// Has the file of a hook call this tool, and remembers that it did.
pub(super) fn add(project: &Project, path: &Path, hook: Hook) -> Result<()> {
    file::add(path, hook)?;
    local_file::replace(&project.private_dir(REMEMBERED)?, hook.as_str(), b"")
}

/// Where it is remembered which hooks were changed here.
const REMEMBERED: &str = "hooks";

/// How hooks call git-chant again.
pub(crate) const AGAIN: &str = "to have them call it again: git chant hooks install";

/// That hooks do not call git-chant any more which did; `None` if all do.
///
/// # Errors
/// If they cannot be read.
pub(crate) fn lost(project: &Project) -> Result<Option<String>> {
    let lost = replaced(project)?;
    let names = enumerate(&lost);
    Ok((!lost.is_empty()).then(|| format!("another tool replaced hooks that called git-chant: {names}")))
}

/// The hooks that called this tool and do not any more: another tool, such as husky or pre-commit, wrote their files anew.
fn replaced(project: &Project) -> Result<Vec<Hook>> {
    let dir = project.repo.chant_dir().join(REMEMBERED);
    let remembered: Vec<Hook> = Hook::ALL.iter().copied().filter(|hook| dir.join(hook.as_str()).exists()).collect();
    if remembered.is_empty() {
        return Ok(remembered);
    }
    let setup = HookSetup::find(project)?;
    let mut lost = Vec::new();
    for hook in remembered {
        if setup.look(hook)?.state == HookState::Absent && !file::has(&setup.path(hook)) {
            lost.push(hook);
        }
    }
    Ok(lost)
}

/// Forgets which hooks were changed here: a person has them no longer call this tool.
///
/// # Errors
/// If what is remembered cannot be removed.
pub(crate) fn forget(project: &Project) -> Result<()> {
    let dir = project.repo.chant_dir().join(REMEMBERED);
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).io("remove", &dir),
        _ => Ok(()),
    }
}

/// Removes our line from the file of a hook. A directory of the repository's own that is then empty is removed.
pub(super) fn remove(project: &Project, path: &Path) -> Result<()> {
    file::remove(path)?;
    match path.parent().filter(|dir| **dir == project.repo.common_dir().join("hooks")) {
        Some(dir) => match fs::remove_dir(dir) {
            Err(error) if !matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound) => {
                Err(error).io("remove", dir)
            }
            _ => Ok(()),
        },
        None => Ok(()),
    }
}

/// How git calls hooks in this clone: by its configuration, or by files.
struct HookSetup {
    /// The settings of our sections, where git reads hooks from its configuration.
    configured: Option<Vec<(String, String)>>,
    /// The sections that there are, even if this git does not read them.
    sections: Vec<(String, Vec<String>)>,
    /// Where the files are.
    dir: PathBuf,
    /// Why files there are not ours to touch.
    refused: Option<String>,
}

impl HookSetup {
    fn find(project: &Project) -> Result<HookSetup> {
        let reads = git::version(&project.repo)? >= CONFIGURED_SINCE;
        let dir = dir(project)?;
        let refused = (!is_inside(project, &dir)).then(|| {
            let file = dir.exists() && !dir.is_dir();
            let what = if file { "is no directory" } else { "may belong to other repositories as well" };
            format!("core.hooksPath points to '{}', which {what}", dir.display())
        });
        let sections = settings::sections_of(project, SECTION)?.into_iter().collect();
        let configured = reads.then(|| settings::local(project)).transpose()?;
        Ok(HookSetup { configured, sections, dir, refused })
    }

    fn path(&self, hook: Hook) -> PathBuf {
        self.dir.join(hook.as_str())
    }

    fn look(&self, hook: Hook) -> Result<HookView> {
        let view = |state, place: String, why| HookView { event: hook, state, place, why };
        if let Some(settings) = &self.configured {
            let of_ours =
                |(key, _): &&(String, String)| key.rsplit_once('.').is_some_and(|(name, _)| name == section(hook));
            let found: Vec<_> = settings.iter().filter(of_ours).cloned().collect();
            let state = match found {
                found if found == wanted(hook) => HookState::Installed,
                found if found.is_empty() => HookState::Absent,
                _ => HookState::Outdated,
            };
            return Ok(view(state, section(hook), None));
        }
        let path = self.path(hook);
        let place = path.display().to_string();
        if let Some(why) = &self.refused {
            return Ok(view(HookState::Refused, place, Some(why.clone())));
        }
        let (state, why) = match file::look(&path, hook)? {
            State::Absent | State::Without => (HookState::Absent, None),
            State::Installed => (HookState::Installed, None),
            State::Outdated => (HookState::Outdated, None),
            State::Refused(why) => (HookState::Refused, Some(why.to_owned())),
        };
        Ok(view(state, place, why))
    }

    /// The missing changes, so that the hook is called once, in the way that this git knows.
    fn missing(&self, hook: Hook) -> Result<Vec<Change>> {
        let state = self.look(hook)?.state;
        let mut changes = Vec::new();
        let section = section(hook);
        let configured = self.sections.iter().find(|(name, _)| *name == section);
        if let (Some((name, values)), true) = (configured, self.configured.is_none() || state == HookState::Outdated) {
            changes.push(Change::DropSection(name.clone(), values.clone()));
        }
        if self.configured.is_some() {
            if self.refused.is_none() && file::has(&self.path(hook)) {
                changes.push(Change::Unhook(self.path(hook)));
            }
            if state != HookState::Installed {
                changes.extend(wanted(hook).into_iter().map(|(key, value)| Change::AddSetting(key, value)));
            }
        } else if matches!(state, HookState::Absent | HookState::Outdated) {
            changes.push(Change::Hook(self.path(hook), hook));
        }
        Ok(changes)
    }
}

fn section(hook: Hook) -> String {
    format!("{SECTION}{hook}")
}

/// The settings of a hook in the configuration. git puts the arguments after the command.
fn wanted(hook: Hook) -> Vec<(String, String)> {
    let last = if hook == Hook::PreCommit { "test $? -ne 1" } else { ":" };
    let command = format!(
        "chant() {{ if command -v git-chant >/dev/null 2>&1; then git-chant hook {hook} \"$@\" || {last}; fi; }}; chant"
    );
    let section = section(hook);
    vec![(format!("{section}.event"), hook.to_string()), (format!("{section}.command"), command)]
}

/// The directory of the hooks' files, absolute; it may not exist.
fn dir(project: &Project) -> Result<PathBuf> {
    git::hooks::directory(Git::at(&project.repo))
}

/// The directories of hooks that belong to this repository alone: its own, and the one that is set instead.
fn own_dirs(project: &Project) -> Result<Vec<PathBuf>> {
    let mut dirs = vec![project.repo.common_dir().join("hooks")];
    let set = dir(project)?;
    if is_inside(project, &set) && !dirs.iter().any(|known| same(known, &set)) {
        dirs.push(set);
    }
    Ok(dirs)
}

/// Whether a directory is in the repository or one of its work trees, and no other repository goes by it.
fn is_inside(project: &Project, dir: &Path) -> bool {
    if dir.exists() && !dir.is_dir() {
        return false;
    }
    // The directory may have to be created.
    let existing = dir.ancestors().find_map(|part| fs::canonicalize(part).ok()).unwrap_or_else(|| dir.to_owned());
    let places = [
        Some(project.repo.common_dir().to_owned()),
        project.repo.work_dir().map(Path::to_owned),
        project.repo.main_work_dir(),
    ];
    places.into_iter().flatten().any(|place| fs::canonicalize(&place).is_ok_and(|place| existing.starts_with(place)))
}

fn same(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// The files of a directory, sorted; none if it is not there.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
