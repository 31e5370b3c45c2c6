//! The line ends of a file of a work tree as git would store them.
//!
//! With `core.autocrlf` or an `eol` attribute the bytes of a file are not those of its blob: compared as they are, every file
//! would look edited, and one that is committed would bring its own line ends into history.

use std::{io::Read as _, path::Path};

use bstr::BStr;
use gix::filter::plumbing::pipeline::{CrlfRoundTripCheck, convert::ToGitOutcome};

use super::repository::Repository;
use crate::error::{Error, IoContext, Result};

/// The bytes that git would store for `bytes`, which lie at `path` in the work tree of `repo`.
///
/// Only line ends (and `working-tree-encoding`) are converted: a `filter` is a program, and reading a file runs none. What has no
/// carriage return is stored as it is and costs nothing.
pub(crate) fn stored(repo: &Repository, path: &BStr, bytes: Vec<u8>) -> Result<Vec<u8>> {
    if !bytes.contains(&b'\r') || repo.work_dir().is_none() {
        return Ok(bytes);
    }
    let gix = repo.gix();
    let (pipeline, index) = gix.filter_pipeline(None)?;
    let (mut pipeline, mut attributes) = pipeline.into_parts();
    let options = pipeline.options_mut();
    options.drivers.clear();
    options.crlf_roundtrip_check = CrlfRoundTripCheck::Skip;
    let place: &Path = &gix::path::from_bstr(path)?;
    let entry = attributes.at_path(place, None, &gix.objects).io("read the attributes of", place)?;
    let mut indexed = |buffer: &mut Vec<u8>| {
        let Some(entry) = index.entry_by_path(path) else { return Ok(None) };
        let object = gix::objs::FindExt::find_blob(&gix.objects, &entry.id, buffer);
        Ok(object.is_ok().then_some(()))
    };
    let outcome = pipeline
        .convert_to_git(
            bytes.as_slice(),
            place,
            &mut |_, found| {
                entry.matching_attributes(found);
            },
            &mut indexed,
        )
        .map_err(Error::from)?;
    match outcome {
        ToGitOutcome::Unchanged(_) => {}
        ToGitOutcome::Buffer(converted) => return Ok(converted.to_vec()),
        ToGitOutcome::Process(mut converted) => {
            let mut all = Vec::new();
            converted.read_to_end(&mut all).io("convert", place)?;
            return Ok(all);
        }
    }
    Ok(bytes)
}
