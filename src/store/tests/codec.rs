//! Events as commit messages, and what git reads in them.

use crate::{
    domain::{
        confined::Confined,
        cost::Cost,
        event::{Approval, Event, Facts, Landing, Op, Pin, Review, Role},
        id::SpecId,
        status::Status,
        stop::StopKind,
        verified::Verified,
    },
    store::{Invalid, MAX_EVENT_LEN, Store, decode, encode},
};
use gix::{ObjectId, objs::WriteTo};
use proptest::prelude::*;

use crate::{
    store::tests::{record, records, settings, spec, support},
    support::cases::cases,
};

fn kind() -> gix::hash::Kind {
    gix::hash::Kind::Sha1
}

/// The bytes of a commit with that message and so many parents.
fn commit(message: &str, parents: usize) -> Vec<u8> {
    let signature = gix::actor::Signature {
        name: "A U Thor".into(),
        email: "author@example.com".into(),
        time: gix::date::Time::new(1_770_508_800, 3600),
    };
    let commit = gix::objs::Commit {
        tree: ObjectId::empty_tree(kind()),
        parents: vec![id(1); parents].into(),
        author: signature.clone(),
        committer: signature,
        encoding: None,
        message: message.into(),
        extra_headers: Vec::new(),
    };
    let mut bytes = Vec::new();
    commit.write_to(&mut bytes).expect("writing to memory works");
    bytes
}

fn read(message: &str, parents: usize) -> Result<Event, Invalid> {
    decode(id(0), &commit(message, parents))
}

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes_or_panic(&[number; 20])
}

/// Any text, and more often such as breaks things.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z/. -]{0,20}",
        "\\PC{0,20}",
        any::<String>(),
        "[ \t\r\n\"\\\\:;#'=\u{1b}\u{7f}\u{85}\u{a0}\u{2028}a]{0,12}",
        "Chant-Op: complete|\n\nChant-Status: completed\n|--- a|#|\"|\"\"|\"a|\\\\|-----BEGIN",
        "x{3000,4000}",
    ]
}

fn some<T: std::fmt::Debug + Clone>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(of)
}

fn costs() -> impl Strategy<Value = Cost> {
    (0..9_000_000u64, 1..9_000u64, 0..9_000u64).prop_map(|(micros, into, out)| {
        Cost::read(&format!("{}.{:06} USD, {into} tokens in, {out} out", micros / 1_000_000, micros % 1_000_000))
    })
}

fn ids() -> impl Strategy<Value = ObjectId> {
    any::<u8>().prop_map(id)
}

fn status() -> impl Strategy<Value = Option<Status>> {
    prop::option::of(prop::sample::select(Status::ALL.to_vec()))
}

fn confined() -> impl Strategy<Value = Confined> {
    prop::sample::select(vec![Confined::Bubblewrap, Confined::Seatbelt, Confined::None, Confined::Other("new".into())])
        .boxed()
}

fn verified() -> impl Strategy<Value = Verified> {
    prop::sample::select(vec![
        Verified::None,
        Verified::Checks,
        Verified::Proof,
        Verified::Reviewed,
        Verified::Other("new".into()),
    ])
}

fn pin() -> impl Strategy<Value = Pin> {
    prop_oneof![
        (text(), ids()).prop_map(|(path, blob)| Pin::Path { path, blob }),
        ids().prop_map(|event| Pin::Spec { id: spec(), event }),
        text().prop_map(Pin::Url),
    ]
}

prop_compose! {
    fn facts()(
        (status, was, phase, attempt) in (status(), status(), some(text()), some(ids())).boxed(),
        (nonce, clone, spec_path, spec_blob) in (some(text()), some(text()), some(text()), some(ids())).boxed(),
        (created, onto, base, target, target_tip) in
            (some(text()), some(text()), some(ids()), some(text()), some(ids())).boxed(),
        (work_commits, patch_ids) in (prop::collection::vec(ids(), 0..3), prop::collection::vec(text(), 0..3)).boxed(),
        landing in some((some(ids()), ids()).prop_map(|(old, new)| Landing { old, new })).boxed(),
        (agent, model, session) in (some(text()), some(text()), some(text())).boxed(),
        (run_agent, run_session) in (some(text()), some(text())).boxed(),
        (cost, spent) in (some(costs()), some(costs())).boxed(),
        (exit, reason, confined, verified, stopped) in
            (some(any::<i32>()), some(text()), some(confined()), some(verified()), some(Just(StopKind::Overload))).boxed(),
        (informed_by, replaced, proposed) in (prop::collection::vec(pin(), 0..3), any::<bool>(), any::<bool>()).boxed(),
        supersedes in prop::collection::vec(ids(), 0..3).boxed(),
        approval in some((any::<bool>(), ids()).prop_map(|(approved, blob)| Approval { approved, blob })).boxed(),
        review in some((any::<bool>(), ids()).prop_map(|(approved, commit)| Review { approved, commit })).boxed(),
        (tampered, contended, current) in
            (prop::collection::vec(text(), 0..3), prop::collection::vec(ids(), 0..3), some(ids())).boxed(),
        unknown in prop::collection::vec(("X[A-Za-z0-9-]{0,9}", text()), 0..3).boxed(),
    ) -> Facts {
        Facts {
            status, was, phase, attempt, nonce, clone, spec_path, spec_blob, created, onto, base, target, target_tip,
            work_commits,
            patch_ids, landing, agent, model, cost, spent, session, run_agent, run_session, confined, verified, exit, stopped, reason, informed_by, supersedes, approval, review, tampered,
            contended, current, unknown, superseded_by: replaced.then(spec), proposed_by: proposed.then(spec),
        }
    }
}

/// What comes back: the same, but that an empty text is none, and that a reason is one line.
fn expected(mut facts: Facts) -> Facts {
    let words = |text: &str| {
        let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        plain.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    facts.reason = facts.reason.as_deref().map(words);
    for text in [
        &mut facts.phase,
        &mut facts.nonce,
        &mut facts.clone,
        &mut facts.spec_path,
        &mut facts.created,
        &mut facts.onto,
        &mut facts.target,
        &mut facts.agent,
        &mut facts.model,
        &mut facts.session,
        &mut facts.run_agent,
        &mut facts.run_session,
        &mut facts.reason,
    ] {
        text.take_if(|text| text.is_empty());
    }
    facts.patch_ids.retain(|text| !text.is_empty());
    facts.tampered.retain(|text| !text.is_empty());
    facts.unknown.retain(|(_, text)| !text.is_empty());
    facts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(200), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_is_read_again(
        facts in facts(),
        op in prop::sample::select(Op::ALL.to_vec()),
        sentence in text(),
        generation in any::<u64>(),
        roles in prop::collection::vec(any::<bool>(), 0..4),
    ) {
        let mut roles: Vec<Role> = roles.into_iter().map(|own| if own { Role::Own } else { Role::Informed }).collect();
        if let Some(first) = roles.first_mut() {
            *first = Role::Own;
        }
        let message = encode(&spec(), &op, &sentence, generation, &roles, &facts);
        let event = read(&message, roles.len()).map_err(|invalid| TestCaseError::fail(format!("{invalid}\n{message}")))?;
        prop_assert_eq!(&event.facts, &expected(facts), "{}", message);
        prop_assert_eq!((event.op, event.spec, event.generation), (op, spec(), generation));
        prop_assert_eq!(event.parents.iter().map(|(role, _)| *role).collect::<Vec<_>>(), roles);
        prop_assert_eq!((event.author.seconds, event.author.offset), (1_770_508_800, 3600));
        let again = encode(&spec(), &Op::Edit, &event.sentence, 1, &[], &Facts::default());
        prop_assert_eq!(read(&again, 0).expect("valid").sentence, event.sentence, "a sentence is stable");
    }

    /// Any bytes: an event or the rule that they break.
    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), message in text()) {
        let _ = decode(id(0), &bytes);
        let _ = decode(id(0), &commit(&message, 1));
        let _ = read(&format!("s\n\nChant-Format: 1\nChant-Spec: a\nChant-Op: edit\nChant-Gen: 1\n{message}\n"), 0);
    }
}

fn minimal(extra: &str) -> String {
    format!("s\n\nChant-Format: 1\nChant-Spec: a\nChant-Op: edit\nChant-Gen: 1\n{extra}")
}

#[test]
fn a_single_valued_trailer_that_occurs_twice_makes_the_event_invalid() {
    let blob = id(7);
    for (name, value) in [
        ("Format", "1".to_owned()),
        ("Spec", "a".into()),
        ("Op", "edit".into()),
        ("Gen", "1".into()),
        ("Status", "pending".into()),
        ("Was", "pending".into()),
        ("Phase", "x".into()),
        ("Attempt", blob.to_string()),
        ("Nonce", "x".into()),
        ("Clone", "x".into()),
        ("Created", "x".into()),
        ("Spec-Path", "x".into()),
        ("Spec-Blob", blob.to_string()),
        ("Base", blob.to_string()),
        ("Target", "x".into()),
        ("Merge", format!("- {blob}")),
        ("Agent", "x".into()),
        ("Model", "x".into()),
        ("Cost", "x".into()),
        ("Session", "x".into()),
        ("Run-Agent", "x".into()),
        ("Run-Session", "x".into()),
        ("Exit", "1".into()),
        ("Reason", "x".into()),
        ("Approval", format!("approved {blob}")),
        ("Current", blob.to_string()),
    ] {
        let line = format!("Chant-{name}: {value}\n");
        let invalid = read(&minimal(&line.repeat(2)), 0).expect_err("twice");
        assert_eq!(invalid.why, format!("Chant-{name} occurs twice"));
    }
    let invalid = read(&minimal("Chant-Parents: self\nChant-Parents: self\n"), 1).expect_err("twice");
    assert_eq!(invalid.why, "Chant-Parents occurs twice");
}

#[test]
fn what_is_missing_or_malformed_is_named() {
    let without = |name: &str| {
        let message = minimal("");
        message.lines().filter(|line| !line.starts_with(name)).map(|line| format!("{line}\n")).collect::<String>()
    };
    for name in ["Chant-Format", "Chant-Spec", "Chant-Op", "Chant-Gen"] {
        let invalid = read(&without(name), 0).expect_err("incomplete");
        assert_eq!(invalid.why, format!("it has no {name} trailer"));
    }
    for (line, why) in [
        ("Chant-Status: done", "Chant-Status: 'done' is not a status"),
        ("Chant-Base: HEAD", "Chant-Base: 'HEAD' is not an object id"),
        ("Chant-Exit: x", "Chant-Exit: 'x' is not a number"),
        ("Chant-Exit: 99999999999", "Chant-Exit: '99999999999' is not a number"),
        ("Chant-Merge: x", "Chant-Merge: 'x' is not two object ids"),
        ("Chant-Approval: maybe", "Chant-Approval: 'maybe' is not an approval"),
        ("Chant-Informed-By: x", "Chant-Informed-By: 'x' is not a pinned input"),
        ("Chant-Agent: \"open", "Chant-Agent: its quoting is broken"),
        ("Chant-Parents: self", "it has 0 parents and 1 roles"),
    ] {
        assert_eq!(read(&minimal(&format!("{line}\n")), 0).expect_err(line).why, why);
    }
    assert!(read(&minimal(""), 1).is_err(), "a parent without a role");
    assert!(read(&minimal("Chant-Parents: informed\n"), 1).is_err(), "the first parent is no own event");
    assert!(read("chant(a): edit\n", 0).is_err());
    let large = minimal(&format!("Chant-Reason: {}\n", "x".repeat(MAX_EVENT_LEN)));
    assert!(read(&large, 0).expect_err("too large").why.contains("larger"));
    assert!(read(&minimal("").replace("Spec: a", "Spec: ../../heads/main"), 0).is_err());
}

#[test]
fn unknown_trailers_and_operations_are_kept() {
    let event = read(&minimal("Chant-Colour: blue\nChant-Colour: red\n").replace("Op: edit", "Op: paint"), 0);
    let event = event.expect("valid");
    assert_eq!(event.op, Op::Unknown("paint".into()));
    assert_eq!(event.facts.unknown, [("Colour".into(), "blue".into()), ("Colour".into(), "red".to_owned())]);
    let message = encode(&event.spec, &event.op, "", 1, &[], &event.facts);
    assert_eq!(read(&message, 0).expect("valid").facts, event.facts);
    // Trailers of others, and such as a signer adds, do not matter.
    let event = read(&minimal("Signed-off-by: A <a@example.org>\nchant-status: completed\n"), 0).expect("valid");
    assert_eq!(event.facts, Facts::default());
}

#[test]
fn an_unknown_operation_in_a_chain_is_skipped() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    let start = records(&store, &spec(), &[Op::Add, Op::Start]);
    let message = encode(&spec(), &Op::Unknown("paint".into()), "", 3, &[Role::Own], &Facts::default());
    let painted = repo.new_commit(message, ObjectId::empty_tree(kind()), [start]).expect("written").id;
    assert!(store.adopt(&spec(), Some(start), painted, "painted elsewhere").expect("moved"));
    let state = store.state(&spec()).expect("reads").expect("has a chain");
    assert_eq!((state.status, state.attempt, state.tip), (Status::InProgress, Some(start), painted));
    let finish = record(&store, &spec(), Op::Finish).expect("goes on");
    assert_eq!(finish.status, Status::Finished);
    let walk = store.walk(&spec(), finish.event).expect("walks");
    assert_eq!(walk.history.events().len(), 4);
    assert!(walk.invalid.is_empty());
}

#[test]
fn git_reads_the_trailers() {
    let temp = support::repo();
    let repo = temp.open();
    let store = Store::new(&repo, settings());
    for (n, sentence) in ["Plain words", "Chant-Op: complete", "--- a/file", "# heading: x", "", "a\n\nChant-Op: x\n"]
        .into_iter()
        .enumerate()
    {
        let id = SpecId::new(&format!("2026-02-08-00{n}-abc")).expect("valid");
        let facts =
            Facts { reason: Some("because:\nof \"it\"".into()), agent: Some("a\tb ".into()), ..Facts::default() };
        let draft = crate::domain::new_event::NewEvent { op: Op::Add, sentence: sentence.into(), facts };
        let event = store.append(&id, |_| Ok(draft.clone())).expect("appends").event;

        let of = |key: &str| {
            let format = format!("--format=%(trailers:key={key},valueonly)");
            temp.git(&["log", "-1", &format, &format!("chant/specs/{id}")]).trim_end().to_owned()
        };
        assert_eq!(
            (of("Chant-Status"), of("Chant-Op"), of("Chant-Spec")),
            ("pending".into(), "add".into(), id.to_string())
        );
        assert_eq!(of("Chant-Reason"), "\"because: of \\\"it\\\"\"");
        let message = temp.git(&["log", "-1", "--format=%B", &event.to_string()]);
        std::fs::write(temp.path().join("message"), &message).expect("written");
        let parsed = temp.git(&["interpret-trailers", "--parse", "message"]);
        let ours = message.rsplit("\n\n").next().expect("a last paragraph");
        assert_eq!(parsed.trim_end(), ours.trim_end(), "{sentence:?}");
        assert!(message.starts_with(&format!("chant(00{n}-abc): add\n")));
    }
}
