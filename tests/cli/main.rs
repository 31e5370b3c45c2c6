//! The binary, as people and scripts use it: real repositories, real git, real processes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod adverse;
mod agents;
mod archive_fold;
mod astray;
mod claims;
mod demo;
mod drafts;
mod drift;
mod drifting;
mod endings;
mod graph;
mod groups;
mod import;
mod init;
mod investigate;
mod life;
mod locks;
mod many;
mod merging;
mod misconduct;
mod pausing;
mod places;
mod pr;
mod presets;
mod prime;
mod prompts;
mod prune;
mod queue;
mod races;
mod recovering;
mod rewritten;
mod rules;
mod signing;
mod silent;
mod specfiles;
mod states;
mod status;
mod submodules;
mod support;
mod sync;
mod tampering;
mod untouched;
mod upkeep;
mod why;
