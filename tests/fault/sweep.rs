//! Killed at every point, then one command: the repository is as if nobody had died.

use std::sync::Mutex;

use crate::{
    passages,
    scenario::{self, ALL, Scenario},
    support::Sandbox,
};

/// Passages of one point beyond this are sampled.
const EVERY: usize = 3;

/// The passages of a point at which to die: the first ones, then ever fewer, and the last.
fn chosen(passages: usize) -> Vec<usize> {
    let mut chosen: Vec<usize> = (1..=passages.min(EVERY)).collect();
    let mut at = EVERY * 2;
    while at < passages {
        chosen.push(at);
        at *= 2;
    }
    if passages > EVERY {
        chosen.push(passages);
    }
    chosen
}

/// Dies at one point and goes on. Gives what is wrong afterwards.
fn die(scenario: &Scenario, prepared: &(Sandbox, String), expected: &crate::place::Left, fault: &str) -> Option<String> {
    let id = prepared.1.as_str();
    let place = scenario::place(prepared);
    let killed = place.chant(&Scenario::args(scenario.command, id), Some(fault));
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
        format!("{} killed at {fault}, status '{status}', then {next:?}:\n{}\n{}{}", scenario.name, wrong.join("\n"), ran.out, ran.err)
    })
}

/// Every scenario, every point, as many at once as there are processors.
fn sweep(name: &str) {
    if !passages::has_strace() {
        return;
    }
    let scenario = ALL.iter().find(|scenario| scenario.name == name).unwrap();
    let prepared = (scenario.prepare)();
    let whole = scenario::place(&prepared);
    let (ran, passed) = passages::count(&whole, &Scenario::args(scenario.command, &prepared.1));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let expected = whole.left();
    assert_eq!(scenario.compare(&expected, &expected), Vec::<String>::new(), "nobody died");
    let mut faults: Vec<String> = passed
        .iter()
        .flat_map(|(point, count)| chosen(*count).into_iter().map(move |passage| format!("{point}:{passage}")))
        .collect();
    if let Ok(only) = std::env::var("CHANT_SWEEP") {
        faults.retain(|fault| fault.contains(&only));
    }
    println!("{name}: {} kills at {} points", faults.len(), passed.len());
    let total = faults.len();
    let queue = Mutex::new(faults);
    let wrong = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(fault) = queue.lock().unwrap().pop() else { break };
                    if let Some(report) = die(scenario, &prepared, &expected, &fault) {
                        wrong.lock().unwrap().push(report);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
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
