//! Dying between any two lines: every command is killed at every point where an effect begins or ends, and one command goes on.
//!
//! The points are made by `git_chant::env::fault`, which only builds with debug assertions have.

#![expect(unreachable_pub, reason = "nothing uses this crate")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what is skipped, and how much was done, is said")]
#![cfg(all(target_os = "linux", debug_assertions))]

mod passages;
mod place;
mod scenario;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "it has what other tests need")]
mod support;
mod sweep;
mod trace;
