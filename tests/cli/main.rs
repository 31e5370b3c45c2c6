//! The binary, as people and scripts use it: real repositories, real git, real processes.

mod life;
mod places;
mod relations;
mod silent;
mod specfiles;
mod states;
mod support;
