//! The project of the source documents, and the people who type their lines in it.

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
pub(super) const AGENT: &str = r##"
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
pub(super) struct Typed {
    pub(super) net: Net,
    silent: bool,
}

impl Typed {
    pub(super) fn new(people: usize, silent: bool) -> Typed {
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
    pub(super) fn types(&self, clone: usize, line: &str) -> Ran {
        let mut shell = self.net.sandbox.command_in(self.net.dir(clone), "sh");
        self.net.sandbox.run(shell.args(["-c", &format!("git {line}")]))
    }

    /// Types `chant add`, which has to create the spec of that number; its short id.
    #[track_caller]
    pub(super) fn adds(&self, clone: usize, number: &str, line: &str) -> String {
        let out = self.types(clone, line).ok().out;
        let id = out.trim().strip_prefix("Created spec: ").unwrap_or_else(|| panic!("{out}"));
        assert_eq!(&id[11..14], number, "{out}");
        id[11..].to_owned()
    }

    pub(super) fn write(&self, clone: usize, path: &str, text: &str) {
        let path = self.net.dir(clone).join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(super) fn read(&self, clone: usize, path: &str) -> String {
        std::fs::read_to_string(self.net.dir(clone).join(path)).unwrap_or_default()
    }

    pub(super) fn home(&self, name: &str) -> std::path::PathBuf {
        self.net.sandbox.dir().join("home").join(name)
    }

    pub(super) fn path_of(&self, clone: usize, spec: &str) -> String {
        self.net.show(clone, spec)["spec_path"].as_str().unwrap().to_owned()
    }

    /// Gives a spec another front matter, as in an editor.
    pub(super) fn edits(&self, clone: usize, spec: &str, front: &str) {
        let path = self.path_of(clone, spec);
        let text = self.read(clone, &path);
        let body = text.splitn(3, "---\n").nth(2).unwrap();
        self.write(clone, &path, &format!("{front}{body}"));
    }

    pub(super) fn status(&self, clone: usize, spec: &str) -> String {
        self.net.status(clone, spec)
    }

    /// Specs of these numbers that have nothing to do with it.
    pub(super) fn fills(&self, clone: usize, numbers: &[&str]) {
        for number in numbers {
            self.adds(clone, number, &format!("chant add 'Something else, {number}' --type task"));
        }
    }

    /// The four phases before the fix, with their numbers: 001, 004, 005, 008. Ends with the spec of the fix, 010, which is not worked.
    pub(super) fn investigates(&self, clone: usize) -> String {
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
    pub(super) fn is_fixed(&self, clone: usize, spec: &str) {
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
    pub(super) fn is_traced(&self, clone: usize) {
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
    pub(super) fn why(&self, clone: usize) -> Value {
        self.net.chant(clone, &["why", "src/storage/store.rs:2", "--json"]).ok().json()["why"][0].clone()
    }

    #[track_caller]
    pub(super) fn settles(&self) {
        self.net.settle(|count| (0..count).collect());
    }
}
