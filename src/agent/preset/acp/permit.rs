//! What an agent may do that asks: rules by the kind of a tool and by path.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use agent_client_protocol_schema::v1::ToolKind;

use crate::domain::pattern::PathSet;

/// The kinds of tools, as the protocol names them.
pub(crate) const KINDS: [&str; 10] =
    ["read", "edit", "delete", "move", "search", "execute", "think", "fetch", "switch_mode", "other"];

/// The rule that stands for [`USUAL`].
const USUAL_RULE: &str = "usual";

/// What a rule has to be, in words.
pub(crate) const EXPECTED: &str = "'usual', or a kind of tool such as 'edit'";

/// What the part after `:` has to be, in words.
pub(crate) const EXPECTED_PATH: &str =
    "a path, directory or glob from the top of the worktree after ':', or '/' for what lies outside it";

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
    pub(super) fn allows(&self, kind: ToolKind, files: &BTreeSet<PathBuf>, worktree: &Path) -> bool {
        let kind = name(kind);
        let decides = |file: Option<&Path>| {
            let fits = |rule: &&Rule| (rule.kind == "*" || rule.kind == kind) && rule.paths.has(file, worktree);
            self.0.iter().rev().find(fits).is_some_and(|rule| rule.permits)
        };
        if files.is_empty() { decides(None) } else { files.iter().all(|file| decides(Some(file))) }
    }
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
            Some("/") => Paths::Outside,
            Some(pattern) => Paths::Within(PathSet::new(&[pattern]).map_err(|_| EXPECTED_PATH)?),
        };
        Ok(Rule { permits, kind: kind.to_owned(), paths })
    }
}

impl Paths {
    /// A tool that names no file is under the rules without a path alone.
    fn has(&self, file: Option<&Path>, worktree: &Path) -> bool {
        let within = file.map(|file| below(file, worktree));
        match (self, within) {
            (Paths::Any, _) => true,
            (_, None) => false,
            (Paths::Outside, Some(within)) => within.is_none(),
            (Paths::Within(set), Some(within)) => {
                within.is_some_and(|path| set.matches(path.as_os_str().as_encoded_bytes().into()))
            }
        }
    }
}

/// The file from the top of the worktree; `None` if it lies elsewhere, or if a link on its way leads elsewhere.
fn below(file: &Path, worktree: &Path) -> Option<PathBuf> {
    let file = file.strip_prefix("file:").map_or(file.to_owned(), |rest| Path::new("/").join(rest));
    let mut clean = PathBuf::new();
    for part in worktree.join(file).components() {
        match part {
            Component::ParentDir => drop(clean.pop()),
            Component::CurDir => {}
            part => clean.push(part),
        }
    }
    let within = clean.strip_prefix(worktree).map(Path::to_owned).ok()?;
    let Ok(top) = fs::canonicalize(worktree) else { return Some(within) };
    // What is there of it; the rest will be made there.
    let real = clean.ancestors().find_map(|path| fs::canonicalize(path).ok())?;
    real.starts_with(top).then_some(within)
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
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_out_of_the_worktree_and_an_address_of_a_file_are_seen_through() {
        let dir = tempfile::tempdir().expect("a directory");
        let top = dir.path().join("tree");
        fs::create_dir_all(top.join("src")).expect("a folder");
        std::os::unix::fs::symlink(dir.path(), top.join("out")).expect("a link");
        std::os::unix::fs::symlink(top.join("src"), top.join("in")).expect("a link");
        let usual = Permit::read(&[]).expect("rules");
        let may = |file: PathBuf| usual.allows(ToolKind::Edit, &BTreeSet::from([file]), &top);
        assert!(may(top.join("src/new/a.rs")) && may(top.join("in/a.rs")) && may("new/a.rs".into()));
        assert!(may(format!("file://{}", top.join("src/a.rs").display()).into()));
        assert!(!may(top.join("out/a")) && !may("out/new/a".into()) && !may("file:///etc/passwd".into()));
    }

    #[test]
    fn the_last_rule_that_fits_decides() {
        let permit = |rules: &[&str]| Permit::read(&rules.iter().map(|rule| (*rule).to_owned()).collect::<Vec<_>>());
        let top = Path::new("/w/tree");
        let may = |rules: &[&str], kind, file: Option<&str>| {
            let files: BTreeSet<PathBuf> = file.into_iter().map(PathBuf::from).collect();
            permit(rules).expect("rules").allows(kind, &files, top)
        };
        assert!(may(&[], ToolKind::Edit, Some("/w/tree/src/a.rs")) && may(&[], ToolKind::Edit, Some("src/a.rs")));
        assert!(
            !may(&[], ToolKind::Edit, Some("/w/tree/../other")) && !may(&[], ToolKind::Delete, Some("/etc/passwd"))
        );
        assert!(may(&[], ToolKind::Execute, None) && may(&[], ToolKind::Read, Some("/etc/hosts")));
        let strict = ["read", "edit:src/**", "!edit:src/secret/**"];
        assert!(may(&strict, ToolKind::Edit, Some("src/a.rs")) && !may(&strict, ToolKind::Edit, Some("docs/a.md")));
        assert!(!may(&strict, ToolKind::Edit, Some("src/secret/a")) && !may(&strict, ToolKind::Execute, None));
        let wider = ["usual", "edit:/"];
        assert!(
            may(&wider, ToolKind::Edit, Some("/etc/passwd")) && !may(&wider, ToolKind::Delete, Some("/etc/passwd"))
        );
        assert!(may(&wider, ToolKind::Execute, None));
        for (bad, expected) in [("", EXPECTED), ("write", EXPECTED), ("edit:", EXPECTED_PATH), ("!", EXPECTED)] {
            assert_eq!(permit(&[bad]).err(), Some((bad.to_owned(), expected)));
        }
        assert_eq!(permit(&["edit:/w/tree/src"]).err(), Some(("edit:/w/tree/src".to_owned(), EXPECTED_PATH)));
    }
}
