//! What people do with git in a clone, and what of theirs no command of ours may touch.

use std::collections::BTreeMap;

use super::world::World;
use crate::support::chance::Chance;

/// Something that a person does with git alone.
#[derive(Clone, Copy, Debug)]
pub(super) enum Habit {
    Edit,
    EditShared,
    Stage,
    Scratch,
    Commit,
    CommitAll,
    Amend,
    Branch,
    Main,
    Stash,
    Pop,
    PullRebase,
    PullMerge,
    Push,
    Rebase,
    Fetch,
    Gc,
    GcNow,
    Repack,
    PackRefs,
    DeleteWork,
}

impl Habit {
    const ALL: [Habit; 21] = [
        Habit::Edit,
        Habit::EditShared,
        Habit::Stage,
        Habit::Scratch,
        Habit::Commit,
        Habit::CommitAll,
        Habit::Amend,
        Habit::Branch,
        Habit::Main,
        Habit::Stash,
        Habit::Pop,
        Habit::PullRebase,
        Habit::PullMerge,
        Habit::Push,
        Habit::Rebase,
        Habit::Fetch,
        Habit::Gc,
        Habit::GcNow,
        Habit::Repack,
        Habit::PackRefs,
        Habit::DeleteWork,
    ];

    pub(super) fn any(chance: &mut Chance) -> Habit {
        *chance.of(&Habit::ALL)
    }
}

/// Git may refuse it; then it is as if the person had not tried.
pub(super) fn live(world: &mut World, chance: &mut Chance, clone: usize, habit: Habit) -> bool {
    let number = world.number();
    let dir = world.clones[clone].clone();
    let write = |name: &str, text: &str| {
        use std::io::Write as _;
        let path = dir.join(name);
        let mut file = std::fs::File::options().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        true
    };
    let tried = |args: &[&str]| world.try_git(clone, args).code == 0;
    let or_back = |args: &[&str], back: &[&str]| {
        let done = tried(args);
        if !done {
            tried(back);
        }
        done
    };
    let own = format!("notes-{clone}");
    match habit {
        Habit::Edit => write(&own, &format!("line {number}\n")),
        Habit::EditShared => write("file", &format!("line {number} of {clone}\n")),
        Habit::Stage => tried(&["add", "-u"]),
        Habit::Scratch => write(&format!("scratch-{number}"), "mine\n"),
        Habit::Commit => tried(&["commit", "-qm", &format!("Staged {number}")]),
        Habit::CommitAll => tried(&["commit", "-qam", &format!("All {number}")]),
        Habit::Amend => tried(&["commit", "-q", "--amend", "-m", &format!("Amended {number}")]),
        Habit::Branch => tried(&["switch", "-q", "-c", &format!("topic-{number}")]),
        Habit::Main => tried(&["switch", "-q", "main"]),
        Habit::Stash => tried(&["stash", "push", "-q"]),
        // What conflicts stays in the stash.
        Habit::Pop => or_back(&["stash", "pop", "-q"], &["reset", "-q", "--merge"]),
        Habit::PullRebase => or_back(&["pull", "-q", "--rebase", "origin", "main"], &["rebase", "--abort"]),
        Habit::PullMerge => {
            or_back(&["pull", "-q", "--no-rebase", "--no-edit", "origin", "main"], &["merge", "--abort"])
        }
        Habit::Push => tried(&["push", "-q", "origin", "main"]),
        Habit::Rebase => {
            let back = format!("HEAD~{}", 1 + chance.below(3));
            or_back(&["rebase", "-q", &back], &["rebase", "--abort"])
        }
        Habit::Fetch => tried(&["fetch", "-q"]),
        Habit::Gc => tried(&["gc", "-q"]),
        Habit::GcNow => {
            tried(&["reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all"])
                && tried(&["gc", "-q", "--prune=now"])
        }
        Habit::Repack => tried(&["repack", "-Adq"]),
        Habit::PackRefs => tried(&["pack-refs", "--all"]),
        Habit::DeleteWork => {
            let branches = world.git(clone, &["for-each-ref", "--format=%(refname:short)", "refs/heads/chant"]);
            let branches: Vec<&str> = branches.lines().collect();
            !branches.is_empty() && tried(&["branch", "-q", "-D", *chance.of(branches.as_slice())])
        }
    }
}

/// What a person has in a clone that no command of ours changes unasked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Belongings {
    head: String,
    changes: String,
    staged: String,
    stash: String,
    untracked: BTreeMap<String, Vec<u8>>,
}

/// Reads them.
pub(super) fn belongings(world: &World, clone: usize) -> Belongings {
    let git = |args: &[&str]| world.git(clone, args);
    let untracked = git(&["ls-files", "-z", "--others", "--exclude-standard", "--exclude=/.chant/"]);
    let read = |name: &str| (name.to_owned(), std::fs::read(world.clones[clone].join(name)).unwrap_or_default());
    Belongings {
        head: world.try_git(clone, &["symbolic-ref", "HEAD"]).out,
        changes: git(&["diff", "--", ".", ":!.chant"]),
        staged: git(&["diff", "--cached", "--", ".", ":!.chant"]),
        stash: git(&["stash", "list", "--format=%H"]),
        untracked: untracked.split_terminator('\0').map(read).collect(),
    }
}

/// The branches of a person, with what each is at: work is merged into them, and they only grow.
pub(super) fn branches(world: &World, clone: usize) -> Vec<(String, String)> {
    let listed = world.git(clone, &["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"]);
    let all = listed.lines().filter_map(|line| line.split_once(' '));
    let of_people = all.filter(|(name, _)| !name.starts_with("refs/heads/chant/"));
    of_people.map(|(name, tip)| (name.to_owned(), tip.to_owned())).collect()
}
