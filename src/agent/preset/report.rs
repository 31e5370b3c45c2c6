//! What an agent says of its own run. It can only lie about itself: nothing is decided by it.

use crate::terminal::sanitize;

/// How long the name of a model may be, in characters.
const LONGEST_MODEL: usize = 100;

/// How long the id of a session may be, in bytes.
const LONGEST_SESSION: usize = 128;

/// More than this is no price, in dollars.
const HIGHEST_PRICE: f64 = 1e6;

/// What an agent reported, cleaned and cut.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The model.
    pub model: Option<String>,
    /// The session, see [`is_session`].
    pub session: Option<String>,
    /// What the run cost, in US dollars.
    pub dollars: Option<f64>,
    /// The tokens that went in, those from a cache included.
    pub tokens_in: Option<u64>,
    /// The tokens that came out.
    pub tokens_out: Option<u64>,
}

impl Report {
    /// Takes note of the model; the last one that is named counts.
    pub(super) fn model(&mut self, name: Option<&str>) {
        let name: Option<String> = name.map(|name| sanitize::line(name.trim()).chars().take(LONGEST_MODEL).collect());
        self.model = name.filter(|name: &String| !name.is_empty()).or(self.model.take());
    }

    /// Takes note of the session.
    pub(super) fn session(&mut self, id: Option<&str>) {
        if let Some(id) = id.filter(|id| is_session(id)) {
            self.session = Some(id.to_owned());
        }
    }

    /// Takes note of the price of the whole run.
    pub(super) fn price(&mut self, dollars: Option<f64>) {
        self.dollars = dollars.filter(|dollars| (0.0..=HIGHEST_PRICE).contains(dollars)).or(self.dollars);
    }

    /// Takes note of the tokens of the whole run.
    pub(super) fn tokens(&mut self, into: Option<u64>, out: Option<u64>) {
        self.tokens_in = into.or(self.tokens_in);
        self.tokens_out = out.or(self.tokens_out);
    }

    /// What it cost, for people and `Chant-Cost`: `0.0312 USD, 5120 tokens in, 310 out`; `None` if nothing was said.
    pub fn cost(&self) -> Option<String> {
        let mut parts = Vec::new();
        if let Some(dollars) = self.dollars {
            let digits = format!("{dollars:.6}");
            parts.push(format!("{} USD", digits.trim_end_matches('0').trim_end_matches('.')));
        }
        match (self.tokens_in, self.tokens_out) {
            (Some(into), Some(out)) => parts.push(format!("{into} tokens in, {out} out")),
            (Some(into), None) => parts.push(format!("{into} tokens in")),
            (None, Some(out)) => parts.push(format!("{out} tokens out")),
            (None, None) => {}
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// Whether a session of that name is taken note of: it goes into a command line later, so it is one word that is no option.
pub fn is_session(id: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    !id.is_empty() && id.len() <= LONGEST_SESSION && !id.starts_with(['-', '.']) && id.chars().all(word)
}

#[cfg(test)]
#[path = "tests/report.rs"]
mod tests;
