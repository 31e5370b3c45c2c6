//! What proves a reproduction and a fix, and what does not: real runners, real repositories.

use crate::support::{Sandbox, tools::need};

const NOTES: &str = "printf '\\n## Release Notes\\n\\n- add adds now\\n' >>$CHANT_SPEC_FILE; ";
const RUN: &str = "python3 -B -m unittest -q";
const TEST: &str = "printf 'import unittest, calc\\nclass T(unittest.TestCase):\\n    def test_sum(self):\\n        self.assertEqual(calc.add(2, 3), 5)\\n' >test_sum.py; ";
const FIX: &str = "printf 'def add(a, b):\\n    return (a + b)\\n' >calc.py; ";

/// A project whose `add` subtracts.
fn calculator() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("calc.py", "def add(a, b):\n    return a - b\n");
    sandbox.write(".gitignore", "__pycache__/\n");
    sandbox.commit("A calculator");
    sandbox
}

/// One with a test that fails because of that.
fn with_test() -> Sandbox {
    let sandbox = calculator();
    sandbox.write(
        "test_sum.py",
        "import unittest, calc\nclass T(unittest.TestCase):\n    def test_sum(self):\n        self.assertEqual(calc.add(2, 3), 5)\n",
    );
    sandbox.commit("A test");
    sandbox
}

fn reproduction(sandbox: &Sandbox, script: &str, options: &[&str]) -> String {
    sandbox.agent(&format!("{script}git add -A; git commit -qm work; tick"));
    sandbox.add(&[&["Reproduce", "--type", "task", "--phase", "reproduction", "--reproduces", RUN], options].concat())
}

fn fix(sandbox: &Sandbox, script: &str, options: &[&str]) -> String {
    fix_of(RUN, sandbox, script, options)
}

fn fix_of(command: &str, sandbox: &Sandbox, script: &str, options: &[&str]) -> String {
    sandbox.agent(&format!("{script}git add -A; git commit -qm work; {NOTES}tick"));
    sandbox.add(&[&["Fix", "--phase", "fork-fix", "--reproduces", command], options].concat())
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_that_cannot_be_loaded_reproduces_nothing() {
    let sandbox = calculator();
    let id = reproduction(&sandbox, "printf 'def broken(:\\n' >test_sum.py; ", &[]);
    sandbox.chant(&["work", &id]).fails(1, &["a test file cannot be loaded", "for another reason than a failing test"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_that_fails_now_and_then_reproduces_nothing() {
    // In a sandbox no run of it would see what the one before left.
    let sandbox = calculator().unconfined();
    let mark = sandbox.dir().join("seen");
    let script = format!(
        "printf 'import unittest, os\\nclass T(unittest.TestCase):\\n    def test_sum(self):\\n        if not os.path.exists(\"{0}\"):\\n            open(\"{0}\", \"w\"); self.fail()\\n' >test_sum.py; ",
        mark.display()
    );
    let id = reproduction(&sandbox, &script, &[]);
    sandbox.chant(&["work", &id]).fails(1, &["flaky", "ended differently"]);
    let printed = sandbox.chant(&["log", &id, "--checks"]).ok().out;
    let (first, second) = printed.split_once(" # run 2\n").expect(&printed);
    let first = first.split_once(" # run 1\n").expect(&printed).1;
    assert!(first.contains("FAILED") && second.contains("\nOK\n"), "{printed}");
}

/// What passes once, or fails once, is no proof.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_that_passes_now_and_then_proves_no_fix() {
    // How often a test runs depends on how long that takes.
    for passes in ["3", "2"] {
        // In a sandbox no run of it would see what the one before left.
        let sandbox = calculator().unconfined();
        let count = sandbox.dir().join("count");
        let test = format!(
            "import unittest\nclass T(unittest.TestCase):\n    def test_sum(self):\n        n = len(open('{0}').read())\n        open('{0}', 'a').write('x')\n        self.assertEqual(n + 1, {passes})\n",
            count.display()
        );
        std::fs::write(&count, "").unwrap();
        sandbox.write("test_sum.py", &test);
        sandbox.commit("A test");
        let id = fix(&sandbox, FIX, &[]);
        sandbox.chant(&["work", &id]).fails(1, &[]);
        assert_eq!(sandbox.status(&id), "failed");
    }
}

/// The test of a fix in Go is run once so that it names each test that ends.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_program_that_ends_before_its_tests_passes_none() {
    if !need("go") {
        return;
    }
    let ends = "package calc\n\nimport \"syscall\"\n\nvar stop = syscall.Exit\n\nfunc Add(a, b int) int { stop(0); return a - b }\n";
    let adds = "package calc\n\nfunc Add(a, b int) int { return a + b }\n";
    for (code, proved) in [(ends, false), (adds, true)] {
        let sandbox = Sandbox::new();
        sandbox.write("go.mod", "module calc\n\ngo 1.19\n");
        sandbox.write("calc.go", "package calc\n\nfunc Add(a, b int) int { return a - b }\n");
        sandbox.write("calc_test.go", "package calc\n\nimport \"testing\"\n\nfunc TestSum(t *testing.T) {\n\tif Add(2, 3) != 5 {\n\t\tt.Fatal(\"wrong\")\n\t}\n}\n");
        sandbox.commit("A test");
        let id = fix_of("go test ./...", &sandbox, &format!("cat >calc.go <<'G'\n{code}G\n"), &[]);
        let ran = sandbox.chant(&["work", &id]);
        match proved {
            true => assert_eq!(sandbox.show(&id)["verified"], "proof", "{ran:?}"),
            false => drop(ran.fails(1, &["a test program ended before its tests did"])),
        }
    }
}

/// A script that is not there, and one that says no, may end with the same exit code.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_new_script_is_a_reproduction_whatever_the_exit_code_of_a_missing_one() {
    for (line, proved) in [("print qq(got $got);", true), ("use lib q(lib); use Not::There;", false)] {
        let sandbox = calculator();
        let script = format!(
            "cat >check.pl <<'P'\nmy $got = `python3 -B -c 'import calc; print(calc.add(2, 3))'`;\n{line}\nexit($got == 5 ? 0 : 2);\nP\n"
        );
        sandbox.agent(&format!("{script}git add -A; git commit -qm work; tick"));
        let id =
            sandbox.add(&["Reproduce", "--type", "task", "--phase", "reproduction", "--reproduces", "perl check.pl"]);
        let ran = sandbox.chant(&["work", &id]);
        if proved {
            ran.ok();
            let id = fix_of("perl check.pl", &sandbox, FIX, &["--depends-on", &id]);
            sandbox.chant(&["work", &id]).ok();
        } else {
            ran.fails(1, &[]);
        }
    }
}

/// The runner loads every test file before it runs one.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_that_comes_with_the_fix_does_not_fix_the_code_for_another() {
    let patch = "printf 'import calc\\ncalc.add = lambda a, b: a + b\\n' >test_aside.py; ";
    let sandbox = with_test();
    let id = fix(&sandbox, &format!("{patch}echo >>calc.py; "), &[]);
    sandbox.chant(&["work", &id]).fails(1, &["it adds 'test_aside.py'", "git chant accept"]);
    assert_eq!(sandbox.status(&id), "finished");
    let more = "printf 'import unittest, calc\\nclass M(unittest.TestCase):\\n    def test_more(self):\\n        self.assertEqual(calc.add(1, 1), 2)\\n' >test_more.py; ";
    let sandbox = with_test();
    let id = fix(&sandbox, &format!("{more}{FIX}"), &[]);
    sandbox.chant(&["work", &id]).ok();
    assert!(!sandbox.chant(&["show", &id]).ok().out.contains("test_more.py"));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_exit_code_of_0_hides_no_failing_test() {
    let sandbox = with_test();
    let script = "printf 'import atexit, os\ndef add(a, b):\n    return a - b\natexit.register(getattr(os, \"_\" + \"exit\"), 0)\n' >calc.py; ";
    let id = fix(&sandbox, script, &[]);
    sandbox.chant(&["work", &id]).fails(1, &["a test fails with the fix"]);
    assert_eq!(sandbox.status(&id), "failed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_reproduction_that_breaks_the_code_reproduces_nothing() {
    for breaks in [
        "printf 'def add(a, b):\\n    return 0\\n' >calc.py",
        "sed -i '1a \\    return 0' calc.py",
        "sed -i '/^--/d' count.sql",
        "printf '\\0' >>table.bin",
    ] {
        let sandbox = calculator();
        sandbox.write("count.sql", "select 1\n--;\n");
        std::fs::write(sandbox.repo.join("table.bin"), b"\0\x01").unwrap();
        sandbox.commit("More");
        let id = reproduction(&sandbox, &format!("{TEST}{breaks}; "), &[]);
        sandbox.chant(&["work", &id]).fails(1, &["adds tests and changes no other code: "]);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_reproduction_and_its_fix_are_proved_by_one_test() {
    let sandbox = calculator();
    let first = reproduction(&sandbox, TEST, &[]);
    sandbox.chant(&["work", &first]).ok();
    let id = fix(&sandbox, FIX, &["--depends-on", &first]);
    sandbox.chant(&["work", &id]).ok();
    let proof = sandbox.show(&id)["checks"]["evidence"]["reproduces"].clone();
    assert_eq!(proof["held"], serde_json::json!(["test_sum.py"]), "{proof}");
    assert_eq!((&proof["base"]["outcome"], &proof["tip"]["outcome"]), (&"failed".into(), &"passed".into()), "{proof}");
    // At the commit before the fix the very test says no.
    sandbox.chant(&["verify", &id, "--at", "main~1^2", "--trust"]).fails(1, &["FAILED", "reproduces"]);
    sandbox.chant(&["verify", &id, "--at", "main", "--trust"]).ok();
    // Of the reproduction is said what its test shows there.
    for (at, shown) in [("main~1", "the bug is in this revision"), ("main", "the bug is not in this revision")] {
        let said = sandbox.chant(&["verify", &first, "--at", at, "--trust"]).ok().out;
        assert!(said.contains(shown), "{at}: {said}");
    }
    let all = sandbox.chant(&["verify", "--all"]).ok().out;
    assert!(all.contains("the bug is not in this revision") && all.contains("2 specs checked"), "{all}");
    // What only tells something has not passed.
    let root = sandbox.git(&["rev-list", "--max-parents=0", "main"]);
    sandbox.chant(&["verify", "--since", &root, "--trust", "--summary", "summary.md"]).ok();
    let summary = sandbox.read("summary.md");
    let row = summary.lines().find(|line| line.contains(&first[11..])).unwrap_or_else(|| panic!("{summary}"));
    assert!(row.ends_with("| no commands |"), "{summary}");
}

#[test]
fn a_weakened_test_waits_for_a_person() {
    for script in ["sed -i 's/, 5)/, -1)/' test_sum.py; ", "git rm -q test_sum.py; : >other.py; "] {
        let sandbox = with_test();
        sandbox.write("test_other.py", "import unittest\nclass O(unittest.TestCase):\n    def test_one(self): pass\n");
        sandbox.commit("Another test");
        let id = fix(&sandbox, script, &[]);
        sandbox.chant(&["work", &id]).fails(1, &["test_sum.py", "test does not pass with the fix"]);
        assert_eq!(sandbox.status(&id), "finished", "{script}");
        let shown = sandbox.chant(&["show", &id]).ok().out;
        assert!(shown.contains("waits   reproduces"), "{shown}");
        sandbox.chant(&["accept", &id, "--reason", "The bug is none"]).ok();
        sandbox.chant(&["merge", &id]).ok();
        assert_eq!(sandbox.status(&id), "completed", "{script}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_runner_that_the_fix_brings_itself_is_none() {
    let sandbox = with_test();
    let id = fix(&sandbox, ": >unittest.py; ", &[]);
    sandbox
        .chant(&["work", &id])
        .fails(1, &["unittest reports no test; a file may shadow it", "it adds 'unittest.py'"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_runs_tests_is_held_with_them() {
    let patched = "printf 'import calc\\ncalc.add = lambda a, b: a + b\\n' >sitecustomize.py; ";
    // The test passes by what runs it, and fails without that: a person decides.
    let sandbox = with_test();
    let id = fix_of(&format!("PYTHONPATH=. {RUN}"), &sandbox, patched, &[]);
    sandbox.chant(&["work", &id]).fails(1, &["it adds 'sitecustomize.py'", "git chant accept"]);
    assert_eq!(sandbox.status(&id), "finished");
    // What changes how tests run beside an honest fix stands in no one's way.
    let sandbox = with_test();
    let id = fix(&sandbox, &format!("{FIX}printf '[pytest]\\naddopts = -q\\n' >pytest.ini; "), &[]);
    sandbox.chant(&["work", &id]).ok();
    let proof = sandbox.show(&id)["checks"]["evidence"]["reproduces"].clone();
    assert_eq!(proof["differences"], serde_json::json!(["it adds 'pytest.ini'"]), "{proof}");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_inside_of_the_code_is_held_and_the_fix_is_not_erased() {
    let sandbox = calculator();
    let doctest = "printf 'def add(a, b):\\n    \"\"\"The sum.\\n\\n    >>> add(2, 3)\\n    5\\n    \"\"\"\\n    return a - b\\n' >calc.py; ";
    let options = ["--reproduces", "python3 -B -m doctest calc.py"];
    sandbox.agent(&format!("{doctest}git add -A; git commit -qm work; tick"));
    let first = sandbox.add(&[&["Reproduce", "--type", "task", "--phase", "reproduction"], &options[..]].concat());
    sandbox.chant(&["work", &first]).ok();
    sandbox.agent(&format!("sed -i 's/a - b/a + b/' calc.py; git commit -qam work; {NOTES}tick"));
    let id = sandbox.add(&[&["Fix", "--phase", "fork-fix", "--depends-on", &first], &options[..]].concat());
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.show(&id)["checks"]["evidence"]["reproduces"]["held"], serde_json::json!(["calc.py"]));
}

/// The way of `investigate --single`: one attempt writes the test and the fix, here into one file.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_inside_of_the_code_that_comes_with_its_fix_has_to_fail_without_it() {
    let write = |answer: &str, sign: &str| {
        format!(
            "printf 'import sys\\ndef add(a, b):\\n    \"\"\"The sum.\\n\\n    >>> add(2, 3)\\n    {answer}\\n    \"\"\"\\n    return a {sign} b\\n' >calc.py; "
        )
    };
    for (answer, accepted) in [("5", true), ("-1", false)] {
        let sandbox = calculator();
        let sign = if accepted { "+" } else { "-" };
        let id = fix_of("python3 -B -m doctest calc.py", &sandbox, &write(answer, sign), &[]);
        let ran = sandbox.chant(&["work", &id]);
        assert_eq!(sandbox.status(&id) == "completed", accepted, "{ran:?}");
        if accepted {
            let held = sandbox.show(&id)["checks"]["evidence"]["reproduces"]["held"].clone();
            assert_eq!(held, serde_json::json!(["calc.py"]));
        }
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_inside_of_the_code_that_the_fix_weakens_waits_for_a_person() {
    let sandbox = calculator();
    sandbox.write(
        "calc.py",
        "def add(a, b):\n    \"\"\"The sum.\n\n    >>> add(2, 3)\n    5\n    \"\"\"\n    return a - b\n",
    );
    sandbox.commit("An example");
    let command = "python3 -B -m doctest calc.py";
    let id = fix_of(command, &sandbox, "sed -i 's/^    5$/    -1/' calc.py; ", &[]);
    sandbox.chant(&["work", &id]).fails(1, &["it changes the test in 'calc.py'", "git chant accept"]);
    assert_eq!(sandbox.status(&id), "finished");
    let id = fix_of(command, &sandbox, "sed -i 's/a - b/a + b/' calc.py; ", &[]);
    sandbox.chant(&["work", &id]).ok();
}

/// What passed on the work has to pass on the merge, with the tests that proved it.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_held_tests_are_laid_over_a_merge() {
    let sandbox = calculator();
    let first = reproduction(&sandbox, TEST, &[]);
    sandbox.chant(&["work", &first]).ok();
    let id = fix(&sandbox, FIX, &["--depends-on", &first]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    // During the run the target loses the test: a run on the merge alone would find another.
    sandbox.git(&["rm", "-q", "test_sum.py"]);
    sandbox.write("test_zero.py", "import unittest\nclass T(unittest.TestCase):\n    def test_zero(self): pass\n");
    // A package comes before the module of its name.
    sandbox.write("calc/__init__.py", "def add(a, b):\n    return a - b\n");
    sandbox.git(&["add", "test_zero.py", "calc"]);
    sandbox.git(&["commit", "-qm", "Something else"]);
    sandbox.chant(&["merge", &id]).fails(1, &["merged with 'main'"]);
    assert_eq!(sandbox.status(&id), "finished");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_that_comes_with_its_fix_has_to_fail_without_it() {
    let sandbox = calculator();
    let id = fix(&sandbox, &format!("{TEST}{FIX}"), &[]);
    sandbox.chant(&["work", &id]).ok();
    let sandbox = calculator();
    let nothing = TEST.replace("calc.add(2, 3), 5", "1, 1");
    let id = fix(&sandbox, &format!("{nothing}{FIX}"), &[]);
    sandbox.chant(&["work", &id]).fails(1, &["the test passes without the fix"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_the_failure_has_to_say_is_the_persons_to_decide() {
    for (pattern, accepted) in [("-1 != 5", true), ("no such words", false)] {
        let sandbox = calculator();
        let id = reproduction(&sandbox, TEST, &["--fails-with", pattern, "--runs", "2"]);
        let ran = sandbox.chant(&["work", &id]);
        assert_eq!(sandbox.status(&id) == "completed", accepted, "{pattern}: {ran:?}");
        // The fix of a bug that shows otherwise is another one.
        let sandbox = with_test();
        for _ in 0..2 {
            let id = fix(&sandbox, &format!("git checkout -q main -- calc.py; {FIX}"), &["--fails-with", pattern]);
            let ran = sandbox.chant(&["work", &id, "--no-merge"]);
            assert_eq!(sandbox.status(&id) == "finished", accepted, "{pattern}: {ran:?}");
        }
    }
    let sandbox = calculator();
    for (option, value) in [("--fails-with", "(("), ("--fails-with", ".*"), ("--runs", "0"), ("--runs", "many")] {
        sandbox
            .chant(&["add", "Fix", "--reproduces", RUN, option, value])
            .fails(129, &[&option[2..].replace('-', "_")]);
    }
    sandbox.chant(&["add", "Fix", "--runs", "2"]).fails(129, &["--reproduces"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_fix_stays_inside_of_its_impact_map() {
    let sandbox = with_test();
    sandbox.agent("printf '# Map\\n\\n- `calc.py`: the sign\\n' >map.md; git add -A; git commit -qm map; tick");
    let map = sandbox.add(&["Map", "--type", "research", "--phase", "impact-map", "--target-file", "map.md"]);
    sandbox.chant(&["work", &map]).ok();
    let options = ["--depends-on", map.as_str(), "--informed-by", "map.md"];
    let id = fix(&sandbox, &format!("{FIX}echo x >elsewhere.py; "), &options);
    sandbox.chant(&["work", &id]).fails(1, &["outside the impact map (map.md:3): elsewhere.py"]);
    let id = fix(&sandbox, FIX, &options);
    sandbox.chant(&["work", &id]).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn texts_that_say_nothing_are_named() {
    for (options, script, named) in [
        (
            &["--phase", "root-cause"][..],
            "printf '# Why\\n\\nI have looked.\\n\\nIt is fine.\\n' >doc.md",
            "no heading such as 'Recommendation'",
        ),
        (
            &["--phase", "impact-map"],
            "printf '# Map\\n\\nAll of it.\\n\\nReally.\\n' >doc.md",
            "names no file in the repository",
        ),
        (&[], "printf '# Why\\n\\nTODO\\n\\n- TBD\\n' >doc.md", "'TODO' (line 3)"),
        (&[], "cp first.md doc.md", "a copy of 'first.md'"),
        (&[], "cp \"$CHANT_PROMPT_FILE\" doc.md", "a copy of 'the prompt'"),
        (&[], "{ printf '# Why\\n\\n'; base64 -w76 first.md; } >doc.md", "encoded data and no words"),
        (
            &[],
            "printf '# Why\\n\\n## What\\n\\nIt is as it is.\\n\\n## How\\n\\nIt is as it is.\\n' >doc.md",
            "one thing again and again",
        ),
        (&[], "printf '# Why\\n\\n\\342\\200\\213\\n' >doc.md", "no visible words"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("first.md", "# First\n\nThe report is about the sum of two numbers.\n");
        sandbox.commit("First");
        sandbox.agent(&format!("{script}; tick"));
        let id = sandbox.add(&[&["Why", "--type", "research", "--target-file", "doc.md"], options].concat());
        sandbox.chant(&["work", &id]).fails(1, &["output 'doc.md'", named]);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_text_of_a_spec_is_not_the_agents() {
    for (script, named) in [
        ("sed -i 's/It must hold/It need not hold/' $CHANT_SPEC_FILE", "the text of the spec was changed"),
        ("sed -i 's/^- \\[x\\] one/- [x] one\\n- [ ] one/' $CHANT_SPEC_FILE", "criterion 'one': listed more than once"),
        ("sed -i 's/one/~~one~~/' $CHANT_SPEC_FILE", "criterion 'one': struck out"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("../body.md", "It must hold.\n\n## Acceptance Criteria\n\n- [ ] one\n");
        sandbox.agent(&format!("echo two >file; tick; {script}"));
        let id = sandbox.add(&["Make it two", "--body-file", "../body.md"]);
        sandbox.chant(&["work", &id]).fails(1, &[named]);
    }
}

#[test]
fn code_that_changes_nothing_is_accepted_by_a_person_only() {
    let sandbox = Sandbox::new();
    sandbox.agent("tick");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).fails(1, &["the agent changed nothing", "--allow-empty"]);
    sandbox.chant(&["finish", &id, "--allow-empty"]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn an_input_is_not_the_agents_to_edit() {
    let sandbox = Sandbox::new();
    sandbox.write("why.md", "# Why\n\nUse a lock.\n");
    sandbox.commit("Why");
    sandbox.agent("echo two >file; echo More. >>why.md; tick");
    let id = sandbox.add(&["Make it two", "--informed-by", "why.md"]);
    sandbox.chant(&["work", &id]).fails(1, &["it changed its input 'why.md'"]);
    let options = ["--informed-by", "why.md", "--target-file", "why.md", "--target-file", "file"];
    let id = sandbox.add(&[&["Make it two"], &options[..]].concat());
    sandbox.chant(&["work", &id]).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_that_names_what_is_not_there_reproduces_nothing() {
    for line in ["import no_such_module", "self.assertEqual(calk.add(2, 3), 5)"] {
        let sandbox = calculator();
        let test = format!(
            "printf 'import unittest, calc\\nclass T(unittest.TestCase):\\n    def test_sum(self):\\n        {line}\\n' >test_sum.py; "
        );
        let id = reproduction(&sandbox, &test, &[]);
        sandbox.chant(&["work", &id]).fails(1, &["the test names something that is not there"]);
    }
    // Where the code raises it, that is the bug.
    let sandbox = calculator();
    sandbox.write("calc.py", "def add(a, b):\n    return aa + b\n");
    sandbox.commit("A misspelt name");
    let id = reproduction(&sandbox, TEST, &[]);
    sandbox.chant(&["work", &id]).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_stands_between_a_test_and_its_runner_waits_for_a_person() {
    for (script, named) in [
        (
            "printf 'import unittest\\nunittest.TestCase.assertEqual = lambda *a, **k: None\\ndef add(a, b):\\n    return a - b\\n' >calc.py; ",
            "code in 'calc.py' names what runs tests: unittest",
        ),
        ("printf 'import os\\nos._exit(0)\\n' >difflib.py; ", "it adds 'difflib.py'"),
        (
            "cp calc.py kept; printf 'def add(a, b):\\n    return a + b\\n' >calc.py; python3 -c \"import py_compile; py_compile.compile('calc.py', invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)\"; mv kept calc.py; git add -f __pycache__; ",
            "it adds '__pycache__/calc.",
        ),
    ] {
        let sandbox = with_test();
        let id = fix(&sandbox, script, &[]);
        sandbox.chant(&["work", &id]).fails(1, &[named]);
        assert_ne!(sandbox.status(&id), "completed", "{script}");
    }
}
