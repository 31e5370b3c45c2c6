//! The binary, as people and scripts use it: real repositories, real git, real processes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod agents;
mod life;
mod many;
mod places;
mod silent;
mod support;
