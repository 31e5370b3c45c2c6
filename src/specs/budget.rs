//! Whether another run of an agent may begin, by what was spent before it.

use super::all::Specs;
use crate::{
    answer::progress::{Progress, Step},
    domain::{
        cost::{Budget, DOLLARS},
        id::SpecId,
    },
    error::{Error, Kind, Result},
    project::{
        Project,
        agent::{Agent, MANUAL, Reports},
    },
};

/// Refuses another run of `agent` for a spec of `topic` once a budget is used up. Says which budgets cannot limit the agent.
///
/// # Errors
/// `budget` with what was spent, of how much.
pub(crate) fn require(
    project: &Project,
    id: &SpecId,
    topic: Option<&str>,
    agent: &Agent,
    progress: &dyn Progress,
) -> Result<()> {
    let [of_spec, of_topic, of_day] = project.config().budgets()?;
    if agent.name == MANUAL || [&of_spec, &of_topic, &of_day].iter().all(|budget| budget.is_none()) {
        return Ok(());
    }
    let of_topic = of_topic.filter(|_| topic.is_some());
    let budgets = [("chant.budget", &of_spec), ("chant.budget.topic", &of_topic), ("chant.budget.day", &of_day)];
    for (key, budget) in budgets {
        say_unlimited(key, budget.as_ref(), agent, progress);
    }
    let specs = Specs::cached(project)?;
    let agent = &agent.name;
    let refuse = |key: &str, whose: &str, told: String| {
        let short = id.short();
        Err(Error::negative(Kind::Budget, format!("cannot run '{agent}' on '{short}': {whose} is used up: {told}"))
            .hint(format!("to raise it: git config {key} \"<amount>\""))
            .hint(format!("to run it this once: git -c {key}=none chant work {short}")))
    };
    if let Some(budget) = of_spec {
        let spent = specs.spent_on(id)?;
        if budget.is_used_up(&spent) {
            return refuse("chant.budget", "the budget of the spec", budget.of(&spent));
        }
    }
    if let (Some(budget), Some(topic)) = (of_topic, topic) {
        let spent = specs.spent_on_topic(topic)?;
        if budget.is_used_up(&spent) {
            let whose = format!("the budget of '{}'", topic.escape_debug());
            return refuse("chant.budget.topic", &whose, budget.of(&spent));
        }
    }
    if let Some(budget) = of_day {
        let spent = specs.spent_since(project.env.day_began())?;
        if budget.is_used_up(&spent) {
            return refuse("chant.budget.day", "the budget of the day", budget.of(&spent));
        }
    }
    Ok(())
}

/// Says that a budget cannot limit an agent which reports nothing in its unit.
fn say_unlimited(key: &str, budget: Option<&Budget>, agent: &Agent, progress: &dyn Progress) {
    let Some(budget) = budget else { return };
    let reports = agent.reports();
    let what = match (budget, reports) {
        (Budget::Money(_), Some(Reports::Tokens)) => "it reports tokens only",
        (Budget::Money(money), Some(Reports::Money)) if money.currency != DOLLARS => "it reports US dollars",
        (_, Some(Reports::Nothing)) => "it reports no cost",
        _ => return,
    };
    progress.say(&Step::Warning(format!("{key} does not limit '{}': {what}", agent.name)));
    if reports == Some(Reports::Tokens) {
        progress.say(&Step::Hint(format!("to limit its tokens: git config {key} \"500k tokens\"")));
    }
}
