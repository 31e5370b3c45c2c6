//! Everything that touches the repository or its work trees.

pub mod work_file;
