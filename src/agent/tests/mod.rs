//! Leases and processes of agents, with real processes.

mod confine;
mod lease;
mod process;
#[cfg(target_os = "linux")]
mod reaper;
