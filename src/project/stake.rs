//! Somebody besides this clone who has to agree to a claim: the remote that several clones share.

use gix::ObjectId;

use crate::{
    domain::id::SpecId,
    error::{Error, Kind, Result},
};

/// The code of the error where somebody else has moved the chain of the spec there: look at it, and decide again.
pub(crate) const BEHIND: Kind = Kind::Behind;

/// The code of the error where it is not known whether the claim was made.
pub(crate) const UNCLEAR: Kind = Kind::Unclear;

/// Where a claim is decided.
pub(crate) trait Stake {
    /// Asks for the claim that `event` makes: it exists here as an object, and no ref points at it yet.
    ///
    /// # Errors
    /// [`BEHIND`], [`UNCLEAR`], or whatever else stands in the way: then the claim was not made.
    fn stake(&self, spec: &SpecId, event: ObjectId) -> Result<()>;

    /// Brings what is known there together with what is known here.
    ///
    /// # Errors
    /// If it does not answer.
    fn refresh(&self, spec: &SpecId) -> Result<()>;
}

/// The error where it is not known whether the claim on `spec` was made.
pub(crate) fn unclear(spec: &SpecId, why: &str) -> Error {
    Error::fatal(UNCLEAR, format!("whether '{}' was claimed is not known: {why}", spec.short()))
        .hint("run it again when the remote answers: a claim that was made is found then")
}
