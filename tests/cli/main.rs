//! The binary, as people and scripts use it: real repositories, real git, real processes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod agents;
mod demo;
mod life;
mod places;
mod silent;
mod support;
