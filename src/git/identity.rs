//! The author and committer of new commits, as git would write them. Signing is in `commit`.

use bstr::{BString, ByteSlice};
use gix::actor::{Signature, SignatureRef};

use super::{process::Git, repository::Repository};
use crate::error::{Error, Kind, Result};

/// Which of a commit's two signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Who made the change.
    Author,
    /// Who recorded it.
    Committer,
}

impl Repository {
    /// The person as author, with the time now (or `GIT_AUTHOR_DATE`).
    pub(crate) fn author(&self) -> Result<gix::actor::Signature> {
        signature(self, Role::Author)
    }

    /// The person as committer, with the time now (or `GIT_COMMITTER_DATE`).
    pub(crate) fn committer(&self) -> Result<gix::actor::Signature> {
        signature(self, Role::Committer)
    }
}

/// The signature of the person, with the time now unless the environment sets a date.
///
/// Where there is no name or address, or the environment sets a date, `git var` decides: it guesses as git does and
/// refuses dates that it cannot read. Errors: `no-identity`, `bad-date`.
fn signature(repo: &Repository, role: Role) -> Result<Signature> {
    let (role_name, date, variable) = match role {
        Role::Author => ("author", "GIT_AUTHOR_DATE", "GIT_AUTHOR_IDENT"),
        Role::Committer => ("committer", "GIT_COMMITTER_DATE", "GIT_COMMITTER_IDENT"),
    };
    if repo.env().var(date).is_none()
        && let (Some(name), Some(email)) = (configured(repo, role_name, "name"), configured(repo, role_name, "email"))
    {
        return Ok(Signature { name, email, time: repo.env().git_time() });
    }
    let asked = Git::at(repo).args(["var", variable]).run()?;
    if !asked.success() {
        // What it can tell without the date it refused for the date.
        if let Some(value) = repo.env().var(date)
            && Git::at(repo).without_env(date).args(["var", variable]).run()?.success()
        {
            let message = format!("invalid date format in {date}: '{}'", value.to_string_lossy());
            return Err(Error::fatal(Kind::BadDate, message));
        }
        return Err(no_identity(role));
    }
    let line = asked.stdout.trim_end();
    let parsed = SignatureRef::from_bytes(line).and_then(|signature| signature.to_owned());
    parsed.map_err(|_| no_identity(role))
}

/// The name or address of a role by environment and configuration, if git would take it as it is. gix looks for the local time along
/// with it, and for that through the names of all time zones.
fn configured(repo: &Repository, role: &str, part: &str) -> Option<BString> {
    let variable = format!("GIT_{}_{}", role.to_uppercase(), part.to_uppercase());
    let config = repo.gix().config_snapshot();
    let found = match repo.env().var(&variable) {
        Some(value) => Some(BString::from(value.as_encoded_bytes())),
        None => [role, "user"].iter().find_map(|section| {
            let value = config.string(format!("{section}.{part}").as_str())?;
            Some(BString::from(value.as_ref() as &[u8]))
        }),
    }?;
    // What git cuts off at the ends, and leaves out anywhere.
    let crud = |byte: &u8| *byte <= b' ' || b".,:;<>\"\\'".contains(byte);
    let as_it_is = !found.first().is_none_or(crud) && !found.last().is_some_and(crud);
    (as_it_is && !found.iter().any(|byte| b"<>\n\0".contains(byte))).then_some(found)
}

fn no_identity(role: Role) -> Error {
    let who = match role {
        Role::Author => "author",
        Role::Committer => "committer",
    };
    Error::fatal(Kind::NoIdentity, format!("{who} identity unknown: please tell me who you are"))
        .hint("git config --global user.email \"you@example.com\"")
        .hint("git config --global user.name \"Your Name\"")
}
