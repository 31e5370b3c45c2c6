//! The commit of a squash merge: its author, and the trailers that its message keeps.

use bstr::{BString, ByteVec};
use gix::{ObjectId, actor::Signature};

use super::{
    commit::{self, Authorship, NewCommit, with_trailer},
    durability, history,
    repository::Repository,
    three_way::{Computed, Request, SharedFile},
};
use crate::error::Result;

/// The prefix of our own trailers, which are dropped: the message of the request has those that belong there.
const OWN: &[u8] = b"chant-";

/// Says who else wrote a commit; forges read it.
const CO_AUTHOR: &str = "Co-authored-by";

/// Makes one commit with `tree` on top of `ours`, whose tree is `our_tree`.
///
/// Its author is the one who made all of the work, otherwise the person, and the others are named as co-authors. The trailers of
/// the commits that are in it are kept, each once; those that sign off only where no agent made the work.
pub(super) fn compute(
    repo: &Repository,
    request: &Request<'_>,
    tree: ObjectId,
    our_tree: ObjectId,
    shared: Option<SharedFile<'_>>,
) -> Result<Computed> {
    if tree == our_tree {
        return Ok(Computed::UpToDate);
    }
    let work = SquashedCommits::read(repo, &history::commits_between(repo, request.known(), request.theirs)?, shared)?;
    let person = repo.author()?;
    let mut message = BString::from(request.message);
    let (author, others) = match work.authors.as_slice() {
        [one] => (Signature { time: person.time, ..one.clone() }, &[][..]),
        several => (person, several),
    };
    for trailer in work.trailers {
        message = with_trailer(&message, &trailer);
    }
    for other in others.iter().filter(|other| other.email != author.email) {
        let line = format!("{CO_AUTHOR}: {} <{}>", other.name, other.email);
        message = with_trailer(&message, line.as_bytes());
    }
    if !request.by_agent {
        for line in work.sign_offs {
            message = with_trailer(&message, &line);
        }
        message = commit::signed_off(repo, &message)?;
    }
    durability::sync_tree(repo, tree, Some(our_tree))?;
    let new = NewCommit { tree, parents: vec![request.ours], message };
    let by = Authorship { author, encoding: None };
    Ok(Computed::Commit(commit::write_by(repo, new, by, request.signing)?))
}

/// The authors and trailers of the squashed commits.
#[derive(Default)]
struct SquashedCommits {
    /// Who made them, each once.
    authors: Vec<Signature>,
    /// Their trailers as lines, each once.
    trailers: Vec<BString>,
    /// The trailers that sign off, which come last.
    sign_offs: Vec<BString>,
}

impl SquashedCommits {
    /// Merge commits say nothing of the work. Nor does it make an author to have added its spec, the file of `shared`.
    fn read(repo: &Repository, commits: &[ObjectId], shared: Option<SharedFile<'_>>) -> Result<SquashedCommits> {
        let mut work = SquashedCommits::default();
        for id in commits {
            let found = repo.gix().find_commit(*id)?;
            let parents: Vec<ObjectId> = found.parent_ids().map(gix::Id::detach).collect();
            if parents.len() > 1 {
                continue;
            }
            let commit = found.decode()?;
            for trailer in commit.message_trailers() {
                work.add_trailer(trailer.token, &trailer.value);
            }
            let paths = history::changed_paths(repo, parents.first().copied(), *id)?;
            let only_spec = shared.is_some_and(|shared| paths.iter().all(|change| change.path == shared.path));
            if !only_spec && let Ok(author) = commit.author().and_then(|author| author.to_owned()) {
                let known = |one: &Signature| one.email == author.email && one.name == author.name;
                if !work.authors.iter().any(known) {
                    work.authors.push(author);
                }
            }
        }
        Ok(work)
    }

    fn add_trailer(&mut self, token: &[u8], value: &[u8]) {
        let odd = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
        if token.to_ascii_lowercase().starts_with(OWN) || value.iter().any(odd) {
            return;
        }
        let signs_off = token.eq_ignore_ascii_case(b"Signed-off-by");
        let lines = if signs_off { &mut self.sign_offs } else { &mut self.trailers };
        let mut line = BString::from(token);
        line.push_str(": ");
        line.push_str(value);
        // The token is in any case, the value is not.
        let same = |other: &BString| {
            other.len() == line.len()
                && other[..token.len()].eq_ignore_ascii_case(token)
                && other[token.len()..] == line[token.len()..]
        };
        if !lines.iter().any(same) {
            lines.push(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailers_are_kept_once_and_ours_are_not() {
        let mut work = SquashedCommits::default();
        for (token, value) in [
            ("Fixes", "#1"),
            ("fixes", "#1"),
            ("Signed-off-by", "A <a@x>"),
            ("Chant-Spec", "x"),
            ("Fixes", "#2"),
            ("Odd", "a\u{1}b"),
        ] {
            work.add_trailer(token.as_bytes(), value.as_bytes());
        }
        assert_eq!(work.trailers, ["Fixes: #1", "Fixes: #2"]);
        assert_eq!(work.sign_offs, ["Signed-off-by: A <a@x>"]);
    }
}
