//! What is left out of a report: fields by their kind, and in every text that is drawn the words that would give them away.

use serde_json::Value;

use super::view::{Quote, Report, Reported};
use crate::{
    answer::{Person, SpecDetail},
    domain::{checks::Checks, redaction::Redaction},
};

/// How criteria are named among checks.
const CRITERION: &str = "criterion '";

/// Leaves things out of a report.
#[derive(Debug)]
pub(crate) struct Scrub {
    left_out: Vec<Redaction>,
    /// Directories of this machine.
    places: Vec<String>,
}

impl Scrub {
    /// Leaves out what is named. `places` are directories of this machine, which count as paths.
    pub(crate) fn new(left_out: &[Redaction], places: Vec<String>) -> Self {
        let mut left_out = left_out.to_vec();
        left_out.sort();
        left_out.dedup();
        Scrub { left_out, places }
    }

    /// Leaves it out of `report`, and says so there.
    pub(crate) fn apply(self, report: &mut Report) {
        let is_out = |what| self.left_out.contains(&what);
        let words = Words {
            names: if is_out(Redaction::Names) { names(report) } else { Vec::new() },
            paths: is_out(Redaction::Paths).then_some(&self.places),
        };
        if is_out(Redaction::Costs) {
            report.specs.iter_mut().for_each(without_costs);
        }
        if is_out(Redaction::Prompts) {
            report.specs.iter_mut().for_each(without_prompt);
            for quote in [&mut report.question, &mut report.notes] {
                quote.take_if(|quote| quote.is_prompt);
            }
        }
        if is_out(Redaction::Names) {
            report.specs.iter_mut().for_each(without_names);
        }
        if is_out(Redaction::Paths) {
            report.specs.iter_mut().flat_map(|spec| &mut spec.documents).for_each(|document| document.path.clear());
        }
        words.out_of(report);
        report.left_out = self.left_out;
    }
}

fn without_costs(spec: &mut Reported) {
    spec.runs.clear();
    for event in &mut spec.detail.history {
        if let Some(cost) = event.cost.take() {
            event.sentence = event.sentence.replace(&cost, "[cost]");
        }
    }
}

fn without_prompt(spec: &mut Reported) {
    spec.detail.body = None;
    for event in &mut spec.detail.history {
        event.sentence = without_criteria(&event.sentence);
        event.reason = event.reason.as_deref().map(without_criteria);
    }
    let Some(checked) = &mut spec.detail.checks else { return };
    let criteria = checked.checks.iter_mut().filter(|line| line.name.starts_with(CRITERION));
    criteria.enumerate().for_each(|(at, line)| line.name = format!("criterion {}", at + 1));
}

/// A text that may say which criterion a check found unticked, without the words of that.
fn without_criteria(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, quoted)) = rest.split_once(CRITERION) {
        out += &format!("{before}a criterion");
        // Up to the end where the words have no end: they were cut.
        rest = quoted.split_once("':").map_or("", |(_, rest)| rest);
        out += if rest.is_empty() { "" } else { ":" };
    }
    out + rest
}

fn without_names(spec: &mut Reported) {
    let anonymous = || Person { name: String::new(), email: String::new() };
    spec.detail.history.iter_mut().for_each(|event| event.author = anonymous());
    spec.commits.iter_mut().for_each(|commit| commit.author = None);
    if let Some(approval) = &mut spec.detail.approval {
        approval.by = None;
    }
    if let Some(review) = &mut spec.detail.review {
        review.by = None;
    }
}

/// The names and addresses in the records of a report, the longest first.
fn names(report: &Report) -> Vec<String> {
    let mut found = Vec::new();
    for spec in &report.specs {
        let of_events = spec.detail.history.iter().map(|event| &event.author);
        let people = of_events.chain(spec.commits.iter().filter_map(|commit| commit.author.as_ref()));
        found.extend(people.flat_map(|person| [person.name.clone(), person.email.clone()]));
        let signed = spec.detail.history.iter().map(|event| &event.signature);
        let signers = signed.chain(spec.commits.iter().map(|commit| &commit.signature)).flatten();
        found.extend(signers.filter_map(|signature| signature.signer.clone()));
    }
    found.retain(|name| name.chars().count() > 1);
    found.sort_by_key(|name| (std::cmp::Reverse(name.len()), name.clone()));
    found.dedup();
    found
}

/// The words that no text may hold.
struct Words<'s> {
    names: Vec<String>,
    /// Directories of this machine, if paths are left out.
    paths: Option<&'s Vec<String>>,
}

impl Words<'_> {
    fn out_of(&self, report: &mut Report) {
        if self.names.is_empty() && self.paths.is_none() {
            return;
        }
        report.names.iter_mut().chain([&mut report.title]).for_each(|text| self.text(text));
        let quotes = [&mut report.question, &mut report.recommendation, &mut report.notes];
        quotes.into_iter().flatten().for_each(|Quote { text, .. }| self.text(text));
        for node in &mut report.graph.nodes {
            node.title.iter_mut().chain(&mut node.phase).for_each(|text| self.text(text));
        }
        for spec in &mut report.specs {
            self.detail(&mut spec.detail);
            spec.superseded_because.iter_mut().for_each(|text| self.text(text));
            spec.documents.iter_mut().filter_map(|document| document.text.as_mut()).for_each(|text| self.text(text));
            spec.commits.iter_mut().filter_map(|commit| commit.subject.as_mut()).for_each(|text| self.text(text));
        }
    }

    fn detail(&self, detail: &mut SpecDetail) {
        let spec = &mut detail.spec;
        let fields =
            [&mut spec.title, &mut spec.phase, &mut spec.agent, &mut spec.model, &mut detail.body, &mut detail.diff];
        fields.into_iter().flatten().for_each(|text| self.text(text));
        detail.tampered.iter_mut().for_each(|text| self.text(text));
        detail.merge.iter_mut().for_each(|merge| self.text(&mut merge.target));
        for event in &mut detail.history {
            self.text(&mut event.sentence);
            event.reason.iter_mut().chain(&mut event.agent).for_each(|text| self.text(text));
        }
        let Some(checked) = &mut detail.checks else { return };
        for line in &mut checked.checks {
            self.text(&mut line.name);
            line.detail.iter_mut().for_each(|text| self.text(text));
        }
        self.evidence(&mut checked.evidence);
    }

    /// The evidence is a file of many parts: each text in it, whatever it is.
    fn evidence(&self, evidence: &mut Checks) {
        let Ok(mut all) = serde_json::to_value(&*evidence) else { return };
        self.value(&mut all);
        *evidence = serde_json::from_value(all).unwrap_or_default();
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.value(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&self, text: &mut String) {
        for name in self.names.iter().filter(|name| !name.is_empty()) {
            if text.contains(name.as_str()) {
                *text = text.replace(name.as_str(), "[name]");
            }
        }
        let Some(places) = self.paths else { return };
        for start in places.iter().map(String::as_str).chain([".chant/"]) {
            if text.contains(start) {
                *text = without_paths(text, start);
            }
        }
    }
}

/// A text in which each path that holds `start` is replaced, up to where a path would end.
fn without_paths(text: &str, start: &str) -> String {
    let is_path = |c: char| !c.is_whitespace() && !"'\"`()[]<>,;:|*".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(start) {
        // What stands before it belongs to the path too: `docs/.chant/x`.
        let before = rest[..at].trim_end_matches(is_path);
        out.push_str(before);
        out.push_str("[path]");
        rest = rest[at + start.len()..].trim_start_matches(is_path);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answer::{
            ApprovalView, CheckedAttempt, Criterion,
            report::{Document, ReportedCommit, ReportedRun, html},
            sample,
        },
        domain::{
            check_line::CheckLine,
            checks::{Command, Reproduction},
            cost::Cost,
        },
    };

    /// A report that holds `word` in every text.
    fn full(word: &str) -> Report {
        let text = || format!("see {word} here");
        let mut spec = sample::spec("2026-02-08-010-v7b", &text());
        (spec.verified, spec.work_commits) = (Some("proof".into()), vec!["c0ffee00".repeat(5)]);
        let mut detail = SpecDetail::new(spec);
        detail.body = Some(text());
        detail.diff = Some(format!("diff --git a/x b/x\n@@ -1 +1 @@\n-{word}\n+{word}\n"));
        detail.tampered = vec![text()];
        detail.criteria = vec![Criterion { text: text(), checked: true }];
        let command = || Command { command: text(), tail: Some(text()), ended: Some(text()), ..Command::default() };
        let proof =
            Reproduction { held: vec![text()], ..Reproduction::new(&text(), command(), command(), Some(text())) };
        let evidence = Checks { verify: vec![command()], reproduces: Some(proof), ..Checks::default() };
        let line = |name: String| CheckLine {
            name,
            ok: false,
            detail: Some(text()),
            duration_ms: None,
            waits: false,
            note: false,
            shown: 12,
            reason: None,
        };
        let checks = vec![line(format!("criterion '{word}'")), line(text())];
        detail.checks = Some(CheckedAttempt { checks, suite: true, evidence });
        let by = Some("Ada <ada@example.com>".to_owned());
        detail.approval =
            Some(ApprovalView { state: "approved".into(), by, at: None, blob: None, stale: false, discounted: None });
        let mut event = sample::event(&text());
        event.reason = Some(text());
        let run = ReportedRun { attempt: event.attempt.clone(), cost: Cost::read("0.25 USD, 5 tokens in") };
        // A run that ended without an event of its own is counted by a note.
        let mut note = sample::event("Cost 010-v7b: 0.25 USD, 5 tokens in");
        (note.op, note.cost) = ("note".into(), Some("0.25 USD, 5 tokens in".into()));
        detail.history = vec![event, note];
        let author = Some(Person { name: "Ada".into(), email: "ada@example.com".into() });
        let commits =
            vec![ReportedCommit { id: "c0ffee00".repeat(5), subject: Some(text()), author, at: None, signature: None }];
        let documents =
            vec![Document { path: ".chant/research/secret.md".into(), blob: "b10b".repeat(10), text: Some(text()) }];
        let quote = |is_prompt| {
            Some(Quote { spec: "2026-02-08-010-v7b".into(), short: "010-v7b".into(), text: text(), is_prompt })
        };
        let reported = Reported {
            detail,
            documents,
            commits,
            runs: vec![run.clone(), run],
            superseded_by: Some("x".into()),
            superseded_because: Some(text()),
        };
        Report {
            names: vec![text()],
            title: text(),
            question: quote(true),
            recommendation: quote(false),
            notes: quote(true),
            specs: vec![reported],
            ..Report::default()
        }
    }

    fn left_with(word: &str, left_out: &[Redaction]) -> String {
        let mut report = full(word);
        assert!(html(&report).contains(word), "{word} is drawn");
        Scrub::new(left_out, vec!["/home/ada".into()]).apply(&mut report);
        html(&report)
    }

    #[test]
    fn no_name_is_left_anywhere() {
        for word in ["Ada", "ada@example.com"] {
            let page = left_with(word, &[Redaction::Names]);
            assert!(!page.contains("Ada") && !page.contains("ada@example.com"), "{page}");
        }
    }

    #[test]
    fn no_path_is_left_anywhere() {
        for word in [".chant/research/x.md", "/home/ada/src/x.rs", "a/.chant/y"] {
            let page = left_with(word, &[Redaction::Paths]);
            assert!(!page.contains(".chant/") && !page.contains("/home/ada") && !page.contains("secret.md"), "{page}");
        }
        assert_eq!(without_paths("see `a/.chant/b.md`, then .chant/c:4", ".chant/"), "see `[path]`, then [path]:4");
    }

    #[test]
    fn costs_and_prompts_are_left_out_by_their_fields() {
        assert!(html(&full("kept")).contains("<td>0.5 USD, 10 tokens in</td>"), "runs of one attempt add up");
        let page = left_with("kept", &[Redaction::Costs]);
        assert!(!page.contains("tokens in") && page.contains("Left out: costs."), "{page}");
        let page = left_with("hidden", &[Redaction::Prompts]);
        assert!(!page.contains("criterion 'hidden'") && page.contains("criterion 1"), "{page}");
        assert!(!page.contains("What the spec asked for") && !page.contains("What was wrong"), "{page}");
        let said = "Failed 'T': criterion 'a secret': unticked; criterion 'another': unticked";
        assert_eq!(without_criteria(said), "Failed 'T': a criterion: unticked; a criterion: unticked");
        assert_eq!(without_criteria("criterion 'cut off"), "a criterion");
        let page = left_with("kept", &[]);
        assert!(page.contains("What the spec asked for") && page.contains("What was wrong"), "{page}");
    }
}
