//! A place in a file: one line for everyone, a drawing of it for people at a terminal.

use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};

use crate::terminal::clean;
use crate::terminal::{Look, color::Slot};
use crate::{
    answer::ProblemView,
    domain::diagnostic::{Diagnostic, Severity},
};

/// What `lint` and `fsck` found: one line each, `file:line:column: error: message`, its help as a `hint:` below; at a terminal
/// a drawing where there is a place to draw.
pub(super) fn problems(problems: &[ProblemView], look: &Look) -> String {
    problems.iter().map(|problem| self::problem(problem, look)).collect()
}

fn problem(problem: &ProblemView, look: &Look) -> String {
    if let Some(drawing) = problem.place.as_ref().and_then(|place| draw(place, look)) {
        return drawing;
    }
    let spec = problem.spec.as_ref().map(AsRef::as_ref);
    let at = position(problem.path.as_deref().or(spec), problem.line, problem.column);
    let done = if problem.repaired { " (repaired)" } else { "" };
    let message = clean::line(&problem.message);
    let mut out = format!("{at}{}: {message}{done}\n", severity(problem.severity, look));
    help(&mut out, problem.help.as_deref(), look);
    out
}

/// The diagnostic of an error: `file:line:column: message`, and the drawing instead at a terminal.
pub(super) fn diagnostic(place: &Diagnostic, look: &Look) -> String {
    if let Some(drawing) = draw(place, look) {
        return drawing;
    }
    let number = |n: usize| (n > 0).then_some(n);
    let at = position(Some(&place.path), number(place.line), number(place.column));
    let mut out = format!("{at}{}\n", clean::line(&place.message));
    help(&mut out, place.help.as_deref(), look);
    out
}

fn help(out: &mut String, help: Option<&str>, look: &Look) {
    if let Some(help) = help {
        out.push_str(&format!("{} {}\n", look.paint.with(Slot::Hint, "hint:"), clean::line(help)));
    }
}

fn severity(severity: Severity, look: &Look) -> String {
    let slot = if severity == Severity::Error { Slot::Bad } else { Slot::Warning };
    look.paint.with(slot, severity.as_str())
}

/// `file:line:column: `, as far as it is known.
fn position(path: Option<&str>, line: Option<usize>, column: Option<usize>) -> String {
    let Some(path) = path else { return String::new() };
    let path = clean::line(path);
    match (line, column) {
        (Some(line), Some(column)) => format!("{path}:{line}:{column}: "),
        (Some(line), None) => format!("{path}:{line}: "),
        (None, _) => format!("{path}: "),
    }
}

/// The lines around the place with a mark under it, at a terminal and where the diagnostic brings them along.
fn draw(place: &Diagnostic, look: &Look) -> Option<String> {
    let source = place.source.as_deref()?;
    let span = place.span.clone()?;
    // A span that does not fit its text is somebody's bug, and no reason to hide the message.
    if !look.screen || source.get(span.clone()).is_none() {
        return None;
    }
    let theme = GraphicalTheme {
        characters: if look.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
        styles: if look.paint.on { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    let report = Report {
        message: clean::line(&place.message).into_owned(),
        help: place.help.as_deref().map(|help| clean::line(help).into_owned()),
        severity: place.severity,
        source: Excerpt {
            name: clean::line(&place.path).into_owned(),
            text: clean::inert(source),
            first_line: place.source_line.saturating_sub(1),
        },
        label: LabeledSpan::underline(span),
    };
    let mut out = String::new();
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(look.width.unwrap_or(80))
        .with_links(false)
        .without_syntax_highlighting();
    handler.render_report(&mut out, &report).ok()?;
    Some(out)
}

#[derive(Debug)]
struct Report {
    message: String,
    help: Option<String>,
    severity: Severity,
    source: Excerpt,
    label: LabeledSpan,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(self.label.clone())))
    }
}

/// Some lines of a file that know which lines they are.
#[derive(Debug)]
struct Excerpt {
    name: String,
    text: String,
    first_line: usize,
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line() + self.first_line,
            inner.column(),
            inner.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{output::sample, terminal::color::Paint};

    const PIPE: Look = Look { paint: Paint::new(false), width: None, screen: false, unicode: false };
    const SCREEN: Look = Look { width: Some(80), screen: true, ..PIPE };

    fn place(text: &str, span: std::ops::Range<usize>) -> Diagnostic {
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
            problems(&[found(place("type: cod\n", 6..9)), loose], &PIPE),
            ".chant/specs/x.md:3:7: error: 'cod' is not a type\n\
             hint: the types are code, task\n\
             2026-02-08-010-v7b: warning: the note is missing (repaired)\n"
        );
        let whole = Diagnostic { line: 0, column: 0, help: None, ..place("", 0..0) };
        assert_eq!(diagnostic(&whole, &PIPE), ".chant/specs/x.md: 'cod' is not a type\n");
    }

    #[test]
    fn a_terminal_gets_a_drawing_with_the_right_line() {
        let text = problems(&[found(place("type: cod\nlabels: [a]\n", 6..9))], &SCREEN);
        assert!(text.contains(".chant/specs/x.md:3:7"), "{text}");
        assert!(text.contains("3 | type: cod") && text.contains("4 | labels: [a]"), "{text}");
        assert!(text.contains("^^^") && text.contains("help: the types are"), "{text}");
        assert!(text.is_ascii(), "no unicode unless asked for: {text}");
        let colored = Look { paint: Paint::new(true), unicode: true, ..SCREEN };
        let text = problems(&[found(place("type: cod\n", 6..9))], &colored);
        assert!(text.contains("\u{1b}[") && text.contains('│'), "{text}");
    }

    #[test]
    fn a_hostile_file_cannot_draw_for_itself() {
        let evil = "type: \u{1b}[2Jcod\u{9b}0m\u{202e}\n";
        let text = problems(&[found(place(evil, 10..13))], &SCREEN);
        assert!(!text.chars().any(|c| c != '\n' && clean::harmful(c)), "{text:?}");
        assert!(text.contains("cod"), "{text}");
    }

    #[test]
    fn a_span_outside_its_text_loses_the_drawing_only() {
        for span in [5..99, 90..99, 0..1] {
            let text = problems(&[found(place("é", span))], &SCREEN);
            assert!(text.starts_with(".chant/specs/x.md:3:7: error: 'cod' is not a type\n"), "{text}");
        }
    }
}
