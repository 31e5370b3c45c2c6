//! Killed at a point, then one command: the repository is as if nothing had been killed.
//!
//! A run that is not killed tells which points a scenario passes. Each kill happens inside the tool, at the point and passage that
//! it is given: a run that ends otherwise is an error.

use std::{collections::BTreeSet, sync::Mutex};

use crate::{
    passages,
    scenario::{ALL, Scenario, Start},
    trial::{Left, Trial},
};

/// A scenario as it is without a kill.
struct Whole {
    scenario: &'static Scenario,
    start: Start,
    expected: Left,
    passed: Vec<String>,
}

impl Whole {
    fn new(scenario: &'static Scenario) -> Whole {
        let start = (scenario.prepare)();
        let trial = Trial::new(&start);
        let (ran, passed) = passages::passed(&trial, &scenario.command(&start.id));
        assert_eq!(ran.code, 0, "{}: {}{}", scenario.name, ran.out, ran.err);
        let expected = trial.left();
        assert_eq!(scenario.compare(&expected, &expected), Vec::<String>::new(), "{} without a kill", scenario.name);
        Whole { scenario, start, expected, passed }
    }

    /// The scenario with that name.
    fn named(name: &str) -> Whole {
        Whole::new(ALL.iter().find(|scenario| scenario.name == name).unwrap())
    }

    /// The first passage of each place before its effect.
    fn first_passages(&self) -> impl Iterator<Item = &str> {
        self.passed.iter().map(String::as_str).filter(|point| point.ends_with(".before:1"))
    }

    /// Kills at each of these passages, and at the last passage of all.
    fn and_last<'a>(&'a self, mut passages: Vec<&'a str>) -> Vec<Kill<'a>> {
        passages.extend(self.passed.last().map(String::as_str));
        passages.into_iter().map(|fault| Kill { whole: self, fault }).collect()
    }
}

/// A kill of a scenario at a passage.
#[derive(Clone, Copy)]
struct Kill<'a> {
    whole: &'a Whole,
    fault: &'a str,
}

/// Dies at one point and goes on. Gives what is wrong afterwards.
fn die(Kill { whole: Whole { scenario, start, expected, .. }, fault }: Kill<'_>) -> Option<String> {
    let mut trial = Trial::new(start);
    let killed = trial.run_killed(&scenario.command(&start.id), fault);
    if killed.code != 137 {
        let name = scenario.name;
        return Some(format!(
            "{name}, {fault}: was not killed, but ended with {}:\n{}{}",
            killed.code, killed.out, killed.err
        ));
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

/// Does `act` on each of these, several at once: a run waits more than it computes.
fn for_each<T: Send>(all: Vec<T>, act: impl Fn(T) + Sync) {
    let queue = Mutex::new(all.into_iter());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some(one) = next else { break };
                    act(one);
                }
            });
        }
    });
}

/// Dies as each of these says.
fn sweep(kills: Vec<Kill<'_>>) {
    let total = kills.len();
    println!("{total} kills");
    assert!(total > 0, "no point to die at");
    let wrong = Mutex::new(Vec::new());
    for_each(kills.clone(), |kill| {
        wrong.lock().unwrap().extend(die(kill));
        kills.iter().for_each(|kill| kill.whole.start.sandbox.watch.renew());
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {total}:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

/// What people do every day.
const DAILY: [&str; 4] = ["add", "work", "merge", "sync"];

/// One kill at each place that daily commands come to, in the first of them that comes to it, and one at the end of each.
#[test]
fn each_place_of_daily_commands_once() {
    let begun = Mutex::new(Vec::new());
    for_each(DAILY.into_iter().enumerate().collect(), |(at, name)| {
        let whole = Whole::named(name);
        begun.lock().unwrap().push((at, whole));
    });
    let mut begun = begun.into_inner().unwrap();
    begun.sort_by_key(|(at, _)| *at);
    let mut known = BTreeSet::new();
    let kills = begun.iter().flat_map(|(_, whole)| {
        let new = whole.first_passages().filter(|place| known.insert(*place)).collect();
        whole.and_last(new)
    });
    sweep(kills.collect());
}

/// One kill at each place that this scenario comes to, and one at its end.
fn each_place(name: &str) {
    let whole = Whole::named(name);
    sweep(whole.and_last(whole.first_passages().collect()));
}

/// A kill at every passage of this scenario. `CHANT_SWEEP=<part>` takes only those whose name has this part.
fn every_passage(name: &str) {
    let whole = Whole::named(name);
    let part = std::env::var("CHANT_SWEEP").unwrap_or_default();
    let passages = whole.passed.iter().filter(|point| point.contains(&part));
    sweep(passages.map(|fault| Kill { whole: &whole, fault }).collect());
}

macro_rules! sweeps {
    ($($test:ident $name:literal)*) => {
        /// One kill at each place of each scenario.
        mod each_place {
            $(#[test] #[ignore = "slow: .ci/run runs it"] fn $test() { super::each_place($name); })*
        }

        /// A kill at every passage.
        mod every_passage {
            $(#[test] #[ignore = "all of them take many minutes: .ci/long ignored"] fn $test() {
                super::every_passage($name);
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
