//! `git chant investigate`

use std::path::Path;

use super::{
    Context,
    draft::{named, read_body},
    work,
};
use crate::{
    answer::{outcome::Outcome, progress::Step},
    authoring::investigate::{self, Proof, Request},
    cli::{add::title as title_of, investigate::InvestigateArgs, work::WorkArgs},
    domain::{id::SpecId, phase::Phase, text::first_line},
    error::{Error, Kind, Result},
    exchange::issue::{self, Report},
    project::target,
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &InvestigateArgs) -> Result<Outcome> {
    let project = context.project()?;
    let topic = match (&args.topic, &args.issue) {
        (Some(topic), _) => topic.clone(),
        (None, asked) => topic_of(asked.as_deref().unwrap_or_default())?,
    };
    let report = match (&args.issue, &args.from) {
        (Some(asked), _) => Some(issue::read(&project, asked)?),
        (None, Some(path)) => Some(from_text(context, path)?),
        (None, None) => None,
    };
    let title = args.title.clone().or(report.as_ref().map(|report| report.title.clone())).unwrap_or_default();
    let title = if title.is_empty() { title } else { one_line(&title)? };
    let request = Request {
        topic: topic.clone(),
        title,
        issue_url: args.issue_url.clone().or(report.as_ref().and_then(|report| report.url.clone())),
        report: report.as_ref().map(document),
        verify: args.verify.clone(),
        phases: args.phases.clone(),
        single: args.single,
        proof: Proof {
            reproduces: args.proof.reproduces.clone(),
            tests: args.proof.tests.clone(),
            fails_with: args.proof.fails_with.clone(),
            runs: args.proof.runs.clone(),
        },
        informed_by: args.informed_by.clone(),
        onto: args.onto.as_deref().map(target::full_name).transpose()?,
    };
    if let Some(phase) = args.again {
        let (id, warnings) = investigate::again(&project, phase, args.reason.as_deref(), &request)?;
        let outcome = context
            .added(&project, std::slice::from_ref(&id))?
            .hint(format!("to start: git chant work {}", id.short()))
            .hint("to see what builds on the superseded spec: git chant drift");
        return Ok(warnings.into_iter().fold(outcome, Outcome::warning));
    }
    let created = investigate::investigate(&project, &request)?;
    let ids: Vec<SpecId> = created.iter().map(|(_, id)| id.clone()).collect();
    let mut outcome = context.added(&project, &ids)?;
    let reproduction = created.iter().find(|(phase, _)| *phase == Phase::Reproduction);
    if let Some((_, id)) = reproduction.filter(|_| args.proof.reproduces.is_none()) {
        outcome = outcome.hint(format!(
            "to name the test's command as 'reproduces:', here and in the fix: git chant edit {}",
            id.short()
        ));
    }
    if args.work {
        let specs = Specs::new(&project)?;
        for id in &ids {
            context.progress.say(&Step::Note(format!("Created spec: {id}  {}", specs.entry(id)?.title())));
        }
        let takes_test = |phase: Phase| matches!(phase, Phase::Reproduction | Phase::ForkFix);
        if args.proof.reproduces.is_none() && created.iter().any(|(phase, _)| takes_test(*phase)) {
            let unproved = "without --reproduces no test proves the fix".to_owned();
            context.progress.say(&Step::Warning(unproved));
        }
        return work::run(context, &WorkArgs::of_topic(&topic));
    }
    Ok(match ids.first() {
        Some(first) => outcome.hint(format!("to start: git chant work {}", first.short())),
        None => outcome,
    })
}

/// The name of the investigation of an issue: `issue-1234` for its number, or for a URL that ends with it.
fn topic_of(issue: &str) -> Result<String> {
    let number = issue.trim_end_matches('/').rsplit(['/', '#']).next().unwrap_or_default();
    if number.is_empty() || !number.chars().all(|c| c.is_ascii_digit()) {
        let message = format!("'{}' has no number to name the investigation by", issue.escape_debug());
        return Err(Error::usage(Kind::BadOption, message)
            .hint("to name it: git chant investigate <topic> --issue <number-or-url>"));
    }
    Ok(format!("issue-{number}"))
}

/// The report in a file, or on standard input: the first line that a reader sees is the title.
///
/// # Errors
/// `no-report` if it is empty.
fn from_text(context: &Context<'_>, path: &Path) -> Result<Report> {
    let text = read_body(context, path)?;
    let title = first_line(&text)
        .ok_or_else(|| Error::negative(Kind::NoReport, format!("the report is empty: {}", named(path))))?;
    Ok(Report { title, body: text, url: None })
}

/// The document that a report becomes.
fn document(report: &Report) -> String {
    let body = report.body.replace("\r\n", "\n");
    let body = body.trim();
    match &report.url {
        Some(url) => format!("# {}\n\nReported at <{url}>.\n\n{body}\n", report.title.trim()),
        None => format!("{body}\n"),
    }
}

/// A title that another person wrote, as `--title` takes it.
fn one_line(title: &str) -> Result<String> {
    let plain: String = title.chars().filter(|c| !c.is_control()).collect();
    title_of(&plain).map_err(|why| Error::usage(Kind::BadOption, why).hint("give one: --title \"...\""))
}
