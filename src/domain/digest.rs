//! Digests and their notation, for what other tools than git read.

use gix::hash::Kind;

/// The SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hasher = gix::hash::hasher(Kind::Sha256);
    hasher.update(bytes);
    let digest = hasher.try_finalize().expect("SHA-256 finds no collisions");
    let mut out = [0; 32];
    out.copy_from_slice(digest.as_bytes());
    out
}

/// Bytes in base64, padded: RFC 4648, section 4.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or_default());
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let known = digit <= three.len();
            let value = (word >> (18 - 6 * digit)) & 63;
            out.push(if known { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{base64, sha256};

    #[test]
    fn known_digests_and_texts() {
        let hex: String = sha256(b"abc").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        for (text, expected) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"), ("\u{3ff}~", "z79+")]
        {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }
}
