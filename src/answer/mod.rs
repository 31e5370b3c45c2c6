//! What commands answer: one type a file, which is its own JSON, and writes itself for people and as records ([`outcome::Answer`]).
//!
//! The names and order of the fields are the JSON keys and the names in `--format='%(field)'`: they are a contract, which
//! `man/git-chant.schema.json` holds. Absent is `null`; a list is never `null`. Object ids are full hexadecimal, times are
//! RFC 3339 with the offset that was recorded (`2026-02-08T10:00:00+01:00`), paths are as git prints them. What is printed where
//! and in which form is the `output` room's to decide.

mod added;
mod attest;
mod bisect;
mod check;
mod claimed;
mod cost;
mod demo;
mod detail;
pub(crate) mod diagnostic;
mod drift;
mod edited;
mod event;
mod failure;
mod graph;
mod hooks;
mod import;
mod init;
mod install_man;
mod kind;
mod list;
mod log;
mod merge;
mod notice;
pub(crate) mod outcome;
mod path;
mod picture;
mod prelude;
mod problems;
pub(crate) mod progress;
mod prune;
pub(crate) mod record;
mod recorded;
mod release_notes;
pub(crate) mod report;
pub mod schema;
mod show;
mod spec;
mod status;
mod status_view;
mod sync;
mod takeover;
mod text;
mod topic;
mod verify;
mod version;
mod why;
mod work;

#[cfg(test)]
pub(crate) mod sample;

pub(crate) use detail::{ApprovalView, CheckedAttempt, Criterion, MergeView, Pin, ReviewView, SpecDetail};
pub(crate) use event::{EventView, Person, Trailer};
pub(crate) use failure::Failure;
pub(crate) use spec::{Blocker, BlockerKind, DROPPED, RetryView, SpecView, flags};
pub(crate) use status_view::{
    AttentionView, DriverView, FinishedView, Need, PausedView, RunView, StatusView, WaitingView,
};

/// Hands on what the files of answers define, and lists the answers in them. A new answer is a file, its `mod` line and its name here.
macro_rules! answers {
    ($($file:ident)*) => {
        $(pub(crate) use $file::*;)*

        /// Every type of answers. The schema lists those of one command in this order.
        const ALL: &[&[kind::Kind]] = &[$($file::ANSWERS),*];
    };
}

answers! {
    added
    list
    show
    status
    topic
    cost
    drift
    why
    graph
    report
    release_notes
    log
    merge
    recorded
    edited
    work
    notice
    claimed
    takeover
    verify
    bisect
    attest
    path
    init
    hooks
    problems
    sync
    prune
    import
    demo
    install_man
    version
    text
}
