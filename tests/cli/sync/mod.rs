//! `sync` between real clones, over real transports.

mod accidents;
mod archives;
mod by_branches;
mod claims;
mod converging;
mod documents;
mod fresh_clones;
mod handover;
mod hostile;
mod http;
mod moved_branches;
pub mod net;
mod nothing_to_do;
mod partial;
mod refused;
mod same_id;
mod ssh;
mod two_maintainers;
mod work_branches;
