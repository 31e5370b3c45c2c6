//! What happens in one step: something that a person does with git, or a command of ours under some kind of weather.

use std::{
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
    time::Duration,
};

use super::{
    people::{self, Habit},
    world::World,
};
use crate::support::{Ran, chance::Chance, watch::until};

/// One step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Person(Habit),
    Add,
    Tool(Verb, Weather),
    /// Two commands at once in one clone.
    Two(Verb, Verb),
}

/// A command, of a spec that chance chooses where it takes one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verb {
    Work,
    WorkNoMerge,
    WorkAll,
    Manual,
    Finish,
    Merge,
    MergeAll,
    Pause,
    Takeover,
    Release,
    Reset,
    Cancel,
    Approve,
    Reject,
    Archive,
    Restore,
    Note,
    Accept,
    Sync,
    Recover,
    Prune,
    Verify,
    Read,
}

/// What goes wrong around a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    Fine,
    /// Killed at a moment, in milliseconds.
    Killed(u64),
    /// No file may become longer than so many KiB: as a full disk, for one process and its children.
    Full(u64),
    /// The clocks that git is told are of another year.
    Clock(u64),
}

const MOODS: [&str; 12] =
    ["good", "good", "good", "good", "leaves", "shared", "crash", "killed", "hang", "unticked", "wrong", "loud"];

const VERBS: [Verb; 30] = [
    Verb::Work,
    Verb::Work,
    Verb::Work,
    Verb::Work,
    Verb::WorkNoMerge,
    Verb::WorkNoMerge,
    Verb::WorkAll,
    Verb::Manual,
    Verb::Finish,
    Verb::Finish,
    Verb::Merge,
    Verb::Merge,
    Verb::MergeAll,
    Verb::Pause,
    Verb::Takeover,
    Verb::Release,
    Verb::Reset,
    Verb::Reset,
    Verb::Cancel,
    Verb::Approve,
    Verb::Reject,
    Verb::Archive,
    Verb::Restore,
    Verb::Note,
    Verb::Accept,
    Verb::Sync,
    Verb::Recover,
    Verb::Prune,
    Verb::Verify,
    Verb::Read,
];

/// Any act.
pub(super) fn any(chance: &mut Chance) -> Act {
    match chance.below(20) {
        0..7 => Act::Person(Habit::any(chance)),
        7..10 => Act::Add,
        10 => Act::Two(*chance.of(&VERBS), *chance.of(&VERBS)),
        _ => {
            let weather = match chance.below(10) {
                0 | 1 => Weather::Killed(chance.below(900)),
                2 => Weather::Full(chance.below(40)),
                3 => Weather::Clock(1990 + chance.below(60)),
                _ => Weather::Fine,
            };
            Act::Tool(*chance.of(&VERBS), weather)
        }
    }
}

/// Does it, and checks what it must not touch.
pub(super) fn carry_out(world: &mut World, chance: &mut Chance, clone: usize, act: Act) {
    let (name, done) = match act {
        Act::Person(habit) => ("person", people::live(world, chance, clone, habit)),
        Act::Add => {
            let title = format!("Spec {} of clone {clone}", world.number());
            let args = ["add".to_owned(), title];
            ("add", untouched(world, clone, |world| ended(&mut command(world, clone, &args))))
        }
        Act::Tool(verb, weather) => {
            let mood = chance.of(&MOODS);
            world.mood(mood);
            let args = arguments(world, chance, clone, verb);
            println!("    {}", args.join(" "));
            (verb.name(), untouched(world, clone, |world| under(world, clone, &args, weather)))
        }
        Act::Two(one, other) => {
            let mood = chance.of(&MOODS);
            world.mood(mood);
            let [one, other] = [one, other].map(|verb| arguments(world, chance, clone, verb));
            println!("    {} beside {}", one.join(" "), other.join(" "));
            let both = |world: &mut World| {
                let mut beside = command(world, clone, &other);
                let beside = beside.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
                let first = ended(&mut command(world, clone, &one));
                sound(&Ran::of(beside.wait_with_output().unwrap())) && first
            };
            ("two", untouched(world, clone, both))
        }
    };
    let count = world.counts.entry(name).or_default();
    count.0 += 1;
    count.1 += usize::from(done);
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Verb::Work | Verb::WorkNoMerge | Verb::WorkAll | Verb::Manual => "work",
            Verb::Finish => "finish",
            Verb::Merge | Verb::MergeAll => "merge",
            Verb::Pause => "pause",
            Verb::Takeover => "takeover",
            Verb::Release => "release",
            Verb::Reset => "reset",
            Verb::Cancel => "cancel",
            Verb::Approve | Verb::Reject | Verb::Accept => "judge",
            Verb::Archive | Verb::Restore => "archive",
            Verb::Note => "note",
            Verb::Sync => "sync",
            Verb::Recover => "recover",
            Verb::Prune => "prune",
            Verb::Verify => "verify",
            Verb::Read => "read",
        }
    }
}

/// The command line. Most of the time it is about one of the specs that came last.
fn arguments(world: &World, chance: &mut Chance, clone: usize, verb: Verb) -> Vec<String> {
    let mut known: Vec<String> = world.statuses(clone).into_iter().map(|(id, _)| id).collect();
    known.sort();
    let last = known.len().saturating_sub(if chance.below(4) == 0 { 40 } else { 5 });
    let recent = &known[last..];
    let id = if recent.is_empty() { "001".to_owned() } else { chance.of(recent).clone() };
    let reads = ["status", "list", "graph", "log", "drift", "fsck", "why file:1"];
    let line = match verb {
        Verb::Work => format!("work {id}"),
        Verb::WorkNoMerge => format!("work {id} --no-merge"),
        Verb::WorkAll => "work --all --jobs 2".to_owned(),
        Verb::Manual => format!("work {id} --agent manual"),
        Verb::Finish => format!("finish {id}"),
        Verb::Merge => format!("merge {id}"),
        Verb::MergeAll => "merge --all".to_owned(),
        Verb::Pause => format!("pause {id}"),
        Verb::Takeover => format!("takeover {id}"),
        Verb::Release => format!("release {id} -m Gone"),
        Verb::Reset => format!("reset {id}"),
        Verb::Cancel => format!("cancel {id}"),
        Verb::Approve => format!("approve {id}"),
        Verb::Reject => format!("reject {id} -m No"),
        Verb::Archive => format!("archive {id}"),
        Verb::Restore => format!("archive --restore {id}"),
        Verb::Note => format!("note {id} -m Seen"),
        Verb::Accept => format!("accept {id} -m Right"),
        Verb::Sync => "sync".to_owned(),
        Verb::Recover => "recover".to_owned(),
        Verb::Prune => (*chance.of(&["prune", "prune --expire now"])).to_owned(),
        Verb::Verify => format!("verify {id}"),
        Verb::Read => (*chance.of(&reads)).to_owned(),
    };
    line.split(' ').map(str::to_owned).collect()
}

fn command(world: &World, clone: usize, args: &[String]) -> Command {
    let mut command = world.sandbox.command_in(&world.clones[clone], env!("CARGO_BIN_EXE_git-chant"));
    command.args(args);
    command
}

/// Runs it to its end; whether it succeeded.
fn ended(command: &mut Command) -> bool {
    sound(&Ran::of(command.output().unwrap()))
}

/// Whether it succeeded. A refusal has a reason and an exit code of git's.
fn sound(ran: &Ran) -> bool {
    let whole = format!("code {}\n{}{}", ran.code, ran.out, ran.err);
    assert!(!whole.contains("panicked"), "{whole}");
    assert!([0, 1, 128, 129].contains(&ran.code), "{whole}");
    assert!(ran.code == 0 || !ran.err.is_empty() || !ran.out.is_empty(), "{whole}");
    if ran.code != 0 {
        println!(
            "    {}: {}",
            ran.code,
            ran.err.lines().filter(|line| !line.starts_with('>')).collect::<Vec<_>>().join(" / ")
        );
    }
    ran.code == 0
}

fn under(world: &World, clone: usize, args: &[String], weather: Weather) -> bool {
    let mut run = command(world, clone, args);
    match weather {
        Weather::Fine => ended(&mut run),
        Weather::Clock(year) => {
            let date = format!("{year}-05-06T07:08:09Z");
            ended(run.env("GIT_COMMITTER_DATE", &date).env("GIT_AUTHOR_DATE", &date))
        }
        Weather::Full(limit) => {
            let mut shell = world.sandbox.command_in(&world.clones[clone], "sh");
            let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", limit * 2);
            let program = run.get_program().to_owned();
            let done = ended(shell.args(["-c", &script, "sh"]).arg(program).args(args));
            done || went_on(world, clone)
        }
        Weather::Killed(after) => {
            // An agent that hangs would outlive it by half a minute.
            if std::fs::read_to_string(world.dir().join("mood")).unwrap() == "hang" {
                world.mood("leaves");
            }
            let mut child = run.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(after));
            let _over = child.kill();
            child.wait().unwrap();
            until(|| !world.sandbox.agent_lives());
            went_on(world, clone)
        }
    }
}

/// After an accident, `recover` has to be able to run; whether it was.
fn went_on(world: &World, clone: usize) -> bool {
    let ran = world.sandbox.chant_in(&world.clones[clone], &["recover"]);
    assert_eq!(ran.code, 0, "recover: {}{}", ran.out, ran.err);
    false
}

/// What a person has is as before; their branches, into which work is merged, only grew.
fn untouched(world: &mut World, clone: usize, act: impl FnOnce(&mut World) -> bool) -> bool {
    let before = people::belongings(world, clone);
    let branches = people::branches(world, clone);
    let done = act(world);
    let after = people::belongings(world, clone);
    assert!(before == after, "what a person has was changed\nbefore {before:#?}\nafter {after:#?}");
    for (name, tip) in branches {
        let grew = world.try_git(clone, &["merge-base", "--is-ancestor", &tip, &name]);
        assert_eq!(grew.code, 0, "{name} was at {tip} and lost it");
    }
    done
}
