//! The files of the demo, inside the executable.

use std::{os::unix::fs::PermissionsExt, path::Path};

use crate::error::{IoContext, Result};

/// A file: its path, its text, and whether it can be run.
pub(super) struct Material {
    path: &'static str,
    text: &'static str,
    executable: bool,
}

macro_rules! material {
    ($folder:literal, $($path:literal $(: $executable:literal)?),+ $(,)?) => {
        &[$(Material {
            path: $path,
            text: include_str!(concat!("material/", $folder, "/", $path)),
            executable: false $(|| $executable)?,
        }),+]
    };
}

/// The store: the first commit.
pub(super) const KVSTORE: &[Material] = material!(
    "kvstore",
    ".gitattributes",
    "README.md",
    "docs/architecture/storage.md",
    "kv": true,
    "src/storage/batch.sh",
    "src/storage/lock.sh",
    "src/storage/store.sh",
    "tests/barrier.sh",
    "tests/lib.sh",
    "tests/run": true,
    "tests/storage/basic_test.sh",
);

/// The scripted agent.
pub(super) const AGENT: &[Material] = material!(
    "agent",
    "agent.sh",
    "comprehension.sh",
    "concurrent_test.sh",
    "fix.patch",
    "fork-fix.sh",
    "impact-map.sh",
    "issue_1234_test.sh",
    "release-notes.md",
    "reproduction.sh",
    "root-cause.sh",
);

/// The bodies of the specs.
pub(super) const SPECS: &[Material] = material!(
    "specs",
    "comprehension.md",
    "fork-fix.md",
    "impact-map.md",
    "reproduction.md",
    "root-cause.md",
    "upstream-pr.md",
);

/// Writes the files below `dir`.
pub(super) fn write(dir: &Path, files: &[Material]) -> Result<()> {
    for file in files {
        let path = dir.join(file.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).io("create", folder)?;
        }
        std::fs::write(&path, file.text).io("write", &path)?;
        if file.executable {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).io("write", &path)?;
        }
    }
    Ok(())
}
