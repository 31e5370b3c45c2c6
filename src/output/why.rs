//! Why a commit or a line is there, for people.

use super::{log, show};
use crate::answer::{ResearchView, WhyView};
use crate::terminal::clean;
use crate::terminal::{Look, color::Slot};

/// The commit, its spec and how that is known, the checks, then the trail, the nearest first.
pub(super) fn why(answers: &[WhyView], look: &Look) -> String {
    answers.iter().map(|answer| one(answer, look)).collect::<Vec<_>>().join("\n")
}

fn one(answer: &WhyView, look: &Look) -> String {
    let mut out = String::new();
    if let Some(commit) = &answer.commit {
        let subject = clean::line(answer.subject.as_deref().unwrap_or_default()).into_owned();
        out.push_str(&format!("commit {} {subject}\n", log::abbreviated(commit)));
    }
    if let Some(spec) = &answer.spec {
        let id = look.paint.with(Slot::Id, clean::line(&spec.short));
        let status = look.paint.with(Slot::Status(spec.status), spec.status);
        out.push_str(&format!("spec   {id} {status}: {}\n", clean::line(spec.title.as_deref().unwrap_or_default())));
    }
    out.push_str(&format!("       {}\n", clean::line(&answer.how)));
    if !answer.checks.is_empty() {
        out.push_str("\nChecks:\n");
        out.extend(answer.checks.iter().map(|check| format!("    {}\n", show::check(check, look))));
    }
    if !answer.research.is_empty() {
        out.push_str("\nInformed by:\n");
        out.extend(answer.research.iter().map(|research| told(research, look)));
    }
    out
}

fn told(research: &ResearchView, look: &Look) -> String {
    let phase = research.phase.as_deref().map(|phase| format!(" ({})", clean::line(phase))).unwrap_or_default();
    let id = look.paint.with(Slot::Id, clean::line(&research.short));
    let title = clean::line(research.title.as_deref().unwrap_or_default()).into_owned();
    let mut out = format!("    {id}{phase}  {title}\n");
    out.extend(research.documents.iter().map(|path| format!("        {}\n", clean::line(path))));
    for line in research.recommendation.as_deref().unwrap_or_default().lines() {
        out.push_str(format!("        > {}", clean::line(line)).trim_end());
        out.push('\n');
    }
    out
}
