//! The source documents, typed as they stand (`git chant` for `chant`), in a project that has the files which they name: with tracked specs
//! and in silent mode, the straight way and each bend of it. What is in these files is shell, so that no compiler is needed.

use std::path::Path;

use serde_json::Value;

use crate::{
    support::Ran,
    sync::net::{Net, Transport},
};

const STORE: &str =
    "now=$(cat \"$DB/$1\" 2>/dev/null)\nsh -c \"${BETWEEN:-:}\"\nprintf '%s%s ' \"$now\" \"$2\" >\"$DB/$1\"\n";
const RUN: &str = "#!/bin/sh\nbroken=0\nfor test in tests/*/*_test.rs; do\n    case $test in *\"$1\"*) ;; *) continue ;; esac\n    if sh \"$test\"; then echo \"sound: $test\"; else echo \"broken: $test\"; broken=1; fi\ndone\nexit $broken\n";
const PLAIN: &str = "DB=$(mktemp -d); export DB\nsh src/storage/store.rs k one && sh src/storage/batch.rs k two && [ \"$(cat \"$DB/k\")\" = 'one two ' ]\n";

/// Does what a spec asks for, told by the files that it may write. The fix follows the recommendation that its research gives.
const AGENT: &str = r##"
tick() { sed 's/- \[ \]/- [x]/' "$CHANT_SPEC_FILE" >.tick && cat .tick >"$CHANT_SPEC_FILE" && rm .tick; }
notes() { sed 's/^<!-- Fill in.*/### Fixed: Data loss during concurrent writes (#1234)\n\nOne of two writes at once is refused, and none is lost./' "$CHANT_SPEC_FILE" >.tick && cat .tick >"$CHANT_SPEC_FILE" && rm .tick; }
research=.chant/research; cause=$(cat $research/issue-1234-root-cause.md $research/issue-1234-rca.md 2>/dev/null)
lock() { { echo "# Pessimistic lock prevents data loss during concurrent writes."; echo "$take"; cat "$1"; echo "$leave"; } >.new && mv .new "$1"; }
take='mkdir "$DB/.lock" 2>/dev/null || exit 75'; leave='rmdir "$DB/.lock"'
case $CHANT_TARGET_FILES in
*-comprehension.md) mkdir -p $research; printf '# What issue 1234 is about\n\nTwo processes write one key, and one value is gone.\n' >$research/issue-1234-comprehension.md ;;
*issue_1234_test.rs)
    mkdir -p tests/regression
    cat >tests/regression/issue_1234_test.rs <<'T'
DB=$(mktemp -d); export DB
BETWEEN="unset BETWEEN; sh src/storage/store.rs k two || : >$DB/refused" sh src/storage/store.rs k one
grep -q one "$DB/k" && { [ -e "$DB/refused" ] || grep -q two "$DB/k"; }
T
    git add tests; git commit -qm 'Show that a write is lost' ;;
*-root-cause.md | *-rca.md)
    grep -q 'one value is gone' $research/*comprehension.md || exit 9
    how='pessimistic locking'; [ ! -e ~/not-reentrant ] || how='a lock that refuses'
    printf '# Why writes are lost\n\nThe value is read before it is written, and nothing holds others off in between.\n\n## Recommendation\n\nUse %s in both places.\n' "$how" >"$CHANT_TARGET_FILES" ;;
*-impact-map.md) printf '# What has to change\n\n- `src/storage/store.rs`\n- `src/storage/batch.rs`\n- `docs/architecture/storage.md`\n- `tests/storage/concurrent_test.rs` (new)\n' >$research/issue-1234-impact-map.md ;;
*store.rs*)
    case $cause in
    *'pessimistic locking'*) if [ -e ~/not-reentrant ]; then git chant fail "$CHANT_SPEC_ID" --research-insufficient -m 'the Lock module does not support nested writes'; exit 1; fi ;;
    *'a lock that refuses'*) ;;
    *) exit 9 ;;
    esac
    if [ -e ~/stop-half-way ]; then rm ~/stop-half-way; lock src/storage/store.rs; exit 75; fi
    grep -q lock src/storage/store.rs || lock src/storage/store.rs
    case $CHANT_TARGET_FILES in *batch.rs*) lock src/storage/batch.rs ;; esac
    mkdir -p tests/storage; printf 'sh tests/regression/issue_1234_test.rs && grep -q lock src/storage/store.rs\n' >tests/storage/concurrent_test.rs
    case $CHANT_TARGET_FILES in *storage.md*) echo 'Writes take a lock.' >docs/architecture/storage.md ;; esac
    git add src tests docs; git commit -qm 'Take a lock before a write'; notes ;;
*) case $(cat "$CHANT_SPEC_FILE") in *README*) echo 'Storage: one file for each key.' >README.md; git add README.md; git commit -qm 'Mend a typo' ;; *) git commit -q --allow-empty -m "Nothing of $CHANT_SPEC_ID" ;; esac ;;
esac
tick
"##;

/// The front matter of the fix as the guide has it, with the id of the impact map.
const FIX: &str = "---
type: code
labels: [fix, issue-1234]
depends_on: [{}]
informed_by:
  - .chant/research/issue-1234-root-cause.md
  - .chant/research/issue-1234-impact-map.md
target_files:
  - src/storage/store.rs
  - src/storage/batch.rs
  - tests/storage/concurrent_test.rs
  - docs/architecture/storage.md
---
";

/// The clones of the people who type.
struct Typed {
    net: Net,
    silent: bool,
}

impl Typed {
    fn new(people: usize, silent: bool) -> Typed {
        let net = Net::over(Transport::Daemon, people);
        let typed = Typed { net, silent };
        for (path, text) in [
            ("src/storage/store.rs", STORE),
            ("src/storage/batch.rs", STORE),
            ("docs/architecture/storage.md", "Writes are optimistic.\n"),
            ("tests/run", RUN),
            ("tests/storage/plain_test.rs", PLAIN),
            ("README.md", "Storage: one file for echa key.\n"),
        ] {
            typed.write(0, path, text);
        }
        typed.net.git(0, &["add", "-A"]);
        typed.net.git(0, &["commit", "-qm", "A key-value store"]);
        typed.net.git(0, &["push", "-q"]);
        for clone in 0..people {
            typed.net.git(clone, &["pull", "-q"]);
            typed.net.chant(clone, if silent { &["init", "--silent"] } else { &["init"] }).ok();
            typed.net.git(clone, &["config", "chant.remote", "origin"]);
            typed.net.agent(clone, AGENT);
        }
        typed
    }

    /// Types a line of the documents, or one like them.
    #[track_caller]
    fn types(&self, clone: usize, line: &str) -> Ran {
        let mut shell = self.net.sandbox.command_in(self.net.dir(clone), "sh");
        self.net.sandbox.run(shell.args(["-c", &format!("git {line}")]))
    }

    /// Types `chant add`, which has to create the spec of that number; its short id.
    #[track_caller]
    fn adds(&self, clone: usize, number: &str, line: &str) -> String {
        let out = self.types(clone, line).ok().out;
        let id = out.trim().strip_prefix("Created spec: ").unwrap_or_else(|| panic!("{out}"));
        assert_eq!(&id[11..14], number, "{out}");
        id[11..].to_owned()
    }

    fn write(&self, clone: usize, path: &str, text: &str) {
        let path = self.net.dir(clone).join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, clone: usize, path: &str) -> String {
        std::fs::read_to_string(self.net.dir(clone).join(path)).unwrap_or_default()
    }

    fn home(&self, name: &str) -> std::path::PathBuf {
        self.net.sandbox.dir().join("home").join(name)
    }

    fn path_of(&self, clone: usize, spec: &str) -> String {
        self.net.show(clone, spec)["spec_path"].as_str().unwrap().to_owned()
    }

    /// Gives a spec another front matter, as in an editor.
    fn edits(&self, clone: usize, spec: &str, front: &str) {
        let path = self.path_of(clone, spec);
        let text = self.read(clone, &path);
        let body = text.splitn(3, "---\n").nth(2).unwrap();
        self.write(clone, &path, &format!("{front}{body}"));
    }

    fn status(&self, clone: usize, spec: &str) -> String {
        self.net.status(clone, spec)
    }

    /// Specs of these numbers that have nothing to do with it.
    fn fills(&self, clone: usize, numbers: &[&str]) {
        for number in numbers {
            self.adds(clone, number, &format!("chant add 'Something else, {number}' --type task"));
        }
    }

    /// The four phases before the fix, with their numbers: 001, 004, 005, 008. Ends with the spec of the fix, 010, which is not worked.
    fn investigates(&self, clone: usize) -> String {
        let document = |name: &str| format!(".chant/research/issue-1234-{name}.md");
        let research = |informed: &str, name: &str| {
            let informed =
                if informed.is_empty() { String::new() } else { format!("informed_by:\n  - {}\n", document(informed)) };
            format!("---\ntype: research\n{informed}target_files:\n  - {}\n---\n", document(name))
        };
        self.adds(clone, "001", "chant add 'Comprehend issue #1234'");
        self.edits(clone, "001", &research("", "comprehension"));
        self.types(clone, "chant work 001").ok();
        self.adds(clone, "002", "chant add \"Fix typo in README storage section\"");
        self.types(clone, "chant work 002").ok();
        self.fills(clone, &["003"]);
        let reproduce = "chant add 'Reproduce issue #1234' --type task --phase reproduction --onto \"$(git branch --show-current)\" \
                         --informed-by .chant/research/issue-1234-comprehension.md --target-file tests/regression/issue_1234_test.rs \
                         --reproduces 'sh tests/run issue_1234'";
        self.adds(clone, "004", reproduce);
        self.types(clone, "chant work 004").ok();
        self.adds(clone, "005", "chant add 'Root cause of issue #1234'");
        self.edits(clone, "005", &research("comprehension", "root-cause"));
        self.types(clone, "chant work 005").ok();
        self.fills(clone, &["006", "007"]);
        let map = self.adds(clone, "008", "chant add 'Impact map of issue #1234'");
        self.edits(clone, "008", &research("root-cause", "impact-map"));
        self.types(clone, "chant work 008").ok();
        // Numbers have base 36: the tenth of a day is 00a, and 010 comes after 00z.
        self.fills(clone, &["009"]);
        let ninth = self.net.show(clone, "009")["id"].as_str().unwrap().to_owned();
        let last = format!(".chant/specs/{}-00z-a1a.md", &ninth[..10]);
        self.write(clone, &last, "---\ntype: task\n---\n\n# A last one\n");
        let fix = self.adds(clone, "010", "chant add \"Fix issue #1234: add locking to concurrent writes\"");
        self.edits(clone, "010", &FIX.replace("{}", &map));
        std::fs::remove_file(self.net.dir(clone).join(&last)).unwrap();
        fix
    }

    /// The fix is there, and what it changed is what the map names.
    #[track_caller]
    fn is_fixed(&self, clone: usize, spec: &str) {
        assert_eq!(self.status(clone, spec), "completed");
        let mut run = self.net.sandbox.command_in(self.net.dir(clone), "sh");
        let ran = self.net.sandbox.run(run.arg("tests/run")).ok();
        assert_eq!(ran.out.matches("sound: ").count(), 3, "{}", ran.out);
        for path in ["src/storage/store.rs", "src/storage/batch.rs"] {
            assert_eq!(self.read(clone, path).matches("Pessimistic lock").count(), 1, "{path}");
        }
    }

    /// Nothing of it is on a branch in silent mode; otherwise the documents are.
    #[track_caller]
    fn is_traced(&self, clone: usize) {
        let commits = self.net.git(clone, &["log", "--branches", "--format=%H", "--", ".chant"]);
        assert_eq!(commits.is_empty(), self.silent, "{commits}");
        let said = self.net.git(clone, &["log", "--branches", "--format=%B"]);
        assert!(!self.silent || !said.contains("Chant-"), "{said}");
        assert!(self.read(clone, ".chant/research/issue-1234-root-cause.md").contains("## Recommendation"));
        // Notes may name commits that another clone alone has.
        let problems = self.net.chant(clone, &["fsck"]).ok().out;
        assert!(
            problems.lines().all(|line| line.starts_with("refs/notes/chant: warning: ") || line.starts_with("hint: ")),
            "{problems}"
        );
    }

    /// What `why` says of the line that the fix added.
    #[track_caller]
    fn why(&self, clone: usize) -> Value {
        self.net.chant(clone, &["why", "src/storage/store.rs:2", "--json"]).ok().json()["why"][0].clone()
    }

    #[track_caller]
    fn settles(&self) {
        self.net.settle(|count| (0..count).collect());
    }
}

fn both(scenario: impl Fn(bool)) {
    for silent in [false, true] {
        scenario(silent);
    }
}

#[test]
fn the_straight_way_from_the_report_to_the_archive() {
    both(|silent| {
        let typed = Typed::new(1, silent);
        let fix = typed.investigates(0);
        let ran = typed.types(0, "chant work 010").ok();
        let said = format!("{}{}", ran.err, ran.out);
        for line in [
            format!("Working {fix}: Fix issue #1234: add locking to concurrent writes"),
            "> Agent working in worktree /".to_owned(),
            "Completed in ".to_owned(),
        ] {
            assert!(said.contains(&line), "'{line}' in {said}");
        }
        typed.is_fixed(0, "010");
        typed.is_traced(0);
        let answer = typed.why(0);
        assert_eq!(answer["spec"]["short"], *fix);
        assert!(answer["research"].to_string().contains("Use pessimistic locking"), "{answer}");
        typed.adds(0, "011", "chant add \"Re-research #1234: pessimistic locking insufficient\"");
        for number in ["001", "004", "005", "008", "010"] {
            typed.types(0, &format!("chant archive {number}")).ok();
            assert_eq!(typed.status(0, number), "archived");
            let file = typed.path_of(0, number);
            assert!(file.starts_with(".chant/archive/") && typed.net.dir(0).join(&file).is_file(), "{file}");
        }
        assert_eq!(typed.why(0)["research"], answer["research"], "the trail remains");
        assert_eq!(typed.net.git(0, &["branch", "--format=%(refname:short)"]), "main");
        assert_eq!(typed.net.chant(0, &["fsck"]).ok().out, "");
    });
}

/// The text of implementation.md, with the ids and paths of this project.
const IMPLEMENTATION: &str = "---
type: code
status: ready
prompt: implement
labels:
  - fix
  - issue-1234
informed_by:
  - .chant/specs/{}.md     # Research spec
  - .chant/research/issue-1234-rca.md       # RCA document
target_files:
  - src/storage/store.rs
  - src/storage/batch.rs
  - tests/storage/concurrent_test.rs
---

# Fix issue #1234: Add locking to concurrent writes

## Context

Research spec ({}) identified root cause and recommended
pessimistic locking approach. See `.chant/research/issue-1234-rca.md`
for full analysis.

## Approach

Implement pessimistic locking as recommended:
1. Acquire lock before read-modify-write cycle
2. Use existing `Lock` module
3. Handle edge cases identified in research

## Acceptance Criteria

- [ ] Lock acquired before write operation
- [ ] Reproduction test (`tests/regression/issue_1234_test.rs`) passes
- [ ] New concurrency tests added
- [ ] All existing tests pass
- [ ] Edge cases handled (timeout, nested writes, partial failures)
- [ ] Documentation updated
- [ ] Release notes section added

## Release Notes

<!-- Fill in after implementation -->
";

#[test]
fn an_implementation_spec_as_the_guide_has_it() {
    both(|silent| {
        let typed = Typed::new(1, silent);
        typed.write(0, ".chant/research/issue-1234-comprehension.md", "# What\n\nTwo write, and one value is gone.\n");
        if !silent {
            typed.net.git(0, &["add", ".chant"]);
            typed.net.git(0, &["commit", "-qm", "What is known"]);
        }
        let rca = ".chant/research/issue-1234-rca.md";
        let line = format!(
            "chant add 'Research issue #1234' --type research --informed-by .chant/research/issue-1234-comprehension.md --target-file {rca}"
        );
        let research = typed.adds(0, "001", &line);
        typed.types(0, "chant work 001").ok();
        typed.adds(0, "002", "chant add 'Reproduce' --type task --phase reproduction --onto main --target-file tests/regression/issue_1234_test.rs --reproduces 'sh tests/run issue_1234'");
        typed.types(0, "chant work 002").ok();
        let line = "chant add \"Fix issue #1234: Add locking to concurrent writes\" --type code";
        typed.adds(0, "003", line);
        let full = typed.net.show(0, &research)["id"].as_str().unwrap().to_owned();
        let path = typed.path_of(0, "003");
        typed.write(0, &path, &IMPLEMENTATION.replace("{}", &full));
        typed.types(0, "chant work 003").ok();
        typed.is_fixed(0, "003");
        let spec = typed.net.show(0, "003");
        assert!(spec["criteria"].as_array().unwrap().iter().all(|one| one["checked"] == true), "{spec}");
        assert_eq!(spec["informed_by"].as_array().unwrap().len(), 2, "{spec}");
        // In silent mode the file stays as the person left it; what the agent made of it is recorded.
        let text = typed.read(0, &path);
        assert_eq!(text.contains("- [x] Lock acquired"), !silent, "{text}");
        assert!(text.contains("status: ready\n"), "{text}");
        let shown = typed.net.chant(0, &["show", "003"]).ok().out;
        assert!(shown.contains("### Fixed: Data loss during concurrent writes (#1234)"), "{shown}");
        let answer = typed.why(0);
        assert!(answer["research"].to_string().contains("Use pessimistic locking"), "{answer}");
        typed.adds(0, "004", "chant add \"Re-research issue #1234: Pessimistic locking insufficient\" --type task");
    });
}

#[test]
fn research_that_was_wrong_is_replaced_and_the_fix_is_built_on_the_new() {
    both(|silent| {
        let typed = Typed::new(1, silent);
        let fix = typed.investigates(0);
        std::fs::write(typed.home("not-reentrant"), "").unwrap();
        typed.types(0, "chant work 010").fails(1, &["the Lock module does not support nested writes"]);
        assert_eq!(typed.status(0, "010"), "failed");
        let new = typed.adds(0, "011", "chant add \"Re-research #1234: pessimistic locking insufficient\"");
        let old = typed.net.show(0, "005")["short"].as_str().unwrap().to_owned();
        let front = format!(
            "---\ntype: research\nsupersedes: [{old}]\ninformed_by:\n  - .chant/research/issue-1234-comprehension.md\ntarget_files:\n  - .chant/research/issue-1234-root-cause.md\n---\n"
        );
        typed.edits(0, "011", &front);
        typed.types(0, "chant work 011").ok();
        typed.types(0, "chant work 010").ok();
        typed.is_fixed(0, "010");
        typed.is_traced(0);
        let answer = typed.why(0);
        assert_eq!(answer["spec"]["short"], *fix);
        let told =
            |one: &Value| (one["short"].clone(), one["superseded_by"].clone(), one["recommendation"].to_string());
        let research: Vec<_> = answer["research"].as_array().unwrap().iter().map(told).collect();
        assert!(
            research
                .iter()
                .any(|(short, by, said)| *short == *new && by.is_null() && said.contains("a lock that refuses")),
            "{answer}"
        );
        let superseded = |(short, by, said): &(Value, Value, String)| {
            *short == *old && *by == *new && said.contains("pessimistic locking in both")
        };
        assert!(superseded(research.last().unwrap()), "after all that counts: {answer}");
    });
}

#[test]
fn a_colleague_takes_the_fix_over_half_way() {
    both(|silent| {
        let typed = Typed::new(2, silent);
        typed.investigates(0);
        if !silent {
            typed.net.git(0, &["add", "-A"]);
            typed.net.git(0, &["commit", "-qm", "Specs"]);
        }
        std::fs::write(typed.home("stop-half-way"), "").unwrap();
        typed.types(0, "chant work 010");
        assert_eq!(typed.status(0, "010"), "paused");
        typed.net.git(0, &["push", "-q", "origin", "main"]);
        typed.settles();
        typed.net.git(1, &["pull", "-q", "--no-rebase"]);
        typed.types(1, "chant takeover 010").ok();
        let tree = typed.net.chant(1, &["path", "010"]).ok().out;
        let half = std::fs::read_to_string(Path::new(tree.trim()).join("src/storage/store.rs")).unwrap();
        assert!(half.contains("Pessimistic lock"), "{half}");
        typed.types(1, "chant pause 010").ok();
        typed.types(1, "chant work 010 --agent scripted --trust").ok();
        typed.is_fixed(1, "010");
        typed.settles();
        assert_eq!(typed.status(0, "010"), "completed");
        let answer = typed.why(1);
        assert!(answer["research"].to_string().contains("Use pessimistic locking"), "{answer}");
        typed.is_traced(1);
    });
}

#[test]
fn the_fix_is_split_in_two_and_each_part_keeps_to_its_files() {
    both(|silent| {
        let typed = Typed::new(1, silent);
        let fix = typed.investigates(0);
        let path = typed.path_of(0, "010");
        let mut text = typed.read(0, &path);
        text.push_str("\n## The single write\n\n- [ ] store.rs takes the lock\n\n## The batch\n\n- [ ] batch.rs takes the lock\n\n## Acceptance Criteria\n\n- [ ] Both take the same lock\n");
        typed.write(0, &path, &text);
        typed.types(0, "chant split 010 --by-heading").ok();
        let members = [1, 2].map(|number| format!("{fix}.{number}"));
        for member in &members {
            let targets = typed.net.show(0, member)["target_files"].to_string();
            assert!(targets.contains("src/storage/batch.rs"), "they inherit the files: {targets}");
        }
        typed.net.git(0, &["config", "chant.agent.scripted.cmd", &half_agent(&typed)]);
        // The driver's own criterion is a person's to tick.
        typed.types(0, "chant work 010 --chain").fails(1, &["Both take the same lock"]);
        assert!(members.iter().all(|member| typed.status(0, member) == "completed"));
        let text = typed.read(0, &path);
        typed.write(0, &path, &text.replace("- [ ] Both", "- [x] Both"));
        typed.types(0, "chant finish 010").ok();
        assert_eq!(typed.status(0, "010"), "completed");
        for file in ["store", "batch"] {
            assert!(typed.read(0, &format!("src/storage/{file}.rs")).contains("Pessimistic lock"));
        }
        typed.is_traced(0);
    });
}

/// The agent of the members: each part is told by its title.
fn half_agent(typed: &Typed) -> String {
    let script = AGENT.replace(
        "case $CHANT_TARGET_FILES in\n*-compre",
        "case $(cat \"$CHANT_SPEC_FILE\") in *'# The single write'*) CHANT_TARGET_FILES=store.rs ;; *) lock src/storage/batch.rs; git commit -qam 'Lock the batch'; tick; exit ;; esac\ncase $CHANT_TARGET_FILES in\n*-compre",
    );
    assert_ne!(script, AGENT);
    let path = typed.home("half.sh");
    std::fs::write(&path, script).unwrap();
    format!("sh {}", path.display())
}

#[test]
fn the_branch_is_rewritten_between_the_research_and_the_fix() {
    both(|silent| {
        let typed = Typed::new(1, silent);
        typed.net.git(0, &["switch", "-qc", "fix/issue-1234"]);
        typed.investigates(0);
        // Upstream went on, and the branch is rebased onto that; the merges of the phases are gone.
        typed.net.git(0, &["switch", "-qc", "aside", "main"]);
        typed.write(0, "CHANGES", "Something\n");
        typed.net.git(0, &["add", "CHANGES"]);
        typed.net.git(0, &["commit", "-qm", "Upstream goes on"]);
        typed.net.git(0, &["rebase", "-q", "aside", "fix/issue-1234"]);
        assert_eq!(typed.net.git(0, &["log", "--merges", "--format=%s"]), "");
        typed.types(0, "chant work 010").ok();
        typed.is_fixed(0, "010");
        assert_eq!(typed.read(0, "CHANGES"), "Something\n");
        assert!(typed.why(0)["research"].to_string().contains("Use pessimistic locking"));
        // Once more, after the fix.
        typed.net.git(0, &["commit", "-q", "--amend", "--no-edit", "--reset-author"]);
        assert_eq!(typed.status(0, "010"), "completed");
        assert_eq!(typed.net.show(0, "010")["merge"]["dropped"], Value::from(false));
        assert!(typed.why(0)["research"].to_string().contains("Use pessimistic locking"));
        typed.is_traced(0);
    });
}

#[test]
fn upstream_squashes_the_fix_and_the_trail_is_still_there() {
    both(|silent| {
        let mut typed = Typed::new(1, silent);
        typed.net.git(0, &["switch", "-qc", "fix/issue-1234"]);
        let fix = typed.investigates(0);
        typed.types(0, "chant work 010").ok();
        typed.net.git(0, &["push", "-q", "origin", "fix/issue-1234"]);
        let url = typed.net.git(0, &["config", "remote.origin.url"]);
        let upstream = typed.net.add_clone(&url);
        typed.net.git(upstream, &["merge", "-q", "--squash", "origin/fix/issue-1234"]);
        // Upstream takes the change and not how it came about.
        typed.net.git(upstream, &["rm", "-rqf", "--ignore-unmatch", "--cached", ".chant"]);
        typed.net.git(upstream, &["commit", "-qm", "Fix data loss on concurrent writes (#1234)"]);
        typed.net.git(upstream, &["push", "-q", "origin", "main"]);
        typed.net.git(0, &["switch", "-q", "main"]);
        typed.net.git(0, &["pull", "-q"]);
        for archived in [false, true] {
            let answer = typed.why(0);
            assert_eq!(answer["spec"]["short"], *fix, "{answer}");
            assert!(answer["research"].to_string().contains("Use pessimistic locking"), "{answer}");
            if !archived {
                for number in ["001", "004", "005", "008", "010"] {
                    typed.types(0, &format!("chant archive {number}")).ok();
                }
            }
        }
        assert_eq!(typed.net.chant(0, &["fsck"]).ok().out, "");
    });
}
