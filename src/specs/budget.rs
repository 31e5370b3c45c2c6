//! Whether another run of an agent may begin, by what was spent before it.

use super::all::Specs;
use crate::{
    domain::id::SpecId,
    error::{Error, Kind, Result},
    project::{Project, agent::MANUAL},
};

/// Refuses another run of `agent` for a spec of `topic` once a budget is used up.
///
/// # Errors
/// `budget` with what was spent, of how much.
pub(crate) fn require(project: &Project, id: &SpecId, topic: Option<&str>, agent: &str) -> Result<()> {
    let [of_spec, of_topic, of_day] = project.config().budgets()?;
    if agent == MANUAL || [&of_spec, &of_topic, &of_day].iter().all(|budget| budget.is_none()) {
        return Ok(());
    }
    let specs = Specs::new(project)?;
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
