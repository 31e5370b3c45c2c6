//! What rustc alone compiled of the project's own packages, kept for later checks unit by unit.
//!
//! Rustc lists each file that it read for a unit. The list is complete where nothing else had a say: no build script of the package, and no
//! procedural macro. Even then a linker script or a library may have gone in unnamed. So a check begins with what was compiled only where
//! rustc is known to read every file that differs, and only with the units that none of them went into. That is decided by the content of
//! commits, not by the dates of files. What depends on another unit is compiled again by cargo.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    cargo_target::{CargoTarget, is_list, is_of, parts, sources},
    reads::Changed,
};
use crate::error::{IoContext as _, Result};

/// Extensions of libraries that programs load: procedural macros are such.
const LOADED: &[&str] = &["dll", "dylib", "so"];

/// What rustc compiled in one go.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Unit {
    /// The files and directories that cargo has of it, relative to the checkout.
    files: Vec<String>,
    /// The tracked files that it was compiled of.
    sources: BTreeSet<String>,
    /// These, and others that may be meant: paths in the list end as theirs do.
    perhaps: BTreeSet<String>,
}

impl Unit {
    /// Whether a file that differs may make another thing of it.
    fn is_of(&self, file: &Changed) -> bool {
        if !file.is_new {
            return self.perhaps.contains(&file.path);
        }
        // Rustc may find it where it looked for a module before.
        let holds = |source: &String| Path::new(source).parent().is_some_and(|dir| file.at.starts_with(dir));
        is_rust(&file.path) && self.perhaps.iter().any(holds)
    }
}

/// What a check can begin with of what was compiled.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    /// Where it lies.
    dir: PathBuf,
    /// The files and directories, relative to it.
    files: Vec<String>,
}

impl Compiled {
    /// Those of the `units`, which lie in `dir`, that none of the `changed` files can have gone into.
    pub(super) fn unaffected(dir: PathBuf, units: Vec<Unit>, changed: &[Changed]) -> Compiled {
        let is_source = |file: &Changed| units.iter().any(|unit| unit.sources.contains(&file.path));
        let is_known = |file: &Changed| match file.is_new {
            true => is_rust(&file.path) || file.is_for_people(),
            false => is_source(file) || file.is_for_people(),
        };
        if !changed.iter().all(is_known) {
            return Compiled::default();
        }
        let stay = units.into_iter().filter(|unit| !changed.iter().any(|file| unit.is_of(file)));
        Compiled { dir, files: stay.flat_map(|unit| unit.files).collect() }
    }

    /// Links all of it into a new directory `at`. Returns whether there is anything.
    ///
    /// # Errors
    /// If that cannot be.
    pub(super) fn link(&self, at: &Path) -> Result<bool> {
        for file in &self.files {
            let (from, to) = (self.dir.join(file), at.join(file));
            let holder = if from.is_dir() { Some(to.as_path()) } else { to.parent() };
            holder.map_or(Ok(()), fs::create_dir_all).io("create", &to)?;
            if !from.is_dir() {
                fs::hard_link(&from, &to).io("link", &to)?;
                continue;
            }
            for entry in fs::read_dir(&from).io("read", &from)? {
                let entry = entry.io("read", &from)?;
                fs::hard_link(entry.path(), to.join(entry.file_name())).io("link", &to)?;
            }
        }
        Ok(!self.files.is_empty())
    }
}

impl CargoTarget<'_> {
    /// The units of the project's own packages that rustc alone compiled of `tracked` files.
    pub(super) fn compiled(&self, tracked: &HashSet<&Path>) -> Vec<Unit> {
        let profiles = self.profiles();
        let loads = |profile: &PathBuf| self.names(&profile.join("deps")).iter().any(|file| is_loaded(file));
        if profiles.is_empty() || profiles.iter().any(loads) {
            return Vec::new();
        }
        let mut by_name: HashMap<&OsStr, Vec<&Path>> = HashMap::new();
        for path in tracked {
            by_name.entry(path.file_name().unwrap_or_default()).or_default().push(path);
        }
        profiles.iter().flat_map(|profile| self.compiled_in(profile, tracked, &by_name)).collect()
    }

    fn compiled_in(
        &self,
        profile: &Path,
        tracked: &HashSet<&Path>,
        by_name: &HashMap<&OsStr, Vec<&Path>>,
    ) -> Vec<Unit> {
        let (deps, build) = (profile.join("deps"), profile.join("build"));
        let (files, built) = (self.names(&deps), self.names(&build));
        let scripted: HashSet<&str> = built.iter().filter_map(|unit| Some(parts(unit)?.0)).collect();
        let mut units = Vec::new();
        for unit in self.names(&profile.join(".fingerprint")) {
            let Some((_, hash)) = parts(&unit).filter(|(package, _)| !scripted.contains(package)) else {
                continue;
            };
            let mut lists = files.iter().filter(|file| is_list(file, hash));
            // A unit has one list; several say that its hash is no name for it.
            let (Some(list), None) = (lists.next(), lists.next()) else { continue };
            let Some((sources, perhaps)) = self.sources_of(&deps.join(list), tracked, by_name) else { continue };
            let own = files.iter().filter(|file| is_of(file, hash)).map(|file| deps.join(file));
            let files = own.chain([profile.join(".fingerprint").join(&unit)]);
            let files: Option<Vec<String>> = files.map(|path| path.to_str().map(str::to_owned)).collect();
            let Some(files) = files else { continue };
            units.push(Unit { files, sources, perhaps });
        }
        units
    }

    /// The tracked files that a list of sources names, and all that it may mean; `None` if it names none, or any other.
    fn sources_of(
        &self,
        list: &Path,
        tracked: &HashSet<&Path>,
        by_name: &HashMap<&OsStr, Vec<&Path>>,
    ) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
        let (mut own, mut perhaps) = (BTreeSet::new(), BTreeSet::new());
        // Paths are relative to the top of the workspace, which usually holds the directory.
        let top = self.at.parent()?;
        for source in sources(&self.read_list(list)?) {
            let path = match source.strip_prefix(self.checkout) {
                Ok(path) => path.to_owned(),
                Err(_) if source.is_absolute() => return None,
                Err(_) => top.join(&source),
            };
            if !tracked.contains(path.as_path()) || !self.is_file(&path) {
                return None;
            }
            own.insert(path.to_str()?.to_owned());
            if source.is_relative() {
                let alike = by_name.get(path.file_name()?)?.iter().filter(|other| other.ends_with(&source));
                perhaps.extend(alike.filter_map(|other| other.to_str()).map(str::to_owned));
            }
        }
        perhaps.extend(own.iter().cloned());
        (!own.is_empty()).then_some((own, perhaps))
    }
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

fn is_loaded(file: &OsStr) -> bool {
    Path::new(file).extension().is_some_and(|extension| LOADED.iter().any(|loaded| extension == *loaded))
}

/// Moves what there is of the `units` from `top` to `to`, where nothing is yet, and gives the units back: those that lie in `top` as a whole,
/// and of which nothing is among what `stays`.
///
/// # Errors
/// If something cannot be moved.
pub(super) fn set_apart(units: Vec<Unit>, top: &Path, to: &Path, stays: impl Fn(&Path) -> bool) -> Result<Vec<Unit>> {
    let is_whole = |file: &String| fs::symlink_metadata(top.join(file)).is_ok() && !stays(Path::new(file));
    let units: Vec<Unit> = units.into_iter().filter(|unit| unit.files.iter().all(is_whole)).collect();
    for file in units.iter().flat_map(|unit| &unit.files) {
        let (from, to) = (top.join(file), to.join(file));
        to.parent().map_or(Ok(()), fs::create_dir_all).io("create", &to)?;
        fs::rename(&from, &to).io("move", &from)?;
    }
    Ok(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(name: &str, sources: &[&str], perhaps: &[&str]) -> Unit {
        let set = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        Unit { files: vec![name.to_owned()], sources: set(sources), perhaps: set(&[sources, perhaps].concat()) }
    }

    fn unaffected(changed: &[(&str, bool)]) -> Vec<String> {
        let units = vec![
            unit("app", &["src/lib.rs"], &["other/src/lib.rs"]),
            unit("dep", &["dep/src/lib.rs", "dep/src/a.rs", "dep/README.md"], &[]),
        ];
        let changed: Vec<Changed> = changed
            .iter()
            .map(|(path, is_new)| Changed {
                at: path.into(),
                path: (*path).to_owned(),
                is_new: *is_new,
                of_target: false,
            })
            .collect();
        Compiled::unaffected(PathBuf::new(), units, &changed).files
    }

    #[test]
    fn what_a_changed_file_went_into_does_not_stay() {
        assert_eq!(unaffected(&[]), ["app", "dep"]);
        assert_eq!(unaffected(&[("src/lib.rs", false)]), ["dep"]);
        assert_eq!(unaffected(&[("dep/src/a.rs", false)]), ["app"]);
        assert_eq!(unaffected(&[("dep/README.md", false), ("README.md", false)]), ["app"]);
        assert_eq!(unaffected(&[(".chant/specs/001.md", true), ("NEWS.md", true)]), ["app", "dep"]);
        assert_eq!(unaffected(&[("dep/src/a/mod.rs", true)]), ["app"], "rustc may find it now");
        assert_eq!(unaffected(&[("tests/new.rs", true)]), ["app", "dep"]);
    }

    #[test]
    fn nothing_stays_where_a_file_changed_that_rustc_does_not_name() {
        for (path, is_new) in [("memory.x", false), ("memory.x", true), ("dep/libc.a", false), ("tools/gen.rs", false)]
        {
            let none: [&str; 0] = [];
            assert_eq!(unaffected(&[("src/lib.rs", false), (path, is_new)]), none, "{path}");
        }
    }
}
