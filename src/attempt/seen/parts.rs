//! What git goes by, part by part, as names with what tells one content from another.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What git goes by, of one kind: a change of it is more than work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    /// A key of the repository's own configuration.
    Setting,
    /// A key of the configuration of this user or this machine.
    Shared,
    /// A configuration file that another includes, and of which nothing holds here.
    Include,
    /// A program that the configuration names by its path.
    Program,
    /// A hook.
    Hook,
    /// A file of the git directory.
    File,
    /// A commit whose parents git does not look at.
    Shallow,
    /// A ref that has git read one object in the place of another.
    Replace,
}

impl Part {
    /// Why a change of one does not wait. A file in the home directory that a person replaces during a run is open to the run from then on:
    /// what was laid over it is gone.
    pub(super) fn aside(self, confined: bool) -> &'static str {
        match self {
            _ if !confined => "after the run, and only of git-chant",
            Part::Shared | Part::Include | Part::Program => "by you, or by the agent after you: look at that file",
            _ => "not by the agent: it was confined",
        }
    }

    /// Whether the home directory decides which there are: what a process with another one sees is not compared.
    pub(super) fn is_of_home(self) -> bool {
        matches!(self, Part::Shared | Part::Include | Part::Program)
    }

    /// What one of them is called.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Part::Setting => "configuration key",
            Part::Shared => "global configuration key",
            Part::Include => "included configuration file",
            Part::Program => "program",
            Part::Hook => "hook",
            Part::File => "file",
            Part::Shallow => "shallow commit",
            Part::Replace => "replace ref",
        }
    }
}

/// Each part by name, with what tells one content from another: never the content itself.
pub(super) type Parts = BTreeMap<Part, BTreeMap<String, String>>;

/// The names that one map has and the other has not, or with another value.
pub(super) fn differing<V: PartialEq>(before: &BTreeMap<String, V>, after: &BTreeMap<String, V>) -> Vec<String> {
    let changed = before.iter().filter(|(key, value)| after.get(*key) != Some(value)).map(|(key, _)| key);
    let new = after.keys().filter(|key| !before.contains_key(*key));
    let mut keys: Vec<String> = changed.chain(new).cloned().collect();
    keys.sort();
    keys
}

/// Every part that one has and the other has not, or with another content.
pub(super) fn changed_parts(before: &Parts, after: &Parts) -> Vec<(Part, String)> {
    let none = BTreeMap::new();
    let kinds: BTreeSet<Part> = before.keys().chain(after.keys()).copied().collect();
    let of = |part: Part| {
        let (before, after) = (before.get(&part).unwrap_or(&none), after.get(&part).unwrap_or(&none));
        differing(before, after).into_iter().map(move |name| (part, name))
    };
    kinds.into_iter().flat_map(of).collect()
}

/// What one part is, if it is there.
pub(super) fn one<'a>(parts: &'a Parts, part: Part, name: &str) -> Option<&'a String> {
    parts.get(&part).and_then(|names| names.get(name))
}

/// Makes one part of `parts` what it is in `from`: that, or absent.
pub(super) fn take(parts: &mut Parts, from: &Parts, part: Part, name: &str) {
    let names = parts.entry(part).or_default();
    match one(from, part, name) {
        Some(content) => names.insert(name.to_owned(), content.clone()),
        None => names.remove(name),
    };
}
