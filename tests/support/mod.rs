//! What all tests share: the one sandbox, running git and git-chant in it, the watch against hanging, and the tools of the machine.
//!
//! Integration tests take this folder with `#[path = "../support/mod.rs"] mod support;`, the crate's own tests as
//! `crate::support`. It uses nothing of git-chant's library.

pub(crate) mod cases;
pub(crate) mod chance;
mod ran;
mod sandbox;
pub(crate) mod scratch;
mod signals;
pub(crate) mod terminal;
pub(crate) mod tools;
pub(crate) mod watch;

pub(crate) use ran::Ran;
pub(crate) use sandbox::Sandbox;
