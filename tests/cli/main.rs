//! The binary, as people and scripts use it: real repositories, real git, real processes.

mod life;
mod places;
mod silent;
mod states;
mod support;
