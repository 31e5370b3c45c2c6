//! What the front matter of another tool, chant, says beyond ours.

use super::{
    Spec, fence,
    front_matter::{Approval, FrontMatter},
    source::Source,
    yaml::{self, Node},
};
use crate::domain::diagnostic::{Diagnostic, Severity};

/// What chant writes into a spec while it works, and ours says in events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// `status`.
    pub status: Option<String>,
    /// `approval.status`: `approved`, `rejected`, `pending`.
    pub approval: Option<String>,
    /// `approval.by`.
    pub approved_by: Option<String>,
    /// `approval.at`.
    pub approved_at: Option<String>,
    /// `members`.
    pub members: Vec<String>,
}

/// Reads what any version of a spec file says so; nothing of one that cannot be read.
pub(crate) fn foreign_of(bytes: &[u8]) -> Foreign {
    let mut found = Foreign::default();
    let Ok(source) = Source::new("", bytes) else { return found };
    let parts = fence::split(bytes);
    if !parts.closed || parts.inner.len() > yaml::MAX_FRONT_LEN {
        return found;
    }
    let text = &source.text()[parts.inner];
    let nodes = yaml::read(text, |key| matches!(key, "status" | "approval" | "members"));
    for (key, node) in nodes.ok().flatten().unwrap_or_default() {
        match (key.as_str(), node) {
            ("status", Node::Text(text)) => found.status = Some(text),
            ("approval", Node::Map(entries)) => {
                for (key, node) in entries {
                    let Node::Text(text) = node else { continue };
                    match key.as_str() {
                        "status" => found.approval = Some(text),
                        "by" => found.approved_by = Some(text),
                        "at" => found.approved_at = Some(text),
                        _ => {}
                    }
                }
            }
            ("members", Node::List(items)) => {
                found.members = items
                    .into_iter()
                    .filter_map(|item| if let Node::Text(text) = item { Some(text) } else { None })
                    .collect();
            }
            _ => {}
        }
    }
    found
}

impl Spec {
    /// Whether another version asks for what this one asks: its body and its front matter are equal, except what is written there while a spec
    /// is worked, ticks among it.
    pub(crate) fn asks_the_same(&self, other: &Spec) -> bool {
        let asked = |front: &FrontMatter| FrontMatter {
            approval: Approval::default(),
            status: None,
            branch: None,
            commits: Vec::new(),
            model: None,
            completed_at: None,
            unknown: Vec::new(),
            keys: Vec::new(),
            ..front.clone()
        };
        let unticked = |spec: &Spec| spec.body().trim().replace("- [x]", "- [ ]").replace("- [X]", "- [ ]");
        asked(&self.front) == asked(&other.front) && unticked(self) == unticked(other)
    }
}

/// One value of a file of settings that is written as front matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The keys that lead to it, joined by dots: `defaults.main_branch`.
    pub name: String,
    /// Its text; `None` for a list.
    pub value: Option<String>,
    /// The line, from 1.
    pub line: usize,
}

/// Reads the front matter of the file `path` as settings, in their order; none if it has no front matter.
///
/// # Errors
/// Where it is no YAML.
pub(crate) fn settings_of(path: &str, bytes: &[u8]) -> Result<Vec<Setting>, Box<Diagnostic>> {
    let source = Source::new(path, bytes)?;
    let parts = fence::split(bytes);
    super::check_front(&source, &parts)?;
    let text = &source.text()[parts.inner.clone()];
    let nodes = yaml::read(text, |_| true).map_err(|fault| {
        let at = parts.inner.start + fault.offset.unwrap_or(0).min(text.trim_end().len());
        Box::new(source.diagnostic(Severity::Error, at..at, fault.message, None))
    })?;
    let mut found = Vec::new();
    flatten(&nodes.unwrap_or_default(), "", &mut Vec::new(), &mut |name, value, way| {
        let offset = parts.inner.start + yaml::offset_of(text, way, true).unwrap_or(0).min(text.len());
        let line = source.text()[..offset].matches('\n').count() + 1;
        found.push(Setting { name, value, line });
    });
    Ok(found)
}

fn flatten(
    entries: &[(String, Node)],
    above: &str,
    way: &mut Vec<usize>,
    see: &mut impl FnMut(String, Option<String>, &[usize]),
) {
    for (at, (key, node)) in entries.iter().enumerate() {
        let name = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        way.push(at);
        match node {
            Node::Null => {}
            Node::Text(text) => see(name, Some(text.clone()), way),
            Node::Map(entries) => flatten(entries, &name, way, see),
            Node::List(_) | Node::Tagged => see(name, None, way),
        }
        way.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::spec_file::parse;

    #[test]
    fn what_chant_says_is_read_and_nothing_else() {
        let text = b"---\nstatus: 010\napproval:\n  required: true\n  status: approved\n  by: Ada\n  at: 2026-01-01\nmembers:\n- a.1\n- [x]\n---\n# T\n";
        let found = foreign_of(text);
        assert_eq!(found.status.as_deref(), Some("010"));
        assert_eq!((found.approval.as_deref(), found.approved_by.as_deref()), (Some("approved"), Some("Ada")));
        assert_eq!((found.approved_at.as_deref(), found.members), (Some("2026-01-01"), vec!["a.1".to_owned()]));
        for nothing in
            [&b"---\nstatus: a\n"[..], b"\xff", b"---\n: [\n---\n", b"---\nstatus: [a]\napproval: yes\n---\n", b""]
        {
            assert_eq!(foreign_of(nothing), Foreign::default(), "{nothing:?}");
        }
    }

    #[test]
    fn the_same_is_asked_whatever_is_written_while_it_is_worked() {
        let read = |text: &str| parse("a", text.as_bytes()).expect("it is a spec");
        let one = read("---\ntype: code\nstatus: pending\n---\n# T\n\n- [ ] a\n");
        assert!(one.asks_the_same(&read("---\nstatus: completed\nmodel: m\nx: y\n---\n# T\n\n- [x] a\n")));
        assert!(!one.asks_the_same(&read("---\nverify: make\n---\n# T\n\n- [ ] a\n")));
        assert!(!one.asks_the_same(&read("# T\n\n- [ ] b\n")));
    }

    #[test]
    fn settings_have_their_names_and_lines() {
        let text = "---\nproject:\n  name: a\n\ndefaults:\n  # why\n  main_branch: dev\nparallel:\n  agents:\n  - name: x\n---\n";
        let found = settings_of("c", text.as_bytes()).expect("it is YAML");
        let seen: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.value.as_deref(), one.line)).collect();
        assert_eq!(
            seen,
            [("project.name", Some("a"), 3), ("defaults.main_branch", Some("dev"), 7), ("parallel.agents", None, 9)]
        );
        assert_eq!(settings_of("c", b"---\na: [\n---\n").map_err(|fault| fault.line > 0), Err(true));
        assert_eq!(settings_of("c", b"# Only text\n"), Ok(Vec::new()));
    }
}
