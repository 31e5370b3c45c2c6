//! A fix that changes how tests run, which of them, or what runs them: the same test with the settings as they were decides.

use crate::support::{Ran, Sandbox, tools::need};

const NOTES: &str = "printf '\\n## Release Notes\\n\\n- add adds now\\n' >>$CHANT_SPEC_FILE; tick";

/// A project of these files, and a fix that is proved by `command` and made by `script`; how `work` ended, and the spec's status.
fn fixed(files: &[(&str, &str)], command: &str, script: &str) -> (Ran, String) {
    let sandbox = Sandbox::new();
    for (path, text) in files {
        sandbox.write(path, text);
    }
    sandbox.commit("A test that fails");
    sandbox.agent(&format!("{script}\ngit add -A; git commit -qm Work; {NOTES}"));
    let id = sandbox.add(&["Fix", "--phase", "fork-fix", "--reproduces", command]);
    let ran = sandbox.chant(&["work", &id]);
    let status = sandbox.status(&id);
    (ran, status)
}

#[track_caller]
fn waits(files: &[(&str, &str)], command: &str, script: &str, named: &str) {
    let (ran, status) = fixed(files, command, script);
    assert_eq!(status, "finished", "{ran:?}");
    ran.fails(1, &[named, "git chant accept"]);
}

#[track_caller]
fn completes(files: &[(&str, &str)], command: &str, script: &str) {
    let (ran, status) = fixed(files, command, script);
    assert_eq!(status, "completed", "{ran:?}");
}

const SH: [(&str, &str); 2] =
    [("calc.sh", "add() { echo $(($1 - $2)); }\n"), ("tests/sum", ". ./calc.sh\ntest \"$(add 2 3)\" = 5\n")];

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_rule_that_a_command_has_made_is_as_it_was() {
    if !need("make") {
        return;
    }
    let files = [&SH[..], &[("Makefile", "check:\n\tsh tests/sum\n")]].concat();
    waits(&files, "make check", "printf 'check:\\n\\ttrue\\n' >Makefile", "it changes how tests run in 'Makefile'");
    waits(&files, "make check", "echo .IGNORE: >>Makefile", "it changes how tests run in 'Makefile'");
    // Another rule, and what the test needs from now on.
    let honest = "printf 'add() { echo $(($1 + $2)); }\\n' >calc.sh; printf 'check: calc.sh\\n\\tsh tests/sum\\ninstall:\\n\\ttrue\\n' >Makefile";
    completes(&files, "make check", honest);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn settings_that_leave_tests_out_are_as_they_were() {
    if !need("pytest") {
        return;
    }
    let files = [
        ("calc.py", "def add(a, b):\n    return a - b\n"),
        (
            "test_sum.py",
            "import calc\ndef test_zero():\n    assert calc.add(2, 0) == 2\ndef test_sum():\n    assert calc.add(2, 3) == 5\n",
        ),
        (".gitignore", "__pycache__/\n"),
    ];
    let run = "pytest -q -p no:cacheprovider";
    let filter = "printf '[tool.pytest.ini_options]\\naddopts = \"-k zero\"\\n' >pyproject.toml";
    waits(&files, run, filter, "only 1 of 2 tests ran with the fix");
    let fix = "printf 'def add(a, b):\\n    return a + b\\n' >calc.py; ";
    completes(&files, run, &format!("{fix}printf '[tool.pytest.ini_options]\\naddopts = \"-q\"\\n' >pyproject.toml"));
    // Tests that go are named, and are no tests that were left out.
    completes(&files, run, &format!("{fix}sed -i '/zero/,+1d' test_sum.py"));
    let hidden = "printf 'import importlib\\nimportlib.import_module(\"py\" + \"test\").skip()\\ndef add(a, b): return a - b\\n' >calc.py";
    let (ran, status) = fixed(&files, run, hidden);
    assert_ne!(status, "completed", "{ran:?}");
}

/// Moved as it is, it is the same test; changed on the way, it is another one.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_that_is_moved_is_held_where_it_is() {
    let files = [
        ("calc.py", "def add(a, b):\n    return a - b\n"),
        (
            "test_sum.py",
            "import unittest, calc\nclass T(unittest.TestCase):\n    def test_sum(self):\n        self.assertEqual(calc.add(2, 3), 5)\n",
        ),
        (".gitignore", "__pycache__/\n"),
    ];
    let run = "python3 -B -m unittest discover -q -s . -p 'test_*.py'";
    let moved = "mkdir tests; : >tests/__init__.py; git mv test_sum.py tests/test_sums.py; ";
    completes(&files, run, &format!("{moved}sed -i 's/a - b/a + b/' calc.py"));
    waits(&files, run, &format!("{moved}sed -i 's/5)/-1)/' tests/test_sums.py"), "it deletes 'test_sum.py'");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_main_of_tests_that_always_succeeds_is_not_there() {
    if !need("go") {
        return;
    }
    let test = "package calc\n\nimport \"testing\"\n\nfunc TestSum(t *testing.T) {\n\tif Add(2, 3) != 5 {\n\t\tt.Fatal(\"no\")\n\t}\n}\n";
    let files = [
        ("go.mod", "module calc\n\ngo 1.19\n"),
        ("calc.go", "package calc\n\nfunc Add(a, b int) int { return a - b }\n"),
        ("calc_test.go", test),
    ];
    let main = "printf 'package calc\\n\\nimport (\\n\\t\"os\"\\n\\t\"testing\"\\n)\\n\\nfunc TestMain(m *testing.M) { m.Run(); os.Exit(0) }\\n' >main_test.go";
    waits(&files, "go test ./...", main, "it adds 'main_test.go'");
}

/// Python's own runner, so that nothing has to be installed.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_that_lost_its_mark_beside_another_is_restored_in_its_place() {
    let test = |name: &str, marked: &str| format!("{marked}def test_{name}(self):\n        ");
    let text = format!(
        "import unittest\n\ndef add(a, b):\n    return a - b\n\nclass T(unittest.TestCase):\n    {}self.assertEqual(add(2, 3), 5)\n\n    {}pass\n",
        test("sum", ""),
        test("one", "")
    );
    let files = [("calc.py", text.as_str()), (".gitignore", "__pycache__/\n")];
    let rename = "sed -i 's/def test_sum/def sum/' calc.py";
    let (ran, status) = fixed(&files, "python3 -B -m unittest -q calc", rename);
    assert_eq!(status, "finished", "{ran:?}");
}
