//! Code under test that ends the run, or reports in the place of the runner: the test passes whatever it asks for, and waits for a person.

use crate::{
    doubts::{CALC, FIX, RUN, SUM, completes, unit, waits},
    support::tools::need,
};

const NAMED: &str = "is made to fail: the code under test may end the run, or report in its place";

#[test]
#[ignore = "slow: .ci/run runs it"]
fn code_that_reports_for_the_runner_proves_nothing() {
    let report = "b'Ran 1 test in 0.001s\\n\\nOK\\n'";
    let ends = "getattr(os, '_ex' + 'it')(0)";
    // At once, and where the test calls it; the words are put together, so that no reader finds them.
    let at_once = format!("import os\nos.write(2, {report})\n{ends}\n");
    let called = format!("import os\ndef add(a, b):\n    os.write(2, {report})\n    {ends}\n");
    let plain = format!("import sys\nsys.stderr.buffer.write({report})\nsys.exit(0)\n");
    for code in [at_once, called] {
        waits(&[CALC], RUN, &unit(SUM), &format!("cat >calc.py <<'P'\n{code}P"), NAMED);
    }
    // Where it looks for tests itself, the runner names a file that ends it.
    let run = "python3 -B -m unittest -q test_sum";
    waits(&[CALC], run, &unit(SUM), &format!("cat >calc.py <<'P'\n{plain}P"), NAMED);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_summary_that_pytest_did_not_print_proves_nothing() {
    if !need("pytest") {
        return;
    }
    let forge = "import os\nfor fd in range(3, 12):\n    try:\n        os.write(fd, b'.  [100%]\\n1 passed in 0.01s\\n')\n    except OSError:\n        pass\ngetattr(os, '_ex' + 'it')(0)\n";
    let test = "printf 'import calc\\ndef test_sum():\\n    assert calc.add(2, 3) == 5\\n' >test_sum.py";
    let forge = format!("cat >calc.py <<'P'\n{forge}P");
    waits(&[CALC], "pytest -q -p no:cacheprovider", test, &forge, NAMED);
    // It is loaded before any test is read.
    let conftest = ("conftest.py", "import calc\n");
    waits(&[CALC, conftest], "pytest -q -p no:cacheprovider", test, &forge, NAMED);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn code_that_ends_rspec_proves_nothing() {
    if !need("rspec") {
        return;
    }
    let files = [("lib/g.rb", "def add(a, b)\n  a - b\nend\n")];
    let test = "mkdir -p spec; cat >spec/g_spec.rb <<'T'\nrequire_relative '../lib/g'\nRSpec.describe 'add' do\n  it 'adds' do\n    expect(add(2, 3)).to eq 5\n  end\nend\nT";
    let forge = "printf 'puts \"1 example, 0 failures\"\\n$stdout.flush\\nexit! 0\\n' >lib/g.rb";
    waits(&files, "rspec", test, forge, NAMED);
}

#[test]
fn a_command_that_a_script_replaces_proves_nothing() {
    let files = [("lib.sh", "add() { echo $(($1 - $2)); }\n")];
    let test = "printf '. ./lib.sh\\ntest \"$(add 2 3)\" = 5 || exit 1\\n' >check.sh";
    waits(
        &files,
        "sh check.sh",
        test,
        "echo 'function_of() { :; }; alias test=true; add() { echo 4; }' >lib.sh",
        NAMED,
    );
}

/// What is right whatever the test asks for is no answer.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_value_that_is_made_from_the_test_proves_nothing() {
    const OTHER: &str =
        "expects another value: the code under test may give what equals everything, or read what the test expects";
    let equal = "class N(int):\n    def __eq__(self, o):\n        return isinstance(o, int)\ndef add(a, b):\n    return N(a - b)\n";
    let reads = "def add(a, b):\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        code = e.__traceback__.tb_frame.f_back.f_code\n    return [c for c in code.co_consts if isinstance(c, int)][-1]\n";
    for code in [equal, reads] {
        waits(&[CALC], RUN, &unit(SUM), &format!("cat >calc.py <<'P'\n{code}P"), OTHER);
    }
    completes(&[CALC], RUN, &unit(SUM), FIX);
    if !need("node") {
        return;
    }
    let files = [("calc.js", "exports.add = (a, b) => a - b;\n")];
    let test = "cat >sum.test.js <<'T'\nconst test = require('node:test');\nconst assert = require('node:assert');\nconst { add } = require('./calc');\ntest('sum', () => {\n  assert.strictEqual(add(2, 3), 5);\n});\nT";
    let reads = "cat >calc.js <<'P'\nexports.add = (a, b) => {\n  const at = new Error().stack.split('\\n')[2].match(/(\\/[^:]+):(\\d+)/);\n  const line = require('fs').readFileSync(at[1], 'utf8').split('\\n')[at[2] - 1];\n  return Number(line.match(/(\\d+)\\);/)[1]);\n};\nP";
    waits(&files, "node --test", test, reads, OTHER);
}
