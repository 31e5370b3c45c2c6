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

/// The digits of base64.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes in base64, padded: RFC 4648, section 4.
pub(crate) fn base64(bytes: &[u8]) -> String {
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

/// The bytes that a text in base64 stands for; `None` if it is none.
pub(crate) fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let digits = text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text);
    if !text.len().is_multiple_of(4) {
        return None;
    }
    for four in digits.chunks(4) {
        let value = |digit: &u8| DIGITS.iter().position(|known| known == digit).and_then(|at| u32::try_from(at).ok());
        let word = four.iter().map(value).try_fold(0, |word, value| Some(word << 6 | value?))?;
        let bytes = (word << (6 * (4 - four.len()))).to_be_bytes();
        out.extend(&bytes[1..four.len()]);
    }
    // Each text of base64 stands for other bytes: what is left over at the end is zero.
    (base64(&out).as_bytes() == text).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::{base64, from_base64, sha256};

    #[test]
    fn known_digests_and_texts() {
        let hex: String = sha256(b"abc").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        for (text, expected) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"), ("\u{3ff}~", "z79+")]
        {
            assert_eq!(base64(text.as_bytes()), expected);
            assert_eq!(from_base64(expected.as_bytes()).as_deref(), Some(text.as_bytes()));
        }
        for none in ["Zg", "Zg=", "Zh==", "Zm9v\n", "Z===", "Zm9*"] {
            assert_eq!(from_base64(none.as_bytes()), None, "{none}");
        }
    }
}
