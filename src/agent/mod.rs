//! Running agents: the process and everything it starts, its output, the lease that says that it is alive.
//!
//! Nothing here knows git or specs beyond their names; a `verify:` command runs through the same [`process::run`].

#[cfg(not(unix))]
compile_error!("agents are run in Unix process groups; this platform has none");

/// The exit code by which an agent says that the research behind its spec is wrong or not enough (EX_DATAERR of sysexits.h).
pub const RESEARCH_INSUFFICIENT: i32 = 65;

pub mod interrupt;
pub mod lease;
pub mod preset;
pub mod process;
pub mod prompt;
pub mod rate_limit;
mod reaper;
pub mod slot;
mod survivors;
pub mod template;
pub mod transcript;

#[cfg(test)]
mod tests;
