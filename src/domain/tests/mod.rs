//! The fold over random histories: a function of the set of operations, equal in every clone, and the one that the newest
//! event's trailers already tell.
//!
//! `CHANT_PROPTEST_CASES` asks for more cases than the default.

mod converge;
mod hostile;
mod oracle;
mod properties;
mod world;

/// How many cases each property is tried on.
fn cases(default: u32) -> u32 {
    std::env::var("CHANT_PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
