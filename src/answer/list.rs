//! `list`: for people one line a spec, in aligned columns.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr as _;

use super::{
    prelude::*,
    spec::{superseded, titled, with_flags},
};
use crate::terminal::{fit::cut, time::age};

pub(super) const ANSWERS: &[Kind] =
    &[of::<SpecList>(&["list", "next"]).with::<SpecView>(), of::<ReadyAnswer>(&["list"]).with::<SpecView>()];

/// Specs.
#[derive(Debug, Default, JsonSchema, Serialize)]
#[schemars(rename = "Specs")]
pub(crate) struct SpecList {
    /// The specs.
    pub specs: Vec<SpecView>,
    /// The specs in short, in place of `specs` where the answer is for a person.
    #[serde(skip)]
    pub lines: Vec<SpecLine>,
}

/// What a person sees of a spec that is one of many: a list of thousands reads no more than that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpecLine {
    /// The full id.
    pub id: SpecId,
    /// The status.
    pub status: Status,
    /// What a person should see beside it.
    pub flags: Vec<&'static str>,
    /// The first heading of the body.
    pub title: Option<String>,
    /// Why the spec file cannot be read.
    pub error: Option<String>,
    /// The phase of an investigation, otherwise the type.
    pub kind: Cow<'static, str>,
    /// The labels, in the order of the file.
    pub labels: Vec<String>,
    /// How many seconds ago the newest event was written; `None` without events, and where it does not matter.
    pub age: Option<u64>,
    /// Whether work could begin; `None` where it was not asked.
    pub ready: Option<bool>,
    /// What a pending spec waits for, in few words.
    pub waits_for: Option<String>,
    /// The short id of the spec in its place.
    pub superseded_by: Option<String>,
}

impl From<SpecView> for SpecLine {
    fn from(view: SpecView) -> SpecLine {
        let flags = view.flags();
        let SpecView { id, status, title, error, kind, phase, labels, superseded_by, .. } = view;
        SpecLine {
            id,
            status,
            flags,
            title,
            error,
            kind: phase.unwrap_or(kind).into(),
            labels,
            age: None,
            ready: None,
            waits_for: None,
            superseded_by,
        }
    }
}

impl SpecLine {
    /// The flags, what it was superseded by, and what a pending spec waits for.
    fn shown_flags(&self) -> Vec<Cow<'_, str>> {
        let by = self.superseded_by.as_deref().map(|by| superseded(by).into());
        // Another spec waits in its place.
        let waits_for = self.waits_for.as_deref().filter(|_| by.is_none()).map(clean::line);
        self.flags.iter().map(|flag| Cow::Borrowed(*flag)).chain(by).chain(waits_for).collect()
    }
}

impl Answer for SpecList {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let text = if self.specs.is_empty() { lines(&self.lines, look) } else { specs(&self.specs, look) };
        out.write_all(text.as_bytes())?;
        if look.screen && self.lines.len() > 1 {
            writeln!(out, "{}", cut(&counted(&self.lines), 0, look))
        } else {
            Ok(())
        }
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.specs.iter().map(|spec| spec as _).collect()
    }

    fn emptiness(&self) -> Option<&'static str> {
        (self.specs.is_empty() && self.lines.is_empty()).then_some("no specs")
    }
}

/// Specs that are ready, and those that are not.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ReadyAnswer {
    /// Those that `work` would start.
    pub specs: Vec<SpecView>,
    /// Those that it would not, with their blockers.
    pub blocked: Vec<SpecView>,
}

impl Answer for ReadyAnswer {
    /// Writes the ready specs, then each of the others with its reasons.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        if !self.specs.is_empty() {
            write!(out, "{}\n{}", look.paint.with(Slot::Header, "Ready:"), specs(&self.specs, look))?;
        }
        if !self.blocked.is_empty() {
            let gap = if self.specs.is_empty() { "" } else { "\n" };
            writeln!(out, "{gap}{}", look.paint.with(Slot::Header, "Not ready:"))?;
        }
        for spec in &self.blocked {
            // What is wrong with its file is one of the reasons.
            let line = SpecLine { error: None, ..SpecLine::from(spec.clone()) };
            write!(out, "{}", lines(&[line], look))?;
            for blocker in &spec.blocked_by {
                writeln!(out, "    {}", blocker.reason())?;
            }
        }
        Ok(())
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.specs.iter().chain(&self.blocked).map(|spec| spec as _).collect()
    }

    /// The id, `ready` or `blocked`, and the title.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        let ready = self.specs.iter().map(|spec| spec.porcelain_as("ready"));
        ready.chain(self.blocked.iter().map(|spec| spec.porcelain_as("blocked"))).collect()
    }

    fn emptiness(&self) -> Option<&'static str> {
        (self.specs.is_empty() && self.blocked.is_empty()).then_some("no specs")
    }
}

/// `12 specs: 2 in progress, 5 pending (3 ready), 5 completed`.
fn counted(lines: &[SpecLine]) -> String {
    let count = |status: Status| lines.iter().filter(|line| line.status == status).count();
    let each = Status::ALL.iter().map(|status| (*status, count(*status))).filter(|(_, count)| *count > 0);
    let each = each.map(|(status, count)| {
        let ready = lines.iter().filter(|line| line.status == status && line.ready == Some(true)).count();
        let ready = if ready > 0 { format!(" ({ready} ready)") } else { String::new() };
        format!("{count} {}{ready}", status.as_str().replace('_', " "))
    });
    format!("{} specs: {}", lines.len(), each.collect::<Vec<_>>().join(", "))
}

/// From this width on there is room for the age, and for the type or phase.
const ROOM_FOR_KIND: usize = 80;
/// From this width on there is room for the labels.
const ROOM_FOR_LABELS: usize = 130;

/// Short id, status, title and, where a terminal is wide enough, phase or type and labels. Titles are cut to the width of a
/// terminal, never in a pipe. There may be tens of thousands of lines.
fn lines(specs: &[SpecLine], look: &Look) -> String {
    let wide = |room: usize| look.width.is_some_and(|width| width >= room);
    let kinds = wide(ROOM_FOR_KIND);
    let labels = wide(ROOM_FOR_LABELS) && specs.iter().any(|spec| !spec.labels.is_empty());
    let cells: Vec<Cells<'_>> = specs.iter().map(|spec| Cells::of(spec, kinds, labels)).collect();
    let widest = |cell: fn(&Cells<'_>) -> usize| cells.iter().map(cell).max().unwrap_or_default();
    let ids = widest(|cells| columns(&cells.id));
    let statuses = widest(|cells| columns(&cells.status));
    let kinds = kinds.then(|| widest(|cells| columns(&cells.kind)));
    let ages = kinds.and(Some(widest(|cells| columns(&cells.age)))).filter(|widest| *widest > 0);
    let from = ids + GAP + statuses + GAP + kinds.map_or(0, |kinds| kinds + GAP) + ages.map_or(0, |ages| ages + GAP);
    // Labels give way to titles, down to a third of the room that they share.
    let room = look.width.map(|width| width.saturating_sub(from));
    let labels = room.filter(|_| labels).map(|room| widest(|cells| columns(&cells.labels)).min(room / 3));
    let titles = match (labels, room) {
        (Some(labels), Some(room)) => widest(|cells| columns(&cells.title)).min(room.saturating_sub(labels + GAP)),
        _ => 0,
    };
    let mut out = String::with_capacity(specs.len() * 80);
    for (spec, Cells { id, status, kind, age, title, labels: named }) in specs.iter().zip(cells) {
        let begin = out.len();
        push(&mut out, &id, ids, Some(Slot::Id), look);
        push(&mut out, &status, statuses, Some(Slot::from(spec.status)), look);
        if let Some(kinds) = kinds {
            push(&mut out, &kind, kinds, None, look);
        }
        if let Some(ages) = ages {
            push(&mut out, &format!("{age:>ages$}"), ages, None, look);
        }
        if labels.is_some() {
            push(&mut out, &fitted(title, from, Some(from + titles), look), titles, None, look);
            out.push_str(&fitted(named, from + titles + GAP, look.width, look));
        } else {
            out.push_str(&fitted(title, from, look.width, look));
        }
        out.truncate(begin + out[begin..].trim_end().len());
        out.push('\n');
    }
    out
}

/// What stands between two columns, in columns.
const GAP: usize = 2;

/// The cells of a line; empty where there is no room.
struct Cells<'s> {
    id: Cow<'s, str>,
    status: Cow<'static, str>,
    kind: Cow<'s, str>,
    age: String,
    title: Cow<'s, str>,
    labels: Cow<'s, str>,
}

impl<'s> Cells<'s> {
    fn of(spec: &'s SpecLine, kind: bool, labels: bool) -> Cells<'s> {
        Cells {
            id: clean::line(spec.id.short()),
            status: with_flags(spec.status, &spec.shown_flags()),
            kind: if kind { clean::line(&spec.kind) } else { Cow::default() },
            age: spec.age.filter(|_| kind).map(age).unwrap_or_default(),
            title: titled(spec.title.as_deref(), spec.error.as_deref()),
            labels: if labels { clean::line(&spec.labels.join(", ")).into_owned().into() } else { Cow::default() },
        }
    }
}

/// Appends a cell and the gap after it.
fn push(out: &mut String, cell: &str, widest: usize, slot: Option<Slot>, look: &Look) {
    match slot.filter(|_| look.paint.on) {
        Some(slot) => out.push_str(&look.paint.with(slot, cell)),
        None => out.push_str(cell),
    }
    out.extend(std::iter::repeat_n(' ', widest - columns(cell) + GAP));
}

/// A cell that begins in column `from`, cut so that it ends before `edge`.
fn fitted<'s>(cell: Cow<'s, str>, from: usize, edge: Option<usize>, look: &Look) -> Cow<'s, str> {
    match edge {
        Some(edge) if columns(&cell) > edge.saturating_sub(from) => {
            cut(&cell, from, &Look { width: Some(edge), ..*look }).into()
        }
        _ => cell,
    }
}

/// The lines of specs of which everything is known.
fn specs(specs: &[SpecView], look: &Look) -> String {
    lines(&specs.iter().cloned().map(SpecLine::from).collect::<Vec<_>>(), look)
}

/// How many columns a text takes.
fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answer::{
            Blocker, BlockerKind,
            sample::{self, PIPE},
        },
        terminal::color::Paint,
    };

    fn screen(width: usize) -> Look {
        Look { width: Some(width), screen: true, unicode: true, ..PIPE }
    }

    #[test]
    fn a_pipe_gets_whole_titles_and_no_trailing_space() {
        let mut second = sample::spec("2026-02-08-011-abc", "日本語のタイトル");
        second.status = Status::InProgress;
        second.orphaned = true;
        let first = sample::spec("2026-02-08-010-v7b", &"long ".repeat(40));
        let text = specs(&[first, second], &PIPE);
        let long = "long ".repeat(40);
        assert_eq!(
            text,
            format!(
                "010-v7b  pending                 {}\n011-abc  in_progress (orphaned)  日本語のタイトル\n",
                long.trim_end()
            )
        );
    }

    #[test]
    fn titles_are_cut_to_the_terminal() {
        for width in [1, 10, 30, 40, 80, 100, 130, 200] {
            let mut spec = sample::spec("2026-02-08-010-v7b", &"日本 wide characters ".repeat(20));
            spec.labels = vec!["storage".into()];
            let text = specs(&[spec.clone(), sample::spec("2026-02-08-011-abc", "short")], &screen(width));
            assert_eq!(text.lines().count(), 2, "{width}: {text}");
            for line in text.lines().filter(|_| width >= 30) {
                assert!(unicode(line) <= width, "{width}: {} {line}", unicode(line));
            }
            assert!(text.starts_with("010-v7b  pending"), "{width}: {text}");
        }
        assert!(specs(&[sample::spec("2026-02-08-010-v7b", &"word ".repeat(20))], &screen(60)).contains('…'));
    }

    fn unicode(line: &str) -> usize {
        line.chars().map(|c| if ('\u{2e80}'..='\u{9fff}').contains(&c) { 2 } else { 1 }).sum()
    }

    #[test]
    fn a_wide_terminal_shows_phase_and_labels() {
        let mut spec = sample::spec("2026-02-08-010-v7b", "Why");
        spec.phase = Some("root-cause".into());
        spec.labels = vec!["storage".into(), "locking".into()];
        assert_eq!(
            specs(std::slice::from_ref(&spec), &screen(140)),
            "010-v7b  pending  root-cause  Why  storage, locking\n"
        );
        assert_eq!(specs(&[spec], &screen(110)), "010-v7b  pending  root-cause  Why\n");
    }

    #[test]
    fn a_terminal_shows_age_and_what_a_spec_waits_for_and_counts() {
        let line = |id: &str, age, ready, waits_for: Option<&str>| SpecLine {
            age: Some(age),
            ready: Some(ready),
            waits_for: waits_for.map(str::to_owned),
            ..SpecLine::from(sample::spec(id, "One"))
        };
        let waits = line("2026-02-08-011-abc", 90, false, Some("after 010-v7b"));
        let list = SpecList { specs: Vec::new(), lines: vec![line("2026-02-08-010-v7b", 7_200, true, None), waits] };
        assert_eq!(
            sample::text(&list, &screen(80)),
            "010-v7b  pending                  code  2h  One\n011-abc  pending (after 010-v7b)  code  1m  One\n\
             2 specs: 2 pending (1 ready)\n"
        );
    }

    #[test]
    fn colour_stays_out_of_the_widths() {
        let plain = sample::spec("2026-02-08-010-v7b", "One");
        let mut done = sample::spec("2026-02-08-0011-abc", "Two");
        done.status = Status::Completed;
        let look = Look { paint: Paint::new(true), ..screen(80) };
        assert_eq!(
            specs(&[plain, done], &look),
            "\u{1b}[33m010-v7b\u{1b}[0m   pending    code  One\n\u{1b}[33m0011-abc\u{1b}[0m  \u{1b}[32mcompleted\u{1b}[0m  code  Two\n"
        );
    }

    #[test]
    fn a_hostile_title_stays_on_its_line() {
        let title = "x\u{1b}]0;owned\u{7}\ny\u{202e}z\u{9b}2J";
        for look in [PIPE, screen(80)] {
            let text = specs(&[sample::spec("2026-02-08-010-v7b", title)], &look);
            assert_eq!(text.replace("  code", ""), "010-v7b  pending  x yz2J\n");
        }
    }

    #[test]
    fn huge_titles_do_not_break_the_lines() {
        let huge = sample::spec("2026-02-08-010-v7b", &"x".repeat(200_000));
        let text = specs(&[huge, sample::spec("2026-02-08-011-abc", "two")], &PIPE);
        assert_eq!(text.lines().count(), 2);
        assert!(text.ends_with("011-abc  pending  two\n"));
    }

    #[test]
    fn explained_names_every_reason() {
        let mut blocked = sample::spec("2026-02-08-011-abc", "Fix");
        blocked.blocked_by = vec![Blocker {
            kind: BlockerKind::Dependency,
            what: "010-v7b".into(),
            why: "it depends on '010-v7b',\u{1b}[2J which is pending".into(),
        }];
        let ready = vec![sample::spec("2026-02-08-010-v7b", "One")];
        assert_eq!(
            sample::text(&ReadyAnswer { specs: ready, blocked: vec![blocked.clone()] }, &PIPE),
            "Ready:\n010-v7b  pending  One\n\nNot ready:\n011-abc  pending  Fix\n    it depends on '010-v7b', which is pending\n"
        );
        let why = "a.md:2:7: 'type' cannot be 'x'".to_owned();
        let invalid = Blocker { kind: BlockerKind::Invalid, what: "spec".into(), why: why.clone() };
        let broken = SpecView { title: None, error: Some(why.clone()), blocked_by: vec![invalid], ..blocked };
        let text = sample::text(&ReadyAnswer { specs: Vec::new(), blocked: vec![broken] }, &PIPE);
        assert_eq!(text.matches(&why).count(), 1, "{text}");
    }
}
