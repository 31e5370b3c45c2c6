//! The use case `attest`: what events say about the checks of merged work, as a statement about commits and files.

use bstr::{BStr, ByteSlice as _};
use gix::ObjectId;

use crate::{
    answer::{Digests, Resource, STATEMENT, Statement, TEST_RESULT, TestResult},
    domain::{digest, event::Landing, id::SpecId},
    error::{Error, Kind, Result},
    git::history::{self, ChangeKind},
    specs::{all::Specs, entry::Entry},
};

/// Where the history of a spec is.
const CHAIN: &str = "refs/chant/specs/";

/// What the events of a spec say about its merged work. All clones that have the target make the same of the same events: the commits of
/// the work itself may be gone after a squash.
///
/// # Errors
/// `no-work` if it is not merged, or nothing was recorded about its checks; `cut-off` if the merge is not in this clone.
pub(crate) fn statement(specs: &Specs<'_>, entry: &Entry) -> Result<Statement> {
    let short = entry.id.short();
    let none = |why: &str| Error::negative(Kind::NoWork, format!("cannot attest '{short}': {why}"));
    let state = entry.state.as_ref().ok_or_else(|| none("nothing is recorded"))?;
    if state.facts.work_commits.is_empty() {
        return Err(none("it has no work"));
    }
    let Landing { old, new: merged } = state.landing().ok_or_else(|| {
        none("its work is not merged").hint(format!("to see where it stands: git chant show {short}"))
    })?;
    for commit in [Some(merged), old].into_iter().flatten() {
        history::require(&specs.project.repo, commit, &format!("cannot attest '{short}'"))?;
    }
    let walk = specs.project.store()?.walk(&entry.id, state.tip)?;
    let (event, evidence, checks) =
        specs.recorded_checks(entry, &walk.history)?.ok_or_else(|| none("nothing was checked"))?;
    let files = Files { specs, commit: merged };
    let mut subject = vec![of_commit(merged.to_string(), merged)];
    for change in history::changed_paths(&specs.project.repo, old, merged)? {
        if change.kind != ChangeKind::Deleted {
            subject.extend(files.resource(change.path.as_ref())?);
        }
    }
    let mut configuration = vec![of_commit(format!("{CHAIN}{}", entry.id), event)];
    if let Some(text) = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref()) {
        let blob = state.facts.spec_blob.unwrap_or_else(|| text.blob());
        configuration.push(of_blob(text.path.clone(), blob));
    }
    configuration.push(of_blob("checks.json".to_owned(), evidence));
    for held in checks.reproduces.iter().flat_map(|proof| &proof.held) {
        configuration.extend(files.resource(held.as_bytes().into())?);
    }
    let lines = checks.lines();
    let names = |ok: bool| lines.iter().filter(|line| line.ok == ok).map(|line| line.name.clone()).collect::<Vec<_>>();
    let (passed, failed) = (names(true), names(false));
    let result = match (failed.is_empty(), passed.is_empty()) {
        (false, _) => "FAILED",
        (true, true) => "WARNED",
        (true, false) => "PASSED",
    };
    let predicate = TestResult { result: result.to_owned(), configuration, passed, warned: Vec::new(), failed };
    Ok(Statement { kind: STATEMENT.to_owned(), subject, predicate_type: TEST_RESULT.to_owned(), predicate })
}

/// The spec that a statement is about; `None` if it names none.
pub(crate) fn spec_of(statement: &serde_json::Value) -> Option<SpecId> {
    let configuration = statement.get("predicate")?.get("configuration")?.as_array()?;
    SpecId::new(configuration.first()?.get("name")?.as_str()?.strip_prefix(CHAIN)?).ok()
}

fn of_commit(name: String, id: ObjectId) -> Resource {
    Resource { name, digest: Digests { commit: Some(id.to_string()), ..Digests::default() } }
}

fn of_blob(name: String, id: ObjectId) -> Resource {
    Resource { name, digest: Digests { blob: Some(id.to_string()), ..Digests::default() } }
}

/// The files of a commit.
struct Files<'s, 'p> {
    specs: &'s Specs<'p>,
    commit: ObjectId,
}

impl Files<'_, '_> {
    /// What is at a path, with its digests: of a file, of the text of a symbolic link, or of a submodule, whose commit it is; `None` if
    /// nothing is there. What is no UTF-8 in a name is replaced.
    fn resource(&self, path: &BStr) -> Result<Option<Resource>> {
        let repo = self.specs.project.repo.gix();
        let tree = repo.find_commit(self.commit)?.tree()?;
        let Some(entry) = tree.lookup_entry_by_path(gix::path::from_bstr(path)?)? else { return Ok(None) };
        let name = path.to_str_lossy().into_owned();
        if entry.mode().is_commit() {
            return Ok(Some(of_commit(name, entry.object_id())));
        }
        let mut resource = of_blob(name, entry.object_id());
        let bytes = repo.find_blob(entry.object_id())?.take_data();
        let hex = digest::sha256(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        resource.digest.sha256 = Some(hex);
        Ok(Some(resource))
    }
}
