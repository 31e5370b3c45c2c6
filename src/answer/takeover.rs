//! `takeover`: an attempt that a person continues, and what was done so far.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<TakenOver>(&["takeover"]).with::<SpecView>()];

/// A spec that was taken over.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct TakenOver {
    /// The spec.
    pub spec: SpecView,
    /// Its worktree.
    pub path: PathText,
    /// What was done so far.
    pub so_far: AttemptProgress,
}

/// What an attempt has come to so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct AttemptProgress {
    /// Why it stopped, where that is recorded.
    pub stopped: Option<String>,
    /// Its commits, oldest first.
    pub commits: Vec<CommitView>,
    /// The paths that differ from its base in those commits.
    pub changed: Vec<String>,
    /// The paths that are not committed.
    pub uncommitted: Vec<String>,
    /// How many criteria are ticked.
    pub ticked: usize,
    /// How many criteria there are.
    pub criteria: usize,
    /// The last lines that its agent printed, without control sequences.
    pub said: Vec<String>,
}

/// A commit, by its id and what its message begins with.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Commit")]
pub(crate) struct CommitView {
    /// The id.
    pub id: String,
    /// The subject.
    pub subject: String,
}

impl Answer for TakenOver {
    /// Writes the worktree first, alone on its line; then what was done in it.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        writeln!(out, "{}\n", self.path)?;
        writeln!(out, "{}  {}", self.spec.painted_id(look), self.spec.titled())?;
        let AttemptProgress { stopped, commits, changed, uncommitted, ticked, criteria, said } = &self.so_far;
        if let Some(why) = stopped {
            writeln!(out, "Stopped: {}", clean::line(why))?;
        }
        if *criteria > 0 {
            writeln!(out, "Criteria: {ticked} of {criteria} ticked")?;
        }
        let commit = |commit: &CommitView| {
            format!("{} {}", look.paint.with(Slot::Id, clean::object_id(&commit.id)), clean::line(&commit.subject))
        };
        let lines = |lines: &[String]| lines.iter().map(|line| clean::line(line).into_owned()).collect();
        for (title, lines) in [
            ("Commits:", commits.iter().map(commit).collect::<Vec<_>>()),
            ("Changed in them:", lines(changed)),
            ("Not committed:", lines(uncommitted)),
            ("The agent's last lines:", lines(said)),
        ] {
            if !lines.is_empty() {
                writeln!(out, "{}\n    {}", look.paint.with(Slot::Header, title), lines.join("\n    "))?;
            }
        }
        Ok(())
    }

    fn records(&self) -> Vec<&dyn Record> {
        vec![&self.spec]
    }

    /// The worktree.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        vec![self.path.bytes().to_vec()]
    }
}
