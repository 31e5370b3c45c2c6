//! The template that a project has for the bodies of pull requests, and what is filled into it.

use gix::ObjectId;

use crate::{error::Result, project::Project};

/// Where hosts look for it.
const PLACES: &[&str] = &[
    ".github/pull_request_template.md",
    ".github/PULL_REQUEST_TEMPLATE.md",
    "pull_request_template.md",
    "PULL_REQUEST_TEMPLATE.md",
    "docs/pull_request_template.md",
    "docs/PULL_REQUEST_TEMPLATE.md",
    ".gitlab/merge_request_templates/Default.md",
    ".gitlab/merge_request_templates/default.md",
];

/// The section that is only for a template which asks for it: its words are in the summary, too.
pub(super) const RELEASE_NOTES: &str = "Release notes";

/// By which words a heading of a template asks for a section of ours.
const WORDS: &[(&str, &[&str])] = &[
    (RELEASE_NOTES, &["release note", "changelog", "change log"]),
    ("Summary", &["summary", "description", "what", "why", "motivation", "proposed"]),
    ("Changes", &["change", "files"]),
    ("Testing", &["test", "verif", "how"]),
];

/// The template that `commit` has.
///
/// # Errors
/// If the commit cannot be read.
pub(super) fn find(project: &Project, commit: ObjectId) -> Result<Option<String>> {
    for place in PLACES {
        if let Some((_, bytes)) = project.blob_in(commit, place)? {
            return Ok(String::from_utf8(bytes).ok());
        }
    }
    Ok(None)
}

/// The body: the template with each of our `sections` below the first heading that asks for it, the others before it; without a
/// template the sections.
pub(super) fn fill(template: Option<&str>, sections: &[(&str, String)]) -> String {
    let mut left: Vec<&(&str, String)> = sections.iter().collect();
    let mut filled = String::new();
    let mut fenced = false;
    for line in template.unwrap_or_default().lines() {
        filled.push_str(line);
        filled.push('\n');
        fenced ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        if fenced || heading.len() == line.len() {
            continue;
        }
        let heading = heading.to_lowercase();
        let asks = |(title, _): &&(&str, String)| {
            WORDS.iter().any(|(ours, words)| ours == title && words.iter().any(|word| heading.contains(word)))
        };
        if let Some(at) = left.iter().position(asks) {
            let (_, text) = left.remove(at);
            filled.push_str(&format!("\n{}\n", text.trim_end()));
        }
    }
    let mut body = String::new();
    for (title, text) in left.into_iter().filter(|(title, _)| *title != RELEASE_NOTES) {
        body.push_str(&format!("## {title}\n\n{}\n\n", text.trim_end()));
    }
    body.push_str(&filled);
    format!("{}\n", body.trim_end())
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn a_template_keeps_its_form_and_gets_what_it_asks_for() {
        let ours = [("Release notes", "- n"), ("Summary", "It adds."), ("Changes", "- `a`\n"), ("Testing", "- x")]
            .map(|(title, text)| (title, text.to_owned()));
        let plain = "## Summary\n\nIt adds.\n\n## Changes\n\n- `a`\n\n## Testing\n\n- x\n";
        assert_eq!(fill(None, &ours), plain);
        let template =
            "### Description\n<!-- say why -->\n\n### How was this tested?\n\n```\n# Changes\n```\n- [ ] signed\n";
        let expected = "## Changes\n\n- `a`\n\n### Description\n\nIt adds.\n<!-- say why -->\n\n### How was this tested?\n\n- x\n\n```\n# Changes\n```\n- [ ] signed\n";
        assert_eq!(fill(Some(template), &ours), expected);
        let filled = fill(Some("## What\n\n## Changelog\n"), &ours);
        assert!(filled.ends_with("## What\n\nIt adds.\n\n## Changelog\n\n- n\n"), "{filled}");
    }
}
