//! Bytes that may be no UTF-8 as text, from which the same bytes can be had again: names of files and refs in records.

use std::{
    ffi::OsString,
    ops::Deref,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
};

use bstr::ByteSlice as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Private characters, each of which stands for one byte that is no UTF-8.
const BYTES: std::ops::RangeInclusive<u32> = 0x10_ff00..=0x10_ffff;

/// Bytes as text, from which [`bytes_of`] gives the same bytes.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    let stands = |byte: &u8| char::from_u32(BYTES.start() + u32::from(*byte)).unwrap_or_default();
    let mut text = String::new();
    for (from, to, char) in bytes.char_indices() {
        // One of these characters is itself, if it was there; the replacement stands for what is no UTF-8, or for itself.
        let plain = bytes[from..to] == *char.to_string().as_bytes() && !BYTES.contains(&u32::from(char));
        if plain { text.push(char) } else { text.extend(bytes[from..to].iter().map(stands)) }
    }
    text
}

/// The bytes that [`text_of`] made a text of.
pub(crate) fn bytes_of(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for char in text.chars() {
        match u8::try_from(u32::from(char).wrapping_sub(*BYTES.start())) {
            Ok(byte) if BYTES.contains(&u32::from(char)) => bytes.push(byte),
            _ => bytes.extend_from_slice(char.to_string().as_bytes()),
        }
    }
    bytes
}

/// The text for people: what is no UTF-8 is a replacement character.
pub(crate) fn shown(text: &str) -> String {
    bytes_of(text).to_str_lossy().into_owned()
}

/// A path in a record, whatever bytes it has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AnyPath(pub PathBuf);

impl AnyPath {
    /// The path as text.
    pub(crate) fn text(path: &Path) -> String {
        text_of(path.as_os_str().as_bytes())
    }

    /// The path that such a text stands for.
    pub(crate) fn of_text(text: &str) -> AnyPath {
        AnyPath(OsString::from_vec(bytes_of(text)).into())
    }
}

impl Deref for AnyPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Serialize for AnyPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&AnyPath::text(self))
    }
}

impl<'de> Deserialize<'de> for AnyPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(AnyPath::of_text(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_kept_to_the_byte() {
        for bytes in [&b"filter.a=b.clean"[..], b"filter.\xff\xc3.clean", "filter.ä\u{fffd}\u{10ff41}.clean".as_bytes()]
        {
            assert_eq!(bytes_of(&text_of(bytes)), bytes);
        }
        assert_eq!(text_of("filter.ä.clean".as_bytes()), "filter.ä.clean");
        assert_eq!(shown(&text_of(b"caf\xe9")), "caf\u{fffd}");
    }
}
