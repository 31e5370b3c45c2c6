//! When a check begins with the warm checkout, and when it adds to it.
//!
//! Only a commit that the target had before the agent began adds to the warm checkout. A check of anything else throws away what it wrote.
//! A check can only pass there, and only if it reads what the work changed: anything else is run again in a cold checkout, and that
//! outcome counts.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use bstr::ByteSlice;
use gix::ObjectId;
use rustix::fs::{Timespec, Timestamps};

use super::{
    reads::{self, Changed, SET_UP},
    recall,
    room::{Begin, Extra, Room, Tried, Visit},
};
use crate::{
    answer::progress::Step,
    config::Confine,
    domain::{
        checks::Command,
        held::{Role, role},
    },
    error::{IoContext, Kind, Result},
    git::{
        history::{self, Change, ChangeKind},
        private::apart,
        worktree::remove,
    },
    project::warm::{Built, Mark, Reads, Warm},
    specs::attempt::Attempt,
};

/// A check that takes no longer needs no warm checkout.
const SLOW: Duration = Duration::from_secs(2);

/// What dates of files in a warm checkout are after, in seconds since 1970.
const PAST: i64 = 1_000_000_000;

impl Room<'_> {
    /// Lets checks in this room begin with the warm checkout. Where it is of use for `commands`, and lacks something, they run on the base
    /// of `attempt` first.
    ///
    /// # Errors
    /// If the warm checkout cannot be read or written, or the person interrupts a command.
    pub(crate) fn warm_up(&mut self, attempt: &Attempt, commands: &[String]) -> Result<()> {
        if self.project.config().confine()? == Confine::Off {
            return Ok(());
        }
        let key = recall::around(self.project)?;
        self.warm = Warm::open(self.project, self.project.store()?.blob_id(&key).to_string())?;
        let Some(base) = attempt.base else { return Ok(()) };
        let target = attempt.target.as_deref().map(|name| self.project.branch_tip(name)).transpose()?.flatten();
        let trusted = target.is_some_and(|tip| self.project.is_ancestor(base, tip).unwrap_or(false));
        if !trusted || !self.lacks(base, commands)? {
            return Ok(());
        }
        let begin = if self.warm.as_ref().is_some_and(Warm::can_grow) { self.begin(base)? } else { None };
        let Some(mut warm) = self.warm.take() else { return Ok(()) };
        let built = self.build(&mut warm, base, commands, begin.as_ref());
        self.warm = Some(warm);
        built
    }

    /// Runs `commands` on `base`, and adds what they build to the warm checkout.
    fn build(&mut self, warm: &mut Warm, base: ObjectId, commands: &[String], begin: Option<&Begin>) -> Result<()> {
        let project = self.project;
        let begun = self.visit_from(base, &[], begin).and_then(|mut visit| {
            if !visit.is_layered() {
                return Ok(None);
            }
            let what = format!("preparing a reusable checkout for checks at {}", base.to_hex_with_len(12));
            visit.room.progress.say(&Step::Note(what));
            let tracked = visit.tracked()?;
            let read = visit.prepare(&tracked)?;
            Ok(Some((visit, tracked, read)))
        });
        let (visit, tracked, read) = match begun {
            Ok(Some(begun)) => begun,
            // The check itself tells that set-up fails.
            Err(error) if error.kind != Kind::WorktreeSetup && error.kind != Kind::GitFailed => return Err(error),
            _ => return Ok(()),
        };
        let mut reads = Reads::from([(SET_UP.to_owned(), read)]);
        for command in commands {
            let (_, read) = visit.run_watched(command, &tracked)?;
            reads.insert(command.clone(), read);
        }
        if reads.values().all(BTreeSet::is_empty) {
            let why = "commands run in a fresh checkout: the file system does not tell what they read (noatime)";
            visit.room.slot.tell_once(why, |why| visit.room.progress.say(&Step::Note(why.to_owned())))?;
            return commands.iter().try_for_each(|command| warm.mark(project, Mark::Cold, command));
        }
        let (tree, index) = &visit.settle(&tracked, warm.next())?;
        let (included, on_top) = (&visit.included, begin.is_some());
        warm.add(project, &Built { commit: base, tree, index, commands, included, reads: &reads, on_top })
    }

    /// Whether one of `commands` is slow, and the warm checkout does not have what it builds at `base`.
    fn lacks(&self, base: ObjectId, commands: &[String]) -> Result<bool> {
        let Some(warm) = &self.warm else { return Ok(false) };
        let fits = self.begin(base)?.is_some_and(|begin| !begin.set_up);
        for command in commands {
            let is = |mark| warm.is(self.project, mark, command);
            if is(Mark::Slow)? && !is(Mark::Cold)? && !(fits && warm.has_run(command)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What a check of `commit` can begin with. Nothing where a file is gone since: what was built from it would still be there.
    fn begin(&self, commit: ObjectId) -> Result<Option<Begin>> {
        let Some(warm) = &self.warm else { return Ok(None) };
        let (Some(from), Some(index)) = (warm.commit(), warm.index()) else { return Ok(None) };
        let repo = &self.project.repo;
        let main = repo.main_work_dir();
        let is_gone = |path: &PathBuf| !main.as_ref().is_some_and(|main| main.join(path).exists());
        if repo.gix().try_find_header(from)?.is_none() || warm.included().any(is_gone) {
            return Ok(None);
        }
        let changes = history::changed_paths(repo, Some(from), commit)?;
        // Attributes decide what git makes of files that did not change.
        let decides = |change: &Change| change.path.rsplit(|byte| *byte == b'/').next() == Some(b".gitattributes");
        if changes.iter().any(|change| change.kind == ChangeKind::Deleted || decides(change)) {
            return Ok(None);
        }
        let set_up = self.project.config().worktree_setup()?.map(|command| command.to_string());
        let Some(reads) = warm.reads() else { return Ok(None) };
        // The checkout's own configuration, which says what submodules it has, is made anew.
        let has_modules = self.project.blob_in(commit, ".gitmodules")?.is_some();
        let own = changes.iter().filter(|change| !change.path.starts_with(b".chant/"));
        let changed: Vec<Changed> = own.map(Changed::from).collect();
        let set_up = set_up.is_some_and(|command| {
            has_modules || changes.iter().any(|change| prepares(change, &command)) || reads::by_set_up(&reads, &changed)
        });
        Ok(Some(Begin { commit: from, layers: warm.layers(), index, set_up, changed, reads }))
    }

    /// Runs `commands` in turn in the warm checkout, until one fails.
    pub(super) fn run_warm(
        &mut self,
        commit: ObjectId,
        extra: &[Extra],
        commands: &[String],
        begins: &dyn Fn(&str),
    ) -> Result<Tried> {
        let Some(warm) = &self.warm else { return Ok(Tried::Not) };
        for command in commands {
            if warm.is(self.project, Mark::Cold, command)? {
                return Ok(Tried::Not);
            }
        }
        let Some(begin) = self.begin(commit)? else { return Ok(Tried::Not) };
        let progress = self.progress;
        let watched: Vec<PathBuf> = begin.changed.iter().map(|file| file.at.clone()).collect();
        let begun = self.visit_from(commit, extra, Some(&begin)).and_then(|mut visit| {
            let set_up = visit.prepare(&watched)?;
            Ok((visit, set_up))
        });
        let (visit, set_up) = match begun {
            Ok(begun) if begun.0.is_layered() => begun,
            // A cold checkout tells whether that is the fault of the warm one.
            Err(error) if error.kind != Kind::WorktreeSetup && error.kind != Kind::GitFailed => return Err(error),
            _ => return Ok(Tried::Not),
        };
        let mut done = Vec::new();
        for command in commands {
            begins(command);
            let (mut seen, mut read) = visit.run_watched(command, &watched)?;
            read.extend(set_up.iter().cloned());
            seen.ok = seen.has_passed();
            if !seen.ok {
                let what = format!("'{command}' failed in the reused checkout; running it again in a fresh one");
                progress.say(&Step::Note(what));
                return Ok(Tried::Failed);
            }
            if let Some(path) = reads::missed(&begin.reads, command, &begin.changed, &read) {
                let what = format!(
                    "'{command}' did not read '{path}' in the reused checkout; running it again in a fresh one"
                );
                progress.say(&Step::Note(what));
                return Ok(Tried::Missed);
            }
            done.push(seen);
        }
        Ok(Tried::Passed(done))
    }

    /// Remembers what `done` in a cold checkout, which was `prepared` in that time, shows of its commands; they were `tried` in a warm one
    /// before.
    pub(super) fn remember(&self, done: &[Command], prepared: Duration, tried: &Tried) -> Result<()> {
        let Some(warm) = &self.warm else { return Ok(()) };
        let contradicts = match tried {
            Tried::Failed => done.iter().all(Command::has_passed),
            Tried::Missed => !done.iter().all(Command::has_passed),
            Tried::Passed(_) | Tried::Not => false,
        };
        let mark = if contradicts {
            Mark::Cold
        } else if prepared + Duration::from_millis(done.iter().map(|seen| seen.duration_ms).sum()) >= SLOW {
            Mark::Slow
        } else {
            return Ok(());
        };
        done.iter().try_for_each(|seen| warm.mark(self.project, mark, &seen.command))
    }
}

impl Visit<'_> {
    /// Whether it is there in the sandbox only, so that what it writes lies apart.
    fn is_layered(&self) -> bool {
        self.stand.own_home
    }

    /// The tracked files.
    fn tracked(&self) -> Result<Vec<PathBuf>> {
        let git_dir = self.stand.path.join(".git");
        let tracked = self.stand.apart(&self.room.slot.dir, &git_dir).tracked()?;
        Ok(tracked.iter().filter_map(|path| path.to_path().ok()).map(Path::to_owned).collect())
    }

    /// What was written in it, and git's index of it. Its `tracked` files get a date of the past, another one in each `generation`: no later
    /// change has that date.
    fn settle(&self, tracked: &[PathBuf], generation: u64) -> Result<(PathBuf, PathBuf)> {
        let (slot, files) = (&self.room.slot.dir, &self.stand.files);
        let (git_dir, index) = (files.join(".git"), slot.join("git/index"));
        // Submodules that set-up brought have their repositories there.
        let (modules, aside) = (git_dir.join("modules"), slot.join("modules"));
        let has_modules = fs::symlink_metadata(&modules).is_ok_and(|meta| meta.is_dir());
        if has_modules {
            fs::rename(&modules, &aside).io("move", &modules)?;
        }
        remove::clear(&git_dir)?;
        apart::make_git_dir(&self.room.project.repo, &git_dir, self.commit)?;
        fs::copy(&index, git_dir.join("index")).io("copy", &index)?;
        let time = Timespec { tv_sec: PAST + 2 * i64::try_from(generation).unwrap_or_default(), tv_nsec: 0 };
        // A file that is gone or was not changed is not there.
        reads::date(files, tracked, &Timestamps { last_access: time, last_modification: time });
        let inside = self.stand.path.join(".git");
        self.stand.apart(slot, &inside).refresh()?;
        fs::copy(git_dir.join("index"), &index).io("copy", &index)?;
        remove::clear(&git_dir)?;
        if has_modules {
            fs::create_dir_all(&git_dir).io("create", &git_dir)?;
            fs::rename(&aside, &modules).io("move", &aside)?;
        }
        Ok((files.clone(), index))
    }
}

/// Whether a checkout is prepared from a file that changed: a manifest, a lock file, or what the set-up `command` names.
fn prepares(change: &Change, command: &str) -> bool {
    let path = change.path.to_str_lossy();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let lower = name.to_lowercase();
    role(&path) == Role::Configuration
        || ["lock", "requirements", "package", "pipfile", "gemfile"].iter().any(|part| lower.contains(part))
        || names(command, name)
}

/// Whether a command line names a file, as a word or as the end of a path in one.
fn names(command: &str, file: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || "._-+@%~".contains(c);
    command.match_indices(file).any(|(at, _)| {
        let (before, after) = (command[..at].chars().next_back(), command[at + file.len()..].chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_names_a_file_as_a_whole() {
        for named in ["sh setup", "./setup --fast", "cd a; sh scripts/setup>log", "sh 'setup'"] {
            assert!(names(named, "setup"), "{named}");
        }
        for other in ["sh setup.sh", "python3 -m venv --without-pip .venv", "sh resetup", "setup-all"] {
            assert!(!names(other, "setup") && !names(other, "w"), "{other}");
        }
    }
}
