//! The attempt that a commit came from.

use gix::ObjectId;

use crate::domain::id::SpecId;

/// An attempt at a spec.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    /// The spec.
    pub spec: SpecId,
    /// The attempt; `None` where it is not known which.
    pub attempt: Option<ObjectId>,
}

impl Source {
    /// An attempt at `spec`, whichever.
    pub(crate) fn any(spec: SpecId) -> Source {
        Source { spec, attempt: None }
    }
}
