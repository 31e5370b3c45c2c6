//! What was exchanged with a remote.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::id::SpecId;

/// What an exchange did with one chain, or with the notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Way {
    /// It came from the remote.
    Fetched,
    /// Both sides knew something that the other did not: a merge event joins them.
    Merged,
    /// It went to the remote.
    Pushed,
    /// Refs of archived specs went, here or there, since the archive of their month has them.
    Folded,
    /// The remote had it and has it no longer; what is here stays, and goes back.
    Gone,
    /// What the remote has does not build on what it had; what is here stays, and goes back.
    Rewritten,
    /// Several attempts contend for the spec.
    Contended,
    /// What the remote has is not taken over.
    Unfit,
    /// The remote does not take it.
    Refused,
}

impl Way {
    /// The name as it stands in JSON and output.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Way::Fetched => "fetched",
            Way::Merged => "merged",
            Way::Pushed => "pushed",
            Way::Folded => "folded",
            Way::Gone => "gone",
            Way::Rewritten => "rewritten",
            Way::Contended => "contended",
            Way::Unfit => "unfit",
            Way::Refused => "refused",
        }
    }
}

/// One line of what `sync` did.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Exchange")]
pub(crate) struct ExchangeView {
    /// What was done.
    pub way: Way,
    /// The spec, unless it is about notes or about a ref that is no spec's.
    pub spec: Option<SpecId>,
    /// The ref that it is about.
    pub name: String,
    /// What it held before, at the side that was written to.
    pub from: Option<String>,
    /// What it holds now.
    pub to: Option<String>,
    /// Why, where it did not go as it should.
    pub why: Option<String>,
}

impl ExchangeView {
    /// The keys, in order.
    pub(crate) const FIELDS: [&'static str; 6] = ["way", "spec", "name", "from", "to", "why"];
}
