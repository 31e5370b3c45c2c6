//! A fresh machine: everything is set up, used, and taken away again, and nothing of it is left.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use git_chant::testing::preset;

use crate::support::Sandbox;

/// What is where: the mode and text of each file, nothing of a directory.
type Files = BTreeMap<PathBuf, Option<(u32, String)>>;

/// Every file and directory below `dir`; of what git keeps for itself only what people set: configuration, hooks, excludes.
fn files(dir: &Path) -> Files {
    use std::os::unix::fs::PermissionsExt;
    const OF_GIT: [&str; 6] = ["objects", "logs", "refs", "index", "HEAD", "COMMIT_EDITMSG"];
    let mut found = Files::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if dir.ends_with(".git") && OF_GIT.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let meta = path.symlink_metadata().unwrap();
        if meta.is_dir() {
            found.extend(files(&path));
            found.insert(path, None);
        } else {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            found.insert(path, Some((meta.permissions().mode(), text)));
        }
    }
    found
}

/// The paths that are not the same in both.
fn different(before: &Files, after: &Files) -> Vec<PathBuf> {
    let changed = before.iter().filter(|(path, file)| after.get(*path) != Some(file));
    let new = after.iter().filter(|(path, _)| !before.contains_key(*path));
    changed.chain(new).map(|(path, _)| path.clone()).collect()
}

#[test]
fn nothing_is_left_of_any_agents_set_up() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    sandbox.write("AGENTS.md", "# Rules\n");
    sandbox.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n");
    fs::set_permissions(sandbox.repo.join(".git/hooks/pre-commit"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir_all(sandbox.dir().join("home/.local/share")).unwrap();
    let refs = sandbox.git(&["for-each-ref"]);
    let bare = files(sandbox.dir());
    sandbox.chant(&["install-man"]).ok();
    let before = files(sandbox.dir());
    assert!(before != bare);
    // One of those that read the same file stands for all: the rest of what `init` does is the same for each.
    let mut agents: Vec<_> = preset::ALL.iter().collect();
    agents.sort_by_key(|agent| agent.instructions);
    agents.dedup_by_key(|agent| agent.instructions);
    for agent in agents {
        let name = agent.name;
        let init = ["init", "--agent", name, "--notes", "--hooks"];
        sandbox.chant(&init).ok();
        let set = files(sandbox.dir());
        let touched = different(&before, &set);
        // A new CLAUDE.md would hide the AGENTS.md that is there.
        let instructions = if agent.instructions == "CLAUDE.md" { "AGENTS.md" } else { agent.instructions };
        for path in [instructions, ".git/config", ".git/hooks"] {
            assert!(touched.iter().any(|one| one.starts_with(sandbox.repo.join(path))), "{name}: {touched:?}");
        }
        sandbox.chant(&init).ok();
        assert_eq!(different(&set, &files(sandbox.dir())), Vec::<PathBuf>::new(), "{name}: the second time");

        sandbox.add(&["Make it two"]);
        sandbox.chant(&["list"]).ok();
        sandbox.chant(&["status"]).ok();
        sandbox.chant(&["deinit"]).ok();
        // The specs stay, and what was recorded, and nothing else.
        let ours = |path: &PathBuf| [".chant", ".git/chant"].iter().any(|dir| path.starts_with(sandbox.repo.join(dir)));
        let left: Vec<_> = different(&before, &files(sandbox.dir())).into_iter().filter(|path| !ours(path)).collect();
        assert_eq!(left, Vec::<PathBuf>::new(), "{name}");
        sandbox.chant(&["deinit", "--purge", "--yes", "--yes"]).ok();
        assert_eq!(different(&before, &files(sandbox.dir())), Vec::<PathBuf>::new(), "{name}: everything");
        assert_eq!(sandbox.git(&["for-each-ref"]), refs, "{name}");
    }
    sandbox.chant(&["install-man", "--remove"]).ok();
    assert_eq!(different(&bare, &files(sandbox.dir())), Vec::<PathBuf>::new());
}
