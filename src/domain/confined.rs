//! How a run was kept to what is its own, as the record of an attempt names it.

use serde::{Deserialize, Serialize};

/// What confined a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::AsRefStr, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Confined {
    /// Bubblewrap: user, process and mount namespaces of Linux.
    Bubblewrap,
    /// `sandbox-exec` of macOS.
    Seatbelt,
    /// Nothing did: the run could write whatever the person can.
    None,
    /// What a newer version has.
    #[strum(default, transparent)]
    Other(String),
}
