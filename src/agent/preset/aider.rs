//! Aider: its help and output as of 0.86.2.

use super::{EventReader, ParsedOutput, Preset, Protocol};

/// The command line, with more options.
macro_rules! line {
    ($more:literal) => {
        concat!(
            "aider --message-file {prompt_file} --chat-history-file {prompt_file}.aider --input-history-file /dev/null ",
            $more,
            "--yes-always --no-pretty --no-stream --no-gitignore --no-check-update --no-show-release-notes ",
            "--no-show-model-warnings --no-analytics --no-detect-urls ${CHANT_SPEC_FILE:+\"$CHANT_SPEC_FILE\"} </dev/null; ",
            "code=$?; rm -rf .aider.tags.cache.v*; exit $code"
        )
    };
}

/// It has no structured output, and its session is a file: beside the prompt. It is kept from asking, from looking for updates, and
/// from leaving files in the worktree: its cache goes when it is done. Unasked, it reads no file with a repository's rules.
pub(super) const PRESET: Preset = Preset {
    name: "aider",
    program: "aider",
    start: line!(""),
    resume: Some(line!("--restore-chat-history ")),
    instructions: "AGENTS.md",
    reads: Some("read: AGENTS.md, in .aider.conf.yml"),
    writes: &[".aider", ".aider.conf.yml"],
    login: "",
    reports_money: true,
    stopped_by: |_| None,
    protocol: Protocol::Text,
    options: &[],
    own_sandbox: None,
    reader: |session| Box::new(Aider { session: session.to_owned(), ..Aider::default() }),
};

/// Each message has tokens of its own; the price is that of all so far.
#[derive(Default)]
struct Aider {
    session: String,
    tokens_in: u64,
    tokens_cached: u64,
    tokens_out: u64,
}

impl EventReader for Aider {
    fn text(&mut self, line: &str, parsed: &mut ParsedOutput) -> Option<String> {
        if line.starts_with("Aider v") {
            parsed.report.session(Some(&self.session));
        }
        let model = line.strip_prefix("Model: ").or_else(|| line.strip_prefix("Main model: "));
        if let Some(model) = model {
            parsed.report.model(model.split(" with ").next());
        }
        if let Some(usage) = line.strip_prefix("Tokens: ") {
            self.usage(usage, parsed);
        }
        Some(line.to_owned())
    }
}

impl Aider {
    /// Adds what a message cost: `2.3k sent, 120 received. Cost: $0.01 message, $0.02 session.`
    fn usage(&mut self, usage: &str, parsed: &mut ParsedOutput) {
        let (tokens, cost) = usage.split_once(" Cost: ").unwrap_or((usage, ""));
        for part in tokens.trim_end_matches('.').split(", ") {
            match part.split_once(' ').and_then(|(number, what)| Some((amount(number)?, what))) {
                Some((amount, "sent")) => self.tokens_in = self.tokens_in.saturating_add(amount),
                Some((amount, "cache hit")) => self.tokens_cached = self.tokens_cached.saturating_add(amount),
                Some((amount, "received")) => self.tokens_out = self.tokens_out.saturating_add(amount),
                _ => {}
            }
        }
        parsed.report.tokens(Some(self.tokens_in), Some(self.tokens_cached), Some(self.tokens_out));
        let session = cost.split(", ").find_map(|part| part.strip_prefix('$')?.strip_suffix(" session."));
        parsed.report.price(session.and_then(|price| price.parse().ok()));
    }
}

/// `820`, `2.3k`, `1.2M`, as a number.
fn amount(text: &str) -> Option<u64> {
    let (digits, unit) = match text.strip_suffix('k') {
        Some(digits) => (digits, 1_000.0),
        None => text.strip_suffix('M').map_or((text, 1.0), |digits| (digits, 1_000_000.0)),
    };
    let number: f64 = digits.replace(',', "").parse().ok()?;
    // The range is checked, so nothing is lost but what is beyond the point.
    (0.0..1e15).contains(&number).then(|| (number * unit).round() as u64)
}

#[cfg(test)]
#[path = "tests/aider.rs"]
mod tests;
