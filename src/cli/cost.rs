//! `cost`.

use clap::{Args, ValueEnum};

use super::page::Page;

/// Show what the runs of agents cost
///
/// Counts every run once, as its agent reported it: money, tokens in, tokens from a cache, and tokens out. Runs that were paused or failed
/// count, too, and so do reviews by agents. With --json, prints the sums by spec, topic, agent and month.
///
/// chant.budget, chant.budget.topic and chant.budget.day limit what a spec, an investigation and a day may cost, see gitchant-config(5).
#[derive(Args, Clone, Debug)]
pub(crate) struct CostArgs {
    /// Count only these specs, by full or short id [default: all]
    #[arg(value_name = "spec")]
    pub specs: Vec<String>,

    /// Print a line for each spec, topic, agent or month
    #[arg(long, value_name = "what", value_enum, default_value_t = By::Spec, hide_possible_values = true)]
    pub by: By,
}

/// What a line stands for, in the order of the lists of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// A spec.
    Spec,
    /// An investigation.
    Topic,
    /// An agent.
    Agent,
    /// A month.
    Month,
}

/// Examples and neighbours of `cost`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant cost", "What each spec cost so far."),
        ("git chant cost --by month", "What was spent in each month."),
        ("git chant cost 010 --json", "One spec, for a program."),
        ("git config chant.budget.day \"20 USD\"", "Start no run once a day has cost 20 US dollars."),
    ],
    see_also: &["git-chant-list", "git-chant-show", "git-chant-status", "gitchant-config"],
};
