//! The places where the system shows one directory a second time: what is mounted twice is protected at both.

use std::{
    ffi::OsString,
    fs,
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
};

/// Where the kernel lists what is mounted for this process.
const LIST: &str = "/proc/self/mountinfo";

/// A mounted file system, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    device: Vec<u8>,
    /// The directory of the file system that is shown.
    root: PathBuf,
    /// Where.
    at: PathBuf,
}

/// The other paths under which `paths`, or a part of one, can be reached.
pub(super) fn aliases(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mounts = parse(&fs::read(LIST).unwrap_or_default());
    paths.iter().flat_map(|path| aliases_of(&mounts, path)).collect()
}

fn aliases_of(mounts: &[Mount], path: &Path) -> Vec<PathBuf> {
    // Of several mounts at one place the last one is seen.
    let over = mounts.iter().filter(|mount| path.starts_with(&mount.at));
    let Some(own) = over.max_by_key(|mount| mount.at.components().count()) else { return Vec::new() };
    let Ok(rest) = path.strip_prefix(&own.at) else { return Vec::new() };
    let inside = own.root.join(rest);
    let others = mounts.iter().filter(|mount| mount.device == own.device && mount.at != own.at);
    let alias = |other: &Mount| {
        if let Ok(rest) = inside.strip_prefix(&other.root) {
            // Joined with nothing, a path would get a slash at its end.
            return Some(if rest.as_os_str().is_empty() { other.at.clone() } else { other.at.join(rest) });
        }
        other.root.starts_with(&inside).then(|| other.at.clone())
    };
    others.filter_map(alias).filter(|alias| !alias.starts_with(path)).collect()
}

/// Reads the list, see proc_pid_mountinfo(5): fields 3 to 5 of each line.
fn parse(list: &[u8]) -> Vec<Mount> {
    let lines = list.split(|byte| *byte == b'\n');
    let one = |line: &[u8]| {
        let mut fields = line.split(|byte| *byte == b' ').skip(2);
        let (device, root, at) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Mount { device: device.to_owned(), root: unescaped(root), at: unescaped(at) })
    };
    lines.filter_map(one).collect()
}

/// Spaces, tabs, line ends and backslashes stand there as three octal digits.
fn unescaped(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        let octal = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = octal.filter(|_| *first == b'\\').and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[3..] } else { tail };
    }
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:5 / /dev rw - devtmpfs udev rw
31 22 8:2 / /home rw - ext4 /dev/sda2 rw
32 22 8:2 / /srv/all\\040homes rw - ext4 /dev/sda2 rw
33 22 8:2 /ada/repo /workspace rw - ext4 /dev/sda2 rw
34 22 8:2 /ada/repo/.git/objects /objects rw - ext4 /dev/sda2 rw
35 22 8:2 /bob /bob rw - ext4 /dev/sda2 rw
36 22 0:9 / /shm rw - tmpfs tmpfs rw
37 36 0:10 / /shm rw - tmpfs tmpfs rw
38 22 0:10 /repo /twice rw - tmpfs tmpfs rw
";

    #[test]
    fn a_path_is_found_at_every_other_place_where_it_is_mounted() {
        let mounts = parse(SAMPLE.as_bytes());
        let of = |path: &str| aliases_of(&mounts, Path::new(path));
        let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(of("/home/ada/repo"), paths(&["/srv/all homes/ada/repo", "/workspace", "/objects"]));
        assert_eq!(of("/home/ada/repo/.git"), paths(&["/srv/all homes/ada/repo/.git", "/workspace/.git", "/objects"]));
        assert_eq!(of("/workspace/.git"), paths(&["/home/ada/repo/.git", "/srv/all homes/ada/repo/.git", "/objects"]));
        assert_eq!(of("/usr/share"), paths(&[]));
        assert_eq!(of("/shm/repo"), paths(&["/twice"]));
    }
}
