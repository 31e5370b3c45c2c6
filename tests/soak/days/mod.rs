//! A week of random days in three clones: people edit, commit, amend, rebase, stash and pull; agents work, crash, hang and conflict; the tool
//! is killed, runs out of disk, and sees clocks jump; git collects garbage. After each step, nothing is lost and every status is true.
//!
//! `CHANT_SOAK_SECONDS` says how long (120), `CHANT_SOAK_SEED` repeats the acts of a run; what the machine does in them is its own.
//! Where a step breaks something, the clones are kept in the directory that `CHANT_SOAK_KEEP` names.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it tells how it goes")]

mod acts;
mod people;
mod truths;
mod world;

use std::time::{Duration, Instant};

use self::world::World;
use crate::support::chance::Chance;

#[test]
#[ignore = "it takes minutes"]
fn a_week_of_random_days() {
    let seconds = std::env::var("CHANT_SOAK_SECONDS").ok().and_then(|value| value.parse().ok()).unwrap_or(120);
    let seed = Chance::seed("CHANT_SOAK_SEED");
    println!("CHANT_SOAK_SEED={seed} CHANT_SOAK_SECONDS={seconds}");
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut chance = Chance::new(seed);
    while Instant::now() < end {
        week(chance.below(u64::MAX), end);
    }
}

/// A world of its own, until it has grown so much that a new one tells more.
fn week(seed: u64, end: Instant) {
    println!("a week of seed {seed}");
    let mut chance = Chance::new(seed);
    let mut world = World::new(&mut chance);
    let mut steps = 0;
    while Instant::now() < end && steps < 400 {
        steps += 1;
        let clone = chance.below(3) as usize;
        let act = acts::any(&mut chance);
        println!("{steps}. clone {clone}: {act:?}");
        acts::carry_out(&mut world, &mut chance, clone, act);
        world.sandbox.watch.renew();
        truths::hold(&mut world, clone);
        if steps % 12 == 0 {
            truths::all_come_together(&mut world, &mut chance);
        }
    }
    truths::all_come_together(&mut world, &mut chance);
    println!("{steps} steps: {:?}", world.counts);
}
