//! What can be asked of the specs. Nothing here writes.

pub(crate) mod attest;
pub(crate) mod completion;
pub(crate) mod cost;
pub(crate) mod drift;
pub(crate) mod graph;
pub(crate) mod instructions;
pub(crate) mod lint;
pub(crate) mod range;
pub(crate) mod report;
pub(crate) mod status;
pub(crate) mod topic;
pub(crate) mod why;
