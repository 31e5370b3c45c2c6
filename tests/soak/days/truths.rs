//! What holds after each step.

use std::{collections::BTreeSet, path::Path};

use super::world::World;
use crate::support::chance::Chance;

/// In this clone nothing is lost, both repositories are sound, and the statuses are the same from wherever one looks.
pub(super) fn hold(world: &mut World, clone: usize) {
    let reachable = world.git(clone, &["rev-list", "--all"]);
    let reachable: BTreeSet<&str> = reachable.lines().collect();
    for tip in &world.tips[clone] {
        assert!(reachable.contains(tip.as_str()), "the event {tip} is lost");
    }
    let tips = world.git(clone, &["for-each-ref", "--format=%(objectname)", "refs/chant/specs", "refs/chant/archive"]);
    world.tips[clone].extend(tips.lines().map(str::to_owned));
    agents_lost_nothing(world, clone, &reachable);
    statuses_are_true(world, clone);
    let problems = world.sandbox.chant_in(&world.clones[clone], &["fsck"]);
    assert_eq!(problems.code, 0, "fsck: {}{}", problems.out, problems.err);
    let faults = world.try_git(clone, &["fsck", "--strict", "--no-dangling", "--no-progress"]);
    assert_eq!((faults.code, faults.out.as_str()), (0, ""), "git fsck: {}", faults.err);
}

/// Every commit and every line that an agent wrote down is in a history of its clone. Of a merge that rebases or squashes, `prune` may remove
/// the commits: what they say is in others then.
fn agents_lost_nothing(world: &mut World, clone: usize, reachable: &BTreeSet<&str>) {
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(world.dir().join("logs")).unwrap().map(|entry| entry.unwrap()) {
        let name = entry.file_name().into_string().unwrap();
        let Some(run) = name.strip_prefix(&format!("{clone}-")) else { continue };
        let id = run.rsplit_once('-').unwrap().0;
        let text = std::fs::read_to_string(entry.path()).unwrap();
        for line in text.lines().filter(|line| !world.checked.contains(*line)) {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["commit", commit, _] if reachable.contains(commit) => {}
                ["commit", _, word] => in_a_history(world, clone, &format!("work-{id}"), word),
                ["left", word] => {
                    let name = format!("dirty-{id}");
                    let worktree = world.dir().join(format!("clone{clone}.chant-{}", &id[11..]));
                    let there = std::fs::read_to_string(worktree.join(&name)).unwrap_or_default();
                    if !there.contains(word) {
                        in_a_history(world, clone, &name, word);
                        seen.push(line.to_owned());
                    }
                }
                _ => panic!("{name}: {line}"),
            }
        }
    }
    world.checked.extend(seen);
}

/// Some commit that a ref of the clone reaches added a line to `file`.
fn in_a_history(world: &World, clone: usize, file: &str, line: &str) {
    let texts = world.git(clone, &["log", "--all", "-m", "-p", "--format=", "--", file]);
    assert!(texts.contains(&format!("+{line}")), "'{line}' of {file} is lost");
}

/// `list`, `show`, and a clone that knows nothing but the refs tell the same.
fn statuses_are_true(world: &World, clone: usize) {
    for (id, status) in world.statuses(clone) {
        let log = world.sandbox.chant_in(&world.clones[clone], &["log", &id, "--json"]).ok().json();
        let ops: Vec<&str> =
            log["events"].as_array().unwrap().iter().map(|event| event["op"].as_str().unwrap()).collect();
        let has = |op: &str| ops.contains(&op);
        let true_so_far = match status.as_str() {
            "completed" => has("complete"),
            "failed" => has("fail"),
            "cancelled" => has("cancel"),
            "archived" => has("archive"),
            "paused" => has("pause"),
            "finished" => has("finish"),
            "in_progress" => has("start") || has("takeover"),
            _ => true,
        };
        assert!(true_so_far, "{id} is {status} after {ops:?}");
    }
}

/// All clones sync until one round does nothing; then they hold the same.
pub(super) fn all_come_together(world: &mut World, chance: &mut Chance) {
    let mut rounds = 0;
    loop {
        let first = chance.below(3) as usize;
        let mut done = 0;
        for clone in (0..3).map(|number| (first + number) % 3) {
            let synced = world.sandbox.chant_in(&world.clones[clone], &["sync", "--json"]).ok().json();
            done += synced["exchanged"].as_array().unwrap().len();
        }
        if done == 0 {
            break;
        }
        rounds += 1;
        assert!(rounds < 6, "sync does not come to rest");
    }
    let (refs, statuses) = (shared(world, &world.hub), world.statuses(0));
    for clone in 0..3 {
        assert_eq!(shared(world, &world.clones[clone]), refs, "clone {clone}");
        assert_eq!(world.statuses(clone), statuses, "clone {clone}");
        hold(world, clone);
        nothing_is_left(world, clone);
    }
}

/// What accidents and other clones left is warned of and repaired; nothing is left then but notes on commits that were not pushed yet.
fn nothing_is_left(world: &mut World, clone: usize) {
    let dir = world.clones[clone].clone();
    let repaired = world.sandbox.chant_in(&dir, &["fsck", "--repair"]);
    assert_eq!(repaired.code, 0, "fsck --repair: {}{}", repaired.out, repaired.err);
    let problems = world.sandbox.chant_in(&dir, &["fsck"]).ok().out;
    let known = [" not in this repository: ", "hint: if no clone has those commits"];
    let left = problems.lines().find(|line| !line.is_empty() && !known.iter().any(|known| line.contains(known)));
    assert!(left.is_none(), "after a repair: {problems}\nthe repair: {}{}", repaired.out, repaired.err);
    hold(world, clone);
}

/// What all clones have in common once they are together, as the refs in `dir`.
fn shared(world: &World, dir: &Path) -> String {
    let format = "--format=%(refname) %(objectname)";
    let spaces = ["refs/chant/specs", "refs/chant/archive", "refs/notes/chant"];
    world.sandbox.git_in(dir, &[&["for-each-ref", format], &spaces[..]].concat())
}
