//! Spec files, held against each other.

use super::{Problem, codes, only, problems, spec_path, with_spec};
use crate::support::{Sandbox, cases::few_or_many};

const SPEC: &str = "# A spec\n\n## Acceptance Criteria\n\n- [ ] it holds\n";

/// Writes the file of a spec; its id is `2026-02-08-<short>`.
fn write_spec(sandbox: &Sandbox, short: &str, front: &str) -> String {
    let id = format!("2026-02-08-{short}");
    sandbox.write(&spec_path(&id), &format!("---\n{front}---\n{SPEC}"));
    id
}

#[test]
fn lint_names_each_fault_with_its_place_and_only_there() {
    let sandbox = Sandbox::new();
    let good = write_spec(&sandbox, "001-aaa", "type: code\n");
    write_spec(&sandbox, "002-bbb", "type: code\n");
    sandbox.write(&spec_path("2026-02-09-002-ccc"), SPEC);
    let bad = write_spec(
        &sandbox,
        "003-ddd",
        "depends_on:\n  - '001'\n  - absent\n  - \"002\"\ninformed_by: [file, docs/gone.md, 'src/**/*.rs']\n\
         agent: absent\nprompt: mine\nstatus: completed\nsupersedes: 009-zzz\n",
    );
    let broken = write_spec(&sandbox, "004-eee", "type: novel\ntarget_files:\n  - ../out\n  - '*a*b*c*d*e*f*g*h*i'\n");
    sandbox.write(".chant/specs/Notes.md", SPEC);
    sandbox.write(&spec_path("2026-02-08-005-fff"), "# Vague\n");
    write_spec(&sandbox, "006-ggg", "type: gate\nagent: x\nreproduces: make test\n");
    write_spec(&sandbox, "007-hhh", "type: task\nphase: reproduction\n");

    let found = problems(&sandbox, &["lint"]);
    let of = |id: &str| -> Vec<(&str, String, &str)> {
        let about = found.iter().filter(|problem| problem.text("spec") == id);
        about.map(|problem| (problem.code(), problem.place(), problem.text("message"))).collect()
    };
    assert_eq!(of(&good), []);
    let place = |place: &str| place.to_owned();
    assert_eq!(
        of(&bad),
        [
            ("status", place("9:9"), "the file says 'completed', but no status is recorded; it counts as 'pending'"),
            ("unknown-dependency", place("4:5"), "no such spec: 'absent'"),
            ("ambiguous-dependency", place("5:5"), "'002' matches 2026-02-08-002-bbb, 2026-02-09-002-ccc"),
            ("unknown-spec", place("10:13"), "no such spec: '009-zzz'"),
            ("missing-input", place("6:21"), "the input 'docs/gone.md' does not exist"),
            ("missing-input", place("6:35"), "the input 'src/**/*.rs' does not exist"),
            ("unknown-agent", place("7:8"), "no agent 'absent' is configured here"),
            ("unknown-prompt", place("8:9"), "there is no prompt 'mine'"),
        ]
    );
    assert_eq!(
        codes(&found.iter().filter(|p| p.text("spec") == broken).cloned().collect::<Vec<_>>()),
        ["invalid-spec"; 3],
        "{found:#?}"
    );
    let stray = found.iter().find(|problem| problem.code() == "bad-name").unwrap();
    assert_eq!(stray.text("path"), ".chant/specs/Notes.md");
    assert_eq!(of("2026-02-08-005-fff"), [("no-criteria", place("null:null"), "it has no criteria and no checks")]);
    assert_eq!(of("2026-02-08-006-ggg").iter().map(|(code, ..)| *code).collect::<Vec<_>>(), ["unused-key"; 2]);
    assert_eq!(of("2026-02-08-007-hhh"), [("no-reproduction", place("3:8"), "no test shows the bug")]);

    // Named ones alone, and warnings alone are no failure.
    assert_eq!(problems(&sandbox, &["lint", "001-aaa"]), []);
    assert_eq!(codes(&problems(&sandbox, &["lint", "005-fff", "005"])), ["no-criteria"]);
    let printed = sandbox.chant(&["lint", "003"]).fails(1, &[".chant/specs/2026-02-08-003-ddd.md:4:5: error: "]);
    assert!(!printed.out.contains("001-aaa"), "{}", printed.out);
}

#[test]
fn lint_is_quiet_about_what_is_over_and_tells_the_recorded_status() {
    let (sandbox, id) = with_spec();
    sandbox.chant(&["work", &id]).ok();
    let text = sandbox.read(&spec_path(&id));
    sandbox.write(&spec_path(&id), &text.replacen("---\n", "---\nstatus: pending\ndepends_on: absent\n", 1));
    let found = only(problems(&sandbox, &["lint"]));
    assert_eq!((found.code(), found.place().as_str()), ("status", "2:9"));
    assert_eq!(found.text("message"), "the file says 'pending', but the recorded status is 'completed'");
}

#[test]
fn lint_reads_inputs_and_prompts_that_cannot_be_read_as_faults_of_that_spec_alone() {
    let sandbox = Sandbox::new();
    write_spec(&sandbox, "001-aaa", "prompt: some/where\n");
    write_spec(&sandbox, "002-bbb", "informed_by: link\n");
    write_spec(&sandbox, "003-ccc", "informed_by: nothing\n");
    std::os::unix::fs::symlink("/etc/passwd", sandbox.repo.join("link")).unwrap();
    let found = problems(&sandbox, &["lint"]);
    assert_eq!(codes(&found), ["bad-prompt", "bad-input", "missing-input"]);
    assert_eq!(found.iter().map(Problem::place).collect::<Vec<_>>(), ["2:9", "2:14", "2:14"]);
}

#[test]
fn lint_names_every_circle_and_everyone_on_it() {
    let sandbox = Sandbox::new();
    // a -> b -> c -> a; a -> d -> c closes a second one that a depth-first search alone would pass by.
    write_spec(&sandbox, "001-aaa", "depends_on: [002-bbb, 004-ddd]\n");
    write_spec(&sandbox, "002-bbb", "depends_on: [003-ccc]\n");
    write_spec(&sandbox, "003-ccc", "depends_on:\n  - 005-eee\n  - 001-aaa\n");
    write_spec(&sandbox, "004-ddd", "depends_on: 003-ccc\n");
    write_spec(&sandbox, "005-eee", "");
    write_spec(&sandbox, "006-fff", "depends_on: [005-eee, 006-fff]\n");
    write_spec(&sandbox, "007-ggg", "depends_on: [001-aaa]\n");
    let found = problems(&sandbox, &["lint"]);
    assert!(found.iter().all(|problem| problem.code() == "cycle"), "{found:#?}");
    let said: Vec<(&str, String, &str)> =
        found.iter().map(|one| (&one.text("spec")[11..], one.place(), one.text("message"))).collect();
    let expected = [
        ("001-aaa", "2:14", "it depends on itself: 001-aaa -> 002-bbb -> 003-ccc -> 001-aaa"),
        ("002-bbb", "2:14", "it depends on itself: 002-bbb -> 003-ccc -> 001-aaa -> 002-bbb"),
        ("003-ccc", "4:5", "it depends on itself: 003-ccc -> 001-aaa -> 002-bbb -> 003-ccc"),
        ("004-ddd", "2:13", "it depends on itself: 004-ddd -> 003-ccc -> 001-aaa -> 004-ddd"),
        ("006-fff", "2:23", "it depends on itself: 006-fff -> 006-fff"),
    ];
    assert_eq!(said, expected.map(|(id, place, message)| (id, place.to_owned(), message)));
    assert_eq!(codes(&problems(&sandbox, &["lint", "004"])), ["cycle"]);
    assert_eq!(problems(&sandbox, &["lint", "007"]), []);
    sandbox.chant(&["cancel", "001-aaa", "--reason", "No"]);
    sandbox.chant(&["work", "002"]).fails(1, &["002-bbb"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn lint_takes_a_long_chain() {
    let many = few_or_many(1500, 5000);
    // The last thousand depend on each other in a circle.
    let circle = many - 999;
    let sandbox = Sandbox::new();
    let name = |at: usize| format!("{at:05}-a{at:05}");
    for at in 1..=many {
        // By short names: each has to be looked up.
        let next = if at == many { circle } else { at + 1 };
        write_spec(&sandbox, &name(at), &format!("depends_on: a{next:05}\n"));
    }
    let found = problems(&sandbox, &["lint"]);
    assert_eq!(found.len(), 1000);
    assert!(found.iter().all(|problem| problem.code() == "cycle"));
    let first: Vec<_> = (circle..circle + 5).map(name).collect();
    let way = format!("{} -> (991 more) -> ", first.join(" -> "));
    assert!(found[0].text("message").contains(&way), "{:?}", found[0]);
    assert!(found[0].text("message").ends_with(&format!("{} -> {}", name(many), name(circle))), "{:?}", found[0]);
}

#[test]
fn lint_reads_the_texts_as_the_checks_do() {
    let sandbox = Sandbox::new();
    sandbox.agent("printf '# Why\n\nTODO\n' >why.md; tick");
    let why = sandbox.add(&["Why", "--type", "research", "--phase", "root-cause", "--target-file", "why.md"]);
    let map = sandbox.add(&["Map", "--type", "research", "--phase", "impact-map", "--target-file", "map.md"]);
    sandbox.write("src/lib.rs", "");
    sandbox.commit("Code");
    assert_eq!(sandbox.chant(&["lint"]).ok().out, "", "nothing is written yet");
    // What is under way lies in the worktree.
    sandbox.chant(&["work", &why]).fails(1, &["output 'why.md'"]);
    sandbox.write("map.md", "# Map\n\nWhat to change:\n\n- `src/gone.rs`: all of it\n");
    let found = problems(&sandbox, &["lint"]);
    let of = |id: &str| found.iter().find(|problem| problem.text("spec") == id).unwrap();
    let place = |problem: &Problem| format!("{}:{}", problem.text("path"), problem.0["line"]);
    assert_eq!((of(&why).code(), place(of(&why))), ("document", "why.md:3".to_owned()));
    assert!(of(&why).text("message").contains("TODO"), "{found:?}");
    assert_eq!((of(&map).code(), place(of(&map))), ("document", "map.md:5".to_owned()));
    assert!(of(&map).text("help").contains("(new)"), "{found:?}");
    let told = sandbox.chant(&["lint"]);
    assert!(told.out.contains("map.md:5") && told.out.contains("'src/gone.rs' does not exist"), "{told:?}");

    sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] it holds\n- [ ] TBD\n- [ ] it holds\n");
    let id = sandbox.add(&["Twice", "--body-file", "../body.md"]);
    let found = problems(&sandbox, &["lint", &id]);
    assert_eq!(found.iter().map(Problem::code).collect::<Vec<_>>(), ["empty-criterion", "repeated-criterion"]);
}
