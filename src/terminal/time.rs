//! Dates and durations for people.

use std::time::Duration;

use jiff::{Timestamp, fmt::temporal::Pieces};

use crate::terminal::clean;

/// An RFC 3339 time as `git log --date=iso` shows it, in the offset in which it was recorded; another text as it is.
pub(crate) fn iso(time: &str) -> String {
    let parsed = time.parse::<Timestamp>().ok().zip(Pieces::parse(time).ok());
    match parsed.and_then(|(at, pieces)| Some((at, pieces.to_numeric_offset()?))) {
        Some((at, offset)) => format!("{} {}", offset.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S"), zone(offset)),
        None => clean::line(time).into_owned(),
    }
}

fn zone(offset: jiff::tz::Offset) -> String {
    let seconds = offset.seconds();
    let minutes = seconds.abs() / 60;
    format!("{}{:02}{:02}", if seconds < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
}

/// `2m 30s` in whole seconds; below a second, `412ms`.
pub(crate) fn duration(duration: Duration) -> String {
    let whole = match duration.as_secs() {
        0 => Duration::from_millis(u64::from(duration.subsec_millis())),
        seconds => Duration::from_secs(seconds),
    };
    humantime::format_duration(whole).to_string()
}

/// A time that is still to pass, in whole seconds: a begun one counts, so that it ends with `1s`.
pub(crate) fn whole_seconds(left: Duration) -> String {
    let begun = u64::from(left.subsec_nanos() > 0);
    humantime::format_duration(Duration::from_secs(left.as_secs().saturating_add(begun))).to_string()
}

/// How long ago something was, in its greatest unit, for a column: `40s`, `12m`, `3h`, `5d`, `6w`, `2y`.
pub(crate) fn age(seconds: u64) -> String {
    let units = [(365 * 86_400, 'y'), (7 * 86_400, 'w'), (86_400, 'd'), (3_600, 'h'), (60, 'm')];
    let found = units.iter().find(|(unit, name)| seconds >= unit * if *name == 'w' { 2 } else { 1 });
    found.map_or_else(|| format!("{seconds}s"), |(unit, name)| format!("{}{name}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_offset() {
        assert_eq!(iso("2026-02-08T10:00:00+01:00"), "2026-02-08 10:00:00 +0100");
        assert_eq!(iso("2026-02-08T10:00:00-03:30"), "2026-02-08 10:00:00 -0330");
        assert_eq!(iso("2026-02-08T10:00:00Z"), "2026-02-08 10:00:00 +0000");
        assert_eq!(iso("some \u{1b}[31mday"), "some day");
    }

    #[test]
    fn an_age_is_one_number_and_its_unit() {
        let days = |days: u64| age(days * 86_400);
        assert_eq!([age(0), age(59), age(60), age(3 * 3_600 + 59 * 60)], ["0s", "59s", "1m", "3h"]);
        assert_eq!([days(1), days(13), days(14), days(364), days(800)], ["1d", "13d", "2w", "52w", "2y"]);
    }

    #[test]
    fn durations_are_short() {
        assert_eq!(duration(Duration::from_millis(150_999)), "2m 30s");
        assert_eq!(duration(Duration::from_millis(412)), "412ms");
        assert_eq!(duration(Duration::from_micros(5)), "0s");
        assert_eq!(duration(Duration::from_secs(3600 * 25)), "1day 1h");
        let left = |millis| whole_seconds(Duration::from_millis(millis));
        assert_eq!([left(0), left(1), left(1_000), left(89_001)], ["0s", "1s", "1s", "1m 30s"]);
    }
}
