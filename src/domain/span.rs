//! Spans of time as people write them, in configuration and on the command line alike.

use std::time::Duration;

/// Reads `90s`, `30m`, `1h 30m`, or a number of seconds. `none` and 0 are no limit, a span of zero.
pub(crate) fn read(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text == "none" {
        return Some(Duration::ZERO);
    }
    text.parse().map(Duration::from_secs).ok().or_else(|| humantime::parse_duration(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_seconds_and_none_is_no_limit() {
        for (text, seconds) in [("90", 90), ("90s", 90), (" 1h 30m ", 5400), ("0", 0), ("0s", 0), ("none", 0)] {
            assert_eq!(read(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!((read(""), read("soon"), read("-1")), (None, None, None));
    }
}
