//! The manual: installed, found by `man` and git, and taken away whole; help without it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use git_chant::testing as manual;

use crate::support::{Ran, Sandbox, tools::need};

/// Every file below a directory with its text.
fn files(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read_to_string(&path).unwrap());
        }
    }
    found
}

/// What a person with that manual gets.
fn with_manual(sandbox: &Sandbox, place: &Path, args: &[&str]) -> Ran {
    let mut command = sandbox.command_in(&sandbox.repo, args[0]);
    command.args(&args[1..]).env("MANPATH", place).env("MANPAGER", "cat").env("PAGER", "cat").env("MANWIDTH", "80");
    sandbox.run(&mut command)
}

#[test]
fn it_is_installed_once_and_taken_away_whole() {
    let sandbox = Sandbox::new();
    let share = sandbox.dir().join("home/.local/share");
    let place = share.join("man");
    let plan = sandbox.chant(&["install-man", "--dry-run"]).ok();
    assert!(plan.out.starts_with("Would write ") && !place.exists(), "{}", plan.out);

    let wrote = sandbox.chant(&["install-man"]).ok();
    assert!(wrote.err.contains(&format!("export MANPATH={}:", place.display())), "{}", wrote.err);
    let pages: BTreeMap<_, _> =
        manual::files().into_iter().map(|page| (place.join(page.directory()).join(&page.file), page.text)).collect();
    assert!(files(&place) == pages, "{:?}", files(&place).keys());
    for path in pages.keys() {
        assert!(wrote.out.contains(&format!("    {}\n", path.display())), "{}", wrote.out);
    }
    assert_eq!(sandbox.chant(&["install-man"]).ok().out, "Nothing to change\n");

    // Another version's: one page in other words, and one of a command that is gone. What is no page of ours stays.
    let work = place.join("man1/git-chant-work.1");
    let old = pages[&work].replace("spec", "task");
    fs::write(&work, &old).unwrap();
    fs::write(place.join("man1/git-chant-gone.1"), &old).unwrap();
    let mine = [place.join("man1/git-chant-mine.1"), place.join("man1/other.1")];
    fs::write(&mine[0], ".TH mine\n").unwrap();
    fs::write(&mine[1], &old).unwrap();
    let again = sandbox.chant(&["install-man"]).ok().out;
    assert!(again.starts_with("Wrote 1 page in ") && again.contains("\nRemoved 1 page\n"), "{again}");
    assert_eq!(files(&place).len(), pages.len() + mine.len());

    sandbox.chant(&["install-man", "--remove"]).ok();
    assert_eq!(files(&place).keys().collect::<Vec<_>>(), mine.iter().collect::<Vec<_>>());
    mine.iter().for_each(|path| fs::remove_file(path).unwrap());
    sandbox.chant(&["install-man"]).ok();
    sandbox.chant(&["install-man", "--remove"]).ok();
    assert!(!place.join("man1").exists());
    assert_eq!(sandbox.chant(&["install-man", "--remove"]).ok().out, "Nothing to change\n");
}

#[test]
fn it_goes_where_man_looks_and_touches_no_page_of_others() {
    let sandbox = Sandbox::new();
    let bin = sandbox.dir().join("home/.cargo/bin");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let ran = sandbox.run(sandbox.binary(&["install-man", "-q"]).env("PATH", &path)).ok();
    let beside = sandbox.dir().join("home/.cargo/share/man");
    assert!(beside.join("man7/gitchant-workflow.7").is_file(), "{}", ran.out);
    sandbox.run(sandbox.binary(&["install-man", "--remove"]).env("PATH", &path)).ok();
    assert_eq!(files(&beside), BTreeMap::new());

    let there = sandbox.dir().join("there");
    fs::create_dir_all(there.join("man5")).unwrap();
    fs::write(there.join("man5/gitchant-spec.5"), "mine\n").unwrap();
    let target = there.to_str().unwrap();
    sandbox.chant(&["install-man", target]).fails(1, &["man5/gitchant-spec.5' exists and is not a page of git-chant"]);
    assert_eq!(files(&there).len(), 1, "nothing is written before everything was looked at");
    fs::remove_file(there.join("man5/gitchant-spec.5")).unwrap();
    fs::write(sandbox.dir().join("file"), "").unwrap();
    sandbox.chant(&["install-man", "../file"]).fails(128, &["/file/man1"]);
    let mut lost = sandbox.binary(&["install-man"]);
    sandbox.run(lost.env_remove("HOME").env_remove("XDG_CACHE_HOME")).fails(128, &["to name a directory"]);
}

#[test]
fn man_and_git_find_the_pages() {
    if !need("man") {
        return;
    }
    let sandbox = Sandbox::new();
    let place = sandbox.dir().join("man");
    sandbox.chant(&["install-man", "../man"]).ok();
    for (args, title) in [
        (&["git", "help", "chant"][..], "GIT-CHANT(1)"),
        (&["git", "chant", "--help"], "GIT-CHANT(1)"),
        (&["git", "help", "chant-work"], "GIT-CHANT-WORK(1)"),
        (&["git", "help", "git-chant-work"], "GIT-CHANT-WORK(1)"),
        (&["man", "git-chant-install-man"], "GIT-CHANT-INSTALL-MAN(1)"),
        (&["man", "gitchant-workflow"], "GITCHANT-WORKFLOW(7)"),
        (&["git", "help", "chant-workflow"], "GITCHANT-WORKFLOW(7)"),
        (&["man", "gitchant-spec"], "GITCHANT-SPEC(5)"),
        (&["man", "5", "gitchant-format"], "GITCHANT-FORMAT(5)"),
    ] {
        let page = with_manual(&sandbox, &place, args).ok().out;
        assert!(page.starts_with(title) || page.contains(&format!("\n{title}")), "{args:?}: {page}");
    }
    // This one git leaves to the command.
    let help = with_manual(&sandbox, &place, &["git", "chant", "work", "--help"]).ok().out;
    assert!(help.contains("Usage: git chant work "), "{help}");
}

#[test]
fn help_needs_no_manual() {
    let sandbox = Sandbox::new();
    let all = sandbox.chant_in(sandbox.dir(), &["help"]).ok().out;
    assert!(all.contains("Usage: git chant ") && all.contains("\n  workflow  From an idea"), "{all}");
    for topic in ["work", "chant-work", "git-chant-work"] {
        let text = sandbox.chant(&["help", topic]).ok().out;
        assert!(text.contains("Usage: git chant work ") && text.contains("Examples:"), "{text}");
    }
    assert!(sandbox.chant(&["help", "ls"]).ok().out.contains("Usage: git chant list "));
    for topic in ["config", "chant-config", "gitchant-config"] {
        let text = sandbox.chant(&["help", topic]).ok().out;
        assert!(text.starts_with("# gitchant-config(5): ") && text.contains("\n`chant.agent`"), "{text}");
        assert!(!text.contains("{{config}}"), "{text}");
    }
    sandbox.chant(&["help", "wrok"]).fails(129, &["did you mean 'work'?"]);
    sandbox.chant(&["help", "nonsense"]).fails(129, &["no such command or guide: 'nonsense'"]);
    let version = sandbox.chant(&["version"]).ok().out;
    assert_eq!(version, concat!("git-chant version ", env!("CARGO_PKG_VERSION"), "\n"));
    let build = sandbox.chant(&["version", "--build"]).ok().out;
    assert!(build.starts_with(&version) && build.contains("\nrustc: rustc ") && build.contains("\ngix: 0."), "{build}");
}
