//! Runs the commands of a spec again at some commit, for `verify`. Nothing is recorded, and the status of the spec stays as it is.

use gix::ObjectId;

use super::{
    check::{self, Prover, Room, Shown},
    finish::documents,
};
use crate::{
    answer::progress::{Progress, Step},
    domain::{
        check_line::{CheckLine, SHOWN},
        checks::{Built, Checks},
        phase::Phase,
        spec_file::Spec,
        state::State,
    },
    error::{Error, Exit, Result},
    git::history,
    project::{Project, check_output},
    specs::{attempt::Attempt, entry::Entry, text::Text},
};

/// The checks of `entry` at a commit, and what the test of a reproduction shows there.
pub(crate) struct Verified {
    /// The checks.
    pub checks: Checks,
    /// The note on a reproduction that is judged at another commit than its own.
    pub note: Option<CheckLine>,
}

/// Runs the commands that `text` names for the spec of `entry`, at the commit `at`.
///
/// # Errors
/// `cut-off` if it has to be proved, and this clone has neither the commits of the work nor its merge; `interrupted` by a signal.
pub(crate) fn verify(
    project: &Project,
    entry: &Entry,
    (text, spec): (&Text, &Spec),
    at: ObjectId,
    progress: &dyn Progress,
) -> Result<Verified> {
    let (mut checks, mut note) = (Checks::default(), None);
    let state = entry.state.as_deref().filter(|state| state.attempt.is_some());
    let work = state.map(|state| AttemptCommit::find(project, entry, (text, spec), state, at)).transpose()?;
    let mut room = match &work {
        Some(work) => Room::for_attempt(project, work.attempt.start, progress)?,
        None => Room::open(project, progress)?,
    };
    let (mut extra, mut commands) = (Vec::new(), spec.front.verify.clone());
    let is_reproduction = spec.front.known_phase() == Some(Phase::Reproduction);
    if let Some(work) = &work {
        room.warm_up(&work.attempt, &[])?;
        extra = documents(project, &work.attempt)?;
        if work.is_at || work.made != at {
            let paths = check::added(project, work.attempt.base, work.made, &spec.front)?;
            checks.built = Some(Built { paths, ack: None }).filter(|built| !built.paths.is_empty());
        }
        // Without a base there is nothing to compare with: that the test passes is the least.
        commands.extend(spec.front.reproduces.clone().filter(|_| work.attempt.base.is_none() && !is_reproduction));
    }
    checks.verify = room.run_all(at, &extra, &commands)?;
    // Without an attempt there is no test to hold yet.
    if let (Some(command), Some(work)) =
        (&spec.front.reproduces, work.as_ref().filter(|work| work.attempt.base.is_some()))
    {
        progress.say(&Step::Checking { what: command });
        let prover = Prover { project, attempt: &work.attempt, made: work.made, at };
        // A reproduction fails where it was made; later a fix makes it pass.
        if is_reproduction && !work.is_at {
            note = Some(said(command, prover.try_at(&mut room)?));
        } else {
            checks.reproduces = prover.prove(&mut room)?;
        }
    }
    if !checks.clone().settled().ok {
        let hints = check::unseen(&room, &entry.id, at)?;
        // Where it ran is plain here, unless something was missing there.
        hints.iter().filter(|_| hints.len() > 1).for_each(|what| progress.say(&Step::Hint(what.clone())));
    }
    if !checks.clone().settled().ok
        && let Some(what) = check::to_take_over(&room, entry.id.short())
    {
        progress.say(&Step::Hint(what));
    }
    let attempt = work.map(|work| work.attempt.start);
    check_output::write_whole(project, &entry.id, attempt, Some(at), checks.commands())?;
    Ok(Verified { checks: checks.settled(), note })
}

/// What an attempt made, as far as it is in this clone.
struct AttemptCommit {
    /// The attempt, with the text whose commands run.
    attempt: Attempt,
    /// The commit that has its tests.
    made: ObjectId,
    /// Whether that is the commit to judge.
    is_at: bool,
}

impl AttemptCommit {
    fn find(
        project: &Project,
        entry: &Entry,
        read: (&Text, &Spec),
        state: &State,
        at: ObjectId,
    ) -> Result<AttemptCommit> {
        let attempt = project.attempt(&entry.id, state)?.with_text(read.0, read.1);
        let Some(work) = state.facts.work_commits.last().copied() else {
            return Ok(AttemptCommit { attempt, made: at, is_at: false });
        };
        let found = AttemptCommit { is_at: work == at, made: work, attempt };
        let has = |commit: ObjectId| project.repo.gix().try_find_header(commit).is_ok_and(|found| found.is_some());
        let base = found.attempt.base;
        if found.attempt.spec.front.reproduces.is_none() || has(work) && base.is_none_or(has) {
            return Ok(found);
        }
        // A squash and a rebase leave the commits of the work in the clone that made them; their changes are in the target.
        match state.facts.landing {
            Some(landing) if has(landing.new) && landing.old.is_some_and(has) => {
                let attempt = Attempt { base: landing.old, ..found.attempt };
                Ok(AttemptCommit { attempt, made: landing.new, is_at: landing.new == at })
            }
            _ => {
                let missing = if has(work) { base.unwrap_or(work) } else { work };
                let refused = history::require(&project.repo, missing, &format!("cannot prove '{}'", entry.id.short()));
                refused.map_err(|error| Error { exit: Exit::Negative, ..error })?;
                Ok(found)
            }
        }
    }
}

/// What the test of a reproduction shows at another commit than its own.
fn said(command: &str, shown: Shown) -> CheckLine {
    let detail = match shown {
        Shown::Bug => "its test fails: the bug is in this revision".to_owned(),
        Shown::NoBug => "its test passes: the bug is not in this revision".to_owned(),
        Shown::Nothing(why) => format!("not judged: {why}"),
    };
    let name = format!("reproduces '{command}'");
    CheckLine {
        name,
        ok: true,
        detail: Some(detail),
        duration_ms: None,
        waits: false,
        note: true,
        shown: SHOWN,
        reason: None,
    }
}
