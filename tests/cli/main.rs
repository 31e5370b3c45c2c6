//! The binary, as people and scripts use it: real repositories, real git, real processes.

#![expect(unreachable_pub, reason = "nothing uses this crate")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod adverse;
mod agents;
mod aliases;
mod archive_fold;
mod astray;
mod claims;
mod completion;
mod contract;
mod conventions;
mod demo;
mod drafts;
mod drift;
mod drifting;
mod endings;
mod fresh;
mod graph;
mod groups;
mod hooks;
mod import;
mod index;
mod init;
mod investigate;
mod life;
mod locks;
mod maintenance;
mod manual;
mod many;
mod merging;
mod misconduct;
mod names;
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
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "it has what other tests need")]
mod support;
mod sync;
mod tampering;
mod untouched;
mod upkeep;
mod why;
