//! The checks at the end of an attempt: git-chant runs each of them itself and records its evidence. A ticked box is a claim; these
//! are not. What follows from the outcome is not decided here.

mod command;
mod content;
pub(crate) mod recall;
mod reproduction;
mod room;
mod surroundings;
mod unseen;

use std::path::Path;

use gix::ObjectId;

use room::Extra;

use crate::{
    answer::progress::{Progress, Step},
    config::Scope as ScopeMode,
    domain::{
        checks::{Checks, Command, Criterion, Output, Reproduction, Scope},
        phase::Phase,
        spec_file,
        spec_file::Tick,
        spec_type::SpecType,
    },
    error::{Error, Kind, Result},
    project::Project,
    specs::attempt::Attempt,
};

pub(crate) use command::{environment, set_up};
pub(crate) use content::{is_forbidden, tip_file};
pub(crate) use reproduction::expectation;
pub(crate) use room::Room;

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
    /// Its worktree.
    pub worktree: &'a Path,
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
        checks.scope = Some(self.scope()?);
        checks.outputs = self.outputs()?;
        // What is wrong on paper needs no minutes of tests to be wrong.
        let front = &self.attempt.spec.front;
        if checks.clone().settled().ok && (!front.verify.is_empty() || front.reproduces.is_some()) {
            let mut room = Room::for_attempt(self.project, self.attempt.start, self.progress)?;
            checks.verify = self.verify(&mut room)?;
            checks.reproduces = self.reproduces(&mut room)?;
            if !checks.clone().settled().ok {
                self.progress.say(&Step::Hint(self.unseen()?));
            }
        }
        Ok(checks.settled())
    }

    /// Front matter and criteria count as they were pinned; of the tip only the ticks and the release notes.
    fn spec_text(&self, checks: &mut Checks) -> Result<()> {
        let attempt = self.attempt;
        let tip = self.tip_file(&attempt.spec_path)?;
        let Some(bytes) = tip else {
            checks.problems.push(format!("the spec file '{}' is gone", attempt.spec_path));
            return Ok(());
        };
        if spec_file::front_matter_bytes(&bytes) != spec_file::front_matter_bytes(&attempt.bytes) {
            checks.problems.push("the front matter of the spec was changed".to_owned());
        }
        checks.criteria = spec_file::compare_criteria(&attempt.spec.criteria, &spec_file::criteria_of(&bytes))
            .into_iter()
            .map(|criterion| Criterion {
                text: criterion.text,
                state: match criterion.state {
                    Tick::Ticked => "ticked",
                    Tick::Unticked => "unticked",
                    Tick::Missing => "missing",
                }
                .to_owned(),
            })
            .collect();
        if attempt.spec.front.known_phase() == Some(Phase::ForkFix) {
            checks.release_notes = Some(spec_file::release_notes_of(&bytes).is_some());
        }
        Ok(())
    }

    fn scope(&self) -> Result<Scope> {
        let mode = self.project.config().scope()?;
        let changed = self.changed_paths()?;
        let targets = self.attempt.targets()?;
        let mut scope = Scope { mode: mode.as_str().to_owned(), ..Scope::default() };
        for path in changed {
            if path == self.attempt.spec_path {
                continue;
            }
            if content::is_forbidden(&path) {
                scope.forbidden.push(path);
            } else if !targets.is_empty() && !targets.matches(path.as_str().into()) {
                scope.outside.push(path);
            }
        }
        if mode == ScopeMode::Warn && !scope.outside.is_empty() {
            let text = format!("changed outside target_files: {}", scope.outside.join(", "));
            self.progress.say(&Step::Warning(text));
        }
        if mode == ScopeMode::Off {
            scope.outside.clear();
        }
        scope.ok = scope.forbidden.is_empty() && (mode != ScopeMode::Error || scope.outside.is_empty());
        Ok(scope)
    }

    fn outputs(&self) -> Result<Vec<Output>> {
        let mut outputs = Vec::new();
        for path in self.attempt.spec.front.target_files.iter().filter(|entry| content::is_plain(entry)) {
            let why = self.unwritten(path)?;
            outputs.push(Output { path: path.clone(), ok: why.is_none(), why });
        }
        Ok(outputs)
    }

    /// Why a declared output is none; `None` if it is one. Of research more is asked than that there is something: that this
    /// attempt wrote it, and that it says more than its title.
    fn unwritten(&self, path: &str) -> Result<Option<String>> {
        let Some(bytes) = self.tip_file(path)? else { return Ok(Some("it is missing or empty".to_owned())) };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Some("it is missing or empty".to_owned()));
        }
        if self.attempt.spec.front.kind != SpecType::Research {
            return Ok(None);
        }
        let before = self.attempt.base.map(|base| self.project.blob_in(base, path)).transpose()?.flatten();
        if before.is_some_and(|(_, before)| before == bytes) {
            return Ok(Some("it is as it was before".to_owned()));
        }
        let text = String::from_utf8_lossy(&bytes);
        if !path.ends_with(".md") {
            return Ok(None);
        }
        if text.lines().filter(|line| !line.trim().is_empty()).count() < 2 {
            return Ok(Some("it is one line".to_owned()));
        }
        Ok(content::is_title_only(&text).then(|| "it has a title and says nothing".to_owned()))
    }

    /// Runs the commands, in one checkout of the tip, until one fails.
    fn verify(&self, room: &mut Room<'_>) -> Result<Vec<Command>> {
        let mut done = room.run_all(self.tip, &self.extra()?, &self.attempt.spec.front.verify)?;
        if let (true, Some(base)) = (self.project.config().verify_base()?, self.attempt.base) {
            for seen in &mut done {
                let at_base = room.run_or_recall(base, base, &seen.command, Command::is_evidence)?;
                seen.base = Some(Box::new(at_base));
            }
        }
        Ok(done)
    }

    fn reproduces(&self, room: &mut Room<'_>) -> Result<Option<Reproduction>> {
        let (Some(command), Some(base)) = (&self.attempt.spec.front.reproduces, self.attempt.base) else {
            return Ok(None);
        };
        self.progress.say(&Step::Checking { what: command });
        let expected = expectation(self.attempt.spec.front.known_phase());
        let at_base = room.run_or_recall(base, base, command, |seen| expected.at_base(seen))?;
        let at_tip = room.run(self.tip, command)?;
        Ok(Some(expected.judge(at_base, at_tip)))
    }

    /// In silent mode, what is judged of the attempt and is in no commit.
    fn extra(&self) -> Result<Vec<Extra>> {
        let mut extra = Vec::new();
        if self.project.silent {
            let declared = self.attempt.spec.front.target_files.iter().filter(|entry| content::is_plain(entry));
            for path in declared.chain([&self.attempt.spec_path]).filter(|path| path.starts_with(".chant/")) {
                extra.extend(self.tip_file(path)?.map(|bytes| (path.clone(), bytes)));
            }
        }
        Ok(extra)
    }
}
