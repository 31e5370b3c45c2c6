//! Folding archived chains: one ref a month, the same commit for the same chains, and nothing lost.

use crate::error::Kind;
use crate::{
    domain::{converge::Source, event::Op, id::SpecId, status::Status},
    store::{
        Store,
        archive::{ARCHIVES, archive_of},
        tracking::Integrated,
    },
};

use crate::store::tests::{record, records, settings, support};

/// Chains that are archived, of one month.
fn archived(store: &Store<'_>, count: u32) -> Vec<SpecId> {
    let ids: Vec<_> = (0..count).map(|number| SpecId::generate(2026, 2, 1 + (number % 28) as i8, number, 7)).collect();
    for id in &ids {
        records(store, id, &[Op::Add, Op::Cancel, Op::Archive]);
    }
    ids
}

fn fold_all(store: &Store<'_>) -> Vec<SpecId> {
    store.fold_away(&store.unfolded(None).expect("lists")).expect("folds")
}

#[test]
fn hundreds_of_chains_become_one_ref_in_any_repository() {
    for options in [&["--object-format=sha1"][..], &["--object-format=sha256"], &["--bare"]] {
        let temp = support::repo_with(options);
        let repo = temp.open();
        let store = Store::new(&repo, settings());
        let count = if options.contains(&"--bare") { 300 } else { 30 };
        let ids = archived(&store, count);
        let open = SpecId::new("2026-02-08-010-v7b").expect("a valid id");
        records(&store, &open, &[Op::Add]);
        let tips = store.tips().expect("lists");
        temp.git(&["pack-refs", "--all"]);
        assert_eq!(fold_all(&store).len(), ids.len());
        let left = store.tips().expect("lists");
        assert!(left.len() == 1 && left[0].0 == open, "{left:?}");
        for (id, tip) in tips.iter().filter(|(id, _)| *id != open) {
            assert_eq!(store.tip(id).expect("reads"), Some(*tip));
        }
        assert_eq!(store.folded().expect("reads").len(), ids.len());
        assert!(fold_all(&store).is_empty(), "there is nothing left to fold");
        temp.git(&["gc", "-q", "--prune=now"]);
        assert_eq!(temp.git(&["fsck", "--strict", "--no-dangling"]), "");
        let state = store.state(&ids[0]).expect("reads").expect("is there");
        assert_eq!((state.status, state.was), (Status::Archived, Some(Status::Cancelled)));
        let parents = temp.git(&["log", "--first-parent", "--format=%P", "refs/chant/archive/2026-02"]);
        assert!(parents.lines().all(|line| line.split(' ').count() <= 257), "a commit stays small");
    }
}

#[test]
fn the_same_chains_make_the_same_commit() {
    let (one, two) = (support::repo(), support::repo());
    let (first, second) = (one.open(), two.open());
    let store = Store::new(&first, settings());
    archived(&store, 5);
    two.git(&["fetch", "-q", &one.path().display().to_string(), "refs/chant/*:refs/chant/*"]);
    let other = Store::new(&second, settings());
    fold_all(&store);
    fold_all(&other);
    assert_eq!(one.id("refs/chant/archive/2026-02"), two.id("refs/chant/archive/2026-02"));
}

#[test]
fn an_event_after_the_fold_makes_the_ref_from_what_was_folded() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let ids = archived(&store, 2);
    let tip = store.tip(&ids[0]).expect("reads").expect("is there");
    fold_all(&store);
    let event = record(&store, &ids[0], Op::Unarchive).expect("recorded").event;
    assert_eq!(temp.git(&["rev-parse", &format!("{event}^")]), tip.to_string());
    assert_eq!(store.ref_tip(&ids[0]).expect("reads"), Some(event));
    assert_eq!(store.folded_tip(&ids[0]).expect("reads"), Some(tip));
    // A state that was read before another process folded the chain is not written on.
    assert!(store.drop_contained().expect("looks").is_empty());
    assert_eq!(store.tip(&ids[0]).expect("reads"), Some(event));
}

#[test]
fn archives_that_went_apart_are_one_commit_wherever_they_meet() {
    let (one, two) = (support::repo(), support::repo());
    let (first, second) = (one.open(), two.open());
    let (here, there) = (Store::new(&first, settings()), Store::new(&second, settings()));
    let ids = archived(&here, 6);
    two.git(&["fetch", "-q", &one.path().display().to_string(), "refs/chant/*:refs/chant/*"]);
    here.fold_away(&here.unfolded(Some(&ids[..3])).expect("lists")).expect("folds");
    there.fold_away(&there.unfolded(Some(&ids[2..])).expect("lists")).expect("folds");
    let name = archive_of(&ids[0]);
    let (ours, theirs) = (one.id(&format!("{ARCHIVES}{name}")), two.id(&format!("{ARCHIVES}{name}")));
    one.git(&["fetch", "-q", &two.path().display().to_string(), &format!("{ARCHIVES}{name}")]);
    two.git(&["fetch", "-q", &one.path().display().to_string(), &format!("{ARCHIVES}{name}")]);
    let (first, second) = (one.open(), two.open());
    let (here, there) = (Store::new(&first, settings()), Store::new(&second, settings()));
    let merged = here.integrate_archive(name, theirs, Source::Authority).expect("joins");
    assert!(matches!(merged, Integrated::Merged { .. }), "{merged:?}");
    there.integrate_archive(name, ours, Source::Authority).expect("joins");
    assert_eq!(one.id(&format!("{ARCHIVES}{name}")), two.id(&format!("{ARCHIVES}{name}")));
    assert_eq!(here.folded().expect("reads").len(), ids.len());
    // The refs that are left are let go.
    assert_eq!(here.drop_contained().expect("drops"), ids[3..]);
    assert!(here.tips().expect("lists").is_empty());
    assert_eq!(here.integrate_archive(name, theirs, Source::Authority).expect("looks"), Integrated::Kept);
}

#[test]
fn a_symbolic_archive_leads_nowhere() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let ids = archived(&store, 1);
    fold_all(&store);
    temp.git(&["update-ref", "refs/heads/elsewhere", "refs/chant/archive/2026-02"]);
    temp.git(&["symbolic-ref", "refs/chant/archive/2026-02", "refs/heads/elsewhere"]);
    assert_eq!(store.tip(&ids[0]).expect_err("is refused").kind, Kind::SymbolicRef);
}
