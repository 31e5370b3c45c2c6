//! Work that upstream squashed with words of its own: which spec a line is of, and how a person goes on who pulls it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::Sandbox;

/// A repository with a server, and a clone of it in which upstream takes work as one commit.
struct Squashed {
    sandbox: Sandbox,
    server: PathBuf,
    upstream: PathBuf,
}

impl Squashed {
    fn new(silent: bool) -> Squashed {
        let sandbox = Sandbox::new();
        sandbox.write("file", "one\ntwo\nthree\nfour\nfive\n");
        sandbox.commit("Lines");
        let (server, upstream) = (sandbox.dir().join("server.git"), sandbox.dir().join("upstream"));
        sandbox.git(&["clone", "-q", "--bare", ".", &server.display().to_string()]);
        sandbox.git(&["remote", "add", "origin", &server.display().to_string()]);
        sandbox.git(&["fetch", "-q"]);
        if silent {
            sandbox.chant(&["init", "--silent"]).ok();
            sandbox.git(&["config", "chant.remote", "origin"]);
        }
        sandbox.git_in(sandbox.dir(), &["clone", "-q", &server.display().to_string(), "upstream"]);
        Squashed { sandbox, server, upstream }
    }

    /// Works a spec whose agent runs `script`; its id.
    fn work(&self, title: &str, script: &str) -> String {
        self.sandbox.agent(script);
        let id = self.sandbox.add(&[title]);
        self.sandbox.chant(&["work", &id, "--onto", "feature"]).ok();
        id
    }

    /// Takes the branch as one commit onto main, with the line 'zero' before, and deletes the branch and its objects.
    fn squash(&self) {
        let Squashed { sandbox, server, upstream } = self;
        sandbox.git(&["push", "-q", "origin", "feature"]);
        sandbox.chant(&["sync"]).ok();
        let git = |args: &[&str]| sandbox.git_in(upstream, args);
        let text = std::fs::read_to_string(upstream.join("file")).unwrap();
        std::fs::write(upstream.join("file"), format!("zero\n{text}")).unwrap();
        git(&["commit", "-qam", "Zero"]);
        git(&["fetch", "-q"]);
        git(&["merge", "-q", "--squash", "origin/feature"]);
        git(&["rm", "-rqf", "--ignore-unmatch", ".chant"]);
        git(&["commit", "-qm", "Other words (#7)"]);
        git(&["push", "-q", "origin", "main", ":feature"]);
        for branch in sandbox.git_in(server, &["for-each-ref", "--format=%(refname)", "refs/heads/chant"]).lines() {
            sandbox.git_in(server, &["update-ref", "-d", branch]);
        }
        sandbox.git_in(server, &["gc", "-q", "--prune=now"]);
    }

    /// A clone that never had the branch, with the events.
    fn stranger(&self) -> PathBuf {
        let dir = self.sandbox.dir().join("stranger");
        self.sandbox.git_in(self.sandbox.dir(), &["clone", "-q", &self.server.display().to_string(), "stranger"]);
        self.sandbox.chant_in(&dir, &["sync", "--fetch"]).ok();
        dir
    }

    fn why(&self, dir: &Path, what: &str) -> Value {
        self.sandbox.chant_in(dir, &["why", what, "--json"]).json()["why"][0].clone()
    }
}

#[test]
fn a_clone_that_never_had_the_branch_finds_the_spec_of_a_squash() {
    for silent in [false, true] {
        let squashed = Squashed::new(silent);
        let fix = squashed.work(
            "Shout",
            "sed -i s/two/TWO/ file; git commit -qam Two; sed -i s/five/FIVE/ file; echo new >new; git add new; git commit -qam Five",
        );
        squashed.squash();
        let dir = squashed.stranger();
        let tip = squashed.sandbox.git(&["rev-parse", "feature"]);
        let has = squashed.sandbox.command_in(&dir, "git").args(["cat-file", "-e", &tip]).status().unwrap();
        assert!(!has.success(), "the clone lacks the work");
        for what in ["file:3", "file:6", "new:1", "HEAD", "file"] {
            let answer = squashed.why(&dir, what);
            assert_eq!(
                (&answer["spec"]["id"], &answer["certainty"]),
                (&fix.as_str().into(), &"patch".into()),
                "{what}"
            );
        }
        squashed.sandbox.chant_in(&dir, &["why", "file:2"]).fails(1, &["no spec records it"]);
    }
}

#[test]
fn of_two_specs_that_changed_the_same_lines_a_squash_leads_to_the_right_one() {
    let squashed = Squashed::new(false);
    let first = squashed.work("First", "sed -i 's/two/TWO/; s/three/THREE/' file; git commit -qam First");
    let second = squashed.work("Second", "sed -i 's/THREE/3/; s/five/FIVE/' file; git commit -qam Second");
    squashed.squash();
    let repo = &squashed.sandbox.repo;
    squashed.sandbox.git(&["pull", "-q", "origin", "main"]);
    for (line, id) in [(3, &first), (4, &second), (6, &second)] {
        let answer = squashed.why(repo, &format!("file:{line}"));
        assert_eq!(answer["spec"]["id"], id.as_str(), "line {line}: {answer}");
        assert!(answer["how"].as_str().unwrap().contains("squash of the work of"), "{answer}");
    }
    for line in [1, 2, 5] {
        squashed.sandbox.chant(&["why", &format!("file:{line}")]).fails(1, &["no spec records it"]);
    }
    // Without the commits only both can be named, with the way to get them.
    let dir = squashed.stranger();
    let both = format!("several specs record this change: {}, {}", &first[11..], &second[11..]);
    squashed.sandbox.chant_in(&dir, &["why", "file:4"]).fails(1, &[&both, "to compare with them", "git fetch origin"]);
    squashed.sandbox.chant_in(&dir, &["why", "HEAD"]).fails(1, &[&both]);
}

#[test]
fn before_a_pull_stops_at_an_uncommitted_spec_status_says_how_to_go_on() {
    let squashed = Squashed::new(false);
    let Squashed { sandbox, upstream, .. } = &squashed;
    sandbox.git(&["branch", "-q", "--set-upstream-to", "origin/main"]);
    sandbox.agent("echo new >new; git add new; git commit -qm New");
    let id = sandbox.add(&["New"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let path = format!(".chant/specs/{id}.md");
    let quiet = |when: &str| {
        let err = sandbox.chant(&["status"]).ok().err;
        assert!(!err.contains("git pull"), "{when}: {err}");
    };
    quiet("nothing is fetched");
    let branch = format!("chant/{id}");
    sandbox.git(&["push", "-q", "origin", &branch]);
    sandbox.git_in(upstream, &["fetch", "-q"]);
    sandbox.git_in(upstream, &["merge", "-q", "--squash", &format!("origin/{branch}")]);
    sandbox.git_in(upstream, &["commit", "-qm", "New (#1)"]);
    sandbox.git_in(upstream, &["push", "-q", "origin", "main"]);
    let pull = sandbox.try_git(&["pull", "-q"]);
    assert!(pull.code != 0 && pull.err.contains(&path), "{pull:?}");
    sandbox.chant(&["status"]).ok().fails(0, &["'git pull' would stop", &format!("rm {path}")]);
    // A text that no event has is stashed, not removed.
    let text = sandbox.read(&path);
    sandbox.write(&path, &format!("{text}\nMine.\n"));
    sandbox.chant(&["status"]).ok().fails(0, &["git stash push --include-untracked -- "]);
    sandbox.write(&path, &text);
    std::fs::remove_file(sandbox.repo.join(&path)).unwrap();
    sandbox.git(&["pull", "-q"]);
    quiet("it is pulled");
    assert_eq!(sandbox.status(&id), "completed");
}
