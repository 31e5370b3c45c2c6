//! The commands about the tool itself: `schema`.

use clap::Args;

use super::page::Page;

/// Print the JSON schema of what --json prints
///
/// It is made from the types that are written, and says of each member what it is and what it means. Errors are part of it. What else
/// can be relied on is in gitchant-format(5).
#[derive(Args, Clone, Debug)]
pub struct SchemaArgs {
    /// The command whose answers it is about [default: all]
    #[arg(value_name = "command", add = clap_complete::ArgValueCandidates::new(commands))]
    pub command: Option<String>,
}

/// Examples and neighbours of `schema`.
pub const SCHEMA_PAGE: Page = Page {
    examples: &[
        ("git chant schema list", "What git chant list --json prints."),
        ("git chant schema >git-chant.schema.json", "Everything, for a validator."),
    ],
    see_also: &["git-chant-list", "git-chant-show", "gitchant-format"],
};

/// The names of the commands, for completion.
fn commands() -> Vec<clap_complete::CompletionCandidate> {
    super::PAGES.iter().map(|(name, _)| clap_complete::CompletionCandidate::new(*name)).collect()
}
