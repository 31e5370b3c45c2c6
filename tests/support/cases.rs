//! How much a test tries: little before each change, much in `.ci/long`.

/// The number of random cases for a property: `default`, times `CHANT_CASES` where that is set.
pub(crate) fn cases(default: u32) -> u32 {
    default * factor().unwrap_or(1)
}

/// The size of a test whose parts are all alike (processes at once, rounds, links of a chain): `few`, or `many` where `CHANT_CASES` is
/// set.
pub(crate) fn few_or_many<T>(few: T, many: T) -> T {
    if factor().is_some() { many } else { few }
}

fn factor() -> Option<u32> {
    std::env::var("CHANT_CASES").ok()?.parse().ok()
}
