//! What goes between repositories: events, branches, pull requests. The refs and notes themselves are written by `store`.

pub(crate) mod issue;
pub(crate) mod pr;
pub(crate) mod sync;
