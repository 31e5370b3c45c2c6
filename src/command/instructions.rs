//! `git chant instructions`

use super::{Context, fetched};
use crate::{
    answer::{Nothing, Text, outcome::Outcome},
    cli::instructions::InstructionsArgs,
    error::{Kind, Result},
    query::instructions,
};

/// The event that hooks of agents name so.
const EVENT: &str = "SessionStart";

pub(super) fn run(context: &Context<'_>, args: &InstructionsArgs) -> Result<Outcome> {
    let project = match context.project() {
        // A hook is run wherever an agent is started.
        Err(error) if args.hook_json && error.kind == Kind::NotARepository => return Ok(Outcome::new(Nothing {})),
        project => project?,
    };
    let Some(text) = instructions::print(&project)? else {
        let outcome = Outcome::new(Nothing {});
        let hint = "no specs here; to start: git chant init";
        return Ok(if args.hook_json { outcome } else { outcome.hint(hint) });
    };
    if !args.hook_json {
        return Ok(fetched::hint(&project)?.into_iter().fold(Outcome::new(Text { text }), Outcome::hint));
    }
    let output = serde_json::json!({ "hookEventName": EVENT, "additionalContext": text });
    Ok(Outcome::new(Text { text: serde_json::json!({ "hookSpecificOutput": output }).to_string() }))
}
