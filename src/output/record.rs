//! Records: what `--format` and `-z` are made of.
//!
//! Under `-z` without `--format` every record is its porcelain fields, separated by tabs, unquoted, ended by NUL (as `git
//! ls-files -z`); the last field is free text that may hold tabs and line ends, and no field ever holds NUL:
//!
//! | commands | fields |
//! |---|---|
//! | `list`, `ready`, `add`, `work`, `reset` and whatever else ends with a spec | id, status, title |
//! | `ready --explain` | id, `ready` or `blocked`, title |
//! | `log` | commit id, op, status, date (RFC 3339), sentence |
//! | `lint`, `fsck` | severity, file or ref, line, column, code, message |
//! | `status` | id, the list that it stands in, title |
//! | `release-notes` | id, kind, text |
//! | `why` | commit, id, certainty |
//! | `drift` | id, kind, input, object that it was, object that it is |
//! | `graph` | id, id that it builds on, `depends_on` or `informed_by` |
//! | `sync` | way, ref, old id, new id, why |
//! | `prune` | `pruned` or `kept`, kind, id, path or ref, why |
//! | `import` | id, status, file, title |
//! | `hooks` | hook, state, file or section of the configuration, why |
//! | `verify` | `ok` or `failed`, name, detail |
//! | `install-man` | `written` or `removed`, file |
//! | `path`, `init`, `demo` | path |
//!
//! An absent field is empty.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::answer::{
    DriftView, EventView, ExchangeView, HookView, ImportView, ProblemView, PruneView, SpecView, outcome::Body,
};

/// The sort of record that a command ends with, where it ends with records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// Specs.
    Spec,
    /// Events.
    Event,
    /// Problems.
    Problem,
    /// What was exchanged with a remote.
    Exchange,
    /// Inputs that have changed.
    Drift,
    /// What was cleared away.
    Prune,
    /// Specs that were imported.
    Import,
    /// Git's hooks.
    Hook,
}

impl Record {
    /// The names that `--format` knows.
    pub(crate) fn fields(self) -> &'static [&'static str] {
        match self {
            Record::Spec => &SpecView::FIELDS,
            Record::Event => &EventView::FIELDS,
            Record::Problem => &ProblemView::FIELDS,
            Record::Exchange => &ExchangeView::FIELDS,
            Record::Drift => &DriftView::FIELDS,
            Record::Prune => &PruneView::FIELDS,
            Record::Import => &ImportView::FIELDS,
            Record::Hook => &HookView::FIELDS,
        }
    }
}

/// The records of an answer with their JSON keys, for `--format`; nothing for an answer that has none.
pub(super) fn objects(body: &Body) -> Vec<Map<String, Value>> {
    match body {
        Body::Specs(specs) | Body::AddedAll(specs) => specs.iter().map(object).collect(),
        Body::CheckedAll(checked) => checked.iter().map(|(spec, _)| object(spec)).collect(),
        Body::Topic(view) => view.steps.iter().map(|step| object(&step.spec)).collect(),
        Body::Standing { view, .. } => view.specs().map(|(_, spec)| object(spec)).collect(),
        Body::Explained { ready, blocked } => ready.iter().chain(blocked).map(object).collect(),
        Body::Spec(detail) => vec![object(&detail.spec)],
        Body::Details(details) => details.iter().map(|detail| object(&detail.spec)).collect(),
        Body::RecordedAll { specs, .. } => specs.iter().map(|(spec, _)| object(spec)).collect(),
        Body::Events { events, .. } => events.iter().map(object).collect(),
        Body::Problems(problems) => problems.iter().map(object).collect(),
        Body::Exchanged { exchanged, .. } => exchanged.iter().map(object).collect(),
        Body::Drift(found) => found.iter().map(object).collect(),
        Body::Pruned { found, .. } => found.iter().map(object).collect(),
        Body::Imported { imported, .. } => imported.iter().map(object).collect(),
        Body::Hooks { hooks, .. } => hooks.iter().map(object).collect(),
        Body::Nothing
        | Body::Shown
        | Body::Lines(_)
        | Body::Notes(_)
        | Body::Why(_)
        | Body::Graph { .. }
        | Body::Initialized { .. }
        | Body::Deinitialized { .. }
        | Body::Demo { .. }
        | Body::Folded(_)
        | Body::Manual { .. }
        | Body::Version { .. }
        | Body::Schema(_)
        | Body::Text(_) => Vec::new(),
        Body::Added(spec)
        | Body::Recorded { spec, .. }
        | Body::Edited { spec, .. }
        | Body::Merged { spec, .. }
        | Body::Checked { spec, .. }
        | Body::Claimed { spec, .. }
        | Body::Path { spec, .. } => vec![object(spec.as_ref())],
        Body::WorkedAll(all) => all.specs.iter().map(|one| object(&one.spec)).collect(),
        Body::Worked(worked) => vec![object(&worked.spec)],
        Body::TakenOver(taken) => vec![object(&taken.spec)],
    }
}

fn object<T: serde::Serialize>(view: &T) -> Map<String, Value> {
    match serde_json::to_value(view) {
        Ok(Value::Object(map)) => map,
        // The views are structs with text for keys: there is no other case.
        _ => Map::new(),
    }
}

/// The porcelain fields of an answer, for `-z`.
pub(super) fn porcelain(body: &Body) -> Vec<Vec<u8>> {
    match body {
        Body::Nothing | Body::Shown | Body::Lines(_) => Vec::new(),
        Body::Specs(specs) | Body::AddedAll(specs) => specs.iter().map(spec).collect(),
        Body::Topic(view) => view.steps.iter().map(|step| spec(&step.spec)).collect(),
        Body::Standing { view, .. } => view.specs().map(|(list, spec)| spec_as(spec, list)).collect(),
        Body::Explained { ready, blocked } => {
            let named = |specs: &[SpecView], name| specs.iter().map(|s| spec_as(s, name)).collect::<Vec<_>>();
            [named(ready, "ready"), named(blocked, "blocked")].concat()
        }
        Body::Spec(detail) => vec![spec(&detail.spec)],
        Body::Details(details) => details.iter().map(|detail| spec(&detail.spec)).collect(),
        Body::RecordedAll { specs, .. } => specs.iter().map(|(view, _)| spec(view)).collect(),
        Body::Folded(specs) => specs.iter().map(|id| id.as_str().as_bytes().to_vec()).collect(),
        Body::Added(view)
        | Body::Recorded { spec: view, .. }
        | Body::Edited { spec: view, .. }
        | Body::Merged { spec: view, .. } => vec![spec(view)],
        Body::Worked(worked) => vec![spec(&worked.spec)],
        Body::TakenOver(taken) => vec![path(&taken.path).to_vec()],
        Body::WorkedAll(all) => all.specs.iter().map(|one| spec_as(&one.spec, &one.outcome)).collect(),
        Body::Claimed { spec, path: place, .. } => {
            vec![[spec.id.as_str().as_bytes(), b"\t", path(place)].concat()]
        }
        Body::Events { events, .. } => events.iter().map(event).collect(),
        Body::Problems(problems) => problems.iter().map(problem).collect(),
        Body::Exchanged { exchanged, .. } => exchanged.iter().map(exchange).collect(),
        Body::Notes(notes) => notes.iter().map(|note| joined(&[note.spec.as_str(), &note.kind, &note.text])).collect(),
        Body::Why(answers) => answers
            .iter()
            .map(|one| {
                joined(&[text(&one.commit), one.spec.as_ref().map_or("", |spec| spec.id.as_str()), &one.certainty])
            })
            .collect(),
        Body::Drift(found) => found
            .iter()
            .map(|one| joined(&[one.spec.as_str(), &one.kind, &one.input, text(&one.was), text(&one.now)]))
            .collect(),
        Body::Pruned { found, .. } => found
            .iter()
            .map(|one| {
                let spec = one.spec.as_ref().map_or("", |spec| spec.as_str());
                joined(&[one.done(), one.kind.as_str(), spec, &one.name, &one.why])
            })
            .collect(),
        Body::Imported { imported, .. } => imported
            .iter()
            .map(|one| joined(&[one.spec.as_str(), one.status.as_str(), &one.path, text(&one.title)]))
            .collect(),
        Body::CheckedAll(checked) => checked
            .iter()
            .flat_map(|(spec, checks)| checks.iter().map(move |check| (spec, check)))
            .map(|(spec, check)| {
                joined(&[spec.id.as_str(), if check.ok { "ok" } else { "failed" }, &check.name, text(&check.detail)])
            })
            .collect(),
        Body::Checked { checks, .. } => checks
            .iter()
            .map(|check| joined(&[if check.ok { "ok" } else { "failed" }, &check.name, text(&check.detail)]))
            .collect(),
        Body::Path { path: place, .. } | Body::Initialized { path: place, .. } | Body::Demo { path: place, .. } => {
            vec![path(place).to_vec()]
        }
        Body::Graph { view, .. } => view
            .edges
            .iter()
            .map(|edge| {
                joined(&[
                    edge.from.as_str(),
                    edge.to.as_str(),
                    if edge.depends_on { "depends_on" } else { "informed_by" },
                ])
            })
            .collect(),
        Body::Hooks { hooks, .. } => hooks
            .iter()
            .map(|one| joined(&[one.event.as_str(), one.state.as_str(), &one.place, text(&one.why)]))
            .collect(),
        Body::Deinitialized { changes, .. } => changes.iter().map(|change| joined(&[change])).collect(),
        Body::Manual { written, removed, .. } => {
            let named = |pages: &[PathBuf], done: &str| {
                pages.iter().map(|page| [done.as_bytes(), b"\t", path(page)].concat()).collect::<Vec<_>>()
            };
            [named(written, "written"), named(removed, "removed")].concat()
        }
        Body::Version { version, .. } => vec![joined(&[version])],
        Body::Schema(schema) => vec![joined(&[&schema.to_string()])],
        Body::Text(text) => vec![joined(&[text])],
    }
}

/// The bytes of a path, which need not be UTF-8.
pub(super) fn path(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

fn spec(spec: &SpecView) -> Vec<u8> {
    spec_as(spec, spec.status.as_str())
}

fn spec_as(spec: &SpecView, standing: &str) -> Vec<u8> {
    joined(&[spec.id.as_str(), standing, text(&spec.title)])
}

fn exchange(entry: &ExchangeView) -> Vec<u8> {
    joined(&[entry.way.as_str(), &entry.name, text(&entry.from), text(&entry.to), text(&entry.why)])
}

fn event(event: &EventView) -> Vec<u8> {
    let status = event.status.map_or("", |status| status.as_str());
    joined(&[&event.id, &event.op, status, &event.at, &event.sentence])
}

fn problem(problem: &ProblemView) -> Vec<u8> {
    let number = |number: Option<usize>| number.map(|n| n.to_string()).unwrap_or_default();
    let place = problem.path.as_deref().or(problem.spec.as_ref().map(AsRef::as_ref)).unwrap_or_default();
    let (line, column) = (number(problem.line), number(problem.column));
    joined(&[problem.severity.as_str(), place, &line, &column, &problem.code, &problem.message])
}

fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

/// Tab separated; every field but the last is kept free of the separators, so that the last one starts where it should.
fn joined(fields: &[&str]) -> Vec<u8> {
    let last = fields.len().saturating_sub(1);
    let field = |(at, field): (usize, &&str)| match at == last {
        true => field.replace('\0', ""),
        false => field.replace('\0', "").replace(['\t', '\n', '\r'], " "),
    };
    fields.iter().enumerate().map(field).collect::<Vec<_>>().join("\t").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::diagnostic::Severity, output::sample};

    fn keys<T: serde::Serialize>(view: &T) -> Vec<String> {
        object(view).keys().cloned().collect()
    }

    #[test]
    fn every_field_is_always_present_and_named() {
        let bare = SpecView::new(sample::spec("2026-02-08-010-v7b", "").id);
        assert_eq!(keys(&bare), SpecView::FIELDS);
        assert_eq!(keys(&sample::event("done")), EventView::FIELDS);
        assert_eq!(keys(&ProblemView::new(Severity::Error, "code", "message")), ProblemView::FIELDS);
        let lists = ["blocked_by", "labels", "depends_on", "informed_by", "target_files", "work_commits"];
        for (key, value) in object(&bare) {
            assert_eq!(value.is_array(), lists.contains(&key.as_str()), "{key}: a list is never null");
        }
    }

    #[test]
    fn the_fields_of_the_contract_are_there() {
        let contract = "id, short, title, type, phase, topic, status, ready, blocked_by, stale, labels, depends_on, \
            informed_by, target_files, attempt, branch, worktree, spec_path, spec_blob, tip, work_commits, created_at, \
            updated_at, agent, model";
        for field in contract.split(", ") {
            assert!(SpecView::FIELDS.contains(&field), "{field}");
        }
    }

    #[test]
    fn porcelain_fields_cannot_forge_a_record() {
        let body = Body::Specs(vec![sample::spec("2026-02-08-010-v7b", "a\tb\0c\nd")]);
        assert_eq!(porcelain(&body), [b"2026-02-08-010-v7b\tpending\ta\tbc\nd".to_vec()]);
        let mut forged = ProblemView::new(Severity::Warning, "odd", "message\twith tab");
        forged.path = Some("a\tb\nc".into());
        assert_eq!(porcelain(&Body::Problems(vec![forged])), [b"warning\ta b c\t\t\todd\tmessage\twith tab".to_vec()]);
    }
}
