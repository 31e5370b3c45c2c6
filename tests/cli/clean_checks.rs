//! Where the commands of a spec run: in a clean checkout of the commit that is recorded, prepared as a worktree is, apart from everything
//! that the agent, the person or an earlier check left.

use std::{fs, process::Command};

use serde_json::Value;

use crate::support::{
    Sandbox,
    cases::few_or_many,
    terminal::Terminal,
    tools::{need, need_that},
};

const NOTES: &str = "printf '\\n## Release Notes\\n\\nFixed.\\n' >>$CHANT_SPEC_FILE";

/// A sandbox with these files committed, and `script` as the agent.
fn with(files: &[(&str, &str)], script: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    files.iter().for_each(|(path, text)| sandbox.write(path, text));
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "Files"]);
    sandbox.agent(script);
    sandbox
}

/// Has every check confined; false where nothing can confine here.
fn confine(sandbox: &Sandbox) -> bool {
    let works = Command::new("bwrap").args(["--unshare-user", "--unshare-pid", "--bind", "/", "/", "true"]).output();
    let works = works.is_ok_and(|output| output.status.success());
    sandbox.git(&["config", "chant.confine", "require"]);
    need_that(works, "a bubblewrap that works")
}

fn evidence(sandbox: &Sandbox, id: &str) -> Value {
    sandbox.show(id)["checks"]["evidence"].clone()
}

#[test]
fn what_git_does_not_show_in_the_worktree_decides_nothing_and_is_named() {
    let files = [("check.sh", "grep -q two file\n"), (".gitignore", "built\n"), ("other.sh", "test -e built\n")];
    for (script, command, named) in [
        ("git update-index --assume-unchanged file; echo two >file", "sh check.sh", "hidden changes: file"),
        ("git update-index --skip-worktree file; echo two >file", "sh check.sh", "hidden changes: file"),
        ("echo x >built; echo x >new; git add new", "sh other.sh", "(built)"),
        (
            "echo x >out; echo out >>\"$(git rev-parse --git-common-dir)/info/exclude\"; echo x >new",
            "test -e out",
            "(out)",
        ),
    ] {
        let sandbox = with(&files, &format!("{script}; tick")).unconfined();
        let id = sandbox.add(&["Make it two", "--verify", command]);
        sandbox.chant(&["work", &id]).fails(1, &["FAILED", "in a clean checkout of", named]);
        assert_eq!(sandbox.status(&id), "failed", "{script}");
    }
}

#[test]
fn nothing_tells_a_command_what_it_is_run_for() {
    let sandbox = with(&[], "echo two >file; tick");
    let neutral = "env | sed 's/=.*//' | grep '^CHANT_\\|^GIT_DIR\\|^GIT_INDEX_FILE' | grep -vx CHANT_RUN; test $? = 1";
    let id = sandbox.add(&[
        "Make it two",
        "--verify",
        neutral,
        "--verify",
        "test \"$(git rev-parse HEAD^{tree})\" = \"$(git write-tree)\"",
        "--verify",
        "case ${PWD##*/},${TMPDIR##*/} in *check*|*,*chant*) exit 1; esac",
        "--verify",
        "case ${OLDPWD-} in *chant*) exit 1; esac",
    ]);
    sandbox.chant(&["work", &id]).ok();
}

#[test]
fn a_command_that_changes_a_tracked_file_fails_and_names_it() {
    let script = "git mv file new; echo x >>Cargo.lock; git commit -qam Moved; tick";
    let files = [("Cargo.lock", "a\n"), ("deep/x.snap", "a\n"), ("my data/[1", "a\n")];
    let changes = |command: &str| {
        let sandbox = with(&files, script);
        let id = sandbox.add(&["Make it two", "--verify", command]);
        (sandbox, id)
    };
    let (sandbox, id) = changes("echo two >new; rm deep/x.snap");
    sandbox.chant(&["work", &id]).fails(1, &["exit code 0, but it changed tracked files: new"]);
    assert_eq!(evidence(&sandbox, &id)["verify"][0]["changed"], serde_json::json!(["new"]));
    for harmless in
        ["echo b >>Cargo.lock; echo b >deep/x.snap; touch new; echo b >beside", "echo one >new.2; mv new.2 new"]
    {
        let (sandbox, id) = changes(harmless);
        sandbox.chant(&["work", &id]).ok();
    }
    let (sandbox, id) = changes("echo b >>Cargo.lock");
    sandbox.git(&["config", "chant.checkMayChange", "deep/"]);
    sandbox.chant(&["work", &id]).fails(1, &["changed tracked files: Cargo.lock"]);
    for (bad, why) in [("../x", "'..' component"), ("gen/ [ab", "of '[ab': it has a '['"), ("'my lock", "a quote")] {
        sandbox.git(&["config", "chant.checkMayChange", bad]);
        sandbox.chant(&["work", &id]).fails(128, &["chant.checkMayChange", why]);
    }
    let (sandbox, id) = changes("echo b >>'my data/[1'; echo b >>deep/x.snap");
    sandbox.git(&["config", "chant.checkMayChange", "deep 'my data/[[]1'"]);
    sandbox.chant(&["work", &id]).ok();
    // Nothing that a command does to its own repository hides what it changed.
    for hides in [
        "git update-index --assume-unchanged new",
        "git commit -qam More",
        "git config core.ignoreStat true; rm -rf .git",
    ] {
        let (sandbox, id) = changes(&format!("echo two >new; {hides}"));
        sandbox.chant(&["work", &id]).fails(1, &["changed tracked files: new"]);
    }
}

#[test]
fn a_check_finds_nothing_of_agents() {
    // Neither what the agent left beside its commits, nor where an earlier one is at work, nor what a run kept in memory.
    let shared = "python3 -c 'import ctypes as c; l = c.CDLL(None); print(l.shmget(0x7c68, 4096, 0o1600))'";
    let sandbox = with(&[(".gitignore", "*.ign\n")], &format!("echo two >file; touch ok.ign; {shared} >had; tick"));
    if !confine(&sandbox) || !need("python3") {
        return;
    }
    let earlier = sandbox.add(&["Earlier"]);
    sandbox.git(&["config", "chant.agent.stops.cmd", "touch earlier.ign; exit 3"]);
    sandbox.chant(&["work", &earlier, "--agent", "stops"]).fails(1, &["exited with code 3"]);
    let finds = "test \"$(ls ../*/*.ign | wc -l)\" = 0";
    let memory = "python3 -c 'import ctypes as c; l = c.CDLL(None); exit(l.shmget(0x7c68, 4096, 0) != -1)'";
    let id = sandbox.add(&["Make it two", "--verify", finds, "--verify", memory]);
    sandbox.chant(&["work", &id]).ok();
    assert!(sandbox.repo.join("had").exists());
}

#[test]
fn a_check_has_a_home_of_its_own_whatever_the_path() {
    for name in ["a, b", "a:b", "a\\b", "a\"b", "a\nb", "it's"] {
        let mut sandbox = with(&[], "echo two >file; tick");
        if !confine(&sandbox) {
            return;
        }
        let repo = sandbox.dir().join(name).join("repo");
        fs::create_dir_all(repo.parent().unwrap()).unwrap();
        fs::rename(&sandbox.repo, &repo).unwrap();
        sandbox.repo = repo;
        let id = sandbox.add(&["Make it two", "--verify", "mkdir -p ~/.cache && echo 1 >>~/.cache/leak"]);
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(evidence(&sandbox, &id)["verify"][0]["home"], "own", "{name:?}");
    }
}

#[test]
fn a_large_file_of_git_lfs_is_compared_in_a_confined_check() {
    if !need("git-lfs") {
        return;
    }
    for (command, fails) in [("touch large", false), ("echo two >large", true)] {
        let sandbox = with(&[], "echo two >file; tick");
        if !confine(&sandbox) {
            return;
        }
        sandbox.git(&["lfs", "install", "--local", "--skip-repo"]);
        sandbox.write(".gitattributes", "large filter=lfs -text\n");
        sandbox.write("large", "one\n");
        sandbox.commit("Large");
        assert!(sandbox.git(&["show", "HEAD:large"]).contains("oid sha256:"));
        let id = sandbox.add(&["Make it two", "--verify", command]);
        let work = sandbox.chant(&["work", &id]);
        if fails {
            work.fails(1, &["changed tracked files: large"]);
        } else {
            work.ok();
        }
    }
}

#[test]
fn a_command_moves_no_ref_and_makes_no_hook() {
    let sandbox = with(&[], "echo two >file; tick");
    let command = "git commit -q --allow-empty -m More && git branch -f main && git tag mine && git stash list && \
                   d=$(git rev-parse --git-common-dir) && mkdir -p $d/hooks && echo x >$d/hooks/pre-commit && git config a.b c";
    let id = sandbox.add(&["Make it two", "--verify", command]);
    let refs = sandbox.git(&["for-each-ref", "refs/heads/main", "refs/tags"]);
    let said = sandbox.chant(&["work", &id, "--no-merge"]).ok().err;
    assert_eq!(sandbox.git(&["for-each-ref", "refs/heads/main", "refs/tags"]), refs);
    assert!(!sandbox.repo.join(".git/hooks/pre-commit").exists());
    assert!(sandbox.try_git(&["config", "a.b"]).code != 0);
    let remarks = evidence(&sandbox, &id)["verify"][0]["remarks"].to_string();
    let shown = sandbox.chant(&["show", &id]).ok().out;
    for told in [remarks, said, shown] {
        assert!(told.contains("it moved refs in its checkout"), "{told}");
    }
}

#[test]
fn an_object_that_git_replaces_is_checked_as_it_is() {
    let sandbox = with(&[("check.sh", "grep -q two file\n")], "echo three >file; git commit -qam three; tick");
    sandbox.write("good", "two\n");
    let good = sandbox.git(&["hash-object", "-w", "good"]);
    sandbox.write("good", "three\n");
    let three = sandbox.git(&["hash-object", "-w", "good"]);
    fs::remove_file(sandbox.repo.join("good")).unwrap();
    sandbox.git(&["replace", &three, &good]);
    let id = sandbox.add(&["Make it two", "--verify", "sh check.sh"]);
    sandbox.chant(&["work", &id]).fails(1, &["verify 'sh check.sh': exit code 1"]);
}

#[test]
fn set_up_and_worktreeinclude_reach_every_checkout() {
    let needs = "test -e dep/lib && . ./.env && test $KEY = 1 && grep -q two file\n";
    let files = [("check.sh", needs), (".gitignore", "dep/\n.env\n"), (".worktreeinclude", ".env\n")];
    let sandbox = with(&files, &format!("echo two >file; tick; {NOTES}")).unconfined();
    sandbox.write(".env", "KEY=1\n");
    sandbox.git(&["config", "chant.worktreeSetup", "mkdir -p dep && pwd >dep/lib && echo run >>../runs"]);
    let id = sandbox.add(&["Fix", "--phase", "fork-fix", "--reproduces", "sh check.sh", "--verify", "sh check.sh"]);
    sandbox.chant(&["work", &id]).ok();
    // The agent's worktree, the tip for 'verify', base and tip twice each for 'reproduces'.
    assert_eq!(fs::read_to_string(sandbox.dir().join("runs")).unwrap().lines().count(), 6);
    sandbox.git(&["config", "chant.worktreeSetup", "echo no such package; exit 3"]);
    sandbox.chant(&["verify", &id]).fails(128, &["chant.worktreeSetup exited with code 3", "no such package"]);
}

#[test]
fn what_one_checkout_built_is_not_there_in_the_next() {
    // Builds as make does: what was built of a file as old and as long is not built again.
    let build = "[ file -nt out ] || [ ! -e out ] || { cat out; exit; }; grep -q b file && echo good >out; cat out; grep -q good out\n";
    let sandbox =
        with(&[("check.sh", build), (".gitignore", "out\n"), ("file", "a\n")], &format!("echo b >file; tick; {NOTES}"));
    for round in 0..3 {
        let id = sandbox.add(&["Fix", "--phase", "fork-fix", "--reproduces", "sh check.sh"]);
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.status(&id), "completed", "{round}");
        sandbox.write("file", "a\n");
        sandbox.git(&["commit", "-qam", "Broken again"]);
    }
}

/// Fixes, again and again, the same bug of one character in `broken`: base and tip are checked within a second, and are equally long.
fn fixed_in_turn(files: &[(&str, &str)], broken: &str, command: &str) {
    let fix = format!("sed -i 's/a - b/a + b/' {broken}; git commit -qam Fix; {NOTES}; tick");
    let sandbox = with(files, &fix);
    for round in 0..few_or_many(2, 50) {
        let options = ["--phase", "fork-fix", "--reproduces", command, "--target-file", broken];
        let id = sandbox.add(&[&["Fix"][..], &options].concat());
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.status(&id), "completed", "{command}, round {round}");
        sandbox.write(broken, &sandbox.read(broken).replace("a + b", "a - b"));
        sandbox.git(&["commit", "-qam", "Break it again"]);
        sandbox.watch.renew();
    }
}

#[test]
fn honest_fixes_of_one_character_in_shell() {
    let build = "[ sum -nt built ] || [ ! -e built ] && { sed 's/^/echo /' sum >built; }; test \"$(a=2 b=3 sh built)\" = '2 + 3'\n";
    fixed_in_turn(
        &[("sum", "$a - b\n"), ("check.sh", &build.replace("'2 + 3'", "'2 + b'")), (".gitignore", "built\n")],
        "sum",
        "sh check.sh",
    );
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn honest_fixes_of_one_character_in_python() {
    if !need("python3") {
        return;
    }
    let test = "import unittest, calc\nclass T(unittest.TestCase):\n    def test_sum(self):\n        self.assertEqual(calc.add(2, 3), 5)\n";
    let files =
        [("calc.py", "def add(a, b):\n    return a - b\n"), ("test_calc.py", test), (".gitignore", "__pycache__/\n")];
    fixed_in_turn(&files, "calc.py", "python3 -m unittest -q");
}

#[test]
fn honest_fixes_of_one_character_in_node() {
    if !need("node") {
        return;
    }
    let test = "require('node:assert').strictEqual(require('./calc').add(2, 3), 5)\n";
    fixed_in_turn(&[("calc.js", "exports.add = (a, b) => a - b;\n"), ("test.js", test)], "calc.js", "node test.js");
}

#[test]
fn honest_fixes_of_one_character_in_rust() {
    let manifest = "[package]\nname = \"calc\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[profile.dev]\ndebug = 0\n";
    let files = [
        ("Cargo.toml", manifest),
        ("src/lib.rs", "pub fn add(a: i32, b: i32) -> i32 {\n    a - b\n}\n"),
        ("tests/sum.rs", "#[test]\nfn sum() {\n    assert_eq!(calc::add(2, 3), 5);\n}\n"),
        (".gitignore", "target/\nCargo.lock\n"),
    ];
    // The compiler itself: what chooses between several has its settings in the person's home.
    let tools = std::path::Path::new(env!("CARGO")).parent().unwrap();
    let command = format!("PATH=\"{}:$PATH\" cargo test -q --offline --test sum", tools.display());
    fixed_in_turn(&files, "src/lib.rs", &command);
}

#[test]
fn a_result_that_contradicts_is_not_kept() {
    let runs = |sandbox: &Sandbox| fs::read_to_string(sandbox.dir().join("runs")).unwrap_or_default();
    let test = "git rev-parse HEAD >>../runs; test ! -e ../down && grep -q two file\n";
    let sandbox = with(&[("check.sh", test)], &format!("echo two >file; tick; {NOTES}")).unconfined();
    let id = sandbox.add(&["Fix", "--phase", "fork-fix", "--reproduces", "sh check.sh || test -e ../down"]);
    // Something outside has the base pass.
    fs::write(sandbox.dir().join("down"), "").unwrap();
    sandbox.chant(&["work", &id]).fails(1, &["base: exit code 0"]);
    fs::remove_file(sandbox.dir().join("down")).unwrap();
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!((sandbox.status(&id).as_str(), runs(&sandbox).lines().count()), ("completed", 8));
    // What was expected is kept, and run again where a person asks for that.
    sandbox.chant(&["verify", &id]).ok();
    assert_eq!(runs(&sandbox).lines().count(), 11);
    sandbox.chant(&["verify", &id, "--fresh"]).ok();
    assert_eq!(runs(&sandbox).lines().count(), 17);
    sandbox.git(&["config", "chant.worktreeSetup", "true"]);
    sandbox.chant(&["verify", &id]).ok();
    assert_eq!(runs(&sandbox).lines().count(), 21, "with another set-up it is another check");
}

#[test]
fn a_confined_check_changes_a_home_of_its_own() {
    let command = "test -e \"$HOME/tool\" && echo x >\"$HOME/tool\" && mkdir -p \"$HOME/.cache/a\" && echo x >\"$HOME/.cache/a/b\" && \
                   echo x >/tmp/left-by-a-check && ! env | grep ^CHANT_ && grep -q two file && touch built && ! touch ../beside";
    let sandbox = with(&[], "echo two >file; tick");
    if !confine(&sandbox) {
        return;
    }
    let home = sandbox.dir().join("home");
    fs::write(home.join("tool"), "mine\n").unwrap();
    let id =
        sandbox.add(&["Make it two", "--verify", command, "--verify", "test -e built && test -e \"$HOME/.cache/a/b\""]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(fs::read_to_string(home.join("tool")).unwrap(), "mine\n");
    assert!(!home.join(".cache/a").exists() && !std::path::Path::new("/tmp/left-by-a-check").exists());
    let run = evidence(&sandbox, &id)["verify"][0].clone();
    assert_eq!((&run["home"], &run["confined"]), (&"own".into(), &"bubblewrap".into()));
    let beside: Vec<_> = fs::read_dir(sandbox.dir()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(!beside.iter().any(|name| name.to_string_lossy().contains("chant-tree")), "{beside:?}");
}

#[test]
fn what_a_run_changed_at_home_decides_no_check() {
    let script = "mkdir -p \"$HOME/.local/lib/x\"; echo x >\"$HOME/.local/lib/x/usercustomize.py\"; echo x >\"$HOME/.toolrc\"; \
                  mkdir -p \"$HOME/.cache/flag\" \"$HOME/.cache/old/in\" \"$HOME/flag\"; echo x >\"$HOME/.cache/old/x\"; \
                  echo x >\"$HOME/.local/bin/mine\"; test -e \"$HOME/.local/bin/old\" || exit 7; echo two >file; tick";
    let sandbox = with(&[], script);
    if !confine(&sandbox) {
        return;
    }
    let bin = sandbox.dir().join("home/.local/bin");
    fs::create_dir_all(&bin).unwrap();
    fs::write(bin.join("old"), "").unwrap();
    let cache = sandbox.dir().join("home/.cache/old");
    fs::create_dir_all(&cache).unwrap();
    fs::write(cache.join("kept"), "").unwrap();
    let unseen = "cd \"$HOME\" && ! test -e .local/lib/x/usercustomize.py && ! test -e .toolrc && ! test -e .local/bin/mine && test -e .local/bin/old && \
                  ! test -e flag && ! test -e .cache/flag && ! test -e .cache/old/in && ! test -e .cache/old/x && test -e .cache/old/kept";
    let id = sandbox.add(&["Make it two", "--verify", unseen]);
    sandbox.chant(&["work", &id]).ok();
    assert!(bin.join("mine").exists(), "it stays in the person's home");
    let without = evidence(&sandbox, &id)["verify"][0]["home_without"].to_string();
    assert!(without.contains("which runs of agents made") && without.contains("and 6 more"), "{without}");
    // Nor does it in the checks of later attempts, until the person takes it as it is.
    sandbox.agent("echo three >file; tick");
    let later = sandbox.add(&["Make it three", "--verify", &unseen.replace("! test -e .toolrc", "! cat .toolrc")]);
    sandbox.chant(&["work", &later]).ok();
    sandbox.chant(&["verify", &later, "--fresh"]).fails(1, &["FAILED"]);
    // What a known agent keeps for itself no command can have needed.
    let fails = sandbox.add(&["Make it four", "--verify", "echo no; exit 3"]);
    let agent = "echo x >\"$HOME/.claude.json\"; echo x >\"$HOME/.claude.json.tmp.1\"; mkdir -p \"$HOME/.local/share/opencode\"";
    sandbox.agent(&format!("{agent}; echo x >\"$HOME/.local/share/opencode/db\"; echo five >file; tick"));
    let failed = sandbox.chant(&["work", &fails]).fails(1, &["exit code 3"]);
    assert!(!failed.err.contains("claude.json") && !failed.out.contains("opencode"), "{failed:?}");
    // A command that fails may have needed it.
    let needs = sandbox.add(&["Make it three", "--verify", "test -e \"$HOME/.local/bin/mine2\""]);
    sandbox.agent("echo x >\"$HOME/.local/bin/mine2\"; echo four >file; tick");
    sandbox.chant(&["work", &needs]).fails(1, &["exit code 1; it ran without these changes", "mine2'"]);
}

#[test]
fn what_a_run_left_for_the_checks_in_a_temporary_directory_is_not_there() {
    let sandbox = with(
        &[],
        "echo two >/tmp/of-a-run-$CHANT_ATTEMPT; printf '%s' /tmp/of-a-run-$CHANT_ATTEMPT >place; echo two >file; tick",
    );
    if !confine(&sandbox) {
        return;
    }
    let id = sandbox.add(&["Make it two", "--verify", "! test -e $(cat place)"]);
    sandbox.chant(&["work", &id]).ok();
    let place = sandbox.read("place");
    assert!(std::path::Path::new(&place).exists(), "{place}");
    fs::remove_file(place).unwrap();
}

#[test]
fn a_check_that_is_not_confined_says_so() {
    let sandbox = with(&[], "echo two >file; tick");
    sandbox.git(&["config", "chant.confine", "off"]);
    let id = sandbox.add(&["Make it two", "--verify", "grep -q two file && test -d \"$TMPDIR\""]);
    sandbox.chant(&["work", &id]).ok();
    let run = evidence(&sandbox, &id)["verify"][0].clone();
    assert_eq!((&run["home"], &run["confined"]), (&"shared".into(), &"none".into()));
}

#[test]
fn what_decides_how_programs_start_at_home_is_named_where_nothing_confines() {
    let sandbox = with(&[], "mkdir -p ~/.local/bin; echo x >~/.local/bin/of-the-run; echo two >file; tick");
    sandbox.git(&["config", "chant.confine", "off"]);
    let command = "echo x >~/.pythonrc; mkdir -p ~/.cache ~/.local/lib/x && echo x >~/.cache/x && grep -q two file";
    let id = sandbox.add(&["Make it two", "--verify", command]);
    let said = sandbox.chant(&["work", &id]).ok().err;
    assert!(
        said.contains("decide how programs run changed during the run: '") && said.contains("/of-the-run'"),
        "{said}"
    );
    let of_check = "it changed files of your home directory that decide how programs run: '";
    for told in [said, sandbox.chant(&["show", &id]).ok().out] {
        assert!(told.contains(of_check) && told.contains("/.local/lib/x', and 1 more"), "{told}");
    }
    // What is there already, and caches, are everyday.
    let again = sandbox.chant(&["verify", &id, "--fresh"]).ok();
    assert!(!again.err.contains("/.local/lib/x'") && !again.err.contains(".cache/x'"), "{}", again.err);
}

#[test]
fn what_a_failing_command_printed_is_shown_and_kept_here() {
    let sandbox = with(&[], "echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "echo fine", "--verify", "echo E42 no module; exit 3"]);
    sandbox.chant(&["work", &id]).fails(1, &["E42 no module"]);
    let shown = sandbox.chant(&["show", &id]).ok();
    assert!(shown.out.contains("E42 no module") && !shown.out.contains("fine\n"), "{}", shown.out);
    assert!(
        !sandbox.git(&["show", &format!("chant/specs/{id}:checks.json")]).contains("E42 no module\n"),
        "it is local"
    );
    let repro = sandbox.add(&["Repro", "--phase", "reproduction", "--reproduces", "echo E43; exit 1"]);
    sandbox.chant(&["work", &repro]).fails(1, &["E43"]);
    assert!(sandbox.chant(&["show", &repro]).ok().out.contains("E43"));
}

#[test]
fn all_that_is_checked_is_counted_and_what_no_person_approved_is_named() {
    let sandbox = with(&[], "echo two >file; echo x >\"new-$CHANT_SPEC_ID\"; tick");
    let one = sandbox.add(&["One", "--verify", "grep -q two file"]);
    let other = sandbox.add(&["Other", "--verify", "test -e file"]);
    assert_eq!(sandbox.chant(&["verify", "--all"]).ok().out, "0 specs checked\n");
    for id in [&one, &other] {
        sandbox.chant(&["work", id]).ok();
    }
    assert!(sandbox.chant(&["verify", "--all"]).ok().out.ends_with("2 specs checked\n"));
    fs::remove_dir_all(sandbox.repo.join(".git/chant/trusted")).unwrap();
    sandbox.chant(&["verify", &one, "--trust"]).ok();
    let ran = sandbox.chant(&["verify", "--all"]).fails(1, &["NOT RUN", "1 spec checked, 1 not run"]);
    assert!(ran.out.contains("Other"), "{}", ran.out);
    let json = sandbox.chant(&["verify", "--all", "--json"]).fails(1, &[]).json();
    assert_eq!(json["not_run"][0]["spec"]["id"], other.as_str());
}

/// A module of the name of a runner passes everything. Only a person can want one, and names it in the spec.
#[test]
fn a_new_file_in_the_place_of_a_test_runner_is_refused_by_name() {
    let sandbox = with(&[], ": >unittest.py; tick");
    let id = sandbox.add(&["Pass", "--verify", "true"]);
    sandbox.chant(&["work", &id]).fails(1, &["'unittest.py' may not be changed"]);
    let named = sandbox.add(&["Vendor it", "--verify", "true", "--target-file", "unittest.py"]);
    sandbox.chant(&["work", &named]).ok();
}

#[test]
fn all_that_checks_printed_can_be_read() {
    let sandbox = with(&[], "echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "true", "--verify", "seq 1 40; exit 4"]);
    let short = sandbox.show(&id)["short"].as_str().unwrap().to_owned();
    let all = format!("git chant log {short} --checks");
    let ran = sandbox.chant(&["work", &id]).fails(1, &["exit code 4\n          29\n", "   40\n", &all]);
    assert!(!ran.out.contains("   28\n"), "{}", ran.out);
    let whole = sandbox.chant(&["log", &id, "--checks"]).ok().out;
    let checked = sandbox.git(&["rev-parse", &format!("chant/{id}")]);
    let begins = format!("Checks of {checked}\n\n$ true\n(exit code 0)\n\n$ seq 1 40; exit 4\n1\n2\n");
    assert!(whole.starts_with(&begins), "{whole}");
    assert!(whole.ends_with("\n40\n(exit code 4)\n\n"), "{whole}");
    assert_eq!(sandbox.chant(&["log", &id, "--checks", "-n", "3"]).ok().out, "40\n(exit code 4)\n\n");
    let attempt = sandbox.show(&id)["attempt"].as_str().unwrap()[..12].to_owned();
    assert_eq!(sandbox.chant(&["log", &id, "--checks", "--attempt", &attempt]).ok().out, whole);
    sandbox.chant(&["log", &id, "--checks", "--attempt", "0123"]).fails(1, &["has no check output"]);
    // Those of another commit take their place, and say so.
    sandbox.chant(&["verify", &id, "--at", "HEAD"]).fails(1, &["exit code 4"]);
    let other = format!("Checks of {}\n", sandbox.git(&["rev-parse", "HEAD"]));
    assert!(sandbox.chant(&["log", &id, "--checks"]).ok().out.starts_with(&other));
    sandbox.chant(&["verify", &id]).fails(1, &["   29\n", &all]);
    // Of several specs, too.
    let other = sandbox.add(&["Once more", "--verify", "echo E45; false"]);
    sandbox.chant(&["reset", &id]).ok();
    let ran = sandbox.chant(&["work", &id, &other, "--keep-going"]).fails(1, &["   40\n", "   E45\n"]);
    assert!(!ran.out.contains("   28\n"), "{}", ran.out);
}

#[test]
fn what_a_check_leaves_running_is_told() {
    let sandbox = with(&[], "echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "sleep 600 >/dev/null 2>&1 & sleep 601 & exit 0"]);
    sandbox.chant(&["work", &id]).fails(0, &["warning: ", "it left 2 background processes, now stopped"]);
    if !confine(&sandbox) {
        return;
    }
    sandbox
        .chant(&["verify", &id])
        .fails(0, &["warning: ", "it left 2 background processes, now stopped: sleep, sleep"]);
    // Where the check has a version of its own of all that the repository is in, too.
    let mut command = sandbox.binary(&["verify", &id]);
    command.env("TMPDIR", sandbox.dir());
    sandbox.run(&mut command).fails(0, &["it left 2 background processes, now stopped: sleep, sleep"]);
}

#[test]
fn at_a_terminal_a_line_shows_how_far_a_check_is() {
    let sandbox = with(&[], "echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "echo step one; until test -e ../go; do sleep 0.05; done"]);
    let mut command = sandbox.binary(&["work", &id]);
    command.env("TERM", "xterm").env("COLUMNS", "80");
    let mut terminal = Terminal::start(command);
    terminal.expect("> Checking echo step one;");
    terminal.expect("s  step one");
    fs::write(sandbox.dir().join("go"), "").unwrap();
    terminal.expect("Completed");
    terminal.end();
    // Elsewhere the command is named once.
    let ran = sandbox.chant(&["verify", &id]).ok();
    assert_eq!((ran.err.matches("Checking").count(), ran.err.contains("\nstep one")), (1, false), "{}", ran.err);
}

#[test]
fn what_set_up_changes_is_not_held_against_a_command() {
    let sandbox = with(&[("lock", "a\n"), ("other", "a\n")], "git checkout -q lock; echo two >file; tick");
    sandbox.git(&["config", "chant.worktreeSetup", "echo b >>lock"]);
    let id = sandbox.add(&["Make it two", "--verify", "true", "--verify", "true"]);
    let ran = sandbox.chant(&["work", &id]).ok();
    assert_eq!(ran.err.matches("chant.worktreeSetup changed tracked files: lock").count(), 1, "{}", ran.err);
    for (command, named) in [("echo c >>lock", "lock"), ("echo b >>other", "other")] {
        let id = sandbox.add(&["Make it two", "--verify", command]);
        sandbox.agent("git checkout -q lock; echo \"$CHANT_SPEC_ID\" >>file; tick");
        let changed = format!("changed tracked files: {named}\n");
        sandbox.chant(&["work", &id]).fails(1, &[&changed, "git config chant.checkMayChange"]);
    }
}

#[test]
fn a_failed_check_names_only_what_it_did_not_find() {
    let ignored = [(".gitignore", ".env\nconf/\nmade\nleft\n"), (".worktreeinclude", ".env\nconf/a\n")];
    let sandbox = with(&ignored, "touch conf/b left; tick; echo two >file");
    for (path, text) in [(".env", "x\n"), ("conf/a", "x\n")] {
        sandbox.write(path, text);
    }
    sandbox.git(&["config", "chant.worktreeSetup", "touch made"]);
    let fails = |script: &str| {
        sandbox.agent(script);
        let id = sandbox.add(&["Make it two", "--verify", "cat .env conf/a made && false"]);
        sandbox.chant(&["work", &id]).fails(1, &["in a clean checkout of"]).err
    };
    let said = fails("echo two >file; touch conf/b left; tick");
    assert!(said.contains("without the worktree's ignored and untracked files (conf/b, left)\n"), "{said}");
    let said = fails("echo three >file; echo y >>.env; tick");
    assert!(!said.contains("without") && said.contains("with the main worktree's .env, which differs"), "{said}");
    let said = fails("echo four >file; tick");
    assert!(said.lines().any(|line| line.starts_with("hint: commands run in") && !line.contains(',')), "{said}");
}

#[test]
fn an_unconfined_run_leaves_no_result_to_be_recalled() {
    let sandbox = with(
        &[],
        "d=$(git rev-parse --git-common-dir)/chant/check/results; mkdir -p $d; touch $d/x.json; echo two >file; tick",
    );
    let sandbox = sandbox.unconfined();
    let id = sandbox.add(&["Make it two", "--verify", "true"]);
    sandbox.chant(&["work", &id]).ok();
    assert!(!sandbox.repo.join(".git/chant/check/results/x.json").exists());
}

#[test]
fn a_failure_that_comes_once_is_neither_evidence_nor_kept() {
    let count = "n=$(cat ../count); echo x >>../count; test -n \"$n\"\n";
    let sandbox = with(&[("t_test.sh", count)], &format!("echo \"$CHANT_SPEC_ID\" >>file; {NOTES}; tick")).unconfined();
    let outside = sandbox.dir().join("count");
    fs::write(&outside, "").unwrap();
    let id = sandbox.add(&["Fix", "--phase", "fork-fix", "--reproduces", "sh t_test.sh"]);
    sandbox.chant(&["work", &id]).fails(1, &["t_test.sh"]);
    // What the first run came to is not recalled.
    sandbox.chant(&["work", &id]).fails(1, &["t_test.sh"]);
    assert_ne!(sandbox.status(&id), "completed");
}

#[test]
fn commands_run_at_the_base_as_they_do_at_the_tip() {
    let sandbox = with(&[], "echo two >file; tick");
    sandbox.git(&["config", "chant.verifyBase", "true"]);
    let id = sandbox.add(&["Make it two", "--verify", "echo x >out", "--verify", "test -e out"]);
    sandbox.chant(&["work", &id]).ok();
    let verify = evidence(&sandbox, &id)["verify"].clone();
    assert_eq!((&verify[0]["base"]["exit"], &verify[1]["base"]["exit"]), (&0.into(), &0.into()));
    let results = sandbox.repo.join(".git/chant/check/results");
    assert!(fs::read_dir(&results).unwrap().next().is_some());
    sandbox.chant(&["prune", "--expire", "now"]).ok();
    assert!(fs::read_dir(&results).unwrap().next().is_none());
}

#[test]
fn an_attempt_that_ends_disturbs_no_check_of_another() {
    let sandbox = with(&[], "echo \"$CHANT_SPEC_ID\" >$CHANT_SPEC_ID; tick");
    if !confine(&sandbox) {
        return;
    }
    for seconds in ["1", "3"] {
        sandbox.add(&["Make it two", "--verify", &format!("sleep {seconds}")]);
    }
    sandbox.chant(&["work", "--all", "--jobs", "2"]).ok();
}

#[test]
fn documents_of_silent_mode_are_those_that_were_checked() {
    let sandbox =
        with(&[], "mkdir -p .chant/research; echo \"# Found $CHANT_SPEC_ID\" >.chant/research/x.md; tick").unconfined();
    sandbox.chant(&["init", "--silent"]).ok();
    sandbox.write(".chant/research/in.md", "# Words\n\nInput.\n");
    let inputs = ["--informed-by", ".chant/research/in.md", "--target-file", ".chant/research/x.md"];
    let add = |verify: &str| sandbox.add(&[&["Look"][..], &inputs, &["--verify", verify]].concat());
    let id = add("grep -q Input .chant/research/in.md");
    sandbox.chant(&["work", &id]).ok();
    sandbox.chant(&["verify", &id]).ok();
    let id = add("echo more >>\"$(echo ../repo.chant-[0-9]*)/.chant/research/x.md\"");
    sandbox.chant(&["work", &id]).fails(1, &["another process changed its documents during the checks"]);
}

#[test]
fn ignored_files_of_the_work_hide_no_red_code() {
    // What looks finished by its date, or by what a program remembers of it, and what a project tracks besides.
    let make = "test -e build/app -a ! src.txt -nt build/app || { mkdir -p build; cp src.txt build/app; }\ngrep -q good build/app\n";
    let by_sum = "s=$(cksum <src.txt); test -e build/sum -a \"$(cat build/sum 2>&1)\" = \"$s\" && exit 0\ngrep -q good src.txt\n";
    let files = [
        ("make.sh", make),
        ("sum.sh", by_sum),
        ("src.txt", "good\n"),
        ("dist/a.js", "old\n"),
        ("needs.sh", "cat t.data\n"),
        ("lib.so", "\x7fELFold"),
        (".gitignore", "build/\n*.data\n"),
    ];
    let red = "echo red >src.txt; mkdir build; echo good >build/app; cksum <src.txt >build/sum";
    let commit = "git add -f . ':!.chant/run'; git commit -qm Work; tick";
    let work = |script: &str, options: &[&str]| {
        let sandbox = with(&files, script);
        sandbox.write("dist/.gitignore", "*\n");
        sandbox.git(&["add", "-f", "dist"]);
        sandbox.git(&["commit", "-qm", "Ship dist"]);
        let id = sandbox.add(&[&["Do it"], options].concat());
        (sandbox, id)
    };
    let (sandbox, id) = work(&format!("{red}; {commit}"), &["--verify", "sh make.sh"]);
    sandbox.chant(&["work", &id]).fails(1, &["sh make.sh", "exit code 1", "compiled code: build/app, build/sum"]);
    for (script, command, paths) in [
        (red, "sh sum.sh", "build/app, build/sum"),
        ("echo red >src.txt; mkdir build; cksum <src.txt >build/sum; : >.gitignore", "sh sum.sh", "build/sum"),
        ("echo x >t.data", "sh needs.sh", "t.data"),
        ("printf '\\177ELFx' >tool", "cat tool", "tool"),
        ("printf '\\177ELFnew' >lib.so", "grep -q new lib.so", "lib.so"),
    ] {
        let (sandbox, id) = work(&format!("{script}; {commit}"), &["--verify", command]);
        let waits =
            sandbox.chant(&["work", &id]).fails(1, &["the checks are in doubt", paths, "without them", "accept"]);
        assert!(waits.err.contains(&format!("'{command}' fails")), "{}", waits.err);
        assert_eq!(sandbox.status(&id), "finished");
        sandbox.chant(&["show", &id]).fails(0, &["waits   built files", paths]);
        sandbox.chant(&["log", &id, "--checks"]).fails(0, &[command]);
        sandbox.chant(&["verify", &id]).fails(0, &["built files", paths]);
        sandbox.chant(&["accept", &id, "--reason", "Looked at"]).ok();
        sandbox.chant(&["merge", &id]).ok();
        sandbox.chant(&["show", &id]).fails(0, &["accepted by a person"]);
    }
    for (script, options) in [
        ("echo x >t.data", &["--verify", "sh needs.sh", "--target-file", "t.data"][..]),
        ("echo new >dist/b.js", &["--verify", "cat dist/b.js"]),
        ("echo x >u.data", &["--verify", "grep -q good src.txt"]),
    ] {
        let (sandbox, id) = work(&format!("{script}; {commit}"), options);
        sandbox.chant(&["work", &id]).ok();
    }
    // What is tracked and ignored is as old in the check of a later spec.
    let (sandbox, id) = work("echo good >build/app; echo red >src.txt; tick", &["--verify", "sh make.sh"]);
    sandbox.write("build/app", "good\n");
    sandbox.git(&["add", "-f", "build"]);
    sandbox.git(&["commit", "-qm", "Ship build"]);
    sandbox.chant(&["work", &id]).fails(1, &["sh make.sh", "exit code 1"]);
}

#[test]
fn what_set_up_changes_in_the_worktree_is_no_work_of_the_agent() {
    for commits in ["git add -A; git commit -qam Two", "git commit -qam Two", "true"] {
        let files = [("lock", "a\n"), ("gone", "a\n"), ("config", "a\n")];
        let script = format!("cat lock config >../seen; test ! -e gone; echo two >file; {commits}; tick");
        let sandbox = with(&files, &script);
        sandbox.git(&["config", "chant.worktreeSetup", "echo b >>lock; rm gone; echo b >config; git add config"]);
        let id = sandbox.add(&["Make it two", "--target-file", "file"]);
        sandbox.chant(&["work", &id]).fails(0, &["no commit of the work takes: config, gone, lock"]);
        assert_eq!(fs::read_to_string(sandbox.dir().join("seen")).unwrap(), "a\nb\nb\n", "{commits}");
        let changed = sandbox.git(&["diff", "--name-only", "HEAD^", "--", ".", ":!.chant"]);
        assert_eq!(changed, "file", "{commits}");
    }
    // What the agent makes of such a file is its work.
    let sandbox = with(&[("lock", "a\n")], "echo c >lock; echo two >file; tick");
    sandbox.git(&["config", "chant.worktreeSetup", "echo b >>lock"]);
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.git(&["show", "main:lock"]), "c");
}

#[test]
fn the_checks_of_an_earlier_attempt_can_be_read() {
    let sandbox = with(&[], "echo two >file; tick");
    sandbox.git(&["config", "chant.verifyBase", "true"]);
    let id = sandbox.add(&["Make it two", "--verify", "echo first $(cat file)"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.chant(&["log", &id, "--checks"]).fails(0, &["first two", "# at the base", "first one"]);
    sandbox.chant(&["reset", &id]).ok();
    sandbox.agent("echo three >file; tick");
    sandbox.chant(&["work", &id]).ok();
    let newest = sandbox.chant(&["log", &id, "--checks"]).fails(0, &["first three", "--checks --attempt "]);
    let (_, attempt) = newest.err.trim().rsplit_once(' ').unwrap();
    sandbox.chant(&["log", &id, "--checks", "--attempt", attempt]).fails(0, &["first two"]);
    let checked = sandbox.chant(&["verify", &id, "--at", "HEAD", "--json"]).ok().json();
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    assert_eq!(checked["commit"], head.trim());
    assert_eq!(sandbox.chant(&["verify", "--all", "--json"]).ok().json()["checked"][0]["commit"], head.trim());
}

#[test]
fn a_failed_check_names_the_set_up_that_brings_submodules() {
    let sandbox = with(&[(".gitmodules", "[submodule \"a\"]\n\tpath = a\n\turl = ./a\n")], "echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "test -e a/b"]);
    let hint = "git config chant.worktreeSetup \"git submodule update --init --recursive\"";
    sandbox.chant(&["work", &id]).fails(1, &[hint]);
}

#[test]
fn what_a_check_runs_ends_with_the_next_where_its_process_was_killed() {
    let dies = "[ -e ../once ] || { echo $$ >../once; kill -9 $PPID; exec sleep 1000; }";
    let sandbox = with(&[], "echo two >file; tick").unconfined();
    let id = sandbox.add(&["Make it two", "--verify", dies]);
    sandbox.chant(&["work", &id]).fails(137, &[]);
    let left = fs::read_to_string(sandbox.dir().join("once")).unwrap();
    let is_there = || std::path::Path::new("/proc").join(left.trim()).join("exe").exists();
    assert!(is_there());
    sandbox.chant(&["finish", &id]).fails(0, &["stopped a process that an interrupted check left behind"]);
    assert!(!is_there());
    assert_eq!(
        fs::read_dir(sandbox.repo.join(".git/chant/check"))
            .unwrap()
            .flatten()
            .filter(|entry| { entry.path().extension().is_some_and(|extension| extension == "run") })
            .count(),
        0
    );
}

#[test]
fn what_was_made_before_of_a_file_that_the_work_changes_is_older() {
    // As in the worktree of a person, whatever the names of the files are.
    let make = "for f in a z; do if test -n \"$(find m.txt -newer $f)\"; then cp m.txt $f; fi; grep -q good $f || exit 1; done\n";
    let sandbox =
        with(&[("make.sh", make), ("a", "good\n"), ("z", "good\n"), ("m.txt", "good\n")], "echo red >m.txt; tick");
    sandbox.git(&["config", "chant.checkMayChange", "a z"]);
    let id = sandbox.add(&["Change it", "--verify", "sh make.sh"]);
    sandbox.chant(&["work", &id]).fails(1, &["sh make.sh", "exit code 1"]);
    sandbox.agent("echo good >m.txt; echo x >new; tick");
    sandbox.chant(&["work", &id]).ok();
}
