//! What an agent may do that asks: rules by the kind of a tool and by path.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use agent_client_protocol_schema::v1::ToolKind;

use super::files::Files;
use crate::domain::pattern::PathSet;

/// The kinds of tools, as the protocol names them.
pub(crate) const KINDS: [&str; 10] =
    ["read", "edit", "delete", "move", "search", "execute", "think", "fetch", "switch_mode", "other"];

/// Those of tools that name no file, or only a place from which they look at many.
const WITHOUT_FILES: [&str; 5] = ["search", "execute", "think", "fetch", "switch_mode"];

/// The rule that stands for [`USUAL`].
const USUAL_RULE: &str = "usual";

/// What a rule has to be, in words.
pub(crate) const EXPECTED: &str = "'usual', or a kind of tool such as 'edit'";

/// What the part after `:` has to be, in words.
pub(crate) const EXPECTED_PATH: &str =
    "a path, directory or glob from the top of the worktree after ':', or '/' for what lies outside it";

/// What a kind with a path has to be, in words.
pub(crate) const EXPECTED_FILES: &str =
    "'read', 'edit', 'delete', 'move', 'other' or '*' before a path, since other tools name no file, or look at many";

/// What is permitted without a rule: everything in the worktree, and nothing that changes other files.
const USUAL: [&str; 4] = ["*", "!edit:/", "!delete:/", "!move:/"];

/// One rule: a kind or `*`, whether it permits, and for which paths; the last rule that fits decides.
#[derive(Clone, Debug)]
struct Rule {
    permits: bool,
    kind: String,
    paths: Paths,
}

/// The paths that a rule is about.
#[derive(Clone, Debug)]
enum Paths {
    /// Whatever it is.
    Any,
    /// What lies outside the worktree.
    Outside,
    /// What these patterns match, from the top of the worktree.
    Within(PathSet),
}

/// Rules in their order.
#[derive(Clone, Debug)]
pub struct Permit(Vec<Rule>);

impl Permit {
    /// Reads rules: `edit`, `execute`, `!fetch`, `edit:src/**`, `!edit:/` (outside the worktree), `*`, `usual`. Without any, an agent may do
    /// what stays in its worktree.
    ///
    /// # Errors
    /// The rule that is none, and what it has to be.
    pub(crate) fn read(rules: &[String]) -> Result<Permit, (String, &'static str)> {
        let usual = [USUAL_RULE.to_owned()];
        let rules = if rules.is_empty() { &usual[..] } else { rules };
        let mut read = Vec::new();
        for rule in rules {
            let each = if rule.trim() == USUAL_RULE { &USUAL[..] } else { &[rule.as_str()] };
            for one in each {
                read.push(Rule::read(one).map_err(|expected| (rule.clone(), expected))?);
            }
        }
        Ok(Permit(read))
    }

    /// Whether a tool of that kind may be used on these files; with several, on each of them.
    pub(super) fn allows(&self, kind: ToolKind, files: &Files, worktree: &Path) -> bool {
        let names_files = matches!(kind, ToolKind::Read | ToolKind::Edit | ToolKind::Delete | ToolKind::Move);
        let may_be_any = files.more || (names_files && files.named.is_empty());
        let kind = name(kind);
        let of_kind: Vec<&Rule> = self.0.iter().rev().filter(|rule| rule.kind == "*" || rule.kind == kind).collect();
        let first =
            |fits: &dyn Fn(&Rule) -> bool| of_kind.iter().find(|rule| fits(rule)).is_some_and(|rule| rule.permits);
        let permits = |place: &Place| first(&|rule| rule.paths.has(place));
        let all_named = files.named.iter().all(|file| places(file, worktree).iter().all(permits));
        match (may_be_any, files.named.is_empty()) {
            (true, _) => all_named && permits_any(&of_kind),
            (false, true) => first(&|rule| matches!(rule.paths, Paths::Any)),
            (false, false) => all_named,
        }
    }
}

/// Whether the rules, the last first, permit a file wherever it is: a rule that permits some files says nothing of the others.
fn permits_any(rules: &[&Rule]) -> bool {
    let mut outside = false;
    for rule in rules {
        match (rule.permits, &rule.paths) {
            (permits, Paths::Any) => return permits,
            (true, Paths::Outside) => outside = true,
            (true, Paths::Within(_)) => {}
            (false, Paths::Outside) if outside => {}
            (false, _) => return false,
        }
    }
    false
}

impl Rule {
    fn read(text: &str) -> Result<Rule, &'static str> {
        let text = text.trim();
        let (permits, rest) = text.strip_prefix('!').map_or((true, text), |rest| (false, rest));
        let (kind, path) = rest.split_once(':').map_or((rest, None), |(kind, path)| (kind, Some(path)));
        if kind != "*" && !KINDS.contains(&kind) {
            return Err(EXPECTED);
        }
        let paths = match path {
            None => Paths::Any,
            Some(_) if WITHOUT_FILES.contains(&kind) => return Err(EXPECTED_FILES),
            Some("/") => Paths::Outside,
            Some(pattern) => Paths::Within(PathSet::new(&[pattern]).map_err(|_| EXPECTED_PATH)?),
        };
        Ok(Rule { permits, kind: kind.to_owned(), paths })
    }
}

impl Paths {
    fn has(&self, place: &Place) -> bool {
        match (self, place) {
            (Paths::Any, _) | (Paths::Outside, Place::Outside) => true,
            (Paths::Outside, Place::Within(_)) | (Paths::Within(_), Place::Outside) => false,
            (Paths::Within(set), Place::Within(path)) => set.matches(path.as_os_str().as_encoded_bytes().into()),
        }
    }
}

/// Where a file lies.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// Here, from the top of the worktree.
    Within(PathBuf),
    /// Elsewhere, or where cannot be told.
    Outside,
}

/// Where a file lies, as its name says, and where links on the way lead to: rules have to permit both.
fn places(file: &Path, worktree: &Path) -> Vec<Place> {
    let bytes = file.as_os_str().as_encoded_bytes();
    // Agents read `~` as a home directory, and an address as one with escapes.
    if bytes.starts_with(b"~") || (bytes.starts_with(b"file:") && bytes.contains(&b'%')) {
        return vec![Place::Outside];
    }
    let file = file.strip_prefix("file:").map_or(file.to_owned(), |rest| Path::new("/").join(rest));
    let mut clean = PathBuf::new();
    for part in worktree.join(file).components() {
        match part {
            // What is above a link depends on the reader.
            Component::ParentDir if clean.is_symlink() => return vec![Place::Outside],
            Component::ParentDir => drop(clean.pop()),
            Component::CurDir => {}
            part => clean.push(part),
        }
    }
    let from =
        |path: &Path, top: &Path| path.strip_prefix(top).map_or(Place::Outside, |path| Place::Within(path.to_owned()));
    let Ok(top) = fs::canonicalize(worktree) else { return vec![from(&clean, worktree)] };
    // What is there of it; the rest will be made there.
    let there = clean.ancestors().find_map(|path| Some((path, fs::canonicalize(path).ok()?)));
    let real = there.map(|(path, real)| clean.strip_prefix(path).map_or(real.clone(), |rest| real.join(rest)));
    let real = real.map_or(Place::Outside, |real| from(&real, &top));
    // The worktree may have two names.
    let written = if clean.starts_with(&top) { from(&clean, &top) } else { from(&clean, worktree) };
    vec![written, real]
}

/// Whether a tool of that kind names no file, or only a place from which it looks at many.
pub(super) fn is_without_files(kind: ToolKind) -> bool {
    WITHOUT_FILES.contains(&name(kind))
}

/// The name of a kind.
pub(super) fn name(kind: ToolKind) -> &'static str {
    match kind {
        ToolKind::Read => "read",
        ToolKind::Edit => "edit",
        ToolKind::Delete => "delete",
        ToolKind::Move => "move",
        ToolKind::Search => "search",
        ToolKind::Execute => "execute",
        ToolKind::Think => "think",
        ToolKind::Fetch => "fetch",
        ToolKind::SwitchMode => "switch_mode",
        _ => "other",
    }
}

#[cfg(test)]
#[path = "../tests/permit.rs"]
mod tests;
