//! The specs of the demo, as a person would type them.

use crate::domain::id::SpecId;

/// One phase.
pub(super) struct Phase {
    /// What it is about, for the reader of the demo.
    pub(super) intro: &'static str,
    /// Whether a person does it.
    pub(super) gate: bool,
    title: &'static str,
    options: &'static [(&'static str, &'static str)],
    informed_by: &'static [&'static str],
}

/// The investigation.
pub(crate) const TOPIC: &str = "issue-1234";

const REGRESSION: &str = "sh tests/run regression/issue_1234";

pub(super) const PHASES: [Phase; 6] = [
    Phase {
        intro: "1. Comprehension: what does the report claim, and which code decides it?",
        gate: false,
        title: "Comprehend issue #1234: concurrent writes lose data",
        options: &[
            ("--phase", "comprehension"),
            ("--target-file", ".chant/research/issue-1234-comprehension.md"),
            ("--body-file", ".git/chant-demo/specs/comprehension.md"),
        ],
        informed_by: &[],
    },
    Phase {
        intro: "2. Reproduction: a test for it. It counts only if it fails while all others pass.",
        gate: false,
        title: "Reproduce issue #1234: concurrent writes lose data",
        options: &[
            ("--phase", "reproduction"),
            ("--target-file", "tests/regression/issue_1234_test.sh"),
            ("--reproduces", REGRESSION),
            ("--verify", "sh tests/run storage"),
            ("--body-file", ".git/chant-demo/specs/reproduction.md"),
        ],
        informed_by: &[".chant/research/issue-1234-comprehension.md"],
    },
    Phase {
        intro: "3. Root cause: hypotheses tested, approaches tried, one recommended.",
        gate: false,
        title: "Root cause of issue #1234: concurrent writes lose data",
        options: &[
            ("--phase", "root-cause"),
            ("--target-file", ".chant/research/issue-1234-root-cause.md"),
            ("--body-file", ".git/chant-demo/specs/root-cause.md"),
        ],
        informed_by: &[".chant/research/issue-1234-comprehension.md", "tests/regression/issue_1234_test.sh"],
    },
    Phase {
        intro: "4. Impact map: every other place with the same fault, every file that has to change.",
        gate: false,
        title: "Impact map of issue #1234: concurrent writes lose data",
        options: &[
            ("--phase", "impact-map"),
            ("--target-file", ".chant/research/issue-1234-impact-map.md"),
            ("--body-file", ".git/chant-demo/specs/impact-map.md"),
        ],
        informed_by: &[".chant/research/issue-1234-root-cause.md"],
    },
    Phase {
        intro: "5. Fork fix: it counts only if the test failed before and passes after, and no other file is changed.",
        gate: false,
        title: "Fix issue #1234: add locking to concurrent writes",
        options: &[
            ("--phase", "fork-fix"),
            ("--target-file", "src/storage/store.sh"),
            ("--target-file", "src/storage/batch.sh"),
            ("--target-file", "tests/storage/concurrent_test.sh"),
            ("--target-file", "docs/architecture/storage.md"),
            ("--reproduces", REGRESSION),
            ("--verify", "sh tests/run"),
            ("--body-file", ".git/chant-demo/specs/fork-fix.md"),
        ],
        informed_by: &[".chant/research/issue-1234-root-cause.md", ".chant/research/issue-1234-impact-map.md"],
    },
    Phase {
        intro: "6. Upstream pull request: the gate, which no agent passes.",
        gate: true,
        title: "Upstream PR for issue #1234: concurrent writes lose data",
        options: &[("--phase", "upstream-pr"), ("--body-file", ".git/chant-demo/specs/upstream-pr.md")],
        informed_by: &[],
    },
];

impl Phase {
    /// What is typed after `git chant`; `earlier` are the ids of the phases before, oldest first.
    pub(super) fn arguments(&self, earlier: &[SpecId]) -> Vec<String> {
        let mut arguments = vec!["add".to_owned(), self.title.to_owned()];
        let mut option = |name: &str, value: &str| arguments.extend([name.to_owned(), value.to_owned()]);
        for (name, value) in self.options.iter().take(1) {
            option(name, value);
        }
        option("--topic", TOPIC);
        option("--onto", "main");
        if let Some(last) = earlier.last() {
            option("--depends-on", last.short());
            option("--informed-by", last.short());
        }
        for path in self.informed_by {
            option("--informed-by", path);
        }
        for (name, value) in self.options.iter().skip(1) {
            option(name, value);
        }
        arguments
    }
}
