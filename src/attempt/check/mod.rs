//! The checks at the end of an attempt: git-chant runs each of them itself and records its evidence. A ticked box is a claim; these
//! are not. What follows from the outcome is not decided here.

mod built;
mod canary;
mod cargo_target;
mod chain;
mod changes;
mod command;
mod compiled;
mod content;
mod doubt;
mod doubts;
mod held;
mod kept;
mod map;
mod proof;
mod reads;
pub(crate) mod recall;
mod roles;
mod room;
mod started;
mod superseded;
mod surroundings;
mod test_set;
mod text;
mod unseen;
mod visit;
mod warm;

use std::path::Path;

use gix::ObjectId;

use room::Extra;

use crate::{
    answer::progress::{Progress, Step},
    attempt::prepared,
    config::Scope as ScopeMode,
    domain::{
        checks::{Checks, Command, Reproduction, Scope},
        enumeration::enumerate,
        pattern::check_path,
        spec_type::SpecType,
        test_path::shadows_runner,
    },
    error::{Error, Kind, Result},
    project::{Project, check_output, files::is_forbidden},
    specs::attempt::Attempt,
};

pub(crate) use built::{added, run_too, without};
pub(crate) use changes::{remember_changes, take_over};
pub(crate) use command::set_up;
pub(crate) use content::{changed_by, own_changes, paths_of, tip_file};
pub(crate) use proof::{Prover, Shown};
pub(crate) use room::Room;
pub(crate) use unseen::{to_take_over, unseen};

/// Writes the `checks` as the evidence of an event.
pub(crate) fn write_checks(project: &Project, checks: &Checks) -> Result<ObjectId> {
    let json = serde_json::to_vec_pretty(checks)
        .map_err(|error| Error::fatal(Kind::Checks, format!("cannot write the checks: {error}")))?;
    project.store()?.write_blob(&json)
}

/// What is checked and where.
pub(crate) struct Check<'a> {
    /// The project.
    pub project: &'a Project,
    /// The attempt.
    pub attempt: &'a Attempt,
    /// The newest commit of the attempt.
    pub tip: ObjectId,
    /// Its worktree; for a person's own work without an attempt that in which they are.
    pub worktree: &'a Path,
    /// The commits that a person names as the work, the oldest first, where no attempt made any. The text of the spec counts as it is then.
    pub by_hand: Option<&'a [ObjectId]>,
    /// Whether a person accepts that it changed nothing.
    pub may_be_empty: bool,
    /// Where to say what is being checked.
    pub progress: &'a dyn Progress,
}

impl Check<'_> {
    /// Runs every check. A failed one is a result, not an error.
    ///
    /// # Errors
    /// Only if a check could not be made at all (no repository, a full disk).
    pub(crate) fn run(&self) -> Result<Checks> {
        let mut checks = Checks::default();
        self.spec_text(&mut checks)?;
        self.inputs(&mut checks)?;
        checks.scope = Some(self.scope()?);
        checks.altered_tests = self.altered_tests()?;
        checks.built = self.built()?;
        checks.outputs = self.outputs()?;
        // What is wrong on paper needs no minutes of tests to be wrong.
        let front = &self.attempt.spec.front;
        if checks.clone().settled().ok && (!front.verify.is_empty() || front.reproduces.is_some()) {
            let mut room = Room::for_attempt(self.project, self.attempt.start, self.progress)?;
            let commands = front.commands_to_pass();
            room.warm_up(self.attempt, &commands)?;
            checks.verify = self.verify(&mut room)?;
            checks.reproduces = self.reproduces(&mut room)?;
            let mut without = None;
            if let (true, Some(built), None) = (checks.clone().settled().ok, &mut checks.built, self.by_hand) {
                without = self.run_without(&mut room, built, &commands)?;
            }
            let Attempt { id, start, .. } = self.attempt;
            let ran = checks.commands().chain(&without);
            check_output::write_whole(self.project, id, Some(*start), Some(self.tip), ran)?;
            if !checks.clone().settled().ok {
                unseen(&room, &self.attempt.id, self.tip)?
                    .into_iter()
                    .for_each(|what| self.progress.say(&Step::Hint(what)));
                if self.lacks_submodules()? {
                    let set_up = "git config chant.worktreeSetup \"git submodule update --init --recursive\"";
                    self.progress.say(&Step::Hint(format!("to have submodules in worktrees and checkouts: {set_up}")));
                }
                if let Some(what) = to_take_over(&room, id.short()) {
                    self.progress.say(&Step::Hint(what));
                }
                if checks.commands().any(|seen| !seen.changed.is_empty()) {
                    let what = "to let checks change a tracked file: git config chant.checkMayChange \"<files>\"";
                    self.progress.say(&Step::Hint(what.to_owned()));
                }
            }
        }
        Ok(checks.settled())
    }

    fn scope(&self) -> Result<Scope> {
        let mode = self.project.config().scope()?;
        let changed = self.changed_paths()?;
        let bounds = self.bounds()?;
        let targets = match &bounds {
            Some(bounds) => bounds.paths.clone(),
            None => self.attempt.targets()?,
        };
        let limited = bounds.is_some() || self.attempt.is_confined();
        // A proof sees for itself whether its test ran; `verify` would believe whatever exits with 0.
        let has_proof = self.attempt.spec.front.reproduces.is_some();
        let mut scope =
            Scope { mode: mode.as_str().to_owned(), map: bounds.map(|bounds| bounds.place), ..Scope::default() };
        scope.repositories = content::repositories(self.project, self.tip, &changed)?;
        for dir in &scope.repositories {
            let what = format!("the work has a bare repository in '{dir}': git obeys its configuration there");
            self.progress.say(&Step::Warning(what));
        }
        let links = self.changed_links()?;
        let by_set_up = prepared::committed(self.project, &self.attempt.id, self.tip, &changed)?;
        if !by_set_up.is_empty() {
            let what = "the commits of the work have files as chant.worktreeSetup left them";
            self.progress.say(&Step::Warning(format!("{what}: {}", enumerate(&by_set_up))));
        }
        for path in changed {
            if path == self.attempt.spec_path {
                continue;
            }
            let research = self.attempt.spec.front.kind == SpecType::Research && targets.is_empty();
            let named = targets.matches(path.as_str().into());
            let own = !by_set_up.contains(&path);
            let shadows = own && !named && !has_proof && shadows_runner(&path) && self.is_new(&path)?;
            if self.by_hand.is_none() && is_forbidden(&path) || research && content::is_code(&path) || shadows {
                scope.forbidden.push(path);
            } else if links.contains(&path) && content::leads_out(self.project, self.tip, &path)? {
                scope.leading_out.push(path);
            } else if limited
                && !targets.is_empty()
                && !named
                && own
                && (scope.map.is_none() || !self.adds_tests(&path)?)
            {
                scope.outside.push(path);
            }
        }
        if mode == ScopeMode::Warn && !scope.outside.is_empty() {
            self.progress.say(&Step::Warning(format!("changed {}", scope.strays())));
        }
        if mode == ScopeMode::Off {
            scope.outside.clear();
        }
        scope.ok = scope.forbidden.is_empty()
            && scope.leading_out.is_empty()
            && (mode != ScopeMode::Error || scope.outside.is_empty());
        Ok(scope)
    }

    /// Whether the base has no file at `path`.
    fn is_new(&self, path: &str) -> Result<bool> {
        let before = self.attempt.base.map(|base| self.project.blob_id_in(base, path)).transpose()?;
        Ok(before.flatten().is_none())
    }

    /// Runs the commands, in one checkout of the tip, until one fails.
    fn verify(&self, room: &mut Room<'_>) -> Result<Vec<Command>> {
        let mut done = room.run_all(self.tip, &self.extra()?, &self.attempt.spec.front.verify)?;
        done.iter_mut().try_for_each(|seen| self.count_only_tests(seen))?;
        if let (true, Some(base)) = (self.project.config().verify_base()?, self.attempt.base) {
            let commands: Vec<String> = done.iter().map(|seen| seen.command.clone()).collect();
            let at_base = room.run_each_or_recall(base, &commands)?;
            done.iter_mut().zip(at_base).for_each(|(seen, at_base)| seen.base = Some(Box::new(at_base)));
        }
        Ok(done)
    }

    fn reproduces(&self, room: &mut Room<'_>) -> Result<Option<Reproduction>> {
        if let Some(command) = &self.attempt.spec.front.reproduces {
            self.progress.say(&Step::Checking { what: command });
        }
        let made = self.by_hand.and_then(<[_]>::last).copied().unwrap_or(self.tip);
        let proof = Prover { project: self.project, attempt: self.attempt, made, at: self.tip }.prove(room)?;
        for note in proof.iter().flat_map(|proof| &proof.notes) {
            self.progress.say(&Step::Warning(note.clone()));
        }
        Ok(proof)
    }

    /// In silent mode, what is judged of the attempt and is in no commit, and what it was given.
    fn extra(&self) -> Result<Vec<Extra>> {
        let mut extra = Vec::new();
        if self.project.silent {
            let declared = self.attempt.spec.front.target_files.iter().filter(|entry| content::is_plain(entry));
            for path in declared.chain([&self.attempt.spec_path]).filter(|path| path.starts_with(".chant/")) {
                extra.extend(self.tip_file(path)?.map(|bytes| (path.clone(), bytes)));
            }
            for (path, bytes) in given(self.project, self.attempt)? {
                if extra.iter().all(|(other, _)| *other != path) {
                    extra.push((path, bytes));
                }
            }
        }
        Ok(extra)
    }
}

/// In silent mode, the documents that an attempt was given, which are in no commit.
///
/// # Errors
/// If its start cannot be read.
pub(crate) fn given(project: &Project, attempt: &Attempt) -> Result<Vec<Extra>> {
    let mut given = Vec::new();
    if project.silent {
        for file in project.store()?.evidence_files(attempt.start, "inputs")? {
            if file.path.starts_with(".chant/") && check_path(&file.path).is_ok() {
                given.push((file.path, project.repo.gix().find_blob(file.blob)?.take_data()));
            }
        }
    }
    Ok(given)
}
