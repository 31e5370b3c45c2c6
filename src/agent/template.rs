//! `{{variable}}` in instructions to agents: plain substitution, nothing else.

/// A `{{...}}` that names nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// What stands between the braces.
    pub name: String,
    /// The line that it stands in, from 1.
    pub line: usize,
}

/// The names that instructions may use.
pub(crate) const VARIABLES: [&str; 11] =
    ["id", "short", "title", "type", "phase", "topic", "worktree", "branch", "base", "spec_file", "target_files"];

/// The names that the prompts of chant use; what stands for them is a text or one of [`VARIABLES`].
pub(crate) const OF_CHANT: [(&str, &str); 10] = [
    ("spec.id", "{{id}}"),
    ("spec.title", "{{title}}"),
    ("spec.type", "{{type}}"),
    ("spec.path", "{{spec_file}}"),
    ("spec.target_files", "{{target_files}}"),
    ("spec.description", "(the text of the spec stands below)"),
    ("spec", "(the text of the spec stands below)"),
    // What a spec names as context is in the worktree.
    ("spec.context", ""),
    ("worktree.path", "{{worktree}}"),
    ("project.name", "this repository"),
];

/// What a name of chant's stands for, which may hold one of [`VARIABLES`]; `None` if chant has no such name.
pub(crate) fn of_chant(name: &str) -> Option<&'static str> {
    OF_CHANT.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours)
}

/// The text with every `{{name}}` replaced by what `value` says. A value is put in as it is and not looked at again.
///
/// # Errors
/// The first name that has no value.
pub(crate) fn substitute(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, Unknown> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(from) = rest.find("{{") {
        let Some(to) = rest[from..].find("}}").map(|to| from + to) else { break };
        let name = rest[from + 2..to].trim();
        out.push_str(&rest[..from]);
        match value(name) {
            Some(value) => out.push_str(&value),
            None => {
                let at = text.len() - rest.len() + from;
                let line = text[..at].matches('\n').count() + 1;
                return Err(Unknown { name: name.to_owned(), line });
            }
        }
        rest = &rest[to + 2..];
    }
    out.push_str(rest);
    Ok(out)
}

/// Whether every name in the text is one of [`VARIABLES`], or of [`OF_CHANT`].
///
/// # Errors
/// The first that is none.
pub(crate) fn check(text: &str) -> Result<(), Unknown> {
    let known = |name: &str| VARIABLES.contains(&name) || of_chant(name).is_some();
    substitute(text, |name| known(name).then(String::new)).map(drop)
}

#[cfg(test)]
#[path = "tests/template.rs"]
mod tests;
