//! What runs of agents cost: money and tokens as whole numbers, so that sums do not depend on the order in which they are made.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How many parts an amount of money has.
const MICROS: u64 = 1_000_000;

/// The currency of an amount that names none.
pub(crate) const DOLLARS: &str = "USD";

/// An amount of money in one currency.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Money {
    /// The currency, as ISO 4217 has it: `USD`.
    pub currency: String,
    /// Millionths of it.
    pub micros: u64,
}

impl Money {
    /// An amount that is neither negative nor absurd, of a currency with three letters.
    pub(crate) fn new(amount: f64, currency: &str) -> Option<Money> {
        let plain = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_alphabetic());
        let plain = plain && (0.0..=1e6).contains(&amount);
        plain
            .then(|| Money { currency: currency.to_ascii_uppercase(), micros: (amount * MICROS as f64).round() as u64 })
    }

    /// The amount as a number.
    pub(crate) fn amount(&self) -> f64 {
        self.micros as f64 / MICROS as f64
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{}.{:06}", self.micros / MICROS, self.micros % MICROS);
        write!(f, "{} {}", digits.trim_end_matches('0').trim_end_matches('.'), self.currency)
    }
}

/// The cost of a run, or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// The money, one amount a currency, by currency.
    pub money: Vec<Money>,
    /// The tokens that went in, those from a cache included.
    pub tokens_in: u64,
    /// How many of these came from a cache.
    pub tokens_cached: u64,
    /// The tokens that came out.
    pub tokens_out: u64,
}

impl Cost {
    /// Whether it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Cost::default()
    }

    /// The amount in a currency, in millionths.
    pub(crate) fn micros(&self, currency: &str) -> u64 {
        self.money.iter().find(|money| money.currency == currency).map_or(0, |money| money.micros)
    }

    /// All tokens, in and out.
    pub(crate) fn tokens(&self) -> u64 {
        self.tokens_in.saturating_add(self.tokens_out)
    }

    /// Adds another cost.
    pub(crate) fn add(&mut self, other: &Cost) {
        for money in &other.money {
            match self.money.iter_mut().find(|one| one.currency == money.currency) {
                Some(one) => one.micros = one.micros.saturating_add(money.micros),
                None => self.money.push(money.clone()),
            }
        }
        self.money.sort();
        self.tokens_in = self.tokens_in.saturating_add(other.tokens_in);
        self.tokens_cached = self.tokens_cached.saturating_add(other.tokens_cached);
        self.tokens_out = self.tokens_out.saturating_add(other.tokens_out);
    }

    /// What is left of it without a part of it.
    #[must_use]
    pub(crate) fn without(mut self, part: &Cost) -> Cost {
        for money in &mut self.money {
            money.micros = money.micros.saturating_sub(part.micros(&money.currency));
        }
        self.tokens_in = self.tokens_in.saturating_sub(part.tokens_in);
        self.tokens_cached = self.tokens_cached.saturating_sub(part.tokens_cached);
        self.tokens_out = self.tokens_out.saturating_sub(part.tokens_out);
        self
    }

    /// Reads what [`Cost`] writes as text. A part that is not known is passed over: a newer version may say more.
    pub(crate) fn read(text: &str) -> Cost {
        let mut cost = Cost::default();
        for part in text.split(',') {
            let words: Vec<&str> = part.split_whitespace().filter(|word| *word != "tokens").collect();
            let [number, what] = words.as_slice() else { continue };
            let count = || number.parse().unwrap_or_default();
            match *what {
                "in" => cost.tokens_in = count(),
                "cached" => cost.tokens_cached = count(),
                "out" => cost.tokens_out = count(),
                currency => {
                    if let Some(money) = number.parse().ok().and_then(|amount| Money::new(amount, currency)) {
                        cost.add(&Cost { money: vec![money], ..Cost::default() });
                    }
                }
            }
        }
        cost
    }
}

impl<'a> std::iter::Sum<&'a Cost> for Cost {
    fn sum<I: Iterator<Item = &'a Cost>>(costs: I) -> Cost {
        let mut sum = Cost::default();
        costs.for_each(|cost| sum.add(cost));
        sum
    }
}

/// For people and for `Chant-Cost`: `0.0312 USD, 5120 tokens in, 3000 cached, 310 out`.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self.money.iter().map(Money::to_string).collect();
        let counts = [(self.tokens_in, "in"), (self.tokens_cached, "cached"), (self.tokens_out, "out")];
        for (at, (count, what)) in counts.into_iter().filter(|(count, _)| *count > 0).enumerate() {
            parts.push(format!("{count} {}{what}", if at == 0 { "tokens " } else { "" }));
        }
        f.write_str(&parts.join(", "))
    }
}

/// As much as something may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Budget {
    /// Money.
    Money(Money),
    /// Tokens, in and out.
    Tokens(u64),
}

impl Budget {
    /// Reads `5`, `2.50 EUR`, `500k tokens`; an amount without a currency is in US dollars.
    pub(crate) fn read(text: &str) -> Option<Budget> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [amount] => Money::new(amount.parse().ok()?, DOLLARS).map(Budget::Money),
            [count, "tokens" | "token"] => {
                let (digits, unit) = match count.as_bytes().last()? {
                    b'k' => (&count[..count.len() - 1], 1_000),
                    b'm' => (&count[..count.len() - 1], 1_000_000),
                    _ => (*count, 1),
                };
                digits.parse::<u64>().ok()?.checked_mul(unit).map(Budget::Tokens)
            }
            [amount, currency] => Money::new(amount.parse().ok()?, currency).map(Budget::Money),
            _ => None,
        }
    }

    /// Whether nothing is left of it.
    pub(crate) fn is_used_up(&self, spent: &Cost) -> bool {
        match self {
            Budget::Money(money) => spent.micros(&money.currency) >= money.micros,
            Budget::Tokens(tokens) => spent.tokens() >= *tokens,
        }
    }

    /// What was spent of it, and how much it is: `0.52 of 0.5 USD`.
    pub(crate) fn of(&self, spent: &Cost) -> String {
        match self {
            Budget::Money(money) => {
                let now = Money { micros: spent.micros(&money.currency), ..money.clone() }.to_string();
                format!("{} of {money}", now.split(' ').next().unwrap_or_default())
            }
            Budget::Tokens(tokens) => format!("{} of {tokens} tokens", spent.tokens()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_adds_up_in_any_order() {
        let texts = [
            "0.0312 USD, 5120 tokens in, 3000 cached, 310 out",
            "0.1 USD, 200 tokens in, 40 out",
            "0.2 USD",
            "1.5 EUR, 7 tokens out",
        ];
        let costs: Vec<Cost> = texts.iter().map(|text| Cost::read(text)).collect();
        for (text, cost) in texts.iter().zip(&costs) {
            assert_eq!(cost.to_string(), *text);
        }
        let sum: Cost = costs.iter().sum();
        assert_eq!(sum.to_string(), "1.5 EUR, 0.3312 USD, 5320 tokens in, 3000 cached, 357 out");
        assert_eq!(costs.iter().rev().sum::<Cost>(), sum);
        assert_eq!(
            sum.clone().without(&costs[3]).without(&costs[0]).to_string(),
            "0 EUR, 0.3 USD, 200 tokens in, 40 out"
        );
    }

    #[test]
    fn nonsense_is_no_cost() {
        for text in ["", "free", "-1 USD, x tokens in", "NaN USD", "1e99 USD", "7 apples", "1 2 3"] {
            assert!(Cost::read(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_budget_is_used_up_when_nothing_is_left() {
        let spent = Cost::read("0.52 USD, 1200 tokens in, 40 out");
        for (text, used_up, of) in [
            ("0.5", true, "0.52 of 0.5 USD"),
            ("0.52 USD", true, "0.52 of 0.52 USD"),
            ("1 usd", false, "0.52 of 1 USD"),
            ("1 EUR", false, "0 of 1 EUR"),
            ("1k tokens", true, "1240 of 1000 tokens"),
            ("2m tokens", false, "1240 of 2000000 tokens"),
        ] {
            let budget = Budget::read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((budget.is_used_up(&spent), budget.of(&spent).as_str()), (used_up, of), "{text}");
        }
        for text in ["", "x", "-1", "1 dollar", "1 USD more", "x tokens"] {
            assert_eq!(Budget::read(text), None, "{text}");
        }
    }
}
