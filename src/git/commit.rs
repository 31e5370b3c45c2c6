//! Commits that are made in the object database, by the person and in their name.

use std::ffi::OsStr;

use bstr::{BString, ByteSlice};
use gix::{
    ObjectId,
    actor::Signature,
    error::MetadataValue,
    objs::{Commit, signature::sign::is_literal_ssh_key},
};

use super::{durability, object::patiently, repository::Repository};
use crate::error::{Error, Kind, Result};

/// A commit to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewCommit {
    /// The tree of the commit.
    pub tree: ObjectId,
    /// The parents, in order.
    pub parents: Vec<ObjectId>,
    /// The message.
    pub message: BString,
}

/// Whether a commit is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signing {
    /// As `commit.gpgSign` says.
    AsConfigured,
    /// Unsigned: for commits that no branch will show.
    Never,
}

/// Who made what a commit holds, where that is not the person.
#[derive(Clone, Debug)]
pub(crate) struct Authorship {
    /// The author.
    pub author: Signature,
    /// What the message is encoded in, unless it is UTF-8.
    pub encoding: Option<BString>,
}

/// Writes a commit with the person as author and committer and returns its id. No ref is moved.
///
/// The commit is on disk as `core.fsync` asks; its tree is the caller's affair, see `durability`. Errors: `no-identity`,
/// `signing-failed`.
pub(crate) fn write(repo: &Repository, new: NewCommit, signing: Signing) -> Result<ObjectId> {
    let by = Authorship { author: repo.author()?, encoding: None };
    write_by(repo, new, by, signing)
}

/// Writes a commit of another author. The committer is the person.
pub(crate) fn write_by(repo: &Repository, new: NewCommit, by: Authorship, signing: Signing) -> Result<ObjectId> {
    let mut message = new.message;
    if !message.ends_with(b"\n") {
        message.push(b'\n');
    }
    let commit = Commit {
        tree: new.tree,
        parents: new.parents.into(),
        author: by.author,
        committer: repo.committer()?,
        encoding: by.encoding,
        message,
        extra_headers: Vec::new(),
    };
    let commit = match signing {
        Signing::AsConfigured if repo.gix().commit_signing_options_if_enabled()?.is_some() => {
            sign(repo, commit).map_err(|error| error.hint("or unset commit.gpgSign"))?
        }
        _ => commit,
    };
    let id = patiently(|| Ok(repo.gix().write_object(&commit)?.detach()))?;
    durability::sync_objects(repo, &[id])?;
    Ok(id)
}

/// How often signing is tried again where the signing program ended without having read the commit.
const UNHEARD: u32 = 3;

/// Signs a commit for the person, made by the program and with the key that git is set up with (`gpg.format`,
/// `user.signingKey`, `gpg.<format>.program`). It is written nowhere.
///
/// # Errors
/// `signing-failed`, in the words of that program.
pub(crate) fn sign(repo: &Repository, commit: Commit) -> Result<Commit> {
    let options = signing_options(repo)?;
    // A program that fails before it has read anything has said why, but gix, which cannot write to it, drops that. The pipe takes a
    // small commit whole, so most of the time writing works.
    for _ in 0..UNHEARD {
        match commit.clone().sign(options.clone()) {
            Err(error) if unheard(&error) => {}
            signed => return signed.map_err(unsigned),
        }
    }
    commit.sign(options).map_err(unsigned)
}

/// With which program and key git would sign.
pub(super) fn signing_options(repo: &Repository) -> Result<gix::objs::signature::sign::Options> {
    let mut options = repo.gix().commit_signing_options().map_err(unsigned)?;
    // git starts the program at the top of the work tree, so that is where a relative path leads.
    if options.format == gix::objs::signature::Format::Ssh
        && literal_key(&options.signing_key).is_none()
        && let Some(top) = repo.work_dir()
    {
        options.signing_key = top.join(&options.signing_key).into_os_string();
    }
    Ok(options)
}

/// The public key of SSH that the setting itself is, where it names no file.
pub(super) fn literal_key(setting: &OsStr) -> Option<&[u8]> {
    is_literal_ssh_key(setting.to_str()?.as_bytes())
}

fn unheard(error: &gix::Error) -> bool {
    error.downcast_any_ref::<std::io::Error>().map(std::io::Error::kind) == Some(std::io::ErrorKind::BrokenPipe)
}

fn unsigned(error: gix::Error) -> Error {
    let printed = error.metadata_merged().get("stderr").map(words).unwrap_or_default();
    let why = complaint(&printed).unwrap_or_else(|| Error::from(error).message);
    Error::fatal(Kind::SigningFailed, format!("cannot sign the commit: {why}"))
        .printed(&printed)
        .hint("see user.signingKey and gpg.format in git-config(1)")
}

/// What a signing program said to people.
fn words(stderr: &MetadataValue) -> String {
    let stderr: &[u8] = match stderr {
        MetadataValue::Bytes(bytes) => bytes,
        MetadataValue::String(text) => text.as_bytes(),
        _ => return String::new(),
    };
    readable(stderr)
}

/// What a signing program printed for people.
pub(super) fn readable(stderr: &[u8]) -> String {
    let lines = stderr.lines().filter(|line| !line.starts_with(b"[GNUPG:]"));
    lines.map(|line| line.to_str_lossy()).collect::<Vec<_>>().join("\n")
}

/// The last line of it.
pub(super) fn complaint(printed: &str) -> Option<String> {
    printed.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

/// The message with a `Signed-off-by` trailer of the committer, if the configuration asks for it and it is not there.
pub(crate) fn signed_off(repo: &Repository, message: &[u8]) -> Result<BString> {
    if !repo.config().signoff()? {
        return Ok(message.into());
    }
    let person = repo.committer()?;
    let line = format!("Signed-off-by: {} <{}>", person.name, person.email);
    Ok(with_trailer(message, line.as_bytes()))
}

/// Appends a trailer line to the last block of a message if that is made of trailers, otherwise as a block of its own.
pub(super) fn with_trailer(message: &[u8], trailer: &[u8]) -> BString {
    let text = message.trim_end();
    if text.lines().any(|line| line == trailer) {
        return text.as_bstr().to_owned();
    }
    let parsed = gix::objs::commit::MessageRef::from_bytes(text);
    let has_trailers = parsed.body().is_some_and(|body| body.trailers().next().is_some());
    let between: &[u8] = if has_trailers { b"\n" } else { b"\n\n" };
    [text, between, trailer, b"\n"].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailer_joins_the_trailers() {
        let line = b"Signed-off-by: A <a@x>";
        for (before, after) in [
            ("t", "t\n\nSigned-off-by: A <a@x>\n"),
            ("t\n\nbody\n", "t\n\nbody\n\nSigned-off-by: A <a@x>\n"),
            ("t\n\nChant-Spec: x\n", "t\n\nChant-Spec: x\nSigned-off-by: A <a@x>\n"),
            ("t\n\nSigned-off-by: A <a@x>", "t\n\nSigned-off-by: A <a@x>"),
        ] {
            assert_eq!(with_trailer(before.as_bytes(), line), after);
        }
    }
}
