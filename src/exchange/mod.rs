//! What goes between repositories: events, branches, pull requests.

pub(crate) mod pr;
pub(crate) mod sync;
