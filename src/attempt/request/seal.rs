//! The seal of a request: a hash over its text and the mark of the run, which the agent has and the agent of another run has not.
//!
//! A run that nothing confines can write into every mailbox. What it puts into that of another run is told from what that run's own agent
//! asks for. A process that reads the mark out of the other agent's environment is not kept from anything here.

use bstr::ByteSlice as _;

/// The first line of a request: its seal, in hexadecimal digits. The rest is the request.
pub(super) fn sealed(mark: &[u8], key: &str, json: &[u8]) -> Vec<u8> {
    [of(mark, key, json).as_bytes(), b"\n", json].concat()
}

/// The request in the `bytes` of the file `request-<key>`, if one of the `marks` sealed it.
pub(super) fn opened<'b>(marks: &[String], key: &str, bytes: &'b [u8]) -> Option<&'b [u8]> {
    let (seal, json) = bytes.split_once_str("\n")?;
    marks.iter().any(|mark| of(mark.as_bytes(), key, json).as_bytes() == seal).then_some(json)
}

/// SHA-256 of the mark, the key and the text, a line each.
fn of(mark: &[u8], key: &str, json: &[u8]) -> String {
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha256);
    for part in [mark, b"\n", key.as_bytes(), b"\n", json] {
        hasher.update(part);
    }
    hasher.try_finalize().map(|id| id.to_string()).unwrap_or_default()
}
