//! `git chant graph`

use super::Context;
use crate::{
    answer::{GraphAnswer, GraphForm, outcome::Outcome},
    cli::list::GraphArgs,
    error::{Error, Kind, Result},
    query::graph::{self, Scope},
    specs::all::Specs,
};

pub(super) fn run(context: &Context<'_>, args: &GraphArgs) -> Result<Outcome> {
    let project = context.project()?;
    let scope = Scope { topic: args.topic.clone(), archived: args.all };
    let specs = Specs::cached(&project)?;
    let graph = graph::graph(&specs, &scope)?;
    specs.write_cache()?;
    if let Some(topic) = args.topic.as_deref().filter(|_| graph.nodes.is_empty()) {
        return Err(Error::negative(Kind::NoTopic, format!("no spec belongs to '{}'", topic.escape_debug()))
            .hint("git chant list shows what there is"));
    }
    let form = match (args.dot, args.mermaid) {
        (true, _) => GraphForm::Dot,
        (_, true) => GraphForm::Mermaid,
        _ => GraphForm::Tree,
    };
    Ok(Outcome::new(GraphAnswer { graph, form }))
}
