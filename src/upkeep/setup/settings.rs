//! Settings in the configuration of this clone, written by git itself. What settings mean is in `config`.

use std::collections::BTreeMap;

use bstr::ByteSlice;

use crate::{
    error::{Error, Kind, Result},
    git::{output::Output, process::Git},
    project::Project,
    store::{
        NOTES_REF, SPECS,
        archive::ARCHIVES,
        sync_branch::{SYNC_BRANCHES, tracked_sync_branches},
        tracking::{tracked_archives, tracked_notes, tracked_specs},
    },
};

/// The settings by which git keeps notes on commits that are rewritten, shows them, and joins them: beside what is set already.
pub(super) const NOTES: [(&str, &str); 3] =
    [("notes.rewriteRef", NOTES_REF), ("notes.displayRef", NOTES_REF), ("notes.chant.mergeStrategy", "cat_sort_uniq")];

/// The settings of [`NOTES`] that no configuration has.
pub(super) fn missing(project: &Project) -> Vec<(&'static str, &'static str)> {
    let config = project.repo.gix().config_snapshot();
    let says = |key: &str, value: &str| {
        let known = config.plumbing().strings(key).unwrap_or_default();
        // A strategy of the person's own is theirs; a list may name all notes at once.
        known.iter().any(|known| !key.ends_with("Ref") || *known == value || *known == "refs/notes/*")
    };
    NOTES.into_iter().filter(|(key, value)| !says(key, value)).collect()
}

/// The settings by which a plain `git fetch` brings the histories of specs of `remote`: into the namespace of what remotes have only, so
/// that nothing of this clone is overwritten.
fn fetching(remote: &str) -> Vec<(String, String)> {
    let refspecs = [
        format!("+{SPECS}*:{}*", tracked_specs(remote)),
        format!("+{ARCHIVES}*:{}*", tracked_archives(remote)),
        format!("+{NOTES_REF}*:{}*", tracked_notes(remote)),
        // A remote that takes branches only has them in these.
        format!("+{SYNC_BRANCHES}*:{}*", tracked_sync_branches(remote)),
    ];
    refspecs.into_iter().map(|refspec| (format!("remote.{remote}.fetch"), refspec)).collect()
}

/// The settings of [`fetching`] that this clone lacks, for the remote that it exchanges specs with; none without one.
pub(super) fn missing_fetches(project: &Project) -> Result<Vec<(String, String)>> {
    let Some(remote) = project.exchanged_with()? else { return Ok(Vec::new()) };
    let local = local(project)?;
    let mut missing = fetching(&remote);
    missing.retain(|setting| !local.contains(setting));
    Ok(missing)
}

/// What to say where an older git-chant set up what a plain `git fetch` brings here, so that it brings a part of it only.
///
/// # Errors
/// If the configuration cannot be read.
pub(crate) fn to_complete_fetches(project: &Project) -> Result<Option<String>> {
    let Some(remote) = project.exchanged_with()? else { return Ok(None) };
    let config = project.repo.gix().config_snapshot();
    let known = config.plumbing().strings(&format!("remote.{remote}.fetch")).unwrap_or_default();
    let (here, lacking): (Vec<_>, Vec<_>) =
        fetching(&remote).into_iter().partition(|(_, ours)| known.iter().any(|known| *known == ours.as_str()));
    let is_partial = !here.is_empty() && !lacking.is_empty();
    Ok(is_partial.then(|| format!("to have 'git fetch' bring all that '{remote}' has of specs: git chant init")))
}

/// Settings of this clone's own file that concern this tool and are in git's sections: those of [`NOTES`], then colours, pager
/// and hints.
pub(super) fn own(project: &Project) -> Result<Vec<(String, String)>> {
    let local = local(project)?;
    let holds = |key: &str, value: &str| local.iter().any(|(k, v)| k.eq_ignore_ascii_case(key) && v == value);
    let notes = NOTES.into_iter().filter(|(key, value)| holds(key, value));
    let mut own: Vec<(String, String)> = notes.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let fetches = |(key, value): &&(String, String)| {
        let remote = key.strip_prefix("remote.").and_then(|key| key.strip_suffix(".fetch"));
        remote.is_some_and(|remote| fetching(remote).iter().any(|(_, ours)| ours == value))
    };
    own.extend(local.iter().filter(fetches).cloned());
    let about = |key: &str| key == "color.chant" || key == "pager.chant" || key.starts_with("advice.chant");
    own.extend(local.iter().filter(|(key, _)| about(&key.to_ascii_lowercase())).cloned());
    Ok(own)
}

/// The sections `chant` and `chant.*` of this clone's own file, each with its settings.
pub(super) fn sections(project: &Project) -> Result<BTreeMap<String, Vec<String>>> {
    grouped(project, |section| section == "chant" || section.starts_with("chant.") || section == "color.chant")
}

/// The sections of this clone's own file whose names begin with `prefix`, each with its settings.
pub(super) fn sections_of(project: &Project, prefix: &str) -> Result<BTreeMap<String, Vec<String>>> {
    grouped(project, |section| section.starts_with(prefix))
}

fn grouped(project: &Project, wanted: impl Fn(&str) -> bool) -> Result<BTreeMap<String, Vec<String>>> {
    let mut sections: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in local(project)? {
        if let Some((section, _)) = key.rsplit_once('.')
            && wanted(section)
        {
            sections.entry(section.to_owned()).or_default().push(format!("{key} = {value}"));
        }
    }
    Ok(sections)
}

/// Every setting of this clone's own file, without what it includes.
pub(super) fn local(project: &Project) -> Result<Vec<(String, String)>> {
    let listed = git(project, &["--no-includes", "-z", "--list"]).check()?;
    let pairs = listed.records().map(|record| {
        let (key, value) = record.split_once_str("\n").unwrap_or((record, b""));
        (key.to_str_lossy().into_owned(), value.to_str_lossy().into_owned())
    });
    Ok(pairs.collect())
}

pub(super) fn add(project: &Project, key: &str, value: &str) -> Result<()> {
    git(project, &["--add", key, value]).check().map(drop)
}

/// Removes the value, unless it is gone.
pub(super) fn remove(project: &Project, key: &str, value: &str) -> Result<()> {
    let unset = git(project, &["--fixed-value", "--unset-all", key, value]).run()?;
    if unset.success() || !local(project)?.iter().any(|(k, v)| k.eq_ignore_ascii_case(key) && v == value) {
        return Ok(());
    }
    Err(refused(key, &unset))
}

/// Removes the section, unless it is gone.
pub(super) fn remove_section(project: &Project, name: &str) -> Result<()> {
    let removed = git(project, &["--remove-section", name]).run()?;
    if removed.success() || !sections_of(project, name)?.contains_key(name) {
        return Ok(());
    }
    Err(refused(name, &removed))
}

fn refused(what: &str, output: &Output) -> Error {
    Error::fatal(Kind::Config, format!("cannot unset '{what}': {}", output.complaint()))
}

fn git(project: &Project, args: &[&str]) -> Git {
    Git::at(&project.repo).args(["config", "--local"]).args(args)
}
