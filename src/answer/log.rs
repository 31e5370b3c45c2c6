//! `log`: for people one block an event, in the manner of `git log`.

use super::{EventView, prelude::*};
use crate::domain::signature::{Signature, Verdict};

pub(super) const ANSWERS: &[Kind] = &[of::<Events>(&["log"]).with::<EventView>()];

/// What happened to a spec.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Events {
    /// The events, in the order that was asked for.
    pub events: Vec<EventView>,
}

impl Answer for Events {
    /// Writes each event as a block, separated by empty lines. The events are newest first.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        for (at, event) in self.events.iter().enumerate() {
            let gap = if at == 0 { "" } else { "\n" };
            write!(out, "{gap}{}", block(event, self.events.get(at + 1), look))?;
        }
        Ok(())
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.events.iter().map(|event| event as _).collect()
    }

    fn emptiness(&self) -> Option<&'static str> {
        self.events.is_empty().then_some("no events")
    }
}

/// Events carry on what the ones before them said; of that only what `older` did not say already is shown.
fn block(event: &EventView, older: Option<&EventView>, look: &Look) -> String {
    let news = |same: fn(&EventView, &EventView) -> bool| older.is_none_or(|older| !same(event, older));
    let op = clean::line(&event.op);
    let mut out = look.paint.with(Slot::Id, format_args!("event {}", clean::object_id(&event.id)));
    out.push('\n');
    let mut header = |name: &str, value: &str| {
        if !value.is_empty() {
            out.push_str(&format!("{:<10}{value}\n", format!("{name}:")));
        }
    };
    match event.status {
        Some(status) => header("Op", &format!("{op} ({})", look.paint.with(Slot::from(status), status))),
        None => header("Op", &op),
    }
    let author = &event.author;
    header("Author", &format!("{} <{}>", clean::line(&author.name), clean::line(&author.email)));
    header("Date", &time::iso(&event.at));
    if let Some(signature) = &event.signature {
        header("Signed", &signed(signature, look));
    }
    if news(|one, other| (&one.agent, &one.model, &one.attempt) == (&other.agent, &other.model, &other.attempt)) {
        header("Agent", &agent(event.agent.as_deref(), event.model.as_deref()));
    }
    if news(|one, other| (&one.confined, &one.attempt) == (&other.confined, &other.attempt)) {
        header("Sandbox", &clean::line(event.confined.as_deref().unwrap_or_default()));
    }
    if news(|one, other| (&one.verified, &one.attempt) == (&other.verified, &other.attempt)) {
        header("Verified", &clean::line(event.verified.as_deref().unwrap_or_default()));
    }
    if news(|one, other| one.cost == other.cost) {
        header("Cost", &clean::line(event.cost.as_deref().unwrap_or_default()));
    }
    if news(|one, other| one.attempt == other.attempt) {
        header("Attempt", &event.attempt.as_deref().map(clean::object_id).unwrap_or_default());
    }
    if let Some(exit) = event.exit {
        header("Exit", &exit.to_string());
    }
    header("Stopped", &clean::line(event.stopped.as_deref().unwrap_or_default()));
    if news(|one, other| one.commits == other.commits) {
        for commit in &event.commits {
            header("Commit", &clean::object_id(commit));
        }
    }
    out.push_str(&format!("\n    {}\n", clean::line(&event.sentence)));
    if let Some(reason) = unsaid(event) {
        out.push_str(&format!("\n    Reason: {}\n", clean::line(reason)));
    }
    let review = review_lines(event);
    if !review.is_empty() {
        out.push('\n');
        review.iter().for_each(|line| out.push_str(&format!("{}\n", format!("        {line}").trim_end())));
    }
    out
}

/// `good, by ada@example.com with SHA256:…`
fn signed(signature: &Signature, look: &Look) -> String {
    let slot = match signature.verdict {
        Verdict::Good => Slot::Good,
        Verdict::Bad | Verdict::Revoked => Slot::Bad,
        _ => Slot::Faint,
    };
    let verdict = match signature.verdict {
        Verdict::None => "no",
        other => other.as_str(),
    };
    let mut out = look.paint.with(slot, verdict);
    for (word, value) in [(", by", &signature.signer), (" with", &signature.key)] {
        if let Some(value) = value {
            out.push_str(&format!("{word} {}", clean::line(value)));
        }
    }
    out
}

/// The reason, unless the sentence has it.
fn unsaid(event: &EventView) -> Option<&str> {
    event.reason.as_deref().filter(|reason| !event.sentence.contains(reason))
}

/// What an agent wrote in a review, line by line, to be indented as the words of another.
pub(super) fn review_lines(event: &EventView) -> Vec<String> {
    event.review.iter().flat_map(|text| text.lines()).map(|line| clean::line(line).trim_end().to_owned()).collect()
}

/// One line an event, for the history in `show`, where the spec is named above: `start by Ada: agent claude`.
pub(super) fn brief(event: &EventView, spec: &SpecView, look: &Look) -> String {
    let id = clean::object_id(&event.id);
    let mut out = format!(
        "{} {} {} by {}",
        look.paint.with(Slot::Id, id),
        time::iso(&event.at),
        clean::line(&event.op),
        clean::line(&event.author.name)
    );
    for part in told(event, spec) {
        out.push_str(&format!(": {}", clean::line(part)));
    }
    out
}

/// What an event says where the spec is named already: its sentence without the title, and the reason that this does not have.
pub(super) fn told<'e>(event: &'e EventView, spec: &SpecView) -> impl Iterator<Item = &'e str> {
    let rest = spec.in_sentence(&event.sentence).map_or(event.sentence.as_str(), |(_, rest)| rest);
    [Some(rest), unsaid(event)].into_iter().flatten().filter(|part| !part.is_empty())
}

/// `claude (opus)`.
pub(super) fn agent(agent: Option<&str>, model: Option<&str>) -> String {
    match (agent.map(clean::line), model.map(clean::line)) {
        (Some(agent), Some(model)) => format!("{agent} ({model})"),
        (Some(one), None) | (None, Some(one)) => one.into_owned(),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::sample::{self, PIPE};

    #[test]
    fn what_an_event_only_carries_on_is_said_once() {
        let same = sample::event("Add locking is in main");
        let mut other = sample::event("begins again");
        other.attempt = Some("facade".into());
        let text = sample::text(&Events { events: vec![other, same.clone(), same] }, &PIPE);
        assert_eq!(text.matches("Agent:    claude\n").count(), 2, "once an attempt: {text}");
        assert_eq!(text.matches("Attempt: ").count(), 2, "{text}");
        assert_eq!(text.matches("Commit:   ").count(), 1, "{text}");
    }

    #[test]
    fn an_event_reads_like_a_commit() {
        let mut failed = sample::event("the agent\u{1b}[2J failed\nbadly");
        failed.reason = Some("exit 3".into());
        failed.status = None;
        (failed.attempt, failed.agent, failed.exit, failed.commits) = (None, None, None, Vec::new());
        assert_eq!(
            sample::text(&Events { events: vec![sample::event("the agent finished"), failed] }, &PIPE),
            "event 5ca1ab1e5c\n\
             Op:       finish (finished)\n\
             Author:   Ada <ada@example.com>\n\
             Date:     2026-02-08 10:02:30 +0100\n\
             Agent:    claude\n\
             Attempt:  0ddba110dd\n\
             Exit:     0\n\
             Commit:   c0ffee00c0\n\
             \n    the agent finished\n\
             \n\
             event 5ca1ab1e5c\n\
             Op:       finish\n\
             Author:   Ada <ada@example.com>\n\
             Date:     2026-02-08 10:02:30 +0100\n\
             \n    the agent failed badly\n\
             \n    Reason: exit 3\n"
        );
    }
}
