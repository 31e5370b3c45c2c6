//! What has to be changed. Nothing is changed here.

use std::path::PathBuf;

use super::{Change, exclude, hooks, pointer, purge, settings, skill};
use crate::{
    agent::preset::{self, Preset},
    error::Result,
    git::ignored,
    project::{Project, SPECS_DIR},
};

/// The options of `init`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options<'a> {
    /// Keep `.chant/` out of history.
    pub silent: bool,
    /// Have notes follow commits that are rewritten, and show them.
    pub notes: bool,
    /// Have git's hooks call this tool.
    pub hooks: bool,
    /// Use this agent, and tell it of the specs if it is one that reads files: a person who works by hand does not.
    pub agent: Option<&'a str>,
    /// Teach that agent what to do with specs.
    pub skill: bool,
}

/// The missing changes for these options: none the second time.
///
/// # Errors
/// `no-work-tree`; `tracked` where silent mode is asked for and history has specs.
pub(crate) fn init(project: &Project, options: Options<'_>) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    if options.silent && !project.silent {
        exclude::refuse_tracked(project)?;
        changes.push(Change::Hide);
    }
    let top = top(project, options.silent || project.silent)?;
    let specs = top.join(SPECS_DIR);
    if !specs.is_dir() {
        changes.push(Change::MakeDir(specs));
    }
    // In silent mode a remote takes part only where a person says so.
    if !options.silent {
        let missing = settings::missing_fetches(project)?.into_iter();
        changes.extend(missing.map(|(key, value)| Change::AddSetting(key, value)));
    }
    if options.notes {
        let missing = settings::missing(project).into_iter();
        changes.extend(missing.map(|(key, value)| Change::AddSetting(key.to_owned(), value.to_owned())));
    }
    if options.hooks {
        changes.extend(hooks::missing(project)?);
    }
    if let Some(name) = options.agent
        && project.config().agent()?.is_none()
    {
        changes.push(Change::AddSetting("chant.agent".to_owned(), name.to_owned()));
    }
    // In silent mode no other person sees anything of it.
    if let Some(agent) = options.agent.and_then(preset::named).filter(|_| !options.silent && !project.silent) {
        let name = pointer::file_for(project, agent.instructions);
        changes.extend(pointer::missing(project, name)?.map(Change::Point));
        if options.skill {
            changes.extend(skill::missing(project, agent.instructions)?.map(Change::Teach));
        }
    }
    Ok(changes)
}

/// What of these options stays as it is, one sentence each.
///
/// # Errors
/// As [`init`] has them.
pub(crate) fn kept(project: &Project, options: Options<'_>) -> Result<Vec<String>> {
    let mut kept = Vec::new();
    let Some(name) = options.agent else { return Ok(kept) };
    match project.config().agent()? {
        Some(now) if now == name => kept.push(format!("chant.agent is '{name}' already")),
        Some(now) => kept.push(format!("chant.agent stays '{now}'")),
        None => {}
    }
    if let Some(agent) = preset::named(name).filter(|_| !options.silent && !project.silent) {
        let file = pointer::file_for(project, agent.instructions);
        if pointer::missing(project, file)?.is_none() {
            kept.push(format!("'{file}' has the pointer for agents already"));
        }
        kept.extend(skill::kept(project, agent.instructions, options.skill)?);
    }
    Ok(kept)
}

/// The top of the work tree that gets the specs: in silent mode the main one.
///
/// # Errors
/// `no-work-tree`.
pub(crate) fn top(project: &Project, silent: bool) -> Result<PathBuf> {
    match project.repo.main_work_dir().filter(|_| silent) {
        Some(main) => Ok(main),
        None => Ok(project.repo.require_work_dir("init")?.to_owned()),
    }
}

/// The rule by which git ignores what is to be committed below `.chant/`, in words.
///
/// # Errors
/// If git cannot be run.
pub(crate) fn hidden_by(project: &Project) -> Result<Option<String>> {
    ignored::rule_for(&project.repo, &format!("{SPECS_DIR}/spec.md"))
}

/// The missing changes, so that git's hooks call this tool.
pub(crate) fn install_hooks(project: &Project) -> Result<Vec<Change>> {
    hooks::missing(project)
}

/// The changes that take this tool out of git's hooks.
pub(crate) fn uninstall_hooks(project: &Project) -> Result<Vec<Change>> {
    hooks::present(project)
}

/// Whether the agent could be given the skill, and has none.
pub(crate) fn lacks_skill(project: &Project, agent: &Preset) -> bool {
    skill::is_missing(project, agent.instructions)
}

/// The files of the skill that stay because a person changed them.
pub(crate) fn changed_skills(project: &Project) -> Result<Vec<PathBuf>> {
    Ok(skill::present(project)?.1)
}

/// Whether notes would be lost when commits are rewritten, as far as settings say.
pub(crate) fn lacks_notes(project: &Project) -> bool {
    !settings::missing(project).is_empty()
}

/// The changes that take git chant out of this clone: what `init` set and what a person has set under `chant.*`; with `everything` the
/// records and specs too.
pub(crate) fn deinit(project: &Project, everything: bool) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    let own = settings::own(project)?.into_iter();
    changes.extend(own.map(|(key, value)| Change::DropSetting(key, value)));
    let sections = settings::sections(project)?.into_iter();
    changes.extend(sections.map(|(section, values)| Change::DropSection(section, values)));
    changes.extend(hooks::present(project)?);
    let lines = exclude::hiding(project)?;
    if !lines.is_empty() {
        changes.push(Change::Show(lines));
    }
    let mut files: Vec<&str> = preset::ALL.iter().map(|preset| preset.instructions).collect();
    files.sort_unstable();
    files.dedup();
    changes.extend(pointer::present(project, &files)?.into_iter().map(Change::Unpoint));
    changes.extend(skill::present(project)?.0.into_iter().map(Change::Unteach));
    if everything {
        // The records come first: an interrupted run has removed some of them, and the next one removes the rest.
        changes.splice(0..0, purge::plan(project)?);
    }
    Ok(changes)
}
