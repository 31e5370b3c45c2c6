//! `path`: the worktree of a spec.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<PathAnswer>(&["work", "path"]).with::<SpecView>()];

/// The worktree of a spec.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct PathAnswer {
    /// The spec.
    pub spec: SpecView,
    /// Its worktree.
    pub path: PathText,
}

impl Answer for PathAnswer {
    /// Writes the path: its bytes, whatever they are, where no terminal shows them.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        if look.screen {
            return writeln!(out, "{}", self.path);
        }
        out.write_all(self.path.bytes())?;
        writeln!(out)
    }

    fn records(&self) -> Vec<&dyn Record> {
        vec![&self.spec]
    }

    /// The path.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        vec![self.path.bytes().to_vec()]
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt as _, path::PathBuf};

    use super::*;
    use crate::answer::sample::{self, PIPE};

    #[test]
    fn a_path_in_a_pipe_is_its_bytes() {
        let path = PathBuf::from(OsString::from_vec(b"/tmp/\xff\x1b[2J".to_vec())).into();
        let answer = PathAnswer { spec: sample::spec("2026-02-08-010-v7b", "Add locking"), path };
        let mut out = Vec::new();
        answer.write(&mut out, &PIPE).expect("memory takes it");
        assert_eq!(out, b"/tmp/\xff\x1b[2J\n");
        assert_eq!(sample::text(&answer, &Look { screen: true, ..PIPE }), "/tmp/\u{fffd}\n");
    }
}
