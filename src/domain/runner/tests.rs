//! What the recorded runs of real runners are judged to be.

use std::{collections::BTreeMap, fs, path::Path};

use super::{Outcome, cannot_load, judge, lacking_files, lacks_target, table::RUNNERS};

/// Runs by runner: the name, the command line, the exit code, the output.
type Samples = BTreeMap<String, Vec<(String, String, i32, String)>>;

/// The recorded runs.
fn samples() -> Samples {
    samples_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runners"))
}

fn samples_in(root: &Path) -> Samples {
    let mut found = Samples::new();
    for folder in fs::read_dir(root).expect("the samples").map(|entry| entry.expect("an entry").path()) {
        let Ok(files) = fs::read_dir(&folder) else { continue };
        let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
        for file in files.map(|entry| entry.expect("an entry").path()) {
            let text = String::from_utf8_lossy(&fs::read(&file).expect("a sample")).into_owned();
            let text =
                text.strip_prefix("# ").and_then(|text| text.split_once('\n')).map_or(text.as_str(), |(_, rest)| rest);
            let (command, rest) = text.split_once("\nexit ").expect("a command line");
            let (exit, output) = rest.split_once('\n').expect("an exit code");
            let exit = exit.parse().expect("a number");
            found.entry(name(&folder)).or_default().push((name(&file), command.to_owned(), exit, output.to_owned()));
        }
    }
    found
}

fn expected(sample: &str) -> Outcome {
    match sample.split('-').next() {
        Some("passed") => Outcome::Passed,
        Some("failed") => Outcome::Failed,
        Some("none") => Outcome::NoTest,
        Some("error") => Outcome::Error,
        Some("unknown") => Outcome::Unknown,
        _ => panic!("'{sample}' does not say what it is"),
    }
}

#[test]
fn every_recorded_run_is_judged_right() {
    let mut wrong = Vec::new();
    for (runner, runs) in samples() {
        for (name, command, exit, output) in runs {
            let verdict = judge(&command, Some(exit), &output);
            // What stopped a run before a test was found is no failing test, whichever of the two it is called.
            let stopped = [Outcome::NoTest, Outcome::Error];
            let same = verdict.outcome == expected(&name)
                || exit != 0 && stopped.contains(&verdict.outcome) && stopped.contains(&expected(&name));
            if !same || verdict.runner.is_some_and(|found| found != runner) {
                wrong.push(format!("{runner}/{name}: {verdict:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `.ci/run` has the runners of its machine make the samples anew: other versions print other words.
#[test]
fn the_runners_of_this_machine_are_judged_as_the_recorded_ones() {
    let Some(root) = std::env::var_os("CHANT_RUNNER_SAMPLES") else { return };
    let (fresh, recorded) = (samples_in(Path::new(&root)), samples());
    let mut wrong = Vec::new();
    for (runner, runs) in &fresh {
        for (name, command, exit, output) in runs {
            let verdict = |command, exit, output| judge(command, Some(exit), output).outcome;
            let then = recorded.get(runner).and_then(|runs| runs.iter().find(|(other, ..)| other == name));
            let Some((_, line, code, printed)) = then else {
                wrong.push(format!("{runner}/{name} is recorded nowhere"));
                continue;
            };
            let (then, now) = (verdict(line, *code, printed), verdict(command, *exit, output));
            if then != now {
                wrong.push(format!("{runner}/{name}: recorded {then:?}, here {now:?}, exit {exit}:\n{output}"));
            }
        }
    }
    assert!(!fresh.is_empty() && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_runner_has_samples() {
    let samples = samples();
    for runner in RUNNERS {
        let runs = samples.get(runner.name).unwrap_or_else(|| panic!("no sample of {}", runner.name));
        for kind in ["passed", "failed"] {
            assert!(
                runs.iter().any(|(name, ..)| name.starts_with(kind)) || (runner.silent && kind == "passed"),
                "{}: no sample that {kind}",
                runner.name
            );
        }
    }
}

#[test]
fn a_wrapper_hides_no_failure_and_no_error() {
    for (runner, runs) in samples() {
        // What says nothing is known by its command line only.
        for (name, _, exit, output) in runs.iter().filter(|run| run.2 != 0 && !run.0.starts_with("unknown")) {
            let verdict = judge("make test", Some(2.min(*exit)), output);
            match expected(name) {
                Outcome::Failed => assert_eq!(verdict.outcome, Outcome::Failed, "{runner}/{name}"),
                _ => assert_ne!(verdict.outcome, Outcome::Failed, "{runner}/{name}"),
            }
        }
    }
}

#[test]
fn what_a_test_prints_is_not_what_the_runner_says() {
    let claims = "FAILED (failures=1)\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out;\n1 failed in 0.01s\n";
    for (runner, runs) in samples() {
        for (name, command, exit, output) in runs {
            if expected(&name) == Outcome::Error {
                let verdict = judge(&command, Some(exit), &format!("{claims}{output}"));
                assert_ne!(verdict.outcome, Outcome::Failed, "{runner}/{name}");
            }
        }
    }
}

#[test]
fn the_exit_code_has_to_agree() {
    let failed = "1 failed in 0.01s\n";
    assert_eq!(judge("pytest", Some(1), failed).outcome, Outcome::Failed);
    assert_eq!(judge("pytest", Some(2), failed).outcome, Outcome::Error);
    assert_eq!(judge("make test", Some(2), failed).outcome, Outcome::Failed);
    assert_eq!(judge("pytest", Some(127), failed).outcome, Outcome::Error);
    assert_eq!(judge("pytest", None, failed).outcome, Outcome::Error);
    assert_eq!(judge("pytest", Some(139), failed).outcome, Outcome::Error);
    assert_eq!(judge("perl check.pl", Some(255), "Died at check.pl line 1.\n").outcome, Outcome::Unknown);
    assert_eq!(judge("sh check.sh", Some(1), "1 passed in 0.01s\nnot 5\n").outcome, Outcome::Unknown);
    assert_eq!(judge("pytest", Some(1), "1 passed in 0.01s\n").outcome, Outcome::Error);
    assert_eq!(judge("./examine", Some(7), "ROTTEN: sum\n").outcome, Outcome::Unknown);
    assert_eq!(judge("./examine", Some(0), "sound: sum\n").outcome, Outcome::Unknown);
    let alike = "running 1 test\ntest a::b ... FAILED\n\ntest result: FAILED. 0 passed; 1 failed\n";
    assert_eq!(judge("sh tests/run", Some(1), alike).outcome, Outcome::Unknown, "a runner that looks like cargo's");
    // An exit code of 0 does not turn a failing test into one that passed.
    assert_eq!(judge("rspec", Some(0), "2 examples, 1 failure\n").outcome, Outcome::Error);
    assert_eq!(judge("make test", Some(0), "2 examples, 1 failure\n").outcome, Outcome::Failed);
    assert_eq!(judge("pytest -q | tee log", Some(0), failed).outcome, Outcome::Failed);
    assert_eq!(judge("pytest -q -s", Some(0), &format!("{failed}2 passed in 0.01s\n")).outcome, Outcome::Passed);
    let both = "1 passed in 0.01s\n\n2 examples, 1 failure\n";
    assert_eq!(judge("pytest -q && rspec", Some(1), both).outcome, Outcome::Failed);
    let printed = "FAILED (failures=1)\nRan 2 tests in 0.01s\n\nOK\n";
    assert_eq!(judge("python3 -m unittest", Some(0), printed).outcome, Outcome::Passed);
    let ended = "running 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; \nrunning 1 test\n";
    assert_eq!(judge("cargo test", Some(0), ended).outcome, Outcome::Error);
}

#[test]
fn only_an_interpreter_says_that_a_script_cannot_be_loaded() {
    let samples = samples();
    let mut wrong = Vec::new();
    for (name, command, _, output) in &samples["script"] {
        let test = command.split(' ').rfind(|word| word.starts_with("check.")).expect("a test").to_owned();
        if cannot_load(output, &[test]) != name.starts_with("unknown-unloadable-") {
            wrong.push(name);
        }
        assert!(!cannot_load(output, &["other.py".to_owned()]), "{name}");
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn a_command_says_what_it_does_not_find_to_run() {
    for (line, path) in [
        ("sh: 0: cannot open check.sh: No such file", "check.sh"),
        ("sh: 0: Can't open check.sh", "check.sh"),
        ("/bin/sh: 1: ./check: not found", "./check"),
        ("python3: can't open file '/x/check.py': [Errno 2] No such file or directory", "/x/check.py"),
        ("ruby: No such file or directory -- check.rb (LoadError)", "check.rb"),
        ("Can't open perl script \"check.pl\": No such file or directory", "check.pl"),
        ("Could not open input file: check.php", "check.php"),
        ("cc1: fatal error: check.c: No such file or directory", "check.c"),
        ("/usr/bin/x86_64-linux-gnu-gcc-12: error: check.c: No such file or directory", "check.c"),
        ("clang: error: no such file or directory: 'check.c'", "check.c"),
        (
            "Error: Cannot find module '/x/check.js'\n    at f\n  code: 'MODULE_NOT_FOUND',\n  requireStack: []",
            "/x/check.js",
        ),
    ] {
        assert_eq!(lacking_files(line), [path], "{line}");
    }
    for line in [
        "cat: check.sh: No such file or directory",
        "src/acc.c:1:10: fatal error: a.h: No such file or directory",
        "Error: Cannot find module './a'\nRequire stack:\n- /x/check.js",
        "FileNotFoundError: [Errno 2] No such file or directory: 'a'",
        "check.sh: line 3: tool: not found",
        "check.sh: 1: bin/tool: not found",
    ] {
        assert_eq!(lacking_files(line), [""; 0], "{line}");
    }
    for line in ["make: *** No rule to make target 'check'.  Stop.", "npm error Missing script: \"check\""] {
        assert!(lacks_target(line), "{line}");
    }
}
