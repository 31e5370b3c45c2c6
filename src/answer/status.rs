//! `status`: what goes on, for people in the manner of `git status`: a section only where there is something to say.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    prelude::*,
    status_view::{AttentionView, DriverView, FinishedView, Need, PausedView, RunView, StatusView, WaitingView},
};
use crate::terminal::fit;

pub(super) const ANSWERS: &[Kind] = &[of::<StatusAnswer>(&["status"]).with::<SpecView>()];

/// What goes on.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct StatusAnswer {
    /// What goes on.
    pub status: StatusView,
    /// The time now, in seconds since 1970 UTC: how long something takes is told from it.
    #[serde(skip)]
    pub now: i64,
    /// Whether people are told what to do about it.
    #[serde(skip)]
    pub hints: bool,
}

impl Answer for StatusAnswer {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let sections = Sections { now: self.now, hints: self.hints, look };
        let all = sections.all(&self.status);
        let said: Vec<&str> = all.iter().map(|section| section.trim_end()).filter(|said| !said.is_empty()).collect();
        match (said.is_empty(), self.hints) {
            (false, _) => writeln!(out, "{}", said.join("\n\n")),
            (true, true) => writeln!(out, "nothing to work on (create specs with \"git chant add\")"),
            (true, false) => writeln!(out, "nothing to work on"),
        }
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.status.specs().map(|(_, spec)| spec as _).collect()
    }

    /// The id, the list that the spec stands in, and the title.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        self.status.specs().map(|(list, spec)| spec.porcelain_as(list)).collect()
    }
}

/// How many specs of a section are named where none needs a person.
const FEW: usize = 5;
/// How many specs of a section are named where each may need a person.
const MANY: usize = 25;

struct Sections<'a> {
    now: i64,
    hints: bool,
    look: &'a Look,
}

/// A spec in a section: what stands beside its id, and the lines below it.
struct Row<'a> {
    spec: &'a SpecView,
    text: String,
    below: Vec<String>,
}

impl Row<'_> {
    /// A spec with its title beside its id.
    fn new(spec: &SpecView, below: impl IntoIterator<Item = Option<String>>) -> Row<'_> {
        Row { spec, text: spec.titled().into_owned(), below: below.into_iter().flatten().collect() }
    }
}

impl Sections<'_> {
    fn all(&self, view: &StatusView) -> [String; 7] {
        [
            self.attention(&view.attention),
            self.finished(&view.finished),
            self.paused(&view.paused),
            self.running(&view.running),
            self.drivers(&view.drivers),
            self.waiting(&view.waiting),
            self.ready(&view.ready),
        ]
    }

    fn running(&self, runs: &[RunView]) -> String {
        let rows = runs.iter().map(|run| {
            let mut facts = vec![self.agent(&run.spec)];
            facts.extend(attempt(run.number));
            facts.extend(self.ago("for", run.since.as_deref()));
            facts.extend(run.pid.map(|pid| format!("process {pid}")));
            facts.extend(cost(&run.spec));
            facts.extend(run.note.as_deref().map(line));
            let said = run.last_line.as_deref().map(|said| format!("> {}", line(said)));
            Row::new(&run.spec, [Some(joined(facts)), said])
        });
        let hint = "git chant log -f <spec>\" to watch the agent";
        let hints = if runs.iter().any(|run| run.pid.is_some()) { vec![hint] } else { Vec::new() };
        self.section("Running:", &hints, rows.collect(), usize::MAX, "")
    }

    fn paused(&self, paused: &[PausedView]) -> String {
        let rows = paused.iter().map(|one| {
            let mut facts = vec![self.agent(&one.spec)];
            facts.extend(attempt(one.number));
            facts.extend(self.ago("for", one.since.as_deref()));
            facts.extend(cost(&one.spec));
            let why = one.reason.as_deref().map(line);
            let next = one.spec.retry.as_ref().and_then(|retry| {
                let left = seconds(&retry.at).map(|at| u64::try_from(at - self.now).unwrap_or_default())?;
                Some(format!("next try in {} ({})", time::duration(Duration::from_secs(left)), retry.which()))
            });
            Row::new(&one.spec, [Some(joined(facts)), why, next])
        });
        let hints = ["git chant work <spec>\" to resume it", "git chant takeover <spec>\" to continue by hand"];
        self.section("Paused:", &hints, rows.collect(), MANY, "git chant list --status paused")
    }

    fn finished(&self, finished: &[FinishedView]) -> String {
        let rows = finished.iter().map(|one| {
            let mut facts: Vec<String> = one.target.iter().map(|target| format!("for {}", line(target))).collect();
            facts.extend(attempt(one.number));
            facts.extend(self.ago("finished", one.since.as_deref()).map(|ago| format!("{ago} ago")));
            facts.extend(cost(&one.spec));
            let paths = one.paths.iter().map(|path| line(path)).collect::<Vec<_>>().join(", ");
            let why = one.why.as_deref().map(|why| match paths.is_empty() {
                true => line(why),
                false => format!("{}: {paths}", line(why)),
            });
            let next = one.next.iter().map(|next| Some(line(next)));
            Row::new(&one.spec, [Some(joined(facts)), why].into_iter().chain(next))
        });
        let hints = ["git chant merge <spec>\" to merge it"];
        self.section("Finished and not merged:", &hints, rows.collect(), MANY, "git chant list --status finished")
    }

    fn attention(&self, found: &[AttentionView]) -> String {
        let wide = found.iter().map(|one| one.need.as_str().len()).max().unwrap_or_default();
        let rows = found.iter().map(|one| Row {
            text: format!("{:<wide$}  {}", one.need.as_str(), one.spec.titled()),
            spec: &one.spec,
            below: vec![line(&one.why)],
        });
        let mut needs: Vec<Need> = found.iter().map(|one| one.need).collect();
        needs.sort();
        needs.dedup();
        let hints: Vec<String> = needs
            .into_iter()
            .map(Need::way_out)
            .map(|(command, what)| format!("{command} <spec>\" to {what}"))
            .collect();
        let hints: Vec<&str> = hints.iter().map(String::as_str).collect();
        self.section("Waiting for a person:", &hints, rows.collect(), MANY, "git chant status --json")
    }

    fn drivers(&self, drivers: &[DriverView]) -> String {
        let rows = drivers.iter().map(|one| {
            let mut facts = vec![format!("{} of {} members done", one.over, one.members)];
            facts.extend((one.running > 0).then(|| format!("{} running", one.running)));
            facts.extend((one.failed > 0).then(|| format!("{} failed", one.failed)));
            Row::new(&one.spec, [Some(joined(facts))])
        });
        self.section("Drivers:", &[], rows.collect(), MANY, "git chant list --type driver")
    }

    fn waiting(&self, waiting: &[WaitingView]) -> String {
        let rows = waiting.iter().map(|one| {
            let on = match one.on.as_slice() {
                [] => line(&one.why),
                [first] => format!("waits for {}", line(first)),
                [first, rest @ ..] => format!("waits for {} and {} more", line(first), rest.len()),
            };
            Row::new(&one.spec, [Some(on)])
        });
        self.section("Waiting for other specs:", &[], rows.collect(), FEW, "git chant list --ready --explain")
    }

    fn ready(&self, ready: &[SpecView]) -> String {
        let rows = ready.iter().map(|spec| Row::new(spec, []));
        let hints = ["git chant work <spec>\" to work on one"];
        self.section("Ready:", &hints, rows.collect(), FEW, "git chant list --ready")
    }

    /// Nothing if there are no rows; of more than `most` the rest is counted, and `all` names them.
    fn section(&self, title: &str, hints: &[&str], rows: Vec<Row<'_>>, most: usize, all: &str) -> String {
        if rows.is_empty() {
            return String::new();
        }
        let look = self.look;
        let ids = rows.iter().map(|row| fit::width(&line(&row.spec.short))).max().unwrap_or_default();
        let indent = 4 + ids + 2;
        let mut out = format!("{}\n", look.paint.with(Slot::Header, title));
        for hint in hints.iter().filter(|_| self.hints) {
            out.push_str(&format!("{}\n", fit::cut(&format!("  (use \"{hint})"), 0, look)));
        }
        for row in rows.iter().take(most) {
            let id = look.paint.with(Slot::Id, line(&row.spec.short));
            let gap = " ".repeat(ids + 2 - fit::width(&line(&row.spec.short)));
            out.push_str(&format!("    {id}{gap}{}\n", fit::cut(&row.text, indent, look)));
            for below in &row.below {
                let below = look.paint.with(Slot::Faint, fit::cut(below, indent, look));
                out.push_str(&format!("{}{below}\n", " ".repeat(indent)));
            }
        }
        if let Some(rest @ 1..) = rows.len().checked_sub(most) {
            let see = if self.hints { format!(" (see \"{all}\")") } else { String::new() };
            out.push_str(&format!("{}\n", fit::cut(&format!("    and {rest} more{see}"), 0, look)));
        }
        out
    }

    fn agent(&self, spec: &SpecView) -> String {
        let agent = spec.agent.as_deref().map_or_else(|| "no agent".to_owned(), line);
        match &spec.model {
            Some(model) => format!("{agent} ({})", line(model)),
            None => agent,
        }
    }

    /// `for 2m 30s`; nothing where the time is unknown. A clock that was set back makes it no time at all.
    fn ago(&self, word: &str, since: Option<&str>) -> Option<String> {
        let since = seconds(since?)?;
        let seconds = u64::try_from(self.now.saturating_sub(since)).unwrap_or_default();
        // Long times are told without seconds.
        let unit =
            [(86_400 * 2, 3_600), (3_600, 60)].iter().find(|(from, _)| seconds >= *from).map_or(1, |(_, unit)| *unit);
        let span = time::duration(Duration::from_secs(seconds - seconds % unit));
        Some(format!("{word} {span}"))
    }
}

/// A time of RFC 3339 in seconds since 1970 UTC.
fn seconds(time: &str) -> Option<i64> {
    time.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

fn attempt(number: usize) -> Option<String> {
    (number > 1).then(|| format!("attempt {number}"))
}

/// What its runs cost so far: the money, or, without any, the tokens.
fn cost(spec: &SpecView) -> Option<String> {
    let cost = spec.cost.as_ref()?;
    let all = cost.money.iter().map(|money| money.amount.to_string()).collect::<Vec<_>>().join(", ");
    Some(line(if all.is_empty() { &cost.text } else { &all }))
}

fn joined(facts: Vec<String>) -> String {
    facts.join(", ")
}

fn line(text: &str) -> String {
    clean::line(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::sample::{self, PIPE};

    fn summary(view: &StatusView, now: i64, hints: bool, look: &Look) -> String {
        sample::text(&StatusAnswer { status: view.clone(), now, hints }, look)
    }

    fn run(last: &str) -> RunView {
        let mut spec = sample::spec("2026-02-08-010-v7b", "Add locking");
        spec.agent = Some("claude".into());
        RunView {
            spec,
            by: Some("Ada".into()),
            since: Some("2026-02-08T10:00:00+01:00".into()),
            number: 2,
            pid: Some(4321),
            last_line: Some(last.into()),
            note: None,
        }
    }

    fn at(seconds: i64) -> i64 {
        "2026-02-08T10:00:00+01:00".parse::<Timestamp>().expect("a time").as_second() + seconds
    }

    #[test]
    fn nothing_is_said_in_words() {
        let empty = StatusView::default();
        assert_eq!(summary(&empty, 0, true, &PIPE), "nothing to work on (create specs with \"git chant add\")\n");
        assert_eq!(summary(&empty, 0, false, &PIPE), "nothing to work on\n");
    }

    #[test]
    fn a_run_in_three_lines_and_hints_only_where_wanted() {
        let view = StatusView { running: vec![run("Reading\u{1b}[2J store.rs")], ..StatusView::default() };
        assert_eq!(
            summary(&view, at(192), true, &PIPE),
            "Running:\n  (use \"git chant log -f <spec>\" to watch the agent)\n    010-v7b  Add locking\n             \
             claude, attempt 2, for 3m 12s, process 4321\n             > Reading store.rs\n"
        );
        assert!(!summary(&view, at(192), false, &PIPE).contains("(use"));
    }

    #[test]
    fn times_of_any_length_and_a_clock_that_went_back() {
        let text = |seconds| {
            let view = StatusView { running: vec![run("x")], ..StatusView::default() };
            summary(&view, at(seconds), false, &PIPE)
        };
        assert!(text(-500).contains("for 0s,"), "{}", text(-500));
        assert!(text(3 * 3600 + 125).contains("for 3h 2m,"), "{}", text(3 * 3600 + 125));
        assert!(text(3 * 86_400 + 3_700).contains("for 3days 1h,"), "{}", text(3 * 86_400 + 3_700));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_what_is_many_is_counted() {
        let ready = (10..99).map(|n| sample::spec(&format!("2026-02-08-0{n}-abc"), &"日本 long ".repeat(30))).collect();
        let view = StatusView { running: vec![run(&"x".repeat(9_000))], ready, ..StatusView::default() };
        let look = Look { width: Some(40), screen: true, unicode: true, ..PIPE };
        let text = summary(&view, at(5), true, &look);
        assert!(text.lines().all(|line| fit::width(line) <= 40), "{text}");
        let text = summary(&view, at(5), false, &look);
        assert!(text.ends_with("    and 84 more\n"), "{text}");
    }
}
