//! When a check begins with the warm checkout, and when it adds to it.
//!
//! Only a commit that the target had before the agent began adds to the warm checkout, and only what [`super::kept`] lets stay. A check of
//! anything else throws away what it wrote. Where a file is gone since, or one changed that says what is built or installed, a check begins
//! with nothing. It can only pass in the warm checkout, and only if the commands read what the work changed: anything else is run again in a cold
//! one, and that outcome counts. Nothing here fails a check: without a warm checkout it only takes longer.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use bstr::ByteSlice;
use gix::ObjectId;
use rustix::fs::{Timespec, Timestamps};

use super::{
    compiled::Compiled,
    kept::{Kept, Tree},
    reads::{self, Changed, SET_UP},
    recall,
    room::{Begin, Extra, Room, Tried},
    visit::Visit,
};
use crate::{
    answer::progress::Step,
    config::Confine,
    domain::{
        checks::Command,
        test_path::{Role, role},
    },
    error::{Error, Exit, IoContext, Kind, Result},
    git::{
        history::{self, Change, ChangeKind},
        private::apart,
        worktree::remove,
    },
    project::warm::{Added, Built, Mark, Reads, Warm},
    specs::attempt::Attempt,
};

/// A check that takes no longer needs no warm checkout.
const SLOW: Duration = Duration::from_secs(2);

impl Room<'_> {
    /// Lets checks in this room begin with the warm checkout. Where it is of use for `commands`, and lacks something, they run on the base
    /// of `attempt` first.
    ///
    /// # Errors
    /// If the person interrupts a command.
    pub(crate) fn warm_up(&mut self, attempt: &Attempt, commands: &[String]) -> Result<()> {
        self.base = attempt.base;
        if let Err(error) = self.try_to_warm_up(attempt, commands) {
            let why = error.message.clone();
            is_of_the_person(error)?;
            self.warm = None;
            let what = format!("commands run in a fresh checkout: a reusable one cannot be prepared: {why}");
            self.progress.say(&Step::Note(what));
        }
        Ok(())
    }

    fn try_to_warm_up(&mut self, attempt: &Attempt, commands: &[String]) -> Result<()> {
        if self.project.config().confine()? == Confine::Off {
            return Ok(());
        }
        let key = recall::around(self.project)?;
        self.warm = Warm::open(self.project, self.project.store()?.blob_id(&key).to_string())?;
        if self.warm.is_none() {
            return Ok(());
        }
        fs::create_dir_all(&self.slot.dir).io("create", &self.slot.dir)?;
        if !reads::are_seen(&self.slot.dir)? {
            self.warm = None;
            let why = "commands run in a fresh checkout: the file system does not tell what they read (noatime)";
            return self.slot.tell_once(why, |why| self.progress.say(&Step::Note(why.to_owned())));
        }
        let Some(base) = attempt.base else { return Ok(()) };
        let target = attempt.target.as_deref().map(|name| self.project.branch_tip(name)).transpose()?.flatten();
        let Some(tip) = target.filter(|tip| self.project.is_ancestor(base, *tip).unwrap_or(false)) else {
            return Ok(());
        };
        self.of_target = vec![base, tip];
        if !self.lacks(base, commands)? {
            return Ok(());
        }
        let begin = if self.warm.as_ref().is_some_and(Warm::can_grow) { self.begin(base)? } else { None };
        // What is set apart lies in the newest directory only, and is made anew with it.
        let begin = begin.map(|begin| Begin { compiled: Compiled::default(), ..begin });
        let Some(mut warm) = self.warm.take() else { return Ok(()) };
        let built = self.build(&mut warm, base, commands, begin.as_ref());
        self.warm = Some(warm);
        built
    }

    /// Runs `commands` on `base`, and adds what they build to the warm checkout.
    fn build(&mut self, warm: &mut Warm, base: ObjectId, commands: &[String], begin: Option<&Begin>) -> Result<()> {
        let (project, progress) = (self.project, self.progress);
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
        // The check itself tells that set-up fails.
        let Some((visit, tracked, read)) = begun? else { return Ok(()) };
        let below = begin.map(|begin| begin.layers.as_slice()).unwrap_or_default();
        let paths: HashSet<&Path> = tracked.iter().map(PathBuf::as_path).collect();
        let (top, checkout) = (visit.stand.files.clone(), visit.stand.path.clone());
        let tree = Tree::new(&top, below, &paths, &checkout);
        let set_up = tree.outputs()?;
        let mut reads = Reads::from([(SET_UP.to_owned(), read)]);
        for command in commands {
            let (_, read) = visit.run_watched(command, &tracked)?;
            reads.insert(command.clone(), read);
        }
        let cold = || commands.iter().try_for_each(|command| warm.mark(project, Mark::Cold, command));
        let compiled = visit.room.slot.dir.join("compiled");
        let (kept, units) = tree.remove_others(&set_up, &compiled)?;
        match kept {
            Kept::Nothing if begin.is_none() => return cold(),
            Kept::Changed => return cold(),
            Kept::Something | Kept::Nothing => {}
        }
        let (tree, index) = &visit.settle(&tracked, warm.next())?;
        let on_top = begin.is_some();
        let units = serde_json::to_vec(&units).map_err(std::io::Error::from).io("write", &compiled)?;
        let compiled = (compiled.as_path(), units.as_slice());
        let added =
            warm.add(project, &Built { commit: base, tree, index, commands, reads: &reads, compiled, on_top })?;
        if let Added::TooLarge(size) = added {
            let size = size.div_ceil(1_000_000);
            let what = "commands run in a fresh checkout: a reusable one is larger than chant.warmLimit";
            progress.say(&Step::Note(format!("{what} ({size} MB)")));
        }
        Ok(())
    }

    /// Whether one of `commands` is slow, and the warm checkout does not have what it builds at `base`.
    fn lacks(&self, base: ObjectId, commands: &[String]) -> Result<bool> {
        let Some(warm) = &self.warm else { return Ok(false) };
        let fits = self.begin(base)?.is_some();
        for command in commands {
            let is = |mark| warm.is(self.project, mark, command);
            if is(Mark::Slow)? && !is(Mark::Cold)? && !(fits && warm.has_run(command)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What a check of `commit` can begin with. Nothing where a file is gone since, or where one changed that says what is built or
    /// installed: what came of it before would still be there.
    fn begin(&self, commit: ObjectId) -> Result<Option<Begin>> {
        let Some(warm) = &self.warm else { return Ok(None) };
        let (Some(from), Some(index)) = (warm.commit(), warm.index()) else { return Ok(None) };
        let repo = &self.project.repo;
        if repo.gix().try_find_header(from)?.is_none() {
            return Ok(None);
        }
        let changes = history::changed_paths(repo, Some(from), commit)?;
        // Attributes decide what git makes of files that did not change.
        let decides = |change: &Change| change.path.rsplit(|byte| *byte == b'/').next() == Some(b".gitattributes");
        let set_up = self.project.config().worktree_setup()?.unwrap_or_default().to_string();
        let is_fresh =
            |change: &Change| change.kind == ChangeKind::Deleted || decides(change) || prepares(change, &set_up);
        let Some(reads) = warm.reads().filter(|_| !changes.iter().any(is_fresh)) else { return Ok(None) };
        let mut changed: Vec<Changed> = changes.iter().map(Changed::from).collect();
        if reads::by_set_up(&reads, &changed) {
            return Ok(None);
        }
        for known in &self.of_target {
            let by_work = history::changed_paths(repo, Some(*known), commit)?;
            let by_work: HashSet<&[u8]> = by_work.iter().map(|change| change.path.as_slice()).collect();
            let stays = |change: &Change| !by_work.contains(change.path.as_slice());
            changed.iter_mut().zip(&changes).for_each(|(file, change)| file.of_target |= stays(change));
        }
        // The checkout's own configuration, which says what submodules it has, is made anew.
        let set_up = self.project.blob_id_in(commit, ".gitmodules")?.is_some();
        let compiled = warm.compiled().and_then(|(dir, units)| Some((dir, serde_json::from_slice(&units).ok()?)));
        let compiled = compiled.map(|(dir, units)| Compiled::unaffected(dir, units, &changed)).unwrap_or_default();
        Ok(Some(Begin { commit: from, layers: warm.layers(), compiled, index, set_up, changed, reads }))
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
        if let Some(path) = reads::never_read(&begin.reads, &begin.changed) {
            let what = format!("'{path}' has changed, and no command was seen to read it; using a fresh checkout");
            progress.say(&Step::Note(what));
            return Ok(Tried::Not);
        }
        let watched: Vec<PathBuf> = begin.changed.iter().map(|file| file.at.clone()).collect();
        let begun = self.visit_from(commit, extra, Some(&begin)).and_then(|mut visit| {
            let set_up = visit.prepare(&watched)?;
            Ok((visit, set_up))
        });
        let (visit, set_up) = match begun {
            Ok(begun) if begun.0.is_layered() => begun,
            // A cold checkout tells whether that is the fault of the warm one.
            Err(error) => return is_of_the_person(error).map(|()| Tried::Not),
            Ok(_) => return Ok(Tried::Not),
        };
        let (mut done, mut all_read) = (Vec::new(), set_up.clone());
        for command in commands {
            begins(command);
            let (mut seen, mut read) = visit.run_watched(command, &watched)?;
            read.extend(set_up.iter().cloned());
            all_read.extend(read.iter().cloned());
            seen.ok = seen.has_passed();
            if !seen.ok {
                let what = format!("'{command}' failed in the reused checkout; running it again in a fresh one");
                progress.say(&Step::Note(what));
                return Ok(Tried::Failed);
            }
            let is_last = done.len() + 1 == commands.len();
            let unread = || reads::unread(&begin.changed, &all_read).filter(|_| is_last);
            if let Some(path) = reads::missed(&begin.reads, command, &begin.changed, &read).or_else(unread) {
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

/// Gives an error back by which a person ended a command, and no other.
fn is_of_the_person(error: Error) -> Result<()> {
    let interrupts = error.kind == Kind::Interrupted || matches!(error.exit, Exit::Signal(_));
    if interrupts { Err(error) } else { Ok(()) }
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
        let time = Timespec { tv_sec: reads::PAST + 2 * i64::try_from(generation).unwrap_or_default(), tv_nsec: 0 };
        // A file that is gone or was not changed is not there.
        reads::date(files, tracked, &Timestamps { last_access: time, last_modification: time });
        let inside = self.stand.path.join(".git");
        let apart = self.stand.apart(slot, &inside);
        reads::age(files, &apart.tracked_and_ignored()?);
        apart.refresh()?;
        fs::copy(git_dir.join("index"), &index).io("copy", &index)?;
        remove::clear(&git_dir)?;
        if has_modules {
            fs::create_dir_all(&git_dir).io("create", &git_dir)?;
            fs::rename(&aside, &modules).io("move", &aside)?;
        }
        Ok((files.clone(), index))
    }
}

/// Beginnings and endings of names, in lower case, of files that say what is built or installed, besides those that configure a build.
const MANIFESTS: &[&str] = &["constraints", "environment.y", "gemfile", "package.", "packages.config", "pipfile"];
const OF_MANIFESTS: &[&str] = &[
    ".cabal",
    ".cmake",
    ".csproj",
    ".gemspec",
    ".gradle",
    ".lock",
    ".lockb",
    ".mk",
    ".sbt",
    "-lock.json",
    "-lock.yaml",
    "shrinkwrap.json",
];

/// Whether a file that changed says what is built or installed: a manifest, a lock file, or what the set-up `command` names.
fn prepares(change: &Change, command: &str) -> bool {
    let path = change.path.to_str_lossy();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let lower = name.to_lowercase();
    role(&path) == Role::Configuration
        || MANIFESTS.iter().any(|begin| lower.starts_with(begin))
        || OF_MANIFESTS.iter().any(|end| lower.ends_with(end))
        || [".txt", ".in"].iter().any(|end| lower.ends_with(end)) && path.to_lowercase().contains("requirements")
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
