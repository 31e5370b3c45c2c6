//! Appending to chains: the traps that git and gix set.

use std::{fs, time::Duration};

use crate::error::Kind;
use crate::{
    domain::{
        event::{Facts, Op, Role},
        id::SpecId,
        new_event::{NewEvent, NotAllowed},
        status::Status,
    },
    store::{Addition, Evidence, File, Refusal, Settings, Store},
};

use crate::store::tests::{record, records, settings, spec, support, worker};

fn other() -> SpecId {
    SpecId::new("2026-02-08-009-q1x").expect("a valid id")
}

#[test]
fn a_chain_is_the_life_of_a_spec_in_git() {
    for options in [&["--object-format=sha1"][..], &["--object-format=sha256"], &["--bare"]] {
        let temp = support::repo_with(options);
        let repo = temp.open();
        let store = Store::new(&repo, settings());
        let ops = [Op::Add, Op::Start, Op::Pause, Op::Resume, Op::Finish, Op::Land, Op::Complete, Op::Archive];
        let tip = records(&store, &spec(), &ops);
        let name = Store::ref_name(&spec());
        assert_eq!(temp.id(&name), tip);
        let subjects = temp.git(&["log", "--first-parent", "--reverse", "--format=%s", &name]);
        let expected: Vec<String> = ops.iter().map(|op| format!("chant(010-v7b): {}", op.as_str())).collect();
        assert_eq!(subjects.lines().collect::<Vec<_>>(), expected);
        let state = store.state(&spec()).expect("reads").expect("has a chain");
        assert_eq!((state.status, state.was, state.generation), (Status::Archived, Some(Status::Completed), 8));
        assert_eq!(temp.git(&["fsck", "--strict", "--no-dangling"]), "");
        assert_eq!(store.tips().expect("lists"), [(spec(), tip)]);
        if !options.contains(&"--bare") {
            assert_eq!(temp.git(&["status", "--porcelain"]), "", "nothing appears in the work tree");
        }
    }
}

#[test]
fn the_first_event_has_no_parents() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let informing = records(&store, &other(), &[Op::Add]);
    let add = |op| Addition { informed: vec![informing], ..Addition::from(NewEvent::new(op, "")) };
    let first = store.append(&spec(), |_| Ok(add(Op::Add))).expect("appends").event;
    assert_eq!(temp.git(&["rev-list", "--parents", "-1", &first.to_string()]), first.to_string());
    let start = store.append(&spec(), |_| Ok(add(Op::Start))).expect("appends").event;
    assert_eq!(temp.git(&["rev-list", "--parents", "-1", &start.to_string()]), format!("{start} {first} {informing}"));
    let event = store.event(&spec(), start).expect("reads").expect("valid");
    assert_eq!(event.parents, [(Role::Own, first), (Role::Informed, informing)]);
    assert_eq!(store.walk(&spec(), start).expect("walks").history.events().len(), 2, "the other spec is not in it");
}

#[test]
fn the_reflog_is_written_whatever_the_configuration_says() {
    let temp = support::repo();
    temp.git(&["config", "core.logAllRefUpdates", "false"]);
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let tip = records(&store, &spec(), &[Op::Add, Op::Start]);
    let log = temp.git(&["reflog", "show", "--format=%H %gs", &Store::ref_name(&spec())]);
    assert_eq!(log.lines().next(), Some(format!("{tip} chant: start").as_str()));
    assert_eq!(log.lines().count(), 2);
}

#[test]
fn what_the_table_refuses_leaves_the_ref_where_it_was() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    assert!(matches!(
        record(&store, &spec(), Op::Start),
        Err(Refusal::NotAllowed { obstacle: NotAllowed::NoChain, state: None, .. })
    ));
    let tip = records(&store, &spec(), &[Op::Add]);
    assert!(matches!(
        record(&store, &spec(), Op::Add),
        Err(Refusal::NotAllowed { obstacle: NotAllowed::Exists, state: Some(_), .. })
    ));
    assert!(matches!(
        record(&store, &spec(), Op::Land),
        Err(Refusal::NotAllowed { obstacle: NotAllowed::Forbidden(_), state: Some(_), .. })
    ));
    let refused =
        store.append_with(&spec(), |_| Ok(NewEvent::new(Op::Start, "")), |_| Err(crate::Error::fatal(Kind::Io, "no")));
    assert!(matches!(refused, Err(Refusal::Failed(error)) if error.kind == Kind::Io));
    assert_eq!(store.tip(&spec()).expect("reads"), Some(tip));
}

#[test]
fn the_spec_is_carried_on_and_evidence_read_back() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let blob = |text: &str| store.write_blob(text.as_bytes()).expect("written");
    let evidence = || Evidence {
        spec: Some(blob("the spec\n")),
        inputs: vec![File { path: "docs/a b.md".into(), blob: blob("input") }],
        outputs: vec![File { path: ".chant/research/x.md".into(), blob: blob("output") }],
        checks: Some(blob("{}")),
        patches: None,
        review: None,
    };
    let add = || Ok(Addition { event: NewEvent::new(Op::Add, ""), evidence: evidence(), informed: Vec::new() });
    let first = store.append(&spec(), |_| add()).expect("appends").event;
    let start = records(&store, &spec(), &[Op::Start]);
    assert_eq!(temp.git(&["show", &format!("{start}:spec.md")]), "the spec");
    assert_eq!(temp.git(&["ls-tree", "--name-only", &start.to_string()]), "spec.md");
    assert_eq!(store.evidence_of(first, "checks.json").expect("reads").as_deref(), Some(&b"{}"[..]));
    assert_eq!(store.evidence_files(first, "inputs").expect("reads"), evidence().inputs);
    assert_eq!(store.evidence_files(first, "outputs").expect("reads"), evidence().outputs);
    assert_eq!(store.evidence_of(start, "checks.json").expect("reads"), None);
    for path in ["../x", ".git/config", "a/../../x", "/abs", "a//b", ""] {
        let outputs = vec![File { path: path.into(), blob: blob("x") }];
        let evil = Addition {
            event: NewEvent::new(Op::Finish, ""),
            evidence: Evidence { outputs, ..Evidence::default() },
            informed: Vec::new(),
        };
        let mut evil = Some(evil);
        let refused = store.append(&spec(), |_| Ok(evil.take().expect("asked once")));
        assert!(matches!(refused, Err(Refusal::Failed(_))), "{path:?}");
    }
    assert_eq!(temp.git(&["fsck", "--strict", "--no-dangling"]), "");
}

#[test]
fn an_event_that_could_not_be_read_is_not_written() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let tip = records(&store, &spec(), &[Op::Add]);
    let facts = Facts { agent: Some("x".repeat(crate::store::MAX_EVENT_LEN)), ..Facts::default() };
    let draft = NewEvent { facts, ..NewEvent::new(Op::Fail, "") };
    let refused = store.append(&spec(), |_| Ok(draft.clone()));
    assert!(matches!(refused, Err(Refusal::Failed(error)) if error.kind == Kind::EventTooLarge));
    assert_eq!(store.tip(&spec()).expect("reads"), Some(tip));
}

#[test]
fn of_two_creates_in_one_second_one_wins() {
    let temp = support::repo();
    let store_of = temp.open();
    let store = Store::new(&store_of, settings());
    for round in 0..10 {
        let id = SpecId::new(&format!("2026-02-08-0{round}0-abc")).expect("valid");
        let go = temp.path().join(format!("go{round}"));
        let twins: Vec<_> = (0..2)
            .map(|_| {
                let mut command = worker::process(&temp, &format!("create {id} {}", go.display()));
                command.stdout(std::process::Stdio::piped()).spawn().expect("spawned")
            })
            .collect();
        while twins.iter().any(|twin| !temp.path().join(format!("ready{}", twin.id())).exists()) {
            std::thread::yield_now();
        }
        fs::write(&go, "").expect("written");
        let said: Vec<String> = twins
            .into_iter()
            .map(|twin| {
                let output = twin.wait_with_output().expect("ends");
                assert!(output.status.success());
                String::from_utf8_lossy(&output.stdout).into_owned()
            })
            .collect();
        let won = |text: &String| text.lines().find_map(|line| line.strip_prefix("won ").map(str::to_owned));
        let winners: Vec<String> = said.iter().filter_map(won).collect();
        assert_eq!(winners.len(), 1, "{said:?}");
        assert_eq!(store.tip(&id).expect("reads").map(|tip| tip.to_string()).as_ref(), winners.first());
    }
}

#[test]
fn packed_refs_are_read_and_moved() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let mut tip = records(&store, &spec(), &[Op::Add]);
    for op in [Op::Start, Op::Finish, Op::Complete] {
        temp.git(&["pack-refs", "--all", "--prune"]);
        assert_eq!(store.tip(&spec()).expect("reads"), Some(tip));
        assert_eq!(store.tips().expect("lists"), [(spec(), tip)]);
        tip = records(&store, &spec(), &[op]);
        assert_eq!(temp.id(&Store::ref_name(&spec())), tip);
    }
}

#[test]
fn a_lock_that_goes_away_is_waited_for() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    records(&store, &spec(), &[Op::Add]);
    temp.git(&["pack-refs", "--all", "--prune"]);
    for lock in [format!("{}.lock", Store::ref_name(&spec())), "packed-refs.lock".into()] {
        let path = temp.path().join(".git").join(lock);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(&path, "").expect("written");
        // It decides again after each try that met the lock: the second time the lock goes away.
        let mut asked = 0;
        let appended = store.append(&spec(), |_| {
            asked += 1;
            if asked == 2 {
                fs::remove_file(&path).expect("removed");
            }
            Ok(NewEvent::new(Op::Edit, ""))
        });
        assert_eq!(store.tip(&spec()).expect("reads"), Some(appended.expect("appends").event));
        assert!(asked >= 2);
    }
}

#[test]
fn a_lock_that_stays_is_named_in_bounded_time() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, Settings { patience: Duration::from_millis(400), ..settings() });
    let tip = records(&store, &spec(), &[Op::Add]);
    temp.git(&["pack-refs", "--all", "--prune"]);
    for lock in [format!("{}.lock", Store::ref_name(&spec())), "packed-refs.lock".into()] {
        let path = temp.path().join(".git").join(&lock);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(&path, "").expect("written");
        let Err(Refusal::Failed(error)) = record(&store, &spec(), Op::Edit) else { panic!("the ref is locked") };
        assert_eq!(error.kind, Kind::Busy);
        assert!(error.message.contains(&lock), "{error}");
        fs::remove_file(path).expect("removed");
    }
    assert_eq!(store.tip(&spec()).expect("reads"), Some(tip));
    records(&store, &spec(), &[Op::Edit]);
}

#[test]
fn a_ref_in_the_way_of_the_namespace_is_named() {
    let temp = support::repo();
    temp.commit("work");
    temp.git(&["update-ref", "refs/chant", "HEAD"]);
    let repo = temp.open();
    let store = Store::new(&repo, Settings { patience: Duration::from_millis(200), ..settings() });
    let Err(Refusal::Failed(error)) = record(&store, &spec(), Op::Add) else { panic!("there is no room for it") };
    assert!(error.message.contains("'refs/chant'"), "{error}");
    assert_eq!(temp.id("refs/chant"), temp.id("HEAD"));
}

#[test]
fn diverged_tips_are_joined_by_the_same_commit_everywhere() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let first = records(&store, &spec(), &[Op::Add]);
    let left = records(&store, &spec(), &[Op::Start]);
    temp.git(&["update-ref", &Store::ref_name(&spec()), &first.to_string()]);
    let right = records(&store, &spec(), &[Op::Edit, Op::Cancel]);
    let mut parents = [left, right];
    parents.sort();

    let copy = support::repo();
    copy.git(&["config", "user.name", "Another Person"]);
    copy.git(&["fetch", "-q", temp.path().to_str().expect("text"), "+refs/chant/*:refs/chant/*"]);
    copy.git(&["fetch", "-q", temp.path().to_str().expect("text"), &left.to_string()]);
    let far = copy.open();
    let merge = store.write_merge_event(&spec(), &parents).expect("written");
    let same = Store::new(&far, Settings { clone: "there".into(), ..settings() }).write_merge_event(&spec(), &parents);
    assert_eq!(same.expect("written"), merge);

    assert!(store.adopt(&spec(), Some(right), merge, "join").expect("moves"));
    assert!(!store.adopt(&spec(), Some(right), merge, "join").expect("it moved before"));
    let (state, history) = store.state_at(&spec(), merge).expect("reads");
    assert_eq!((state.status, state.generation), (Status::Cancelled, 4));
    assert!(state.is_contended() && history.is_some());
    let walk = store.walk(&spec(), merge).expect("walks");
    assert_eq!((walk.history.events().len(), walk.invalid.len(), walk.missing.len()), (5, 0, 0));
    let shown = temp.git(&["show", "-s", "--format=%an %ae %ad %cn %T", "--date=format:%z", &merge.to_string()]);
    let empty = gix::ObjectId::empty_tree(gix::hash::Kind::Sha1);
    assert_eq!(shown, format!("git-chant git-chant@invalid +0000 git-chant {empty}"));
    assert_eq!(temp.git(&["fsck", "--strict", "--no-dangling"]), "");

    // Appended upon, resolved, and readable from the newest event alone again.
    let cancelled = state.attempt.expect("an attempt decides");
    let facts = Facts { supersedes: vec![cancelled], ..Facts::default() };
    let resolve = NewEvent { facts, ..NewEvent::new(Op::Resolve, "") };
    let resolved = store.append(&spec(), |_| Ok(resolve.clone())).expect("resolves");
    assert_eq!(resolved.status, Status::InProgress);
    let (state, history) = store.state_at(&spec(), resolved.event).expect("reads");
    assert_eq!((state.attempt, state.generation), (Some(left), 5));
    assert!(history.is_none());
}

#[test]
fn what_an_informing_spec_knows_of_this_one_is_joined_first() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let name = Store::ref_name(&spec());
    let first = records(&store, &spec(), &[Op::Add]);
    let hidden = records(&store, &spec(), &[Op::Edit]);
    // The other spec was informed by an event that this chain has since diverged from.
    records(&store, &other(), &[Op::Add]);
    let inform = |tip| Addition { informed: vec![tip], ..Addition::from(NewEvent::new(Op::Start, "")) };
    let informed = store.append(&other(), |_| Ok(inform(hidden))).expect("appends").event;

    // Behind: what it knows is adopted.
    temp.git(&["update-ref", &name, &first.to_string()]);
    let start = store.append(&spec(), |_| Ok(inform(informed))).expect("appends").event;
    assert_eq!(temp.git(&["rev-list", "--parents", "-1", &start.to_string()]), format!("{start} {hidden} {informed}"));

    // Diverged: both sides are joined.
    temp.git(&["update-ref", &name, &first.to_string()]);
    let ours = records(&store, &spec(), &[Op::Edit]);
    let mut seen = Vec::new();
    let start = store.append(&spec(), |state| {
        seen.push(state.map(|state| state.tip));
        Ok(inform(informed))
    });
    let start = start.expect("appends").event;
    assert_eq!(seen.len(), 2, "the decision is made again");
    let walk = store.walk(&spec(), start).expect("walks");
    for event in [first, hidden, ours] {
        assert!(walk.history.reaches(start, event));
    }
    assert_eq!(walk.history.events().iter().filter(|event| event.is_merge()).count(), 1);
    assert_eq!(temp.git(&["fsck", "--strict", "--no-dangling"]), "");
}
