//! What an agent says when it fails its own attempt.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The words of an agent that fails its attempt. Its text is what is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    /// Why, in the words of the agent.
    pub reason: String,
    /// Whether it is the research behind the spec that is wrong or not enough.
    pub research_insufficient: bool,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.research_insufficient { "the research is insufficient: " } else { "" };
        write!(f, "{what}{}", self.reason)
    }
}
