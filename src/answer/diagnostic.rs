//! A place in a file: one line for a pipe, a drawing of it for people at a terminal.

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, MietteError, MietteSpanContents, Report,
    SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use crate::{
    domain::diagnostic::{Diagnostic, Severity},
    terminal::{Look, clean, color::Slot},
};

/// The diagnostic of an error: `file:line:column: message`, and the drawing instead at a terminal.
pub(crate) fn diagnostic(place: &Diagnostic, look: &Look) -> String {
    if let Some(drawing) = draw(place, look) {
        return drawing;
    }
    let number = |n: usize| (n > 0).then_some(n);
    let at = position(Some(&place.path), number(place.line), number(place.column));
    let mut out = format!("{at}{}\n", clean::line(&place.message));
    help(&mut out, place.help.as_deref(), look);
    out
}

pub(super) fn help(out: &mut String, help: Option<&str>, look: &Look) {
    if let Some(help) = help {
        out.push_str(&format!("{} {}\n", look.paint.with(Slot::Hint, "hint:"), clean::line(help)));
    }
}

/// `file:line:column: `, as far as it is known.
pub(super) fn position(path: Option<&str>, line: Option<usize>, column: Option<usize>) -> String {
    let Some(path) = path else { return String::new() };
    let path = clean::line(path);
    match (line, column) {
        (Some(line), Some(column)) => format!("{path}:{line}:{column}: "),
        (Some(line), None) => format!("{path}:{line}: "),
        (None, _) => format!("{path}: "),
    }
}

/// The lines around the place with a mark under it, at a terminal and where the diagnostic brings them along.
pub(super) fn draw(place: &Diagnostic, look: &Look) -> Option<String> {
    let source = place.source.as_deref()?;
    let span = place.span.clone()?;
    // A span that does not fit its text is a bug elsewhere, and no reason to hide the message.
    if !look.screen || source.get(span.clone()).is_none() {
        return None;
    }
    let theme = GraphicalTheme {
        characters: if look.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
        styles: if look.paint.on { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    let severity = match place.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
    };
    let mut report = MietteDiagnostic::new(clean::line(&place.message)).with_severity(severity);
    report.help = place.help.as_deref().map(|help| clean::line(help).into_owned());
    let report = Report::new(report.with_label(LabeledSpan::underline(span))).with_source_code(Excerpt {
        name: clean::line(&place.path).into_owned(),
        text: clean::inert(source),
        first_line: place.source_line.saturating_sub(1),
    });
    let mut out = String::new();
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(look.width.unwrap_or(80))
        .with_links(false)
        .without_syntax_highlighting();
    handler.render_report(&mut out, report.as_ref()).ok()?;
    Some(out)
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
