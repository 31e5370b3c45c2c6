//! What the tip of an attempt holds and what the attempt changed. Nothing is judged here.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use gix::{ObjectId, bstr::ByteSlice};

use super::{Check, doubt::quoted};
use crate::{
    answer::progress::Step,
    domain::{
        altered_tests::{altered, changes_beside},
        naming::names,
        pattern::Entry,
        phase::Phase,
        probes::names_runner,
        spec_file::MAX_SPEC_LEN,
        test_path::{Role, role, runs_tests},
        test_settings::changes_how_tests_run,
        test_text::role_by_text,
    },
    error::{Error, Kind, Result},
    git::{
        history::{self, Change},
        object::{MOST_TEXT, short_blob},
        work_file,
    },
    project::Project,
    specs::attempt::Attempt,
};

/// A file as the attempt leaves it: from its tip; in silent mode what lies under `.chant/` from its worktree.
pub(crate) fn tip_file(project: &Project, tip: ObjectId, worktree: &Path, path: &str) -> Result<Option<Vec<u8>>> {
    if project.silent && path.starts_with(".chant/") {
        return work_file::read(worktree, path.as_bytes().as_bstr(), MAX_SPEC_LEN as u64)
            .map_err(|refused| Error::negative(Kind::BadOutput, format!("cannot read '{path}': {refused}")));
    }
    let Some((blob, bytes)) = project.blob_in(tip, path)? else { return Ok(None) };
    // What it reads of one that is longer is no document.
    if project.repo.gix().find_header(blob)?.size() > MOST_TEXT {
        let message = format!("cannot read '{path}': it is larger than {MOST_TEXT} bytes");
        return Err(Error::negative(Kind::BadOutput, message));
    }
    Ok(Some(bytes))
}

impl Check<'_> {
    pub(super) fn tip_file(&self, path: &str) -> Result<Option<Vec<u8>>> {
        if self.by_hand.is_some() && path == self.attempt.spec_path {
            return Ok(Some(self.attempt.bytes.clone()));
        }
        tip_file(self.project, self.tip, self.worktree, path)
    }

    /// The paths that the attempt changed, each once.
    pub(super) fn changed_paths(&self) -> Result<Vec<String>> {
        Ok(paths_of(&self.own_changes()?))
    }

    /// Those of the changed paths that are symbolic links now.
    pub(super) fn changed_links(&self) -> Result<BTreeSet<String>> {
        let links = self.own_changes()?.into_iter().filter(|change| change.is_link);
        Ok(links.map(|change| change.path.to_str_lossy().into_owned()).collect())
    }

    fn own_changes(&self) -> Result<Vec<Change>> {
        own_changes(self.project, self.attempt, self.tip, self.by_hand)
    }
}

/// What an attempt changed whose newest commit is `tip`: between the newest commit that its branch has of others and that; of commits that a
/// person names, `by_hand`, what each of them changes.
///
/// # Errors
/// If an object cannot be read.
pub(crate) fn own_changes(
    project: &Project,
    attempt: &Attempt,
    tip: ObjectId,
    by_hand: Option<&[ObjectId]>,
) -> Result<Vec<Change>> {
    if let Some(commits) = by_hand {
        let target = attempt.target.as_deref().map(|target| project.branch_tip(target)).transpose()?.flatten();
        return changed_by(project, commits, target);
    }
    let Some(since) = project.own_changes_since(attempt, tip)? else { return Ok(Vec::new()) };
    history::changed_paths(&project.repo, Some(since), tip)
}

/// In how many files tests are looked for, and how large one of them may be, in bytes.
const MOST_FILES: usize = 500;
const LARGEST_FILE: usize = 1 << 20;

impl Check<'_> {
    /// What became of tests that were there before, in words, each said at once: a command that passes says nothing of them.
    pub(super) fn altered_tests(&self) -> Result<Vec<String>> {
        let base = match self.by_hand {
            Some(_) => self.attempt.base,
            None => self.project.own_changes_since(self.attempt, self.tip)?,
        };
        let Some(base) = base else { return Ok(Vec::new()) };
        let repo = &self.project.repo;
        let text = |blob: Option<ObjectId>| -> Result<Option<String>> {
            let bytes = blob.map(|blob| short_blob(repo, blob, LARGEST_FILE)).transpose()?.flatten();
            Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
        };
        let named = self.by_hand.map(|_| self.changed_paths()).transpose()?;
        let is_own = |path: &str| {
            !path.starts_with(".chant/")
                && named.as_ref().is_none_or(|named| named.binary_search_by(|one| one.as_str().cmp(path)).is_ok())
        };
        let (mut said, mut beside, mut settings) = (Vec::new(), Vec::new(), Vec::new());
        let front = &self.attempt.spec.front;
        // To change tests is what a reproduction is for.
        let adds_tests = front.known_phase() == Some(Phase::Reproduction);
        let scripts = self.scripts_of_tests(base)?;
        // A proof says for itself by what its tests run.
        let runs_otherwise = |path: &str, before: Option<&str>, after: Option<&str>| {
            let changes = |command: &String| changes_how_tests_run(path, command, before, after);
            let changed = runs_tests(path) || scripts.contains(path) || front.verify.iter().any(changes);
            front.reproduces.is_none() && changed
        };
        let changes = history::changed_paths(repo, Some(base), self.tip)?;
        for change in changes.iter().filter(|change| is_own(&change.path.to_str_lossy())).take(MOST_FILES) {
            let (path, before, after) = (change.path.to_str_lossy(), text(change.before)?, text(change.after)?);
            let altered = altered(&path, before.as_deref(), after.as_deref());
            if !adds_tests && altered.is_empty() && changes_beside(&path, before.as_deref(), after.as_deref()) {
                beside.push(path.clone().into_owned());
            }
            said.extend(altered);
            if runs_otherwise(&path, before.as_deref(), after.as_deref()) {
                settings.push(path.clone().into_owned());
            }
            // The test that a command names may name its runner.
            let is_code = role_by_text(&path, &[before.as_deref(), after.as_deref()]) == Role::Other;
            if is_code && !front.reproduces.iter().chain(&front.verify).any(|command| names(command, &path)) {
                said.extend(names_runner(&path, before.as_deref(), after.as_deref()));
            }
        }
        for (what, paths) in [("it changes files of tests", beside), ("it changes how tests run", settings)] {
            if !paths.is_empty() {
                said.push(format!("{what}: {}", quoted(&paths)));
            }
        }
        for what in &said {
            self.progress.say(&Step::Warning(what.clone()));
        }
        Ok(said)
    }
}

/// Whether `commit` has at `path` a symbolic link that leads out of the repository.
pub(super) fn leads_out(project: &Project, commit: ObjectId, path: &str) -> Result<bool> {
    let tree = project.repo.gix().find_commit(commit)?.tree()?;
    let Some(entry) = tree.lookup_entry_by_path(path)?.filter(|entry| entry.mode().is_link()) else { return Ok(false) };
    let target = project.repo.gix().find_blob(entry.object_id())?.take_data();
    let mut depth = path.matches('/').count();
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b".." if depth == 0 => return Ok(true),
            b".." => depth -= 1,
            b"" | b"." => {}
            _ => depth += 1,
        }
    }
    Ok(target.starts_with(b"/"))
}

/// The directories of `commit` with one of the `changed` paths in them that git takes for a bare repository, by the rule of git's own
/// `is_git_directory`: a `HEAD`, `objects` and `refs`. The root of the work tree is none, since git finds the repository there first.
pub(super) fn repositories(project: &Project, commit: ObjectId, changed: &[String]) -> Result<Vec<String>> {
    let parents = |path: &String| Path::new(path).ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>();
    let dirs: BTreeSet<PathBuf> = changed.iter().flat_map(parents).filter(|dir| dir != Path::new("")).collect();
    let tree = project.repo.gix().find_commit(commit)?.tree()?;
    let mut found = Vec::new();
    for dir in dirs {
        let has = |name: &str| tree.lookup_entry_by_path(dir.join(name)).map(|entry| entry.is_some());
        if has("HEAD")? && has("objects")? && has("refs")? {
            found.push(dir.to_string_lossy().into_owned());
        }
    }
    Ok(found)
}

/// What each of `commits` has otherwise than its first parent. What a merge took in of `target`, which does not hold that merge, it has not
/// changed.
///
/// # Errors
/// If an object cannot be read.
pub(crate) fn changed_by(project: &Project, commits: &[ObjectId], target: Option<ObjectId>) -> Result<Vec<Change>> {
    let repo = &project.repo;
    let mut all = Vec::new();
    for commit in commits {
        let mut changes = history::changed_paths(repo, history::first_parent(repo, *commit)?, *commit)?;
        let parents: Vec<ObjectId> = repo.gix().find_commit(*commit)?.parent_ids().map(gix::Id::detach).collect();
        if let (Some(target), [_, others @ ..]) = (target, parents.as_slice())
            && !others.is_empty()
            && !project.is_ancestor(*commit, target)?
        {
            for other in others {
                if project.is_ancestor(*other, target)? {
                    let own = history::changed_paths(repo, Some(*other), *commit)?;
                    changes.retain(|change| own.iter().any(|one| one.path == change.path));
                }
            }
        }
        all.append(&mut changes);
    }
    Ok(all)
}

/// The paths of changes, sorted, each once.
pub(crate) fn paths_of(changes: &[Change]) -> Vec<String> {
    let paths: BTreeSet<String> = changes.iter().map(|change| change.path.to_str_lossy().into_owned()).collect();
    paths.into_iter().collect()
}

/// Extensions of files with code, which research leaves as they are unless its target files name them.
const CODE: [&str; 40] = [
    "c", "cc", "cpp", "cs", "css", "dart", "erl", "ex", "exs", "go", "h", "hpp", "hs", "java", "jl", "js", "jsx", "kt",
    "lua", "m", "ml", "mjs", "php", "pl", "pm", "py", "r", "rb", "rs", "scala", "sh", "sql", "swift", "ts", "tsx",
    "vue", "zig", "lock", "toml", "cjs",
];

/// Directories and files of automation, which run something without being code by their name.
const AUTOMATION: [&str; 12] = [
    ".circleci/",
    ".github/workflows/",
    ".github/actions/",
    ".gitlab-ci.yml",
    ".githooks/",
    ".husky/",
    ".envrc",
    ".pre-commit-config.yaml",
    "Dockerfile",
    "Jenkinsfile",
    "Procfile",
    "Vagrantfile",
];

/// Whether a path is that of code.
pub(super) fn is_code(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    if role(path) == Role::Configuration || AUTOMATION.iter().any(|start| path.starts_with(start) || name == *start) {
        return true;
    }
    name.rsplit_once('.').is_some_and(|(_, extension)| CODE.contains(&extension)) && !path.starts_with("docs/")
}

/// Whether an entry of `target_files` names one file: neither a glob nor a directory.
pub(super) fn is_plain(entry: &str) -> bool {
    matches!(Entry::parse(entry), Ok(Entry::Path(_) | Entry::Spec(_)))
}
