//! Notes on commits, and the refs that keep attempts.

use std::fs;

use crate::error::Kind;
use crate::{
    domain::{event::Op, id::SpecId},
    store::{NOTES_REF, Settings, Store, attempts::ATTEMPTS},
};

use crate::store::tests::{records, settings, spec, support};

fn other() -> SpecId {
    SpecId::new("2026-02-07-001-abc").expect("a valid id")
}

#[test]
fn git_shows_the_notes() {
    for options in [&["--object-format=sha1"][..], &["--object-format=sha256"]] {
        let temp = support::repo_with(options);
        let work = [temp.commit("one"), temp.commit("two")];
        let repo = temp.open();
        let store = Store::new(&repo, settings());
        assert_eq!(store.annotate(&spec(), &work).expect("written"), 2);
        assert_eq!(store.annotate(&other(), &work[1..]).expect("written"), 1);
        let before = temp.id(NOTES_REF);
        assert_eq!(store.annotate(&spec(), &work).expect("nothing to write"), 0);
        assert_eq!(temp.id(NOTES_REF), before, "what is there is not written again");

        let both = format!("Chant-Spec: {}\nChant-Spec: {}", other(), spec());
        assert_eq!(temp.git(&["notes", "--ref=chant", "show", &work[1].to_string()]), both);
        let log = temp.git(&["log", "--notes=chant", "--format=%s: %N", "main"]);
        assert_eq!(log.matches(&format!("Chant-Spec: {}", spec())).count(), 2);
        assert!(store.unannotated(&spec(), &work[..1]).expect("reads").is_empty());
        assert_eq!(store.unannotated(&other(), &work[..1]).expect("reads"), work[..1]);
        assert_eq!(temp.git(&["fsck", "--strict", "--no-dangling"]), "");
        assert_eq!(temp.git(&["reflog", "show", NOTES_REF]).lines().count(), 2);
    }
}

#[test]
fn git_merges_the_notes_of_two_clones() {
    let temp = support::repo();
    let work = temp.commit("one");
    let base = temp.git(&["commit-tree", "-m", "base", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"]);
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    temp.git(&["update-ref", NOTES_REF, &base]);
    store.annotate(&spec(), &[work]).expect("written");
    temp.git(&["update-ref", "refs/notes/theirs", NOTES_REF]);
    temp.git(&["update-ref", NOTES_REF, &base]);
    store.annotate(&other(), &[work]).expect("written");
    temp.git(&["notes", "--ref=chant", "merge", "-q", "-s", "cat_sort_uniq", "refs/notes/theirs"]);
    let lines: Vec<String> = store.note(work).expect("reads").into_iter().collect();
    assert_eq!(lines, [format!("Chant-Spec: {}", other()), format!("Chant-Spec: {}", spec())]);
    assert_eq!(store.annotate(&spec(), &[work]).expect("reads"), 0);
}

#[test]
fn a_note_of_another_person_is_kept_and_sorted_in() {
    let temp = support::repo();
    let work = temp.commit("one");
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    temp.git(&["notes", "--ref=chant", "add", "-m", "Zebra\n\nApple\nZebra", &work.to_string()]);
    store.annotate(&spec(), &[work, work]).expect("written");
    let shown = temp.git(&["notes", "--ref=chant", "show", &work.to_string()]);
    assert_eq!(shown, format!("Apple\nChant-Spec: {}\nZebra", spec()));
}

#[test]
fn a_note_that_is_too_large_or_a_symbolic_ref_is_refused() {
    let temp = support::repo();
    let work = temp.commit("one");
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    fs::write(temp.path().join("large"), "x\n".repeat(1 << 20)).expect("written");
    temp.git(&["notes", "--ref=chant", "add", "-F", "large", &work.to_string()]);
    assert_eq!(store.annotate(&spec(), &[work]).expect_err("too large").kind, Kind::NoteTooLarge);
    temp.git(&["symbolic-ref", NOTES_REF, "refs/heads/main"]);
    assert_eq!(store.annotate(&spec(), &[work]).expect_err("symbolic").kind, Kind::SymbolicRef);
    assert_eq!(temp.id("main"), work);
}

#[test]
fn many_notes_at_once_fan_out_as_git_does() {
    let temp = support::repo();
    let first = temp.commit("one");
    let tree = temp.id("HEAD^{tree}");
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let work: Vec<gix::ObjectId> =
        (0..600).map(|n| repo.new_commit(format!("work {n}"), tree, [first]).expect("written").id).collect();
    assert_eq!(store.annotate(&spec(), &work).expect("written"), 600);
    assert_eq!(temp.git(&["notes", "--ref=chant", "list"]).lines().count(), 600);
    assert_eq!(store.annotate(&spec(), &work).expect("reads"), 0);
}

#[test]
fn no_tip_of_an_attempt_is_ever_lost() {
    let temp = support::repo();
    let base = temp.commit("base");
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let attempt = records(&store, &spec(), &[Op::Add, Op::Start]);
    let tip = |parent, text: &str| repo.new_commit(text, temp.id("HEAD^{tree}"), [parent]).expect("written").id;
    let one = tip(base, "one");
    let two = tip(one, "two");
    let rival = tip(base, "rival");
    let name = store.keep_attempt(&spec(), attempt, one).expect("kept");
    assert_eq!(name, format!("{ATTEMPTS}{}/{attempt}", spec()));
    // What goes on from there takes its place, the same changes nothing, another is kept beside it.
    assert_eq!(store.keep_attempt(&spec(), attempt, two).expect("kept"), name);
    assert_eq!(store.keep_attempt(&spec(), attempt, two).expect("kept"), name);
    let beside = store.keep_attempt(&spec(), attempt, rival).expect("kept");
    assert_eq!(beside, format!("{name}-1"));
    assert_eq!(store.keep_attempt(&spec(), attempt, rival).expect("kept"), beside);
    assert_eq!(store.keep_attempt(&spec(), attempt, one).expect("kept"), format!("{name}-2"), "an earlier one again");
    temp.git(&["gc", "-q", "--prune=now"]);
    for kept in [one, two, rival] {
        temp.git(&["cat-file", "-e", &kept.to_string()]);
    }
    let mut listed = store.kept_attempts(&spec()).expect("listed");
    listed.sort();
    let expected = [(format!("{attempt}"), two), (format!("{attempt}-1"), rival), (format!("{attempt}-2"), one)];
    assert_eq!(listed, expected);

    store.drop_attempt(&spec(), &format!("{attempt}-1"), one).expect_err("it holds something else");
    store.drop_attempt(&spec(), &format!("{attempt}-1"), rival).expect("dropped");
    store.drop_attempt(&spec(), &format!("{attempt}-1"), rival).expect("gone already");
    assert_eq!(store.kept_attempts(&spec()).expect("listed").len(), 2);
}

#[test]
fn a_locked_attempt_is_an_error_in_bounded_time_and_not_a_name_with_a_number() {
    let temp = support::repo();
    let base = temp.commit("base");
    let repo = temp.open();
    let store = Store::new(&repo, Settings { patience: std::time::Duration::from_millis(300), ..settings() });
    let folder = temp.path().join(".git").join(format!("{ATTEMPTS}{}", spec()));
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join(format!("{base}.lock")), "").expect("written");
    assert_eq!(store.keep_attempt(&spec(), base, base).expect_err("locked").kind, Kind::Busy);
    assert_eq!(store.kept_attempts(&spec()).expect("listed"), []);
}
