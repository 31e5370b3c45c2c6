//! The pure half: ids, spec files, events, the transition table, the fold. Nothing here touches a disk, a clock, a
//! terminal or the environment.

pub mod diagnostic;
pub mod id;
pub mod pattern;
pub mod spec;
pub mod status;
