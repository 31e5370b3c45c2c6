//! The proof of a reproduction and of a fix: one command, run in a clean checkout of exactly the base and exactly the tip. Other
//! checks are not here.

use crate::domain::{
    checks::{Command, Reproduction},
    phase::Phase,
};

/// The exit code of pytest where no test was found: at the base of a reproduction that is as good as passing.
const NOTHING_FOUND: i32 = 5;

/// What the command has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expectation {
    fails_at_tip: bool,
}

/// A reproduction makes it fail, everything else makes it pass.
pub(crate) fn expectation(phase: Option<Phase>) -> Expectation {
    Expectation { fails_at_tip: phase == Some(Phase::Reproduction) }
}

impl Expectation {
    /// Whether that is what a run at the base has to come to. What was not found, was ended by a signal or took too long is evidence of
    /// nothing.
    pub(crate) fn at_base(self, seen: &Command) -> bool {
        match self.fails_at_tip {
            true => seen.has_passed() || seen.exit == Some(NOTHING_FOUND),
            false => fails(seen),
        }
    }

    /// Whether that is what a run at the tip, or at its merge, has to come to.
    pub(crate) fn at_tip(self, seen: &Command) -> bool {
        match self.fails_at_tip {
            true => fails(seen) && seen.exit != Some(NOTHING_FOUND),
            false => seen.has_passed(),
        }
    }

    /// Judges the two runs.
    pub(crate) fn judge(self, mut base: Command, mut tip: Command) -> Reproduction {
        base.ok = self.at_base(&base);
        tip.ok = self.at_tip(&tip);
        let expected = match self.fails_at_tip {
            true => "passes at the base, fails at the tip",
            false => "fails at the base, passes at the tip",
        };
        let ok = base.ok && tip.ok;
        Reproduction { expected: expected.to_owned(), base, tip, ok }
    }
}

fn fails(seen: &Command) -> bool {
    seen.is_evidence() && seen.exit != Some(0)
}
