//! What a signature on an event is worth.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::Op;

/// What became of checking a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Verdict {
    /// It is good, and its key is trusted.
    Good,
    /// It fits, and its key is known, but it is not trusted.
    Untrusted,
    /// It was made with a key that is not known here, so it could not be checked.
    Unknown,
    /// It fits, but it or its key has expired.
    Expired,
    /// Its key was revoked.
    Revoked,
    /// It does not fit: what is signed was something else.
    Bad,
    /// There is none.
    None,
}

impl Verdict {
    /// The name as it stands in JSON and output.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// What is the matter with it, after "it"; nothing is with a good one.
    pub(crate) fn fault(self) -> &'static str {
        match self {
            Verdict::Good => "has a good signature",
            Verdict::Untrusted => "is signed with an untrusted key",
            Verdict::Unknown => "is signed with an unknown key",
            Verdict::Expired => "has an expired key or signature",
            Verdict::Revoked => "is signed with a revoked key",
            Verdict::Bad => "has a bad signature",
            Verdict::None => "is not signed",
        }
    }
}

/// A signature as it was checked.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub(crate) struct Signature {
    /// What became of it.
    pub verdict: Verdict,
    /// Whose key it is, in the words of the keyring or of the file of allowed signers.
    pub signer: Option<String>,
    /// The fingerprint of the key, otherwise its id.
    pub key: Option<String>,
}

impl Signature {
    /// No signature.
    pub(crate) const NONE: Signature = Signature { verdict: Verdict::None, signer: None, key: None };

    /// Whether an event that has to be signed counts with it.
    pub(crate) fn counts(&self) -> bool {
        self.verdict == Verdict::Good
    }
}

/// Whether an event of this operation counts only with a good signature where `chant.requireSigned` is set: approvals, and what
/// claims a spec. An event that only holds a spec up, for example a rejection, counts without one.
pub(crate) fn has_to_be_signed(op: &Op) -> bool {
    matches!(op, Op::Approve | Op::Review | Op::Start | Op::Resume)
}
