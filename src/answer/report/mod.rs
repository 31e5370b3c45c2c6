//! `report`: an investigation as one HTML file that loads nothing and runs nothing.
//!
//! What a report is made of is in [`view`], what is left out of it in [`redact`], and how it is drawn in the other files. Nothing here reads
//! a repository.

mod attempts;
mod index;
mod markdown;
mod page;
mod parts;
mod patch;
mod proof;
mod redact;
mod section;
mod timeline;
mod view;

pub(crate) use index::{IndexedReport, ReportIndex};
pub(crate) use redact::Scrub;
pub(crate) use view::{Document, Quote, Report, Reported, ReportedCommit, ReportedRun, main_spec};

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<ReportAnswer>(&["report"]), of::<ReportIndex>(&["report"])];

/// A report that was made.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ReportAnswer {
    /// The report.
    pub report: ReportFile,
}

/// A report as a file.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ReportFile {
    /// Where it was written; `null` where it is in `html`.
    pub path: Option<PathText>,
    /// The full ids of its specs.
    pub specs: Vec<SpecId>,
    /// What was left out: `names`, `costs`, `prompts`, `paths`.
    pub left_out: Vec<String>,
    /// Its size in bytes.
    pub size: usize,
    /// The page; `null` where it was written to a file.
    pub html: Option<String>,
}

/// The page of a report.
pub(crate) fn html(report: &Report) -> String {
    page::html(report).into_string()
}

/// The page that leads to the pages of investigations.
pub(crate) fn index(pages: &[IndexedReport]) -> String {
    index::page(pages).into_string()
}

impl Answer for ReportAnswer {
    /// Writes the page, or where it is.
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        match (&self.report.path, &self.report.html) {
            (Some(path), _) => writeln!(out, "Wrote {path}"),
            (None, html) => writeln!(out, "{}", text(html)),
        }
    }

    /// The path, or the page.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        match &self.report.path {
            Some(path) => vec![path.bytes().to_vec()],
            None => vec![text(&self.report.html).as_bytes().to_vec()],
        }
    }
}
