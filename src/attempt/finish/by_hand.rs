//! A person did what nobody had claimed.

use gix::ObjectId;

use super::Judged;
use crate::{
    answer::progress::{Progress, Step},
    attempt::check::{Checkout, run_command},
    domain::{
        checks::{Checks, Criterion},
        event::{Facts, Op},
        id::SpecId,
        new_event::NewEvent,
    },
    error::{Error, Result},
    git::repository::Head,
    project::Project,
    specs::text::Loaded,
    store::{Addition, Evidence},
};

/// Records that a person finished `id`: the criteria are read from its text as it is now, `verify:` commands run in a clean
/// checkout of `HEAD`. `commits` are the person's commits, as far as they were named.
///
/// # Errors
/// If it cannot be checked at all. A criterion that is not ticked is a result.
pub(crate) fn by_hand(
    project: &Project,
    id: &SpecId,
    loaded: &Loaded,
    commits: &[ObjectId],
    progress: &dyn Progress,
) -> Result<Judged> {
    let (text, spec) = loaded.valid(id)?;
    let head = project.repo.head()?;
    let criteria = spec.criteria.iter().map(|one| Criterion {
        text: one.text.clone(),
        state: if one.checked { "ticked" } else { "unticked" }.to_owned(),
    });
    let mut checks = Checks { criteria: criteria.collect(), ..Checks::default() };
    if let Some(tip) = head.id()
        && !spec.front.verify.is_empty()
        && checks.clone().settled().ok
    {
        let mut checkout = Checkout::open(project)?;
        checkout.stand_at(tip)?;
        for command in &spec.front.verify {
            progress.say(&Step::Checking { what: command });
            let mut seen = run_command(project, id, command, checkout.path())?;
            seen.ok = seen.exit == Some(0);
            checks.verify.push(seen);
        }
    }
    let checks = checks.settled();
    if !checks.ok {
        let failed = Some(checks.failures());
        return Ok(Judged {
            event: None,
            failed,
            paused: None,
            checks,
            commits: commits.to_vec(),
            late: false,
            interrupted: None,
        });
    }
    let store = project.store()?;
    let json = serde_json::to_vec_pretty(&checks.clone().without_output())
        .map_err(|error| Error::fatal("checks", format!("cannot write the checks: {error}")))?;
    let evidence = Evidence {
        spec: Some(store.write_blob(&text.bytes)?),
        checks: Some(store.write_blob(&json)?),
        ..Evidence::default()
    };
    let facts = Facts {
        target: match &head {
            Head::Branch(name, _) => Some(name.as_bstr().to_string()),
            Head::Detached(_) => None,
        },
        spec_path: Some(text.path.clone()),
        spec_blob: Some(text.blob()),
        work_commits: commits.to_vec(),
        ..Facts::default()
    };
    let sentence = format!("{} was finished by hand", spec.title.as_deref().unwrap_or_else(|| id.short()));
    let appended = store
        .append(id, |_| {
            Ok(Addition {
                event: NewEvent { op: Op::Finish, sentence: sentence.clone(), facts: facts.clone() },
                evidence: evidence.clone(),
                informed: Vec::new(),
            })
        })
        .map_err(|refusal| refusal.into_error(id.short()))?;
    if !project.silent && !commits.is_empty() {
        store.annotate(id, commits)?;
    }
    Ok(Judged {
        event: Some(appended.event),
        failed: None,
        paused: None,
        checks,
        commits: commits.to_vec(),
        late: appended.late,
        interrupted: None,
    })
}
