//! Everything that touches the repository or its work trees.

pub mod advance;
pub mod branch;
pub mod commit;
pub mod config_parameters;
pub mod durability;
pub mod history;
pub mod identity;
pub mod leftovers;
pub mod merge;
pub mod open;
pub mod process;
pub mod reference;
pub mod repository;
pub mod snapshot;
pub mod status;
pub mod work_file;
pub mod worktree;
