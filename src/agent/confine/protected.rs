//! What a sandbox certainly kept from a run. A link cannot be mounted over: a run that may write the directory in which it lies can put
//! another in its place, whatever is protected where it leads.

use std::{collections::BTreeSet, fs, path::Path};

use serde::{Deserialize, Serialize};

use super::sandbox::{Access, Sandbox};
use crate::domain::byte_text::AnyPath;

/// What a run could not change, and by which names that was reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Protected {
    /// Whether it could write nothing but what it was given.
    strict: bool,
    /// Paths without links, the outermost first, and whether the run could write there.
    rules: Vec<(AnyPath, bool)>,
    /// Names under which what it could not write was found.
    names: BTreeSet<AnyPath>,
}

impl Protected {
    /// What a run in `sandbox` cannot change.
    pub(super) fn of(sandbox: &Sandbox) -> Protected {
        let (strict, rules) = (sandbox.strict, sandbox.rules());
        let names = sandbox.read_only.iter().chain(&sandbox.kept_files).chain(&sandbox.kept_dirs).cloned();
        let rules = rules.into_iter().filter(|rule| rule.access != Access::Stays);
        let rules =
            rules.map(|rule| (AnyPath(rule.path), matches!(rule.access, Access::Write | Access::Has(_)))).collect();
        let mut protected = Protected { strict, rules, names: BTreeSet::new() };
        protected.names = names.filter(|name| protected.covers(name)).map(AnyPath).collect();
        protected
    }

    /// Whether the run could not change what is at `path` now, or is no more.
    pub(crate) fn covers(&self, path: &Path) -> bool {
        let there =
            path.ancestors().find_map(|above| Some((fs::canonicalize(above).ok()?, path.strip_prefix(above).ok()?)));
        let Some((above, rest)) = there else { return false };
        let real = if rest.as_os_str().is_empty() { above } else { above.join(rest) };
        let innermost = self.rules.iter().rev().find(|(path, _)| real.starts_with(&**path));
        innermost.map_or(self.strict, |(_, writes)| !writes)
    }

    /// Whether a name leads to what the run could have put there.
    pub(crate) fn is_replaced(&self) -> bool {
        self.names.iter().any(|name| !self.covers(name))
    }
}
