//! `report`.

use std::path::PathBuf;

use clap::Args;
use strum::VariantArray as _;

use super::page::Page;
use crate::domain::redaction::Redaction;

/// Make one HTML page of an investigation for any browser
///
/// The page begins with what was wrong, what was recommended and why, and the proof: the test that failed before and passes after, on
/// which commits, and how the runs were confined. Then come the graph and the events, and each spec with its documents, checks, commits
/// and changes. The end of the page shows how to verify each object id with git alone.
///
/// The page is one file. It runs no script, loads nothing from anywhere, and shows the text of agents and repositories as text. It reads
/// well on a phone, in print, and without its style. The same events give the same bytes.
///
/// The output of commands is in a report if the events contain it (chant.shareOutput). The transcripts of agents never are.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReportArgs {
    /// Investigations, and specs by full or short id
    #[arg(value_name = "topic|spec", required_unless_present = "index")]
    pub what: Vec<String>,

    /// Write the page into this file [default: standard output]
    #[arg(short = 'o', long, value_name = "file", conflicts_with = "open")]
    pub output: Option<PathBuf>,

    /// Show the page in a browser, which git web--browse chooses
    #[arg(long)]
    pub open: bool,

    /// Write a page of each investigation into <directory>, and index.html with links to them
    ///
    /// The directory is made if it is missing. Pages that are there are replaced, and other files left alone.
    #[arg(long, value_name = "directory", conflicts_with_all = ["what", "output", "open"])]
    pub index: Option<PathBuf>,

    /// Leave these out: names, costs, prompts (the texts of specs), paths (below .chant/, and of this machine), all or none [default: none,
    /// in silent mode all]
    #[arg(long, value_name = "what", value_delimiter = ',', value_parser = redactions)]
    pub redact: Vec<Redactions>,
}

/// What one word of `--redact` names.
pub(crate) type Redactions = &'static [Redaction];

fn redactions(text: &str) -> Result<Redactions, String> {
    let one = |what: &Redaction| Redaction::VARIANTS.iter().position(|known| known == what);
    match text {
        "all" => Ok(Redaction::ALL),
        "none" => Ok(&[]),
        text => {
            let what: Redaction =
                text.parse().map_err(|_| "expected names, costs, prompts, paths, all or none".to_owned())?;
            Ok(one(&what).map_or(&[], |at| &Redaction::ALL[at..=at]))
        }
    }
}

/// Examples and neighbours of `report`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant report issue-1234 --open", "Read an investigation in a browser."),
        ("git chant report issue-1234 -o report.html", "A file to send to a reviewer."),
        ("git chant report --index public", "All investigations, for the pages of a project."),
        ("git chant report 010 --redact names,costs -o report.html", "One spec, without who did it and what it cost."),
    ],
    see_also: &["git-chant-show", "git-chant-why", "git-chant-graph", "gitchant-security"],
};
