//! Lists of names in a sentence.

use std::fmt::Display;

/// How many names a sentence holds.
const MOST: usize = 20;

/// The names, separated by commas; of a long list the first twenty and the number of the others.
pub(crate) fn enumerate<T: Display>(names: &[T]) -> String {
    let shown: Vec<String> = names.iter().take(MOST).map(ToString::to_string).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut_and_counted() {
        assert_eq!(enumerate(&["a", "b"]), "a, b");
        let many: Vec<usize> = (0..10_000).collect();
        let text = enumerate(&many);
        assert!(text.starts_with("0, 1, 2") && text.ends_with("18, 19 and 9980 more"), "{text}");
    }
}
