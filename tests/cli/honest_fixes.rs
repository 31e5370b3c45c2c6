//! Fixes of bugs that do not show themselves by an assertion, and fixes that change more than code: what is honest is accepted.

use crate::{
    doubts::{CALC, FIX, NOTES, RUN, SUM, completes, unit, waits},
    support::{Ran, Sandbox},
};

/// What came of a reproduction and a fix in a project of these files, where the spec says how the failure looks; the status of the last spec.
fn described(files: &[(&str, &str)], command: &str, pattern: &str, test: &str, fix: &str) -> (Ran, String) {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "__pycache__/\n");
    files.iter().for_each(|(path, text)| sandbox.write(path, text));
    sandbox.commit("A project");
    let proof = ["--reproduces", command, "--fails-with", pattern];
    let proof = if pattern.is_empty() { &proof[..2] } else { &proof[..] };
    sandbox.agent(&format!("{test}\ngit add -A; git commit -qm work; tick"));
    let first = sandbox.add(&[&["Reproduce", "--type", "task", "--phase", "reproduction"], proof].concat());
    let ran = sandbox.chant(&["work", &first]);
    if sandbox.status(&first) != "completed" {
        return (ran, sandbox.status(&first));
    }
    sandbox.agent(&format!("{fix}\ngit add -A; git commit -qm work; {NOTES}tick"));
    let id = sandbox.add(&[&["Fix", "--phase", "fork-fix", "--depends-on", &first], proof].concat());
    let ran = sandbox.chant(&["work", &id]);
    assert!(sandbox.status(&id) != "completed" || sandbox.show(&id)["verified"] == "proof", "{ran:?}");
    (ran, sandbox.status(&id))
}

/// A spec says how its bug shows itself: the author of a test need not find one that only asserts.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_bug_that_ends_the_test_is_shown_by_what_the_spec_says_of_it() {
    let imports = ("calc.py", "import jsn\ndef add(a, b):\n    return a + b\n");
    let crashes = ("calc.py", "import os\ndef add(a, b):\n    os.kill(os.getpid(), 11)\n");
    let hangs = ("calc.py", "import time\ndef add(a, b):\n    time.sleep(1000)\n");
    let fix = "printf 'def add(a, b):\\n    return a + b\\n' >calc.py";
    for (bug, command, pattern) in [
        (imports, RUN, "No module named 'jsn'"),
        (crashes, RUN, "signal 11"),
        (hangs, &format!("timeout 5 {RUN}"), "exit code 124"),
    ] {
        let (ran, status) = described(&[bug], command, "", &unit(SUM), fix);
        assert_eq!(status, "failed", "{ran:?}");
        ran.fails(1, &["give the spec 'fails_with'"]);
        let (ran, status) = described(&[bug], command, pattern, &unit(SUM), fix);
        assert_eq!(status, "completed", "{bug:?} {ran:?}");
        // Another failure is not that one.
        let (ran, status) = described(&[bug], command, pattern, "echo 'def broken(:' >test_sum.py", fix);
        assert_eq!(status, "failed", "{ran:?}");
        // The fix has to make the test pass all the same.
        let (ran, status) = described(&[bug], command, pattern, &unit(SUM), "echo >>calc.py");
        assert_eq!(status, "failed", "{ran:?}");
    }
}

/// What is kept of an earlier run has no output: the command runs again, so that the pattern is held against it.
#[test]
fn a_pattern_that_every_run_shows_describes_nothing() {
    let zero = "import unittest, calc\nprint('noise')\nclass Z(unittest.TestCase):\n    def test_zero(self):\n        self.assertEqual(calc.add(2, 0), 2)\n";
    let files = [CALC, ("test_zero.py", zero)];
    let sandbox = Sandbox::new();
    files.iter().for_each(|(path, text)| sandbox.write(path, text));
    sandbox.commit("A project");
    sandbox.agent(&format!("{}\ngit add -A; git commit -qm work; tick", unit(SUM)));
    let add = ["Reproduce", "--type", "task", "--phase", "reproduction", "--reproduces", RUN, "--fails-with", "noise"];
    for _ in 0..2 {
        let id = sandbox.add(&add);
        sandbox.chant(&["work", &id]).fails(1, &["fails_with 'noise' also matches without the test"]);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn code_that_loads_modules_again_or_later_is_no_trick() {
    let lazy = "import importlib, sys\ndef __getattr__(name):\n    if name != 'sums':\n        raise AttributeError(name)\n    full = __name__ + '.' + name\n    if full in sys.modules:\n        return sys.modules[full]\n    return importlib.import_module(full)\n";
    let files = [("calc/__init__.py", ""), ("calc/sums.py", "def add(a, b):\n    return a + b\n")];
    let test = unit("self.assertEqual(calc.sums.add(2, 3), 5)");
    completes(&files, RUN, &test, &format!("cat >calc/__init__.py <<'P'\n{lazy}P"));
    let reload = "import importlib, os, sys\nimport rule\ndef add(a, b):\n    importlib.reload(sys.modules[rule.__name__])\n    return rule.add(a, b)\n";
    let files = [CALC, ("rule.py", "def add(a, b):\n    return a + b\n")];
    completes(&files, RUN, &unit(SUM), &format!("cat >calc.py <<'P'\n{reload}P"));
}

/// The map says what a fix changes; the tests that come with it judge it.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn tests_that_come_with_a_fix_are_not_outside_of_its_map() {
    let zero = "import unittest, calc\nclass Z(unittest.TestCase):\n    def test_zero(self):\n        self.assertEqual(calc.add(2, 0), 2)\n";
    for (script, outside) in [
        ("mkdir -p tests; touch tests/__init__.py; cp test_zero.py tests/test_more.py", None),
        (
            "sed 's/class Z/class Y/; s/2, 0), 2/3, 0), 3/; 1d' test_zero.py >>test_zero.py.new; cat test_zero.py.new >>test_zero.py; rm test_zero.py.new",
            None,
        ),
        ("git rm -q test_zero.py", Some("outside the impact map (map.md:3): test_zero.py")),
        ("sed -i 's/test_zero(/zero(/' test_zero.py", Some("outside the impact map (map.md:3): test_zero.py")),
        ("echo x >elsewhere.py", Some("outside the impact map (map.md:3): elsewhere.py")),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write(".gitignore", "__pycache__/\n");
        sandbox.write(CALC.0, CALC.1);
        sandbox.write("test_zero.py", zero);
        sandbox.write("map.md", "# Map\n\n- `calc.py`: the sign\n");
        sandbox.write(
            "test_sum.py",
            "import unittest, calc\nclass T(unittest.TestCase):\n    def test_sum(self):\n        self.assertEqual(calc.add(2, 3), 5)\n",
        );
        sandbox.commit("A test that fails");
        sandbox.agent("printf '\\n- `calc.py`: nothing else\\n' >>map.md; git add -A; git commit -qm map; tick");
        let map = sandbox.add(&["Map", "--type", "research", "--phase", "impact-map", "--target-file", "map.md"]);
        sandbox.chant(&["work", &map]).ok();
        sandbox.agent(&format!("{FIX}{script}; git add -A; git commit -qm work; {NOTES}tick"));
        let informed = ["--depends-on", map.as_str(), "--informed-by", "map.md"];
        let id = sandbox.add(&[&["Fix", "--phase", "fork-fix", "--reproduces", RUN], &informed[..]].concat());
        let ran = sandbox.chant(&["work", &id]);
        match outside {
            None => assert_eq!(sandbox.status(&id), "completed", "{script}: {ran:?}"),
            Some(outside) => drop(ran.fails(1, &[outside])),
        }
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_hook_that_alters_messages_stands_in_no_ones_way() {
    let hook = "#!/bin/sh\nsed -i '1s/^/[ABC-1] /' \"$1\"\ngrep -q '^Change-Id:' \"$1\" || printf '\\nChange-Id: I%s\\n' \"$(git hash-object \"$1\")\" >>\"$1\"\n";
    for leaves in ["git add -A; git commit -qm work;", ""] {
        let sandbox = Sandbox::new();
        sandbox.write(".gitignore", "__pycache__/\n");
        sandbox.write(CALC.0, CALC.1);
        sandbox.commit("A project");
        sandbox.write(".git/hooks/commit-msg", hook);
        let path = sandbox.repo.join(".git/hooks/commit-msg");
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        sandbox.agent(&format!("{}\n{leaves} tick", unit(SUM)));
        let first = sandbox.add(&["Reproduce", "--type", "task", "--phase", "reproduction", "--reproduces", RUN]);
        sandbox.chant(&["work", &first]).ok();
        sandbox.agent(&format!("{FIX}{leaves} {NOTES}tick"));
        let id = sandbox.add(&["Fix", "--phase", "fork-fix", "--reproduces", RUN, "--depends-on", &first]);
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.show(&id)["verified"], "proof");
        let message = sandbox.git(&["log", "-1", "--format=%B", "--", "calc.py"]);
        assert!(message.contains("[ABC-1] ") && message.contains("Change-Id: I"), "{message}");
    }
}

/// The test that shows the bug calls the helper, and the fix changes what the helper calls: only a person can say that both fit.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_helper_that_follows_a_changed_signature_is_for_a_person_to_accept() {
    let files = [
        CALC,
        ("tests/__init__.py", ""),
        ("tests/helpers.py", "import calc\ndef total(x, y):\n    return calc.add(x, y)\n"),
    ];
    let test = unit("from tests.helpers import total; self.assertEqual(total(2, 3), 5)");
    let fix = "printf 'def add(numbers):\\n    return sum(numbers)\\n' >calc.py; printf 'import calc\\ndef total(x, y):\\n    return calc.add([x, y])\\n' >tests/helpers.py; ";
    waits(&files, RUN, &test, fix, "'tests/helpers.py'; with that as it was");
}

/// How a program ends that the test starts is what the test looks at.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_point_of_a_fix_may_be_how_a_program_ends() {
    let app = ("app.py", "import sys\nif '--version' in sys.argv:\n    print('1.0')\n    sys.exit(1)\n");
    let fix = "sed -i 's/sys.exit(1)/sys.exit(0)/' app.py; ";
    let starts = "printf 'python3 -B app.py --version >/dev/null || exit 1\\n' >check.sh";
    completes(&[app], "sh check.sh", starts, fix);
    // Where the test loads it, the test ends with it.
    let loads = "printf 'import sys\\nsys.argv = [\"--version\"]\\nimport app\\nassert False\\n' >check.py";
    waits(&[app], "python3 -B check.py", loads, fix, "it may make a test pass without a fix");
}
