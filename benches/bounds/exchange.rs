//! What a sync with nothing to do costs beside git's own fetch from the same remote, and what the first one costs.

use std::{fs, path::Path, process::Command, time::Instant};

use crate::{
    measure::{self, Place, Subject},
    table,
};

/// How many specs one `git chant archive` is given.
const CHUNK: usize = 500;

/// Measures it in a copy of the repository in which all that is completed is archived, with an empty server that it has for a remote.
pub fn row(home: &Path, from: &Place, rounds: usize) {
    let dir = home.join("exchange");
    let _earlier = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("the directory can be made");
    let (top, server) = (dir.join("top"), dir.join("server.git"));
    let status = Command::new("cp").args(["-Rp".as_ref(), from.top.as_os_str(), top.as_os_str()]).status();
    assert!(status.is_ok_and(|status| status.success()), "{} can be copied", from.top.display());
    let _its_worktree_is_the_other_ones = fs::remove_dir_all(top.join(".git/worktrees"));
    let place = Place { top, binary: from.binary.clone() };
    let completed = place.said(&place.binary, &["list", "--status", "completed", "--format=%(id)"]);
    for chunk in completed.lines().collect::<Vec<_>>().chunks(CHUNK) {
        place.said(&place.binary, &[&["archive", "--quiet"], chunk].concat());
    }
    place.said("git", &["gc", "-q"]);
    place.said("git", &["init", "-q", "--bare", &server.to_string_lossy()]);
    place.said("git", &["remote", "add", "origin", &format!("file://{}", server.display())]);
    place.said("git", &["push", "-q", "origin", "main"]);
    let started = Instant::now();
    place.said(&place.binary, &["sync", "--quiet"]);
    let first = started.elapsed().as_secs_f64();
    let refs = place.said("git", &["for-each-ref", "refs/chant"]).lines().count();
    let rows = [
        Subject::new("git fetch", "git", &["fetch", "--quiet", "origin"]),
        Subject::new("sync", &place.binary, &["sync", "--quiet"]).at_most(1.5, "git fetch"),
    ];
    println!("\nWhat is completed is archived: {refs} refs; the first sync took {first:.2} s.\n");
    table(&rows, &measure::rounds(&rows, &place, rounds));
    fs::remove_dir_all(&dir).expect("it was made here");
}
