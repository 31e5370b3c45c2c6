//! `show`: for people a header in the manner of `git show`, then what is known, then the text.

use super::{BlockerKind, Criterion, Pin, SpecDetail, log, prelude::*, spec::with_flags};
use crate::domain::{check_line::CheckLine, checks::Checks, state::doubt};

pub(super) const ANSWERS: &[Kind] =
    &[of::<ShownSpec>(&["show", "review"]).with::<SpecView>(), of::<ShownSpecs>(&["show"]).with::<SpecView>()];

/// One spec with everything that is known of it.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ShownSpec {
    /// The spec.
    pub spec: SpecDetail,
}

impl Answer for ShownSpec {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        out.write_all(detail(&self.spec, look).as_bytes())
    }

    fn records(&self) -> Vec<&dyn Record> {
        vec![&self.spec.spec]
    }
}

/// Specs with everything that is known of them.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ShownSpecs {
    /// The specs.
    pub specs: Vec<SpecDetail>,
}

impl Answer for ShownSpecs {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let details: Vec<String> = self.specs.iter().map(|one| detail(one, look)).collect();
        out.write_all(details.join("\n").as_bytes())
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.specs.iter().map(|one| &one.spec as _).collect()
    }
}

/// How the checks of acceptance criteria are named.
const CRITERION: &str = "criterion '";

/// A spec with everything that is known of it.
fn detail(detail: &SpecDetail, look: &Look) -> String {
    let spec = &detail.spec;
    let mut out = header(detail, look);
    // The text below has them too, unless the work ticked others.
    let text = detail.body.as_deref().unwrap_or_default();
    if !detail.criteria.iter().all(|criterion| is_in(text, criterion)) {
        section(&mut out, look, "Acceptance criteria", criteria(detail));
    }
    section(
        &mut out,
        look,
        "Checks",
        recorded_checks(detail.checks.as_ref().map_or(&[], |checked| &checked.checks), look),
    );
    section(&mut out, look, "Inputs", inputs(detail));
    section(&mut out, look, "Approval", approval(detail));
    section(&mut out, look, "Review", review(detail));
    section(&mut out, look, "Review by an agent", agent_review(detail));
    let changes = detail.tampered.iter().filter(|what| doubt(what).is_none());
    section(&mut out, look, "Tampered", changes.map(|what| clean::line(what).into_owned()).collect());
    let doubts = detail.tampered.iter().filter_map(|what| doubt(what));
    section(&mut out, look, "In doubt", doubts.map(|(_, what)| clean::line(what).into_owned()).collect());
    section(&mut out, look, "Front matter", front_matter(detail));
    section(&mut out, look, "History", detail.history.iter().map(|event| log::brief(event, spec, look)).collect());
    // The heading is the title above.
    let heading = spec.title.as_deref().and_then(|title| text.trim_start().strip_prefix("# ")?.strip_prefix(title));
    let body = heading.filter(|rest| rest.starts_with('\n')).unwrap_or(text);
    if !body.trim().is_empty() {
        out.push('\n');
        out.push_str(look.text(body).trim_matches('\n'));
        out.push('\n');
    }
    if let Some(patch) = detail.diff.as_deref().filter(|patch| !patch.is_empty()) {
        out.push('\n');
        look.text(patch).lines().for_each(|line| out.push_str(&format!("{}\n", patch_line(line, look))));
    }
    out
}

/// Whether a text has a criterion with that tick, on a line of its own.
fn is_in(text: &str, criterion: &Criterion) -> bool {
    // The text of a criterion is without the marks of Markdown.
    let plain = |words: &str| words.trim().replace(['`', '*', '_'], "");
    let is_it = |line: &str| {
        let (mark, words) =
            line.trim_start().strip_prefix(['-', '*', '+'])?.trim_start().strip_prefix('[')?.split_once(']')?;
        Some((mark != " ") == criterion.checked && plain(words) == plain(&criterion.text))
    };
    text.lines().any(|line| is_it(line) == Some(true))
}

/// A line of a patch in its colour.
fn patch_line(line: &str, look: &Look) -> String {
    let slot = match line.as_bytes() {
        [b'@', b'@', ..] => Slot::Id,
        [b'd', b'i', b'f', b'f', b' ', ..] | [b'+', b'+', b'+', b' ', ..] | [b'-', b'-', b'-', b' ', ..] => {
            Slot::Header
        }
        [b'+', ..] => Slot::Good,
        [b'-', ..] => Slot::Bad,
        _ => return line.to_owned(),
    };
    look.paint.with(slot, line)
}

/// The title, where the spec stands and what to do next, then what else is known in a line each.
fn header(detail: &SpecDetail, look: &Look) -> String {
    let spec = &detail.spec;
    // Of a spec that cannot be read the error is below.
    let title = if spec.title.is_some() || spec.error.is_none() { spec.titled() } else { "".into() };
    let mut out = format!("{}  {}", spec.painted_id(look), look.paint.with(Slot::Header, title)).trim_end().to_owned();
    out.push_str("\n\n");
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            out.push_str(&format!("{:<13}{value}\n", format!("{name}:")));
        }
    };
    let text = |value: &Option<String>| value.as_deref().map(|v| clean::line(v).into_owned()).unwrap_or_default();
    let all = |values: &[String]| clean::line(&values.join(", ")).into_owned();
    let short = |id: &Option<String>| id.as_deref().map(clean::object_id).unwrap_or_default();
    line("Status", &look.paint.with(Slot::from(spec.status), with_flags(spec.status, &spec.flags())));
    line("Reason", &text(&detail.reason));
    let next = spec.retry.as_ref().map(|retry| format!("{} ({})", time::iso(&retry.at), retry.which()));
    line("Next try", &next.unwrap_or_default());
    match detail.next.as_slice() {
        [] => line("Next", &spec.next_command().unwrap_or_default()),
        hints => hints.iter().for_each(|hint| line("Next", &clean::line(hint))),
    }
    line("Replaced by", &text(&spec.superseded_by));
    // Its status is the line above, what is wrong with its text one below.
    let said = |kind| kind == BlockerKind::Status || (kind == BlockerKind::Invalid && spec.error.is_some());
    for blocker in spec.blocked_by.iter().filter(|blocker| !said(blocker.kind)) {
        line("Blocked by", &blocker.reason());
    }
    line("Error", &text(&spec.error));
    line("Verified", &verified(detail));
    if let Some(merge) = &detail.merge {
        let (old, new) = (clean::object_id(&merge.old), clean::object_id(&merge.new));
        let dropped = if merge.dropped { ", no longer in it" } else { "" };
        line("Merged", &format!("{} {old}..{new}{dropped}", clean::line(short_name(&merge.target))));
    }
    line("Agent", &log::agent(spec.agent.as_deref(), spec.model.as_deref()));
    line("Cost", &spec.cost.as_ref().map(|cost| clean::line(&cost.text).into_owned()).unwrap_or_default());
    line("Sandbox", &text(&detail.confined));
    line("Attempt", &short(&spec.attempt));
    line("Not counted", &text(&detail.discounted_claim));
    line("Base", &short(&detail.base));
    let commits: Vec<_> = spec.work_commits.iter().map(|id| clean::object_id(id)).collect();
    line("Commits", &commits.join(" "));
    line(
        "Target",
        &detail.target.as_deref().map(|name| clean::line(short_name(name)).into_owned()).unwrap_or_default(),
    );
    // Before an attempt it is not there yet, after one it is gone.
    if matches!(spec.status, Status::InProgress | Status::Paused | Status::Finished | Status::Failed) {
        line("Branch", &clean::line(&spec.branch));
    }
    line("Worktree", &text(&spec.worktree));
    line("Type", &clean::line(&spec.kind));
    line("Phase", &text(&spec.phase));
    line("Topic", &text(&spec.topic));
    line("Labels", &all(&spec.labels));
    line("Depends on", &all(&spec.depends_on));
    line("Informed by", &all(&spec.informed_by));
    line("May change", &all(&spec.target_files));
    line("File", &text(&spec.spec_path));
    line("Created", &spec.created_at.as_deref().map(time::iso).unwrap_or_default());
    line("Updated", &spec.updated_at.as_deref().map(time::iso).unwrap_or_default());
    out
}

/// The name of a branch without `refs/heads/`.
fn short_name(name: &str) -> &str {
    name.strip_prefix("refs/heads/").unwrap_or(name)
}

/// How far the work is verified, and what ran besides its proof: `proof, 12 tests passed`.
fn verified(detail: &SpecDetail) -> String {
    let Some(level) = detail.spec.verified.as_deref() else { return String::new() };
    let suite = detail.checks.as_ref().map_or_else(|| Checks::default().suite(), |checked| checked.evidence.suite());
    format!("{}, {suite}", clean::line(level))
}

fn section(out: &mut String, look: &Look, name: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    out.push_str(&format!("\n{}\n", look.paint.with(Slot::Header, format_args!("{name}:"))));
    for line in lines {
        out.push_str(&format!("{}\n", format!("    {line}").trim_end()));
    }
}

fn criteria(detail: &SpecDetail) -> Vec<String> {
    let tick = |checked| if checked { "[x]" } else { "[ ]" };
    detail.criteria.iter().map(|item| format!("{} {}", tick(item.checked), clean::line(&item.text))).collect()
}

/// The checks at the end of an attempt.
fn recorded_checks(checks: &[CheckLine], look: &Look) -> Vec<String> {
    // The criteria are shown with their ticks: of those that hold no more is said.
    let rest = checks.iter().filter(|item| !(item.ok && item.name.starts_with(CRITERION)));
    rest.map(|item| item.line(look)).collect()
}

fn inputs(detail: &SpecDetail) -> Vec<String> {
    let line = |pin: &Pin| {
        let at = pin.pinned.as_deref().map(|id| format!(" {}", clean::object_id(id))).unwrap_or_default();
        format!("{} {}{at}", clean::line(&pin.kind), clean::line(&pin.what))
    };
    detail.links.iter().map(line).collect()
}

fn approval(detail: &SpecDetail) -> Vec<String> {
    let Some(approval) = &detail.approval else { return Vec::new() };
    let mut line = clean::line(&approval.state).into_owned();
    if let Some(by) = &approval.by {
        line.push_str(&format!(" by {}", clean::line(by)));
    }
    if let Some(at) = &approval.at {
        line.push_str(&format!(" at {}", time::iso(at)));
    }
    if approval.stale {
        line.push_str(", for an earlier text");
    }
    let why = approval.discounted.as_deref().map(|why| clean::line(why).into_owned());
    [Some(line), why].into_iter().flatten().collect()
}

fn review(detail: &SpecDetail) -> Vec<String> {
    let Some(review) = &detail.review else { return Vec::new() };
    let mut line = clean::line(&review.state).into_owned();
    if let Some(by) = &review.by {
        line.push_str(&format!(" by {}", clean::line(by)));
    }
    if let Some(at) = &review.at {
        line.push_str(&format!(" at {}", time::iso(at)));
    }
    if let Some(commit) = &review.commit {
        line.push_str(&format!(", for {}", clean::object_id(commit)));
    }
    if review.stale {
        line.push_str(", and the work has other commits now");
    }
    let why = review.discounted.as_deref().map(|why| clean::line(why).into_owned());
    [Some(line), why].into_iter().flatten().collect()
}

/// The newest review of the last attempt by an agent: its verdict, and what it wrote.
fn agent_review(detail: &SpecDetail) -> Vec<String> {
    let of_attempt = detail.history.iter().rev().take_while(|event| event.op != "start");
    let Some(event) = of_attempt.into_iter().find(|event| event.review.is_some()) else { return Vec::new() };
    let text = log::review_lines(event).into_iter().map(|line| format!("    {line}").trim_end().to_owned());
    std::iter::once(clean::line(&event.sentence).into_owned()).chain(text).collect()
}

fn front_matter(detail: &SpecDetail) -> Vec<String> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => clean::line(text).into_owned(),
        other => clean::line(&other.to_string()).into_owned(),
    };
    detail.front_matter.iter().map(|(key, value)| format!("{}: {}", clean::line(key), text(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answer::{
            ApprovalView, CheckedAttempt,
            sample::{self, PIPE},
        },
        domain::{checks::Command, runner::Outcome},
    };

    fn full() -> SpecDetail {
        let mut spec = sample::spec("2026-02-08-010-v7b", "Add locking");
        spec.labels = vec!["storage".into(), "locking".into()];
        (spec.agent, spec.model) = (Some("claude".into()), Some("opus".into()));
        spec.verified = Some("checks".into());
        spec.created_at = Some("2026-02-08T10:00:00Z".into());
        let mut detail = SpecDetail::new(spec);
        detail.target = Some("refs/heads/main".into());
        detail.criteria = vec![
            Criterion { text: "No write is lost".into(), checked: true },
            Criterion { text: "Docs say so".into(), checked: false },
        ];
        detail.checks = Some(checked(&[("verify: cargo test", false), ("scope", true)]));
        let failed = &mut detail.checks.as_mut().expect("just set").checks[0];
        (failed.detail, failed.duration_ms) = (Some("exit 1".into()), Some(2_100));
        detail.links =
            vec![Pin { kind: "path".into(), what: ".chant/research/x.md".into(), pinned: Some("c0ffee00".repeat(5)) }];
        detail.approval = Some(ApprovalView {
            state: "approved".into(),
            by: Some("Ada <ada@example.com>".into()),
            at: Some("2026-02-08T10:01:00Z".into()),
            blob: None,
            stale: true,
            discounted: None,
        });
        detail.history = vec![sample::event("the agent finished")];
        detail.front_matter.insert("sprint".into(), 7.into());
        detail.body = Some("# Add locking\n\nBecause.\n".into());
        detail
    }

    fn checked(checks: &[(&str, bool)]) -> CheckedAttempt {
        let of = |(name, ok): &(&str, bool)| CheckLine {
            name: (*name).into(),
            ok: *ok,
            detail: None,
            duration_ms: None,
            waits: false,
            note: false,
            shown: 12,
            reason: None,
        };
        let passed =
            |ran| Command { exit: Some(0), outcome: Some(Outcome::Passed), ran: Some(ran), ..Command::default() };
        let evidence = Checks { verify: vec![passed(11), passed(1)], ..Checks::default() };
        CheckedAttempt { checks: checks.iter().map(of).collect(), suite: true, evidence }
    }

    #[test]
    fn show_has_everything_in_order() {
        assert_eq!(
            detail(&full(), &PIPE),
            "010-v7b  Add locking\n\
             \n\
             Status:      pending\n\
             Verified:    checks, 12 tests passed\n\
             Agent:       claude (opus)\n\
             Target:      main\n\
             Type:        code\n\
             Labels:      storage, locking\n\
             Created:     2026-02-08 10:00:00 +0000\n\
             \nAcceptance criteria:\n    [x] No write is lost\n    [ ] Docs say so\n\
             \nChecks:\n    FAILED  verify: cargo test (2s): exit 1\n    ok      scope\n\
             \nInputs:\n    path .chant/research/x.md c0ffee00c0\n\
             \nApproval:\n    approved by Ada <ada@example.com> at 2026-02-08 10:01:00 +0000, for an earlier text\n\
             \nFront matter:\n    sprint: 7\n\
             \nHistory:\n    5ca1ab1e5c 2026-02-08 10:02:30 +0100 finish by Ada: the agent finished\n\
             \nBecause.\n"
        );
    }

    #[test]
    fn nothing_is_said_twice() {
        let mut one = full();
        let checks = [("criterion 'No write is lost'", true), ("criterion 'Docs say so'", false), ("scope", true)];
        one.checks = Some(checked(&checks));
        one.history[0].sentence = "Failed 'Add locking': exit 3".into();
        one.history[0].reason = Some("exit 3".into());
        let text = detail(&one, &PIPE);
        let listed = "\nChecks:\n    FAILED  criterion 'Docs say so'\n    ok      scope\n";
        assert!(text.contains(listed), "{text}");
        assert!(text.contains(" finish by Ada: exit 3\n"), "{text}");
    }

    #[test]
    fn the_branch_is_named_while_there_is_one() {
        for (status, there) in [(Status::InProgress, true), (Status::Failed, true), (Status::Completed, false)] {
            let mut one = full();
            one.spec.status = status;
            assert_eq!(detail(&one, &PIPE).contains("\nBranch:      chant/2026-02-08-010-v7b\n"), there, "{status}");
        }
    }

    #[test]
    fn a_body_is_cleaned_for_a_terminal_only() {
        let mut hostile = full();
        hostile.body = Some("one\n\u{1b}]0;owned\u{7}\ttwo\u{202e}\n".into());
        assert!(detail(&hostile, &PIPE).ends_with("\none\n\u{1b}]0;owned\u{7}\ttwo\u{202e}\n"));
        assert!(detail(&hostile, &Look { screen: true, ..PIPE }).ends_with("\none\n\ttwo\n"));
    }

    #[test]
    fn no_field_of_a_hostile_spec_reaches_the_terminal() {
        let evil = "x\u{1b}[2J\u{9b}0m\u{202e}\u{7}\r";
        let mut all = full();
        let spec = &mut all.spec;
        for field in [&mut spec.title, &mut spec.phase, &mut spec.topic, &mut spec.worktree, &mut spec.attempt]
            .into_iter()
            .chain([&mut spec.verified])
            .chain([&mut spec.spec_path, &mut spec.agent, &mut spec.model, &mut spec.error, &mut spec.created_at])
            .chain([&mut all.base, &mut all.target, &mut all.body])
        {
            *field = Some(evil.into());
        }
        for list in [&mut spec.labels, &mut spec.depends_on, &mut spec.informed_by, &mut spec.work_commits] {
            *list = vec![evil.into()];
        }
        (spec.kind, spec.branch) = (evil.into(), evil.into());
        all.tampered = vec![evil.into()];
        all.front_matter.insert(evil.into(), serde_json::json!([evil]));
        all.links[0].what = evil.into();
        all.criteria[0].text = evil.into();
        all.checks = Some(checked(&[(evil, true)]));
        all.checks.as_mut().expect("just set").checks[0].detail = Some(evil.into());
        all.history[0].sentence = evil.into();
        all.history[0].author.name = evil.into();
        let text = detail(&all, &Look { screen: true, ..PIPE });
        assert!(!text.chars().any(|c| c != '\n' && clean::harmful(c)), "{text:?}");
    }
}
