//! What `work` costs in a large tree, where an earlier attempt left its worktree, beside what git takes to make a worktree, merge its branch
//! and remove it. Each round does both in turn.

use std::{fs, path::Path, time::Instant};

use crate::measure::Place;

/// How many files the trees have.
const SIZES: [usize; 2] = [20_000, 100_000];

/// How much of git's time `work` may take.
const MOST: f64 = 0.34;

/// How much of the time without a sandbox `work` may take with one.
const MOST_CONFINED: f64 = 1.1;

/// Files of half a kilobyte, a hundred to a directory.
const FILES: &str = r#"for dir in $(seq $(($1 / 100))); do mkdir -p d$dir; seq -f "$dir %g" 60 >d$dir/f0
    for file in $(seq 99); do cp d$dir/f0 d$dir/f$file; done; done
git init -q -b main && git add . && git commit -q -m Files"#;

/// The agent of the spec changes a file of its own.
const AGENT: &str = r#"sh -c 'echo "$CHANT_SPEC_ID" >>notes && git add notes && git commit -q -m Work'"#;

const BY_GIT: &str = r#"git worktree add -q -b bench "$PWD.bench" && (cd "$PWD.bench" && echo x >>other && git add other && git commit -q -m Work)
git merge -q --no-ff -m Merge bench && git worktree remove "$PWD.bench" && git branch -q -d bench"#;

/// Measures both sizes, each in a repository of its own.
pub fn rows(home: &Path, binary: &str, rounds: usize) {
    println!("\n## worktrees that are kept\n");
    println!("| files | by git, then not confined, ms | work, ms | ratio | at most | |\n|---|---:|---:|---:|---:|---|");
    for size in SIZES {
        let top = home.join("trees").join(size.to_string());
        let _earlier = fs::remove_dir_all(home.join("trees"));
        fs::create_dir_all(&top).expect("the directory can be made");
        let place = Place { top, binary: binary.to_owned() };
        place.said("sh", &["-ec", FILES, "sh", &size.to_string()]);
        for (key, value) in [("chant.agent", "bench"), ("chant.agent.bench.cmd", AGENT)] {
            place.said("git", &["config", key, value]);
        }
        let timed = |program: &str, args: &[&str]| {
            let started = Instant::now();
            place.said(program, args);
            started.elapsed().as_secs_f64() * 1e3
        };
        let work = || {
            let said = place.said(binary, &["add", "Change something"]);
            let id = said.lines().find_map(|line| line.strip_prefix("Created spec: ")).expect("'add' says it");
            timed(binary, &["work", "--quiet", id])
        };
        let as_set = |confine: &str| {
            place.said("git", &["config", "chant.confine", confine]);
            work()
        };
        work();
        row(size, MOST, (0..rounds).map(|_| (timed("sh", &["-ec", BY_GIT]), work())).collect());
        as_set("off");
        // Here 'by git' is 'work' whose agent nothing confines.
        row(size, MOST_CONFINED, (0..rounds).map(|_| (as_set("off"), as_set("auto"))).collect());
    }
}

/// One line: the pair whose ratio is in the middle.
fn row(size: usize, most: f64, mut pairs: Vec<(f64, f64)>) {
    pairs.sort_by(|one, other| (one.1 / one.0).total_cmp(&(other.1 / other.0)));
    let (floor, ours) = pairs[pairs.len() / 2];
    let ratio = ours / floor;
    let met = if ratio <= most { "met" } else { "missed" };
    println!("| {size} | {floor:.0} | {ours:.0} | {ratio:.2} | {most} | {met} |");
}
