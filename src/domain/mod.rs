//! The pure half: ids, spec files, events, the transition table, the fold. Nothing here touches a disk, a clock, a
//! terminal or the environment.

pub mod checks;
pub mod converge;
pub mod diagnostic;
pub mod draft;
pub mod event;
pub mod filter;
pub mod fold;
pub mod graph;
pub mod history;
pub mod hook;
pub mod id;
pub mod pattern;
pub mod phase;
pub mod readiness;
pub mod signature;
pub mod spec;
pub mod state;
pub mod status;
pub mod transition;

#[cfg(test)]
mod tests;
