//! The use case `release-notes`: what the specs of a range of commits say about themselves, in the form of Keep a Changelog
//! (<https://keepachangelog.com/en/1.1.0/>).

use std::collections::HashSet;

use gix::ObjectId;

use crate::{
    answer::NoteView,
    domain::{
        event::{Facts, Op},
        id::SpecId,
        phase::Phase,
        spec_file::{release_notes_of, section},
        spec_type::SpecType,
    },
    error::Result,
    git::arrival::Found,
    specs::{all::Specs, text::path_of},
};

/// The headings of a changelog, in their order.
pub(crate) const HEADINGS: [&str; 6] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

/// The notes of every spec whose work or merge is one of `commits`, by kind. A spec that says nothing is left out.
///
/// # Errors
/// If the specs cannot be read.
pub(crate) fn gather(specs: &Specs<'_>, commits: &HashSet<ObjectId>) -> Result<Vec<NoteView>> {
    let mut notes = Vec::new();
    let tips = tips(specs, commits);
    for id in specs.names.all()? {
        let Some(state) = specs.recorded(id)?.state else { continue };
        let facts = &state.facts;
        let merged = facts.landing.is_some_and(|landing| commits.contains(&landing.new));
        let made = merged || facts.work_commits.iter().any(|commit| commits.contains(commit));
        if !made && !came_otherwise(specs, facts, commits, &tips)? {
            continue;
        }
        let entry = specs.entry(id)?;
        let kind = entry.spec().map_or(SpecType::Code, |spec| spec.front.kind);
        if let Some(text) = written(specs, id, state.tip)? {
            let fix = entry.spec().is_some_and(|spec| spec.front.known_phase() == Some(Phase::ForkFix));
            notes.extend(entries(&text, if fix { "Fixed" } else { default_heading(kind) }).into_iter().map(
                |(kind, text)| NoteView { kind: kind.to_owned(), text, spec: id.clone(), short: id.short().to_owned() },
            ));
        }
    }
    let rank = |note: &NoteView| HEADINGS.iter().position(|kind| *kind == note.kind);
    notes.sort_by(|one, other| (rank(one), &one.spec).cmp(&(rank(other), &other.spec)));
    Ok(notes)
}

/// The commits of a range that no other of its commits has as a parent.
fn tips(specs: &Specs<'_>, commits: &HashSet<ObjectId>) -> Vec<ObjectId> {
    let gix = specs.project.repo.gix();
    let parents = commits.iter().filter_map(|commit| gix.find_commit(*commit).ok());
    let parents: HashSet<ObjectId> =
        parents.flat_map(|commit| commit.parent_ids().map(gix::Id::detach).collect::<Vec<_>>()).collect();
    commits.difference(&parents).copied().collect()
}

/// Whether the work of a spec is in a commit of the range that no event names: upstream squashed it, or made it again.
fn came_otherwise(specs: &Specs<'_>, facts: &Facts, commits: &HashSet<ObjectId>, tips: &[ObjectId]) -> Result<bool> {
    let project = specs.project;
    let (Some(base), Some(work)) = (facts.base, facts.work_commits.last()) else { return Ok(false) };
    for tip in tips {
        // What the range begins behind, and what it leaves out, is named as it is.
        if project.repo.gix().try_find_header(*work)?.is_some() && project.is_ancestor(*work, *tip)? {
            continue;
        }
        if let Some(Found::In(new)) = project.find_work(*tip, Some(base), *work)?
            && commits.contains(&new)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn default_heading(kind: SpecType) -> &'static str {
    match kind {
        SpecType::Code | SpecType::Task => "Changed",
        _ => "Added",
    }
}

/// The release notes at the end of the work. The finish event has that text, wherever the file is now.
pub(crate) fn written(specs: &Specs<'_>, id: &SpecId, tip: ObjectId) -> Result<Option<String>> {
    let store = specs.project.store()?;
    let walk = store.walk(id, tip)?;
    let text = store.newest_evidence(&walk.history, &Op::Finish, &format!("outputs/{}", path_of(id)))?;
    Ok(text.and_then(|bytes| release_notes_of(&bytes)))
}

/// The entries of a section: of each heading `### Fixed: what` that, and the items of the list below it, otherwise its first paragraph.
fn entries(text: &str, usual: &'static str) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&'static str, String)> = Vec::new();
    let headings = text.lines().filter_map(|line| line.strip_prefix("### "));
    for heading in headings {
        let (word, rest) = heading.split_once(':').unwrap_or((heading, ""));
        let Some(kind) = HEADINGS.into_iter().find(|kind| kind.eq_ignore_ascii_case(word.trim())) else { continue };
        let below = section(text, heading).unwrap_or_default();
        let mut notes = items(&below);
        match rest.trim() {
            "" if notes.is_empty() => notes.push(paragraph(&below)),
            "" => {}
            rest => notes.insert(0, rest.to_owned()),
        }
        found.extend(notes.into_iter().filter(|note| !note.is_empty()).map(|note| (kind, note)));
    }
    if !found.is_empty() {
        return found;
    }
    let notes = items(text);
    let notes = if notes.is_empty() { vec![paragraph(text)] } else { notes };
    notes.into_iter().filter(|note| !note.is_empty()).map(|note| (usual, note)).collect()
}

/// The items of the lists, each its first paragraph as one line. Items within an item belong to it.
fn items(text: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    // Whether the lines that follow belong to the first paragraph of the last item.
    let mut open = false;
    for line in text.lines() {
        let (indent, words) = (line.len() - line.trim_start().len(), line.trim());
        let marker = words.find(' ').map(|end| &words[..end]).filter(|marker| is_marker(marker));
        match marker {
            Some(marker) if indent < 2 => items.push(words[marker.len()..].trim().to_owned()),
            Some(marker) if open => items
                .last_mut()
                .into_iter()
                .for_each(|item| item.push_str(&format!("; {}", words[marker.len()..].trim()))),
            _ if words.is_empty() || words.starts_with('#') => open = false,
            _ if open => items.last_mut().into_iter().for_each(|item| item.push_str(&format!(" {words}"))),
            _ => {}
        }
        open |= marker.is_some() && indent < 2;
    }
    items
}

/// Whether a word begins an item: `-`, `*`, `+`, `1.`, `1)`.
fn is_marker(word: &str) -> bool {
    let number = word.trim_end_matches(['.', ')']);
    matches!(word, "-" | "*" | "+") || (number.len() + 1 == word.len() && number.parse::<u32>().is_ok())
}

/// The notes of a section as a list in Markdown, each with its kind where a heading names that.
pub(crate) fn list(text: &str) -> String {
    let line = |(kind, note): &(&str, String)| match *kind {
        "" => format!("- {note}\n"),
        kind => format!("- {kind}: {note}\n"),
    };
    entries(text, "").iter().map(line).collect()
}

/// What the notes of a section say first: the first paragraph, or what the headings say where there is none.
pub(crate) fn summary(text: &str) -> String {
    let first = paragraph(text);
    if !first.is_empty() {
        return first;
    }
    let notes: Vec<String> = entries(text, "").into_iter().map(|(_, note)| note).collect();
    notes.join(" ")
}

/// The first paragraph that is no heading, as one line.
pub(crate) fn paragraph(text: &str) -> String {
    let lines = text.lines().map(str::trim).skip_while(|line| line.is_empty() || line.starts_with('#'));
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ").trim_start_matches("- ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_say_the_kind_and_paragraphs_the_rest() {
        let text = "### Fixed: Data loss (#1234)\n\nPreviously lost.\n\n### Added\n\n- A lock\n  of its own\n\n### Notes\n\nx\n";
        assert_eq!(
            entries(text, "Changed"),
            [("Fixed", "Data loss (#1234)".into()), ("Added", "A lock of its own".into())]
        );
        assert_eq!(entries("One\ntwo.\n\nThree.\n", "Fixed"), [("Fixed", "One two.".into())]);
        let text = "### Fixed\n- The first\n  write\n- The second\n  - nested\n\n### Added: an option\n\n1. It is long\n\n* and short\n";
        assert_eq!(
            entries(text, "Changed"),
            [
                ("Fixed", "The first write".into()),
                ("Fixed", "The second; nested".into()),
                ("Added", "an option".into()),
                ("Added", "It is long".into()),
                ("Added", "and short".into())
            ]
        );
        assert_eq!(entries("- e1\n\n- e2\n", "Fixed"), [("Fixed", "e1".into()), ("Fixed", "e2".into())]);
        assert_eq!(entries("### Fixed: no write is lost\n", "Added"), [("Fixed", "no write is lost".into())]);
        assert_eq!(entries("\n", "Fixed"), []);
    }
}
