//! The use case `cost`: what the runs of agents cost, by spec, topic, agent and month.

use std::collections::BTreeMap;

use crate::{
    answer::{CostLine, CostView, Costs},
    domain::{cost::Cost, id::SpecId},
    error::Result,
    specs::all::Specs,
};

/// A sum by name, with how many runs are in it.
type Sums = BTreeMap<String, (u64, Cost)>;

/// Sums up the runs for `ids`.
///
/// # Errors
/// If a spec cannot be read.
pub(crate) fn costs<'a>(specs: &Specs<'_>, ids: impl IntoIterator<Item = &'a SpecId>) -> Result<Costs> {
    let (mut topics, mut agents, mut months) = (Sums::new(), Sums::new(), Sums::new());
    let mut costs = Costs::default();
    let mut total = Cost::default();
    for id in ids {
        let runs = specs.counted_runs(id)?;
        if runs.is_empty() {
            continue;
        }
        let entry = specs.entry(id)?;
        let topic = entry.spec().and_then(|spec| spec.front.topic.clone());
        let mut of_spec = Cost::default();
        for run in &runs {
            of_spec.add(&run.cost);
            let of_topic = topic.as_ref().map(|topic| (&mut topics, topic));
            let others = [(&mut agents, &run.agent), (&mut months, &run.month)];
            for (sums, name) in of_topic.into_iter().chain(others) {
                let (count, sum) = sums.entry(name.clone()).or_default();
                *count += 1;
                sum.add(&run.cost);
            }
        }
        total.add(&of_spec);
        costs.runs += runs.len() as u64;
        costs.by_spec.push(CostLine {
            name: id.to_string(),
            title: entry.spec().and_then(|spec| spec.title.clone()),
            runs: runs.len() as u64,
            cost: CostView::from(&of_spec),
        });
    }
    costs.total = CostView::from(&total);
    (costs.by_topic, costs.by_agent, costs.by_month) = (lines(&topics), lines(&agents), lines(&months));
    Ok(costs)
}

fn lines(sums: &Sums) -> Vec<CostLine> {
    let line = |(name, (runs, cost)): (&String, &(u64, Cost))| CostLine {
        name: name.clone(),
        title: None,
        runs: *runs,
        cost: CostView::from(cost),
    };
    sums.iter().map(line).collect()
}
