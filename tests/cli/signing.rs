//! Signatures on events: made with real keys, checked by git, and asked for where they have to be there.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Ran, Sandbox, tools::need};

/// A new ssh key beside the repository, with an entry for `who` among the allowed signers if `trusted`.
fn key(sandbox: &Sandbox, name: &str, who: &str, trusted: bool) -> PathBuf {
    let path = sandbox.dir().join(name);
    let mut keygen = sandbox.command_in(sandbox.dir(), "ssh-keygen");
    sandbox.run(keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&path)).ok();
    let signers = sandbox.dir().join("signers");
    let known = std::fs::read_to_string(&signers).unwrap_or_default();
    let public = std::fs::read_to_string(path.with_extension("pub")).unwrap();
    let entry = if trusted { format!("{who} {public}") } else { String::new() };
    std::fs::write(&signers, format!("{known}{entry}")).unwrap();
    path
}

/// A repository whose person has an ssh key that is trusted; `None` without ssh.
fn signing() -> Option<Sandbox> {
    if !need("ssh-keygen") {
        return None;
    }
    let sandbox = Sandbox::new();
    let key = key(&sandbox, "ada", "ada@example.com", true);
    sandbox.git(&["config", "gpg.format", "ssh"]);
    sandbox.git(&["config", "user.signingKey", key.to_str().unwrap()]);
    sandbox.git(&["config", "gpg.ssh.allowedSignersFile", sandbox.dir().join("signers").to_str().unwrap()]);
    Some(sandbox)
}

/// `git -c chant.requireSigned=false chant …`: what a person records who signs nothing.
fn unsigned(sandbox: &Sandbox, args: &[&str]) -> Ran {
    let mut git = sandbox.command_in(&sandbox.repo, "git");
    sandbox.run(git.args(["-c", "chant.requireSigned=false", "-c", "chant.sign=false", "chant"]).args(args))
}

fn events(sandbox: &Sandbox, id: &str) -> Vec<Value> {
    sandbox.chant(&["log", id, "--show-signature", "--json"]).ok().json()["events"].as_array().unwrap().clone()
}

/// `op verdict` of each event, oldest first.
fn verdicts(sandbox: &Sandbox, id: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |event: &Value| format!("{} {}", text(&event["op"]), text(&event["signature"]["verdict"]));
    events(sandbox, id).iter().rev().map(of).collect()
}

fn refs(sandbox: &Sandbox) -> String {
    sandbox.git(&["for-each-ref", "--format=%(refname) %(objectname)"])
}

fn tip(sandbox: &Sandbox, id: &str) -> String {
    sandbox.git(&["rev-parse", &format!("refs/chant/specs/{id}")])
}

#[test]
fn every_event_is_signed_where_it_is_asked_for() {
    let Some(sandbox) = signing() else { return };
    sandbox.agent("tick; echo two >file");
    let before = sandbox.add(&["Unsigned"]);
    sandbox.git(&["config", "chant.sign", "true"]);
    let id = sandbox.add(&["Change the file"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(verdicts(&sandbox, &id), ["add good", "start good", "finish good", "land good", "complete good"]);
    let newest = &events(&sandbox, &id)[0];
    assert_eq!(newest["signature"]["signer"], "ada@example.com");
    assert!(newest["signature"]["key"].as_str().unwrap().starts_with("SHA256:"), "{newest}");
    // By git alone.
    sandbox.git(&["verify-commit", &tip(&sandbox, &id)]);
    assert_eq!(verdicts(&sandbox, &before), ["add none"]);

    let text = sandbox.chant(&["log", &id, "--show-signature", "-n", "1"]).ok().out;
    assert!(text.contains("\nSigned:   good, by ada@example.com with SHA256:"), "{text}");
    let text = sandbox.chant(&["log", &before, "--show-signature"]).ok().out;
    assert!(text.contains("\nSigned:   no\n"), "{text}");
    // Not asked for, not checked.
    assert_eq!(sandbox.chant(&["log", &id, "--json"]).ok().json()["events"][0]["signature"], Value::Null);
    assert!(!sandbox.chant(&["log", &id]).ok().out.contains("Signed:"));
}

#[test]
fn a_key_that_does_not_work_stops_the_command_with_nothing_moved() {
    let Some(sandbox) = signing() else { return };
    sandbox.agent("tick");
    let id = sandbox.add(&["Change the file"]);
    let before = refs(&sandbox);
    sandbox.git(&["config", "chant.sign", "true"]);
    sandbox.git(&["config", "user.signingKey", "/nowhere/key"]);
    let said = ["cannot sign the event", "/nowhere/key", "user.signingKey"];
    sandbox.chant(&["approve", &id]).fails(128, &said);
    sandbox.chant(&["work", &id]).fails(128, &said);
    sandbox.chant(&["cancel", &id]).fails(128, &said);
    assert_eq!(refs(&sandbox), before);
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
    let failed = sandbox.chant(&["add", "Another", "--json"]);
    assert_eq!((failed.code, failed.json()["error"]["code"].as_str()), (128, Some("signing-failed")), "{failed:?}");
    assert_eq!(refs(&sandbox), before);
    assert_eq!(std::fs::read_dir(sandbox.repo.join(".chant/specs")).unwrap().count(), 1, "no file without an event");
    // What it needs no key for still goes.
    assert_eq!(sandbox.status(&id), "pending");
}

#[test]
fn a_repository_of_sha256_is_signed_as_well() {
    let Some(sandbox) = signing() else { return };
    let repo = sandbox.dir().join("longer");
    sandbox.git(&["init", "-q", "--object-format=sha256", "-b", "main", repo.to_str().unwrap()]);
    for key in ["gpg.format", "user.signingKey", "gpg.ssh.allowedSignersFile"] {
        let value = sandbox.git(&["config", key]);
        sandbox.git_in(&repo, &["config", key, &value]);
    }
    sandbox.git_in(&repo, &["config", "chant.requireSigned", "true"]);
    sandbox.git_in(&repo, &["commit", "-q", "--allow-empty", "-m", "Initial commit"]);
    let added = sandbox.chant_in(&repo, &["add", "Signed", "--needs-approval"]).ok().out;
    let id = added.trim().strip_prefix("Created spec: ").unwrap();
    sandbox.chant_in(&repo, &["approve", id]).ok();
    assert!(sandbox.chant_in(&repo, &["log", id, "--show-signature"]).ok().out.contains("good, by ada@example.com"));
    assert_eq!(sandbox.chant_in(&repo, &["list", "--ready", "--json"]).ok().json()["specs"][0]["id"], id);
}

#[test]
fn a_key_is_found_from_a_folder_as_git_finds_it() {
    let Some(sandbox) = signing() else { return };
    sandbox.git(&["config", "chant.sign", "true"]);
    sandbox.git(&["config", "user.signingKey", "../ada"]);
    sandbox.write("deep/folder/file", "");
    let added = sandbox.chant_in(&sandbox.repo.join("deep/folder"), &["add", "From below"]).ok().out;
    let id = added.trim().strip_prefix("Created spec: ").unwrap();
    assert_eq!(verdicts(&sandbox, id), ["add good"]);
}

#[test]
fn a_signature_that_does_not_fit_is_an_error_for_fsck() {
    let Some(sandbox) = signing() else { return };
    sandbox.git(&["config", "chant.sign", "true"]);
    let id = sandbox.add(&["Change the file"]);
    sandbox.chant(&["approve", &id]).ok();
    sandbox.chant(&["fsck", "--signatures"]).ok();
    let name = format!("refs/chant/specs/{id}");
    let mut forge = sandbox.command_in(&sandbox.repo, "sh");
    let forged = sandbox.run(forge.args([
        "-c",
        "git cat-file commit \"$1\" | sed 's/^Approved/approved/' | git hash-object -t commit -w --stdin",
        "sh",
        &name,
    ]));
    sandbox.git(&["update-ref", &name, forged.ok().out.trim()]);
    assert_eq!(verdicts(&sandbox, &id), ["add good", "approve bad"]);
    // Without the setting no signature is verified.
    sandbox.chant(&["fsck"]).ok();
    sandbox.chant(&["fsck", "--signatures"]).fails(1, &["has a bad signature"]);
}

#[test]
fn a_key_without_a_voucher_is_not_good() {
    let Some(sandbox) = signing() else { return };
    let eve = key(&sandbox, "eve", "eve@example.com", false);
    sandbox.git(&["config", "chant.sign", "true"]);
    sandbox.git(&["config", "user.signingKey", eve.to_str().unwrap()]);
    let id = sandbox.add(&["Change the file"]);
    assert_eq!(verdicts(&sandbox, &id), ["add untrusted"]);
    // No list of signers at all: git itself would say that there is no signature.
    sandbox.git(&["config", "--unset", "gpg.ssh.allowedSignersFile"]);
    assert_eq!(verdicts(&sandbox, &id), ["add unknown"]);
    // Where it has to count, it is not even recorded.
    sandbox.git(&["config", "gpg.ssh.allowedSignersFile", sandbox.dir().join("signers").to_str().unwrap()]);
    sandbox.git(&["config", "chant.requireSigned", "true"]);
    let before = refs(&sandbox);
    sandbox.chant(&["approve", &id]).fails(1, &["your approval would not count", "allowedSignersFile"]);
    sandbox.agent("tick");
    sandbox.chant(&["work", &id]).fails(1, &["your claim would not count"]);
    assert_eq!(refs(&sandbox), before);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn only_a_signed_approval_counts_where_that_is_required() {
    let Some(sandbox) = signing() else { return };
    sandbox.agent("tick; echo two >file");
    sandbox.git(&["config", "chant.requireSigned", "true"]);
    let id = sandbox.add(&["Change the file", "--needs-approval"]);
    unsigned(&sandbox, &["approve", &id]).ok();
    let why = "ignoring the approval by Ada: it is not signed";
    let not_approved = || {
        let spec = sandbox.show(&id);
        assert_eq!((&spec["ready"], &spec["needs_approval"]), (&Value::Bool(false), &Value::Bool(true)), "{spec}");
        assert_eq!(spec["blocked_by"][0]["why"], why);
        assert_eq!(spec["approval"]["discounted"], why);
        assert_eq!(sandbox.chant(&["list", "--ready", "--json"]).ok().json()["specs"], Value::Array(Vec::new()));
        assert!(sandbox.chant(&["list", "--ready", "--explain"]).ok().out.contains(why));
        assert!(sandbox.chant(&["show", &id]).ok().out.contains(why));
        sandbox.chant(&["work", &id]).fails(1, &[why, "git chant approve"]);
        sandbox.chant(&["next", "--claim"]).fails(1, &["nothing is ready"]);
    };
    not_approved();
    // A later event repeats what was recorded, and is no approval for that, however well it is signed.
    sandbox.git(&["config", "chant.sign", "true"]);
    sandbox.chant(&["cancel", &id, "-m", "for now"]).ok();
    sandbox.chant(&["reset", &id]).ok();
    assert!(sandbox.git(&["log", "-1", "--format=%B", &tip(&sandbox, &id)]).contains("Chant-Approval: approved"));
    not_approved();
    let found = sandbox.chant(&["fsck", "--signatures"]).ok();
    assert!(found.out.contains("(approve by Ada) is not signed") && found.out.contains("it is ignored"), "{found:?}");

    sandbox.git(&["config", "--unset", "chant.sign"]);
    sandbox.chant(&["approve", &id]).ok();
    assert_eq!(verdicts(&sandbox, &id), ["add none", "approve none", "cancel good", "reset good", "approve good"]);
    assert_eq!(sandbox.show(&id)["ready"], true);
    // A rejection only holds up: it counts as it is.
    unsigned(&sandbox, &["reject", &id, "-m", "no"]).ok();
    sandbox.chant(&["work", &id]).fails(1, &["it was rejected"]);
    sandbox.chant(&["approve", &id]).ok();
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn verdicts_are_remembered_for_lists_and_never_acted_on() {
    let Some(sandbox) = signing() else { return };
    sandbox.agent("tick; echo two >file");
    sandbox.git(&["config", "chant.requireSigned", "true"]);
    let calls = sandbox.dir().join("calls");
    let program = sandbox.dir().join("counting");
    std::fs::write(&program, format!("#!/bin/sh\necho \"$2\" >>'{}'\nexec ssh-keygen \"$@\"\n", calls.display()))
        .unwrap();
    sandbox.run(sandbox.command_in(sandbox.dir(), "chmod").arg("+x").arg(&program)).ok();
    sandbox.git(&["config", "gpg.ssh.program", program.to_str().unwrap()]);
    let id = sandbox.add(&["Change the file", "--needs-approval"]);
    sandbox.chant(&["approve", &id]).ok();
    let counted = || {
        let text = std::fs::read_to_string(&calls).unwrap_or_default();
        std::fs::write(&calls, "").unwrap();
        text.lines().filter(|line| *line == "verify").count()
    };
    let ready = || sandbox.chant(&["list", "--json"]).ok().json()["specs"][0]["ready"].clone();
    ready();
    counted();
    assert_eq!((ready(), counted()), (Value::Bool(true), 0), "it was remembered");
    // Every command that writes verifies again.
    let other = sandbox.add(&["Change it again", "--needs-approval"]);
    unsigned(&sandbox, &["approve", &other]).ok();
    let forged =
        format!("{{\"id\":\"{}\",\"verdict\":\"good\",\"signer\":null,\"key\":null}}\n", tip(&sandbox, &other));
    let dir = sandbox.repo.join(".git/chant/signatures");
    let file = std::fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&file, forged).unwrap();
    sandbox.chant(&["work", &other]).fails(1, &["ignoring the approval by Ada: it is not signed"]);
    // A key that is trusted no more is not remembered as one.
    std::fs::write(sandbox.dir().join("signers"), "").unwrap();
    assert_eq!(ready(), Value::Bool(false));
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1, "what was remembered under other keys is gone");
}

#[test]
fn a_claim_that_is_not_signed_holds_no_one_off() {
    let Some(sandbox) = signing() else { return };
    let server = sandbox.dir().join("server.git");
    sandbox.git(&["init", "-q", "--bare", "-b", "main", server.to_str().unwrap()]);
    sandbox.git(&["remote", "add", "origin", server.to_str().unwrap()]);
    let id = sandbox.add(&["Change the file"]);
    sandbox.git(&["push", "-q", "origin", "main"]);
    sandbox.chant(&["sync"]).ok();
    let other = sandbox.dir().join("other");
    sandbox.git(&["clone", "-q", server.to_str().unwrap(), other.to_str().unwrap()]);
    sandbox.chant_in(&other, &["sync"]).ok();
    sandbox.chant_in(&other, &["work", &id, "--agent", "manual"]).ok();
    sandbox.chant_in(&other, &["sync"]).ok();
    sandbox.chant(&["sync"]).ok();

    sandbox.agent("tick; echo two >file");
    assert_eq!(sandbox.status(&id), "in_progress");
    sandbox.chant(&["work", &id]).fails(1, &["in another clone"]);
    sandbox.git(&["config", "chant.requireSigned", "true"]);
    let why = "ignoring the claim by Ada: it is not signed";
    let spec = sandbox.show(&id);
    assert_eq!(
        (&spec["status"], &spec["ready"], &spec["discounted_claim"]),
        (&"pending".into(), &true.into(), &why.into())
    );
    assert!(sandbox.chant(&["show", &id]).ok().out.contains(why));
    assert!(sandbox.chant(&["list", "--ready"]).ok().out.contains("Change the file"));
    sandbox.chant(&["work", &id]).fails(0, &[why]);
    assert_eq!(
        verdicts(&sandbox, &id),
        ["add none", "start none", "release none", "start good", "finish none", "land none", "complete none"]
    );
    // The other one comes to its end, late.
    sandbox.chant(&["sync"]).ok();
    sandbox.chant_in(&other, &["sync"]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn a_claim_that_is_signed_holds_others_off() {
    let Some(sandbox) = signing() else { return };
    sandbox.git(&["config", "chant.requireSigned", "true"]);
    let id = sandbox.add(&["Change the file"]);
    sandbox.chant(&["work", &id, "--agent", "manual"]).ok();
    assert_eq!(verdicts(&sandbox, &id), ["add none", "start good"]);
    assert_eq!(sandbox.status(&id), "in_progress");
    assert_eq!(sandbox.show(&id)["discounted_claim"], Value::Null);
    sandbox.chant(&["work", &id, "--agent", "manual"]).fails(1, &["is being worked on"]);
}

#[test]
fn gpg_signs_and_checks_as_well() {
    if !need("gpg") {
        return;
    }
    // The path of its socket has to be short, so its home is not in the sandbox.
    let home = tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap();
    let sandbox = Sandbox::new();
    let gpg = |args: &[&str]| {
        sandbox.run(sandbox.command_in(sandbox.dir(), "gpg").env("GNUPGHOME", home.path()).arg("--batch").args(args))
    };
    gpg(&["-q", "--passphrase", "", "--quick-gen-key", "Ada <ada@example.com>", "ed25519", "sign"]).ok();
    let chant = |args: &[&str]| {
        sandbox.run(sandbox.command_in(&sandbox.repo, "git").env("GNUPGHOME", home.path()).arg("chant").args(args))
    };
    sandbox.git(&["config", "chant.sign", "true"]);
    sandbox.git(&["config", "chant.requireSigned", "true"]);
    let added = chant(&["add", "Signed"]).ok().out;
    let id = added.trim().strip_prefix("Created spec: ").unwrap();
    chant(&["approve", id]).ok();
    let signature = |ran: Ran| ran.ok().json()["events"][0]["signature"].clone();
    let mine = signature(chant(&["log", id, "--show-signature", "--json"]));
    assert_eq!((&mine["verdict"], &mine["signer"]), (&"good".into(), &"Ada <ada@example.com>".into()));
    // Another person's keyring does not know the key.
    let elsewhere = signature(sandbox.chant(&["log", id, "--show-signature", "--json"]));
    assert_eq!(elsewhere["verdict"], "unknown");
    // A key that is not there.
    sandbox.git(&["config", "user.signingKey", "absent@example.com"]);
    chant(&["approve", id]).fails(128, &["cannot sign the event", "No secret key"]);
    let _ended =
        sandbox.run(sandbox.command_in(sandbox.dir(), "gpgconf").env("GNUPGHOME", home.path()).args(["--kill", "all"]));
}

#[test]
fn no_person_signs_off_what_an_agent_made() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.signoff", "true"]);
    for (how, agent) in [("squash", "scripted"), ("rebase", "scripted"), ("squash", "manual")] {
        sandbox.git(&["config", "chant.merge", how]);
        sandbox.agent("echo $CHANT_SPEC_ID >>work; git add work; git commit -qm Work");
        let id = sandbox.add(&["Work"]);
        if agent == "manual" {
            sandbox.chant(&["work", &id, "--agent", "manual"]).ok();
            let path = sandbox.chant(&["path", &id]).ok().out.trim().to_owned();
            std::fs::write(format!("{path}/mine"), "mine\n").unwrap();
            sandbox.chant(&["finish", &id]).ok();
        } else {
            // The target moves during the run, so that every commit is made again.
            sandbox.chant(&["work", &id, "--no-merge"]).ok();
            sandbox.write(how, "x\n");
            sandbox.git(&["add", how]);
            sandbox.git(&["commit", "-qm", "Other"]);
            sandbox.chant(&["merge", &id]).ok();
        }
        let made = sandbox.git(&["log", "-1", "--format=%B", "main", "--", "work", "mine"]);
        assert_eq!(made.contains("Signed-off-by: Ada"), agent == "manual", "{how} {agent}: {made}");
    }
}
