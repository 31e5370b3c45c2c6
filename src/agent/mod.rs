//! Running agents: the process and everything it starts, its output, the lease that says that it is alive.
//!
//! Nothing here knows git or specs beyond their names; a `verify:` command runs the same way.

#[cfg(not(unix))]
compile_error!("agents are run in Unix process groups; this platform has none");

pub mod sanitize;
pub mod transcript;
