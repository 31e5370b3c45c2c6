//! `install-man`: the pages of the manual.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<ManualPages>(&["install-man"])];

/// The pages of the manual.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ManualPages {
    /// The directory that they are in.
    pub path: PathText,
    /// Whether nothing was done yet.
    pub dry_run: bool,
    /// The pages that were written; what was there already is not among them.
    pub written: Vec<PathText>,
    /// The pages that were taken away.
    pub removed: Vec<PathText>,
}

impl Answer for ManualPages {
    /// Writes what was written, then what was removed.
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        if self.written.is_empty() && self.removed.is_empty() {
            return writeln!(out, "Nothing to change");
        }
        let [write, remove] = if self.dry_run { ["Would write", "Would remove"] } else { ["Wrote", "Removed"] };
        let place = format!(" in '{}'", self.path);
        write_pages(out, write, &self.written, &place)?;
        write_pages(out, remove, &self.removed, "")
    }

    /// `written` or `removed`, and the file.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        let written = self.written.iter().map(|page| (b"written\t", page));
        let removed = self.removed.iter().map(|page| (b"removed\t", page));
        written.chain(removed).map(|(done, page)| [done, page.bytes()].concat()).collect()
    }
}

fn write_pages(out: &mut dyn Write, verb: &str, pages: &[PathText], place: &str) -> io::Result<()> {
    match pages.len() {
        0 => {}
        1 => writeln!(out, "{verb} 1 page{place}")?,
        count => writeln!(out, "{verb} {count} pages{place}")?,
    }
    pages.iter().try_for_each(|page| writeln!(out, "    {}", page))
}
