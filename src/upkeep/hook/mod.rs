//! The use case `hook`: what is done when git calls a hook of this tool. Every result would be right without the hooks; they only do it
//! sooner. How hooks are installed is in [`setup`](super::setup).

mod merged;
mod message;
mod rewritten;
mod staged;

pub(crate) use merged::{candidates, last_merge};
pub(crate) use message::{MessageStage, name_spec};
pub(crate) use rewritten::rewritten;
pub(crate) use staged::staged;

/// The variable that disables the hooks of this tool with `0`. Every git that this tool runs has it.
pub(crate) use crate::git::process::HOOKS_VARIABLE;
