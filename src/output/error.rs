//! Errors for people, in git's manner: what went wrong, the places, then the ways out.

use crate::{
    Error,
    answer::diagnostic,
    error::Exit,
    terminal::{Look, clean, color::Slot},
};

/// `fatal: …` or `error: …`, then what the program behind it printed, then `file:line:column: …` for each place, then `hint: …` for each way out.
/// `hints` says whether those are wanted.
pub(super) fn text(error: &Error, hints: bool, look: &Look) -> String {
    let prefix = match error.exit {
        Exit::Fatal => "fatal",
        Exit::Negative | Exit::Usage | Exit::Signal(_) => "error",
    };
    let mut out = labelled(prefix, &error.message, look);
    for line in error.output.iter().flat_map(|output| output.lines()) {
        out.push_str(format!("    {}", clean::line(line)).trim_end());
        out.push('\n');
    }
    for diagnostic in &error.diagnostics {
        out.push_str(&diagnostic::diagnostic(diagnostic, look));
    }
    for hint in error.hints.iter().filter(|_| hints) {
        out.push_str(&labelled("hint", hint, look));
    }
    out
}

/// A line with its label: `warning: …`. A text of several lines gets the label on each, as git does with hints.
pub(super) fn labelled(label: &str, message: &str, look: &Look) -> String {
    let slot = match label {
        "hint" => Slot::Hint,
        "warning" => Slot::Warning,
        _ => Slot::Bad,
    };
    let label = look.paint.with(slot, format_args!("{label}:"));
    let mut lines = message.lines().map(|line| format!("{label} {}\n", clean::line(line))).collect::<String>();
    if lines.is_empty() {
        lines = format!("{label}\n");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Kind, terminal::color::Paint};

    const PIPE: Look = Look { paint: Paint::new(false), width: None, screen: false, unicode: false };

    #[test]
    fn errors_read_as_git_s_do() {
        let error = Error::fatal(Kind::UnknownSpec, "there is no spec 'x\u{1b}[2J'").hint("try this\nthen that");
        assert_eq!(text(&error, true, &PIPE), "fatal: there is no spec 'x'\nhint: try this\nhint: then that\n");
        assert_eq!(text(&error, false, &PIPE), "fatal: there is no spec 'x'\n");
        assert_eq!(text(&Error::negative(Kind::Usage, "not ready"), true, &PIPE), "error: not ready\n");
        assert_eq!(text(&Error::usage(Kind::Usage, "bad flag"), true, &PIPE), "error: bad flag\n");
        let colored = Look { paint: Paint::new(true), ..PIPE };
        assert_eq!(
            text(&Error::fatal(Kind::Io, "broken"), true, &colored),
            "\u{1b}[1m\u{1b}[31mfatal:\u{1b}[0m broken\n"
        );
    }
}
