//! One look at the repository: what git goes by, refs, the main worktree, and the directories that all of it is in.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice as _;
use serde::{Deserialize, Serialize};

use super::{
    beside, files, outside,
    parts::{Part, Parts},
    settings::{self, Settings},
};
use crate::{
    agent::confine::Identities,
    domain::byte_text::text_of,
    error::Result,
    git::{lookup, setting::Setting, status, worktree},
    project::Project,
};

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything.
    All,
    /// Only what git goes by.
    Guarded,
}

/// What was seen at one time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Tells one set of global configuration files from another: what a process with another home sees is not compared.
    pub home: String,
    /// The files of the user and the machine that have settings.
    #[serde(default)]
    pub origins: BTreeSet<String>,
    /// What git goes by.
    pub parts: Parts,
    /// The values of settings that decide how a commit or a checkout is made, to be put in force again: see [`settings::muted`].
    pub plain: Settings,
    /// Every ref, with what it holds; empty if they were not looked at.
    pub refs: BTreeMap<String, String>,
    /// What is staged, changed or untracked in the main worktree, by path; `None` if it was not looked at.
    pub tree: Option<BTreeMap<String, String>>,
    /// What a change of is only told, see [`beside`]; `None` if it was not looked at.
    #[serde(default)]
    pub beside: Option<BTreeMap<String, String>>,
}

/// Where [`REPLACE`] refs are.
const REPLACE: &str = "refs/replace/";

/// How many paths are looked at that the index hides: a sparse checkout hides most.
const MOST_UNWATCHED: usize = 5000;

/// Looks at the repository. Where settings of `before` have changed since, they take no effect while this looks.
pub(super) fn look(project: &Project, extent: Extent, before: Option<&Seen>) -> Result<Seen> {
    let read = settings::read(project)?;
    let mut parts = files::look(project, &read.effective)?;
    parts.extend(outside::look(project, &read.origins, before.map(|before| &before.parts))?);
    parts.insert(Part::Setting, read.own);
    parts.insert(Part::Shared, read.shared);
    let muted = before.map(|before| settings::muted(&before.plain, &read.plain)).unwrap_or_default();
    let (refs, tree, beside) = match extent {
        Extent::All => (refs(project, "refs/")?, Some(tree(project, muted)?), Some(beside::look(project))),
        Extent::Guarded => (refs(project, REPLACE)?, None, None),
    };
    let replace = refs.iter().filter(|(name, _)| name.starts_with(REPLACE));
    parts.insert(Part::Replace, replace.map(|(name, id)| (name.clone(), id.clone())).collect());
    let home = settings::home(project)?;
    Ok(Seen { home, origins: read.origins, parts, plain: read.plain, refs, tree, beside })
}

/// Directories that have to stay what they are: the repository, both worktrees, and all above them.
pub(super) fn places(project: &Project, worktree: Option<&std::path::Path>) -> Identities {
    let main = project.repo.main_work_dir();
    let common = project.repo.common_dir();
    Identities::of([Some(common), main.as_deref(), worktree].into_iter().flatten())
}

/// Every ref below `prefix`, with what it holds: an id, or the name that a symbolic one leads to.
fn refs(project: &Project, prefix: &str) -> Result<BTreeMap<String, String>> {
    let held = lookup::targets_below(project.repo.gix(), prefix)?.into_iter().filter_map(|(name, target)| {
        let target = match target? {
            gix::refs::Target::Object(id) => id.to_string(),
            gix::refs::Target::Symbolic(other) => text_of(other.as_bstr()),
        };
        Some((format!("{prefix}{}", text_of(&name)), target))
    });
    Ok(held.collect())
}

/// How the paths of the main worktree stand that are not as its last commit has them, or that git does not compare with it: what its index
/// hides, specs and documents of git-chant, and ignored files that checks find in their checkouts.
fn tree(project: &Project, muted: Vec<Setting>) -> Result<BTreeMap<String, String>> {
    let Some(mut main) = worktree::list(&project.repo)?.into_iter().find(|tree| tree.main) else {
        return Ok(BTreeMap::new());
    };
    main.muted = muted;
    // What cannot be asked (it is damaged, or git cannot read its configuration) is named where it matters.
    let mut found = status::fingerprints(&main, ".chant/", project.silent).unwrap_or_default();
    for (letter, path) in status::unwatched(&main).unwrap_or_default().into_iter().take(MOST_UNWATCHED) {
        let stamp = path.to_path().ok().and_then(|path| status::stamp(&main.path.join(path)));
        found.insert(path.to_string(), format!("{letter}{}", stamp.unwrap_or_default()));
    }
    for path in worktree::include::listed(&main).unwrap_or_default() {
        let stamp = path.to_path().ok().and_then(|path| status::stamp(&main.path.join(path)));
        found.insert(path.to_string(), stamp.unwrap_or_default());
    }
    Ok(found)
}
