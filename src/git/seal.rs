//! Signing and checking bytes that are no object of git, with the programs and the key that git is set up with (`gpg.format`,
//! `user.signingKey`, `gpg.<format>.program`, `gpg.ssh.allowedSignersFile`).

use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::OsStrExt as _,
    path::Path,
};

use bstr::{BStr, ByteSlice};
use gix::objs::signature::Format;

use super::{
    commit::{complaint, literal_key, readable, signing_options},
    output::Output,
    process::run_program,
    repository::Repository,
};
use crate::{
    domain::{
        digest,
        signature::{Signature, Verdict},
    },
    env::scratch,
    error::{Error, IoContext, Kind, Result},
};

/// The namespace in which git signs: a file of allowed signers may name it.
const NAMESPACE: &str = "git";

/// How an SSH signature begins.
const SSH: &[u8] = b"-----BEGIN SSH SIGNATURE-----";

/// A signature over some bytes.
#[derive(Clone, Debug)]
pub(crate) struct DetachedSignature {
    /// The fingerprint of the key.
    pub key: String,
    /// The signature: of SSH the text that `ssh-keygen -Y sign` writes, of OpenPGP the packet.
    pub signature: Vec<u8>,
}

/// Signs `bytes`.
///
/// # Errors
/// `signing-failed`, in the words of the program.
pub(crate) fn sign(repo: &Repository, bytes: &[u8]) -> Result<DetachedSignature> {
    let options = signing_options(repo)?;
    let program = |rest: &[OsString], stdin: &[u8]| {
        let words: Vec<OsString> =
            [&options.program].into_iter().chain(&options.program_arguments).chain(rest).cloned().collect();
        run_program(top(repo), &words, &options.environment, stdin).map_err(|cause| failed(&cause.to_string()))
    };
    let place = scratch::dir(".chant-tmp-")?;
    if options.format != Format::Ssh {
        let signed = program(&["--status-fd=2".into(), "-bsu".into(), options.signing_key.clone()], bytes)?;
        let created = signed.stderr.lines().find_map(|line| line.strip_prefix(b"[GNUPG:] SIG_CREATED "));
        let (true, Some(created)) = (signed.success(), created) else { return Err(refused(&signed)) };
        let key = created.rsplit(|byte| *byte == b' ').next().unwrap_or_default().to_str_lossy().into_owned();
        return Ok(DetachedSignature { key, signature: signed.stdout.into() });
    }
    let payload = write(place.path(), "payload", bytes)?;
    let mut words: Vec<OsString> = ["-Y", "sign", "-n", NAMESPACE, "-f"].map(OsString::from).to_vec();
    match literal_key(&options.signing_key) {
        Some(key) => words.extend([write(place.path(), "key", key)?, "-U".into()]),
        None => words.push(options.signing_key.clone()),
    }
    words.push(payload);
    let signed = program(&words, &[])?;
    let path = place.path().join("payload.sig");
    match fs::read(&path) {
        Ok(signature) if signed.success() => {
            let key = fingerprint(&signature).ok_or_else(|| failed("it made no signature of SSH"))?;
            Ok(DetachedSignature { key, signature })
        }
        _ => Err(refused(&signed)),
    }
}

/// What a signature over `bytes` is worth here.
///
/// # Errors
/// If the program that checks it cannot be run.
pub(crate) fn check(repo: &Repository, bytes: &[u8], signature: &[u8]) -> Result<Signature> {
    let config = repo.gix().config_snapshot();
    let named = |keys: &[&str], usual: &str| -> OsString {
        let found = keys.iter().find_map(|key| config.string(*key));
        found.map_or_else(|| usual.into(), |name| OsStr::from_bytes(&name).to_owned())
    };
    let place = scratch::dir(".chant-tmp-")?;
    let file = write(place.path(), "signature", signature)?;
    let run = |program: &OsString, words: &[&OsString]| {
        let words: Vec<OsString> = [program].into_iter().chain(words.iter().copied()).cloned().collect();
        run_program(top(repo), &words, &[], bytes).io("run", Path::new(program))
    };
    if !signature.starts_with(SSH) {
        let program = named(&["gpg.openpgp.program", "gpg.program"], "gpg");
        let words: [OsString; 4] = ["--status-fd=1".into(), "--verify".into(), file, "-".into()];
        return Ok(openpgp(&run(&program, &words.iter().collect::<Vec<_>>())?));
    }
    let program = named(&["gpg.ssh.program"], "ssh-keygen");
    let key = fingerprint(signature);
    let verb = |verb: &str| -> Vec<OsString> { ["-Y", verb, "-n", NAMESPACE, "-s"].map(OsString::from).to_vec() };
    let with = |verb: Vec<OsString>, more: &[OsString]| {
        run(&program, &verb.iter().chain([&file]).chain(more).collect::<Vec<_>>())
    };
    if !with(verb("check-novalidate"), &[])?.success() {
        return Ok(Signature { verdict: Verdict::Bad, signer: None, key });
    }
    let untrusted = |key| Ok(Signature { verdict: Verdict::Untrusted, signer: None, key });
    let Some(allowed) = config.trusted_path("gpg.ssh.allowedSignersFile").ok().flatten() else { return untrusted(key) };
    let allowed: OsString = top(repo).join(allowed).into();
    let found = with(verb("find-principals"), &["-f".into(), allowed.clone()])?;
    for principal in found.stdout.lines().filter(|_| found.success()) {
        let name: OsString = principal.to_str_lossy().into_owned().into();
        if with(verb("verify"), &["-f".into(), allowed.clone(), "-I".into(), name])?.success() {
            return Ok(Signature { verdict: Verdict::Good, signer: Some(principal.to_str_lossy().into_owned()), key });
        }
    }
    untrusted(key)
}

/// What gpg's status lines say.
fn openpgp(output: &Output) -> Signature {
    let said = |word: &str| {
        let lines = output.stdout.lines().filter_map(|line| line.strip_prefix(b"[GNUPG:] "));
        lines
            .filter_map(|line| line.strip_prefix(word.as_bytes()))
            .next()
            .map(|rest| rest.to_str_lossy().trim().to_owned())
    };
    let good = said("GOODSIG ").filter(|_| output.success());
    let trusted = said("TRUST_UNDEFINED").is_none() && said("TRUST_NEVER").is_none();
    let verdict = match &good {
        Some(_) if trusted => Verdict::Good,
        Some(_) => Verdict::Untrusted,
        None if said("EXPKEYSIG ").is_some() || said("EXPSIG ").is_some() => Verdict::Expired,
        None if said("REVKEYSIG ").is_some() => Verdict::Revoked,
        None if said("NO_PUBKEY ").is_some() => Verdict::Unknown,
        None => Verdict::Bad,
    };
    let signer = good.and_then(|good| Some(good.split_once(' ')?.1.to_owned()));
    let key = said("VALIDSIG ").and_then(|valid| valid.split(' ').next().map(str::to_owned));
    Signature { verdict, signer, key }
}

/// The fingerprint of the key in an SSH signature, as `ssh-keygen -l` shows it.
fn fingerprint(signature: &[u8]) -> Option<String> {
    let text = signature.lines().filter(|line| !line.starts_with(b"-----")).collect::<Vec<_>>().concat();
    let bytes = digest::from_base64(&text)?;
    // "SSHSIG", a version, then the public key with its length before it: PROTOCOL.sshsig of OpenSSH.
    let rest = bytes.strip_prefix(b"SSHSIG")?.get(4..)?;
    let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
    let key = rest.get(4..4 + usize::try_from(length).ok()?)?;
    Some(format!("SHA256:{}", digest::base64(&digest::sha256(key)).trim_end_matches('=')))
}

/// Where git starts such programs, and what relative paths start from.
fn top(repo: &Repository) -> &Path {
    repo.work_dir().unwrap_or_else(|| repo.git_dir())
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<OsString> {
    let path = dir.join(name);
    fs::write(&path, bytes).io("write", &path)?;
    Ok(path.into())
}

/// What the program said, whose last line says why it did not sign.
fn refused(signed: &Output) -> Error {
    let printed = readable(&signed.stderr);
    failed(&complaint(&printed).unwrap_or_else(|| signed.complaint())).printed(&printed)
}

fn failed(why: &str) -> Error {
    Error::fatal(Kind::SigningFailed, format!("cannot sign: {}", BStr::new(why.trim())))
        .hint("see user.signingKey and gpg.format in git-config(1)")
}
