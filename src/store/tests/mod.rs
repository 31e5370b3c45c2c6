//! The store against real repositories, real git, and real processes that write at once.

mod append;
mod archive;
mod codec;
mod durable;
mod hostile;
mod notes;
mod race;
mod support;
mod worker;

use std::time::Duration;

use crate::{
    Result,
    domain::{event::Op, id::SpecId, new_event::NewEvent},
    store::{Appended, Refusal, Settings, Store},
};

fn settings() -> Settings {
    Settings { clone: "here".into(), patience: Duration::from_secs(10), sync_objects: false, sync_refs: false }
}

fn spec() -> SpecId {
    SpecId::new("2026-02-08-010-v7b").expect("a valid id")
}

/// Appends one event without facts.
fn record(store: &Store<'_>, spec: &SpecId, op: Op) -> Result<Appended, Refusal> {
    store.append(spec, |_| Ok(NewEvent::new(op.clone(), format!("to {}", op.as_str()))))
}

/// Appends events that must be let pass; the last one's id.
fn records(store: &Store<'_>, spec: &SpecId, ops: &[Op]) -> gix::ObjectId {
    let mut last = None;
    for op in ops {
        last = Some(record(store, spec, op.clone()).expect("recorded").event);
    }
    last.expect("at least one event")
}
