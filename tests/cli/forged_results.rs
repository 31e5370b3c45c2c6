//! Code under test that ends the run, or reports in the place of the runner: the test passes whatever it asks for, and waits for a person.

use crate::{
    doubts::{CALC, RUN, SUM, unit, waits},
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
