//! What a git process left: its exit code and its output. Running it is not done here.

use bstr::{BString, ByteSlice};

/// How much of what a git process printed for people is kept, in bytes.
const MOST_SAID: usize = 256 << 10;

/// The exit code and the output of a git process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// The exit code; none if interrupted by a signal.
    pub code: Option<i32>,
    /// Its stdout.
    pub stdout: BString,
    /// Its stderr.
    pub stderr: BString,
    /// Whether it was ended because it went no further.
    pub stalled: bool,
}

impl Output {
    /// Whether git failed over what another git is just making or removing: the administrative files of a worktree, which git reads of
    /// every worktree, the half-made ones too, or a ref that went while git listed the refs.
    ///
    /// Only the message tells that from other failures: the exit code is 128 for all, and the files are complete or gone by now. All that
    /// depends on the answer is whether the command is tried again.
    pub(crate) fn stumbled(&self) -> bool {
        !self.success() && ["/worktrees/", "bad object "].iter().any(|sign| self.stderr.contains_str(sign))
    }

    /// Whether git failed because another process has the index locked.
    ///
    /// Only the message tells that from other failures: the exit code is 128 for all, and the lock may be gone by now. All that depends on
    /// the answer is whether the command is tried again.
    pub(crate) fn waits_for_index(&self) -> bool {
        !self.success() && self.stderr.contains_str("index.lock': File exists")
    }

    /// Whether it exited with 0.
    pub(crate) fn success(&self) -> bool {
        self.code == Some(0)
    }

    /// The line of stderr that says what went wrong, without its `fatal: ` or `error: `.
    pub(crate) fn complaint(&self) -> String {
        let lines = || self.stderr.lines().map(|line| line.to_str_lossy());
        let marked = lines()
            .find_map(|line| ["fatal: ", "error: "].iter().find_map(|mark| line.strip_prefix(mark)).map(str::to_owned));
        let plain =
            || lines().find(|line| !line.trim().is_empty() && !line.starts_with("hint:")).map(|l| l.into_owned());
        marked.or_else(plain).unwrap_or_else(|| "it said nothing".to_owned())
    }

    /// All that it printed for people: what hooks, filters and signing programs say is between git's own lines. Of very much the end, with a
    /// line that says how much is left out.
    pub(crate) fn said(&self) -> String {
        let text = [&self.stdout, &self.stderr].map(|text| text.to_str_lossy()).concat();
        let Some(surplus) = text.len().checked_sub(MOST_SAID).filter(|surplus| *surplus > 0) else {
            return text.trim_end().to_owned();
        };
        let end = &text.as_bytes()[surplus..];
        // A line is told whole, unless there is only one.
        let line_end = end.find_byte(b'\n').filter(|at| !end[at + 1..].trim().is_empty());
        let begin = line_end.map_or(surplus, |at| surplus + at + 1);
        let begin = (begin..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        format!("(the first {begin} of {} bytes are left out)\n{}", text.len(), text[begin..].trim_end())
    }

    /// stdout split at its NUL bytes.
    pub(crate) fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.stdout.split_str("\0").filter(|record| !record.is_empty())
    }

    /// stdout without the line end.
    pub(crate) fn line(&self) -> &str {
        self.stdout.to_str().unwrap_or_default().trim_end_matches(['\n', '\r'])
    }
}
