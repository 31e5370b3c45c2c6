//! The home directory of a check: what it may hold, and what of it decides nothing.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::{confine, evidence, with};

#[test]
#[ignore = "slow: .ci/run runs it"]
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
#[ignore = "slow: .ci/run runs it"]
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
    assert!(without.contains("made while agents ran") && without.contains("and 6 more"), "{without}");
    // Nor does it in the checks of later attempts, until the person takes it as it is.
    sandbox.agent("echo three >file; tick");
    let later = sandbox.add(&["Make it three", "--verify", &unseen.replace("! test -e .toolrc", "! cat .toolrc")]);
    sandbox.chant(&["work", &later]).ok();
    sandbox.chant(&["verify", &later, "--fresh"]).ok();
    let taken = sandbox.chant(&["accept", &later, "-m", "all mine"]).ok().err;
    assert!(taken.contains("/.toolrc") && taken.contains("/.local/bin/mine"), "{taken}");
    sandbox.chant(&["verify", &later]).fails(1, &["FAILED"]);
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
fn what_a_run_changed_at_home_is_hidden_whatever_its_name() {
    let names = "printf 'a\\tb:a\\nb:\\377'";
    let script = format!("cd ~/.local/bin; {names} | tr ':' '\\000' | xargs -0 touch; cd -; echo two >file; tick");
    let sandbox = with(&[], &script);
    if !confine(&sandbox) {
        return;
    }
    let bin = sandbox.dir().join("home/.local/bin");
    fs::create_dir_all(&bin).unwrap();
    let empty = "test -z \"$(ls -A ~/.local/bin)\"";
    let id = sandbox.add(&["Make it two", "--verify", empty]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(fs::read_dir(&bin).unwrap().count(), 3);
    sandbox.agent("echo three >file; tick");
    let later = sandbox.add(&["Make it three", "--verify", empty]);
    sandbox.chant(&["work", &later]).ok();
    sandbox.chant(&["accept", &later, "-m", "all mine"]).ok();
    sandbox.chant(&["verify", &later]).fails(1, &["FAILED"]);
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
#[ignore = "slow: .ci/run runs it"]
fn what_an_agent_leaves_in_the_place_of_checks_does_not_end_their_confinement() {
    for leave in ["echo x >", "ln -s \"$HOME\" "] {
        let place = "\"$(dirname \"$CHANT_WORKTREE\")/repo.chant-tree\"";
        let script = format!("{leave}{place}; printf '#!/bin/sh\\nexit 0\\n' >~/bin/mytool; echo two >file; tick");
        let sandbox = with(&[], &script);
        if !confine(&sandbox) {
            return;
        }
        sandbox.git(&["config", "chant.confine", "auto"]);
        let bin = sandbox.dir().join("home/bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join("mytool"), "#!/bin/sh\nexit 1\n").unwrap();
        fs::set_permissions(bin.join("mytool"), fs::Permissions::from_mode(0o755)).unwrap();
        let id = sandbox.add(&["Make it two", "--verify", "~/bin/mytool"]);
        sandbox.chant(&["work", &id]).fails(1, &["/repo.chant-tree' is in the way", "move it away"]);
        assert_ne!(sandbox.status(&id), "completed");
        fs::remove_file(sandbox.dir().join("repo.chant-tree")).unwrap();
        sandbox.chant(&["finish", &id]).fails(1, &["~/bin/mytool"]);
        assert_eq!(sandbox.status(&id), "failed");
    }
}
