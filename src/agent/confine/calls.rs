//! System calls that a run does not have, so that each file that it reads has a date of last access: the kernel dates no file that it copies
//! by itself. Programs copy by reading and writing then, as on an older kernel.

use std::fs;

/// The instructions of a filter: load a word, jump where it is equal, return.
const LOAD: u16 = 0x20;
const JUMP_IF_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;

/// Where a filter finds the number of the call, the architecture, and the lower half of the second argument.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const SECOND: u32 = 24;

/// What a filter returns: the call is made, or fails as one that the kernel, or the file system, does not have.
const ALLOW: u32 = 0x7fff_0000;
const NO_CALL: u32 = 0x0005_0000 | 38;
const NOT_SUPPORTED: u32 = 0x0005_0000 | 95;

/// The requests of `ioctl` that have two files share their content.
const FICLONE: u32 = 0x4004_9409;
const FICLONERANGE: u32 = 0x4020_940d;

/// The architecture of this program, and its numbers of `ioctl` and `copy_file_range`.
const CALLS: Option<(u32, u32, u32)> = if cfg!(all(target_arch = "x86_64", target_pointer_width = "64")) {
    Some((0xc000_003e, 16, 326))
} else if cfg!(all(target_arch = "aarch64", target_endian = "little")) {
    Some((0xc000_00b7, 29, 285))
} else {
    None
};

/// The filter, as the kernel takes it; `None` where there are no filters.
pub(super) fn filter() -> Option<Vec<u8>> {
    let known = fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail").ok()?;
    let (architecture, ioctl, copy_file_range) =
        CALLS.filter(|_| known.split_whitespace().any(|one| one == "errno"))?;
    // How many instructions to skip where it is equal, and where not.
    let program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_IF_EQUAL, 0, 6, architecture),
        (LOAD, 0, 0, NUMBER),
        (JUMP_IF_EQUAL, 5, 0, copy_file_range),
        (JUMP_IF_EQUAL, 0, 3, ioctl),
        (LOAD, 0, 0, SECOND),
        (JUMP_IF_EQUAL, 3, 0, FICLONE),
        (JUMP_IF_EQUAL, 2, 0, FICLONERANGE),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, NO_CALL),
        (RETURN, 0, 0, NOT_SUPPORTED),
    ];
    let bytes = |(code, equal, other, value): (u16, u8, u8, u32)| {
        [&code.to_ne_bytes()[..], &[equal, other], &value.to_ne_bytes()].concat()
    };
    Some(program.into_iter().flat_map(bytes).collect())
}
