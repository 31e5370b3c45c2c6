//! `git chant graph`

use super::{Context, fetched};
use crate::{
    answer::{GraphAnswer, GraphForm, outcome::Outcome},
    cli::list::GraphArgs,
    error::Result,
    query::graph::{self, Scope},
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &GraphArgs) -> Result<Outcome> {
    let project = context.project()?;
    let mut scope = Scope { topic: args.named.clone().or(args.topic.clone()), archived: args.all };
    let specs = Specs::cached(&project)?;
    let mut graph = graph::graph(&specs, &scope)?;
    if let Some(topic) = scope.topic.clone().filter(|_| graph.nodes.is_empty()) {
        specs.of_any_topic(&topic)?;
        scope.archived = true;
        graph = graph::graph(&specs, &scope)?;
    }
    specs.write_cache()?;
    let form = match (args.dot, args.mermaid, args.svg) {
        (true, ..) => GraphForm::Dot,
        (_, true, _) => GraphForm::Mermaid,
        (.., true) => GraphForm::Svg,
        _ => GraphForm::Tree,
    };
    Ok(fetched::hint(&project)?.into_iter().fold(Outcome::new(GraphAnswer { graph, form }), Outcome::hint))
}
