//! A test that passes with a fix for another reason than the code of it waits for a person, and what only looks like that does not.

use crate::support::{Ran, Sandbox, tools::need};

pub(crate) const NOTES: &str = "printf '\\n## Release Notes\\n\\n- add adds now\\n' >>$CHANT_SPEC_FILE; ";
pub(crate) const CALC: (&str, &str) = ("calc.py", "def add(a, b):\n    return a - b\n");
pub(crate) const FIX: &str = "sed -i 's/a - b/a + b/' calc.py; ";
pub(crate) const RUN: &str = "python3 -B -m unittest -q";

/// The test that `body` asks for.
pub(crate) fn unit(body: &str) -> String {
    format!(
        "cat >test_sum.py <<'T'\nimport glob, os, unittest, calc\nclass T(unittest.TestCase):\n    def test_sum(self):\n        {body}\nT\n"
    )
}

pub(crate) const SUM: &str = "self.assertEqual(calc.add(2, 3), 5)";

/// What came of a reproduction by one script and of a fix by another.
pub(crate) fn both(files: &[(&str, &str)], command: &str, reproduction: &str, fix: &str) -> (Sandbox, Ran, String) {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "__pycache__/\n");
    for (path, text) in files {
        sandbox.write(path, text);
    }
    sandbox.commit("A project");
    sandbox.agent(&format!("{reproduction}\ngit add -A; git commit -qm work; tick"));
    let first = sandbox.add(&["Reproduce", "--type", "task", "--phase", "reproduction", "--reproduces", command]);
    let ran = sandbox.chant(&["work", &first]);
    if sandbox.status(&first) != "completed" {
        return (sandbox, ran, first);
    }
    sandbox.agent(&format!("{fix}\ngit add -A; git commit -qm work; {NOTES}tick"));
    let id = sandbox.add(&["Fix", "--phase", "fork-fix", "--reproduces", command, "--depends-on", &first]);
    let ran = sandbox.chant(&["work", &id]);
    (sandbox, ran, id)
}

#[track_caller]
pub(crate) fn waits(files: &[(&str, &str)], command: &str, reproduction: &str, fix: &str, named: &str) {
    let (sandbox, ran, id) = both(files, command, reproduction, fix);
    assert_eq!(sandbox.status(&id), "finished", "{ran:?}");
    ran.fails(1, &[named, "git chant accept"]);
    let shown = sandbox.chant(&["show", &id]).ok().out;
    assert!(shown.contains("In doubt:") && shown.contains("Next:") && shown.contains("git chant accept"), "{shown}");
    assert_eq!(sandbox.show(&id)["verified"], "none");
    sandbox.chant(&["accept", &id, "--reason", "I read it"]).ok();
    let shown = sandbox.chant(&["show", &id]).ok().out;
    assert!(shown.contains("accepted by a person: ") && !shown.contains("In doubt:"), "{shown}");
}

#[track_caller]
pub(crate) fn completes(files: &[(&str, &str)], command: &str, reproduction: &str, fix: &str) -> String {
    let (sandbox, ran, id) = both(files, command, reproduction, fix);
    assert_eq!(sandbox.status(&id), "completed", "{ran:?}");
    sandbox.chant(&["show", &id]).ok().out
}

const HELPER: (&str, &str) = ("tests/helpers.py", "def check(x, y):\n    assert x == y\n");

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_helper_of_the_tests_is_as_it_was() {
    let uses = unit("from tests.helpers import check; check(calc.add(2, 3), 5)");
    let files = [CALC, ("tests/__init__.py", ""), HELPER];
    let weak = "printf 'def check(x, y):\\n    pass\\n' >tests/helpers.py; ";
    waits(&files, RUN, &uses, weak, "'tests/helpers.py'; with that as it was");
    // Outside of a folder of tests it is known by its use.
    let files = [CALC, ("checks.py", HELPER.1)];
    let uses = unit("from checks import check; check(calc.add(2, 3), 5)");
    waits(&files, RUN, &uses, "printf 'def check(x, y):\\n    pass\\n' >checks.py; ", "'checks.py'");
    // It may ask for more, and move.
    let more = format!("{FIX}printf 'def check(x, y):\\n    assert x is not None and x == y\\n' >checks.py; ");
    completes(&files, RUN, &uses, &more);
    let files = [CALC, ("test_zero.py", "import unittest\n")];
    completes(&files, RUN, &unit(SUM), &format!("{FIX}mkdir more; touch more/__init__.py; git mv test_zero.py more/"));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_is_loaded_beside_the_tests_does_nothing_to_the_code() {
    let other = "import unittest, calc\nclass O(unittest.TestCase):\n    def test_one(self):\n        self.assertEqual(calc.add(1, 1), 0)\n";
    let files = [CALC, ("test_aaa.py", other)];
    let patch = "printf 'import calc\\ncalc.add = lambda a, b: a + b\\n' >test_aaa.py; ";
    waits(&files, RUN, &unit(SUM), patch, "'test_aaa.py'");
    // It asserted the bug.
    completes(&files, RUN, &unit(SUM), &format!("{FIX}sed -i 's/, 0)/, 2)/' test_aaa.py; "));
    let made = "mkdir -p t; git mv test_sum.py t/; touch t/__init__.py; ";
    waits(
        &[CALC],
        RUN,
        &unit(SUM),
        "printf 'def add(a, b):\\n    return a + b\\n' >pluggy.py; printf 'import pluggy\\nadd = pluggy.add\\n' >calc.py; ",
        "'pluggy.py'",
    );
    completes(&[CALC], RUN, &unit(SUM), &format!("{FIX}{made}"));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_that_looks_for_a_file_waits() {
    let looks = unit("self.assertTrue(os.path.exists('FIXED'))");
    waits(
        &[CALC],
        RUN,
        &looks,
        &format!("touch FIXED; {FIX}"),
        "the test passes with 'FIXED' and without the changes of code",
    );
    waits(&[CALC], RUN, &looks, "touch FIXED; ", "no code that was there is changed; the test passes by 'FIXED'");
    let counts = unit("self.assertGreater(len(glob.glob('*')), 4)");
    waits(
        &[CALC],
        RUN,
        &counts,
        &format!("touch FLAG_A FLAG_B FLAG_C FLAG_D FLAG_E; {FIX}"),
        "without the changes of code",
    );
    // Data that code reads may be the fix.
    let reads = ("calc.py", "def add(a, b):\n    return eval(open('data/rule.txt').read())\n");
    let shown = completes(&[reads, ("data/rule.txt", "a - b\n")], RUN, &unit(SUM), "echo 'a + b' >data/rule.txt; ");
    assert!(shown.contains("no code that was there is changed; the test passes by 'data/rule.txt'"), "{shown}");
    let shown = completes(&[CALC], RUN, &unit(SUM), &format!("{FIX}echo '- add adds' >CHANGELOG.md; "));
    assert!(!shown.contains("without the changes") && !shown.contains("no code"), "{shown}");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_that_looks_at_the_text_or_the_history_of_the_code_waits() {
    let words = "it looks at the text or the history of the code";
    let reads = unit("self.assertIn('checked', open('calc.py').read())");
    waits(&[CALC], RUN, &reads, "printf 'checked = 1\\n' >>calc.py; ", words);
    let size = unit("self.assertGreater(os.path.getsize('calc.py'), 60)");
    waits(&[CALC], RUN, &size, "printf 'padding_padding_padding_padding = 1\\n' >>calc.py; ", words);
    // Nothing but a comment is no fix.
    let only = "only comments of code changed, in 'calc.py'";
    for (test, fix) in [
        ("'checked' in open('calc.py').read()", "echo '# checked' >>calc.py; "),
        ("'# checked\\n' in open('calc.py')", "echo '# checked' >>calc.py; "),
        ("'checked' in open('calc.py').read()", "sed -i 's/a - b$/a - b  # checked/' calc.py; "),
        ("len(os.popen('git log --format=%h -- calc.py').readlines()) > 1", "echo '# more' >>calc.py; "),
    ] {
        waits(&[CALC], RUN, &unit(&format!("self.assertTrue({test})")), fix, only);
    }
    // One beside a change of code hides it as little, whatever the file.
    let files = [CALC, ("Makefile", "all:\n\ttrue\n")];
    let fix = "echo '# more' >>Makefile; echo 'checked = 1' >>calc.py; ";
    waits(&files, RUN, &reads, fix, words);
    // A comment that a tool reads is one, and so is white space that means something.
    let (script, code) = (("calc.sh", "echo 5\n"), "printf '#!/bin/sh\\necho 5\\n' >calc.sh; ");
    let first = "printf 'head -n 1 calc.sh | grep -q \"^#!/\" || exit 1\\n' >check.sh";
    completes(&[script], "sh check.sh", first, code);
    let indented = ("calc.py", "def add(a, b):\n    if a < 0:\n        a = 0\n        a = a + b\n    return a\n");
    completes(&[indented], RUN, &unit(SUM), "sed -i 's/^        a = a + b/    a = a + b/' calc.py; ");
    // A program is run by its name, too.
    let runs = unit("self.assertEqual(os.system('python3 -B calc.py'), 0)").replace(", calc", "");
    let program = ("calc.py", "import sys\nsys.exit(2 - 3 != 5)\n");
    completes(&[program], RUN, &runs, "sed -i 's/2 - 3/2 + 3/' calc.py; ");
}

/// A script that is a test says what it likes; what the interpreter says is another thing.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_script_may_speak_of_errors() {
    let parser = ("parse.py", "def parse(text):\n    raise SyntaxError('bad token: ' + text)\n");
    let fix = "printf 'def parse(text):\\n    return text\\n' >parse.py; ";
    completes(&[parser], "python3 -B check.py", "printf 'import parse\\nparse.parse(\"x\")\\n' >check.py", fix);
    let prints = "printf 'import parse, sys\\ntry:\\n    parse.parse(\"x\")\\nexcept SyntaxError as error:\\n    sys.exit(\"SyntaxError: \" + str(error))\\n' >check.py";
    completes(&[parser], "python3 -B check.py", prints, fix);
    for (script, command) in [
        ("printf 'import nowhere\\n' >check.py", "python3 -B check.py"),
        ("printf 'def broken(:\\n' >check.py", "python3 -B check.py"),
        ("printf 'pars.parse(1)\\n' >check.py", "python3 -B check.py"),
        ("printf 'no-such-program && exit 0\\nexit 1\\n' >check.sh", "sh check.sh"),
        ("printf 'if\\n' >check.sh", "sh check.sh"),
    ] {
        let (_, ran, _) = both(&[parser], command, script, fix);
        ran.fails(1, &["the test cannot be loaded, or names what is not there"]);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn make_ends_alike_where_a_test_fails_and_where_there_is_none() {
    if !need("make") {
        return;
    }
    let calc = ("calc.sh", "echo $(($1 - $2))\n");
    let (test, fix) =
        ("printf 'test \"$(sh calc.sh 2 3)\" = 5 || exit 1\\n' >test_sum.sh; ", "echo 'echo $(($1 + $2))' >calc.sh; ");
    let names_it = ("Makefile", "check:\n\tsh test_sum.sh\n");
    completes(&[calc, names_it], "make check", test, fix);
    completes(&[calc], "make check", &format!("{test}printf 'check:\\n\\tsh test_sum.sh\\n' >Makefile; "), fix);
    // A script by which make gets to the test is as it was.
    let by_script = [
        calc,
        ("Makefile", "check:\n\tsh scripts/all\n"),
        ("scripts/all", "sh test_sum.sh\n"),
        ("test_sum.sh", "true\n"),
    ];
    waits(&by_script, "make check", test, "echo true >scripts/all; ", "it changes how tests run in 'scripts/all'");
    // A directory of the name of a target is not one that was made.
    let bare = [calc, ("Makefile", "test:\n\tsh test_sum.sh\n"), ("test_sum.sh", "true\n")];
    waits(&bare, "make test", test, "mkdir test; echo x >test/README; echo >>calc.sh; ", "'test/README'");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn of_runners_in_a_row_the_one_that_failed_counts() {
    let sum = "printf 'def add(a, b):\\n    \"\"\"The sum.\\n\\n    >>> add(2, 3)\\n    5\\n    \"\"\"\\n    return a - b\\n' >calc.py; ";
    let files = [
        CALC,
        ("test_zero.py", "import unittest\nclass Z(unittest.TestCase):\n    def test_zero(self):\n        pass\n"),
    ];
    let command = "python3 -B -m unittest -q && python3 -B -m doctest calc.py";
    completes(&files, command, sum, FIX);
}

#[test]
fn a_map_of_new_files_alone_is_noted() {
    let sandbox = Sandbox::new();
    sandbox.agent("printf '# Map\\n\\n- `more.py` (new): the sum\\n' >map.md; git add -A; git commit -qm map; tick");
    let id = sandbox.add(&["Map", "--type", "research", "--phase", "impact-map", "--target-file", "map.md"]);
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains("'map.md': it names only files that do not exist yet"), "{ran:?}");
    let shown = sandbox.chant(&["show", &id]).ok().out;
    assert!(shown.contains("note") && shown.contains("it names only files that do not exist yet"), "{shown}");
}

/// What a reproduction adds beside its test does not speak for the runner.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_conftest_that_ends_the_run_reproduces_nothing() {
    if !need("pytest") {
        return;
    }
    let fake = "printf 'def pytest_configure(config):\\n    import os\\n    os.write(1, b\"1 failed in 0.1s\\\\n\"); os._exit(1)\\n' >conftest.py; ";
    let script = format!("{fake}printf 'def test_sum():\\n    pass\\n' >test_sum.py");
    let (_, ran, _) = both(&[CALC], "pytest -q", &script, "");
    ran.fails(1, &["'conftest.py' ends or replaces the run of the tests"]);
}
