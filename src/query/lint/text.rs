//! What the texts of a spec lack: its criteria, and the documents that it has to produce as far as they are written.

use gix::bstr::ByteSlice;

use super::{Linter, Report};
use crate::{
    answer::ProblemView,
    domain::{
        diagnostic::Severity,
        pattern::{self, Entry as Pattern},
        spec_type::SpecType,
        text::{self, Finding, Known},
    },
    error::Result,
    git::work_file,
    specs::{documents, entry::Entry, listing::Listing},
};

/// A larger document is not looked at, in bytes.
const LARGEST: u64 = 1 << 20;

/// Criteria that say nothing, or stand there twice.
pub(super) fn criteria(report: &mut Report<'_>) {
    let mut problems = Vec::new();
    for (at, criterion) in report.spec.criteria.iter().enumerate() {
        let earlier = report.spec.criteria[..at].iter().find(|other| other.text == criterion.text);
        if text::says_nothing(&criterion.text) {
            let message = format!("the criterion '{}' is empty", criterion.text);
            problems.push((criterion.line, "empty-criterion", message, "write what must be true"));
        } else if let Some(earlier) = earlier {
            let message = format!("the criterion '{}' repeats line {}", criterion.text, earlier.line);
            problems.push((criterion.line, "repeated-criterion", message, "remove one of them"));
        }
    }
    let path = report.spec.source().path().to_owned();
    for (line, code, message, help) in problems {
        let finding = Finding::new(line, message, help);
        report.found.push(problem(report, code, &path, &finding));
    }
}

impl Linter<'_, '_> {
    /// The documents of research as they lie in its worktree, otherwise in the main one.
    pub(super) fn documents(&self, entry: &Entry, report: &mut Report<'_>) -> Result<()> {
        let (project, front) = (self.specs.project, &report.spec.front);
        if front.kind != SpecType::Research {
            return Ok(());
        }
        let plain =
            |path: &&String| path.ends_with(".md") && matches!(pattern::Entry::parse(path), Ok(Pattern::Path(_)));
        let mut documents = front.target_files.iter().filter(plain).peekable();
        if documents.peek().is_none() {
            return Ok(());
        }
        let tree = project.worktree_among(self.specs.worktrees()?, &entry.id)?.map(|tree| tree.path.clone());
        let Some(top) = tree.or_else(|| project.repo.main_work_dir()) else { return Ok(()) };
        let Some(text) = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref()) else { return Ok(()) };
        let known = Known::of(report.spec.title.as_deref(), &String::from_utf8_lossy(&text.bytes));
        let base = self.specs.base_of(&entry.facts())?;
        let mut problems = Vec::new();
        for path in documents {
            // What cannot be read is refused where it is checked.
            let Ok(Some(bytes)) = work_file::read(&top, path.as_bytes().as_bstr(), LARGEST) else { continue };
            let document = String::from_utf8_lossy(&bytes);
            let files = || Listing::of(&base);
            let findings = match documents::emptiness(&document, &known) {
                Some(finding) => vec![finding],
                None => documents::unfit(&document, front.known_phase(), &known, files)?,
            };
            problems.extend(findings.iter().map(|finding| problem(report, "document", path, finding)));
        }
        report.found.extend(problems);
        Ok(())
    }
}

fn problem(report: &Report<'_>, code: &str, path: &str, finding: &Finding) -> ProblemView {
    let mut problem = ProblemView::new(Severity::Warning, code, finding.what.clone());
    problem.spec = Some(report.id.clone());
    problem.path = Some(path.to_owned());
    problem.line = Some(finding.line);
    problem.help = Some(finding.help.clone());
    problem
}
