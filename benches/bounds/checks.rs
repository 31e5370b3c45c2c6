//! What the check of a commit costs with a warm checkout beside the incremental build and test in place: with cargo, npm and a Python
//! project that has a virtual environment. Each round changes one file, and measures both in turn.

use std::{fs, path::Path, process::Command, time::Instant};

use crate::measure::Place;

/// A project: its name, the program that it needs, the command of its checks, and what prepares a checkout: slowly, as where it loads what
/// it needs, so that a warm checkout is worth its while on every machine.
const PROJECTS: [(&str, &str, &str, &str); 3] = [
    ("cargo", "cargo", "cargo test -q --offline", "sleep 2"),
    ("npm", "npm", "npm test --silent", "sleep 2; npm ci --silent --offline --no-audit --no-fund"),
    ("python", "python3", ".venv/bin/python -m unittest -q", "sleep 2; python3 -m venv --without-pip .venv"),
];

/// What each project is made of, and the file that changes. Each has a suite that takes a second.
const FILES: &str = r#"case $1 in
cargo)
    mkdir -p src slow/src
    printf '[workspace]\nmembers = ["slow"]\n[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nslow = { path = "slow" }\n' >Cargo.toml
    printf '[package]\nname = "slow"\nversion = "0.1.0"\nedition = "2021"\n' >slow/Cargo.toml
    for i in $(seq 200); do echo "pub fn f$i(x: &[u64]) -> Vec<String> { x.iter().map(|y| format!(\"{y} $i\")).collect() }"; done >slow/src/lib.rs
    printf 'pub fn sum(a: u64, b: u64) -> u64 {\n    a + b + slow::f1(&[]).len() as u64\n}\n#[test]\nfn sums() {\n    std::thread::sleep(std::time::Duration::from_secs(1));\n    assert_eq!(sum(2, 3), 5);\n}\n' >src/lib.rs
    cargo generate-lockfile -q --offline; echo target >.gitignore ;;
npm)
    mkdir dep; printf '{"name":"dep","version":"1.0.0"}' >dep/package.json; echo 'module.exports = 3' >dep/index.js
    printf '{"name":"app","version":"1.0.0","scripts":{"test":"sleep 1 && node --test"},"dependencies":{"dep":"file:dep"}}' >package.json
    npm install --silent --offline --no-audit --no-fund
    printf "require('node:test')('sums', () => require('node:assert').equal(2 + require('dep'), 5))\n" >sum.test.js
    echo node_modules >.gitignore ;;
python)
    printf 'import time, unittest\nclass T(unittest.TestCase):\n    def test_sum(self):\n        time.sleep(1)\n        self.assertEqual(2 + 3, 5)\n' >test_sum.py
    printf '.venv\n__pycache__\n' >.gitignore ;;
esac
git init -q -b main && git add -A && git commit -q -m Files"#;

/// The agent of the spec changes the file that the rounds change.
const AGENT: &str = r#"sed 's/- \[ \]/- [x]/' "$CHANT_SPEC_FILE" >.bench && cat .bench >"$CHANT_SPEC_FILE" && rm .bench
for one in src/lib.rs sum.test.js test_sum.py; do [ ! -e $one ] || echo >>$one; done
git add -A && git commit -q -m Work"#;

/// Measures all of them whose program is there, each in a repository of its own.
pub fn rows(home: &Path, binary: &str, rounds: usize) {
    println!("\n## checks with a warm checkout\n");
    println!("| project | in place, ms | check, ms | ratio | at most | |\n|---|---:|---:|---:|---:|---|");
    for (name, program, command, set_up) in PROJECTS {
        if !Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success()) {
            println!("| {name} | | | | | skipped: there is no {program} |");
            continue;
        }
        let top = home.join("checks").join(name);
        let _earlier = fs::remove_dir_all(&top);
        fs::create_dir_all(&top).expect("the directory can be made");
        let place = Place { top, binary: binary.to_owned() };
        place.said("sh", &["-ec", FILES, "sh", name]);
        let agent = format!("sh -c '{}'", AGENT.replace('\'', "'\\''"));
        for (key, value) in
            [("chant.agent", "bench"), ("chant.agent.bench.cmd", &agent), ("chant.worktreeSetup", set_up)]
        {
            if !value.is_empty() {
                place.said("git", &["config", key, value]);
            }
        }
        // The first is found to be slow, the second builds the warm checkout.
        let mut id = String::new();
        for _ in 0..2 {
            let said = place.said(binary, &["add", "Change something", "--verify", command]);
            id = said.lines().find_map(|line| line.strip_prefix("Created spec: ")).expect("'add' says it").to_owned();
            place.said(binary, &["work", "--quiet", &id]);
        }
        place.said("sh", &["-ec", &format!("{set_up}\n{command}")]);
        let warm = place.top.join(".git/chant/check/warm/record.json");
        assert!(warm.exists(), "{name}: nothing can confine here, or there are no overlay file systems");
        let timed = |program: &str, args: &[&str]| {
            let started = Instant::now();
            place.said(program, args);
            started.elapsed().as_secs_f64() * 1e3
        };
        let mut pairs: Vec<(f64, f64)> = (0..rounds)
            .map(|round| {
                let change = "for one in src/lib.rs sum.test.js test_sum.py; do [ ! -e $one ] || echo >>$one; done";
                place.said("sh", &["-ec", change]);
                let in_place = timed("sh", &["-ec", command]);
                place.said("git", &["commit", "-qam", &format!("Round {round}")]);
                (in_place, timed(binary, &["verify", &id, "--at", "HEAD"]))
            })
            .collect();
        pairs.sort_by(|one, other| (one.1 / one.0).total_cmp(&(other.1 / other.0)));
        let (in_place, check) = pairs[pairs.len() / 2];
        let ratio = check / in_place;
        let met = if ratio <= 1.3 { "met" } else { "missed" };
        println!("| {name} | {in_place:.0} | {check:.0} | {ratio:.2} | 1.3 | {met} |");
    }
}
