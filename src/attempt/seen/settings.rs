//! The configuration that git goes by. Values never leave this clone: a part is a name without anything that could be secret, and a hash.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use bstr::ByteSlice;

use crate::{
    domain::byte_text::{bytes_of, text_of},
    error::Result,
    git::{process::Git, setting::Setting},
    project::Project,
};

/// Settings, each with all of its values.
pub(super) type Settings = BTreeMap<String, Vec<String>>;

/// Sections that decide how commits and checkouts are made. Their values are kept; those of all others only as hashes, as tokens may be
/// among them.
const PLAIN: &[&str] = &[
    "apply",
    "author",
    "checkout",
    "commit",
    "committer",
    "core",
    "diff",
    "filter",
    "gpg",
    "hook",
    "i18n",
    "index",
    "merge",
    "status",
    "tag",
    "trailer",
    "user",
];

/// Keys of these sections whose values may hold a secret, or the way to one.
const NOT_PLAIN: &[&str] = &["core.askpass", "core.gitproxy", "core.sshcommand"];

/// Keys that git and its helpers write on everyday commands, and that run nothing: what `git branch` and `git push -u` keep about
/// branches, what git-lfs found out about a server.
fn is_everyday(key: &str) -> bool {
    let lfs = key.starts_with("lfs.") && (key.ends_with(".access") || key.ends_with(".locksverify"));
    key.starts_with("branch.") || lfs
}

/// What was read.
pub(super) struct Read {
    /// The repository's own settings: their names and hashes.
    pub own: BTreeMap<String, String>,
    /// Those of the user and the machine, and of included files.
    pub shared: BTreeMap<String, String>,
    /// The files of these.
    pub origins: BTreeSet<String>,
    /// Every setting that git goes by.
    pub effective: Settings,
    /// Those of it whose values are kept.
    pub plain: Settings,
}

/// Reads the configuration of every scope, includes followed.
pub(super) fn read(project: &Project) -> Result<Read> {
    let (mut own, mut shared, mut effective) = (Settings::new(), Settings::new(), Settings::new());
    let listed = Git::at(&project.repo).args(["config", "--list", "-z", "--show-scope", "--show-origin"]).run()?;
    let common = project.repo.common_dir();
    let files = [common.join("config"), project.repo.git_dir().join("config.worktree")];
    let top = project.repo.work_dir().unwrap_or(common);
    let mut origins = BTreeSet::new();
    let mut is_own: HashMap<Vec<u8>, bool> = HashMap::new();
    let mut fields = listed.records();
    while let (Some(scope), Some(origin), Some(setting)) = (fields.next(), fields.next(), fields.next()) {
        let text = text_of(setting);
        let split = text.split_once('\n');
        let (key, value) = split.unwrap_or((&text, "true"));
        effective.entry(key.to_owned()).or_default().push(value.to_owned());
        if scope == b"command" || is_everyday(key) {
            continue;
        }
        // What such a file includes is not the repository's own.
        let own_file = *is_own.entry(origin.to_owned()).or_insert_with(|| {
            let path = origin.strip_prefix(b"file:").and_then(|path| path.to_path().ok());
            path.is_some_and(|path| files.iter().any(|file| is_same(&top.join(path), file)))
        });
        if let (false, Some(path)) = (own_file, origin.strip_prefix(b"file:")) {
            origins.insert(top.join(path.to_str_lossy().as_ref()).to_string_lossy().into_owned());
        }
        let of = if own_file { &mut own } else { &mut shared };
        let value = split.map_or("", |(_, value)| value);
        of.entry(shown(key)).or_default().push(format!("{key}\n{value}"));
    }
    let store = project.store()?;
    let hashed = |settings: Settings| {
        let hash = |values: Vec<String>| store.blob_id(values.join("\0").as_bytes()).to_string();
        settings.into_iter().map(|(name, values)| (name, hash(values))).collect()
    };
    let plain = effective.iter().filter(|(key, _)| is_plain(key));
    let plain = plain.map(|(key, values)| (key.clone(), values.clone())).collect();
    Ok(Read { own: hashed(own), shared: hashed(shared), origins, effective, plain })
}

fn is_plain(key: &str) -> bool {
    key.split_once('.').is_some_and(|(section, _)| PLAIN.contains(&section)) && !NOT_PLAIN.contains(&key)
}

/// The name of a key without an address in it, which may hold a password: `url.*.insteadof`.
fn shown(key: &str) -> String {
    match key.split_once('.').and_then(|(section, rest)| Some((section, rest.rsplit_once('.')?))) {
        Some((section, (middle, name))) if middle.contains([':', '@']) => format!("{section}.*.{name}"),
        _ => key.to_owned(),
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || std::fs::canonicalize(one).ok().is_some_and(|one| std::fs::canonicalize(other).ok() == Some(one))
}

/// What decides which files of the user and the machine git reads, as a hash.
pub(super) fn home(project: &Project) -> Result<String> {
    let names = ["HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"];
    let values = names.map(|name| format!("{:?}", project.env.var(name)));
    Ok(project.store()?.blob_id(values.join("\n").as_bytes()).to_string())
}

/// Settings under which git works as before, as far as that can be said.
pub(super) fn muted(before: &Settings, now: &Settings) -> Vec<Setting> {
    let changed = super::parts::differing(before, now).into_iter();
    changed.filter_map(|key| as_before(&key, before.get(&key).and_then(|values| values.last()))).collect()
}

/// The setting under which a changed key means what it did. A key that was not there cannot be taken away again: where the empty
/// value is as good, that; other keys run nothing when an attempt is judged.
fn as_before(key: &str, old: Option<&String>) -> Option<Setting> {
    // A hook in the configuration, which core.hooksPath does not keep git (2.54) from.
    if let Some((name, _)) = key.strip_prefix("hook.").and_then(|rest| rest.rsplit_once('.')) {
        return Some(Setting::new(bytes_of(&format!("hook.{name}.enabled")), "false"));
    }
    let value = match old {
        Some(old) => old,
        None if key.starts_with("filter.") && !key.ends_with(".required") => "",
        None if key.starts_with("filter.") || key == "commit.gpgsign" => "false",
        None if ["core.attributesfile", "core.excludesfile", "core.hookspath"].contains(&key) => "/dev/null",
        None if key == "core.fsmonitor" => "false",
        None => return None,
    };
    Some(Setting::new(bytes_of(key), bytes_of(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_holds_an_address() {
        for (key, name) in [
            ("core.editor", "core.editor"),
            ("filter.a.b.clean", "filter.a.b.clean"),
            ("url.https://u:token@host.example/.insteadof", "url.*.insteadof"),
            ("http.https://host.example/a.b/.extraheader", "http.*.extraheader"),
            ("includeif.gitdir:/home/ada/.path", "includeif.*.path"),
            ("credential.git@host.username", "credential.*.username"),
        ] {
            assert_eq!(shown(key), name);
        }
    }

    #[test]
    fn only_values_that_make_commits_are_kept() {
        for (key, kept) in [
            ("core.autocrlf", true),
            ("filter.x.clean", true),
            ("user.name", true),
            ("core.sshcommand", false),
            ("http.extraheader", false),
            ("github.token", false),
            ("chant.agent.x.cmd", false),
            ("remote.origin.url", false),
        ] {
            assert_eq!(is_plain(key), kept, "{key}");
        }
    }
}
