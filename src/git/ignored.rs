//! Which rule has git ignore a path.

use std::{collections::BTreeSet, path::Path};

use bstr::{BString, ByteSlice as _};
use gix::{
    ObjectId,
    worktree::{
        Stack,
        stack::{
            State,
            state::{Ignore, ignore::Source},
        },
    },
};

use super::{process::Git, repository::Repository};
use crate::error::{IoContext as _, Result};

/// The rule by which git ignores `path`, relative to the top of the work tree, in words: `'.gitignore' line 3 ('/*')`; `None` where it does
/// not. What is tracked counts as any other path.
///
/// # Errors
/// If git cannot be run.
pub(crate) fn rule_for(repo: &Repository, path: &str) -> Result<Option<String>> {
    let found = Git::at(repo).args(["check-ignore", "-v", "-z", "--no-index", "--stdin"]).stdin_bytes(path).run()?;
    let mut fields = found.stdout.split_str("\0").map(|field| field.to_str_lossy());
    let (Some(file), Some(line), Some(pattern)) = (fields.next(), fields.next(), fields.next()) else {
        return Ok(None);
    };
    Ok((!pattern.starts_with('!')).then(|| format!("'{file}' line {line} ('{pattern}')")))
}

/// The rule of a `.gitignore` file of a commit: the file and its line.
pub(crate) type Rule = (String, usize);

/// The rules by which the `.gitignore` files of `commit` ignore each of these `paths`; `None` for one that they do not. Rules of a person, and
/// of one clone, do not count.
///
/// # Errors
/// If an object cannot be read.
pub(crate) fn rules_in(repo: &Repository, commit: ObjectId, paths: &[String]) -> Result<Vec<Option<Rule>>> {
    let gix = repo.gix();
    let tree = gix.find_commit(commit)?.tree()?;
    let dirs: BTreeSet<&Path> = paths.iter().flat_map(|path| Path::new(path).ancestors().skip(1)).collect();
    let mut files = Vec::new();
    for dir in dirs {
        let file = dir.join(".gitignore");
        if let Some(entry) = tree.lookup_entry_by_path(&file)?.filter(|entry| entry.mode().is_blob()) {
            files.push((BString::from(file.to_string_lossy().into_owned()), entry.object_id()));
        }
    }
    files.sort();
    if files.is_empty() {
        return Ok(vec![None; paths.len()]);
    }
    let (none, unread) = (Default::default(), Default::default());
    let rules = State::IgnoreStack(Ignore::new(none, unread, None, Source::IdMapping, Default::default()));
    let mut stack = Stack::new(repo.common_dir(), rules, Default::default(), Vec::new(), files);
    let mut found = Vec::new();
    for path in paths {
        let at =
            stack.at_entry(path.as_bytes().as_bstr(), None, &gix.objects).io("look up rules for", Path::new(path))?;
        let rule = at.matching_exclude_pattern().filter(|rule| !rule.pattern.is_negative());
        let of = |file: &Path| file.to_string_lossy().into_owned();
        found.push(rule.map(|rule| (rule.source.map(of).unwrap_or_default(), rule.sequence_number)));
    }
    Ok(found)
}
