//! Refs, events and logs.

use super::{chain, clean, codes, completed, fsck, git_dir, only, problems, repair, tip, trailer, with_spec};
use crate::support::Sandbox;

/// Puts a commit on top of a chain, with the message of `like` as `edit` leaves it.
#[track_caller]
fn forge(sandbox: &Sandbox, id: &str, like: &str, edit: impl Fn(&str) -> String) -> String {
    let message = edit(&sandbox.git(&["log", "-1", "--format=%B", like]));
    let tree = sandbox.git(&["rev-parse", &format!("{like}^{{tree}}")]);
    let commit = sandbox.git(&["commit-tree", &tree, "-p", &tip(sandbox, id), "-m", message.trim_end()]);
    sandbox.git(&["update-ref", &chain(id), &commit]);
    commit
}

/// The message with another value of one trailer.
fn with_trailer(message: &str, name: &str, value: &str) -> String {
    let prefix = format!("Chant-{name}: ");
    assert!(message.contains(&prefix), "{message}");
    let lines = message.lines().map(|line| match line.strip_prefix(&prefix) {
        Some(_) => format!("{prefix}{value}\n"),
        None => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn refs_that_are_no_chains_are_named_and_left_alone() {
    let (sandbox, _, other) = completed();
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.git(&["update-ref", "refs/chant/specs/Not_An_Id", &head]);
    sandbox.git(&["symbolic-ref", "refs/chant/specs/2026-02-08-001-sym", "refs/heads/main"]);
    let found = fsck(&sandbox);
    assert_eq!(codes(&found), ["symbolic-ref", "bad-ref"]);
    assert_eq!(found[1].text("path"), "refs/chant/specs/Not_An_Id");
    let kept = problems(&sandbox, &["fsck", "--repair"]);
    assert_eq!(kept, found);
    assert_eq!(sandbox.status(&other), "completed");
    // The way out that it names.
    sandbox.git(&["symbolic-ref", "--delete", "refs/chant/specs/2026-02-08-001-sym"]);
    sandbox.git(&["update-ref", "-d", "refs/chant/specs/Not_An_Id"]);
    clean(&sandbox);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_ref_that_a_crash_emptied_is_taken_from_its_log() {
    let (sandbox, id, other) = completed();
    let before = tip(&sandbox, &id);
    for damage in ["", "\0\0\0\0\0\0\0\0", "deadbeef\n"] {
        std::fs::write(git_dir(&sandbox).join(chain(&id)), damage).unwrap();
        let found = only(fsck(&sandbox));
        assert_eq!((found.code(), found.text("path")), ("broken-ref", chain(&id).as_str()));
        assert_eq!(sandbox.status(&other), "completed");
        assert_eq!(codes(&repair(&sandbox)), ["broken-ref"]);
        assert_eq!(tip(&sandbox, &id), before);
    }
    // A log that the crash cut short as well: the last whole line counts. Without any there is no guess.
    let log = git_dir(&sandbox).join("logs").join(chain(&id));
    let whole = std::fs::read_to_string(&log).unwrap();
    let cut = whole.trim_end().len() - 120;
    std::fs::write(&log, format!("{}\n{}", whole.trim_end(), &whole[cut..cut + 20])).unwrap();
    std::fs::write(git_dir(&sandbox).join(chain(&id)), "").unwrap();
    assert_eq!(codes(&repair(&sandbox)), ["broken-ref"]);
    assert_eq!(tip(&sandbox, &id), before);
    std::fs::remove_file(&log).unwrap();
    std::fs::write(git_dir(&sandbox).join(chain(&id)), "").unwrap();
    let found = only(problems(&sandbox, &["fsck", "--repair"]));
    assert_eq!((found.code(), found.repaired()), ("broken-ref", false));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_chain_without_a_log_gets_one() {
    let (sandbox, id, _) = completed();
    let before = tip(&sandbox, &id);
    std::fs::remove_file(git_dir(&sandbox).join("logs").join(chain(&id))).unwrap();
    assert_eq!(only(fsck(&sandbox)).code(), "no-reflog");
    repair(&sandbox);
    assert_eq!(tip(&sandbox, &id), before);
    assert_eq!(sandbox.git(&["rev-parse", &format!("{}@{{0}}", chain(&id))]), before);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_commit_that_is_no_event_is_named_and_not_obeyed() {
    let (sandbox, id, other) = completed();
    let complete = tip(&sandbox, &id);
    let twice = forge(&sandbox, &id, &complete, |message| format!("{}\nChant-Op: cancel\n", message.trim_end()));
    let found = only(fsck(&sandbox));
    assert_eq!((found.code(), found.text("spec"), found.text("severity")), ("invalid-event", id.as_str(), "error"));
    assert!(
        found.text("message").contains(&twice) && found.text("message").contains("Chant-Op occurs twice"),
        "{found:?}"
    );
    assert_eq!((sandbox.status(&id), sandbox.status(&other)), ("completed".into(), "completed".into()));
    // What is only named stays.
    assert_eq!(problems(&sandbox, &["fsck", "--repair"]), [found]);
    assert_eq!(tip(&sandbox, &id), twice);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn events_that_are_at_odds_with_those_below_them_are_named() {
    type Edit = fn(&Sandbox, &str, &str) -> String;
    let cases: [(&str, &str, &str, Edit); 6] = [
        ("generation", "records generation 40", "land", |_, _, message| {
            let message = with_trailer(message, "Gen", "40");
            with_trailer(&with_trailer(&message, "Op", "edit"), "Status", "completed")
        }),
        ("bad-step", "(land) cannot follow: the spec was completed", "land", |sandbox, id, message| {
            with_trailer(message, "Gen", &next_gen(sandbox, id))
        }),
        ("bad-step", "(resume) cannot follow: the spec was completed", "land", |sandbox, id, message| {
            let message = with_trailer(&with_trailer(message, "Op", "resume"), "Status", "in_progress");
            with_trailer(&message, "Gen", &next_gen(sandbox, id))
        }),
        ("status", "(edit) records failed; computed completed", "complete", |sandbox, id, message| {
            let message = with_trailer(&with_trailer(message, "Op", "edit"), "Status", "failed");
            with_trailer(&message, "Gen", &next_gen(sandbox, id))
        }),
        ("tip", "contradicts earlier ones: approval", "complete", |sandbox, id, message| {
            let message = with_trailer(&with_trailer(message, "Op", "edit"), "Gen", &next_gen(sandbox, id));
            let blob = trailer(sandbox, &tip(sandbox, id), "Spec-Blob");
            format!("{}\nChant-Approval: approved {blob}\n", message.trim_end())
        }),
        (
            "missing-text",
            "the text 1111111111111111111111111111111111111111 of the event",
            "complete",
            |sandbox, id, message| {
                let message = with_trailer(&with_trailer(message, "Op", "edit"), "Gen", &next_gen(sandbox, id));
                with_trailer(&message, "Spec-Blob", &"1".repeat(40))
            },
        ),
    ];
    let (sandbox, id, other) = completed();
    let good = tip(&sandbox, &id);
    for (code, said, like, edit) in cases {
        let like = match like {
            "land" => format!("{good}~1"),
            _ => good.clone(),
        };
        forge(&sandbox, &id, &like, |message| edit(&sandbox, &id, message));
        let found = fsck(&sandbox);
        let named = found.iter().find(|problem| problem.code() == code).unwrap_or_else(|| panic!("{code}: {found:#?}"));
        assert!(named.text("message").contains(said), "{found:#?}");
        assert!(found.iter().all(|problem| problem.text("spec") == id), "{found:#?}");
        assert_eq!(sandbox.status(&other), "completed");
        let kept = tip(&sandbox, &id);
        problems(&sandbox, &["fsck", "--repair"]);
        // Nothing is taken back; a `land` that is found in its target is completed as any other would be.
        sandbox.git(&["merge-base", "--is-ancestor", &kept, &chain(&id)]);
        sandbox.git(&["update-ref", &chain(&id), &good]);
    }
    clean(&sandbox);
}

fn next_gen(sandbox: &Sandbox, id: &str) -> String {
    (trailer(sandbox, &tip(sandbox, id), "Gen").trim().parse::<u64>().unwrap() + 1).to_string()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn events_that_are_not_there_are_named() {
    let (sandbox, id, other) = completed();
    let lost = sandbox.git(&["rev-parse", &format!("{}~2", chain(&id))]);
    let path = git_dir(&sandbox).join("objects").join(&lost[..2]).join(&lost[2..]);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let found = fsck(&sandbox);
    assert!(codes(&found).contains(&"missing-event"), "{found:#?}");
    assert!(found.iter().any(|problem| problem.text("message").contains(&lost)), "{found:#?}");
    assert!(found.iter().all(|problem| problem.text("spec") == id), "{found:#?}");
    assert_eq!(sandbox.status(&other), "completed");
    std::fs::write(&path, bytes).unwrap();
    clean(&sandbox);
    // The newest one, too.
    let lost = tip(&sandbox, &id);
    std::fs::remove_file(git_dir(&sandbox).join("objects").join(&lost[..2]).join(&lost[2..])).unwrap();
    assert_eq!(only(fsck(&sandbox)).code(), "missing-event");
    assert_eq!(sandbox.status(&other), "completed");
}

#[test]
fn two_first_events_that_were_joined_are_said_and_no_error() {
    let (sandbox, id) = with_spec();
    let first = tip(&sandbox, &id);
    let message = sandbox.git(&["log", "-1", "--format=%B", &first]);
    let tree = sandbox.git(&["rev-parse", &format!("{first}^{{tree}}")]);
    let message = with_trailer(&message, "Nonce", "0123456789abcdef");
    let second = sandbox.git(&["commit-tree", &tree, "-m", message.trim_end()]);
    let mut parents = [first, second];
    parents.sort();
    let empty = sandbox.git(&["hash-object", "-w", "-t", "tree", "/dev/null"]);
    let joined = format!(
        "chant({}): merge\n\nChant-Format: 1\nChant-Spec: {id}\nChant-Op: merge\nChant-Gen: 2\nChant-Parents: self,self",
        &id[11..]
    );
    let merge = sandbox.git(&["commit-tree", &empty, "-p", &parents[0], "-p", &parents[1], "-m", &joined]);
    sandbox.git(&["update-ref", &chain(&id), &merge]);
    let found = only(fsck(&sandbox));
    assert_eq!((found.code(), found.text("severity")), ("two-roots", "warning"));
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(codes(&fsck(&sandbox)), ["two-roots"]);
}
