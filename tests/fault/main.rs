//! Dying between any two lines: commands are killed at the points where an effect begins or ends, and one command goes on.
//!
//! The points are made by `src/env/fault.rs`, which only builds with debug assertions have. A kill at each place of daily commands is part
//! of every test run; a kill at each place of every scenario is part of `.ci/run`, and one at every passage, which takes many minutes, of
//! `.ci/long`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
#![expect(clippy::print_stdout, reason = "how much was done is said")]
#![cfg(all(target_os = "linux", debug_assertions))]

mod effects;
mod passages;
mod scenario;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "it has what other tests need")]
mod support;
mod sweep;
mod trial;
