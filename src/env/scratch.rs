//! Temporary files and directories where the environment wants them: below `TMPDIR`, otherwise below `/tmp`. What is made beside a
//! file that it replaces is made there.

use std::path::PathBuf;

use tempfile::{Builder, NamedTempFile, TempDir};

use crate::error::{IoContext, Result};

/// `TMPDIR`, otherwise, or where that is no directory, `/tmp`, as [`super::Env`] found it.
pub(super) fn temp_dir() -> PathBuf {
    tempfile::env::temp_dir()
}

/// An empty directory whose name begins with `prefix`. It is removed when the value is dropped.
pub(crate) fn dir(prefix: &str) -> Result<TempDir> {
    Builder::new().prefix(prefix).tempdir().io("create a directory in", &temp_dir())
}

/// An empty file. It is removed when the value is dropped.
pub(crate) fn file() -> Result<NamedTempFile> {
    NamedTempFile::new().io("create a file in", &temp_dir())
}
