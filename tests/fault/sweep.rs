//! Killed at a point, then one command: the repository is as if nothing had been killed.
//!
//! A run that is not killed tells which points a scenario passes. Each kill happens inside the tool, at the point and passage that
//! it is given: a run that ends otherwise is an error.

use std::sync::Mutex;

use crate::{
    passages,
    scenario::{ALL, Scenario, Start},
    trial::{Left, Trial},
};

/// How much of a scenario is swept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// The first passage of each place before its effect, and the last passage of all.
    EachPlace,
    /// Every passage. `CHANT_SWEEP=<part>` takes only those whose name has this part.
    All,
}

impl Extent {
    /// The passages at which to die.
    fn of(self, passed: &[String]) -> Vec<String> {
        match self {
            Extent::EachPlace => {
                let first = passed.iter().filter(|point| point.ends_with(".before:1"));
                first.chain(passed.last()).cloned().collect()
            }
            Extent::All => {
                let part = std::env::var("CHANT_SWEEP").unwrap_or_default();
                passed.iter().filter(|point| point.contains(&part)).cloned().collect()
            }
        }
    }
}

/// Dies at one point and goes on. Gives what is wrong afterwards.
fn die(scenario: &Scenario, start: &Start, expected: &Left, fault: &str) -> Option<String> {
    let mut trial = Trial::new(start);
    let killed = trial.run_killed(&scenario.command(&start.id), fault);
    if killed.code != 137 {
        return Some(format!("{fault}: was not killed, but ended with {}:\n{}{}", killed.code, killed.out, killed.err));
    }
    trial.tick();
    let status = trial.statuses().into_iter().find(|(spec, _)| *spec == start.id).map(|(_, status)| status);
    let status = status.unwrap_or_else(|| "none".to_owned());
    let next = scenario.next(&start.id, &status);
    let ran = trial.run(&next);
    let mut wrong = scenario.compare(expected, &trial.left());
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

/// Sweeps one scenario. Several kills at once: a run waits more than it computes.
fn sweep(name: &str, extent: Extent) {
    let scenario = ALL.iter().find(|scenario| scenario.name == name).unwrap();
    let start = (scenario.prepare)();
    let whole = Trial::new(&start);
    let (ran, passed) = passages::passed(&whole, &scenario.command(&start.id));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let expected = whole.left();
    assert_eq!(scenario.compare(&expected, &expected), Vec::<String>::new(), "without a kill");
    // It is not watched for as long as the kills take.
    drop(whole);
    let faults = extent.of(&passed);
    let total = faults.len();
    println!("{name}: {total} kills among {} passages", passed.len());
    assert!(total > 0, "no point to die at");
    let queue = Mutex::new(faults);
    let wrong = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(fault) = queue.lock().unwrap().pop() else { break };
                    wrong.lock().unwrap().extend(die(scenario, &start, &expected, &fault));
                    start.sandbox.watch.renew();
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {total}:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

macro_rules! sweeps {
    ($($test:ident $name:literal)*) => {
        /// One kill at each place.
        mod each_place {
            $(#[test] fn $test() { super::sweep($name, super::Extent::EachPlace); })*
        }

        /// A kill at every passage.
        mod every_passage {
            $(#[test] #[ignore = "all of them take many minutes: .ci/long ignored"] fn $test() {
                super::sweep($name, super::Extent::All);
            })*
        }

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
    work_that_is_confined "work-confined"
    work_from_the_pool "work-from-pool"
    work_that_costs "work-costly"
    finish "finish"
    merge "merge"
    merge_into_what_is_not_checked_out "merge-elsewhere"
    archive "archive"
    reset "reset"
    reset_of_confined_work "reset-confined"
    cancel "cancel"
    pause "pause"
    sync "sync"
}
