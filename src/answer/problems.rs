//! `lint`, `fsck` and `recover`: what is wrong.

use super::{
    diagnostic::{draw, help, position},
    prelude::*,
};
use crate::domain::diagnostic::{Diagnostic, Severity};

pub(super) const ANSWERS: &[Kind] = &[of::<Problems>(&["lint", "fsck", "recover"]).with::<ProblemView>()];

/// What is wrong.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Problems {
    /// What was found.
    pub problems: Vec<ProblemView>,
}

impl Answer for Problems {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        self.problems.iter().try_for_each(|problem| write!(out, "{}", problem.text(look)))
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.problems.iter().map(|problem| problem as _).collect()
    }

    fn emptiness(&self) -> Option<&'static str> {
        self.problems.is_empty().then_some("no problems")
    }

    fn is_negative(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error && !problem.repaired)
    }
}

/// Something that `lint` or `fsck` found.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemView {
    /// How bad it is.
    pub severity: Severity,
    /// The spec that it is about.
    pub spec: Option<SpecId>,
    /// The file or ref that it is about.
    pub path: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// A stable name in kebab case (`duplicate-key`).
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
    /// Whether `fsck --repair` has mended it.
    pub repaired: bool,
    /// The text around the place, for drawing it at a terminal.
    #[serde(skip)]
    pub place: Option<Diagnostic>,
}

impl ProblemView {
    /// A problem without a place in a file.
    pub(crate) fn new(severity: Severity, code: impl Into<String>, message: impl Into<String>) -> Self {
        ProblemView {
            severity,
            spec: None,
            path: None,
            line: None,
            column: None,
            code: code.into(),
            message: message.into(),
            help: None,
            repaired: false,
            place: None,
        }
    }

    /// The problem that a diagnostic describes.
    pub(crate) fn of(spec: Option<SpecId>, code: impl Into<String>, place: Diagnostic) -> Self {
        ProblemView {
            spec,
            path: Some(place.path.clone()),
            line: (place.line > 0).then_some(place.line),
            column: (place.column > 0).then_some(place.column),
            help: place.help.clone(),
            ..ProblemView::new(place.severity, code, place.message.clone())
        }
        .drawn(place)
    }

    fn drawn(mut self, place: Diagnostic) -> Self {
        self.place = Some(place);
        self
    }

    /// One line, `file:line:column: error: message`, its help as a `hint:` below; at a terminal a drawing where there is a place
    /// to draw.
    pub(super) fn text(&self, look: &Look) -> String {
        if let Some(drawing) = self.place.as_ref().and_then(|place| draw(place, look)) {
            return drawing;
        }
        let at = position(self.path.as_deref().or(self.spec.as_ref().map(AsRef::as_ref)), self.line, self.column);
        let done = if self.repaired { " (repaired)" } else { "" };
        let slot = if self.severity == Severity::Error { Slot::Bad } else { Slot::Warning };
        let severity = look.paint.with(slot, self.severity.as_str());
        let mut out = format!("{at}{severity}: {}{done}\n", clean::line(&self.message));
        help(&mut out, self.help.as_deref(), look);
        out
    }
}

impl Record for ProblemView {
    /// The severity, file or ref, line, column, code and message.
    fn porcelain(&self) -> Vec<u8> {
        let number = |number: Option<usize>| number.map(|n| n.to_string()).unwrap_or_default();
        let place = self.path.as_deref().or(self.spec.as_ref().map(AsRef::as_ref)).unwrap_or_default();
        let (line, column) = (number(self.line), number(self.column));
        joined(&[self.severity.as_str(), place, &line, &column, &self.code, &self.message])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answer::{
            diagnostic::diagnostic,
            sample::{self, PIPE},
        },
        terminal::color::Paint,
    };

    const SCREEN: Look = Look { width: Some(80), screen: true, ..PIPE };

    fn problems(problems: &[ProblemView], look: &Look) -> String {
        sample::text(&Problems { problems: problems.to_vec() }, look)
    }

    fn faulty(text: &str, span: std::ops::Range<usize>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            path: ".chant/specs/x.md".into(),
            line: 3,
            column: 7,
            span: Some(span),
            source: Some(text.into()),
            source_line: 3,
            message: "'cod' is not a type".into(),
            help: Some("the types are code, task".into()),
        }
    }

    fn found(place: Diagnostic) -> ProblemView {
        ProblemView::of(Some(sample::spec("2026-02-08-010-v7b", "").id), "unknown-type", place)
    }

    #[test]
    fn a_pipe_gets_one_line_and_a_hint() {
        let mut loose = ProblemView::new(Severity::Warning, "no-note", "the note is missing");
        loose.repaired = true;
        loose.spec = Some(sample::spec("2026-02-08-010-v7b", "").id);
        assert_eq!(
            problems(&[found(faulty("type: cod\n", 6..9)), loose], &PIPE),
            ".chant/specs/x.md:3:7: error: 'cod' is not a type\n\
             hint: the types are code, task\n\
             2026-02-08-010-v7b: warning: the note is missing (repaired)\n"
        );
        let whole = Diagnostic { line: 0, column: 0, help: None, ..faulty("", 0..0) };
        assert_eq!(diagnostic(&whole, &PIPE), ".chant/specs/x.md: 'cod' is not a type\n");
    }

    #[test]
    fn a_terminal_gets_a_drawing_with_the_right_line() {
        let text = problems(&[found(faulty("type: cod\nlabels: [a]\n", 6..9))], &SCREEN);
        assert!(text.contains(".chant/specs/x.md:3:7"), "{text}");
        assert!(text.contains("3 | type: cod") && text.contains("4 | labels: [a]"), "{text}");
        assert!(text.contains("^^^") && text.contains("help: the types are"), "{text}");
        assert!(text.is_ascii(), "no unicode unless asked for: {text}");
        let colored = Look { paint: Paint::new(true), unicode: true, ..SCREEN };
        let text = problems(&[found(faulty("type: cod\n", 6..9))], &colored);
        assert!(text.contains("\u{1b}[") && text.contains('│'), "{text}");
    }

    #[test]
    fn a_hostile_file_cannot_draw_for_itself() {
        let evil = "type: \u{1b}[2Jcod\u{9b}0m\u{202e}\n";
        let text = problems(&[found(faulty(evil, 10..13))], &SCREEN);
        assert!(!text.chars().any(|c| c != '\n' && clean::harmful(c)), "{text:?}");
        assert!(text.contains("cod"), "{text}");
    }

    #[test]
    fn a_span_outside_its_text_loses_the_drawing_only() {
        for span in [5..99, 90..99, 0..1] {
            let text = problems(&[found(faulty("é", span))], &SCREEN);
            assert!(text.starts_with(".chant/specs/x.md:3:7: error: 'cod' is not a type\n"), "{text}");
        }
    }
}
