//! Who the person is, as git would write it into a commit.

use bstr::{BStr, ByteSlice};
use gix::actor::{Signature, SignatureRef};

use super::{process::Git, repository::Repository};
use crate::error::{Error, Result};

/// Which of a commit's two signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Who made the change.
    Author,
    /// Who recorded it.
    Committer,
}

/// The signature of the person, with the time now unless the environment sets a date.
///
/// Where gix finds no name or address, or the environment sets a date, `git var` decides: it guesses as git does and
/// refuses dates that gix would silently replace. Errors: `no-identity`, `bad-date`.
pub(super) fn signature(repo: &Repository, role: Role) -> Result<Signature> {
    let (date, variable) = match role {
        Role::Author => ("GIT_AUTHOR_DATE", "GIT_AUTHOR_IDENT"),
        Role::Committer => ("GIT_COMMITTER_DATE", "GIT_COMMITTER_IDENT"),
    };
    let configured = match role {
        Role::Author => repo.gix().author(),
        Role::Committer => repo.gix().committer(),
    };
    if let (Some(Ok(found)), None) = (configured, repo.env().var(date)) {
        let usable = |part: &BStr| !part.trim().is_empty() && !part.iter().any(|byte| b"<>\n\0".contains(byte));
        if usable(found.name) && usable(found.email) {
            let (name, email) = (found.name.to_owned(), found.email.to_owned());
            return Ok(Signature { name, email, time: repo.env().git_time() });
        }
    }
    let asked = Git::at(repo).args(["var", variable]).run()?;
    if asked.code != Some(0) {
        if asked.stderr.contains_str("date") {
            let value = repo.env().var(date).unwrap_or_default().to_string_lossy().into_owned();
            return Err(Error::fatal("bad-date", format!("invalid date format in {date}: '{value}'")));
        }
        return Err(no_identity(role));
    }
    let line = asked.stdout.trim_end();
    let parsed = SignatureRef::from_bytes(line).and_then(|signature| signature.to_owned());
    parsed.map_err(|_| no_identity(role))
}

fn no_identity(role: Role) -> Error {
    let who = match role {
        Role::Author => "author",
        Role::Committer => "committer",
    };
    Error::fatal("no-identity", format!("{who} identity unknown: please tell me who you are"))
        .hint("git config --global user.email \"you@example.com\"")
        .hint("git config --global user.name \"Your Name\"")
}
