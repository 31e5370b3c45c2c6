//! Soaks: what is left to chance for minutes or hours. `cargo test --test soak -- --ignored --nocapture`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
#![cfg(target_os = "linux")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "it has what other tests need")]
mod support;

mod days;
mod kills;
