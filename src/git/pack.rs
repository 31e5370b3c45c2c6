//! Writes objects that were made in memory into the object database. Git makes the index of a pack, and syncs it as it is configured to.

use gix::{
    ObjectId, hash,
    objs::{self, Write as _},
    zlib::{
        Compression, Status,
        stream::deflate::{Compress, FlushCompress},
    },
};

use super::{durability, object::patiently, process::Git, repository::Repository};
use crate::error::{Error, Kind, Result};

/// How many objects there have to be for a pack: git's own number when it fetches.
pub(super) const PACK_FROM: usize = 100;

/// An object: its kind, id and content.
type Object<'o> = (objs::Kind, ObjectId, &'o [u8]);

/// Writes what was written into the memory of `drafts` into the object database of `repo`: many objects as one pack, few as a file each.
/// After an error some may be there, which no ref reaches.
///
/// # Errors
/// If they cannot be written.
pub(crate) fn write_drafts(drafts: &Repository, repo: &Repository) -> Result<()> {
    let written = drafts.gix().objects.reset_object_memory().unwrap_or_default();
    let mut objects: Vec<Object<'_>> =
        written.iter().map(|(id, (kind, content))| (*kind, *id, content.as_slice())).collect();
    objects.sort_unstable();
    if objects.len() < PACK_FROM {
        for (kind, _, content) in &objects {
            patiently(|| Ok(repo.gix().objects.write_buf(*kind, content)?))?;
        }
        return durability::sync_objects(repo, &objects.iter().map(|(_, id, _)| *id).collect::<Vec<_>>());
    }
    let pack = pack_of(repo.gix().object_hash(), &objects)?;
    Git::at(repo).args(["index-pack", "--stdin"]).stdin_bytes(pack).check()?;
    Ok(())
}

/// A pack as gitformat-pack(5) describes it: version 2, each object whole.
fn pack_of(hash: hash::Kind, objects: &[Object<'_>]) -> Result<Vec<u8>> {
    let too_many = |_| Error::fatal(Kind::GitFailed, "a pack cannot hold that many objects");
    let count = u32::try_from(objects.len()).map_err(too_many)?;
    let (mut pack, mut room) = (Vec::new(), Vec::new());
    let mut compressor = Compress::new(Compression::default());
    pack.extend(b"PACK\0\0\0\x02");
    pack.extend(count.to_be_bytes());
    for (kind, _, content) in objects {
        let number = match kind {
            objs::Kind::Commit => 1,
            objs::Kind::Tree => 2,
            objs::Kind::Blob => 3,
            objs::Kind::Tag => 4,
        };
        head(&mut pack, number, content.len());
        // What cannot be compressed becomes longer by five bytes in sixteen thousand.
        room.resize(content.len() + content.len() / 1000 + 100, 0);
        compressor.reset();
        let status = compressor.compress(content, &mut room, FlushCompress::Finish)?;
        assert_eq!(status, Status::StreamEnd, "there is room for all of it");
        pack.extend(&room[..compressor.total_out() as usize]);
    }
    let mut hasher = hash::hasher(hash);
    hasher.update(&pack);
    let sum = hasher.try_finalize().map_err(|error| Error::fatal(Kind::GitFailed, error.to_string()))?;
    pack.extend(sum.as_slice());
    Ok(pack)
}

/// The kind and the length of an object: four bits of the length beside the kind, then seven bits a byte, the lowest first.
fn head(pack: &mut Vec<u8>, kind: u8, length: usize) {
    let more = |rest: usize| if rest > 0 { 0x80 } else { 0 };
    let mut rest = length >> 4;
    pack.push(more(rest) | kind << 4 | (length & 0x0f) as u8);
    while rest > 0 {
        let low = (rest & 0x7f) as u8;
        rest >>= 7;
        pack.push(more(rest) | low);
    }
}
