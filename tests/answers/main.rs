//! What every command answers, held whole: in small repositories that go through everything, for people, in colour and as JSON.
//!
//! `INSTA_UPDATE=always cargo test --test answers` writes the snapshots anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod attempts;
mod errors;
mod help;
mod investigation;
mod sharing;
mod story;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "it has what other tests need")]
mod support;
mod upkeep;
