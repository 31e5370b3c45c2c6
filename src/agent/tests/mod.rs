//! Leases and processes of agents, with real processes.

mod lease;
mod process;
