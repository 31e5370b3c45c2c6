//! What a sync with nothing to do costs beside git's own fetch from the same remote.

use std::{fs, path::Path, process::Command};

use crate::{
    measure::{self, Place, Subject},
    table,
};

/// Measures it in a copy of the repository, with an empty server that it has for a remote.
pub fn row(home: &Path, from: &Place, rounds: usize) {
    let dir = home.join("exchange");
    let _earlier = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("the directory can be made");
    let (top, server) = (dir.join("top"), dir.join("server.git"));
    let status = Command::new("cp").args(["-Rp".as_ref(), from.top.as_os_str(), top.as_os_str()]).status();
    assert!(status.is_ok_and(|status| status.success()), "{} can be copied", from.top.display());
    let _its_worktree_is_the_other_ones = fs::remove_dir_all(top.join(".git/worktrees"));
    let place = Place { top, binary: from.binary.clone() };
    place.said("git", &["init", "-q", "--bare", &server.to_string_lossy()]);
    place.said("git", &["remote", "add", "origin", &format!("file://{}", server.display())]);
    place.said("git", &["push", "-q", "origin", "main"]);
    place.said(&place.binary, &["sync", "--quiet"]);
    let rows = [
        Subject::new("git fetch", "git", &["fetch", "--quiet", "origin"]),
        Subject::new("sync", &place.binary, &["sync", "--quiet"]).at_most(1.5, "git fetch"),
    ];
    println!();
    table(&rows, &measure::rounds(&rows, &place, rounds));
    fs::remove_dir_all(&dir).expect("it was made here");
}
