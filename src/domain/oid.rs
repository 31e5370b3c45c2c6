//! How serde writes object ids: as bytes. For a field that is an id, an optional one, or a list: `#[serde(with = "oid")]`.

use gix::ObjectId;
use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

/// What can be written as the bytes of ids.
pub(crate) trait Ids: Sized {
    /// The bytes.
    fn bytes(&self) -> Vec<u8>;

    /// What [`Ids::bytes`] gave; `None` for other bytes.
    fn of(bytes: &[u8]) -> Option<Self>;
}

impl Ids for ObjectId {
    fn bytes(&self) -> Vec<u8> {
        self.as_slice().to_vec()
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        ObjectId::try_from(bytes).ok()
    }
}

/// No bytes are no id.
impl Ids for Option<ObjectId> {
    fn bytes(&self) -> Vec<u8> {
        self.as_ref().map(Ids::bytes).unwrap_or_default()
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() { Some(None) } else { Ids::of(bytes).map(Some) }
    }
}

/// The length of one id, then all of them.
impl Ids for Vec<ObjectId> {
    fn bytes(&self) -> Vec<u8> {
        let width = self.first().and_then(|id| u8::try_from(id.as_slice().len()).ok());
        width.into_iter().chain(self.iter().flat_map(|id| id.as_slice()).copied()).collect()
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first() {
            None => Some(Vec::new()),
            Some((0, _)) => None,
            Some((width, ids)) => ids.chunks(usize::from(*width)).map(Ids::of).collect(),
        }
    }
}

/// Writes the bytes.
pub(crate) fn serialize<S: Serializer>(ids: &impl Ids, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(&ids.bytes())
}

/// Reads them.
pub(crate) fn deserialize<'de, T: Ids, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::of(<&[u8]>::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("no object ids"))
}
