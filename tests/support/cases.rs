//! How many random cases a property is tried on.

/// `default`, times `CHANT_CASES` where that is set: `.ci/long` asks for more than a run before each change has time for.
pub(crate) fn cases(default: u32) -> u32 {
    default * std::env::var("CHANT_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}
