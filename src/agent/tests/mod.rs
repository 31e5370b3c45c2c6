//! Leases and processes of agents, with real processes.

mod confine;
mod dialogue;
mod lease;
mod process;
#[cfg(target_os = "linux")]
mod reaper;
