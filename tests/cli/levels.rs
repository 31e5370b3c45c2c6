//! How far work is verified: what is recorded of it, and where it shows.

use crate::support::{Sandbox, tools::need};

/// The level of a spec as `list` gives it.
#[track_caller]
fn level(sandbox: &Sandbox, id: &str) -> String {
    let all = sandbox.chant(&["list", "--format=%(id) %(verified)"]).ok().out;
    let line = all.lines().find_map(|line| line.strip_prefix(id));
    line.unwrap_or_else(|| panic!("{id}: {all}")).trim().to_owned()
}

#[test]
fn work_that_nothing_verified_says_so_everywhere() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; tick");
    sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] one\n");
    let id = sandbox.add(&["Make it two", "--body-file", "../body.md"]);
    assert_eq!(level(&sandbox, &id), "");
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(level(&sandbox, &id), "none");
    let log = sandbox.chant(&["log", &id]).ok().out;
    assert!(log.contains("nothing was verified") && !log.contains("every check"), "{log}");
    assert!(log.contains("Verified: none\n"), "{log}");
    assert!(sandbox.chant(&["show", &id]).ok().out.contains("Verified:    none, no suite ran\n"));
    let why = sandbox.chant(&["why", "main"]).ok();
    assert!(why.out.contains("verified: none\n"), "{why:?}");
    assert_eq!(why.out.matches("ok      ").count(), 2, "{why:?}");
    let trailers = sandbox.git(&[
        "log",
        "--first-parent",
        "--format=%(trailers:key=Chant-Verified)",
        &format!("chant/specs/{id}"),
    ]);
    assert!(trailers.starts_with("Chant-Verified: none"), "{trailers}");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn commands_documents_and_proofs_verify_more_and_more() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "grep -q two file"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(level(&sandbox, &id), "checks");
    assert!(
        sandbox.chant(&["show", &id]).ok().out.contains("Verified:    checks, 1 command passed, no test counted\n")
    );

    sandbox
        .agent("mkdir -p .chant/research; printf '# Why\\n\\nIt is one and has to be two.\\n' >.chant/research/x.md");
    let id = sandbox.add(&["Why", "--type", "research", "--target-file", ".chant/research/x.md"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(level(&sandbox, &id), "checks");
    assert_eq!(sandbox.show(&id)["checks"]["suite"], false);

    sandbox.agent("printf 'grep -q three file\\n' >check.sh; echo three >file; tick");
    let id = sandbox.add(&["Make it three", "--reproduces", "sh check.sh"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(level(&sandbox, &id), "proof");
    assert!(sandbox.chant(&["show", &id]).ok().out.contains("Verified:    proof, no suite ran\n"));
}

#[test]
fn only_what_a_runner_counted_is_called_a_test() {
    if !need("python3") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write("test_file.py", TESTS);
    sandbox.git(&["add", "test_file.py"]);
    sandbox.git(&["commit", "-qm", "Tests"]);
    sandbox.agent("echo $CHANT_SPEC_ID >file; tick");
    for (commands, said) in [
        (["true", "test -e file"].as_slice(), "checks, 2 commands passed, no test counted"),
        (&["python3 -m unittest -q", "true"], "checks, 2 tests passed"),
    ] {
        let mut args = vec!["Change the file"];
        args.extend(commands.iter().flat_map(|command| ["--verify", command]));
        let id = sandbox.add(&args);
        sandbox.chant(&["work", &id]).ok();
        let shown = sandbox.chant(&["show", &id]).ok().out;
        assert!(shown.contains(&format!("Verified:    {said}\n")), "{shown}");
    }
}

const TESTS: &str = "import unittest\n\nclass T(unittest.TestCase):\n    def test_one(self):\n        pass\n    def test_two(self):\n        pass\n";

#[test]
fn what_is_begun_again_is_not_verified() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "grep -q two file"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    assert_eq!(sandbox.show(&id)["verified"], "checks");
    sandbox.git(&["config", "chant.agent.failing.cmd", "sh -c 'exit 3'"]);
    sandbox.chant(&["reset", &id]).ok();
    sandbox.chant(&["work", &id, "--agent", "failing"]).fails(1, &[]);
    assert_eq!(sandbox.show(&id)["verified"], serde_json::Value::Null);
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}
