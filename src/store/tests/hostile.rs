//! Refs and commits in our namespace that this tool did not write.

use std::fs;

use crate::error::Kind;
use crate::{
    domain::{
        event::{Facts, Op, Role},
        id::SpecId,
        status::Status,
    },
    store::{Store, encode},
};

use crate::store::tests::{record, records, settings, spec, support};

#[test]
fn a_symbolic_ref_in_the_namespace_is_refused() {
    let temp = support::repo();
    let head = temp.commit("work");
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let name = Store::ref_name(&spec());
    temp.git(&["symbolic-ref", &name, "refs/heads/main"]);
    let error = store.tip(&spec()).expect_err("refused");
    assert_eq!(error.kind, Kind::SymbolicRef);
    for op in [Op::Add, Op::Start] {
        record(&store, &spec(), op).expect_err("refused");
    }
    assert!(store.adopt(&spec(), None, head, "x").is_err());
    assert!(store.adopt(&spec(), Some(head), head, "x").is_err());
    assert_eq!((temp.id("refs/heads/main"), temp.git(&["symbolic-ref", &name])), (head, "refs/heads/main".into()));
    assert_eq!(store.tips().expect("lists"), []);
    assert_eq!(store.raw_tips().expect("lists"), [(spec().to_string(), None)]);
}

#[test]
fn a_tag_or_branch_of_the_same_name_is_not_taken_for_the_chain() {
    let temp = support::repo();
    temp.commit("work");
    let name = Store::ref_name(&spec());
    for (category, packed) in [("tags", false), ("heads", false), ("remotes", true)] {
        temp.git(&["update-ref", &format!("refs/{category}/{name}"), "HEAD"]);
        if packed {
            temp.git(&["pack-refs", "--all", "--prune"]);
        }
        let repo = temp.open();
        assert_eq!(Store::new(&repo, settings()).tip(&spec()).expect("reads"), None, "{category}");
    }
}

#[test]
fn a_broken_ref_does_not_hide_the_others() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let tip = records(&store, &spec(), &[Op::Add]);
    let folder = temp.path().join(".git/refs/chant/specs");
    fs::write(folder.join("2026-02-08-011-bad"), "not an id\n").expect("written");
    fs::write(folder.join("2026-02-08-012-bad"), "").expect("written");
    fs::write(folder.join("Not An Id"), format!("{tip}\n")).expect("written");
    assert_eq!(store.tips().expect("lists"), [(spec(), tip)]);
    let bad = SpecId::new("2026-02-08-011-bad").expect("valid");
    assert!(store.tip(&bad).is_err());
}

#[test]
fn a_ref_that_points_at_something_else_is_an_error_that_says_so() {
    let temp = support::repo();
    fs::write(temp.path().join("file"), "x").expect("written");
    temp.commit("work\n\nChant-Format: 1");
    temp.git(&["tag", "-a", "-m", "a tag", "tag"]);
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    for target in ["HEAD", "HEAD^{tree}", "HEAD:file", "tag"] {
        temp.git(&["update-ref", &Store::ref_name(&spec()), &temp.id(target).to_string()]);
        let error = store.state(&spec()).expect_err("not ours");
        assert_eq!(error.kind, Kind::BadChain, "{target}");
        record(&store, &spec(), Op::Start).expect_err("not ours");
    }
}

#[test]
fn an_invalid_event_is_skipped_and_hides_nothing_below_it() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let start = records(&store, &spec(), &[Op::Add, Op::Start]);
    let tree = gix::ObjectId::empty_tree(gix::hash::Kind::Sha1);
    let lie = |extra: &str, id: &SpecId| {
        let facts = Facts { status: Some(Status::Completed), ..Facts::default() };
        encode(id, &Op::Complete, "", 3, &[Role::Own], &facts) + extra
    };
    let elsewhere = SpecId::new("2026-02-08-099-zzz").expect("valid");
    let twice = repo.new_commit(lie("Chant-Status: completed\n", &spec()), tree, [start]).expect("written").id;
    let foreign = repo.new_commit(lie("", &elsewhere), tree, [twice]).expect("written").id;
    assert!(store.adopt(&spec(), Some(start), foreign, "a colleague pushed this").expect("moves"));

    let state = store.state(&spec()).expect("reads").expect("has a chain");
    assert_eq!((state.status, state.attempt, state.tip), (Status::InProgress, Some(start), foreign));
    let finish = record(&store, &spec(), Op::Finish).expect("goes on");
    assert_eq!(finish.status, Status::Finished);
    let walk = store.walk(&spec(), finish.event).expect("walks");
    assert_eq!(walk.invalid.iter().map(|invalid| invalid.id).collect::<Vec<_>>(), [foreign, twice]);
    assert!(walk.history.reaches(finish.event, start));
    let folded = crate::domain::fold::fold(&walk.history, finish.event).expect("folds");
    assert_eq!((folded.status, folded.attempt), (Status::Finished, Some(start)));
}

#[test]
fn absurd_generations_do_not_overflow() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let first = records(&store, &spec(), &[Op::Add]);
    let tree = gix::ObjectId::empty_tree(gix::hash::Kind::Sha1);
    let facts = Facts { status: Some(Status::Pending), ..Facts::default() };
    let message = encode(&spec(), &Op::Edit, "", u64::MAX, &[Role::Own], &facts);
    let absurd = repo.new_commit(message, tree, [first]).expect("written").id;
    assert!(store.adopt(&spec(), Some(first), absurd, "pushed").expect("moves"));
    let start = records(&store, &spec(), &[Op::Start]);
    let merge = store.write_merge_event(&spec(), &[start, absurd]).expect("written");
    assert_eq!(store.event(&spec(), merge).expect("reads").expect("valid").generation, u64::MAX);
}

#[test]
fn a_missing_parent_is_reported_and_the_newest_event_still_tells_the_state() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let first = records(&store, &spec(), &[Op::Add]);
    let start = records(&store, &spec(), &[Op::Start]);
    let hex = first.to_string();
    fs::remove_file(temp.path().join(".git/objects").join(&hex[..2]).join(&hex[2..])).expect("removed");
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    assert_eq!(store.state(&spec()).expect("reads").map(|state| state.status), Some(Status::InProgress));
    assert_eq!(store.walk(&spec(), start).expect("walks").missing, [first]);
}
