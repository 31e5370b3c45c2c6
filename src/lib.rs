//! git-chant: intent-driven work inside git.
//!
//! A person writes a *spec*, an *agent* carries it out in a worktree and branch of its own, and what happened is recorded
//! in git itself: one event chain a spec under `refs/chant/specs/`, notes on the commits, nothing in state files.
//!
//! The rooms, from the outside in: [`cli`] parses, [`command`] has one file a verb and returns an outcome, the use cases
//! do the work and never import each other, [`store`] is the only writer of our refs, [`git`] the only spawner of git,
//! and [`domain`] is pure. [`agent`] runs processes, [`output`] is the only printer, [`config`] the one table of keys,
//! [`env`] the one place that reads clock, randomness, environment and terminal.

pub mod agent;
pub mod domain;
pub mod error;

pub use error::{Error, Result};
