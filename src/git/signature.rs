//! Checking the signatures of commits, by git's own means.

use std::{collections::HashMap, fs, os::unix::fs::MetadataExt, path::PathBuf};

use bstr::{BString, ByteSlice};
use gix::{ObjectId, objs::CommitRef};

use super::{process::Git, repository::Repository};
use crate::{
    domain::signature::{Signature, Verdict},
    error::Result,
};

/// The fields of `git log` for each commit; a signer's name can hold anything but NUL.
const FORMAT: &str = "--format=tformat:%H%x00%G?%x00%GT%x00%GS%x00%GF%x00%GK";

/// How many fields that makes.
const FIELDS: usize = 6;

/// The levels of `gpg.minTrustLevel`, the lowest first.
const LEVELS: [&str; 5] = ["undefined", "never", "marginal", "fully", "ultimate"];

/// Checks the signatures of `commits` with one git process, which starts the programs that check them; none is started if none
/// of the commits is signed. What is no commit, or not here, is not in the answer.
pub(crate) fn verify(repo: &Repository, commits: &[ObjectId]) -> Result<HashMap<ObjectId, Signature>> {
    let mut found = HashMap::new();
    let mut list = String::new();
    for id in commits {
        if let Some(signed) = is_signed(repo, *id)? {
            found.insert(*id, Signature::NONE);
            if signed {
                list.push_str(&format!("{id}\n"));
            }
        }
    }
    if list.is_empty() {
        return Ok(found);
    }
    let log = Git::at(repo)
        .args(["log", "--no-walk=unsorted", "--stdin", "--no-show-signature", "--no-notes", "-z", FORMAT])
        .stdin_bytes(list)
        .check()?;
    let least = repo.gix().config_snapshot().string("gpg.minTrustLevel").and_then(|level| rank(&level.to_string()));
    let fields: Vec<&[u8]> = log.stdout.split_str("\0").collect();
    for record in fields.chunks_exact(FIELDS) {
        if let Ok(id) = ObjectId::from_hex(record[0]) {
            found.insert(id, read(&record[1..], least));
        }
    }
    Ok(found)
}

/// Whether a commit carries a signature; `None` if it is no commit that is here.
fn is_signed(repo: &Repository, id: ObjectId) -> Result<Option<bool>> {
    let Some(object) = repo.gix().try_find_object(id)? else { return Ok(None) };
    if object.kind != gix::objs::Kind::Commit {
        return Ok(None);
    }
    let Ok(commit) = CommitRef::from_bytes(&object.data, id.kind()) else { return Ok(None) };
    Ok(Some(commit.extra_headers.iter().any(|(name, _)| *name == "gpgsig" || *name == "gpgsig-sha256")))
}

/// The signature of a signed commit by git's fields; `least` is the required level of trust.
fn read(record: &[&[u8]], least: Option<usize>) -> Signature {
    let text = |at: usize| Some(record[at].to_str_lossy().into_owned()).filter(|text| !text.is_empty());
    let (level, signer) = (text(1).as_deref().and_then(rank).unwrap_or_default(), text(2));
    let verdict = match record[0] {
        b"G" if least.is_none_or(|least| level >= least) => Verdict::Good,
        // A key without an owner is not trusted at any level.
        b"U" if signer.is_some() && least.is_some_and(|least| level >= least) => Verdict::Good,
        b"G" | b"U" => Verdict::Untrusted,
        b"B" => Verdict::Bad,
        b"X" | b"Y" => Verdict::Expired,
        b"R" => Verdict::Revoked,
        // Where there are no allowed signers at all, git says that there is no signature.
        _ => Verdict::Unknown,
    };
    Signature { verdict, signer, key: text(3).or_else(|| text(4)) }
}

fn rank(level: &str) -> Option<usize> {
    LEVELS.iter().position(|known| known.eq_ignore_ascii_case(level))
}

/// Everything that verdicts on signatures depend on besides the commits, as one line: the settings, and the state of the files with
/// keys in them. The verdicts stay as long as this line does, unless a key expires.
pub(crate) fn surroundings(repo: &Repository) -> String {
    let config = repo.gix().config_snapshot();
    let value = |key: &str| config.string(key).unwrap_or_default();
    let mut all = vec![env!("CARGO_PKG_VERSION").to_owned()];
    for key in ["gpg.program", "gpg.openpgp.program", "gpg.x509.program", "gpg.ssh.program", "gpg.minTrustLevel"] {
        all.push(format!("{key}={}", value(key)));
    }
    let home = repo.env().home();
    for key in ["gpg.ssh.allowedSignersFile", "gpg.ssh.revocationFile"] {
        let path = value(key);
        all.push(format!("{key}={path}"));
        all.extend(file_of(repo, &path, home.clone()).map(|path| state_of(&path)));
    }
    let keyring = repo.env().var("GNUPGHOME").map(PathBuf::from).or_else(|| home.map(|home| home.join(".gnupg")));
    if let Some(dir) = keyring {
        for name in ["pubring.kbx", "pubring.gpg", "public-keys.d/pubring.db", "trustdb.gpg", "trustlist.txt"] {
            all.push(state_of(&dir.join(name)));
        }
    }
    all.join("\n")
}

fn file_of(repo: &Repository, path: &BString, home: Option<PathBuf>) -> Option<PathBuf> {
    if path.is_empty() {
        return None;
    }
    let path = gix::path::from_bstr(path.as_bstr()).ok()?.into_owned();
    Some(match (path.strip_prefix("~"), home) {
        (Ok(below), Some(home)) => home.join(below),
        _ => repo.work_dir().unwrap_or_else(|| repo.git_dir()).join(path),
    })
}

/// A text that changes when the file does.
fn state_of(path: &std::path::Path) -> String {
    match fs::metadata(path) {
        Ok(meta) => {
            let (seconds, nanos) = (meta.mtime(), meta.mtime_nsec());
            format!("{} {} {} {seconds}.{nanos} {}", path.display(), meta.ino(), meta.len(), meta.ctime_nsec())
        }
        Err(_) => format!("{} -", path.display()),
    }
}
