//! The use case `verify --since`: which specs a range of commits came from, and which of its commits came from none.

use gix::ObjectId;

use crate::{
    answer::LooseCommit,
    domain::id::SpecId,
    error::{Error, Kind, Result},
    git::{blame, history, merge},
    specs::{
        all::Specs,
        origin::{Origin, Question},
    },
};

/// What a range of commits came from.
#[derive(Debug, Default)]
pub(crate) struct Range {
    /// The specs that events confirm, in the order of their first commits.
    pub specs: Vec<SpecId>,
    /// The commits that came from none, oldest first.
    pub loose: Vec<LooseCommit>,
}

/// The specs behind the commits that `tip` reaches and `since` does not. A merge without a spec is skipped if it is what git makes of its
/// parents.
///
/// # Errors
/// `unknown-revision` if `since` reaches all that `tip` reaches and more; `cut-off` if this clone ends within the range; if the repository cannot be read.
pub(crate) fn range(specs: &Specs<'_>, since: ObjectId, tip: ObjectId) -> Result<Range> {
    let repo = &specs.project.repo;
    let mut found = Range::default();
    let mut add = |spec: SpecId| {
        if !found.specs.contains(&spec) {
            found.specs.push(spec);
        }
    };
    let commits = history::commits_between(repo, [since], tip)?;
    // A job of CI that has the two the wrong way round would pass whatever there is.
    if commits.is_empty() && since != tip {
        let (since, tip) = (since.to_hex_with_len(10), tip.to_hex_with_len(10));
        let message = format!("there is no commit to verify: {since} has every commit of {tip}");
        return Err(Error::fatal(Kind::UnknownRevision, message).hint("give the commit that the branch began with"));
    }
    if let Some(edge) = history::edge_in(repo, &commits)? {
        let message = format!(
            "cannot list the commits since {}: this clone ends at {}",
            since.to_hex_with_len(10),
            edge.to_hex_with_len(10)
        );
        return Err(history::with_unshallow(Error::fatal(Kind::CutOff, message)));
    }
    for commit in commits {
        let how = match specs.origin(Question { commit, path: None, line: None })? {
            origin @ (Origin::Recorded(_) | Origin::Patch { .. } | Origin::Squash { .. } | Origin::Several(_)) => {
                origin.sources().into_iter().for_each(|source| add(source.spec));
                continue;
            }
            // It has changes that no event records.
            origin @ (Origin::Altered { .. } | Origin::SquashOfSeveral(_) | Origin::Joined { .. }) => {
                origin.sources().into_iter().for_each(|source| add(source.spec));
                origin.in_words()
            }
            // What a commit or a note says of itself is no proof.
            other => other.in_words(),
        };
        let how = match repo.gix().find_commit(commit)?.parent_ids().count() < 2 {
            true => how,
            false if merge::is_automatic(repo, commit)? => continue,
            false => format!("{how}; it has changes that git's merge of its parents does not have"),
        };
        let subject = blame::subject(repo, commit)?;
        found.loose.push(LooseCommit { commit: commit.to_string(), subject, how });
    }
    Ok(found)
}
