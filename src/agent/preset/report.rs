//! What an agent says of its own run. It can only lie about itself: nothing is decided by it.

use serde::{Deserialize, Serialize};

use crate::{
    domain::cost::{Cost, DOLLARS, Money},
    terminal::sanitize,
};

/// How long the name of a model may be, in characters.
const LONGEST_MODEL: usize = 100;

/// How long the id of a session may be, in bytes.
const LONGEST_SESSION: usize = 128;

/// Which numbers of a report are sums of all runs in its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfSession {
    /// The money.
    pub money: bool,
    /// The tokens.
    pub tokens: bool,
}

impl OfSession {
    /// The part of a `sum` that runs before it cost. A sum that is less than those is none of them: it begins with the run, as after an agent
    /// has lost count.
    fn part_of(self, sum: &Cost, before: &Cost) -> Cost {
        let adds_up = |part: &Money| sum.micros(&part.currency) >= part.micros;
        let money = before.money.iter().filter(|part| self.money && adds_up(part)).cloned().collect();
        let tokens = self.tokens && sum.tokens_in >= before.tokens_in && sum.tokens_out >= before.tokens_out;
        Cost { money, ..if tokens { before.clone() } else { Cost::default() } }
    }
}

/// What an agent reported, cleaned and cut.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// The model.
    pub model: Option<String>,
    /// The session, see [`is_session`].
    pub session: Option<String>,
    /// What it cost.
    cost: Cost,
    /// Which of that is the sum of all runs in the session, this one included.
    pub of_session: OfSession,
    /// All tokens of the session, as far as the agent reports them besides: where earlier runs have room in them, its money is of the session.
    pub session_tokens: Option<u64>,
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

    /// Takes note of the price of the whole run in US dollars.
    pub(super) fn price(&mut self, dollars: Option<f64>) {
        self.money(dollars.and_then(|dollars| Money::new(dollars, DOLLARS)));
    }

    /// Takes note of the price of the whole run.
    pub(super) fn money(&mut self, money: Option<Money>) {
        if let Some(money) = money {
            self.cost.money = vec![money];
        }
    }

    /// Takes note of the tokens of the whole run: those that went in, how many of these came from a cache, and those that came out.
    pub(super) fn tokens(&mut self, into: Option<u64>, cached: Option<u64>, out: Option<u64>) {
        let cost = &mut self.cost;
        cost.tokens_in = into.unwrap_or(cost.tokens_in);
        cost.tokens_cached = cached.unwrap_or(cost.tokens_cached).min(cost.tokens_in);
        cost.tokens_out = out.unwrap_or(cost.tokens_out);
    }

    /// What it cost; `None` if nothing was said of that.
    pub(crate) fn cost(&self) -> Option<&Cost> {
        Some(&self.cost).filter(|cost| !cost.is_empty())
    }

    /// The report of the run itself, where `before` is what earlier runs in its session cost.
    #[must_use]
    pub(crate) fn without(self, before: &Cost) -> Report {
        let has_room = |all: u64| all >= before.tokens().saturating_add(self.cost.tokens());
        let money = self.of_session.money || self.session_tokens.is_some_and(has_room);
        let before = OfSession { money, ..self.of_session }.part_of(&self.cost, before);
        Report { cost: self.cost.without(&before), of_session: OfSession::default(), session_tokens: None, ..self }
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
