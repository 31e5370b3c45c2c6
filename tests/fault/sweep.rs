//! Killed at every point, then one command: the repository is as if nobody had died.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use crate::{
    passages,
    scenario::{self, ALL, Scenario},
    support::Sandbox,
};

/// The passages at which to die.
///
/// Between two effects the repository is the same wherever one dies: after the one, before the other, or around a git that only reads.
/// So it is done once before each effect and once after the last. `CHANT_SWEEP=all` dies at every single passage, and
/// `CHANT_SWEEP=<part>` at those whose name has this part.
fn chosen(passed: &[(String, usize)]) -> Vec<String> {
    let wanted = std::env::var("CHANT_SWEEP").unwrap_or_default();
    let named = |(point, passage): &(String, usize)| format!("{point}:{passage}");
    if wanted == "all" {
        return passed.iter().map(named).collect();
    }
    if !wanted.is_empty() {
        return passed.iter().map(named).filter(|name| name.contains(&wanted)).collect();
    }
    let mut effects = passed.iter().filter(|(point, _)| !point.starts_with("git.read"));
    let last = effects.clone().next_back();
    let before = effects.by_ref().filter(|(point, _)| point.ends_with(".before"));
    before.chain(last).map(named).collect()
}

/// How many kills of a scenario may find nobody: a ref that is found locked is tried again, a process that outlives its agent for a
/// moment is sent a signal, and the run that was traced may have come by once more than another.
const MISSED: usize = 2;

/// The passages that hang on what others do at that moment.
const CHANCES: [&str; 2] = ["ref.", "agent.signal."];

/// Dies at one point and goes on. Gives what is wrong afterwards, and counts in `missed` a run that never came by.
fn die(
    scenario: &Scenario,
    prepared: &(Sandbox, String),
    expected: &crate::place::Left,
    fault: &str,
    missed: &AtomicUsize,
) -> Option<String> {
    let id = prepared.1.as_str();
    let place = scenario::place(prepared);
    let killed = place.chant(&Scenario::args(scenario.command, id), Some(fault));
    if killed.code == 0 && CHANCES.iter().any(|chance| fault.starts_with(chance)) {
        missed.fetch_add(1, Ordering::Relaxed);
        let wrong = scenario.compare(expected, &place.left());
        return (!wrong.is_empty()).then(|| format!("{fault}: nobody died:\n{}", wrong.join("\n")));
    }
    if killed.code != 137 {
        return Some(format!("{fault}: was not killed, but ended with {}:\n{}{}", killed.code, killed.out, killed.err));
    }
    let status = place.statuses().into_iter().find(|(spec, _)| spec == id).map(|(_, status)| status);
    let status = status.unwrap_or_else(|| "none".to_owned());
    let next = (scenario.go_on)(&status);
    let ran = place.chant(&Scenario::args(next, id), None);
    let mut wrong = scenario.compare(expected, &place.left());
    if ran.code != 0 {
        wrong.push(format!("it ended with {}", ran.code));
    }
    (!wrong.is_empty()).then(|| {
        format!(
            "{} killed at {fault}, status '{status}', then {next:?}:\n{}\n{}{}",
            scenario.name,
            wrong.join("\n"),
            ran.out,
            ran.err
        )
    })
}

/// One scenario, every point. A run waits more than it computes: for locks, for processes to end.
fn sweep(name: &str) {
    if !passages::has_strace() {
        return;
    }
    let scenario = ALL.iter().find(|scenario| scenario.name == name).unwrap();
    let prepared = (scenario.prepare)();
    let whole = scenario::place(&prepared);
    let (ran, passed) = passages::passed(&whole, &Scenario::args(scenario.command, &prepared.1));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let expected = whole.left();
    assert_eq!(scenario.compare(&expected, &expected), Vec::<String>::new(), "nobody died");
    let faults = chosen(&passed);
    println!("{name}: {} kills among {} passages", faults.len(), passed.len());
    let total = faults.len();
    let queue = Mutex::new(faults);
    let (wrong, missed) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let threads = std::thread::available_parallelism().map_or(2, usize::from) * 2;
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(fault) = queue.lock().unwrap().pop() else { break };
                    if let Some(report) = die(scenario, &prepared, &expected, &fault, &missed) {
                        wrong.lock().unwrap().push(report);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(missed.into_inner() <= MISSED, "several kills found nobody");
    assert!(wrong.is_empty(), "{} of {total}:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

macro_rules! sweeps {
    ($($test:ident $name:literal)*) => {
        $(#[test] fn $test() { sweep($name); })*

        #[test]
        fn every_scenario_is_swept() {
            let swept = [$($name),*];
            assert!(ALL.iter().all(|scenario| swept.contains(&scenario.name)));
        }
    };
}

sweeps! {
    the_first_add "add-first"
    add "add"
    work "work"
    work_in_silent_mode "work-silent"
    work_that_goes_on "work-again"
    finish "finish"
    merge "merge"
    merge_into_what_is_not_checked_out "merge-elsewhere"
    archive "archive"
    reset "reset"
    cancel "cancel"
    pause "pause"
    sync "sync"
}
