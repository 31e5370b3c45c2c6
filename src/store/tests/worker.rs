//! This test binary again, as another process that writes.

use std::{io::Write, path::Path, process::Command, time::Duration};

use crate::{
    domain::{event::Op, id::SpecId, new_event::NewEvent},
    store::{Addition, Evidence, File, Refusal, Settings, Store},
};

use crate::store::tests::{settings, support::TempRepo};

const JOB: &str = "CHANT_TEST_WORKER";

/// A process that does `job` in `repo`: `append <spec> <count>`, `create <spec> <go file>`, `evidence <spec> <sync> <sync>`.
pub(super) fn process(repo: &TempRepo, job: &str) -> Command {
    let own = std::env::current_exe().expect("a test knows its binary");
    let mut command = repo.command(own.to_str().expect("a path that is text"));
    command.args(["store::tests::worker::worker", "--exact", "--nocapture", "--test-threads=1"]).env(JOB, job);
    command
}

#[test]
fn worker() {
    let Ok(job) = std::env::var(JOB) else { return };
    let repo = gix::open_opts(".", gix::open::Options::isolated()).expect("the repository opens");
    let words: Vec<&str> = job.split(' ').collect();
    let spec = SpecId::new(words[1]).expect("a valid id");
    match words[0] {
        "append" => {
            append(&Store::new(&repo, Settings { patience: Duration::from_secs(120), ..settings() }), &spec, words[2])
        }
        "create" => create(&Store::new(&repo, settings()), &spec, Path::new(words[2])),
        "evidence" => {
            let yes = |word: &str| word == "true";
            let settings = Settings { sync_objects: yes(words[2]), sync_refs: yes(words[3]), ..settings() };
            evidence(&Store::new(&repo, settings), &spec);
        }
        other => panic!("no such job: {other}"),
    }
}

fn append(store: &Store<'_>, spec: &SpecId, count: &str) {
    for n in 0..count.parse().expect("a number") {
        store.append(spec, |_| Ok(NewEvent::new(Op::Edit, format!("edit {n}")))).expect("appends");
    }
}

/// Says that it is there, waits until it may go, then tries to be the first.
fn create(store: &Store<'_>, spec: &SpecId, go: &Path) {
    std::fs::write(format!("ready{}", std::process::id()), "").expect("written");
    while !go.exists() {
        std::thread::yield_now();
    }
    let said = match store.append(spec, |_| Ok(NewEvent::new(Op::Add, "twin"))) {
        Ok(appended) => format!("won {}", appended.event),
        Err(Refusal::NotAllowed { obstacle, .. }) => format!("lost {obstacle}"),
        Err(Refusal::Failed(error)) => panic!("{error}"),
    };
    writeln!(std::io::stdout(), "\n{said}").expect("stdout is open");
}

fn evidence(store: &Store<'_>, spec: &SpecId) {
    let blob = |text: &str| store.write_blob(text.as_bytes()).expect("written");
    let evidence = || Evidence {
        spec: Some(blob("spec")),
        inputs: vec![File { path: "docs/deep/input.md".into(), blob: blob("input") }],
        outputs: vec![File { path: ".chant/research/out.md".into(), blob: blob("output") }],
        checks: Some(blob("{}")),
        patches: None,
        review: None,
    };
    let add = || Ok(Addition { event: NewEvent::new(Op::Add, ""), evidence: evidence(), informed: Vec::new() });
    let event = store.append(spec, |_| add()).expect("appends").event;
    store.annotate(spec, &[event]).expect("annotates");
    let other = SpecId::new("2026-02-08-011-abc").expect("a valid id");
    store.append(&other, |_| Ok(NewEvent::new(Op::Add, ""))).expect("appends");
}
