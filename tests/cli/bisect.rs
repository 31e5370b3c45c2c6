//! The commit that a bug came with: git's bisect with the test of the reproduction.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::{json_schema::Contract, support::Sandbox};

/// What the agents of both phases do; the root cause keeps its prompt.
const AGENT: &str = r#"
case $CHANT_PHASE in
reproduction) echo ./tool >check.sh ;;
root-cause)
    cat >../prompt; mkdir -p .chant/research
    printf '# Root cause\n\nThe value was changed by a commit that had nothing to do with it at all.\n\n## Recommendation\n\nRestore the value.\n' >.chant/research/it-root-cause.md ;;
esac
tick
"#;

/// Eight commits, at some of which there is no tool to run, and a finished reproduction of what is wrong from the fifth on.
fn reproduced(without_tool: &[usize]) -> (Sandbox, Vec<String>, Vec<String>) {
    let sandbox = Sandbox::new();
    let mut commits = Vec::new();
    for number in 1..=8 {
        sandbox.write("value", &format!("{} {number}\n", if number < 5 { "good" } else { "bad" }));
        let tool = sandbox.repo.join("tool");
        if without_tool.contains(&number) {
            if tool.exists() {
                fs::remove_file(&tool).unwrap();
            }
        } else {
            fs::write(&tool, "#!/bin/sh\ngrep -q good value\n").unwrap();
            fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        }
        sandbox.commit(&format!("Number {number}"));
        commits.push(sandbox.git(&["rev-parse", "HEAD"]));
    }
    sandbox.agent(AGENT);
    let phases = ["--phases", "reproduction,root-cause", "--reproduces", "sh check.sh"];
    let made = sandbox.chant(&[&["investigate", "it", "--title", "It is bad"], &phases[..]].concat()).ok().out;
    let ids: Vec<String> =
        made.lines().filter_map(|line| Some(line.split_once(": ")?.1.split(' ').next()?.to_owned())).collect();
    sandbox.commit("Specs");
    sandbox.chant(&["work", &ids[0]]).ok();
    (sandbox, commits, ids)
}

#[test]
fn the_first_bad_commit_is_found_and_told() {
    let (sandbox, commits, ids) = reproduced(&[3]);
    let refs = sandbox.git(&["for-each-ref", "refs/heads", "refs/bisect"]);
    sandbox.chant(&["bisect", "other"]).fails(1, &["no such investigation: 'other'"]);
    sandbox.chant(&["bisect", "it"]).fails(129, &["a commit without the bug", "--good"]);
    sandbox.chant(&["bisect", "it", "--good", &commits[5]]).fails(1, &["the test fails at the good commit"]);
    sandbox
        .chant(&["bisect", "it", "--good", &commits[0], "--bad", &commits[1]])
        .fails(1, &["passes at the bad commit"]);
    let ran = sandbox.chant(&["bisect", "it", "--good", &commits[0], "--json"]).ok();
    let found = Contract::new().holds("bisect", &ran);
    assert_eq!(found["commits"], serde_json::json!([commits[4]]));
    let document = sandbox.read(".chant/research/it-bisect.md");
    assert!(document.contains(&format!("fails from this commit on:\n\n- `{}` `Number 5`", commits[4])), "{document}");
    assert!(document.contains("- `value`"), "{document}");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "?? .chant/research/");
    assert_eq!(sandbox.git(&["for-each-ref", "refs/heads", "refs/bisect"]), refs);
    let kept = format!("chant/specs/{}:outputs/.chant/research/it-bisect.md", ids[0]);
    assert_eq!(sandbox.git(&["show", &kept]), document.trim_end());
    let complete = format!("the bisection of 'it' is complete: git bisect with the test of '{}'", &ids[0][11..]);
    sandbox.chant(&["bisect", "it"]).fails(129, &[&complete, &commits[4][..12], "git show", "--good"]);
    // The agent of the root cause is told, and has the reproduction with the result as its input.
    sandbox.chant(&["work", &ids[1]]).ok();
    let prompt = fs::read_to_string(sandbox.dir().join("prompt")).unwrap();
    assert!(prompt.contains(&format!("the bug came with commit {}", &commits[4][..12])), "{prompt}");
    let tip = sandbox.git(&["rev-parse", &format!("chant/specs/{}", ids[0])]);
    let pins = sandbox.git(&[
        "log",
        "--format=%(trailers:key=Chant-Informed-By,valueonly)",
        &format!("chant/specs/{}", ids[1]),
    ]);
    assert!(pins.contains(&tip), "{pins}");
}

#[test]
fn where_the_test_cannot_be_run_several_are_named() {
    let (sandbox, commits, _) = reproduced(&[4, 5]);
    let found = sandbox.chant(&["bisect", "it", "--good", &commits[0], "--json"]).fails(1, &[]).json();
    let named: Vec<&str> = found["commits"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(named, [commits[5].as_str(), commits[4].as_str(), commits[3].as_str()]);
    assert_eq!(found["skipped"], 2);
}

#[test]
fn what_is_known_stays_when_the_process_dies() {
    let (sandbox, commits, ids) = reproduced(&[]);
    let died =
        sandbox.run(sandbox.binary(&["bisect", "it", "--good", &commits[0]]).env("CHANT_FAULT", "ref.commit.before"));
    assert_eq!(died.code, 137, "{}{}", died.out, died.err);
    let again = sandbox.chant(&["bisect", "it"]).fails(0, &["The bug came with commit", &commits[4]]);
    assert!(!again.err.contains("Number 5"), "nothing is tested again: {}", again.err);
    assert_eq!(sandbox.ops(&ids[0]).iter().filter(|op| *op == "note").count(), 1);
    sandbox.chant(&["bisect", "it"]).fails(129, &["the bisection of 'it' is complete"]);
}

#[test]
fn a_fix_with_its_own_test_serves_as_well() {
    let sandbox = Sandbox::new();
    let commits = ["good", "fine and good", "bad", "worse"].map(|text| {
        sandbox.write("value", &format!("{text}\n"));
        sandbox.commit(text);
        sandbox.git(&["rev-parse", "HEAD"])
    });
    sandbox.agent("echo 'grep -q good value' >check.sh; echo good again >value; tick");
    let fix = ["--topic", "it", "--phase", "fork-fix", "--reproduces", "sh check.sh", "--onto", "main"];
    let id = sandbox.add(&[&["Fix it"], &fix[..]].concat());
    sandbox.commit("Spec");
    sandbox.chant(&["bisect", "it", "--good", &commits[0]]).fails(1, &["no finished reproduction"]);
    sandbox.chant(&["work", &id]).fails(1, &["release notes"]);
    sandbox.agent("printf '\\n## Release Notes\\n\\nIt is good again.\\n' >>$CHANT_SPEC_FILE; echo 'grep -q good value' >check.sh; echo good again >value; tick");
    sandbox.chant(&["work", &id]).ok();
    sandbox
        .chant(&["bisect", "it", "--good", &commits[0]])
        .fails(0, &[&format!("The bug came with commit {}", commits[2])]);
}

#[test]
fn what_runs_is_the_text_that_a_person_approved() {
    let (sandbox, commits, ids) = reproduced(&[]);
    let path = format!(".chant/specs/{}.md", ids[0]);
    let text = sandbox.read(&path);
    sandbox.write(&path, &text.replace("reproduces: sh check.sh", "reproduces: echo edited >>../ran; sh check.sh"));
    sandbox.chant(&["bisect", "it", "--good", &commits[0]]).fails(1, &["echo edited"]);
    sandbox.git(&["config", "chant.confine", "off"]);
    sandbox.chant(&["bisect", "it", "--good", &commits[0], "--trust"]).ok();
    assert!(fs::read_to_string(sandbox.dir().join("ran")).unwrap().contains("edited"));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_second_answer_takes_the_place_of_the_first() {
    let (sandbox, commits, ids) = reproduced(&[]);
    sandbox.git(&["checkout", "-q", "-b", "other", &commits[1]]);
    sandbox.write("value", "bad in another way\n");
    sandbox.commit("Another");
    let other = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.git(&["checkout", "-q", "main"]);
    let first = sandbox.chant(&["bisect", "it", "--good", &commits[0], "--bad", "other"]).ok();
    assert!(first.out.contains(&other), "{}", first.out);
    let path = ".chant/research/it-bisect.md";
    assert!(sandbox.read(path).contains(&other));
    let second = sandbox.chant(&["bisect", "it", "--good", &commits[0]]).ok();
    assert!(second.out.contains(&format!("recorded in {path}")), "{}{}", second.out, second.err);
    let document = sandbox.read(path);
    assert!(document.contains(&commits[4]) && !document.contains(&other), "{document}");
    let notes = sandbox.chant(&["log", &ids[1]]).ok().out;
    assert!(notes.contains("this replaces the result before it"), "{notes}");
    // A text that a person wrote stays, and the answer does not say that it is the result.
    sandbox.write(path, "Mine.\n");
    let third = sandbox.chant(&["bisect", "it", "--good", &commits[0], "--bad", "other"]).ok();
    assert!(third.out.contains(&format!("recorded in the history of {}", &ids[0][11..])), "{}", third.out);
    assert!(third.err.contains("was not written"), "{}", third.err);
    assert_eq!(sandbox.read(path), "Mine.\n");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_is_forgotten_counts_no_more() {
    let (sandbox, commits, ids) = reproduced(&[]);
    let path = sandbox.repo.join(".chant/research/it-bisect.md");
    for round in 1..=2 {
        sandbox.chant(&["bisect", "it", "--good", &commits[0]]).ok();
        sandbox.chant(&["bisect", "it"]).fails(129, &["the bisection of 'it' is complete"]);
        assert!(path.is_file());
        sandbox.chant(&["bisect", "it", "--reset"]).ok();
        sandbox.chant(&["bisect", "it", "--reset"]).ok();
        assert!(!path.exists(), "round {round}");
        sandbox.chant(&["bisect", "it"]).fails(129, &["no bisection of 'it' was interrupted"]);
        let notes = sandbox.chant(&["log", &ids[1]]).ok().out;
        assert_eq!(notes.matches("does not count any more").count(), round, "{notes}");
    }
}
