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

    /// On branches of the server: the branch as one commit on what it is for, each altered by a script, in the order of these.
    fn alter(&self, scripts: &[&str]) {
        let Squashed { sandbox, upstream, .. } = self;
        sandbox.git(&["push", "-q", "origin", "feature"]);
        sandbox.chant(&["sync"]).ok();
        let git = |args: &[&str]| sandbox.git_in(upstream, args);
        git(&["fetch", "-q"]);
        for (at, script) in scripts.iter().enumerate() {
            git(&["checkout", "-q", "-B", "altered", "origin/main"]);
            git(&["merge", "-q", "--squash", "origin/feature"]);
            git(&["rm", "-rqf", "--ignore-unmatch", ".chant"]);
            sandbox.run(sandbox.command_in(upstream, "sh").args(["-ec", script])).ok();
            git(&["add", "-A"]);
            git(&["commit", "-qm", "Other words (#7)"]);
            git(&["push", "-q", "origin", &format!("altered:altered-{at}")]);
        }
    }

    fn why(&self, dir: &Path, what: &str) -> Value {
        self.sandbox.chant_in(dir, &["why", what, "--json"]).json()["why"][0].clone()
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
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
#[ignore = "slow: .ci/run runs it"]
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
    // A clone without the commits knows as much: the lines are recorded. Each of two on the same lines has its own answer.
    let dir = squashed.stranger();
    for (what, ids) in [
        ("file:3", [&first, &second]),
        ("file:4", [&second, &first]),
        ("file:6", [&second, &first]),
        ("HEAD", [&first, &second]),
        ("file", [&first, &second]),
    ] {
        let answers = squashed.sandbox.chant_in(&dir, &["why", what, "--json"]).ok().json();
        let found: Vec<&str> =
            answers["why"].as_array().unwrap().iter().map(|one| one["spec"]["id"].as_str().unwrap()).collect();
        assert_eq!(found, ids, "{what}");
    }
    for line in [1, 2, 5] {
        squashed.sandbox.chant_in(&dir, &["why", &format!("file:{line}")]).fails(1, &["no spec records it"]);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_squash_that_upstream_altered_leads_to_its_spec() {
    let squashed = Squashed::new(false);
    let script = "sed -i 's/two/TWO/; s/five/FIVE/' file; git commit -qam Two; printf 'grep -q TWO file\n}\n' >test.sh; git add test.sh; git commit -qm Five";
    let fix = squashed.work("Shout", script);
    squashed.alter(&[
        "sed -i s/one/ONE/ file",
        "sed -i 's/^three/    three  and/' file",
        "echo 'grep -q FIVE file' >>test.sh",
        "git mv file moved",
        "sed -i 's/TWO/TWICE/' file",
        "git mv test.sh tests.sh; sed -i s/one/ONE/ file; echo more >>file",
        "git reset -q --hard; git mv file moved; git commit -qm Move; git merge -q --squash origin/feature; git rm -rqf .chant; echo more >>moved",
        "git reset -q --hard; sed -i 's/two/TWO/; s/one/ONE/' file",
    ]);
    let dir = squashed.stranger();
    for (branch, what) in [
        (7, "file:2"),
        (0, "file:2"),
        (0, "file:5"),
        (0, "test.sh:1"),
        (1, "file:2"),
        (2, "test.sh:1"),
        (2, "file:5"),
        (3, "moved:2"),
        (4, "file:5"),
        (4, "test.sh:1"),
        (5, "file:2"),
        (5, "tests.sh:1"),
        (6, "moved:2"),
    ] {
        let what = format!("origin/altered-{branch}:{what}");
        let answer = squashed.why(&dir, &what);
        assert_eq!((&answer["spec"]["id"], &answer["certainty"]), (&fix.as_str().into(), &"patch".into()), "{what}");
    }
    let said = |what: &str| squashed.why(&dir, what)["how"].as_str().unwrap().to_owned();
    assert_eq!(said("origin/altered-0:file:2"), "squash of 3 commits that its events record, with other changes");
    assert!(said("origin/altered-0:file:1").ends_with("; this line is not recorded"));
    assert_eq!(said("origin/altered-4"), "altered squash of 3 commits that its events record: 4 of 5 changed lines");
    // What no event records is for a job of CI a commit without a spec.
    let range = ["verify", "--since", "origin/main", "--at", "origin/altered-0", "--require", "spec"];
    squashed.sandbox.chant_in(&dir, &range).fails(1, &["with other changes"]);
}

#[test]
fn other_commits_on_the_files_of_a_spec_are_not_of_it() {
    let squashed = Squashed::new(false);
    squashed.work(
        "Guard",
        "printf 'f() {\n  guard || return\n}\n' >>file; sed -i s/two/TWO/ file; git commit -qam Guard; printf '{\n}\n' >new; git add new; git commit -qm New",
    );
    squashed.alter(&[
        "git commit -qm Taken; sed -i s/three/THREE/ file",
        "git commit -qm Taken; sed -i s/TWO/2/ file",
        "git commit -qm Taken; printf 'g() {\n  guard || return\n}\n' >>file",
        "git reset -q --hard; sed -i s/two/twice/ file; printf '}\n' >>file; printf '{\n}\n' >new",
        "git commit -qm Taken; git mv file moved",
        "git reset -q --hard; sed -i s/two/TWO/ file; git commit -qam Early; sed -i s/TWO/Two/ file; git commit -qam Late; sed -i s/Two/TWO/ file",
    ]);
    let dir = squashed.stranger();
    for (branch, what) in
        [(0, ":file:3"), (1, ":file:2"), (2, ":file:9"), (2, ":file:10"), (3, ""), (3, ":file:6"), (4, ""), (5, "")]
    {
        let what = format!("origin/altered-{branch}{what}");
        squashed.sandbox.chant_in(&dir, &["why", &what]).fails(1, &["no spec records it"]);
    }
}

#[test]
fn the_held_test_and_the_name_of_the_topic_speak_for_a_fix_that_upstream_rewrote() {
    let squashed = Squashed::new(false);
    let sandbox = &squashed.sandbox;
    let phases = ["investigate", "lost", "--title", "Lost", "--phases", "reproduction,fork-fix", "--onto", "feature"];
    sandbox.chant(&[&phases[..], &["--reproduces", "sh test.sh"]].concat()).ok();
    sandbox.agent(
        r#"case $CHANT_PHASE in
reproduction) echo 'grep -q TWO file || { echo 1 failed; exit 1; }' >test.sh; git add test.sh; git commit -qm Show ;;
*)
    sed -i s/two/TWO/ file; git commit -qam Fix
    sed 's/^<!-- Fill in.*/### Fixed\n\nNothing is lost any longer./' "$CHANT_SPEC_FILE" >.n; cat .n >"$CHANT_SPEC_FILE"; rm .n ;;
esac
tick"#,
    );
    sandbox.chant(&["work", "--topic", "lost", "--chain", "--trust"]).ok();
    let listed = sandbox.chant(&["list", "--json", "--all"]).ok().json();
    let fix =
        listed["specs"].as_array().unwrap().iter().find(|spec| spec["phase"] == "fork-fix").unwrap()["id"].clone();
    squashed.alter(&[
        "sed -i 's/TWO/TWO TIMES/' file",
        "git rm -qf test.sh; sed -i 's/TWO/2/' file; git commit -qam 'Let nothing get lost'; git rm -q file",
        "git rm -qf test.sh; sed -i 's/TWO/2/' file",
    ]);
    let dir = squashed.stranger();
    assert_eq!(squashed.why(&dir, "origin/altered-0:file:2")["spec"]["id"], fix);
    assert_eq!(squashed.why(&dir, "origin/altered-1~:file:2")["spec"]["id"], fix);
    // The commit as a whole has both, the test as it was recorded and the fix altered.
    let both = squashed.sandbox.chant_in(&dir, &["why", "origin/altered-0", "--json"]).ok().json()["why"].clone();
    assert!(both.as_array().unwrap().iter().any(|one| one["spec"]["id"] == fix), "{both}");
    squashed.sandbox.chant_in(&dir, &["why", "origin/altered-2:file:2"]).fails(1, &["no spec records it"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn work_that_upstream_altered_is_in_the_base_of_what_depends_on_it() {
    let squashed = Squashed::new(false);
    let script = "sed -i 's/two/TWO/; s/five/FIVE/' file; git commit -qam Two; printf 'grep -q TWO file\ngrep -q FIVE file\n' >test.sh; git add test.sh; git commit -qm Five";
    let fix = squashed.work("Shout", script);
    squashed.alter(&[
        "sed -i s/one/ONE/ file",
        "sed -i s/FIVE/FIFTH/ file",
        "git mv file moved; sed -i s/FIVE/FIFTH/ moved",
        "git reset -q --hard; git mv file moved; git commit -qm Move; git merge -q --squash origin/feature; git rm -rqf .chant; echo more >>moved",
        // Rebased, as two commits that no clone but one had before.
        "git reset -q --hard; sed -i 's/two/TWO/; s/five/FIVE/' file; git commit -qam Two; printf 'grep -q TWO file\ngrep -q FIVE file\n' >test.sh",
        "git reset -q --hard; sed -i s/one/ONE/ file",
        "git reset -q --hard; sed -i s/two/TWO/ file",
        "git reset -q --hard; printf 'grep -q TWO file\ngrep -q FIVE file\n' >test.sh",
    ]);
    let taken = [true, true, true, true, true, false, false, false];
    let own = squashed.sandbox.repo.clone();
    for dir in [squashed.stranger(), own] {
        let (sandbox, git) = (&squashed.sandbox, |args: &[&str]| squashed.sandbox.git_in(&dir, args));
        let added = ["add", "Next", "--depends-on", &fix, "--json"];
        let next = sandbox.chant_in(&dir, &added).ok().json()["spec"]["id"].as_str().unwrap().to_owned();
        git(&["fetch", "-q"]);
        for (at, taken) in taken.into_iter().enumerate() {
            // A commit on top: not only the tip counts.
            git(&["reset", "-q", "--hard", &format!("origin/altered-{at}")]);
            git(&["commit", "-q", "--allow-empty", "-m", "Later"]);
            let ready = sandbox.chant_in(&dir, &["list", "--ready", "--json"]).ok().json();
            let is_ready = ready["specs"].as_array().unwrap().iter().any(|spec| spec["id"] == next.as_str());
            assert_eq!(is_ready, taken, "altered-{at}: {ready}");
        }
        sandbox.chant_in(&dir, &["work", &next, "--agent", "manual"]).fails(1, &["the base lacks its work"]);
        git(&["reset", "-q", "--hard", "origin/altered-1"]);
        sandbox.chant_in(&dir, &["work", &next, "--agent", "manual"]).ok();
    }
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
