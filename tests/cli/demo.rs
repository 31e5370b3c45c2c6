//! `git chant demo`: the whole way from a report to its fix, with everything that it claims looked at again.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{
    json_schema::Contract,
    support::{Ran, Sandbox},
};

/// What the commands of the demo left.
struct Left<'a> {
    sandbox: &'a Sandbox,
    repo: PathBuf,
    /// The full ids of the specs, in the order of the phases.
    specs: Vec<String>,
}

impl Left<'_> {
    fn at(sandbox: &Sandbox, repo: impl Into<PathBuf>) -> Left<'_> {
        let repo = repo.into();
        let refs = sandbox.git_in(&repo, &["for-each-ref", "--format=%(refname:lstrip=3)", "refs/chant/specs"]);
        Left { sandbox, repo, specs: refs.lines().map(str::to_owned).collect() }
    }

    #[track_caller]
    fn git(&self, args: &[&str]) -> String {
        self.sandbox.git_in(&self.repo, args)
    }

    /// Everything that has to hold of a demo, wherever and under whatever circumstances it ran.
    #[track_caller]
    fn holds(&self) {
        assert_eq!(self.specs.len(), 6, "{:?}", self.specs);
        let [investigated @ .., gate] = self.specs.as_slice() else { panic!("{:?}", self.specs) };
        self.git(&["fsck", "--strict"]);
        assert_eq!(self.git(&["status", "--porcelain"]), format!("?? .chant/specs/{gate}.md"));
        assert_eq!(self.git(&["branch", "--format=%(refname:short)"]), "main");
        assert_eq!(self.git(&["worktree", "list", "--porcelain"]).matches("worktree ").count(), 1);
        assert_eq!(self.git(&["log", "--format=%an <%ae>", "--all"]).lines().collect::<BTreeSet<_>>().len(), 1);

        for id in investigated {
            assert_eq!(self.life(id), ["pending", "in_progress", "finished", "finished", "completed"], "{id}");
        }
        assert_eq!(self.life(gate), ["pending"]);
        self.trail_holds(investigated);
        self.notes_hold(investigated);
    }

    /// The statuses of one spec, oldest first, as git reads them.
    #[track_caller]
    fn life(&self, id: &str) -> Vec<String> {
        let chain = format!("chant/specs/{id}");
        let format = "--format=%s|%(trailers:key=Chant-Spec,valueonly,separator=)|%(trailers:key=Chant-Status,valueonly,separator=)";
        let log = self.git(&["log", "--reverse", "--first-parent", format, &chain]);
        let events: Vec<Vec<&str>> = log.lines().map(|line| line.split('|').collect()).collect();
        for event in &events {
            assert!(event[0].starts_with(&format!("chant({}): ", &id[11..])), "{event:?}");
            assert_eq!(event[1], id);
        }
        events.iter().map(|event| event[2].to_owned()).collect()
    }

    /// The fix reaches every event of every phase that informed it.
    #[track_caller]
    fn trail_holds(&self, investigated: &[String]) {
        let fix = format!("chant/specs/{}", investigated.last().unwrap());
        let reached = self.git(&["log", "--format=%(trailers:key=Chant-Spec,valueonly,separator=)", &fix]);
        for id in investigated {
            assert_eq!(reached.lines().filter(|line| line == id).count(), 5, "{id}:\n{reached}");
        }
    }

    /// Each commit on the branch, but the first, says which spec it came from, and each spec has some.
    #[track_caller]
    fn notes_hold(&self, investigated: &[String]) {
        let mut named = BTreeSet::new();
        let commits = self.git(&["rev-list", "main"]);
        let (root, made) = commits.lines().collect::<Vec<_>>().split_last().map(|(r, m)| (*r, m.to_vec())).unwrap();
        for commit in made {
            let note = self.git(&["log", "-1", "--notes=chant", "--format=%N", commit]);
            let id = note.trim_end().strip_prefix("Chant-Spec: ").unwrap_or_else(|| panic!("{commit}: {note}"));
            named.insert(id.to_owned());
        }
        assert_eq!(named.into_iter().collect::<Vec<_>>(), investigated);
        assert_eq!(self.git(&["log", "-1", "--notes=chant", "--format=%N", root]).trim(), "");
    }

    /// The exit code of the test of the bug at a commit.
    #[track_caller]
    fn test_of_the_bug(&self, commit: &str) -> i32 {
        self.git(&["checkout", "-q", commit]);
        let mut test = self.sandbox.command_in(&self.repo, "sh");
        self.sandbox.run(test.args(["tests/run", "regression/issue_1234"])).code
    }
}

/// What lies in a directory, sorted.
fn entries(dir: &Path) -> Vec<String> {
    let names = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The demo, not run yet, from `dir`.
fn demo(sandbox: &Sandbox, dir: &Path, args: &[&str]) -> Command {
    let mut command = sandbox.command_in(dir, env!("CARGO_BIN_EXE_git-chant"));
    command.arg("demo").args(args);
    command
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_whole_way_inside_of_another_repository() {
    let sandbox = Sandbox::new();
    let temporary = sandbox.repo.join("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let before = sandbox.git(&["for-each-ref"]);

    let ran = sandbox.run(demo(&sandbox, &sandbox.repo, &[]).env("TMPDIR", &temporary)).ok();
    for said in [
        "$ git chant add \"Fix issue #1234",
        "$ git chant work ",
        "Completed in ",
        "gate: only a person",
        "$ git chant list",
    ] {
        assert!(ran.err.contains(said), "'{said}' is not in\n{}", ran.err);
    }

    // Nothing is left in the temporary directory but what it says.
    let made = temporary.join(&entries(&temporary)[0]);
    assert_eq!((entries(&temporary).len(), entries(&made)), (1, vec!["kvstore".to_owned()]));
    let repo = made.join("kvstore").canonicalize().unwrap();
    assert!(ran.out.contains(&format!("The repository is {}\n", repo.display())), "{}", ran.out);
    assert_eq!(sandbox.git(&["for-each-ref"]), before);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "?? temporary/");
    let settings = sandbox.git(&["config", "--local", "--list", "--name-only"]);
    assert!(!settings.contains("chant") && !settings.contains("user."), "{settings}");

    let left = Left::at(&sandbox, &repo);
    left.holds();
    // Every command that it proposes to look at something works.
    let (fix, gate) = (&left.specs[4], &left.specs[5]);
    for command in [format!("git log --graph --oneline chant/specs/{fix}"), "git log --notes=chant main".to_owned()] {
        assert!(ran.out.contains(&command), "{command} is not in\n{}", ran.out);
    }
    let shown = sandbox.chant_in(&repo, &["show", &fix[11..]]).ok().out;
    assert!(shown.contains("base: exit code 1, tip: exit code 0"), "{shown}");
    sandbox.chant_in(&repo, &["work", &gate[11..]]).fails(1, &["is not ready: gate"]);
    // No agent passes the gate; a person does, when it is done.
    let finish = ["finish", &gate[11..]];
    let mut as_agent = sandbox.command_in(&repo, env!("CARGO_BIN_EXE_git-chant"));
    sandbox.run(as_agent.args(finish).env("CHANT_SPEC_ID", fix)).fails(1, &["only a person can finish a spec"]);
    let early = sandbox.chant_in(&repo, &finish).fails(1, &["unticked", "git chant finish"]);
    assert!(!early.err.contains("git chant work"), "{}", early.err);
    let text = repo.join(format!(".chant/specs/{gate}.md"));
    std::fs::write(&text, std::fs::read_to_string(&text).unwrap().replace("- [ ]", "- [x]")).unwrap();
    sandbox.chant_in(&repo, &finish).ok();
    assert_eq!(left.life(gate).last().unwrap(), "completed");
    // The bug is there until the fix, and gone with it.
    assert_eq!(left.test_of_the_bug("main^1"), 1);
    assert_eq!(left.test_of_the_bug("main"), 0);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn nothing_of_the_persons_own_gets_in_its_way() {
    let sandbox = Sandbox::new();
    let home = sandbox.dir().join("home");
    let hooks = sandbox.dir().join("hooks");
    std::fs::create_dir(&hooks).unwrap();
    for hook in ["pre-commit", "commit-msg", "post-checkout", "pre-merge-commit", "reference-transaction"] {
        std::fs::write(hooks.join(hook), "#!/bin/sh\necho \"hook $0\" >&2\nexit 1\n").unwrap();
        std::fs::set_permissions(hooks.join(hook), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let config = format!(
        "[commit]\n gpgSign = true\n[gpg]\n program = /nowhere/gpg\n[core]\n autocrlf = true\n eol = crlf\n hooksPath = {}\n pager = false\n \
         editor = false\n[init]\n defaultBranch = trunk\n templateDir = /nowhere\n[user]\n useConfigOnly = true\n[chant]\n agent = absent\n \
         sign = true\n[merge]\n ff = only\n[color]\n ui = always\n",
        hooks.display()
    );
    std::fs::write(home.join(".gitconfig"), &config).unwrap();
    std::fs::create_dir_all(home.join(".config/git")).unwrap();
    std::fs::write(home.join(".config/git/ignore"), "*\n").unwrap();
    std::fs::write(home.join(".config/git/attributes"), "* text eol=crlf filter=none\n").unwrap();
    let before = (sandbox.git(&["for-each-ref"]), std::fs::read(sandbox.repo.join(".git/index")).unwrap());

    // As it would be in a hook, in an agent, and behind 'git -c'.
    let mut command = demo(&sandbox, &sandbox.repo, &["--json", "../a directory"]);
    command.env_remove("GIT_CONFIG_GLOBAL").env_remove("GIT_CONFIG_NOSYSTEM");
    command.env("GIT_CONFIG_SYSTEM", home.join(".gitconfig"));
    command.env("GIT_DIR", sandbox.repo.join(".git")).env("GIT_INDEX_FILE", ".git/index").env("GIT_WORK_TREE", ".");
    command.env("GIT_AUTHOR_NAME", "Absent").env("GIT_AUTHOR_DATE", "rubbish").env("GIT_DEFAULT_HASH", "rubbish");
    command.env("GIT_CONFIG_PARAMETERS", format!("'core.hooksPath'='{}'", hooks.display()));
    command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "commit.gpgSign").env("GIT_CONFIG_VALUE_0", "true");
    command.env("CHANT_SPEC_ID", "2026-02-08-010-v7b").env("CHANT_RUN", "x");
    let ran = sandbox.run(&mut command).ok();

    assert_eq!(ran.err, "");
    let answer = Contract::new().holds("demo", &ran);
    let repo = sandbox.dir().join("a directory").canonicalize().unwrap();
    assert_eq!(answer["path"], repo.to_str().unwrap());
    assert!(answer["look"].as_array().is_some_and(|look| look.len() > 3), "{answer}");
    let left = Left::at(&sandbox, &repo);
    left.holds();
    assert!(left.git(&["log", "--all", "--format=%an"]).lines().all(|name| name == "Ada Lovelace"));
    assert_eq!(entries(sandbox.dir()), ["a directory", "home", "hooks", "repo"]);
    assert_eq!((sandbox.git(&["for-each-ref"]), std::fs::read(sandbox.repo.join(".git/index")).unwrap()), before);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn without_a_home_in_colour_and_two_at_once() {
    let sandbox = Sandbox::empty();
    let start = || -> Child {
        let mut command = demo(&sandbox, sandbox.dir(), &["same", "--color=always"]);
        command.env_remove("HOME").env_remove("XDG_CACHE_HOME");
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let ran = [start(), start()].map(|child| Ran::of(child.wait_with_output().unwrap()));
    let [won, lost] = ran;
    let (won, lost) = if won.code == 0 { (won, lost) } else { (lost, won) };
    lost.fails(128, &["'same' exists and is not empty"]);
    let won = won.ok();
    for said in ["\u{1b}[32mCompleted\u{1b}[0m in", "\u{1b}[36m# 1. Comprehension", "\u{1b}[1m$ git chant list"] {
        assert!(won.err.contains(said), "{said:?} is not in\n{:?}", won.err);
    }
    Left::at(&sandbox, sandbox.dir().join("same")).holds();
    assert_eq!(entries(sandbox.dir()), ["home", "repo", "same"]);
}

#[test]
#[ignore = "two whole demos at once take long"]
fn two_at_once_have_nothing_to_do_with_each_other() {
    let sandbox = Sandbox::empty();
    let start = |name: &str| -> Child {
        let mut command = demo(&sandbox, sandbox.dir(), &[name, "--quiet"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    // One is a prefix of the other: so are the names of their worktrees.
    for child in [start("one"), start("one.chant-001")] {
        let ran = Ran::of(child.wait_with_output().unwrap()).ok();
        assert_eq!(ran.err, "");
    }
    Left::at(&sandbox, sandbox.dir().join("one")).holds();
    Left::at(&sandbox, sandbox.dir().join("one.chant-001")).holds();
    assert_eq!(entries(sandbox.dir()), ["home", "one", "one.chant-001", "repo"]);
}

#[test]
fn a_place_that_is_taken_is_left_as_it_is() {
    let sandbox = Sandbox::new();
    let before = sandbox.git(&["for-each-ref"]);
    let refused = |place: &str, why: &str| {
        sandbox.run(&mut demo(&sandbox, &sandbox.repo, &[place])).fails(128, &[&format!("'{place}' {why}")]);
    };
    refused(".", "exists and is not empty");
    refused("file", "is not a directory");
    sandbox.write("dir/.hidden", "");
    refused("dir", "exists and is not empty");
    assert_eq!(entries(&sandbox.repo.join("dir")), [".hidden"]);
    std::os::unix::fs::symlink("nowhere", sandbox.repo.join("dangling")).unwrap();
    sandbox.run(&mut demo(&sandbox, &sandbox.repo, &["dangling"])).fails(128, &["dangling"]);
    assert!(!sandbox.repo.join("nowhere").exists());
    assert_eq!(sandbox.git(&["for-each-ref"]), before);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "?? dangling\n?? dir/");
}

#[test]
fn an_interrupt_ends_it_and_what_there_is_can_be_gone_on_with() {
    let sandbox = Sandbox::empty();
    let mut command = demo(&sandbox, sandbox.dir(), &["cut"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("Agent working") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "it ended without working");
    }
    let pid = child.id().to_string();
    sandbox.run(sandbox.command_in(sandbox.dir(), "kill").args(["-INT", &pid]));
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("the demo was interrupted"), "{rest}");

    let left = Left::at(&sandbox, sandbox.dir().join("cut"));
    assert_eq!(left.specs.len(), 1);
    sandbox.chant_in(&left.repo, &["work", &left.specs[0]]).ok();
    assert_eq!(left.life(&left.specs[0]).last().unwrap(), "completed");
}
