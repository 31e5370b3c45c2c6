//! What a person asks about a commit.

use gix::ObjectId;

/// A commit, and what of it is asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    /// The commit.
    pub commit: ObjectId,
    /// The path that the question is about, as the commit has it.
    pub path: Option<&'a str>,
    /// The line of the path, from 1, as the commit has it.
    pub line: Option<u64>,
}
