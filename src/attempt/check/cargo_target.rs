//! What cargo keeps of the packages that a project depends on, in the directory that it builds in.
//!
//! What it built of the project's own packages can outlive what it was made of: a build script declares which files it reads, and may forget
//! one. Packages from elsewhere do not change with the project. The compiler's own state for the next compilation, `incremental`, goes by
//! the content of each source. What stays of the project's own packages is decided in `compiled`.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use crate::env::local_file;

/// Files of the directory itself, by which cargo knows it again.
const OWN: [&str; 2] = ["CACHEDIR.TAG", ".rustc_info.json"];

/// How the first of them begins.
const SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// A larger list of sources is none of the compiler's, in bytes.
const MOST_LIST: u64 = 16 << 20;

/// A directory of a checkout that may be one that cargo builds in.
pub(super) struct CargoTarget<'a> {
    /// The directories that lie over each other, the uppermost first.
    pub layers: &'a [&'a Path],
    /// Where commands find the checkout.
    pub checkout: &'a Path,
    /// The directory, relative to the checkout.
    pub at: &'a Path,
}

impl CargoTarget<'_> {
    /// The paths in it, relative to the checkout, that no change of the project outdates; with all that is below them. None if it is not
    /// cargo's.
    pub(super) fn of_others(&self) -> BTreeSet<PathBuf> {
        if !self.is_of_cargo() {
            return BTreeSet::new();
        }
        let mut stay: BTreeSet<PathBuf> = OWN.iter().map(|name| self.at.join(name)).collect();
        self.profiles().iter().for_each(|profile| self.of_profile(profile, &mut stay));
        stay
    }

    fn is_of_cargo(&self) -> bool {
        let [tag, info] = OWN.map(|name| self.read_list(&self.at.join(name)));
        info.is_some() && tag.is_some_and(|tag| tag.starts_with(SIGNATURE))
    }

    /// The directories of its profiles: those of the host, and those below the name of another platform. None if it is not cargo's.
    pub(super) fn profiles(&self) -> Vec<PathBuf> {
        if !self.is_of_cargo() {
            return Vec::new();
        }
        let dirs: Vec<PathBuf> = self.names(self.at).iter().map(|name| self.at.join(name)).collect();
        let below = dirs.iter().flat_map(|dir| self.names(dir).into_iter().map(|name| dir.join(name)));
        let holds_units = |dir: &PathBuf| !self.names(&dir.join(".fingerprint")).is_empty();
        dirs.iter().cloned().chain(below).filter(holds_units).collect()
    }

    fn of_profile(&self, profile: &Path, stay: &mut BTreeSet<PathBuf>) {
        let units = self.names(&profile.join(".fingerprint"));
        stay.insert(profile.join("incremental"));
        let (deps, build) = (profile.join("deps"), profile.join("build"));
        let files = self.names(&deps);
        // Whether all sources of a package lie elsewhere, and any are known.
        let (mut others, mut own) = (BTreeSet::new(), BTreeSet::new());
        for unit in &units {
            let Some((package, hash)) = parts(unit) else { continue };
            let lists = files.iter().filter(|file| is_list(file, hash)).map(|file| deps.join(file));
            let script = build.join(unit).join(format!("build_script_build-{hash}.d"));
            for list in lists.chain([script]) {
                let Some(text) = self.read_list(&list) else { continue };
                let side = if self.is_elsewhere(&text) { &mut others } else { &mut own };
                side.insert(package.to_owned());
            }
        }
        for unit in &units {
            let Some((package, hash)) = parts(unit) else { continue };
            if own.contains(package) || !others.contains(package) {
                continue;
            }
            stay.extend([profile.join(".fingerprint").join(unit), build.join(unit)]);
            stay.extend(files.iter().filter(|file| is_of(file, hash)).map(|file| deps.join(file)));
        }
    }

    /// Whether a list of sources names none of the project.
    fn is_elsewhere(&self, list: &[u8]) -> bool {
        let sources = sources(list);
        let is_elsewhere = |path: &PathBuf| {
            let made = path.strip_prefix(self.checkout).is_ok_and(|path| path.starts_with(self.at));
            path.is_absolute() && (made || !path.starts_with(self.checkout))
        };
        !sources.is_empty() && sources.iter().all(is_elsewhere)
    }

    pub(super) fn names(&self, dir: &Path) -> BTreeSet<OsString> {
        let entries = self.layers.iter().filter_map(|layer| fs::read_dir(layer.join(dir)).ok());
        entries.flatten().flatten().map(|entry| entry.file_name()).collect()
    }

    pub(super) fn read_list(&self, path: &Path) -> Option<Vec<u8>> {
        self.layers.iter().find_map(|layer| local_file::read(&layer.join(path), MOST_LIST).ok().flatten())
    }

    /// Whether there is a file at `path`, and no link.
    pub(super) fn is_file(&self, path: &Path) -> bool {
        let meta = self.layers.iter().find_map(|layer| fs::symlink_metadata(layer.join(path)).ok());
        meta.is_some_and(|meta| meta.is_file())
    }
}

/// What a list of sources names, a makefile with an empty rule for each.
pub(super) fn sources(list: &[u8]) -> Vec<PathBuf> {
    let text = String::from_utf8_lossy(list);
    text.lines().filter_map(|line| line.strip_suffix(':')).map(|path| path.replace("\\ ", " ").into()).collect()
}

/// The package and the hash of `itoa-6c1e270c698fa6a6`.
pub(super) fn parts(unit: &OsStr) -> Option<(&str, &str)> {
    unit.to_str()?.rsplit_once('-')
}

/// Whether a file has this hash: `libitoa-6c1e270c698fa6a6.rlib`.
pub(super) fn is_of(file: &OsStr, hash: &str) -> bool {
    file.to_str().and_then(|name| name.rsplit_once('-')).is_some_and(|(_, end)| end.split('.').next() == Some(hash))
}

/// Whether a file lists the sources of what has this hash.
pub(super) fn is_list(file: &OsStr, hash: &str) -> bool {
    Path::new(file).extension().is_some_and(|end| end == "d") && is_of(file, hash)
}
