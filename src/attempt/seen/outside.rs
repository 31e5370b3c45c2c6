//! Files outside the repository that its configuration leads to: those that are included and hold nothing here, and programs. Which they are
//! is decided before a run; afterwards these are looked at again, whatever the configuration leads to then: that it changed is another part.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::{
    files,
    parts::{Part, Parts},
};
use crate::{
    domain::byte_text::AnyPath,
    error::Result,
    git::obeyed::{self, Obeyed},
    project::Project,
};

/// Looks at them. `origins` are the files whose settings hold now, which are parts of their own.
pub(super) fn look(project: &Project, origins: &BTreeSet<String>, before: Option<&Parts>) -> Result<Parts> {
    let obeyed = Obeyed::of(&project.repo);
    let within = [Some(project.repo.common_dir().to_owned()), project.repo.main_work_dir()];
    let is_outside = |path: &&PathBuf| !within.iter().flatten().any(|dir| path.starts_with(dir));
    let holds = |path: &Path| path.to_str().is_some_and(|path| origins.contains(path));
    let mut parts = Parts::new();
    for (part, paths) in [(Part::Include, &obeyed.included), (Part::Program, &obeyed.programs)] {
        let found: BTreeMap<String, String> = match before.and_then(|before| before.get(&part)) {
            Some(before) => {
                let now = before.iter().map(|(name, mark)| {
                    let path = AnyPath::of_text(name);
                    // Each setting in it is a part now.
                    let mark =
                        if part == Part::Include && holds(&path) { Ok(mark.clone()) } else { marked(project, &path) };
                    Ok((name.clone(), mark?))
                });
                now.collect::<Result<_>>()?
            }
            None => {
                let paths = paths.iter().filter(is_outside).filter(|path| part == Part::Program || !holds(path));
                paths.map(|path| Ok((AnyPath::text(path), marked(project, path)?))).collect::<Result<_>>()?
            }
        };
        parts.insert(part, found);
    }
    Ok(parts)
}

/// What tells one content of a file from another. A configuration file that sets nothing is as good as none.
fn marked(project: &Project, path: &Path) -> Result<String> {
    let Ok(meta) = fs::symlink_metadata(path) else { return Ok(String::new()) };
    if !meta.is_symlink() && meta.is_file() && !obeyed::sets_anything(path) {
        return Ok(String::new());
    }
    Ok(files::mark(&project.store()?, path, &meta))
}
