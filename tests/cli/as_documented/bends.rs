//! Each bend of the way: research that was wrong, a colleague who takes over, a fix in parts, a branch that is rewritten or squashed.

use std::path::Path;

use serde_json::Value;

use super::{
    both,
    typed::{AGENT, Typed},
};

#[test]
#[ignore = "slow: .ci/run runs it"]
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
#[ignore = "slow: .ci/run runs it"]
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
#[ignore = "slow: .ci/run runs it"]
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
#[ignore = "slow: .ci/run runs it"]
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
#[ignore = "slow: .ci/run runs it"]
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

/// An agent that knows its part by the phase, for investigations that `investigate` made.
const BY_PHASE: &str = r##"
tick() { sed 's/- \[ \]/- [x]/' "$CHANT_SPEC_FILE" >.tick && cat .tick >"$CHANT_SPEC_FILE" && rm .tick; }
mkdir -p .chant/research
case $CHANT_PHASE in
comprehension) printf '# Lost writes\n\nTwo write at once, and one value is gone.\n' >.chant/research/sum-comprehension.md ;;
reproduction) mkdir -p tests/regression
    printf 'grep -q "^lock=held" src/storage/store.rs || { echo "no lock"; exit 1; }\n' >tests/regression/sum_test.rs
    git add tests; git commit -qm 'A test that fails' ;;
root-cause) printf '# Root cause\n\nNothing holds the key.\n\n## Recommendation\n\nUse pessimistic locking.\n' >.chant/research/sum-root-cause.md ;;
impact-map) printf '# Impact map\n\n- `src/storage/store.rs`\n' >.chant/research/sum-impact-map.md ;;
fork-fix) sed -i '1s/^/# before\nlock=held\n/' src/storage/store.rs; git commit -qam 'Lock the key'
    sed 's/^<!-- Fill.*/Writes are kept./' "$CHANT_SPEC_FILE" >.notes && cat .notes >"$CHANT_SPEC_FILE" && rm .notes ;;
esac
tick
"##;

#[test]
#[ignore = "slow: .ci/run runs it"]
fn two_take_turns_over_a_server_with_a_branch_that_only_it_has() {
    both(|silent| {
        let mut typed = Typed::new(2, silent);
        for clone in [0, 1] {
            typed.net.agent(clone, BY_PHASE);
        }
        typed.types(0, "chant investigate sum --title 'Writes are lost' --reproduces 'sh tests/run sum'").ok();
        if !silent {
            typed.net.git(0, &["add", ".chant"]);
            typed.net.git(0, &["commit", "-qm", "Specs"]);
            typed.net.git(0, &["push", "-q", "origin", "main"]);
        }
        typed.settles();
        typed.net.git(1, &["pull", "-q"]);
        for (number, clone) in [("001", 0), ("002", 1), ("003", 0), ("004", 1), ("005", 0)] {
            // A clone without the branch begins with what it fetched of it.
            typed.types(
                clone,
                "fetch -q; git rev-parse -q --verify fix/sum && git fetch -q origin fix/sum:fix/sum; true",
            );
            typed.types(clone, &format!("chant work {number} --trust")).ok();
            typed.types(clone, "rev-parse -q --verify fix/sum && git push -q origin fix/sum; true").ok();
            typed.settles();
        }
        let url = typed.net.git(0, &["config", "remote.origin.url"]);
        let upstream = typed.net.add_clone(&url);
        typed.net.git(upstream, &["merge", "-q", "--squash", "origin/fix/sum"]);
        typed.net.git(upstream, &["rm", "-rqf", "--ignore-unmatch", "--cached", ".chant"]);
        typed.net.git(upstream, &["commit", "-qm", "Keep writes (#9)"]);
        typed.net.git(upstream, &["push", "-q", "origin", "main"]);
        for clone in [0, 1] {
            typed.net.git(clone, &["pull", "-q", "--no-rebase"]);
        }
        for archived in [false, true] {
            for clone in [0, 1] {
                let answer = typed.why(clone);
                assert!(
                    answer["research"].to_string().contains("Use pessimistic locking"),
                    "{archived} {clone}: {answer}"
                );
                assert!(answer["checks"].to_string().contains("reproduces 'sh tests/run sum'"), "{answer}");
                let dropped = typed.net.chant(clone, &["list", "--all"]).ok().out;
                assert!(!dropped.contains("dropped"), "{dropped}");
            }
            if !archived {
                typed.types(0, "chant archive --topic sum").ok();
                typed.types(0, "chant sync").ok();
                typed.types(1, "chant sync").ok();
            }
        }
    });
}
