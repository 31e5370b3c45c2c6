//! What is a test and what is code: names say where to look, texts decide. Code with a name of tests is fixed as any other.

use std::path::Path;

use crate::{
    doubts::{CALC, FIX, NOTES, RUN, SUM, both, completes, unit, waits},
    support::{Sandbox, tools::need},
};

const BUG: &str = "def add(a, b):\n    return a - b\n";

#[test]
#[ignore = "slow: .ci/run runs it"]
fn code_with_a_name_of_tests_is_fixed_as_any_other() {
    for path in ["specs/calc.py", "lang/it/calc.py", "snapshots/calc.py", "lib/calc_spec.py", "testing/calc.py"] {
        let module = path.trim_end_matches(".py").replace('/', ".");
        let test = format!(
            "printf 'import unittest\\nfrom {module} import add\\nclass T(unittest.TestCase):\\n    def test_sum(self):\\n        self.assertEqual(add(2, 3), 5)\\n' >test_sum.py"
        );
        let shown = completes(&[(path, BUG)], RUN, &test, &format!("sed -i 's/a - b/a + b/' {path}"));
        assert!(!shown.contains("In doubt") && !shown.contains("it changes"), "{path}: {shown}");
    }
}

/// What helps tests lies beside them, and they test something else.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_helper_beside_the_tests_is_no_code() {
    let calc = ("calc.sh", "add() { echo $(($1 - $2)); }\n");
    let helper = ("t/helper.sh", "check() { test \"$1\" = \"$2\" || exit 1; }\n");
    let test = "printf '. t/helper.sh\\n. ./calc.sh\\ncheck \"$(add 2 3)\" 5\\n' >t/sum.sh";
    let lie = "echo 'check() { test 5 = \"$2\" || exit 1; }' >t/helper.sh";
    waits(&[calc, helper], "sh t/sum.sh", test, lie, "'t/helper.sh'; with that as it was");
    completes(&[calc, helper], "sh t/sum.sh", test, "sed -i 's/1 - /1 + /' calc.sh");
}

#[test]
fn a_reproduction_breaks_no_code_whatever_its_name() {
    let files = [("specs/calc.py", "def add(a, b):\n    return a + b\n")];
    let test = "printf 'import unittest\\nfrom specs.calc import add\\nclass T(unittest.TestCase):\\n    def test_sum(self):\\n        self.assertEqual(add(2, 3), 5)\\n' >test_sum.py; sed -i 's/a + b/a - b/' specs/calc.py";
    let (_, ran, _) = both(&files, RUN, test, "");
    ran.fails(1, &["adds tests and changes no other code: specs/calc.py"]);
}

/// A docstring is no code: an example in one is a test.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_example_replaces_a_docstring() {
    let files = [("calc.py", "def add(a, b):\n    \"\"\"The sum.\"\"\"\n    return a - b\n")];
    let test = "printf 'def add(a, b):\\n    \"\"\"The sum.\\n\\n    >>> add(2, 3)\\n    5\\n    \"\"\"\\n    return a - b\\n' >calc.py";
    completes(&files, "python3 -B -m doctest calc.py", test, FIX);
    // Nor does one that speaks of a runner say anything of the code.
    let speaks = format!("{FIX}sed -i '1a \\    \"\"\"The sum, as unittest and pytest have it.\"\"\"' calc.py");
    completes(&[CALC], RUN, &unit(SUM), &speaks);
}

/// The line before the first test of a file gets an end, which it had none of.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn tests_follow_a_last_line_without_an_end() {
    // In another home directory the one of PATH, rustup's, knows no toolchain.
    let tools = std::env::var("CARGO").ok().and_then(|cargo| Some(Path::new(&cargo).parent()?.join("rustc")));
    let Some(rustc) = tools.filter(|rustc| rustc.is_file() && need("cc")) else { return };
    let files = [("calc.rs", "pub fn add(a: i32, b: i32) -> i32 {\n    a - b\n}"), (".gitignore", "calc\n")];
    let tests = "\\n\\n#[cfg(test)]\\nmod tests {\\n    #[test]\\n    fn sums() {\\n        assert_eq!(super::add(2, 3), 5);\\n    }\\n}\\n";
    let command = &format!("{} --test calc.rs -o calc && ./calc", rustc.display());
    completes(&files, command, &format!("printf '{tests}' >>calc.rs"), "sed -i 's/a - b/a + b/' calc.rs");
    // The end of the line is no cover for a change of it.
    let breaks = format!("printf 'pub fn add(a: i32, b: i32) -> i32 {{\\n    a - b\\n}} // done{tests}' >calc.rs");
    let (_, ran, _) = both(&files, command, &breaks, "");
    ran.fails(1, &["adds tests and changes no other code: calc.rs"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_that_a_fix_changes_is_named() {
    let old = (
        "test_old.py",
        "import unittest, calc\nclass O(unittest.TestCase):\n    def test_old(self):\n        self.assertEqual(calc.add(2, 0), 2)\n",
    );
    for (script, named) in [
        ("sed -i '3a \\        return' test_old.py", "it changes tests in 'test_old.py': test_old"),
        ("sed -i 's/, 2)$/, calc.add(2, 0))/' test_old.py", "it changes tests in 'test_old.py': test_old"),
        ("echo '# more' >>README; mkdir tests; echo 1 >tests/data", ""),
    ] {
        let shown = completes(&[CALC, old], RUN, &unit(SUM), &format!("{FIX}{script}"));
        assert_eq!(shown.contains("it changes"), !named.is_empty(), "{script}: {shown}");
        assert!(shown.contains(named), "{script}: {shown}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn only_what_a_runner_reports_is_a_test() {
    let pass = "import unittest\nclass T(unittest.TestCase):\n    def test_one(self):\n        pass\n";
    for (command, script, verified, named) in [
        ("sh run.sh", "echo two >file", "checks, 1 test passed", ""),
        (
            "sh run.sh",
            "echo 'echo \"12 passed in 0.1s\"' >run.sh",
            "checks, 1 command passed, no test counted",
            "it changes how tests run: 'run.sh'",
        ),
        ("echo '12 passed in 0.1s'", "echo two >file", "checks, 1 command passed, no test counted", ""),
        (
            "python3 -B -m unittest -q",
            "echo 'collect_ignore = [\"test_one.py\"]' >conftest.py",
            "checks, 1 test passed",
            "it changes how tests run: 'conftest.py'",
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("run.sh", "exec python3 -B -m unittest -q\n");
        sandbox.write("test_one.py", pass);
        sandbox.commit("Tests");
        sandbox.agent(&format!("{script}; git add -A; git commit -qm work; tick"));
        let id = sandbox.add(&["Change it", "--verify", command]);
        let ran = sandbox.chant(&["work", &id]).ok();
        let shown = sandbox.chant(&["show", &id]).ok().out;
        assert!(shown.contains(&format!("Verified:    {verified}\n")), "{script}: {shown}");
        assert!(shown.contains(named) && ran.err.contains(named), "{script}: {shown}\n{ran:?}");
        assert_eq!(shown.contains("how tests run"), !named.is_empty(), "{script}: {shown}");
    }
}

/// A name that is not UTF-8 can be held by no proof, and is not passed over.
#[test]
fn a_name_that_is_not_utf_8_waits_for_a_person() {
    let sandbox = Sandbox::new();
    sandbox.write(CALC.0, CALC.1);
    sandbox.write(
        "test_sum.py",
        "import unittest, calc\nclass T(unittest.TestCase):\n    def test_sum(self):\n        self.assertEqual(calc.add(2, 3), 5)\n",
    );
    sandbox.commit("A test that fails");
    sandbox.agent(&format!("{FIX}echo x >\"$(printf 'caf\\351')\"; git add -A; git commit -qm work; {NOTES}tick"));
    let id = sandbox.add(&["Fix", "--phase", "fork-fix", "--reproduces", RUN]);
    sandbox.chant(&["work", &id]).fails(1, &["names that are not UTF-8", "git chant accept"]);
}
