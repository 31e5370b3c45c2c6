//! Remembers that the sandbox worked here, so that it is tried out once in a boot and not at every start.
//!
//! Only the good answer is kept, with all that it depends on. One that is wrong has the agent fail; it never leaves an agent unconfined.

use std::{
    fs, io,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use super::layers::Layers;
use crate::{
    agent::lease,
    env::{Env, fault, local_file},
};

/// A file that is larger is not ours, in bytes.
const MOST: u64 = 4096;

/// What the sandbox depends on, and the file that says under what it worked.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    file: PathBuf,
    mark: String,
}

impl Known {
    /// With the program `name` and the `settings` of the system, under the present boot and user; `dir` is where the file is. `None` where
    /// these cannot be told.
    pub(super) fn of(env: &Env, dir: &Path, name: &str, settings: &str) -> Option<Known> {
        let program = env.program(name)?;
        let meta = fs::metadata(&program).ok()?;
        let (boot, user) = (lease::boot()?, rustix::process::getuid().as_raw());
        let namespace = fs::read_link("/proc/self/ns/user").ok()?;
        let file = format!("{} {} {} {}", program.display(), meta.dev(), meta.ino(), meta.mtime());
        let mark = format!("{boot} {user} {} {settings} {file}\n", namespace.display());
        Some(Known { file: dir.join("sandbox"), mark })
    }

    /// The file and what it says where the sandbox has worked.
    fn entry(&self, strict: bool, layers: Option<&Layers>) -> (PathBuf, Vec<u8>) {
        let mut text = format!("{} {}", if strict { "strict" } else { "open" }, self.mark).into_bytes();
        let Some(layers) = layers else { return (self.file.clone(), text) };
        for layer in &layers.each {
            text.extend_from_slice(layer.at.as_os_str().as_bytes());
            text.push(b'\n');
        }
        (self.file.with_extension("layers"), text)
    }

    /// Whether the sandbox has worked, `strict` or not, with these layers.
    pub(super) fn holds(&self, strict: bool, layers: Option<&Layers>) -> bool {
        let (file, text) = self.entry(strict, layers);
        local_file::read(&file, MOST).ok().flatten().is_some_and(|known| known == text)
    }

    /// Remembers that it worked.
    pub(super) fn remember(&self, strict: bool, layers: Option<&Layers>) -> io::Result<()> {
        let (file, text) = self.entry(strict, layers);
        let dir = file.parent().unwrap_or(Path::new("."));
        let place = || local_file::stage(dir, &text)?.persist(&file).map(drop).map_err(|failed| failed.error);
        fault::around("sandbox.known", place)
    }
}
