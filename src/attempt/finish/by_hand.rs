//! Checks and records work that a person did without an attempt. Work of an attempt is judged in the parent module.

use gix::ObjectId;

use crate::{
    answer::progress::Progress,
    attempt::{
        check::{Room, write_checks},
        ended::{Failure, Judged, Verdict},
    },
    domain::{
        checks::{Checks, Criterion},
        event::{Facts, Op},
        id::SpecId,
        new_event::NewEvent,
        spec_file::Spec,
    },
    error::Result,
    git::repository::Head,
    project::Project,
    specs::text::Text,
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
    text: &Text,
    spec: &Spec,
    commits: &[ObjectId],
    progress: &dyn Progress,
) -> Result<Judged> {
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
        checks.verify = Room::open(project, progress)?.run_all(tip, &[], &spec.front.verify)?;
    }
    let checks = checks.settled();
    if !checks.ok {
        let verdict = Verdict::Failed(Failure::Checks(checks.failures()));
        return Ok(Judged { verdict, checks, late: false });
    }
    let store = project.store()?;
    let evidence = Evidence {
        spec: Some(store.write_blob(&text.bytes)?),
        checks: Some(write_checks(project, &checks.clone().without_output())?),
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
        verified: Some(checks.verified()),
        ..Facts::default()
    };
    let sentence = format!("{} was finished by hand", spec.title.as_deref().unwrap_or_else(|| id.short()));
    let event = NewEvent { op: Op::Finish, sentence, facts };
    let appended = store.record(id, Addition { event, evidence, informed: Vec::new() })?;
    if !project.silent && !commits.is_empty() {
        store.annotate(id, commits)?;
    }
    Ok(Judged { verdict: Verdict::Passed, checks, late: appended.late })
}
