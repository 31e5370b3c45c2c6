//! What other clones have recorded: what a plain `git fetch` or `git pull` brought of it is joined with what is here before a command
//! reads, and the remote is asked before a spec is taken for new that came by a branch.

use std::{collections::BTreeSet, sync::PoisonError};

use super::Context;
use crate::{
    answer::progress::Step,
    attempt::documents,
    cli::Command,
    domain::id::SpecId,
    error::{Error, Kind, Result},
    exchange::sync::{self, Claims, PlainFetch, Scope},
    git::{promised, remote, repository::Repository},
    project::Project,
    specs::text::path_of,
    store::tracking::REMOTES,
};

/// The refs of histories and notes, here and as remotes had them. A plain fetch into a partial clone brings them without their files.
const HISTORIES: &[&str] = &[
    "refs/chant/*",
    "refs/chant-remote/*/specs/*",
    "refs/chant-remote/*/archive/*",
    "refs/chant-remote/*/notes/*",
    "refs/chant-remote/*/sync/*",
    "refs/notes/chant*",
];

/// Joins what a plain fetch brought with what is here, once for each fetch. Whatever goes wrong is said and stops no command.
pub(super) fn join(context: &Context<'_>, command: &Command) {
    if !reads_specs(command) || !matches!(context.inside(), Ok(None)) {
        return;
    }
    // A sync joins them itself, and fsck has a look at what is not joined.
    let joins = !matches!(command, Command::Sync(_) | Command::Fsck(_));
    let fetch = {
        let opened = context.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.as_ref().filter(|repo| joins || promised::is_partial(repo)).map_or(Ok(None), new_fetch)
    };
    let joined = fetch.and_then(|fetch| {
        let Some(fetch) = fetch else { return Ok(()) };
        let project = Project::open(&context.env)?;
        promised::fetch_refs(&project.repo, HISTORIES)?;
        if !joins {
            return Ok(());
        }
        // A document that cannot be read here, as in a partial clone without its remote, is no reason to join again.
        let specs = fetch.join(&project)?;
        write_documents(context, || documents::write(&project, &specs));
        Ok(())
    });
    if let Err(error) = joined {
        let what = format!("cannot use the spec updates from 'git fetch': {}", error.message);
        context.progress.say(&Step::Warning(what));
    }
}

fn reads_specs(command: &Command) -> bool {
    !matches!(
        command,
        Command::Init(_)
            | Command::Deinit(_)
            | Command::Demo(_)
            | Command::Hooks(_)
            | Command::Hook(_)
            | Command::Help(_)
            | Command::InstallMan(_)
            | Command::Schema(_)
            | Command::Version(_)
    )
}

/// What a fetch of git's own brought since the last look, where the configuration says that one brings histories of specs, or where one
/// that did would have to be completed.
fn new_fetch(repo: &Repository) -> Result<Option<PlainFetch>> {
    let brings = promised::is_partial(repo)
        || remote::mappings(repo).iter().any(|mapping| !mapping.push && mapping.writes.starts_with(REMOTES));
    if brings { PlainFetch::unjoined(repo) } else { Ok(None) }
}

/// Whether the spec came by a branch, and its history did not: then only a remote knows where it stands.
fn has_no_history(project: &Project, id: &SpecId) -> Result<bool> {
    if project.store()?.tip(id)?.is_some() {
        return Ok(false);
    }
    match project.repo.head()?.id() {
        Some(head) => Ok(project.blob_id_in(head, &path_of(id))?.is_some()),
        None => Ok(false),
    }
}

/// Those specs that came by a branch without their histories, where the remote was not asked since: they may be done.
///
/// # Errors
/// If the names of the specs cannot be read.
pub(super) fn may_be_done(project: &Project) -> Result<BTreeSet<SpecId>> {
    let mut found = BTreeSet::new();
    if sync::unasked(project)?.is_some() {
        for id in project.spec_names().active()? {
            if has_no_history(project, id)? {
                found.insert(id.clone());
            }
        }
    }
    Ok(found)
}

/// Asks the remote for the history of a spec that is about to be worked and has none here. One that does not answer is said.
///
/// # Errors
/// If what it has cannot be taken over.
pub(super) fn ask_about(context: &Context<'_>, project: &Project, id: &SpecId) -> Result<()> {
    let Some(name) = project.exchanged_with()?.filter(|_| has_no_history(project, id).unwrap_or(false)) else {
        return Ok(());
    };
    context.progress.say(&Step::Note(format!("'{}' has no history in this clone; asking '{name}'", id.short())));
    let claims = Claims::new(project, sync::pick(project, Some(&name))?)?;
    match claims.fetch(id) {
        Err(error) if error.kind == Kind::RemoteUnreachable => {
            let what = format!("cannot tell whether '{}' is done elsewhere: {}", id.short(), error.message);
            context.progress.say(&Step::Warning(what));
            Ok(())
        }
        fetched => fetched,
    }
}

/// Fetches from the remote if one of the specs that are not archived has no history here.
///
/// # Errors
/// If the names of the specs cannot be read, or what the remote has cannot be taken over.
pub(super) fn ask_about_all(context: &Context<'_>, project: &Project) -> Result<()> {
    let Some(name) = project.exchanged_with()? else { return Ok(()) };
    if unknown(project)?.is_none() {
        return Ok(());
    }
    let remote = sync::pick(project, Some(&name))?;
    match sync::sync(project, &remote, Scope { fetch: true, push: false }, context.progress) {
        Err(error) if error.kind == Kind::RemoteUnreachable => {
            let what = format!("cannot tell which specs are done elsewhere: {}", error.message);
            context.progress.say(&Step::Warning(what));
            Ok(())
        }
        fetched => fetched.map(drop),
    }
}

/// In silent mode, puts the documents of other clones into place that a command is about to read for `id`. Whatever goes wrong is said.
pub(super) fn bring_documents(context: &Context<'_>, project: &Project, id: &SpecId) -> Result<()> {
    bring(context, project, || documents::write_for(project, id))
}

/// [`bring_documents`] for all specs that are not archived.
pub(super) fn bring_all_documents(context: &Context<'_>, project: &Project) -> Result<()> {
    bring(context, project, || {
        let names = project.spec_names();
        documents::write(project, &Vec::from_iter(names.active()?.into_iter().cloned()))
    })
}

/// For a person's command only: an agent changes no file of the main work tree.
fn bring(context: &Context<'_>, project: &Project, write: impl FnOnce() -> Result<BTreeSet<String>>) -> Result<()> {
    if !project.silent || project.exchanged_with()?.is_none() || context.inside()?.is_some() {
        return Ok(());
    }
    // What two clones changed at once was told when it came.
    if let Err(error) = write() {
        warn_unplaced(context, &error);
    }
    Ok(())
}

/// Puts documents into place that have just come, and says which files stay as they are. Whatever goes wrong is said.
pub(super) fn write_documents(context: &Context<'_>, write: impl FnOnce() -> Result<BTreeSet<String>>) {
    match write() {
        Ok(left) => {
            for path in left {
                let what = format!("'{path}' stays as it is: another clone changed it at the same time");
                context.progress.say(&Step::Warning(what));
            }
        }
        Err(error) => warn_unplaced(context, &error),
    }
}

fn warn_unplaced(context: &Context<'_>, error: &Error) {
    let what = format!("cannot put documents of other clones into place: {}", error.message);
    context.progress.say(&Step::Warning(what));
}

/// A spec that came by a branch, without its history.
fn unknown(project: &Project) -> Result<Option<SpecId>> {
    let names = project.spec_names();
    for id in names.active()? {
        if names.tip(id)?.is_none() && has_no_history(project, id)? {
            return Ok(Some(id.clone()));
        }
    }
    Ok(None)
}

/// What to say to a person who looks at specs of which this clone has no history, or at none at all, where its remote was not asked since
/// its branches came.
///
/// # Errors
/// If the names of the specs cannot be read.
pub(super) fn hint(project: &Project) -> Result<Option<String>> {
    let Some(name) = sync::unasked(project)? else { return Ok(None) };
    let what = if unknown(project)?.is_some() {
        "some specs have no history in this clone and may be done"
    } else if project.spec_names().all()?.is_empty() && !sync::fetch_brings_histories(project) {
        "this clone has no specs"
    } else {
        return Ok(None);
    };
    Ok(Some(format!("{what}; to ask '{name}': git chant sync --fetch")))
}

/// [`hint`] for a person who looks at one spec.
///
/// # Errors
/// If the configuration cannot be read.
pub(super) fn hint_about(project: &Project, id: &SpecId) -> Result<Option<String>> {
    let Some(name) = sync::unasked(project)? else { return Ok(None) };
    let is_unknown = has_no_history(project, id)?;
    let short = id.short();
    let what =
        || format!("'{short}' has no history in this clone and may be done; to ask '{name}': git chant sync --fetch");
    Ok(is_unknown.then(what))
}

/// What to say where no spec of this clone is behind a commit, and the remote was not asked since its branches came.
///
/// # Errors
/// If the configuration cannot be read.
pub(super) fn hint_for_origin(project: &Project) -> Result<Option<String>> {
    let to_ask =
        |name: String| format!("'{name}' may have specs that this clone lacks; to fetch them: git chant sync --fetch");
    let Some(name) = sync::unasked(project)? else { return Ok(None) };
    let may_lack = !sync::fetch_brings_histories(project) || unknown(project)?.is_some();
    Ok(may_lack.then(|| to_ask(name)))
}
