//! The local time zone, from the one file that says it.

use std::{
    ffi::OsStr,
    fs::File,
    io::Read as _,
    path::{Component, Path, PathBuf},
};

use jiff::tz::TimeZone;

/// What says it where `TZ` is unset.
const LOCAL: &str = "/etc/localtime";

/// Where the zones are that `TZ` names.
const NAMED: &str = "/usr/share/zoneinfo";

/// A larger file is no time zone, in bytes.
const MOST: u64 = 1 << 20;

/// The zone that `tz`, the variable `TZ`, stands for, or that of the machine: as tzset(3) has it.
///
/// To know the names of zones jiff goes through all directories of them, which takes longer than most commands; for an offset the file
/// of the zone is enough. Whatever is said in another way is left to jiff.
pub(super) fn local(tz: Option<&OsStr>) -> TimeZone {
    file_of(tz).and_then(|path| read(&path)).unwrap_or_else(TimeZone::system)
}

fn file_of(tz: Option<&OsStr>) -> Option<PathBuf> {
    let Some(tz) = tz else { return Some(PathBuf::from(LOCAL)) };
    let name = Path::new(tz.to_str()?.trim_start_matches(':'));
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    (name.is_absolute() || (name.components().next().is_some() && name.components().all(plain)))
        .then(|| Path::new(NAMED).join(name))
}

fn read(path: &Path) -> Option<TimeZone> {
    let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|meta| meta.is_file()))?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes).ok()?;
    TimeZone::tzif("", &bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::tools;

    #[test]
    fn a_zone_of_a_file_is_the_zone_of_that_name() {
        if !tools::need(&format!("{NAMED}/Europe/Berlin")) {
            return;
        }
        let berlin = TimeZone::get("Europe/Berlin").expect("it is there");
        for text in ["Europe/Berlin", ":Europe/Berlin", "/usr/share/zoneinfo/Europe/Berlin"] {
            let found = file_of(Some(OsStr::new(text))).and_then(|path| read(&path)).expect("it can be read");
            for second in [0, 1_700_000_000, 1_720_000_000, 4_000_000_000] {
                let time = jiff::Timestamp::from_second(second).expect("it is in range");
                assert_eq!(found.to_offset(time), berlin.to_offset(time), "{text} {second}");
            }
        }
    }

    #[test]
    fn what_is_no_name_of_a_file_is_left_to_others() {
        for text in ["", "../../etc/passwd", "Europe/../Europe/Berlin"] {
            assert_eq!(file_of(Some(OsStr::new(text))), None, "{text}");
        }
        assert!(file_of(Some(OsStr::new("EST5EDT,M3.2.0,M11.1.0"))).and_then(|path| read(&path)).is_none());
        assert_eq!(file_of(None), Some(PathBuf::from(LOCAL)));
    }
}
