//! One check of a spec and how it ended, for people.

use std::time::Duration;

use crate::{
    domain::check_line::CheckLine,
    terminal::{Look, clean, color::Slot, time},
};

impl CheckLine {
    /// `ok`, `waits`, `note` or `failed`.
    pub(super) fn verdict(&self) -> &'static str {
        match self.ok {
            true if self.waits => "waits",
            true if self.note => "note",
            true => "ok",
            false => "failed",
        }
    }

    /// Whether something that a command printed is shown.
    pub(super) fn has_output(&self) -> bool {
        self.detail.as_ref().is_some_and(|detail| detail.lines().nth(1).is_some())
    }

    /// `ok      verify: cargo test (2s)`, `FAILED  scope: 'a.rs' is not a target file`; what a command said at its end stands below it.
    pub(super) fn line(&self, look: &Look) -> String {
        let verdict = match self.ok {
            true if self.waits || self.note => look.paint.with(Slot::Warning, format_args!("{:<6}", self.verdict())),
            true => look.paint.with(Slot::Good, "ok    "),
            false => look.paint.with(Slot::Bad, "FAILED"),
        };
        let mut out = format!("{verdict}  {}", clean::line(&self.name));
        if let Some(milliseconds) = self.duration_ms {
            out.push_str(&format!(" ({})", time::duration(Duration::from_millis(milliseconds))));
        }
        let mut lines = self.detail.iter().flat_map(|detail| detail.lines());
        if let Some(first) = lines.next() {
            out.push_str(&format!(": {}", clean::line(first)));
        }
        let said: Vec<&str> = lines.collect();
        for line in &said[said.len().saturating_sub(self.shown)..] {
            out.push_str(&format!("\n          {}", clean::line(line)));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::sample::PIPE;

    #[test]
    fn what_a_command_said_keeps_its_lines() {
        let said = (1..=20).map(|at| format!("line {at}\u{1b}[2J")).collect::<Vec<_>>().join("\n");
        let failed = CheckLine {
            name: "verify 'make'".into(),
            ok: false,
            detail: Some(format!("exit code 2\n{said}")),
            duration_ms: None,
            waits: false,
            note: false,
            shown: 12,
            reason: None,
        };
        let text = failed.line(&PIPE);
        assert!(text.starts_with("FAILED  verify 'make': exit code 2\n          line 9\n"), "{text:?}");
        assert!(text.ends_with("\n          line 20"), "{text:?}");
    }
}
