//! Confined agents that put something else under the names by which git finds its configuration: directories above them, links on the way.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use crate::{agent_work::GOOD, confined::confined, support::Sandbox};

/// A directory with hooks that say that they ran, and the file in which they say it.
fn hooks(sandbox: &Sandbox) -> (PathBuf, PathBuf) {
    let (dir, ran) = (sandbox.dir().join("hooks"), sandbox.dir().join("ran"));
    fs::create_dir(&dir).unwrap();
    for name in ["post-merge", "pre-merge-commit", "post-checkout", "pre-commit", "post-commit"] {
        let path = dir.join(name);
        fs::write(&path, format!("#!/bin/sh\necho {name} >>{}\n", ran.display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    (dir, ran)
}

/// Moves the global configuration into `home/dotfiles`, and puts a link to it where it was, as managers of dotfiles do.
fn linked(sandbox: &Sandbox) -> PathBuf {
    let home = sandbox.dir().join("home");
    fs::create_dir(home.join("dotfiles")).unwrap();
    let _none_yet = fs::rename(home.join("gitconfig"), home.join("dotfiles/gitconfig"));
    fs::OpenOptions::new().append(true).create(true).open(home.join("dotfiles/gitconfig")).unwrap();
    symlink("dotfiles/gitconfig", home.join("gitconfig")).unwrap();
    home.join("gitconfig")
}

fn sets(hooks: &Path) -> String {
    format!("printf '[core]\\n\\thooksPath = %s\\n' {}", hooks.display())
}

/// The work of the agent waits for a person, to whom the key is named, and no hook ran before that.
fn waits(sandbox: &Sandbox, id: &str, ran: &Path) {
    let said = sandbox.chant(&["work", id]);
    let ran = fs::read_to_string(ran).unwrap_or_default();
    assert_eq!(ran, "", "{}{}", said.out, said.err);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.err.contains("core.hookspath"), "{}", said.err);
    assert!(!said.err.contains("not by the agent"), "{}", said.err);
    assert_eq!(sandbox.status(id), "finished");
}

#[test]
fn a_link_to_the_configuration_that_it_replaced_waits_for_a_person() {
    let Some((sandbox, id)) = confined("") else { return };
    let (dir, ran) = hooks(&sandbox);
    let link = linked(&sandbox);
    let link = link.display();
    sandbox.agent(&format!(
        "{GOOD}; echo x >>{link} && exit 8; cp {link} {link}.new; {} >>{link}.new; mv {link}.new {link} || exit 9",
        sets(&dir)
    ));
    waits(&sandbox, &id, &ran);
}

#[test]
fn what_an_included_file_says_that_it_made_waits_for_a_person() {
    let Some((sandbox, id)) = confined("") else { return };
    let (dir, ran) = hooks(&sandbox);
    // A link that leads nowhere keeps nothing in its place.
    let (included, more) = (sandbox.dir().join("home/included"), sandbox.dir().join("home/more"));
    symlink("more", &included).unwrap();
    sandbox.git(&["config", "--global", "include.path", included.to_str().unwrap()]);
    sandbox.agent(&format!("{GOOD}; {} >{} || exit 9", sets(&dir), more.display()));
    waits(&sandbox, &id, &ran);
}

#[test]
fn hooks_of_a_directory_that_it_made_wait_for_a_person() {
    let Some((sandbox, id)) = confined("") else { return };
    let (dir, ran) = hooks(&sandbox);
    let named = sandbox.dir().join("home/hooks");
    sandbox.git(&["config", "--global", "core.hooksPath", named.to_str().unwrap()]);
    sandbox.agent(&format!("{GOOD}; cp -a {} {}", dir.display(), named.display()));
    sandbox.chant(&["work", &id]).fails(1, &["the hook", "was changed"]);
    assert!(!fs::read_to_string(&ran).unwrap_or_default().contains("merge"), "no merge happened");
    assert_eq!(sandbox.status(&id), "finished");
}

#[test]
fn a_directory_above_the_configuration_keeps_its_name() {
    let Some((sandbox, id)) = confined("") else { return };
    let above = sandbox.dir().join("home/.config");
    fs::create_dir_all(above.join("git")).unwrap();
    fs::write(above.join("git/config"), "[user]\n\tnickname = Ada\n").unwrap();
    let dir = above.display();
    sandbox.agent(&format!("{GOOD}; mv {dir} {dir}.old && exit 8; echo x >{dir}/other && mkdir {dir}/more || exit 9"));
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    assert!(above.join("other").exists() && above.join("git/config").exists());
}

#[test]
fn what_a_person_edits_behind_a_link_is_only_told() {
    let Some((sandbox, id)) = confined("") else { return };
    let link = linked(&sandbox);
    let go = sandbox.dir().join("home/go");
    sandbox.agent(&format!("touch {0}; until test -e {0}.on; do sleep 0.05; done; {GOOD}", go.display()));
    let mut work = sandbox.binary(&["work", &id]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    while !go.exists() {
        assert!(work.try_wait().unwrap().is_none(), "it ended early");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let text = fs::read_to_string(&link).unwrap();
    fs::write(&link, text + "[user]\n\tnickname = Ada\n").unwrap();
    fs::write(go.with_extension("on"), "").unwrap();
    let ended = work.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && said.contains("user.nickname"), "{said}");
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn a_directory_above_the_repository_keeps_its_name() {
    let Some((mut sandbox, id)) = confined("") else { return };
    let dir = sandbox.dir().join("up");
    fs::create_dir(&dir).unwrap();
    fs::rename(&sandbox.repo, dir.join("repo")).unwrap();
    sandbox.repo = dir.join("repo");
    sandbox.agent(&format!("mv {0} {0}-away && exit 8; {GOOD}", dir.display()));
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn what_stands_in_the_place_of_its_worktree_is_neither_deleted_nor_written() {
    let link = "ln -s PAPERS \"$top\"";
    let other = "mv PAPERS \"$top\"; cp \"$top.x/.git\" \"$top\"";
    for (end, put) in
        [("reset", link), ("cancel", link), ("work", link), ("reset", other), ("cancel", other), ("prune", other)]
    {
        let sandbox = Sandbox::new();
        let papers = sandbox.dir().join("papers");
        fs::create_dir(&papers).unwrap();
        fs::write(papers.join("letter"), "mine\n").unwrap();
        let put = put.replace("PAPERS", papers.to_str().unwrap());
        sandbox.agent(&format!("top=$(pwd); cd ..; mv \"$top\" \"$top.x\"; {put}"));
        let id = sandbox.add(&["Make it two"]);
        let ran = sandbox.chant(&["work", &id]);
        assert_ne!(ran.code, 0, "{}{}", ran.out, ran.err);
        let ran = if end == "prune" { sandbox.chant(&["prune"]) } else { sandbox.chant(&[end, &id]) };
        let place = if papers.exists() { papers } else { sandbox.dir().join(format!("repo.chant-{}", &id[11..])) };
        let mut names: Vec<_> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.retain(|name| name != ".git");
        assert_eq!(names, ["letter"], "{end}, {put}: {}{}", ran.out, ran.err);
        if end == "reset" || end == "cancel" {
            assert!(
                ran.code == 0 && ran.err.contains("only its registration was removed"),
                "{end}, {put}: {}",
                ran.err
            );
            assert!(!sandbox.git(&["worktree", "list"]).contains(".chant-"), "{end}, {put}");
        }
    }
}
