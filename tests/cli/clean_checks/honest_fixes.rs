//! Honest fixes of one character, base and tip within a second: none is refused for what the other left.

use super::{NOTES, with};
use crate::support::{cases::few_or_many, tools::need};

/// Fixes, again and again, the same bug of one character in `broken`: base and tip are checked within a second, and are equally long.
fn fixed_in_turn(files: &[(&str, &str)], broken: &str, command: &str) {
    let fix = format!("sed -i 's/a - b/a + b/' {broken}; git commit -qam Fix; {NOTES}; tick");
    let sandbox = with(files, &fix);
    for round in 0..few_or_many(2, 50) {
        let options = ["--phase", "fork-fix", "--reproduces", command, "--target-file", broken];
        let id = sandbox.add(&[&["Fix"][..], &options].concat());
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.status(&id), "completed", "{command}, round {round}");
        sandbox.write(broken, &sandbox.read(broken).replace("a + b", "a - b"));
        sandbox.git(&["commit", "-qam", "Break it again"]);
        sandbox.watch.renew();
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn honest_fixes_of_one_character_in_shell() {
    let build = "[ sum -nt built ] || [ ! -e built ] && { sed 's/^/echo /' sum >built; }; test \"$(a=2 b=3 sh built)\" = '2 + 3'\n";
    fixed_in_turn(
        &[("sum", "$a - b\n"), ("check.sh", &build.replace("'2 + 3'", "'2 + b'")), (".gitignore", "built\n")],
        "sum",
        "sh check.sh",
    );
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn honest_fixes_of_one_character_in_python() {
    if !need("python3") {
        return;
    }
    let test = "import unittest, calc\nclass T(unittest.TestCase):\n    def test_sum(self):\n        self.assertEqual(calc.add(2, 3), 5)\n";
    let files =
        [("calc.py", "def add(a, b):\n    return a - b\n"), ("test_calc.py", test), (".gitignore", "__pycache__/\n")];
    fixed_in_turn(&files, "calc.py", "python3 -m unittest -q");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn honest_fixes_of_one_character_in_node() {
    if !need("node") {
        return;
    }
    let test = "require('node:assert').strictEqual(require('./calc').add(2, 3), 5)\n";
    fixed_in_turn(&[("calc.js", "exports.add = (a, b) => a - b;\n"), ("test.js", test)], "calc.js", "node test.js");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn honest_fixes_of_one_character_in_rust() {
    let manifest = "[package]\nname = \"calc\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[profile.dev]\ndebug = 0\n";
    let files = [
        ("Cargo.toml", manifest),
        ("src/lib.rs", "pub fn add(a: i32, b: i32) -> i32 {\n    a - b\n}\n"),
        ("tests/sum.rs", "#[test]\nfn sum() {\n    assert_eq!(calc::add(2, 3), 5);\n}\n"),
        (".gitignore", "target/\nCargo.lock\n"),
    ];
    // The compiler itself: what chooses between several has its settings in the person's home.
    let tools = std::path::Path::new(env!("CARGO")).parent().unwrap();
    let command = format!("PATH=\"{}:$PATH\" cargo test -q --offline --test sum", tools.display());
    fixed_in_turn(&files, "src/lib.rs", &command);
}
