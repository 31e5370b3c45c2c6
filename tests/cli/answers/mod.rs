//! What every command answers, held whole: in small repositories that go through everything, for people, in colour and as JSON.
//!
//! `INSTA_UPDATE=always cargo test --test cli answers -- --include-ignored` writes the snapshots anew, those in colour too.

mod attempts;
mod errors;
mod help;
mod investigation;
mod sharing;
mod story;
mod upkeep;
