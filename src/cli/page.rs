//! What a command's help and manual page say beyond its options.

/// The parts of a manual page that clap knows nothing of; every command has one beside its arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    /// Command lines as a person types them, each with what it does: one sentence.
    pub examples: &'static [(&'static str, &'static str)],
    /// Pages to read next: `"git-chant-work"`, `"git-worktree"`, `"gitchant-spec"`.
    pub see_also: &'static [&'static str],
}

impl Page {
    /// The examples as they close the long help.
    pub(crate) fn examples_as_help(&self) -> String {
        let mut text = String::from("Examples:");
        for (command, explanation) in self.examples {
            text.push_str("\n  ");
            text.push_str(command);
            text.push_str("\n      ");
            text.push_str(explanation);
        }
        text
    }
}
