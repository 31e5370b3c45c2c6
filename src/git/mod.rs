//! Everything that git itself is asked for: the repository, processes, worktrees, branches, merges.

pub mod config_parameters;
pub mod durability;
pub mod identity;
pub mod open;
pub mod process;
pub mod repository;
//! Everything that touches the repository or its work trees.

pub mod work_file;
