//! How specs come to be: added, investigated, split.

pub(crate) mod add;
pub(crate) mod investigate;
pub(crate) mod split;
