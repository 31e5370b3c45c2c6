//! `install-man`: the pages of the manual.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    outcome::Answer,
    record::{path_bytes, path_text, paths_text},
};
use crate::terminal::{Look, clean};

/// The pages of the manual.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ManualPages {
    /// The directory that they are in.
    #[serde(serialize_with = "path_text")]
    #[schemars(with = "String")]
    pub path: PathBuf,
    /// Whether nothing was done yet.
    pub dry_run: bool,
    /// The pages that were written; what was there already is not among them.
    #[serde(serialize_with = "paths_text")]
    #[schemars(with = "Vec<String>")]
    pub written: Vec<PathBuf>,
    /// The pages that were taken away.
    #[serde(serialize_with = "paths_text")]
    #[schemars(with = "Vec<String>")]
    pub removed: Vec<PathBuf>,
}

impl Answer for ManualPages {
    /// Writes what was written, then what was removed.
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        if self.written.is_empty() && self.removed.is_empty() {
            return writeln!(out, "There is nothing to change");
        }
        let [write, remove] = if self.dry_run { ["Would write", "Would remove"] } else { ["Wrote", "Removed"] };
        let place = format!(" in '{}'", clean::line(&self.path.to_string_lossy()));
        write_pages(out, write, &self.written, &place)?;
        write_pages(out, remove, &self.removed, "")
    }

    /// `written` or `removed`, and the file.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        let written = self.written.iter().map(|page| (b"written\t", page));
        let removed = self.removed.iter().map(|page| (b"removed\t", page));
        written.chain(removed).map(|(done, page)| [done, path_bytes(page)].concat()).collect()
    }
}

fn write_pages(out: &mut dyn Write, verb: &str, pages: &[PathBuf], place: &str) -> io::Result<()> {
    match pages.len() {
        0 => {}
        1 => writeln!(out, "{verb} 1 page{place}")?,
        count => writeln!(out, "{verb} {count} pages{place}")?,
    }
    pages.iter().try_for_each(|page| writeln!(out, "    {}", clean::line(&page.to_string_lossy())))
}
