//! A repository is kept in order: imports, hooks, faults, what is left over, and the way out.

use crate::answers::story::{Story, stories};

stories! {
    import = super::import;
    upkeep = super::upkeep;
}

/// Specs of chant are taken over.
fn import(story: &mut Story) {
    let spec = |id: &str, front: &str| {
        (format!(".chant/specs/{id}.md"), format!("---\ntype: code\n{front}---\n# Spec {id}\n"))
    };
    for (path, text) in [
        spec("2001-01-01-001-aaa", ""),
        spec("2001-01-01-002-bbb", "status: completed\ncommits: [abcdef1]\n"),
        spec("2001-01-01-003-ccc", "status: failed\n"),
        spec("2001-01-01-004-ddd", "status: completed\n"),
        spec("2001-01-01-005-eee", "status: nonsense\n"),
    ] {
        story.sandbox.write(&path, &text);
    }
    story.commit("Specs of chant");
    story.chant(&["list", "--all"]);
    story.chant(&["show", "2001-01-01-004-ddd"]);
    story.chant(&["lint"]);
    story.chant(&["import", "--dry-run"]);
    story.chant(&["import"]);
    story.chant(&["import"]);
    story.chant(&["list", "--all"]);
    story.chant(&["log", "2001-01-01-004-ddd"]);
}

/// Hooks, faults and leftovers; in the end everything is taken out.
fn upkeep(story: &mut Story) {
    story.sandbox.agent("echo two >file; git commit -qam Two; tick");
    story.chapter("Hooks");
    story.chant(&["hooks"]);
    story.chant(&["hooks", "install", "--dry-run"]);
    story.chant(&["hooks", "install"]);
    story.chant(&["hooks"]);
    story.chant(&["hooks", "uninstall"]);
    story.chapter("Faults");
    let first = story.add(&["First"]);
    let second = story.add(&["Second"]);
    story.chant(&["work", &first]);
    story.chant(&["fsck"]);
    story.git(&["update-ref", "-d", "refs/notes/chant"]);
    story.git(&["update-ref", &format!("refs/chant/specs/{second}"), "HEAD"]);
    story.git(&["update-ref", "refs/chant/specs/nonsense", "HEAD"]);
    std::fs::remove_file(story.sandbox.repo.join(format!(".chant/specs/{first}.md"))).unwrap();
    story.chant(&["fsck"]);
    story.chant(&["show", &second]);
    story.chant(&["fsck", "--repair"]);
    story.chant(&["recover"]);
    story.git(&["update-ref", "-d", "refs/chant/specs/nonsense"]);
    story.git(&["update-ref", "-d", &format!("refs/chant/specs/{second}")]);
    story.chant(&["fsck"]);
    story.chapter("Leftovers");
    let third = story.add(&["Third"]);
    story.sandbox.agent("echo half >half; git add half; git commit -qm Half; exit 1");
    story.chant(&["work", &third]);
    story.chant(&["work", &third]);
    story.chant(&["prune", "--dry-run"]);
    story.chant(&["prune"]);
    story.chapter("The manual, and the way out");
    story.chant(&["install-man", "--dry-run"]);
    story.chant(&["deinit", "--dry-run"]);
    story.chant(&["deinit"]);
    story.chant(&["list"]);
}
