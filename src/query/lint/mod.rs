//! The use case `lint`: what is wrong with spec files, each with its file, line and column.

mod text;

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;

use crate::{
    answer::ProblemView,
    domain::{
        diagnostic::{Diagnostic, Severity},
        id::SpecId,
        phase::Phase,
        spec_file,
        spec_file::{MAX_SPEC_LEN, Spec},
        spec_type::SpecType,
        status::Status,
    },
    error::Result,
    project::Project,
    specs::{
        all::Specs,
        entry::Entry,
        inputs::InputFault,
        text::{archive_path_of, path_of},
    },
};

/// Looks at the specs `ids`, or at all of them. The order is that of the ids. One that cannot be read at all is a problem like
/// the others, and hides none of them.
///
/// # Errors
/// If the specs cannot be told apart: no repository, `.chant/specs` is no directory.
pub(crate) fn lint(project: &Project, ids: &[SpecId]) -> Result<Vec<ProblemView>> {
    // What is recorded is known from an earlier look, and of those that others wait for the outline does; the texts are read.
    let specs = if ids.is_empty() { Specs::cached(project)? } else { Specs::new(project)? };
    let mut problems = Vec::new();
    let wanted: Vec<SpecId> = if ids.is_empty() {
        problems.extend(specs.names.strays()?.iter().map(stray));
        specs.names.all()?.into_iter().cloned().collect()
    } else {
        ids.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect()
    };
    let cycles = specs.cycles(&wanted)?;
    let linter = Linter::new(&specs, cycles)?;
    for id in &wanted {
        match linter.about(id) {
            Ok(found) => problems.extend(found),
            Err(error) => {
                let mut problem = ProblemView::new(Severity::Error, error.kind.code(), error.message);
                problem.spec = Some(id.clone());
                problem.help = error.hints.into_iter().next();
                problems.push(problem);
            }
        }
    }
    specs.write_cache()?;
    Ok(problems)
}

/// Checks texts that a commit will have, by their paths, each as the present text of its spec. `None` is a file that is no spec file.
///
/// # Errors
/// As [`lint`].
pub(crate) fn lint_texts(project: &Project, texts: &[(&str, Option<&[u8]>)]) -> Result<Vec<ProblemView>> {
    let specs = Specs::new(project)?;
    let mut problems = Vec::new();
    let mut named = Vec::new();
    for (path, bytes) in texts {
        let name = path.rsplit_once('/').map_or(*path, |(_, name)| name);
        match (SpecId::new(name.strip_suffix(".md").unwrap_or(name)), bytes) {
            (Err(invalid), _) => problems.push(stray(&((*path).to_owned(), invalid.why.to_owned()))),
            (Ok(id), None) => {
                let message = format!("a spec is a regular file of at most {MAX_SPEC_LEN} bytes");
                let mut problem = ProblemView::new(Severity::Error, "invalid-spec", message);
                (problem.spec, problem.path) = (Some(id), Some((*path).to_owned()));
                problems.push(problem);
            }
            (Ok(id), Some(bytes)) => named.push((id, spec_file::parse_partly(path, bytes))),
        }
    }
    let ids: Vec<SpecId> = named.iter().map(|(id, _)| id.clone()).collect();
    let cycles = specs.cycles(&ids)?;
    let linter = Linter::new(&specs, cycles)?;
    for (id, spec) in named {
        match spec {
            Err(error) => problems.push(ProblemView::of(Some(id.clone()), "invalid-spec", *error)),
            Ok((spec, errors)) => problems.extend(linter.all(&specs.entry(&id)?, &spec, errors)?),
        }
    }
    Ok(problems)
}

fn stray((path, why): &(String, String)) -> ProblemView {
    let mut problem = ProblemView::new(Severity::Error, "bad-name", format!("its name is not a spec id: {why}"));
    problem.path = Some(path.clone());
    problem.help = Some("a spec file is named <id>.md; to create one: git chant add".to_owned());
    problem
}

/// What every spec is checked against.
struct Linter<'w, 'p> {
    specs: &'w Specs<'p>,
    cycles: BTreeMap<SpecId, (usize, String)>,
}

impl<'w, 'p> Linter<'w, 'p> {
    fn new(specs: &'w Specs<'p>, cycles: BTreeMap<SpecId, (usize, String)>) -> Result<Self> {
        Ok(Linter { specs, cycles })
    }

    fn about(&self, id: &SpecId) -> Result<Vec<ProblemView>> {
        if self.is_over_and_clean(id)? {
            return Ok(Vec::new());
        }
        let entry = self.specs.whole_entry(id)?;
        let mut found = Vec::new();
        if self.specs.names.has_file(id)? && self.specs.names.has_archived_file(id)? {
            let mut twice =
                ProblemView::new(Severity::Error, "two-files", format!("'{}' exists as well", archive_path_of(id)));
            twice.spec = Some(id.clone());
            twice.path = Some(path_of(id));
            twice.help = Some("move one of them away".to_owned());
            found.push(twice);
        }
        let Some(loaded) = &entry.loaded else { return Ok(found) };
        let diagnostics = match &loaded.spec {
            Ok(spec) => {
                found.extend(self.all(&entry, spec, Vec::new())?);
                return Ok(found);
            }
            Err(diagnostics) => diagnostics,
        };
        match loaded.text.as_ref().map(|text| spec_file::parse_partly(&text.path, &text.bytes)) {
            Some(Ok((spec, errors))) if !errors.is_empty() => found.extend(self.all(&entry, &spec, errors)?),
            _ => found
                .extend(diagnostics.iter().map(|one| ProblemView::of(Some(id.clone()), "invalid-spec", one.clone()))),
        }
        Ok(found)
    }

    /// All problems of a text as far as it can be read, its `errors` among them, in the order of the file.
    fn all(&self, entry: &Entry, spec: &Spec, errors: Vec<Diagnostic>) -> Result<Vec<ProblemView>> {
        let id = &entry.id;
        let is_broken = !errors.is_empty();
        let found = errors.into_iter().map(|one| ProblemView::of(Some(id.clone()), "invalid-spec", one)).collect();
        let mut report = Report { id, spec, found };
        if is_broken {
            self.of_part(entry, &mut report)?;
            report.found.sort_by_key(|problem| (problem.line, problem.column));
        } else {
            self.of(entry, &mut report)?;
        }
        Ok(report.found)
    }

    /// What can be said of a text whose other parts cannot be read: nothing of what may be in those.
    fn of_part(&self, entry: &Entry, report: &mut Report<'_>) -> Result<()> {
        for warning in &report.spec.warnings {
            report.found.push(ProblemView::of(Some(entry.id.clone()), "warning", warning.clone()));
        }
        if entry.status.is_over() {
            return Ok(());
        }
        self.dependencies(entry, report)?;
        self.inputs(entry, report)
    }

    /// Whether a spec is known to be over, lies where it did, and its text leaves nothing to say: what is recorded of it need not be
    /// looked at then.
    fn is_over_and_clean(&self, id: &SpecId) -> Result<bool> {
        let names = &self.specs.names;
        let Some(status) = self.specs.cached_end(id)?.map(|state| state.status) else { return Ok(false) };
        if !names.has_file(id)? || names.has_archived_file(id)? {
            return Ok(false);
        }
        let loaded = self.specs.whole_text(id)?;
        let spec = loaded.as_ref().and_then(|loaded| loaded.spec.as_ref().ok());
        let same = |said: &String| is_said(said, status);
        Ok(spec.is_some_and(|spec| spec.warnings.is_empty() && spec.front.status.as_ref().is_none_or(same)))
    }

    fn of(&self, entry: &Entry, report: &mut Report<'_>) -> Result<()> {
        for warning in &report.spec.warnings {
            report.found.push(ProblemView::of(Some(entry.id.clone()), "warning", warning.clone()));
        }
        status(entry, report);
        // What is over waits for nothing and is not worked.
        if entry.status.is_over() {
            return Ok(());
        }
        self.dependencies(entry, report)?;
        self.inputs(entry, report)?;
        self.agent_and_prompt(self.specs.base_of(&entry.facts())?.commit(), report);
        fitting(report);
        text::criteria(report);
        self.documents(entry, report)
    }

    fn dependencies(&self, entry: &Entry, report: &mut Report<'_>) -> Result<()> {
        for (at, written) in report.spec.front.depends_on.iter().enumerate() {
            match self.specs.project.candidates(&self.specs.names, written)?.as_slice() {
                [] => {
                    let message = format!("no such spec: '{written}'");
                    report.say(Severity::Error, "unknown-dependency", ("depends_on", Some(at)), message, None);
                }
                [_] => {}
                several => {
                    // By their full ids: it may be the short ones that are alike.
                    let names: Vec<&str> = several.iter().take(20).map(SpecId::as_str).collect();
                    let message = format!("'{written}' matches {}", names.join(", "));
                    let help = Some("use a longer form; the full id never becomes ambiguous");
                    report.say(Severity::Error, "ambiguous-dependency", ("depends_on", Some(at)), message, help);
                }
            }
        }
        if let Some((at, message)) = self.cycles.get(&entry.id) {
            let help = Some("remove one of these dependencies");
            report.say(Severity::Error, "cycle", ("depends_on", Some(*at)), message.clone(), help);
        }
        for (at, written) in report.spec.front.supersedes.iter().enumerate() {
            if self.specs.project.candidates(&self.specs.names, written)?.is_empty() {
                let message = format!("no such spec: '{written}'");
                report.say(Severity::Warning, "unknown-spec", ("supersedes", Some(at)), message, None);
            }
        }
        Ok(())
    }

    fn inputs(&self, entry: &Entry, report: &mut Report<'_>) -> Result<()> {
        let base = self.specs.base_of(&entry.facts())?;
        for (at, input) in report.spec.front.informed_by.iter().enumerate() {
            let place = ("informed_by", Some(at));
            match self.specs.project.input_fault(&self.specs.names, &base, input)? {
                None => {}
                // A spec that it waits for is to write it.
                Some(InputFault::Missing) if self.is_promised(entry, input)? => {}
                Some(InputFault::Missing) => {
                    let help = Some("the spec is blocked until then");
                    report.say(Severity::Warning, "missing-input", place, InputFault::Missing.why(input), help);
                }
                // It is a link, a directory, too large.
                Some(refused) => report.say(Severity::Error, "bad-input", place, refused.why(input), None),
            }
        }
        Ok(())
    }

    /// Whether a spec that `entry` depends on, near or far, has `input` among its target files.
    fn is_promised(&self, entry: &Entry, input: &str) -> Result<bool> {
        let mut seen: BTreeSet<SpecId> = BTreeSet::from([entry.id.clone()]);
        let mut open = vec![entry.id.clone()];
        while let Some(id) = open.pop() {
            for written in self.specs.depends_on(&id)?.iter() {
                let found = self.specs.project.candidates(&self.specs.names, written)?;
                let [next] = found.as_slice() else { continue };
                if !seen.insert(next.clone()) {
                    continue;
                }
                let next = self.specs.entry(next)?;
                if next.spec().is_some_and(|spec| spec.front.target_files.iter().any(|path| path == input)) {
                    return Ok(true);
                }
                open.push(next.id.clone());
            }
        }
        Ok(false)
    }

    fn agent_and_prompt(&self, base: Option<ObjectId>, report: &mut Report<'_>) {
        let front = &report.spec.front;
        if matches!(front.kind, SpecType::Gate | SpecType::Driver) {
            // No agent works on it; that the keys are in vain is said below.
            return;
        }
        if let Some(agent) = front.agent.as_ref().filter(|agent| !self.specs.project.is_chosen(agent)) {
            let message = format!("no agent '{agent}' is configured here");
            let help = format!("git config chant.agent.{agent}.cmd '<command line>'");
            report.say(Severity::Warning, "unknown-agent", ("agent", None), message, Some(&help));
        }
        let Some(name) = &front.prompt else { return };
        if crate::agent::prompt::named(name).is_some() {
            return;
        }
        match self.specs.project.prompt_file(base, name) {
            Ok(Some(_)) => {}
            Ok(None) => {
                let message = format!("there is no prompt '{name}'");
                let help = format!("write it: .chant/prompts/{name}.md");
                report.say(Severity::Error, "unknown-prompt", ("prompt", None), message, Some(&help));
            }
            Err(error) => report.say(Severity::Error, error.kind.code(), ("prompt", None), error.message, None),
        }
    }
}

/// The problems of one spec, as they are found.
struct Report<'s> {
    id: &'s SpecId,
    spec: &'s Spec,
    found: Vec<ProblemView>,
}

impl Report<'_> {
    /// A problem at a key, or at one of its entries.
    fn say(
        &mut self,
        severity: Severity,
        code: &str,
        (key, entry): (&str, Option<usize>),
        message: String,
        help: Option<&str>,
    ) {
        let place: Diagnostic = self.spec.diagnostic(severity, key, entry, message, help.map(str::to_owned));
        self.found.push(ProblemView::of(Some(self.id.clone()), code, place));
    }
}

/// A `status:` that another tool, or a person, wrote.
fn status(entry: &Entry, report: &mut Report<'_>) {
    let Some(said) = report.spec.front.status.clone() else { return };
    // What is archived was something before.
    let was = entry.state.as_ref().and_then(|state| state.was);
    let same = |status: Status| is_said(&said, status);
    if same(entry.status) || was.is_some_and(same) {
        return;
    }
    let message = match &entry.state {
        Some(_) => format!("the file says '{said}', but the recorded status is '{}'", entry.status),
        None => format!("the file says '{said}', but no status is recorded; it counts as '{}'", entry.status),
    };
    let help = match entry.is_to_import() {
        true => "to record it: git chant import",
        false => "the recorded status counts; remove this line",
    };
    report.say(Severity::Warning, "status", ("status", None), message, Some(help));
}

/// Whether what a text says of its status is that one.
fn is_said(said: &str, status: Status) -> bool {
    said.replace('-', "_") == status.as_str()
}

/// Keys that don't go together.
fn fitting(report: &mut Report<'_>) {
    let front = &report.spec.front;
    let work = matches!(front.kind, SpecType::Code | SpecType::Task);
    if matches!(front.kind, SpecType::Gate | SpecType::Driver) {
        let (kind, who) = match front.kind {
            SpecType::Gate => ("gate", "a person does it"),
            _ => ("driver", "its members do the work"),
        };
        let unused = [
            ("agent", front.agent.is_some()),
            ("prompt", front.prompt.is_some()),
            ("reproduces", front.reproduces.is_some()),
            ("target_files", !front.target_files.is_empty()),
        ];
        for (key, _) in unused.into_iter().filter(|(_, there)| *there) {
            let message = format!("'{key}' has no effect on a {kind}");
            report.say(Severity::Warning, "unused-key", (key, None), message, Some(who));
        }
    } else if front.reproduces.is_none() && matches!(front.known_phase(), Some(Phase::Reproduction | Phase::ForkFix)) {
        let message = "no test shows the bug".to_owned();
        let help = Some("add 'reproduces: <command>', which is run at the base and at the tip");
        report.say(Severity::Warning, "no-reproduction", ("phase", None), message, help);
    }
    if work && report.spec.criteria.is_empty() && front.verify.is_empty() && front.reproduces.is_none() {
        let mut problem = ProblemView::new(Severity::Warning, "no-criteria", "it has no criteria and no checks");
        problem.spec = Some(report.id.clone());
        problem.path = Some(report.spec.source().path().to_owned());
        problem.help = Some("add '- [ ]' items under '## Acceptance Criteria', or a 'verify:' command".to_owned());
        report.found.push(problem);
    }
}
