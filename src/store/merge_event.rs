//! Joins histories of one spec inside one repository: merge events, and the events that informing specs know. No ref is moved here.

use std::collections::BTreeSet;

use gix::ObjectId;

use super::{Store, Walk, decode};
use crate::{
    domain::{
        converge::{Source, Step, integrate},
        event::Author,
        id::SpecId,
    },
    error::Result,
    git::object::patiently,
};

impl Store<'_> {
    /// Joins diverged tips of one spec in a merge event, the same commit in every clone. It is written, no ref is moved. A parent
    /// that is no valid event has no say in its generation and its date.
    pub fn write_merge_event(&self, spec: &SpecId, parents: &[ObjectId]) -> Result<ObjectId> {
        let mut events = Vec::new();
        for parent in parents {
            events.extend(self.event(spec, *parent)?);
        }
        let (message, author) = super::merge_event(spec, parents.len(), &events.iter().collect::<Vec<_>>());
        self.write_joining_commit(message, ObjectId::empty_tree(self.repo.object_hash()), parents, author)
    }

    /// A commit that depends on nothing but what it joins.
    pub(super) fn write_joining_commit(
        &self,
        message: String,
        tree: ObjectId,
        parents: &[ObjectId],
        author: Author,
    ) -> Result<ObjectId> {
        if tree == ObjectId::empty_tree(self.repo.object_hash()) {
            // The empty tree is virtual for gix; git fsck wants it written.
            patiently(|| Ok(self.repo.write_object(gix::objs::Tree::empty())?.detach()))?;
        }
        let signature = gix::actor::Signature {
            name: author.name.into(),
            email: author.email.into(),
            time: gix::date::Time::new(author.seconds, author.offset),
        };
        let commit = gix::objs::Commit {
            tree,
            parents: parents.iter().copied().collect(),
            author: signature.clone(),
            committer: signature,
            encoding: None,
            message: message.into(),
            extra_headers: Vec::new(),
        };
        let id = patiently(|| Ok(self.repo.write_object(&commit)?.detach()))?;
        self.sync_objects(&[tree, id])?;
        Ok(id)
    }

    /// The tip that the chain has once it knows every event of `spec` that one of `informed` reaches: `tip` itself, or an
    /// event that exists and no ref names yet.
    pub(super) fn join_informed(&self, spec: &SpecId, tip: ObjectId, informed: &[ObjectId]) -> Result<ObjectId> {
        let mut joined = tip;
        for unknown in self.unknown_events(spec, tip, informed)? {
            let history = Walk::together(&self.walk(spec, joined)?, &self.walk(spec, unknown)?);
            joined = match integrate(&history, joined, unknown, Source::FetchOnly) {
                Step::Keep => joined,
                Step::Adopt => unknown,
                Step::Merge(parents) => self.write_merge_event(spec, &parents)?,
            };
        }
        Ok(joined)
    }

    /// The newest events of `spec` that `informed` reach, by parents of any role, and `tip` does not.
    fn unknown_events(&self, spec: &SpecId, tip: ObjectId, informed: &[ObjectId]) -> Result<Vec<ObjectId>> {
        if informed.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        let mut below: BTreeSet<ObjectId> = BTreeSet::new();
        for commit in self.repo.rev_walk(informed.iter().copied()).with_hidden([tip]).all()? {
            let commit = commit?;
            let object = self.repo.find_object(commit.id)?;
            let Ok(event) = decode(commit.id, &object.data) else { continue };
            if event.spec == *spec {
                below.extend(event.own_parents());
                found.push(event.id);
            }
        }
        found.retain(|id| !below.contains(id));
        Ok(found)
    }
}
