//! How far the work of an attempt is verified, as its record names it.

use serde::{Deserialize, Serialize};

/// What stands behind the word that work is done; each says more than the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::AsRefStr, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Verified {
    /// Nothing but what people or agents say: ticks, and that the paths are the right ones.
    None,
    /// Commands of the spec passed, or its documents are there and say something.
    Checks,
    /// A test that fails without the work passes with it, or a reproduction fails as it should.
    Proof,
    /// A person approved the very commit.
    Reviewed,
    /// What a newer version has.
    #[strum(default, transparent)]
    Other(String),
}
