//! `git chant accept`

use super::Context;
use crate::{
    answer::{Recorded, outcome::Outcome, progress::Step},
    attempt::{
        check::{self, recall},
        seen,
    },
    authoring::decide,
    cli::state::AcceptArgs,
    domain::{enumeration::enumerate, new_event::sentence, status::Status},
    error::{Error, Kind, Result},
};

pub(super) fn run(context: &Context<'_>, args: &AcceptArgs) -> Result<Outcome> {
    let (project, id) = context.open_to_change(&args.spec)?;
    let attempt = project.store()?.state(&id)?.and_then(|state| state.attempt);
    let acknowledged = decide::acknowledge(&project, &id, &args.reason);
    let taken = check::take_over(&project, attempt)?;
    let sentence = match acknowledged {
        // Then it was for that.
        Err(Error { kind: Kind::NothingToAck | Kind::NotAllowed, .. }) if !taken.is_empty() => {
            sentence("Accepted", id.short(), &args.reason)
        }
        acknowledged => acknowledged?,
    };
    seen::acknowledge(&project, &id)?;
    if !taken.is_empty() {
        recall::forget(&project)?;
        let paths: Vec<String> = taken.iter().map(|path| path.display().to_string()).collect();
        let what = "checks find these changes of your home directory from now on";
        context.progress.say(&Step::Note(format!("{what}: {}", enumerate(&paths))));
    }
    let spec = context.view(&project, &id)?;
    let waits = spec.status == Status::Finished;
    let outcome = Outcome::new(Recorded { spec, op: "ack".into(), sentence });
    Ok(match (waits, taken.is_empty()) {
        (true, _) => outcome.hint(format!("to merge it: git chant merge {}", id.short())),
        (false, false) => outcome.hint(format!("to check its work again: git chant finish {}", id.short())),
        (false, true) => outcome,
    })
}
