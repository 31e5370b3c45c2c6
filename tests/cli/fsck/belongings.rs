//! What belongs to a spec: its file, its run, its notes, its worktree and branch, and what this clone keeps.

use std::{os::unix::ffi::OsStrExt as _, process::Stdio};

use super::{
    add, chain, clean, codes, completed, fsck, git_dir, only, problems, repair, spec_path, trailer, with_spec,
};
use crate::support::Sandbox;

/// Works a spec with an agent that does `script` and then kills the tool, which its lease names. A confined one could not.
#[track_caller]
fn die_in(sandbox: &Sandbox, id: &str, script: &str) {
    let leases = git_dir(sandbox).join("chant/leases");
    let pid = format!("cat '{}'/* | sed -n 's/.*\"pid\":\\([0-9]*\\).*/\\1/p'", leases.display());
    sandbox.agent(&format!("{script}; kill -9 $({pid})"));
    assert_eq!(sandbox.chant(&["work", id]).code, 137);
    assert_eq!(sandbox.status(id), "in_progress");
}

/// Sets the modification time of a file far back.
fn age(sandbox: &Sandbox, path: &std::path::Path) {
    sandbox.run(sandbox.command_in(sandbox.dir(), "touch").args(["-d", "2 hours ago"]).arg(path)).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn nothing_is_said_of_a_repository_that_lived() {
    let (sandbox, done) = with_spec();
    sandbox.chant(&["work", &done]).ok();
    sandbox.chant(&["archive", &done]).ok();
    clean(&sandbox);
    sandbox.chant(&["archive", "--restore", &done]).ok();
    sandbox.chant(&["reset", &done]).ok();
    sandbox.chant(&["work", &done]).ok();
    clean(&sandbox);

    let failed = add(&sandbox, "Fails at first");
    sandbox.agent("echo half >half; exit 3");
    sandbox.chant(&["work", &failed]).fails(1, &[]);
    clean(&sandbox);
    sandbox.agent("echo whole >whole; tick");
    sandbox.chant(&["work", &failed]).ok();
    clean(&sandbox);

    let approved = sandbox.add(&["Asks first", "--needs-approval", "--body-file", "../body.md"]);
    sandbox.chant(&["reject", &approved, "--reason", "Not like this"]);
    clean(&sandbox);
    sandbox.chant(&["approve", &approved]).ok();
    sandbox.agent("echo approved >approved; tick");
    sandbox.chant(&["work", &approved, "--no-merge"]).ok();
    clean(&sandbox);
    sandbox.chant(&["merge", &approved]).ok();

    let cancelled = add(&sandbox, "Cancelled");
    sandbox.chant(&["work", &cancelled, "--agent", "manual"]).ok();
    clean(&sandbox);
    sandbox.chant(&["release", &cancelled]).ok();
    sandbox.chant(&["cancel", &cancelled, "--reason", "No"]).ok();
    clean(&sandbox);
    sandbox.chant(&["archive", &cancelled]).ok();

    let odd = add(&sandbox, "Touches the configuration");
    sandbox.agent("echo odd >odd; tick; git config odd.key value");
    sandbox.chant(&["work", &odd]).fails(1, &["git chant accept"]);
    clean(&sandbox);
    sandbox.chant(&["accept", &odd, "--reason", "Seen"]).ok();
    clean(&sandbox);
    sandbox.chant(&["merge", &odd]).ok();

    let by_hand = sandbox.add(&["By hand", "--type", "task"]);
    sandbox.chant(&["fail", &by_hand, "--reason", "Not yet"]).ok();
    sandbox.chant(&["finish", &by_hand]);
    clean(&sandbox);
    for id in [&done, &failed, &approved, &odd] {
        assert_eq!(sandbox.status(id), "completed");
    }
    assert_eq!(sandbox.status(&cancelled), "archived");
}

#[test]
fn an_add_that_died_before_its_event_is_completed_and_a_colleagues_spec_is_not() {
    let (sandbox, id) = with_spec();
    let forget = || {
        sandbox.git(&["update-ref", "-d", &chain(&id)]);
    };
    forget();
    let found = only(fsck(&sandbox));
    assert_eq!((found.code(), found.text("path")), ("half-made", spec_path(&id).as_str()));
    assert_eq!(codes(&repair(&sandbox)), ["half-made"]);
    assert_eq!(sandbox.ops(&id), ["add"]);
    assert_eq!(trailer(&sandbox, &chain(&id), "Spec-Blob"), sandbox.git(&["hash-object", &spec_path(&id)]));
    // Staged or committed, the file is a pending spec, as one that a pull brings.
    forget();
    sandbox.git(&["add", ".chant"]);
    clean(&sandbox);
    sandbox.git(&["commit", "-qm", "A spec"]);
    clean(&sandbox);
    sandbox.git(&["rm", "-q", "--cached", "-r", ".chant"]);
    clean(&sandbox);
}

#[test]
fn in_silent_mode_a_half_made_add_is_completed_and_nothing_is_annotated() {
    let sandbox = Sandbox::new();
    sandbox.chant(&["init", "--silent"]).ok();
    sandbox.agent("echo two >file; tick");
    let id = add(&sandbox, "Silent");
    sandbox.git(&["update-ref", "-d", &chain(&id)]);
    assert_eq!(codes(&repair(&sandbox)), ["half-made"]);
    sandbox.chant(&["work", &id]).ok();
    clean(&sandbox);
    assert_eq!(problems(&sandbox, &["fsck", "--repair"]), []);
    assert_eq!(sandbox.git(&["for-each-ref", "refs/notes"]), "");
}

#[test]
fn a_file_that_is_nowhere_comes_back_and_one_that_is_elsewhere_does_not() {
    let (sandbox, id) = with_spec();
    let path = sandbox.repo.join(spec_path(&id));
    let text = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let found = only(fsck(&sandbox));
    assert_eq!((found.code(), found.text("severity")), ("lost-file", "warning"));
    assert_eq!(codes(&repair(&sandbox)), ["lost-file"]);
    assert_eq!(std::fs::read(&path).unwrap(), text);

    sandbox.git(&["switch", "-qc", "topic"]);
    sandbox.git(&["add", ".chant"]);
    sandbox.git(&["commit", "-qm", "A spec"]);
    sandbox.git(&["switch", "-q", "main"]);
    assert!(!path.exists());
    clean(&sandbox);

    // A colleague has the events, and will get the file by a pull.
    let clone = sandbox.dir().join("clone");
    sandbox.git(&["clone", "-q", "--single-branch", ".", clone.to_str().unwrap()]);
    sandbox.git_in(&clone, &["fetch", "-q", "origin", "refs/chant/*:refs/chant/*"]);
    sandbox.chant_in(&clone, &["fsck", "--repair"]).ok();
    assert!(!clone.join(spec_path(&id)).exists());

    sandbox.git(&["branch", "-qD", "topic"]);
    sandbox.chant(&["cancel", &id, "--reason", "No"]).ok();
    clean(&sandbox);
}

#[test]
fn work_that_is_in_its_target_is_recorded_and_cleared_away() {
    let (sandbox, id) = with_spec();
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    clean(&sandbox);
    std::fs::remove_file(sandbox.repo.join(spec_path(&id))).unwrap();
    sandbox.git(&["merge", "-q", "--no-edit", &format!("chant/{id}")]);
    let found = fsck(&sandbox);
    assert_eq!(codes(&found), ["unrecorded", "left-over"]);
    assert_eq!(sandbox.ops(&id), ["add", "start", "finish"]);
    let before = sandbox.git(&["rev-parse", "main"]);
    assert_eq!(codes(&repair(&sandbox)).iter().filter(|code| **code == "unrecorded").count(), 1);
    assert_eq!(sandbox.ops(&id).last().map(String::as_str), Some("complete"));
    assert_eq!(sandbox.git(&["rev-parse", "main"]), before);
    assert_eq!(sandbox.git(&["branch", "--format=%(refname:short)"]), "main");
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_run_that_died_is_paused_with_its_work_kept() {
    let (sandbox, id) = with_spec();
    let sandbox = sandbox.unconfined();
    let other = add(&sandbox, "Another");
    die_in(&sandbox, &id, "echo unsaved >unsaved");
    let found = only(fsck(&sandbox));
    assert_eq!((found.code(), found.text("spec")), ("orphaned", id.as_str()));
    assert_eq!(codes(&repair(&sandbox)), ["orphaned"]);
    assert_eq!((sandbox.status(&id), sandbox.status(&other)), ("paused".into(), "pending".into()));
    let kept = sandbox.git(&["for-each-ref", "--format=%(refname)", &format!("refs/chant-local/attempts/{id}")]);
    assert_eq!(sandbox.git(&["show", &format!("{}:unsaved", kept.lines().next().unwrap())]), "unsaved");
    sandbox.agent("echo saved >saved; tick");
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.read("unsaved"), "unsaved\n");
    clean(&sandbox);
}

#[test]
fn leases_without_a_run_are_removed() {
    let (sandbox, id) = with_spec();
    let sandbox = sandbox.unconfined();
    die_in(&sandbox, &id, "true");
    let leases = git_dir(&sandbox).join("chant/leases");
    let attempt = sandbox.show(&id)["attempt"].as_str().unwrap().to_owned();
    let lease = std::fs::read(leases.join(&attempt)).unwrap();
    repair(&sandbox);
    std::fs::write(leases.join(&attempt), lease).unwrap();
    let found = only(fsck(&sandbox));
    assert_eq!((found.code(), found.text("spec")), ("stale-lease", id.as_str()));
    assert_eq!(codes(&repair(&sandbox)), ["stale-lease"]);
    // What says nothing is named, and left to a person.
    std::fs::write(leases.join(&attempt), "").unwrap();
    assert_eq!(only(problems(&sandbox, &["fsck", "--repair"])).code(), "unclear-lease");
    assert!(leases.join(&attempt).exists());
}

#[test]
fn a_run_without_a_lease_is_named_unless_a_person_does_it() {
    let (sandbox, id) = with_spec();
    let sandbox = sandbox.unconfined();
    sandbox.chant(&["work", &id, "--agent", "manual"]).ok();
    clean(&sandbox);
    sandbox.chant(&["release", &id]).ok();
    die_in(&sandbox, &id, "true");
    std::fs::remove_dir_all(git_dir(&sandbox).join("chant/leases")).unwrap();
    let found = only(problems(&sandbox, &["fsck", "--repair"]));
    assert_eq!((found.code(), found.repaired()), ("lost-run", false));
    assert_eq!(found.text("help"), format!("if its run is dead: git chant release {}", &id[11..]));
    sandbox.chant(&["release", &id]).ok();
    clean(&sandbox);
}

#[test]
fn temporary_files_go_once_they_are_old() {
    let (sandbox, _) = with_spec();
    std::fs::create_dir_all(git_dir(&sandbox).join("chant/leases")).unwrap();
    let files = [
        sandbox.repo.join(".chant/specs/.chant-tmp-1-0"),
        git_dir(&sandbox).join("chant/leases/.lease-abc"),
        git_dir(&sandbox).join("chant/.tmpabc"),
    ];
    for file in &files {
        std::fs::write(file, "half").unwrap();
    }
    // A process may still use it.
    clean(&sandbox);
    files.iter().for_each(|file| age(&sandbox, file));
    assert_eq!(codes(&fsck(&sandbox)), ["temporary-file"; 3]);
    assert!(files.iter().all(|file| file.exists()));
    repair(&sandbox);
    assert!(files.iter().all(|file| !file.exists()));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn notes_are_written_again_on_top_of_those_that_are_there() {
    let (sandbox, id, other) = completed();
    let commits = sandbox.git(&["rev-list", "main", "^main~2"]);
    let commit = sandbox.git(&["rev-parse", "main^1"]);
    sandbox.git(&["notes", "--ref=chant", "remove", &commit]);
    sandbox.git(&["notes", "--ref=chant", "append", "-m", "By hand", "main"]);
    let notes = sandbox.git(&["rev-parse", "refs/notes/chant"]);
    let found = only(fsck(&sandbox));
    assert_eq!((found.code(), found.text("spec")), ("missing-note", id.as_str()));
    assert!(found.text("message").contains(&commit), "{found:?}");
    assert_eq!(codes(&repair(&sandbox)), ["missing-note"]);
    sandbox.git(&["merge-base", "--is-ancestor", &notes, "refs/notes/chant"]);
    assert!(sandbox.git(&["notes", "--ref=chant", "show", "main"]).contains("By hand"));
    // All of them.
    sandbox.git(&["update-ref", "-d", "refs/notes/chant"]);
    assert_eq!(codes(&repair(&sandbox)), ["missing-note"; 2]);
    let named = |commit: &str| sandbox.git(&["notes", "--ref=chant", "show", commit]);
    assert!(commits.lines().all(|commit| named(commit).starts_with("Chant-Spec: ")), "{commits}");
    assert_eq!(named("main"), format!("Chant-Spec: {other}"));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn notes_on_what_is_not_there_are_reported_only() {
    let (sandbox, _, _) = completed();
    sandbox.write("../blob", "never committed");
    let blob = sandbox.git(&["hash-object", "-w", "../blob"]);
    sandbox.git(&["notes", "--ref=chant", "add", "-m", "On nothing", &blob]);
    std::fs::remove_file(git_dir(&sandbox).join("objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    let notes = sandbox.git(&["rev-parse", "refs/notes/chant"]);
    let found = only(problems(&sandbox, &["fsck", "--repair"]));
    assert_eq!((found.code(), found.text("severity"), found.repaired()), ("dangling-note", "warning", false));
    assert!(found.text("message").contains(&blob), "{found:?}");
    assert_eq!(sandbox.git(&["rev-parse", "refs/notes/chant"]), notes);
    sandbox.git(&["notes", "--ref=chant", "prune"]);
    clean(&sandbox);
    // A notes ref that is none hides nothing else.
    sandbox.git(&["symbolic-ref", "refs/notes/chant", "refs/heads/main"]);
    assert!(codes(&fsck(&sandbox)).contains(&"symbolic-ref"));
}

#[test]
fn kept_attempts_that_are_gone_are_named() {
    let (sandbox, id) = with_spec();
    sandbox.agent("echo half >half; exit 3");
    sandbox.chant(&["work", &id]).fails(1, &[]);
    sandbox.chant(&["reset", &id]).ok();
    clean(&sandbox);
    let name = format!("refs/chant-local/attempts/{id}/{}", "2".repeat(40));
    let file = git_dir(&sandbox).join(&name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, format!("{}\n", "3".repeat(40))).unwrap();
    let found = only(problems(&sandbox, &["fsck", "--repair"]));
    assert_eq!((found.code(), found.text("path")), ("missing-attempt", name.as_str()));
    assert_eq!(found.text("help"), format!("if no copy has it: git update-ref -d {name}"));
    sandbox.git(&["update-ref", "-d", &name]);
    clean(&sandbox);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn worktrees_and_branches_of_what_is_over_go_and_nothing_in_them_is_lost() {
    let (sandbox, id, other) = completed();
    let place = sandbox.dir().join("late");
    let branch = format!("chant/{id}");
    sandbox.git(&["worktree", "add", "-q", "-b", &branch, place.to_str().unwrap()]);
    std::fs::write(place.join("late"), "late\n").unwrap();
    let found = only(fsck(&sandbox));
    assert_eq!((found.code(), found.text("spec")), ("left-over", id.as_str()));
    assert!(found.text("message").contains("late"), "{found:?}");
    assert_eq!(codes(&repair(&sandbox)), ["left-over"]);
    assert!(!place.exists());
    let kept = sandbox.git(&["for-each-ref", "--format=%(refname)", &format!("refs/chant-local/attempts/{id}")]);
    assert_eq!(sandbox.git(&["show", &format!("{}:late", kept.lines().next().unwrap())]), "late");
    // A branch alone.
    sandbox.git(&["branch", &format!("chant/{other}")]);
    assert_eq!(codes(&repair(&sandbox)), ["left-over"]);
    assert_eq!(sandbox.git(&["branch", "--format=%(refname:short)"]), "main");
}

#[test]
fn what_a_dead_merge_left_aside_is_put_back() {
    let (sandbox, id) = with_spec();
    let home = sandbox.repo.join(spec_path(&id));
    let dir = git_dir(&sandbox).join("chant/aside");
    std::fs::create_dir_all(&dir).unwrap();
    let copy = dir.join("one.md");
    let blob = sandbox.git(&["hash-object", home.to_str().unwrap()]);
    std::fs::rename(&home, &copy).unwrap();
    let record = serde_json::json!({
        "format": 1, "top": sandbox.repo.as_os_str().as_bytes(), "path": spec_path(&id),
        "copy": copy.as_os_str().as_bytes(), "blob": blob, "staged": null,
    });
    std::fs::write(dir.join("one.json"), record.to_string()).unwrap();
    let found = fsck(&sandbox);
    assert_eq!(found[0].code(), "left-aside");
    assert_eq!(found[0].text("path"), home.to_str().unwrap());
    assert!(copy.exists(), "looking changes nothing");
    repair(&sandbox);
    assert_eq!(sandbox.git(&["hash-object", home.to_str().unwrap()]), blob);
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0);
    // An unrecorded copy is a person's text: named, never removed.
    std::fs::write(dir.join("two.md"), "mine").unwrap();
    let found = only(problems(&sandbox, &["fsck", "--repair"]));
    assert_eq!((found.code(), found.repaired()), ("left-aside", false));
    assert!(dir.join("two.md").exists());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn several_at_once_mend_the_same_things_once() {
    let (sandbox, _, other) = completed();
    let half = add(&sandbox, "Half made");
    sandbox.git(&["update-ref", "-d", &chain(&half)]);
    sandbox.git(&["update-ref", "-d", "refs/notes/chant"]);
    sandbox.git(&["branch", &format!("chant/{other}")]);
    let start = || sandbox.binary(&["fsck", "--repair"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let running: Vec<_> = (0..4).map(|_| start()).collect();
    for child in running {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success() && ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    clean(&sandbox);
    assert_eq!(sandbox.ops(&half), ["add"]);
}
