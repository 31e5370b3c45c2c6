//! Everything that git itself is asked for: the repository, processes, worktrees, branches, merges.

pub mod branch;
pub mod config_parameters;
pub mod durability;
pub mod identity;
pub mod merge;
pub mod open;
pub mod process;
pub mod reference;
pub mod repository;
pub mod work_file;
pub mod worktree;
