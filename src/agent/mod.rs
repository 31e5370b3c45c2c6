//! Running agents: the process and everything it starts, its output, the lease that says that it is alive.
//!
//! Nothing here knows git or specs beyond their names; a `verify:` command runs through the same [`process::run`].

#[cfg(not(unix))]
compile_error!("agents are run in Unix process groups; this platform has none");

/// The exit code by which an agent says that the research behind its spec is wrong or not enough (EX_DATAERR of sysexits.h).
pub(crate) const RESEARCH_INSUFFICIENT: i32 = 65;

pub(crate) mod around;
pub(crate) mod capability;
pub(crate) mod command_line;
pub(crate) mod confine;
pub(crate) mod interrupt;
pub(crate) mod lease;
pub mod preset;
pub(crate) mod process;
pub(crate) mod prompt;
mod reaper;
pub(crate) mod slot;
pub(crate) mod stop;
mod survivors;
pub(crate) mod template;
pub(crate) mod transcript;

#[cfg(test)]
mod tests;
