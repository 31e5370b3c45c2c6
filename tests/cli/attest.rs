//! `git chant attest`: statements about merged work, checked by the tools of others too.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    json_schema::Contract,
    support::{Ran, Sandbox, tools},
};

/// Work that is merged, with a command that passed.
fn merged() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.agent("mkdir -p src; echo one >src/a; git add -A; git commit -qm 'Add a'; tick");
    let id = sandbox.add(&["Add a", "--verify", "test -f src/a", "--onto", "main"]);
    sandbox.chant(&["work", &id, "--trust"]).ok();
    (sandbox, id)
}

/// Has git sign with a new key of ssh, which is an allowed one.
fn with_ssh(sandbox: &Sandbox) -> PathBuf {
    let (key, signers) = (sandbox.dir().join("key"), sandbox.dir().join("signers"));
    let mut keygen = sandbox.command_in(sandbox.dir(), "ssh-keygen");
    sandbox.run(keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f"]).arg(&key)).ok();
    fs::write(&signers, format!("ada@example.com {}", fs::read_to_string(key.with_extension("pub")).unwrap())).unwrap();
    sandbox.git(&["config", "gpg.format", "ssh"]);
    sandbox.git(&["config", "user.signingKey", key.to_str().unwrap()]);
    sandbox.git(&["config", "gpg.ssh.allowedSignersFile", signers.to_str().unwrap()]);
    signers
}

/// What other implementations say of an envelope; `None` where Python lacks them.
fn foreign(sandbox: &Sandbox, args: &[&str]) -> Option<Ran> {
    let Some(packages) = std::env::var_os("CHANT_PYTHON_PACKAGES") else {
        tools::report(
            "in-toto-attestation and securesystemslib from PyPI (CHANT_PYTHON_PACKAGES names their directory)",
        );
        return None;
    };
    let mut python = sandbox.command_in(sandbox.dir(), "python3");
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/verify.py")).args(args);
    Some(sandbox.run(python.env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1")))
}

/// The envelope with the byte `at` of what `member` holds changed, as base64 that is still well formed.
fn changed(envelope: &Path, pointer: &str) -> PathBuf {
    let mut all: Value = serde_json::from_slice(&fs::read(envelope).unwrap()).unwrap();
    let text = all.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let at = text.len() / 2 / 4 * 4;
    let other = if &text[at..=at] == "A" { "B" } else { "A" };
    *all.pointer_mut(pointer).unwrap() = format!("{}{other}{}", &text[..at], &text[at + 1..]).into();
    let path = envelope.with_extension("changed");
    fs::write(&path, all.to_string()).unwrap();
    path
}

#[test]
fn a_statement_names_the_merge_its_files_and_what_was_checked() {
    let (sandbox, id) = merged();
    let first = sandbox.chant(&["attest", &id]).ok().out;
    for again in [&["attest", &id][..], &["attest", &id, "-o", "-"]] {
        assert_eq!(first, sandbox.chant(again).ok().out);
    }
    let statement: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["subject"][0]["digest"]["gitCommit"], *sandbox.git(&["rev-parse", "main"]).trim());
    let file = statement["subject"].as_array().unwrap().iter().find(|one| one["name"] == "src/a").unwrap();
    assert_eq!(file["digest"]["gitBlob"], *sandbox.git(&["rev-parse", "main:src/a"]).trim());
    assert_eq!(file["digest"]["sha256"], "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806");
    let predicate = &statement["predicate"];
    assert_eq!(
        (predicate["result"].as_str(), predicate["failedTests"].as_array().map(Vec::len)),
        (Some("PASSED"), Some(0))
    );
    assert!(predicate["passedTests"].to_string().contains("verify 'test -f src/a'"), "{predicate}");
    assert_eq!(predicate["configuration"][0]["name"], format!("refs/chant/specs/{id}"));
    let open = sandbox.add(&["Not yet"]);
    sandbox.chant(&["attest", &open]).fails(1, &["it has no work"]);
}

#[test]
fn links_and_names_in_any_bytes_are_subjects_too() {
    let sandbox = Sandbox::new();
    sandbox.agent("ln -s file link; echo x >\"$(printf 'b\\377')\"; git add -A; git commit -qm Both; tick");
    let id = sandbox.add(&["Add both", "--verify", "true"]);
    sandbox.chant(&["work", &id, "--trust"]).ok();
    let statement = sandbox.chant(&["attest", &id]).ok().json();
    let subjects = statement["subject"].as_array().unwrap();
    let link = subjects.iter().find(|one| one["name"] == "link").unwrap_or_else(|| panic!("{statement}"));
    assert_eq!(link["digest"]["gitBlob"], *sandbox.git(&["rev-parse", "main:link"]).trim());
    assert!(subjects.iter().any(|one| one["name"] == "b\u{fffd}"), "{statement}");
}

/// A clone with the events and what `args` of git's say.
fn clone(sandbox: &Sandbox, args: &[&str]) -> PathBuf {
    let clone = sandbox.dir().join("clone");
    let url = format!("file://{}", sandbox.repo.display());
    sandbox.git_in(sandbox.dir(), &[&["clone", "-q"], args, &[&url, clone.to_str().unwrap()]].concat());
    sandbox.git_in(&clone, &["fetch", "-q", "origin", "refs/chant/*:refs/chant/*"]);
    clone
}

#[test]
fn a_squash_is_attested_alike_in_a_clone_that_never_had_the_work() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.merge", "squash"]);
    sandbox.agent(
        "mkdir src; echo one >src/a; git add -A; git commit -qm 'Add a'; echo two >src/b; git add -A; git commit -qm 'Add b'; tick",
    );
    let id = sandbox.add(&["Add a and b", "--verify", "test -f src/b", "--onto", "main"]);
    sandbox.chant(&["work", &id, "--trust"]).ok();
    let own = sandbox.chant(&["attest", &id]).ok().out;
    assert!(own.contains("\"src/a\"") && own.contains("\"src/b\""), "{own}");
    let clone = clone(&sandbox, &["--no-tags"]);
    assert!(
        !sandbox.git_in(&clone, &["cat-file", "--batch-all-objects", "--batch-check"]).contains(&work(&sandbox, &id))
    );
    assert_eq!(sandbox.chant_in(&clone, &["attest", &id]).ok().out, own);
    let page = sandbox.chant_in(&clone, &["report", &id]).ok().out;
    assert!(
        page.contains("(not in this clone)")
            && page.contains("What it changed")
            && page.contains("<td>1</td><td>+two</td>"),
        "{page}"
    );
}

/// The newest commit of the work.
fn work(sandbox: &Sandbox, id: &str) -> String {
    sandbox.show(id)["work_commits"].as_array().unwrap().last().unwrap().as_str().unwrap().to_owned()
}

#[test]
fn a_merge_that_is_not_here_is_named_with_the_way_to_get_it() {
    let (sandbox, id) = merged();
    let envelope = sandbox.dir().join("a.json");
    fs::write(&envelope, {
        let payload = sandbox.chant(&["attest", &id]).ok().out.trim_end().to_owned();
        let base64 = sandbox
            .run(sandbox.command_in(sandbox.dir(), "sh").args(["-c", "printf %s \"$1\" | base64 -w0", "-", &payload]))
            .ok()
            .out;
        format!("{{\"payload\":\"{base64}\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[]}}")
    })
    .unwrap();
    let merge = sandbox.git(&["rev-parse", "main"]);
    sandbox.write("more", "more\n");
    sandbox.commit("Go on");
    let said = [&format!("the commit {} is not in this clone", &merge[..10])[..], "git fetch --unshallow"];
    let shallow = clone(&sandbox, &["--depth", "1"]);
    sandbox.chant_in(&shallow, &["attest", &id]).fails(128, &said);
    sandbox.chant_in(&shallow, &["attest", "--verify", envelope.to_str().unwrap()]).fails(128, &said);
    // A branch that was rewritten, and garbage that was collected.
    sandbox.git(&["reset", "-q", "--hard", "main~2"]);
    sandbox.git(&["reflog", "expire", "--expire=all", "--all"]);
    sandbox.git(&["gc", "-q", "--prune=now"]);
    let gone = sandbox.chant(&["attest", &id]).fails(128, &[said[0]]);
    let way = format!("git fetch <remote> {}", merge.trim());
    assert!(gone.err.contains(&way), "{}", gone.err);
}

#[test]
fn one_byte_that_changed_is_refused_by_us_and_by_others() {
    if !tools::need("ssh-keygen") {
        return;
    }
    let (sandbox, id) = merged();
    let signers = with_ssh(&sandbox);
    let refs = sandbox.git(&["for-each-ref"]);
    let envelope = sandbox.dir().join("a.json");
    sandbox.chant(&["attest", &id, "--sign", "-o", envelope.to_str().unwrap()]).ok();
    assert_eq!(sandbox.git(&["for-each-ref"]), refs, "nothing is stored");
    let ok = Contract::new()
        .holds("attest", &sandbox.chant(&["attest", "--verify", envelope.to_str().unwrap(), "--json"]).ok());
    assert_eq!((ok["spec"].as_str(), ok["signature"]["signer"].as_str()), (Some(id.as_str()), Some("ada@example.com")));
    let args = |path: &Path| {
        [path.to_str().unwrap().to_owned(), "ssh".into(), signers.to_str().unwrap().into(), "ada@example.com".into()]
    };
    let others = |path: &Path| foreign(&sandbox, &args(path).each_ref().map(String::as_str));
    if let Some(said) = others(&envelope) {
        assert!(said.ok().out.starts_with("PASSED "));
    }
    for member in ["/payload", "/signatures/0/sig"] {
        let changed = changed(&envelope, member);
        sandbox.chant(&["attest", "--verify", changed.to_str().unwrap()]).fails(1, &[]);
        assert!(others(&changed).is_none_or(|said| said.code != 0), "{member}");
    }
    // Work that a person took out of its target: what was said of the merge stays true, but the branch is another.
    let merge = sandbox.git(&["rev-parse", "main"]);
    sandbox.git(&["reset", "-q", "--hard", "main^"]);
    for args in [&["attest", "--verify", envelope.to_str().unwrap()][..], &["attest", &id]] {
        let dropped = sandbox.chant(args).ok();
        assert!(dropped.err.contains("is not in 'main' any more"), "{}", dropped.err);
    }
    sandbox.git(&["reset", "-q", "--hard", merge.trim()]);
    // A good signature over what the events don't say, and events that went on.
    sandbox.agent("echo two >src/a; git commit -qam 'Change a'; tick");
    sandbox.chant(&["reset", &id]).ok();
    sandbox.chant(&["work", &id, "--trust"]).ok();
    let stale = sandbox.chant(&["attest", "--verify", envelope.to_str().unwrap()]).fails(1, &[]);
    assert!(stale.out.contains("record something else"), "{}", stale.out);
    // A key that is not known here.
    sandbox.chant(&["attest", &id, "--sign", "-o", envelope.to_str().unwrap()]).ok();
    fs::write(&signers, "").unwrap();
    let unknown = sandbox.chant(&["attest", "--verify", envelope.to_str().unwrap()]).fails(1, &[]);
    assert!(unknown.out.contains("an untrusted key"), "{}", unknown.out);
    fs::write(&envelope, "{}").unwrap();
    sandbox.chant(&["attest", "--verify", envelope.to_str().unwrap()]).fails(1, &["holds no attestation"]);
}

#[test]
fn a_signature_of_openpgp_is_checked_by_another_implementation() {
    if !tools::need("gpg") {
        return;
    }
    let (sandbox, id) = merged();
    let home = sandbox.dir().join("home/.gnupg");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    // securesystemslib knows no other digest.
    fs::write(home.join("gpg.conf"), "digest-algo SHA256\n").unwrap();
    let gpg = |args: &[&str]| {
        sandbox.run(sandbox.command_in(sandbox.dir(), "gpg").args(["--batch", "-q"]).args(args)).ok().out
    };
    // The reason is in the last line, below what gpg says of directories that it makes.
    sandbox.chant(&["attest", &id, "--sign"]).fails(128, &["cannot sign: ", "No secret key"]);
    gpg(&["--passphrase", "", "--quick-generate-key", "Ada <ada@example.com>", "rsa2048", "sign", "never"]);
    let listed = gpg(&["--with-colons", "--fingerprint"]);
    let key = listed.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap().trim_matches(':').to_owned();
    sandbox.git(&["config", "user.signingKey", &key]);
    let envelope = sandbox.dir().join("a.json");
    sandbox.chant(&["attest", &id, "--sign", "-o", envelope.to_str().unwrap()]).ok();
    let good = sandbox.chant(&["attest", "--verify", envelope.to_str().unwrap()]).ok().out;
    assert!(good.contains("signed by Ada <ada@example.com>"), "{good}");
    if let Some(said) = foreign(&sandbox, &[envelope.to_str().unwrap(), "gpg", &key]) {
        assert!(said.ok().out.starts_with("PASSED "));
    }
    let changed = changed(&envelope, "/payload");
    sandbox.chant(&["attest", "--verify", changed.to_str().unwrap()]).fails(1, &[]);
    let said = foreign(&sandbox, &[changed.to_str().unwrap(), "gpg", &key]);
    assert!(said.is_none_or(|said| said.code != 0));
}
