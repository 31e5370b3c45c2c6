//! Commits that differ from another by some files: made in the object database, on no branch.

use bstr::{BString, ByteSlice};
use gix::{ObjectId, objs::tree::EntryKind};

use super::{
    commit::{self, NewCommit, Signing},
    object::patiently,
    process::Git,
    repository::Repository,
};
use crate::{
    env::scratch,
    error::{IoContext, Result},
};

/// A file as a commit has it: its blob and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreeEntry {
    /// Its path.
    pub path: String,
    /// Its blob and kind.
    pub blob: ObjectId,
    pub kind: EntryKind,
}

/// The file at `path` in `commit`; `None` if there is none.
pub(crate) fn file_in(repo: &Repository, commit: ObjectId, path: &str) -> Result<Option<TreeEntry>> {
    let tree = repo.gix().find_commit(commit)?.tree()?;
    let entry = tree.lookup_entry_by_path(path)?.filter(|entry| entry.mode().is_blob_or_symlink());
    Ok(entry.map(|entry| TreeEntry { path: path.to_owned(), blob: entry.object_id(), kind: entry.mode().kind() }))
}

/// A commit on top of `commit` that has `files` as given, and none at the paths in `gone`; `commit` itself if it is so.
pub(crate) fn lay_over(repo: &Repository, commit: ObjectId, files: &[TreeEntry], gone: &[String]) -> Result<ObjectId> {
    let base = repo.gix().find_commit(commit)?.tree_id()?.detach();
    let tree = patiently(|| {
        let mut editor = repo.gix().edit_tree(base)?;
        for file in files {
            editor.upsert(file.path.as_str(), file.kind, file.blob)?;
        }
        for path in gone {
            editor.remove(path.as_str())?;
        }
        Ok(editor.write()?.detach())
    })?;
    on_top(repo, commit, base, tree)
}

/// A commit on top of `commit` in which the file `now` has the change from `before` to `made` taken back; `None` where lines of that change
/// were changed since.
pub(crate) fn take_back(
    repo: &Repository,
    commit: ObjectId,
    now: &TreeEntry,
    [before, made]: [&TreeEntry; 2],
) -> Result<Option<ObjectId>> {
    let dir = scratch::dir(".chant-tmp-")?;
    let mut merge = Git::at(repo).args(["merge-file", "-p", "-q"]);
    for (name, file) in [("now", now), ("made", made), ("before", before)] {
        let path = dir.path().join(name);
        std::fs::write(&path, &repo.gix().find_blob(file.blob)?.data).io("write", &path)?;
        merge = merge.arg(path);
    }
    let merged = merge.run()?;
    if !merged.success() {
        return Ok(None);
    }
    let blob = patiently(|| Ok(repo.gix().write_blob(&merged.stdout)?.detach()))?;
    lay_over(repo, commit, &[TreeEntry { blob, ..now.clone() }], &[]).map(Some)
}

/// What differs at one path between two commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Patch {
    /// The path.
    pub path: String,
    /// The changed lines alone, which tell whether another commit has them.
    bare: Vec<u8>,
    /// With the lines around them, by which they find their place in another commit; `None` if they have their place by their numbers.
    placed: Option<Vec<u8>>,
}

/// A commit on top of `commit` to which `patch` was applied; `None` if the patch does not apply.
pub(crate) fn apply(repo: &Repository, commit: ObjectId, patch: &Patch) -> Result<Option<ObjectId>> {
    let base = repo.gix().find_commit(commit)?.tree_id()?.detach();
    let dir = scratch::dir(".chant-tmp-")?;
    let git = || Git::at(repo).config("core.splitIndex=false").env("GIT_INDEX_FILE", dir.path().join("index"));
    git().arg("read-tree").arg(base.to_string()).check()?;
    let apply = git().args(["apply", "--cached", "--whitespace=nowarn"]);
    let apply = match &patch.placed {
        Some(placed) => apply.arg("-").stdin_bytes(placed.as_slice()),
        None => apply.args(["--unidiff-zero", "-"]).stdin_bytes(patch.bare.as_slice()),
    };
    if !apply.run()?.success() {
        return Ok(None);
    }
    let written = git().arg("write-tree").check()?;
    let Ok(tree) = written.line().parse() else { return Ok(None) };
    on_top(repo, commit, base, tree).map(Some)
}

/// Whether `commit` holds the changes of `patch` as they are.
pub(crate) fn holds(repo: &Repository, commit: ObjectId, patch: &Patch) -> Result<bool> {
    let dir = scratch::dir(".chant-tmp-")?;
    let git = || Git::at(repo).config("core.splitIndex=false").env("GIT_INDEX_FILE", dir.path().join("index"));
    git().arg("read-tree").arg(commit.to_string()).check()?;
    let applied =
        git().args(["apply", "--cached", "--reverse", "--check", "--unidiff-zero", "--whitespace=nowarn", "-"]);
    Ok(applied.stdin_bytes(patch.bare.as_slice()).run()?.success())
}

impl Patch {
    /// What differs at `path` between two commits; `None` if nothing does.
    pub(crate) fn between(repo: &Repository, from: ObjectId, to: ObjectId, path: &str) -> Result<Option<Patch>> {
        let diff = |context: &str| -> Result<Vec<u8>> {
            let git = Git::at(repo).global("--literal-pathspecs").config("core.fsmonitor=false");
            let git = git.args([
                "diff-tree",
                "-p",
                "--binary",
                "--no-renames",
                "--no-ext-diff",
                "--no-textconv",
                "--no-color",
            ]);
            let git = git.arg(context).args([from.to_string(), to.to_string()]).arg("--").arg(path);
            Ok(git.check()?.stdout.into())
        };
        let bare = diff("-U0")?;
        if bare.is_empty() {
            return Ok(None);
        }
        Ok(Some(Patch { path: path.to_owned(), bare, placed: Some(diff("-U2")?) }))
    }

    /// Of this patch what it changes of lines for which `old` and `new` hold, which say of each line of the two files whether it counts;
    /// `None` if that is nothing. What counts and what does not is told apart within a hunk, too, where it adds only.
    pub(crate) fn of_lines(&self, old: &[bool], new: &[bool]) -> Option<Patch> {
        let counts = |of: &[bool], number: usize| of.get(number.wrapping_sub(1)).copied().unwrap_or_default();
        let lines: Vec<&[u8]> = self.bare.lines_with_terminator().collect();
        let first = lines.iter().position(|line| line.starts_with(b"@@ "))?;
        let mut bare = lines[..first].concat();
        let (mut shift, mut any) = (0_i64, false);
        let mut rest = &lines[first..];
        while let Some((header, below)) = rest.split_first() {
            let length = below.iter().position(|line| line.starts_with(b"@@ ")).unwrap_or(below.len());
            let (body, next) = below.split_at(length);
            rest = next;
            let (from, removed, to) = positions(header)?;
            let (mut kept, mut gone, mut came) = (Vec::new(), Vec::new(), 0);
            let (mut before, mut after) = (from, to);
            let mut keeps = false;
            let leads = counts(new, to);
            // The last line of a file gets an end where tests follow it.
            let is_ended = ends_a_line(body) && (to + 1..to + body.len() - 2).any(|line| counts(new, line));
            for (at, line) in body.iter().enumerate() {
                let is_ended = is_ended && (at == 0 || at == 2);
                match line.first() {
                    Some(b'-') => {
                        keeps = counts(old, before) || is_ended;
                        if keeps {
                            gone.push(before);
                        }
                        before += 1;
                    }
                    Some(b'+') => {
                        keeps = counts(new, after) || is_ended;
                        came += usize::from(keeps);
                        after += 1;
                    }
                    // That a line has no end belongs to the line.
                    _ => {}
                }
                if keeps {
                    kept.extend_from_slice(line);
                }
            }
            // Of what is removed in one piece, a part cannot be taken.
            if gone.len() + came == 0 || (!gone.is_empty() && gone.len() != removed) {
                continue;
            }
            // What is added before the rest stands before what the rest replaces.
            let start = match leads {
                _ if !gone.is_empty() || removed == 0 => from,
                true => from - 1,
                false => from + removed - 1,
            };
            let first_old = i64::try_from(start).ok()?;
            let new_start = first_old + shift + i64::from(gone.is_empty()) - i64::from(came == 0);
            bare.extend_from_slice(
                format!("@@ -{first_old},{} +{},{came} @@\n", gone.len(), new_start.max(0)).as_bytes(),
            );
            bare.extend_from_slice(&kept);
            shift += i64::try_from(came).ok()? - i64::try_from(gone.len()).ok()?;
            any = true;
        }
        any.then(|| Patch { path: self.path.clone(), bare, placed: None })
    }

    /// This patch of `from` with the lines around its changes, without which it is held nowhere: a line may stand in a file twice. `None` if
    /// it does not apply.
    pub(crate) fn in_its_place(&self, repo: &Repository, from: ObjectId) -> Result<Option<Patch>> {
        let Some(applied) = apply(repo, from, self)? else { return Ok(None) };
        let patch = Patch::between(repo, from, applied, &self.path)?;
        Ok(patch.map(|patch| Patch { bare: patch.placed.clone().unwrap_or(patch.bare), ..patch }))
    }

    /// Whether it changes no line but those for which `old` and `new` hold, empty ones apart.
    pub(crate) fn is_within(&self, old: &[bool], new: &[bool]) -> bool {
        let Some(hunks) = self.hunks() else { return false };
        let all: usize = hunks.iter().flatten().filter(|line| line.len() > 1 && !line[1..].trim().is_empty()).count();
        let Some(part) = self.of_lines(old, new).and_then(|part| {
            part.hunks().map(|hunks| hunks.into_iter().flatten().map(<[u8]>::to_vec).collect::<Vec<_>>())
        }) else {
            return false;
        };
        part.iter().filter(|line| line.len() > 1 && !line[1..].trim().is_empty()).count() == all
    }

    /// The lines of each hunk with their `+` or `-`; `None` where the content is binary, so that there are no lines.
    pub(crate) fn hunks(&self) -> Option<Vec<Vec<&[u8]>>> {
        let mut hunks: Vec<Vec<&[u8]>> = Vec::new();
        for line in self.bare.lines() {
            match (line.starts_with(b"@@ "), hunks.last_mut()) {
                (true, _) => hunks.push(Vec::new()),
                (false, Some(hunk)) => hunk.push(line),
                (false, None) if line == b"GIT binary patch" => return None,
                // The header of the file.
                (false, None) => {}
            }
        }
        Some(hunks)
    }
}

/// Whether a hunk begins with a line that had no end, and now has one.
fn ends_a_line(body: &[&[u8]]) -> bool {
    let [old, b"\\ No newline at end of file\n", new, ..] = body else { return false };
    matches!((old.strip_prefix(b"-"), new.strip_prefix(b"+")), (Some(old), Some(new)) if old.trim_end() == new.trim_end())
}

/// Where a hunk begins in the old file and how many lines it removes there, and where it begins in the new one.
fn positions(header: &[u8]) -> Option<(usize, usize, usize)> {
    let header = header.to_str().ok()?;
    let mut parts = header.split(' ').skip(1);
    let (old, new) = (parts.next()?.strip_prefix('-')?, parts.next()?.strip_prefix('+')?);
    let number = |part: &str| -> Option<(usize, usize)> {
        let (start, count) = part.split_once(',').unwrap_or((part, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    let ((from, removed), (to, _)) = (number(old)?, number(new)?);
    Some((from, removed, to))
}

/// A commit on top of `commit` with the tree of `other`.
pub(crate) fn with_tree_of(repo: &Repository, commit: ObjectId, other: ObjectId) -> Result<ObjectId> {
    let tree = |commit: ObjectId| -> Result<ObjectId> { Ok(repo.gix().find_commit(commit)?.tree_id()?.detach()) };
    on_top(repo, commit, tree(commit)?, tree(other)?)
}

fn on_top(repo: &Repository, commit: ObjectId, base: ObjectId, tree: ObjectId) -> Result<ObjectId> {
    if tree == base {
        return Ok(commit);
    }
    let message = BString::from("Lay the held tests over");
    commit::write(repo, NewCommit { tree, parents: vec![commit], message }, Signing::Never)
}
