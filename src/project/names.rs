//! The names of all specs as one text, to look through for what a person has typed a part of.

use std::collections::BTreeSet;

use super::{Project, SPECS_DIR};
use crate::{
    domain::id::SpecId,
    error::Result,
    git::work_file::{Directory, Stamp},
    index::names,
    store::SPECS,
};

/// Fewer than these are listed as fast as they are read, in bytes of the text.
const FEW: usize = 4096;

/// Every spec that has a ref or a file under `.chant/specs`, one a line.
#[derive(Debug)]
pub(super) struct Names(String);

impl Names {
    /// The names of now: those that were listed before, if nothing has come or gone since, else what `list` finds.
    pub(super) fn find(project: &Project, list: impl FnOnce() -> Result<BTreeSet<SpecId>>) -> Result<Names> {
        let began = project.env.now().as_nanosecond();
        let sources = sources(project);
        let (dir, name) = match project.repo.is_linked() {
            true => (project.repo.git_dir().to_owned(), "chant-names"),
            false => (project.repo.chant_dir(), "names"),
        };
        let binary = project.env.binary();
        if let Some(sources) = &sources
            && let Some(names) = names::read(&dir, name, &binary, sources)
        {
            return Ok(Names(names));
        }
        let mut text = String::new();
        for id in list()? {
            text.push_str(id.as_str());
            text.push('\n');
        }
        // They were looked at before the names were listed: what has come or gone since shows in the stamps.
        if let Some(sources) = sources.filter(|all| all.iter().flatten().all(|stamp| stamp.is_settled(began)))
            && text.len() >= FEW
        {
            // Who cannot write does without.
            let _unwritten = names::write(&dir, name, &binary, &sources, &text);
        }
        Ok(Names(text))
    }

    /// Those that `query` is a short form of.
    pub(super) fn matching(&self, query: &str) -> Vec<SpecId> {
        // Every short form ends with the sequence or the suffix, or with a member's number after it.
        let (stem, _) = SpecId::split_member(query);
        let last = stem.rsplit_once('-').map_or(stem, |(_, last)| last);
        self.ids(|name| name.contains(last)).filter(|id| id.matches(query)).collect()
    }

    /// Those in whose name `part` is found.
    pub(super) fn with(&self, part: &str) -> Vec<SpecId> {
        self.ids(|name| name.contains(part)).collect()
    }

    fn ids<'n>(&'n self, wanted: impl Fn(&str) -> bool + 'n) -> impl Iterator<Item = SpecId> + 'n {
        self.0.lines().filter(move |name| wanted(name)).filter_map(|name| SpecId::new(name).ok())
    }
}

/// The stamps of what names are listed from; `None` where that is not directories alone, or nothing is to be kept.
fn sources(project: &Project) -> Option<Vec<Option<Stamp>>> {
    if project.without_index() || project.repo.is_bare() {
        return None;
    }
    let common = project.repo.common_dir();
    let stamp =
        |directory: Option<Directory>| directory.map_or(Some(None), |directory| directory.own_stamp().map(Some));
    // First the loose refs: git packs a ref before it takes the loose one away.
    let mut all = vec![stamp(Directory::open(common, SPECS.trim_end_matches('/').into()).ok()?)?];
    all.push(Directory::open(common, "".into()).ok()??.stamp("packed-refs".into()).ok()?);
    for top in project.tops() {
        all.push(stamp(Directory::open(&top, SPECS_DIR.into()).ok()?)?);
    }
    Some(all)
}
