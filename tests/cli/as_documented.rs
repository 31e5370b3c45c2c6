//! The source documents, typed as they stand (`git chant` for `chant`), in a project that has the files which they name: with tracked specs
//! and in silent mode, the straight way and each bend of it. What is in these files is shell, so that no compiler is needed.

mod bends;
mod typed;

use typed::Typed;

fn both(scenario: impl Fn(bool)) {
    for silent in [false, true] {
        scenario(silent);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
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
