//! The git room against real repositories and real processes.
//!
//! Every test runs in a process of its own, with a clean home and environment: gix and git read both, and a test must not
//! depend on the machine's configuration.

mod support;

mod branch;
mod config;
mod identity;
mod merge;
mod open;
mod overlay;
mod private;
mod process;
mod worktree;
