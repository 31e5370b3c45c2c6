//! The binary, as people and scripts use it: real repositories, real git, real processes.

#![expect(unreachable_pub, reason = "nothing uses this crate")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod agent_branches;
mod agent_failures;
mod agent_tampering;
mod agent_work;
mod aliases;
mod answers;
mod approval_and_trust;
mod archive;
mod cache;
mod checks;
mod clean_checks;
mod completion;
mod concurrent;
mod confined;
mod confined_kinds;
mod daily;
mod demo;
mod demo_material;
mod disk_and_signals;
mod drift;
mod drift_model;
mod drivers;
mod exit_codes;
mod fresh_machine;
mod fsck;
mod generated;
mod git_maintenance;
mod graph;
mod habits;
mod hooks;
mod ids_and_dependencies;
mod import;
mod init;
mod inside;
mod investigate;
mod json_schema;
mod left_over;
mod levels;
mod lock_files;
mod manual;
mod merge;
mod output;
mod pause;
mod pr;
mod presets;
mod prime;
mod prompts;
mod proofs;
mod prune;
mod recover;
mod repositories;
mod review;
mod rewritten_history;
mod seen;
mod short_ids;
mod signals_and_timeouts;
mod signing;
mod silent;
mod spec_file_states;
mod spec_files;
mod status;
mod submodules;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "it has what other tests need")]
mod support;
mod sync;
mod user_files;
mod validator;
mod warm_checks;
mod why;
mod work;
mod work_all;
mod work_trees;
