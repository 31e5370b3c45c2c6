//! What an agent says in fields of a failure, in an extension of the protocol that has to be offered to it: codex-acp 2.6.0 says it in a
//! message otherwise, and ends its turn as if all were well.

use serde_json::{Value, json};

use crate::{
    agent::{preset::parsed::ParsedOutput, stop::kind_of},
    domain::stop::StopKind,
};

/// Where the extension has its fields, in the metadata of a message.
const PLACE: &str = "/jetbrains/air/sessionFailure";

/// A failure.
pub(super) struct Failure<'v> {
    /// What the agent says of it.
    pub said: &'v str,
    /// Whether it ended the turn. Otherwise the agent tries again.
    pub ends: bool,
    category: &'v str,
}

/// The metadata of a client that reads such failures.
pub(super) fn offer() -> Value {
    json!({"jetbrains": {"air": {"version": 1, "capabilities": ["sessionFailure"]}}})
}

/// The failure in the metadata of a message.
pub(super) fn of(meta: &Value) -> Option<Failure<'_>> {
    let failure = meta.pointer(PLACE)?;
    let text = |field: &str| failure[field].as_str();
    let category = text("category").unwrap_or_default();
    Some(Failure { said: text("title")?, ends: text("severity") == Some("error"), category })
}

impl Failure<'_> {
    /// The kind of reason. Its words tell more than its category, which is one for a server that failed and one that has too much to do.
    pub(super) fn kind(&self) -> Option<StopKind> {
        let by_category = match self.category {
            "access" => Some(StopKind::NotLoggedIn),
            "connection" => Some(StopKind::NoNetwork),
            "limit" => Some(StopKind::RateLimit),
            "service" => Some(StopKind::ServerError),
            _ => None,
        };
        kind_of(self.said).or(by_category)
    }

    /// Shows one that ended nothing.
    pub(super) fn show(&self, parsed: &mut ParsedOutput) {
        if !self.ends {
            parsed.warning(self.said);
            parsed.doing(self.said);
        }
    }
}
