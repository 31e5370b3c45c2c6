//! Which spec a person means.

use crate::project::{ARCHIVE_DIR, Project, SPECS_DIR};
use crate::specs::{all::Specs, names::SpecNames};
use crate::{
    domain::{id::SpecId, status::Status},
    error::{Error, Kind, Result},
};

impl Project {
    /// The spec among `names` that `query` means: a full id, a short form of one, or the path of its file.
    ///
    /// # Errors
    /// `unknown-spec` if none fits, `ambiguous-spec` with the candidates in the hints if several do.
    pub(crate) fn resolve_in(&self, names: &SpecNames<'_>, query: &str) -> Result<SpecId> {
        let candidates = self.candidates(names, query)?;
        self.single_candidate(names, query, candidates)
    }

    /// The only one of `candidates`, which were found for `query`.
    ///
    /// # Errors
    /// As [`Project::resolve_in`].
    pub(crate) fn single_candidate(
        &self,
        names: &SpecNames<'_>,
        query: &str,
        candidates: Vec<SpecId>,
    ) -> Result<SpecId> {
        match candidates.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(self.unknown(names, query)?),
            several => Err(ambiguous(query, several)),
        }
    }

    /// Every spec that `query` may mean: the exact one, otherwise the active ones, otherwise the archived ones.
    pub(crate) fn candidates(&self, names: &SpecNames<'_>, query: &str) -> Result<Vec<SpecId>> {
        let query = stem_of(query);
        if let Ok(exact) = SpecId::new(query)
            && names.has(&exact)?
        {
            return Ok(vec![exact]);
        }
        let mut matching = names.matching(query)?;
        let mut active = Vec::new();
        for id in &matching {
            if !self.is_archived(names, id)? {
                active.push(id.clone());
            }
        }
        if !active.is_empty() {
            return Ok(active);
        }
        matching.extend(names.matching_archived(query)?);
        matching.sort_unstable();
        matching.dedup();
        Ok(matching)
    }

    fn unknown(&self, names: &SpecNames<'_>, query: &str) -> Result<Error> {
        let error = Error::fatal(Kind::UnknownSpec, format!("no such spec: '{}'", query.escape_debug()));
        // `1` for `001`: ids are text, and people count.
        let padded = query.bytes().all(|b| b.is_ascii_digit()).then(|| format!("{query:0>3}"));
        if let Some(padded) = padded.filter(|padded| padded != query)
            && !names.matching(&padded)?.is_empty()
        {
            return Ok(error.hint(format!("did you mean '{padded}'?")));
        }
        if Specs::new(self)?.of_any_topic(query).is_ok() {
            return Ok(error
                .hint(format!("'{query}' is a topic; to see how it stands: git chant status {query}"))
                .hint(format!("to work on all of its specs: git chant work --topic {query}")));
        }
        Ok(if names.all()?.is_empty() {
            error.hint("no specs yet; to create one: git chant add \"What to do\"")
        } else {
            error.hint("to list every spec: git chant list --all")
        })
    }

    fn is_archived(&self, names: &SpecNames<'_>, id: &SpecId) -> Result<bool> {
        match names.tip(id)? {
            Some(tip) => Ok(self.store()?.state_at(id, tip).is_ok_and(|(state, _)| state.status == Status::Archived)),
            None => Ok(!names.has_file(id)?),
        }
    }
}

/// `.chant/specs/<id>.md` and `<id>.md` mean the spec, as a person gets them from completing file names.
fn stem_of(query: &str) -> &str {
    let name = query.strip_prefix("./").unwrap_or(query);
    let name = name
        .strip_prefix(SPECS_DIR)
        .or_else(|| name.strip_prefix(ARCHIVE_DIR))
        .map_or(name, |rest| rest.trim_start_matches('/'));
    name.strip_suffix(".md").unwrap_or(name)
}

fn ambiguous(query: &str, several: &[SpecId]) -> Error {
    let mut error =
        Error::fatal(Kind::AmbiguousSpec, format!("'{}' matches {} specs", query.escape_debug(), several.len()));
    for id in several.iter().take(20) {
        error = error.hint(format!("matches {id}"));
    }
    error
}
