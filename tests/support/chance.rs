//! Random numbers that a seed repeats.

/// Splitmix64: small, and the same on every machine.
pub(crate) struct Chance(u64);

impl Chance {
    /// The numbers of that seed.
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// The seed in a variable of the environment; another one each time where it is not set.
    pub(crate) fn seed(variable: &str) -> u64 {
        let set = std::env::var(variable).ok().and_then(|value| value.parse().ok());
        set.unwrap_or_else(|| u64::from(std::process::id()) ^ 0x5eed)
    }

    /// The next number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    /// One of these.
    pub(crate) fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = self.below(u64::try_from(all.len()).expect("a length"));
        &all[usize::try_from(at).expect("an index")]
    }
}
