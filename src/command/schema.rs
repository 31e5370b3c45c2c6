//! `git chant schema`

use super::Context;
use crate::{
    answer::{SchemaAnswer, outcome::Outcome, schema},
    cli::{self, manual::SchemaArgs},
    error::{Error, Kind, Result},
};

pub(super) fn run(_: &Context<'_>, args: &SchemaArgs) -> Result<Outcome> {
    let Some(name) = &args.command else { return Ok(Outcome::new(SchemaAnswer { schema: schema::document() })) };
    // An alias is as good as the name.
    let command = cli::command();
    let name = command.find_subcommand(name).map_or(name.as_str(), clap::Command::get_name);
    match schema::of_command(name) {
        Some(schema) => Ok(Outcome::new(SchemaAnswer { schema })),
        None => Err(Error::usage(Kind::UnknownCommand, format!("no such command: '{}'", name.escape_debug()))
            .hint("to list the commands: git chant -h")),
    }
}
