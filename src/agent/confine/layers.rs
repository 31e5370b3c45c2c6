//! Directories that a run finds as they are and changes for itself only: an overlay of Linux over each of them.
//!
//! They are mounted in namespaces of their own, before bubblewrap makes its own ones. What the run writes lies in a directory of the
//! caller's, who keeps it from one command to the next or removes it.

use std::{
    ffi::OsString,
    fs,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

use super::calls;
use crate::error::{IoContext, Result};

/// The program that makes the namespaces.
pub(super) const PROGRAM: &str = "unshare";

/// What the kernel takes for an end within the options of an overlay.
const SEPARATORS: &[u8] = b":,\\\"\n";

/// The directory, in that of the layers, through which mounts stay reachable that a layer covers.
const HELD: &str = "held";

/// The file, in that of the layers, with what the kernel refuses, and the descriptor by which bubblewrap reads it.
const CALLS: &str = "calls";
pub(super) const FILTER: &str = "9";

/// What follows a test that fails where a path is there: it is covered, unless it is a link. The path comes after each.
const COVER: [&str; 4] =
    [" || test -L ", " || { test -d ", " && mount -t tmpfs tmpfs ", " 2>/dev/null; } || mount --bind /dev/null "];

/// Of how many entries a directory is removed whole from what a run finds.
const MOST_REMOVED: usize = 200;

/// The layers of one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers {
    /// The directory that holds what the run writes. It has to exist and to be on a disk, not on an overlay.
    pub dir: PathBuf,
    /// The directories, none within another except the last ones, which are mounted last.
    pub each: Vec<Layer>,
    /// Files and directories in them that the run does not find.
    pub without: Vec<PathBuf>,
    /// Files and directories anywhere that the run finds empty. Another process may remove them at any time.
    pub hidden: Vec<PathBuf>,
    /// Whether each file that the run reads has to show it by the date of its last access: see `calls`.
    pub shows_reads: bool,
}

/// One directory that the run changes for itself.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    /// Where the run finds it: an absolute path without symbolic links. It is made there if it is missing.
    pub at: PathBuf,
    /// What is in it at first: a path relative to [`Layers::dir`], or several with colons between them, the uppermost first. `None`: what is
    /// there.
    pub lower: Option<String>,
    /// The name of what the run writes, a directory in [`Layers::dir`].
    pub name: String,
}

impl Layers {
    /// Where the run's own version of what it wrote in the layer `name` lies.
    pub(crate) fn upper(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.upper"))
    }

    /// Where a directory has to be for a layer that does not lie in another.
    pub(super) fn places(&self) -> impl Iterator<Item = &Path> {
        let within =
            |layer: &Layer| self.each.iter().any(|other| other.at != layer.at && layer.at.starts_with(&other.at));
        self.each.iter().filter(move |layer| layer.lower.is_some() && !within(layer)).map(|layer| layer.at.as_path())
    }

    /// Makes the directories for what the run writes, where they are missing.
    ///
    /// # Errors
    /// If one cannot be made.
    pub(super) fn make_ready(&self) -> Result<()> {
        let held = self.dir.join(HELD);
        fs::create_dir_all(&held).io("create", &held)?;
        if let Some(filter) = self.filter() {
            let file = self.dir.join(CALLS);
            fs::write(&file, filter).io("write", &file)?;
        }
        // It may be longer than one argument of a program.
        let file = self.script_file();
        fs::write(&file, self.script()).io("write", &file)?;
        let below = self
            .each
            .iter()
            .flat_map(|layer| mounts_below(layer).into_iter().enumerate().map(move |(at, _)| below(layer, at)));
        for name in self.each.iter().map(|layer| layer.name.clone()).chain(below) {
            for dir in [self.upper(&name), self.dir.join(format!("{name}.work"))] {
                fs::create_dir_all(&dir).io("create", &dir)?;
            }
        }
        Ok(())
    }

    /// Whether the kernel can be told every path that is an option of an overlay: where it is mounted is none.
    pub(super) fn can_be_named(&self) -> bool {
        let plain = |path: &Path| !path.as_os_str().as_bytes().iter().any(|byte| SEPARATORS.contains(byte));
        self.each.iter().all(|layer| layer.lower.is_some() || plain(&layer.at))
    }

    /// What the kernel refuses to the run, for bubblewrap to read from the descriptor [`FILTER`].
    pub(super) fn filter(&self) -> Option<Vec<u8>> {
        self.shows_reads.then(calls::filter).flatten()
    }

    /// The words that go before those of bubblewrap.
    pub(super) fn prefix(&self) -> Vec<OsString> {
        [PROGRAM.into(), "-Urm".into(), "/bin/sh".into(), self.script_file().into()].into()
    }

    /// The file with the script. The layers of one directory differ in the first, or in what is refused.
    fn script_file(&self) -> PathBuf {
        let first = self.each.first().map(|layer| layer.name.as_str()).unwrap_or_default();
        self.dir.join(format!("enter-{first}{}", if self.shows_reads { "-refused" } else { "" }))
    }

    /// The directory is the working directory, and what the run writes is named relative to it: so it is found below a layer, too.
    fn script(&self) -> Vec<u8> {
        let mut script = b"set -e\ncd -- ".to_vec();
        quote(&mut script, &self.dir);
        let mounts: Vec<(String, PathBuf)> = self
            .each
            .iter()
            .flat_map(|layer| mounts_below(layer).into_iter().enumerate().map(|(at, path)| (below(layer, at), path)))
            .collect();
        if !mounts.is_empty() {
            script.extend_from_slice(format!("\nmount -t tmpfs tmpfs {HELD}").as_bytes());
        }
        for (name, path) in &mounts {
            let make = if path.is_dir() { "mkdir" } else { "touch" };
            script.extend_from_slice(format!("\n{make} {HELD}/{name}; mount --bind -- ").as_bytes());
            quote(&mut script, path);
            script.extend_from_slice(format!(" {HELD}/{name}").as_bytes());
        }
        let names =
            self.each.iter().map(|layer| layer.name.as_str()).chain(mounts.iter().map(|(name, _)| name.as_str()));
        script.extend_from_slice(b"\nmkdir -p --");
        names.for_each(|name| script.extend_from_slice(format!(" {name}.$$").as_bytes()));
        for layer in &self.each {
            script.extend_from_slice(b"\ntest -d ");
            quote(&mut script, &layer.at);
            script.extend_from_slice(b" || mkdir -p -- ");
            quote(&mut script, &layer.at);
            script.push(b'\n');
            let lower = layer.lower.as_ref().map_or(layer.at.as_path(), Path::new);
            overlay(&mut script, lower, &layer.name, &layer.at);
            for (name, path) in mounts.iter().filter(|(_, path)| path.starts_with(&layer.at)) {
                let held = format!("{HELD}/{name}");
                script.extend_from_slice(b"\n{ ");
                if path.is_dir() {
                    overlay(&mut script, Path::new(&held), name, path);
                } else {
                    script.extend_from_slice(b"false");
                }
                script.extend_from_slice(format!("; }} 2>/dev/null || {{ mount --bind {held} ").as_bytes());
                quote(&mut script, path);
                script.extend_from_slice(b"; mount -o remount,bind,ro -- ");
                quote(&mut script, path);
                script.extend_from_slice(b"; }");
            }
        }
        // What the run leaves for its caller, see `Sandbox::temporary`, has to be on the disk, too, where a layer covers the directory: so
        // the path is not looked up anew. A `mount` that cannot do that only loses what is left there.
        if self.each.iter().any(|layer| self.dir.starts_with(&layer.at)) {
            script.extend_from_slice(b"\ntest ! -d tmp || mount --no-canonicalize --bind -- tmp ");
            quote(&mut script, &self.dir.join("tmp"));
            script.extend_from_slice(b" 2>/dev/null || :");
        }
        // Elsewhere it would be the person's own.
        for path in self.without.iter().filter(|path| self.each.iter().any(|layer| path.starts_with(&layer.at))) {
            // That it is there could tell as much as what is in it. The content of a large one is covered only: it takes no time.
            script.extend_from_slice(if is_small(path) { b"\nrm -rf -- " } else { b"\ntest ! -e " });
            quote(&mut script, path);
            script.extend_from_slice(b" 2>/dev/null");
            for part in COVER {
                script.extend_from_slice(part.as_bytes());
                quote(&mut script, path);
            }
        }
        for path in &self.hidden {
            script.extend_from_slice(b"\ntest ! -e ");
            quote(&mut script, path);
            for part in COVER {
                script.extend_from_slice(part.as_bytes());
                quote(&mut script, path);
            }
            // It is gone since, and hidden by that.
            script.extend_from_slice(b" 2>/dev/null || test ! -e ");
            quote(&mut script, path);
        }
        // It would tell a command what it is run for.
        script.extend_from_slice(b"\nunset OLDPWD\nexec \"$@\"");
        if self.filter().is_some() {
            script.extend_from_slice(format!(" {FILTER}<{CALLS}").as_bytes());
        }
        script
    }
}

/// Whether it is no directory, or one in which few things are.
fn is_small(path: &Path) -> bool {
    let (mut dirs, mut left) = (vec![path.to_owned()], MOST_REMOVED);
    while let Some(dir) = dirs.pop() {
        if fs::symlink_metadata(&dir).is_ok_and(|meta| !meta.is_dir()) {
            continue;
        }
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            if left == 0 {
                return false;
            }
            left -= 1;
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                dirs.push(entry.path());
            }
        }
    }
    true
}

/// Mounts one overlay. It is volatile where the kernel can do that: otherwise its end writes all of the disk that holds it, which takes
/// longer than most checks. A volatile one leaves a mark in its work directory that forbids to mount it again, so that each mount has one of
/// its own.
fn overlay(script: &mut Vec<u8>, lower: &Path, name: &str, at: &Path) {
    let mut options = b"lowerdir=".to_vec();
    options.extend_from_slice(lower.as_os_str().as_bytes());
    options.extend_from_slice(format!(",upperdir={name}.upper,userxattr,workdir={name}.").as_bytes());
    script.extend_from_slice(b"{ mount -t overlay overlay -o ");
    quote(script, Path::new(&OsString::from_vec(options.clone())));
    script.extend_from_slice(b"\"$$\",volatile -- ");
    quote(script, at);
    script.extend_from_slice(b" 2>/dev/null || mount -t overlay overlay -o ");
    options.extend_from_slice(b"work");
    quote(script, Path::new(&OsString::from_vec(options)));
    script.extend_from_slice(b" -- ");
    quote(script, at);
    script.extend_from_slice(b"; }");
}

/// The name of what the run writes in the mount `at` below a layer.
fn below(layer: &Layer, at: usize) -> String {
    format!("{}-{at}", layer.name)
}

/// What is mounted below a layer, and would not be found in an overlay: the outermost first.
fn mounts_below(layer: &Layer) -> Vec<PathBuf> {
    if layer.lower.is_some() {
        return Vec::new();
    }
    let table = fs::read("/proc/self/mountinfo").unwrap_or_default();
    let mut found: Vec<PathBuf> = table
        .split(|byte| *byte == b'\n')
        .filter_map(|line| line.split(|byte| *byte == b' ').nth(4).map(unescaped))
        .filter(|path| path.starts_with(&layer.at) && *path != layer.at && path.exists())
        .collect();
    found.sort();
    found.dedup();
    found
}

/// A path of the table of mounts, in which `\040` is a space.
fn unescaped(text: &[u8]) -> PathBuf {
    let mut path = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                path.push(byte);
                rest = &after[3..];
            }
            None => {
                path.push(*first);
                rest = after;
            }
        }
    }
    PathBuf::from(OsString::from_vec(path))
}

/// Adds a path as one word of a shell.
fn quote(script: &mut Vec<u8>, path: &Path) {
    script.push(b'\'');
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'\'' => script.extend_from_slice(b"'\\''"),
            byte => script.push(*byte),
        }
    }
    script.push(b'\'');
}
