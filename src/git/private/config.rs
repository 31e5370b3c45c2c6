//! The configuration of a private repository: that of the repository, without what would act on the repository itself or on its remotes.

use std::{collections::BTreeSet, fs, os::unix::ffi::OsStrExt, path::Path};

use bstr::{BString, ByteSlice};
use gix::config::{File, Source, file::Metadata};

use crate::{
    env::local_file,
    error::{IoContext, Result},
    git::repository::Repository,
};

/// How large a configuration is read, in bytes.
const MAX_LEN: u64 = 1 << 26;

/// What pushing goes to: git says that this does not appear to be a repository.
const NOWHERE: &str = "pushing-is-disabled-inside-a-git-chant-run";

/// Keys that are left out, each with its section. The worktree of a private repository is never the one that `core.worktree` names,
/// and `core.bare` would keep a worktree from being one where `extensions.worktreeConfig` is set.
const LEFT_OUT: &[(&str, &str)] =
    &[("core", "worktree"), ("core", "bare"), ("core", "fsmonitor"), ("remote", "pushurl"), ("url", "pushinsteadof")];

/// What is set: nothing runs on in the background, and the person's keys sign nothing that an agent commits.
const SET: &[(&str, &str, &str)] = &[
    ("core", "fsmonitor", "false"),
    ("gc", "auto", "0"),
    ("maintenance", "auto", "false"),
    ("commit", "gpgSign", "false"),
    ("tag", "gpgSign", "false"),
];

/// The text of the configuration.
///
/// # Errors
/// If the repository's own cannot be read.
pub(super) fn neutral(repo: &Repository) -> Result<Vec<u8>> {
    let common = repo.common_dir();
    let path = common.join("config");
    let real = fs::canonicalize(&path).io("read", &path)?;
    let bytes = local_file::read(&real, MAX_LEN).io("read", &path)?.unwrap_or_default();
    let mut file = File::from_bytes_no_includes(&bytes, Metadata::from(Source::Local), Default::default())?;
    let ids: Vec<_> = file.section_ids().collect();
    for id in ids {
        let Some(mut section) = file.section_mut_by_id(id) else { continue };
        let name = section.header().name().to_str_lossy().to_ascii_lowercase();
        for (_, key) in LEFT_OUT.iter().filter(|(of, _)| *of == name) {
            while section.remove(key).is_some() {}
        }
        if name == "include" || name == "includeif" {
            let paths = section.values("path");
            while section.remove("path").is_some() {}
            for path in paths {
                section.push("path", from_here(path, common).as_bstr())?;
            }
        }
    }
    for (section, key, value) in SET {
        file.new_section(*section, None)?.push(*key, *value)?;
    }
    for name in remotes(repo) {
        file.new_section("remote", Some(name))?.push("pushurl", NOWHERE)?;
    }
    Ok(file.to_bstring().into())
}

/// The path of an included file: one that is relative is so to the directory of the file that includes it.
fn from_here(path: BString, common: &Path) -> BString {
    if path.starts_with(b"/") || path.starts_with(b"~") || path.starts_with(b"%(prefix)") {
        return path;
    }
    let mut whole = BString::from(common.as_os_str().as_bytes());
    whole.push(b'/');
    whole.extend_from_slice(&path);
    whole
}

/// The names of all remotes, wherever they are configured.
fn remotes(repo: &Repository) -> BTreeSet<BString> {
    let snapshot = repo.gix().config_snapshot();
    let sections = snapshot.plumbing().sections_by_name("remote").into_iter().flatten();
    sections.filter_map(|section| section.header().subsection_name().map(ToOwned::to_owned)).collect()
}
