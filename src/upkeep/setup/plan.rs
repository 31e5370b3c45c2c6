//! What has to be changed, found out before anything is.

use super::{Change, exclude, hooks, pointer, purge, settings};
use crate::{
    agent::preset::{self, Preset},
    error::Result,
    project::{Project, SPECS_DIR},
};

/// What `init` was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted {
    /// `.chant/` is to be kept out of history.
    pub silent: bool,
    /// Have notes follow commits that are rewritten, and show them.
    pub notes: bool,
    /// Have git's hooks call this tool.
    pub hooks: bool,
    /// Use this agent, and tell it of the specs.
    pub agent: Option<&'static Preset>,
}

/// The changes that are missing for these options: none the second time.
///
/// # Errors
/// `no-work-tree`; `tracked` where silent mode is asked for and history has specs.
pub(crate) fn init(project: &Project, wanted: Wanted) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    if wanted.silent && !project.silent {
        exclude::refuse_tracked(project)?;
        changes.push(Change::Hide);
    }
    let main = if wanted.silent || project.silent { project.repo.main_work_dir() } else { None };
    let top = match main {
        Some(top) => top,
        None => project.repo.require_work_dir("init")?.to_owned(),
    };
    let specs = top.join(SPECS_DIR);
    if !specs.is_dir() {
        changes.push(Change::MakeDir(specs));
    }
    if wanted.notes {
        let missing = settings::missing(project).into_iter();
        changes.extend(missing.map(|(key, value)| Change::AddSetting(key.to_owned(), value.to_owned())));
    }
    if wanted.hooks {
        changes.extend(hooks::missing(project)?);
    }
    if let Some(agent) = wanted.agent {
        if project.config().agent()?.is_none() {
            changes.push(Change::AddSetting("chant.agent".to_owned(), agent.name.to_owned()));
        }
        // In silent mode no other person sees anything of it.
        if !wanted.silent && !project.silent {
            changes.extend(pointer::missing(project, agent.instructions)?.map(Change::Point));
        }
    }
    Ok(changes)
}

/// What has to be changed so that git's hooks call this tool.
pub(crate) fn install_hooks(project: &Project) -> Result<Vec<Change>> {
    hooks::missing(project)
}

/// The changes that take this tool out of git's hooks.
pub(crate) fn uninstall_hooks(project: &Project) -> Result<Vec<Change>> {
    hooks::present(project)
}

/// Whether notes would be lost when commits are rewritten, as far as settings say.
pub(crate) fn lacks_notes(project: &Project) -> bool {
    !settings::missing(project).is_empty()
}

/// The changes that take git chant out of this clone: what `init` set and what a person has set under `chant.*`; with `everything` the
/// records and specs too.
pub(crate) fn deinit(project: &Project, everything: bool) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for (key, value) in settings::present(project)? {
        changes.push(Change::DropSetting(key.to_owned(), value.to_owned()));
    }
    for (key, value) in settings::beside(project)? {
        changes.push(Change::DropSetting(key, value));
    }
    for (section, values) in settings::sections(project)? {
        changes.push(Change::DropSection(section, values));
    }
    changes.extend(hooks::present(project)?);
    let lines = exclude::hiding(project)?;
    if !lines.is_empty() {
        changes.push(Change::Show(lines));
    }
    let mut files: Vec<&str> = preset::ALL.iter().map(|preset| preset.instructions).collect();
    files.sort_unstable();
    files.dedup();
    for path in pointer::present(project, &files)? {
        changes.push(Change::Unpoint(path));
    }
    if everything {
        // The records come first: an interrupted run has removed some of them, and the next one removes the rest.
        changes.splice(0..0, purge::plan(project)?);
    }
    Ok(changes)
}
