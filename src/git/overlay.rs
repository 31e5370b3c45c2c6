//! Commits that differ from another by some files: made in the object database, on no branch.

use std::collections::HashSet;

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

    /// This patch of `from` with the lines around its changes, without which it is held nowhere: a line may stand in a file twice. `None` if
    /// it does not apply.
    pub(crate) fn in_its_place(&self, repo: &Repository, from: ObjectId) -> Result<Option<Patch>> {
        let Some(applied) = apply(repo, from, self)? else { return Ok(None) };
        let patch = Patch::between(repo, from, applied, &self.path)?;
        Ok(patch.map(|patch| Patch { bare: patch.placed.clone().unwrap_or(patch.bare), ..patch }))
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

/// What differs at one path between two commits, where each line is known to be one of a test or none. No line of a test is taken for one of
/// the code, however alike they are: the brace that ends a test for that of a function.
pub(crate) struct MarkedPatch {
    /// The path, with the change of lines that begin with their marks.
    marked: Patch,
}

/// The marks of lines of tests, and of others.
const TEST: u8 = b't';
const OTHER: u8 = b'c';

/// By this git says of the line above that nothing ends it.
const NO_END: &[u8] = b"\\ No newline at end of file\n";

impl MarkedPatch {
    /// What differs at `path` between two commits; `is_test` says of each line of the file in either whether it is one of a test. `None` if
    /// one of them has no file there, or nothing differs.
    pub(crate) fn between(
        repo: &Repository,
        commits: [ObjectId; 2],
        path: &str,
        is_test: [&[bool]; 2],
    ) -> Result<Option<MarkedPatch>> {
        let mut is_test = is_test.map(<[bool]>::to_vec);
        let found = MarkedPatch::with_marks(repo, commits, path, &is_test)?;
        match found.as_ref().is_some_and(|found| found.joins(&mut is_test)) {
            true => MarkedPatch::with_marks(repo, commits, path, &is_test),
            false => Ok(found),
        }
    }

    fn with_marks(
        repo: &Repository,
        commits: [ObjectId; 2],
        path: &str,
        is_test: &[Vec<bool>; 2],
    ) -> Result<Option<MarkedPatch>> {
        let mut with_marks = Vec::new();
        for (commit, is_test) in commits.into_iter().zip(is_test) {
            let Some(file) = file_in(repo, commit, path)? else { return Ok(None) };
            let bytes = repo.gix().find_blob(file.blob)?.take_data();
            let mut marked = Vec::with_capacity(bytes.len() + is_test.len());
            for (number, line) in bytes.lines_with_terminator().enumerate() {
                marked.push(if is_test.get(number).copied().unwrap_or_default() { TEST } else { OTHER });
                marked.extend_from_slice(line);
            }
            let blob = patiently(|| Ok(repo.gix().write_blob(&marked)?.detach()))?;
            with_marks.push(lay_over(repo, commit, &[TreeEntry { blob, ..file }], &[])?);
        }
        Ok(Patch::between(repo, with_marks[0], with_marks[1], path)?.map(|marked| MarkedPatch { marked }))
    }

    /// Takes lines that stay, and become those of a test or cease to be, for lines of a test on both sides. Says whether there are any.
    fn joins(&self, is_test: &mut [Vec<bool>; 2]) -> bool {
        let mut any = false;
        let lines: Vec<&[u8]> = self.marked.bare.lines().collect();
        let mut rest = &lines[..];
        while let Some(at) = rest.iter().position(|line| line.starts_with(b"@@ ")) {
            let Some((from, _, to)) = positions(rest[at]) else { return any };
            rest = &rest[at + 1..];
            let end = rest.iter().position(|line| line.starts_with(b"@@ ")).unwrap_or(rest.len());
            // The number of each line, from 0, whether it is marked as one of a test, and its text.
            let side = |sign: u8, first: usize| -> Vec<(usize, bool, &[u8])> {
                let lines = rest[..end].iter().filter(|line| line.len() > 1 && line[0] == sign).enumerate();
                lines.map(|(at, line)| ((first + at).saturating_sub(1), line[1] == TEST, &line[2..])).collect()
            };
            let sides = [side(b'-', from), side(b'+', to)];
            for (one, other) in [(0, 1), (1, 0)] {
                let others: HashSet<&[u8]> = sides[other].iter().filter(|line| line.1).map(|line| line.2).collect();
                let same: Vec<_> = sides[one].iter().filter(|line| !line.1 && others.contains(line.2)).collect();
                // Braces are alike everywhere.
                if same.iter().any(|line| line.2.iter().any(u8::is_ascii_alphanumeric)) {
                    for (number, ..) in same {
                        if let Some(mark) = is_test[one].get_mut(*number) {
                            (*mark, any) = (true, true);
                        }
                    }
                }
            }
            rest = &rest[end..];
        }
        any
    }

    /// Whether it changes no line but those of tests, empty ones apart, and a last line that gets an end.
    pub(crate) fn is_of_tests(&self) -> bool {
        let is_of_test = |line: &&[u8]| {
            let is_empty = || line.get(2..).is_none_or(|text| text.trim().is_empty());
            line.starts_with(b"\\") || line.get(1) == Some(&TEST) || is_empty()
        };
        let rest = |hunk: &Vec<&[u8]>| hunk[if ends_a_line(hunk) { 3 } else { 0 }..].iter().all(is_of_test);
        self.marked.hunks().is_some_and(|hunks| !hunks.is_empty() && hunks.iter().all(rest))
    }

    /// Of this change that of the tests; `None` if there is none. Lines of tests are told from others within a hunk, too, where it adds only.
    pub(crate) fn of_tests(&self) -> Option<Patch> {
        let lines: Vec<&[u8]> = self.marked.bare.lines_with_terminator().collect();
        let first = lines.iter().position(|line| line.starts_with(b"@@ "))?;
        let mut bare = lines[..first].concat();
        let (mut shift, mut any) = (0_i64, false);
        let mut rest = &lines[first..];
        while let Some((header, below)) = rest.split_first() {
            let length = below.iter().position(|line| line.starts_with(b"@@ ")).unwrap_or(below.len());
            let (body, next) = below.split_at(length);
            rest = next;
            let (from, removed, _) = positions(header)?;
            let hunk = Hunk::of_tests(body);
            // Of what is removed in one piece, a part cannot be taken.
            if hunk.gone + hunk.came == 0 || hunk.gone > 0 && hunk.gone != removed {
                continue;
            }
            // What is added before the rest stands before what the rest replaces.
            let mut start = match hunk.gone > 0 || removed == 0 {
                true => from,
                false if hunk.leads => from - 1,
                false => from + removed - 1,
            };
            let (mut kept, mut gone, mut came) = (hunk.kept, hunk.gone, hunk.came);
            // Below a line that nothing ends there is no place: it is ended first.
            if let (Some(open), true) = (hunk.open, gone == 0 && !hunk.leads) {
                kept = [b"-", open, b"\n", NO_END, b"+", open, b"\n", &kept].concat();
                (gone, came) = (1, came + 1);
                start = from + removed - 1;
            }
            let first_old = i64::try_from(start).ok()?;
            let new_start = first_old + shift + i64::from(gone == 0) - i64::from(came == 0);
            bare.extend_from_slice(format!("@@ -{first_old},{gone} +{},{came} @@\n", new_start.max(0)).as_bytes());
            bare.extend_from_slice(&kept);
            shift += i64::try_from(came).ok()? - i64::try_from(gone).ok()?;
            any = true;
        }
        any.then(|| Patch { path: self.marked.path.clone(), bare, placed: None })
    }
}

/// Of a hunk what it changes of tests.
#[derive(Default)]
struct Hunk<'h> {
    /// The lines, without their marks.
    kept: Vec<u8>,
    /// How many of them are removed, and how many added.
    gone: usize,
    came: usize,
    /// Whether what is added begins with lines of a test.
    leads: bool,
    /// The last line of the old file, if it is removed, is none of a test, and nothing ends it.
    open: Option<&'h [u8]>,
}

impl<'h> Hunk<'h> {
    fn of_tests(body: &[&'h [u8]]) -> Hunk<'h> {
        let mut hunk = Hunk::default();
        let (mut keeps, mut any_added, mut last) = (false, false, None);
        for line in body {
            match line.split_first() {
                Some((sign @ (b'-' | b'+'), marked)) => {
                    let (mark, text) = marked.split_first().unwrap_or((&OTHER, &[]));
                    keeps = *mark == TEST;
                    hunk.leads |= keeps && *sign == b'+' && !any_added;
                    any_added |= *sign == b'+';
                    hunk.gone += usize::from(keeps && *sign == b'-');
                    hunk.came += usize::from(keeps && *sign == b'+');
                    last = (!keeps && *sign == b'-').then(|| text.strip_suffix(b"\n").unwrap_or(text));
                    if keeps {
                        hunk.kept.push(*sign);
                        hunk.kept.extend_from_slice(text);
                    }
                }
                // That a line has no end belongs to the line.
                _ => {
                    hunk.open = hunk.open.or(last.take());
                    if keeps {
                        hunk.kept.extend_from_slice(line);
                    }
                }
            }
        }
        hunk
    }
}

/// Whether a hunk begins with a line that had no end, and now has one.
fn ends_a_line(hunk: &[&[u8]]) -> bool {
    let [old, end, new, ..] = hunk else { return false };
    let is_same = |old: &[u8], new: &[u8]| old.trim_end() == new.trim_end();
    *end == NO_END.trim_end()
        && old.strip_prefix(b"-").zip(new.strip_prefix(b"+")).is_some_and(|(old, new)| is_same(old, new))
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
