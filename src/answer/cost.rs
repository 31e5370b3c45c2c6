//! `cost`: what the runs of agents cost, by spec, topic, agent and month; and how every answer tells a cost.

use serde::Serializer;

use super::prelude::*;
use crate::domain::cost::{Cost, Money};

pub(super) const ANSWERS: &[Kind] = &[of::<CostAnswer>(&["cost"]).with::<CostLine>()];

/// What runs cost, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Cost")]
pub(crate) struct CostView {
    /// All of it in words: `0.0312 USD, 5120 tokens in, 3000 cached, 310 out`.
    pub text: String,
    /// The money, one amount a currency.
    pub money: Vec<MoneyView>,
    /// The tokens that went in, those from a cache included.
    pub tokens_in: u64,
    /// How many of these came from a cache.
    pub tokens_cached: u64,
    /// The tokens that came out.
    pub tokens_out: u64,
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Money")]
pub(crate) struct MoneyView {
    /// How much, in units of the currency.
    #[serde(serialize_with = "amount")]
    #[schemars(with = "f64")]
    pub amount: Money,
    /// The currency: `USD`.
    pub currency: String,
}

fn amount<S: Serializer>(money: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(money.amount())
}

impl From<&Cost> for CostView {
    fn from(cost: &Cost) -> CostView {
        let view = |money: &Money| MoneyView { amount: money.clone(), currency: money.currency.clone() };
        CostView {
            text: cost.to_string(),
            money: cost.money.iter().map(view).collect(),
            tokens_in: cost.tokens_in,
            tokens_cached: cost.tokens_cached,
            tokens_out: cost.tokens_out,
        }
    }
}

/// What the runs of agents cost.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct CostAnswer {
    /// The sums.
    pub costs: Costs,
    /// The lines that are shown, by their index into [`Costs::lists`].
    #[serde(skip)]
    pub shown: usize,
}

/// Sums over the runs of agents. Every run is in each list once, except that by topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Costs {
    /// All of it.
    pub total: CostView,
    /// How many runs that is.
    pub runs: u64,
    /// By spec, in the order of the ids.
    pub by_spec: Vec<CostLine>,
    /// By topic; runs for specs without a topic are in none.
    pub by_topic: Vec<CostLine>,
    /// By agent.
    pub by_agent: Vec<CostLine>,
    /// By month, `2026-02`.
    pub by_month: Vec<CostLine>,
}

impl Costs {
    fn lists(&self) -> [&Vec<CostLine>; 4] {
        [&self.by_spec, &self.by_topic, &self.by_agent, &self.by_month]
    }
}

/// What some runs cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct CostLine {
    /// The id of the spec, the topic, the agent or the month.
    pub name: String,
    /// The title of the spec; `null` in the other lists.
    pub title: Option<String>,
    /// How many runs.
    pub runs: u64,
    /// What they cost.
    pub cost: CostView,
}

impl Record for CostLine {
    /// The name, the runs, the tokens in, cached and out, and the money.
    fn porcelain(&self) -> Vec<u8> {
        let CostView { money, tokens_in, tokens_cached, tokens_out, .. } = &self.cost;
        let money = money.iter().map(|money| money.amount.to_string()).collect::<Vec<_>>().join(", ");
        let counts = [self.runs, *tokens_in, *tokens_cached, *tokens_out].map(|count| count.to_string());
        joined(&[&self.name, &counts[0], &counts[1], &counts[2], &counts[3], &money])
    }
}

impl CostAnswer {
    fn lines(&self) -> &[CostLine] {
        self.costs.lists()[self.shown.min(3)]
    }
}

impl Answer for CostAnswer {
    /// Writes a line for each, then the sum.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let name = |line: &CostLine| {
            let name = SpecId::new(&line.name).map_or_else(|_| line.name.clone(), |id| id.short().to_owned());
            clean::line(&name).into_owned()
        };
        let names = self.lines().iter().map(|line| name(line).chars().count()).max().unwrap_or_default();
        for line in self.lines() {
            let id = look.paint.with(Slot::Id, format!("{:<names$}", name(line)));
            let title = line.title.as_deref().map(|title| format!("  {}", clean::line(title))).unwrap_or_default();
            writeln!(out, "{id}  {}{title}", told(&line.cost, line.runs))?;
        }
        // Only specs have no topic.
        match self.costs.runs - self.lines().iter().map(|line| line.runs).sum::<u64>() {
            0 => {}
            1 => writeln!(out, "1 run was for a spec without a topic")?,
            runs => writeln!(out, "{runs} runs were for specs without a topic")?,
        }
        match self.costs.runs {
            0 => Ok(()),
            runs => writeln!(out, "Total: {}", told(&self.costs.total, runs)),
        }
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.lines().iter().map(|line| line as _).collect()
    }

    fn emptiness(&self) -> Option<&'static str> {
        (self.costs.runs == 0).then_some("no agent has reported what a run cost")
    }
}

/// `0.5 USD, 200 tokens in, 40 out (2 runs)`.
fn told(cost: &CostView, runs: u64) -> String {
    format!("{} ({runs} {})", cost.text, if runs == 1 { "run" } else { "runs" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::sample::{self, PIPE};

    #[test]
    fn a_line_each_and_the_sum() {
        let cost = CostView::from(&Cost::read("0.5 USD, 200 tokens in, 40 out"));
        let line = |name: &str, title: Option<&str>| CostLine {
            name: name.into(),
            title: title.map(str::to_owned),
            runs: 1,
            cost: cost.clone(),
        };
        let costs = Costs {
            total: CostView::from(&Cost::read("0.5 USD, 200 tokens in, 40 out")),
            runs: 1,
            by_spec: vec![line("2026-02-08-010-v7b", Some("Add\u{1b}[2J locking"))],
            by_agent: vec![line("claude", None)],
            ..Costs::default()
        };
        let answer = |shown| CostAnswer { costs: costs.clone(), shown };
        assert_eq!(
            sample::text(&answer(0), &PIPE),
            "010-v7b  0.5 USD, 200 tokens in, 40 out (1 run)  Add locking\nTotal: 0.5 USD, 200 tokens in, 40 out (1 run)\n"
        );
        assert_eq!(
            sample::text(&answer(1), &PIPE),
            "1 run was for a spec without a topic\nTotal: 0.5 USD, 200 tokens in, 40 out (1 run)\n"
        );
        assert!(sample::text(&answer(2), &PIPE).starts_with("claude  0.5 USD"));
        assert_eq!(costs.by_spec[0].porcelain(), b"2026-02-08-010-v7b\t1\t200\t0\t40\t0.5 USD");
        let json = serde_json::to_value(&costs).expect("plain data");
        assert_eq!(json["total"]["money"][0], serde_json::json!({"amount": 0.5, "currency": "USD"}));
    }
}
