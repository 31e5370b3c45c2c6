//! What a confined agent left for git to read without an end: git waits for none of it.

use crate::{agent_work::GOOD, confined::confined};

/// What commits the good work, with more files than one, so that git asks for their attributes.
fn committed() -> String {
    format!("{GOOD}; for i in 1 2 3; do seq $i 2000 >f$i; done; git add -A; git commit -qm Work")
}

#[test]
fn a_configuration_of_the_run_is_not_read() {
    let script = format!("{}; mkfifo \"$HOME/fifo\"; git config include.path \"$HOME/fifo\"", committed());
    let Some((sandbox, id)) = confined(&script) else { return };
    sandbox.chant(&["work", &id]).ok();
    assert_eq!((sandbox.status(&id).as_str(), sandbox.read("file").as_str()), ("completed", "two\n"));
}

#[test]
fn a_fifo_in_the_worktree_is_removed_and_named() {
    let script =
        format!("{}; mkfifo .gitattributes sub/.gitignore", committed().replacen("git add", "mkdir sub; git add", 1));
    let Some((sandbox, id)) = confined(&script) else { return };
    let ran = sandbox.chant(&["work", &id]).ok();
    for name in [".gitattributes", "sub/.gitignore"] {
        assert!(ran.err.contains(&format!("{name}': it was a FIFO or a device, not a file")), "{}", ran.err);
    }
    assert_eq!((sandbox.status(&id).as_str(), sandbox.read("file").as_str()), ("completed", "two\n"));
}

#[test]
fn git_is_ended_where_it_waits_for_what_the_run_made() {
    let script = format!(
        "{}; mkdir -p \"$HOME/far/pack\"; mkfifo \"$HOME/far/pack/pack-$(git rev-parse HEAD).idx\"; \
         echo x >\"$HOME/far/pack/pack-$(git rev-parse HEAD).pack\"; \
         echo \"$HOME/far\" >>$(git rev-parse --git-common-dir)/objects/info/alternates",
        committed()
    );
    let Some((sandbox, id)) = confined(&script) else { return };
    let ran = sandbox.chant(&["work", &id]).fails(1, &["over what the run left and was ended", "its commits"]);
    assert_eq!((sandbox.status(&id).as_str(), sandbox.read("file").as_str()), ("failed", "one\n"), "{}", ran.err);
    sandbox.chant(&["reset", &id]).ok();
}
