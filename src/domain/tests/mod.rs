//! The fold over random histories: a function of the set of operations, equal in every clone, and the one that the newest
//! event's trailers already tell.

mod converge;
mod hostile;
mod oracle;
mod properties;
mod world;

use crate::support::cases::cases;
