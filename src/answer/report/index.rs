//! The page that leads to the reports of a repository.

use maud::{Markup, html};

use super::{
    page::document,
    parts::{prose, status, verdict},
    view::{Report, Reported},
};
use crate::{answer::prelude::*, terminal::clean};

/// The pages of all investigations, and the one that leads to them.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ReportIndex {
    /// The page that leads to the others.
    pub path: PathText,
    /// The pages, in the order of their topics.
    pub pages: Vec<IndexedReport>,
}

/// The page of an investigation.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct IndexedReport {
    /// The investigation.
    pub topic: String,
    /// The name of the file, beside the page that leads to it.
    pub file: String,
    /// What is said of it there.
    #[serde(flatten)]
    pub entry: IndexEntry,
}

/// What is said of an investigation in a list.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct IndexEntry {
    /// What it is about.
    pub title: String,
    /// The status of the spec that the others lead to.
    pub status: Status,
    /// How far the work of that is verified.
    pub verified: Option<String>,
    /// How many specs it has.
    pub specs: usize,
    /// When something was last recorded, RFC 3339.
    pub updated_at: Option<String>,
}

impl Report {
    /// What is said of it in a list.
    pub(crate) fn entry(&self) -> IndexEntry {
        let main = self.main().map(|spec| &spec.detail.spec);
        let last = |spec: &Reported| spec.detail.spec.updated_at.clone();
        IndexEntry {
            title: self.title.clone(),
            status: main.map_or(Status::Pending, |spec| spec.status),
            verified: main.and_then(|spec| spec.verified.clone()),
            specs: self.specs.len(),
            updated_at: self.specs.iter().filter_map(last).max(),
        }
    }
}

/// The page: the investigation that changed last stands first.
pub(super) fn page(pages: &[IndexedReport]) -> Markup {
    let mut sorted: Vec<&IndexedReport> = pages.iter().collect();
    sorted.sort_by(|one, other| (&other.entry.updated_at, &one.topic).cmp(&(&one.entry.updated_at, &other.topic)));
    document(
        "Investigations",
        &html! {
            header { h1 { "Investigations" } p.verdict { (pages.len()) " in this repository." } }
            main id="main" {
                @if pages.is_empty() { p { "There are none yet." } }
                ul.investigations {
                    @for IndexedReport { topic, file, entry } in sorted {
                        li {
                            p.eyebrow {
                                (clean::line(topic)) " \u{b7} " (entry.specs) @if entry.specs == 1 { " spec" } @else { " specs" }
                                @if let Some(at) = entry.updated_at.as_deref().and_then(|at| at.get(..10)) { " \u{b7} " time datetime=(at) { (at) } }
                            }
                            h2 { a href=(file) { (prose(if entry.title.is_empty() { topic } else { &entry.title })) } }
                            p { (status(entry.status)) " " (verdict(entry.verified.as_deref())) }
                        }
                    }
                }
            }
        },
    )
}

impl Answer for ReportIndex {
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        let pages = if self.pages.len() == 1 { "page" } else { "pages" };
        writeln!(out, "Wrote {} and {} {pages} beside it", self.path, self.pages.len())
    }

    /// The file and the topic of each page.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        self.pages.iter().map(|page| joined(&[&page.file, &page.topic])).collect()
    }
}
