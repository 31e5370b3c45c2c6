//! Rewritten commits keep their link to the spec, in every worktree and by every command that rewrites.

use std::path::{Path, PathBuf};

use super::{install, named};
use crate::support::Sandbox;

/// The specs that `why` names for the newest commit in `dir`, and how certain it is.
fn why(sandbox: &Sandbox, dir: &Path) -> (String, String) {
    let answer = sandbox.chant_in(dir, &["why", "HEAD", "--json"]).json()["why"][0].clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (text(&answer["certainty"]), text(&answer["spec"]["id"]))
}

/// A spec whose agent made one commit and that is not merged: its id, its worktree, its commit.
fn finished(sandbox: &Sandbox) -> (String, PathBuf, String) {
    sandbox.agent("tick; sed -i 's/^2$/two/' file; git commit -qam 'Write it out'");
    sandbox.write("file", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Numbers"]);
    let id = sandbox.add(&["Write it out"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Spec"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let tree = PathBuf::from(sandbox.chant(&["path", &id]).ok().out.trim_end());
    let made = sandbox.git_in(&tree, &["rev-parse", "HEAD"]);
    (id, tree, made)
}

/// Takes the change back and puts a line at the end of the file, so that no line of the change is left.
fn differ(sandbox: &Sandbox, dir: &Path) {
    let path = dir.join("file");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("two", "2") + "10\n").unwrap();
    sandbox.git_in(dir, &["add", "file"]);
}

#[test]
fn with_hooks_they_hold_whatever_the_commit_becomes() {
    let sandbox = Sandbox::new();
    install(&sandbox);
    let (id, tree, made) = finished(&sandbox);
    let claimed = ("claimed".to_owned(), id.clone());
    let noted = |dir: &Path| sandbox.git_in(dir, &["notes", "--ref=chant", "show", "HEAD"]);

    // In its worktree: amended to another change, then rebased. The notes come along without a setting.
    differ(&sandbox, &tree);
    sandbox.git_in(&tree, &["commit", "-q", "--amend", "-m", "Write it out, and more"]);
    assert_eq!(
        (named(&sandbox, &tree), noted(&tree), why(&sandbox, &tree)),
        (id.clone(), format!("Chant-Spec: {id}"), claimed.clone())
    );
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "In between"]);
    sandbox.git_in(&tree, &["rebase", "-q", "main"]);
    assert_eq!((noted(&tree), why(&sandbox, &tree)), (format!("Chant-Spec: {id}"), claimed.clone()));

    // Elsewhere: picked, squashed, rebased with an editor.
    sandbox.git(&["checkout", "-q", "-b", "picked"]);
    sandbox.git(&["cherry-pick", &made]);
    differ(&sandbox, &sandbox.repo);
    sandbox.git(&["commit", "-q", "--amend", "--no-edit"]);
    assert_eq!((named(&sandbox, &sandbox.repo), why(&sandbox, &sandbox.repo)), (id.clone(), claimed.clone()));
    sandbox.git(&["checkout", "-q", "-b", "squashed", "main"]);
    sandbox.git(&["merge", "-q", "--squash", &made]);
    differ(&sandbox, &sandbox.repo);
    sandbox.git(&["commit", "-qm", "All at once"]);
    assert_eq!((named(&sandbox, &sandbox.repo), why(&sandbox, &sandbox.repo)), (id.clone(), claimed.clone()));
    sandbox.git(&["checkout", "-q", "-b", "rebased", &made]);
    sandbox.git(&[
        "-c",
        "sequence.editor=sed -i 1s/pick/reword/",
        "-c",
        "core.editor=sed -i 1s/^/Re-/",
        "rebase",
        "-q",
        "-i",
        "main",
    ]);
    assert_eq!((named(&sandbox, &sandbox.repo), why(&sandbox, &sandbox.repo).1), (id.clone(), id.clone()));
    // What has nothing to do with it has no link.
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "Something else"]);
    assert_eq!(named(&sandbox, &sandbox.repo), "");
}

#[test]
fn without_hooks_they_hold_as_long_as_the_change_does() {
    let sandbox = Sandbox::new();
    let (id, tree, made) = finished(&sandbox);
    let found = ("patch".to_owned(), id);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "In between"]);
    sandbox.git_in(&tree, &["commit", "-q", "--amend", "-m", "Say it otherwise"]);
    assert_eq!(why(&sandbox, &tree), found);
    sandbox.git_in(&tree, &["rebase", "-q", "main"]);
    assert_eq!(why(&sandbox, &tree), found);
    sandbox.git(&["checkout", "-q", "-b", "picked"]);
    sandbox.git(&["cherry-pick", &made]);
    assert_eq!(why(&sandbox, &sandbox.repo), found);
    sandbox.git(&["checkout", "-q", "-b", "squashed", "main"]);
    sandbox.git(&["merge", "-q", "--squash", &made]);
    sandbox.git(&["commit", "-qm", "All at once"]);
    assert_eq!(why(&sandbox, &sandbox.repo), found);
}
