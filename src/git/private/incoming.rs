//! What a confined run made comes into the repository: the objects that its tip, index, reflogs and stash reach, then its branch.
//!
//! Git collects the objects where the run was confined, because it reads what the run could write; another git checks each one before
//! the repository has it. Whatever is refused stays in the private repository, with a reason.

use std::{
    ffi::OsString,
    fmt, fs,
    io::{Read as _, Seek as _},
    path::{Path, PathBuf},
    time::Duration,
};

use bstr::{BString, ByteSlice};
use gix::{ObjectId, refs::FullNameRef};

use super::{Private, STASH, alternate, lfs};
use crate::{
    error::{Error, Kind, Result},
    git::{
        history,
        pack::PACK_FROM,
        process::Git,
        promised::is_partial,
        reference::{self, Swap, Swapped},
        repository::Repository,
        special_file, work_file,
        worktree::Worktree,
    },
};

/// The length of the header of a pack, of which the last four bytes are the number of its objects.
const PACK_HEADER: usize = 12;

/// A ref's file is a line, in bytes.
const LINE: u64 = 1 << 12;

/// How large a packed-refs of the run is read, in bytes.
const PACKED_REFS: u64 = 1 << 26;

/// How long git may say nothing while it collects the objects of a run: it reports its progress each second. A test cannot wait for long.
const SILENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 300 });

/// How many stashes of one run are kept.
const MOST_STASHES: usize = 20;

/// What a merge, cherry-pick, revert or rebase that is under way stands on, and what it stashed.
const UNDER_WAY: &[&str] = &[
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "REBASE_HEAD",
    "MERGE_AUTOSTASH",
    "rebase-merge/autostash",
    "rebase-apply/autostash",
];

/// A run whose work is not taken into the repository; all of it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// `HEAD` of the worktree names this, which is not the work branch.
    Head(BString),
    /// The work branch is gone, or holds no commit.
    NoTip,
    /// The work branch was made to lead to another ref.
    Symbolic,
    /// The tip does not descend from the commit that the attempt started from.
    Unrelated(ObjectId),
    /// What the run made is no sound history: git's complaint.
    Objects(String),
    /// Git read what has no end, or what no process writes, and was ended.
    Silent,
    /// What is no file, now removed: a FIFO, a device, in the git directory of the worktree any link, in the private repository one to those.
    Special(PathBuf),
    /// The work branch of the repository was moved by another process; what it is now.
    Moved(Option<ObjectId>),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Head(name) => write!(f, "HEAD of the worktree names '{}', not the work branch", shown(name)),
            Refused::NoTip => f.write_str("the work branch holds no commit"),
            Refused::Symbolic => f.write_str("the work branch was made a symbolic ref"),
            Refused::Unrelated(tip) => write!(f, "the tip {} does not descend from the base", tip.to_hex_with_len(7)),
            Refused::Objects(said) => write!(f, "git refuses the objects of the run: {said}"),
            Refused::Silent => write!(
                f,
                "git waited for {} seconds over what the run left and was ended: it may have met a FIFO",
                SILENCE.as_secs()
            ),
            Refused::Special(path) => write!(f, "'{}' was a FIFO, a device or a link, not a file", path.display()),
            Refused::Moved(_) => f.write_str("another process moved the work branch during the run"),
        }
    }
}

fn shown(name: &BString) -> String {
    name.to_str_lossy().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

impl Private {
    /// Brings what the run made into `repo`, and moves `branch` there to the tip that it has in the private repository.
    ///
    /// `worktree` is the run's; `base` is the commit that the tip has to descend from; `sandbox` are the words that confine a command as the
    /// run was. Gives the tip. Doing it again does no harm.
    ///
    /// # Errors
    /// If git cannot be run, or the repository cannot be written.
    pub(crate) fn bring_in(
        &self,
        repo: &Repository,
        worktree: &Worktree,
        branch: &FullNameRef,
        base: ObjectId,
        sandbox: &[OsString],
    ) -> Result<Result<ObjectId, Refused>> {
        if let Some(special) = self.clear_special_files(worktree).into_iter().next() {
            return Ok(Err(Refused::Special(special)));
        }
        self.reset_config(repo)?;
        let seat = self.seat(worktree);
        let head = match read_line(seat, "HEAD") {
            Some(line) => line,
            None => return Ok(Err(Refused::Head("nothing".into()))),
        };
        let detached = ObjectId::from_hex(&head).ok();
        if detached.is_none() && head.strip_prefix(b"ref: ") != Some(branch.as_bstr().as_bytes()) {
            // Where it stands is found, and named, by all that judge it.
            self.give_head(worktree)?;
            return Ok(Err(Refused::Head(head)));
        }
        let tip = match self.read_ref(branch)? {
            Ok(tip) => tip,
            Err(refused) => return Ok(Err(refused)),
        };
        let under_way = UNDER_WAY.iter().filter_map(|name| ObjectId::from_hex(&read_line(seat, name)?).ok());
        let stash = read_line(&self.git_dir, "refs/stash").and_then(|line| ObjectId::from_hex(&line).ok());
        let wanted: Vec<_> = [tip].into_iter().chain(detached).chain(stash).chain(under_way).collect();
        if self.has_objects(repo)
            && let Err(refused) = self.take_objects(repo, &worktree.path, &wanted, Some(base), sandbox)?
        {
            return Ok(Err(refused));
        }
        if repo.gix().find_commit(tip).is_err() {
            return Ok(Err(Refused::NoTip));
        }
        lfs::take_named(&self.git_dir, repo, &revisions(&wanted, Some(base)))?;
        if !history::is_ancestor(repo, base, tip)? {
            return Ok(Err(Refused::Unrelated(tip)));
        }
        let moved = self.move_branch(repo, branch, tip)?;
        if moved.is_ok() {
            match reference::read(repo, branch)? == Some(tip) {
                true => self.give_back(worktree)?,
                // Another process went on from there: its index is the one that fits.
                false if self.copy.is_some() => self.set_copy_aside()?,
                false => {}
            }
        }
        Ok(moved)
    }

    /// Removes FIFOs and devices where the run could make some and git would read them, and links where git writes outside of the sandbox:
    /// in the worktree's git directory, but not in the private repository. Gives their paths.
    pub(crate) fn clear_special_files(&self, worktree: &Worktree) -> Vec<PathBuf> {
        let mut removed = special_file::remove_with_links(&worktree.git_dir);
        removed.extend(self.copy.iter().flat_map(|copy| special_file::remove_with_links(copy)));
        removed.extend(special_file::remove(&self.git_dir));
        removed
    }

    /// What the run stashed and left, the oldest first, as far as the repository has it by now.
    pub(crate) fn stashes(&self, repo: &Repository) -> Vec<ObjectId> {
        let [stash, log] = STASH
            .map(|(name, most)| work_file::read(&self.git_dir, name.into(), most).ok().flatten().unwrap_or_default());
        let last = ObjectId::from_hex(stash.trim()).ok();
        let logged = log.lines().filter_map(|line| ObjectId::from_hex(line.split_str(" ").nth(1)?).ok());
        let mut stashes: Vec<ObjectId> = Vec::new();
        for id in logged.chain(last).filter(|_| last.is_some()) {
            if stashes.len() < MOST_STASHES && !stashes.contains(&id) && repo.gix().find_commit(id).is_ok() {
                stashes.push(id);
            }
        }
        stashes
    }

    fn move_branch(&self, repo: &Repository, branch: &FullNameRef, tip: ObjectId) -> Result<Result<ObjectId, Refused>> {
        let expected = self.start()?;
        // It may have been moved by us before, when the process died before it wrote that down.
        if reference::read(repo, branch)? != Some(tip) {
            let swap =
                Swap { name: branch, expected, new: Some(tip), message: "chant: work of the agent", force_log: false };
            if let Swapped::Differs(now) = reference::swap(repo, &swap)? {
                // What went on from there has all of it.
                return match now {
                    Some(now) if history::is_ancestor(repo, tip, now)? => Ok(Ok(tip)),
                    now => Ok(Err(Refused::Moved(now))),
                };
            }
        }
        self.set_start(Some(tip))?;
        Ok(Ok(tip))
    }

    /// What a branch is in the private repository. The run could write its file: it is read as any foreign file.
    fn read_ref(&self, branch: &FullNameRef) -> Result<Result<ObjectId, Refused>> {
        let name = branch.as_bstr();
        if let Some(line) = read_line(&self.git_dir, &name.to_str_lossy()) {
            return Ok(match ObjectId::from_hex(&line) {
                Ok(id) => Ok(id),
                Err(_) if line.starts_with(b"ref:") => Err(Refused::Symbolic),
                Err(_) => Err(Refused::NoTip),
            });
        }
        let Ok(Some(packed)) = work_file::read(&self.git_dir, "packed-refs".into(), PACKED_REFS) else {
            return Ok(Err(Refused::NoTip));
        };
        let id = packed.lines().find_map(|line| {
            let (id, of) = line.split_once_str(" ")?;
            (of == name.as_bytes()).then(|| ObjectId::from_hex(id).ok())?
        });
        Ok(id.ok_or(Refused::NoTip))
    }

    /// Whether there is an object that may not be in the repository: here, or where the run has its git look as well.
    fn has_objects(&self, repo: &Repository) -> bool {
        let objects = self.git_dir.join("objects");
        let names = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.file_name());
        !self.borrows_only_from(repo)
            || names(&objects).any(|name| name != "info" && name != "pack")
            || names(&objects.join("pack")).next().is_some()
    }

    /// Whether every object that is not here is in the repository.
    fn borrows_only_from(&self, repo: &Repository) -> bool {
        let alternates = work_file::read(&self.git_dir, "objects/info/alternates".into(), LINE * 4);
        alternates.is_ok_and(|lines| lines == Some(alternate(&repo.common_dir().join("objects"))))
    }

    /// Brings the tree of files `tree`, which git wrote for the run, into `repo`; `known` is a commit that both have.
    ///
    /// # Errors
    /// If git cannot be run.
    pub(crate) fn take_tree(
        &self,
        repo: &Repository,
        worktree: &Path,
        tree: ObjectId,
        known: Option<ObjectId>,
        sandbox: &[OsString],
    ) -> Result<Result<(), Refused>> {
        if !self.has_objects(repo) {
            return Ok(Ok(()));
        }
        let taken = self.take_objects(repo, worktree, &[tree], known, sandbox)?;
        if taken.is_ok() {
            lfs::take_named(&self.git_dir, repo, &revisions(&[tree], known))?;
        }
        Ok(taken)
    }

    fn take_objects(
        &self,
        repo: &Repository,
        worktree: &Path,
        wanted: &[ObjectId],
        known: Option<ObjectId>,
        sandbox: &[OsString],
    ) -> Result<Result<(), Refused>> {
        let revisions = revisions(wanted, known);
        let collect = Git::in_dir(worktree)
            .within(sandbox)
            .args(["pack-objects", "--revs", "--indexed-objects", "--reflog", "--missing=allow-promisor"])
            .args(["--stdout", "--progress"])
            // Otherwise everything that the index names would be copied.
            .args(self.borrows_only_from(repo).then_some("--local"))
            .stdin_bytes(revisions.clone())
            .ended_after_silence(SILENCE);
        let (mut output, mut pack) = collect.run_to_file()?;
        if output.stalled {
            return Ok(Err(Refused::Silent));
        }
        // A report of progress overwrites the one before.
        output.stderr = output.stderr.replace("\r", "\n").into();
        if !output.success() {
            return Ok(Err(Refused::Objects(output.complaint())));
        }
        let Some(count) = objects_in(&mut pack)? else {
            return Ok(Err(Refused::Objects("its pack is invalid".to_owned())));
        };
        if count == 0 {
            return Ok(Ok(()));
        }
        let partial = is_partial(repo);
        let store = match count {
            few if (few as usize) < PACK_FROM && !partial => Git::at(repo).args(["unpack-objects", "--strict", "-q"]),
            // A partial clone lacks objects that others lead to: that is looked at below.
            _ if partial => Git::at(repo).args(["index-pack", "--stdin", "--fsck-objects", "--fix-thin"]),
            _ => Git::at(repo).args(["index-pack", "--stdin", "--strict", "--fix-thin"]),
        };
        let output = store.run_on_file(pack)?;
        if !output.success() {
            return Ok(Err(Refused::Objects(output.complaint())));
        }
        if partial {
            let list = Git::at(repo).args(["rev-list", "--objects", "--quiet", "--missing=allow-promisor", "--stdin"]);
            let output = list.stdin_bytes(revisions).run()?;
            if !output.success() {
                return Ok(Err(Refused::Objects(output.complaint())));
            }
        }
        Ok(Ok(()))
    }
}

/// A list for git: what these reach, without what `known` reaches.
fn revisions(wanted: &[ObjectId], known: Option<ObjectId>) -> String {
    let mut list: String = wanted.iter().map(|id| format!("{id}\n")).collect();
    list.extend(known.map(|known| format!("^{known}\n")));
    list
}

/// The line of a small file below `dir`, if it is a plain one.
fn read_line(dir: &Path, name: &str) -> Option<BString> {
    let bytes = work_file::read(dir, name.into(), LINE).ok()??;
    Some(bytes.trim_end().into())
}

/// How many objects a pack says that it has; `None` if it is none. The file is to be read from the beginning again afterwards.
fn objects_in(pack: &mut fs::File) -> Result<Option<u32>> {
    let failed = |cause: std::io::Error| Error::fatal(Kind::Tempdir, format!("cannot read a temporary file: {cause}"));
    let mut header = Vec::new();
    pack.take(PACK_HEADER as u64).read_to_end(&mut header).map_err(failed)?;
    pack.rewind().map_err(failed)?;
    let count = header.get(8..PACK_HEADER).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes);
    Ok(count.filter(|_| header.starts_with(b"PACK")))
}
