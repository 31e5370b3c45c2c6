//! Repositories, command lines and texts as people have them: what works in git works here, and what cannot work is said before it begins.

use std::{
    fs,
    os::unix::{
        fs::PermissionsExt as _,
        process::{CommandExt as _, ExitStatusExt as _},
    },
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{Sandbox, tools::need_that};

/// A repository with an agent and a spec.
fn with_spec(script: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.agent(script);
    let id = sandbox.add(&["Say two"]);
    (sandbox, id)
}

/// The work is in `main`.
#[track_caller]
fn done(sandbox: &Sandbox, id: &str) {
    assert_eq!(sandbox.status(id), "completed");
    assert_eq!(sandbox.git(&["show", "main:file"]), "two");
}

/// Nothing of the spec was begun.
#[track_caller]
fn untouched(sandbox: &Sandbox, id: &str) {
    assert_eq!(sandbox.status(id), "pending");
    assert!(!sandbox.ops(id).contains(&"start".to_owned()));
    assert_eq!(sandbox.git(&["for-each-ref", "refs/heads/chant", "refs/chant-local"]), "");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_placeholder_may_stand_in_quotes_and_a_path_may_hold_anything() {
    let (mut sandbox, _) = with_spec("");
    let odd = sandbox.dir().join("my \"work\" $HOME it's");
    fs::create_dir(&odd).unwrap();
    fs::rename(&sandbox.repo, odd.join("repo")).unwrap();
    sandbox.repo = odd.join("repo");
    for command in [
        "cat {prompt_file}",
        "cat \"{prompt_file}\"",
        "cat '{prompt_file}'",
        "x=\"$(cat \"{prompt_file}\")\"",
        "sh -c \"cat {prompt_file}\"",
        "env A=1 sh -c 'cat \"{prompt_file}\"'",
    ] {
        sandbox.git(&["config", "chant.agent.scripted.cmd", &format!("{command} >/dev/null && echo two >>file")]);
        let id = sandbox.add(&["Say two"]);
        sandbox.chant(&["work", &id]).ok();
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_agent_that_is_not_on_this_machine_is_named_before_anything_is_claimed() {
    let (sandbox, id) = with_spec("");
    sandbox.git(&["config", "chant.agent", "claude"]);
    let path = std::env::join_paths([
        Path::new(env!("CARGO_BIN_EXE_git-chant")).parent().unwrap(),
        Path::new("/usr/bin"),
        Path::new("/bin"),
    ])
    .unwrap();
    let ran = sandbox.run(sandbox.binary(&["work", &id]).env("PATH", &path));
    if need_that(ran.code != 0, "a machine without 'claude' in /usr/bin") {
        ran.fails(128, &["cannot start agent 'claude': 'claude' is not in PATH", "git config chant.agent.claude.cmd"]);
    }
    untouched(&sandbox, &id);
    for (command, why) in [
        ("no-such-agent --yes", "'no-such-agent' is not in PATH"),
        ("A=1 /no/such/agent {prompt_file}", "'/no/such/agent' is not there"),
        ("env A=1 no-such-agent --yes", "'no-such-agent' is not in PATH"),
        ("timeout 10m no/such", "'no/such' is not in the commit that the work starts from"),
        ("./own-agent", "'./own-agent' is not in the commit that the work starts from"),
    ] {
        sandbox.git(&["config", "chant.agent.mine.cmd", command]);
        sandbox.chant(&["work", &id, "--agent", "mine"]).fails(128, &[why]);
        untouched(&sandbox, &id);
    }
    // What the shell or the worktree has is found there.
    sandbox.write("tools/agent", "#!/bin/sh\n");
    sandbox.git(&["add", "tools"]);
    sandbox.git(&["update-index", "--chmod=+x", "tools/agent"]);
    sandbox.git(&["commit", "-qm", "An agent"]);
    for command in ["exec true", "A=1 true", "env A=1 ./tools/agent", "tools/agent", "$HOME/x || true"] {
        sandbox.git(&["config", "chant.agent.mine.cmd", command]);
        sandbox.chant(&["work", &id, "--agent", "mine"]).fails(1, &[]);
        assert_eq!(sandbox.status(&id), "failed", "{command}");
    }
}

#[test]
fn a_directory_for_temporary_files_that_is_gone_is_as_good_as_none() {
    let (sandbox, id) = with_spec("test -z \"$TMPDIR\" && echo two >file");
    let gone = sandbox.dir().join("gone");
    sandbox.run(sandbox.binary(&["work", &id]).env("TMPDIR", gone)).ok();
    done(&sandbox, &id);
}

#[test]
fn a_target_that_cannot_be_made_is_refused_before_the_claim() {
    let (sandbox, id) = with_spec("echo two >file");
    sandbox.git(&["branch", "fix"]);
    sandbox
        .chant(&["work", &id, "--onto", "fix/it"])
        .fails(128, &["cannot create the branch 'fix/it': 'fix' exists", "--onto"]);
    untouched(&sandbox, &id);
    sandbox.git(&["branch", "topic/a"]);
    sandbox
        .chant(&["work", &id, "--onto", "topic"])
        .fails(128, &["cannot create the branch 'topic': 'topic/a' exists"]);
    let elsewhere = sandbox.dir().join("elsewhere");
    sandbox.git(&["worktree", "add", "-q", "--detach", elsewhere.to_str().unwrap()]);
    sandbox.git_in(&elsewhere, &["checkout", "-q", "--orphan", "new"]);
    sandbox.chant(&["work", &id, "--onto", "new"]).fails(128, &["'new' in", "does not have any commits yet"]);
    sandbox.chant(&["work", &id, "--onto", "HEAD"]).fails(129, &["'HEAD' is not a valid branch name"]);
    untouched(&sandbox, &id);
    sandbox.chant(&["work", &id, "--onto", "main"]).ok();
    done(&sandbox, &id);
}

#[test]
fn a_box_that_is_nearly_one_is_told_wherever_a_text_is_looked_at() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; tick");
    let body = sandbox.dir().join("body.md");
    let text = "## Acceptance Criteria\n\n- [ ] good\n- [] no blank\n-[ ] no space\n- [~] half\n* [x]done\n\n\
                ```\n- [] code\n```\n\n- [see](here)\n\n## Notes\n\n- [] elsewhere\n";
    fs::write(&body, text).unwrap();
    let added = sandbox.chant(&["add", "Boxes", "--body-file", body.to_str().unwrap()]).ok();
    let id = added.out.trim().trim_start_matches("Created spec: ").to_owned();
    let linted = sandbox.chant(&["lint", &id]);
    let worked = sandbox.chant(&["work", &id]).ok();
    for told in [&added.err, &linted.out, &worked.err] {
        for line in ["- [] no blank", "-[ ] no space", "- [~] half", "* [x]done"] {
            let by_text = told.contains(&format!("'{line}' is not a criterion"));
            assert!(by_text || told.contains("not a criterion"), "{line} in {told}");
        }
        assert_eq!(told.matches("not a criterion; ignored").count(), 4, "{told}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_heading_that_is_nearly_that_of_criteria_is_told_wherever_a_text_is_looked_at() {
    for heading in [
        "**Acceptance Criteria**",
        "##Acceptance Criteria",
        "## Acceptance Criterion",
        "### 3. Acceptance criteria (must)",
        "Acceptance criteria:",
    ] {
        let sandbox = Sandbox::new();
        sandbox.agent("echo two >file");
        let body = sandbox.dir().join("body.md");
        fs::write(&body, format!("```\n{heading}\n- [ ] code\n```\n\n{heading}\n\n- [ ] open\n- [ ] more\n")).unwrap();
        let added = sandbox.chant(&["add", "Boxes", "--body-file", body.to_str().unwrap()]).ok();
        let id = added.out.trim().trim_start_matches("Created spec: ").to_owned();
        let linted = sandbox.chant(&["lint", &id]);
        let worked = sandbox.chant(&["work", &id]).ok();
        for told in [&added.err, &linted.out, &worked.err] {
            assert_eq!(told.matches("not the heading of criteria; the boxes below are ignored").count(), 1, "{told}");
        }
    }
    let sandbox = Sandbox::new();
    let body = sandbox.dir().join("body.md");
    fs::write(
        &body,
        "## Acceptance Criteria:\n\nAcceptance criteria of the team:\n\n- [ ] open\n\n## Tasks\n\n- [ ] x\n",
    )
    .unwrap();
    let added = sandbox.chant(&["add", "Boxes", "--body-file", body.to_str().unwrap()]).ok();
    assert!(!added.err.contains("not the heading"), "{}", added.err);
}

#[test]
fn a_front_matter_that_would_not_count_is_refused() {
    for begin in ["\n---", " ---", "----"] {
        let sandbox = Sandbox::new();
        sandbox.agent("echo two >file");
        let text = format!("{begin}\nverify: \"false\"\ntarget_files: other\n---\n# It\n");
        sandbox.write(".chant/specs/2026-01-01-001-abc.md", &text);
        sandbox.commit("A spec");
        let why = "the front matter does not begin with '---' on the first line";
        sandbox.chant(&["lint"]).fails(1, &[why]);
        let worked = sandbox.chant(&["work", "001-abc"]);
        assert!(worked.code != 0 && worked.err.contains(why), "{}", worked.err);
        assert_eq!(sandbox.read("file"), "one\n");
    }
}

#[test]
fn a_misspelt_key_is_told_wherever_a_text_is_looked_at() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file");
    let id = sandbox.add(&["Misspelt"]);
    let path = format!(".chant/specs/{id}.md");
    let text = sandbox.read(&path).replacen("---\n", "---\nverfy: \"false\"\n", 1);
    sandbox.write("text", &text);
    let editor = format!("cp {}/text", sandbox.repo.display());
    let edited = sandbox.run(sandbox.binary(&["edit", &id]).env("GIT_EDITOR", editor)).ok();
    let worked = sandbox.chant(&["work", &id]).ok();
    for told in [&edited.err, &worked.err] {
        assert!(told.contains("unknown key 'verfy'; ignored (did you mean 'verify'?)"), "{told}");
        assert!(told.contains(&format!("{path}:2")), "{told}");
    }
}

#[test]
fn a_list_may_be_one_line() {
    let sandbox = Sandbox::new();
    let first = sandbox.add(&["First"]);
    let second = sandbox.add(&["Second"]);
    let text = format!("---\nlabels: a, b,c\ndepends_on: {first}, {second}\ntarget_files: x, dir/y,z\n---\n# T\n");
    sandbox.write(".chant/specs/2026-01-01-001-abc.md", &text);
    let spec = sandbox.show("2026-01-01-001-abc");
    assert_eq!(spec["labels"], serde_json::json!(["a", "b", "c"]));
    assert_eq!(spec["depends_on"], serde_json::json!([first, second]));
    assert_eq!(spec["target_files"], serde_json::json!(["x", "dir/y,z"]));
}

#[test]
fn a_work_tree_that_only_the_command_line_names_is_worked_and_merged_into() {
    let (sandbox, id) = with_spec("echo two >file");
    sandbox.commit("Spec");
    let home = sandbox.dir().join("dotfiles");
    let git = sandbox.dir().join("dotfiles.git");
    fs::create_dir(&home).unwrap();
    fs::rename(sandbox.repo.join(".git"), &git).unwrap();
    let places = [format!("--git-dir={}", git.display()), format!("--work-tree={}", home.display())];
    let places = places.each_ref().map(String::as_str);
    sandbox.git_in(&home, &[&places[..], &["config", "core.bare", "true"]].concat());
    sandbox.git_in(&home, &[&places[..], &["reset", "-q", "--hard"]].concat());
    sandbox.git_in(&home, &[&places[..], &["chant", "work", &id]].concat());
    assert_eq!(fs::read_to_string(home.join("file")).unwrap(), "two\n");
    assert_eq!(sandbox.git_in(&home, &[&places[..], &["status", "--porcelain", "-uno"]].concat()), "");
    assert!(!home.join(".git").exists());
}

#[test]
fn worktrees_inside_the_main_one_are_no_untracked_files() {
    let (sandbox, id) = with_spec("echo two >file; exit 75");
    sandbox.commit("Spec");
    sandbox.git(&["config", "chant.worktreeDir", "trees [1]"]);
    sandbox.write("trees [1]/own", "x");
    sandbox.git(&["config", "core.excludesFile", "/dev/null"]);
    sandbox.write(".git/info/exclude", "# no line end");
    sandbox.chant(&["work", &id]).fails(1, &[]);
    assert!(sandbox.repo.join(format!("trees [1]/repo.chant-{}", &id[11..])).is_dir());
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "?? \"trees [1]/\"");
    assert_eq!(sandbox.git(&["ls-files", "--others", "--exclude-standard"]), "trees [1]/own");
    let once = sandbox.read(".git/info/exclude");
    sandbox.agent("echo two >file");
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.read(".git/info/exclude"), once);
    done(&sandbox, &id);
}

#[test]
fn hooks_that_git_looks_for_in_each_worktree_are_there() {
    let (sandbox, id) = with_spec("");
    sandbox.write(".husky/_/.gitignore", "*");
    sandbox.write("hooks/tracked", "x");
    sandbox.commit("Spec");
    sandbox.git(&["config", "core.hooksPath", ".husky/_"]);
    sandbox.chant(&["hooks", "install"]).ok();
    sandbox.chant(&["work", &id, "--agent", "manual"]).ok();
    let tree = sandbox.dir().join(format!("repo.chant-{}", &id[11..]));
    fs::write(tree.join("file"), "two\n").unwrap();
    sandbox.git_in(&tree, &["commit", "-qam", "By hand"]);
    assert_eq!(sandbox.git_in(&tree, &["log", "-1", "--format=%(trailers:key=Chant-Spec,valueonly)"]).trim(), id);
    assert_eq!(sandbox.git_in(&tree, &["status", "--porcelain"]), "");
    sandbox.chant(&["finish", &id]).ok();
    done(&sandbox, &id);
}

#[test]
fn a_safe_directory_counts_wherever_git_heeds_it() {
    let (sandbox, id) = with_spec("echo two >file");
    if !need_that(rustix::process::geteuid().is_root(), "root, who may give files away") {
        return;
    }
    sandbox.run(Command::new("chown").args(["-R", "12345:12345"]).arg(&sandbox.repo)).ok();
    let chant = |command: &mut Command| sandbox.run(command.args(["chant", "work", &id]));
    let git = || sandbox.command_in(&sandbox.repo, "git");
    chant(&mut git()).fails(128, &["dubious ownership"]);
    chant(git().args(["-c", "safe.directory=/elsewhere"])).fails(128, &["dubious ownership"]);
    let variables = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "safe.directory"), ("GIT_CONFIG_VALUE_0", "*")];
    sandbox.run(git().args(["chant", "list"]).envs(variables)).ok();
    chant(git().args(["-c", "safe.directory=*"])).ok();
}

#[test]
fn a_signal_to_the_whole_group_while_files_are_written_leaves_nothing_half_done() {
    let (sandbox, id) = with_spec("echo two >file; for i in $(seq 1 50); do echo x >slow$i; done");
    let note = sandbox.dir().join("group");
    sandbox.write(".gitattributes", "slow* filter=signal\n");
    sandbox.commit("Attributes");
    // The first file that is written brings the signal, once it is known where to.
    let smudge = format!(
        "test -e {0}.sent || {{ until test -s {0}; do sleep 0.01; done; touch {0}.sent; env kill -TERM -- -$(cat {0}); }}; cat",
        note.display()
    );
    sandbox.git(&["config", "filter.signal.smudge", &smudge]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let mut merging = sandbox.binary(&["merge", &id]).process_group(0).stdout(Stdio::null()).spawn().unwrap();
    fs::write(&note, merging.id().to_string()).unwrap();
    assert_eq!(merging.wait().unwrap().signal(), Some(15));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "Mine"]);
    // Once more changes nothing, and is no fault.
    for _ in 0..2 {
        sandbox.chant(&["merge", &id]).fails(0, &["Merged"]);
    }
    done(&sandbox, &id);
}

#[test]
fn members_that_two_clones_add_to_one_driver_are_two_specs() {
    let (sandbox, _) = with_spec("echo two >file");
    let driver = sandbox.add(&["Both", "--type", "driver"]);
    assert_eq!(sandbox.add(&["Alone", "--member-of", &driver]), format!("{driver}.1"));
    sandbox.commit("Specs");
    let server = sandbox.dir().join("server.git");
    sandbox.git(&["clone", "-q", "--bare", ".", server.to_str().unwrap()]);
    sandbox.git(&["remote", "add", "origin", server.to_str().unwrap()]);
    sandbox.chant(&["sync"]).ok();
    let other = sandbox.dir().join("other");
    sandbox.git(&["clone", "-q", server.to_str().unwrap(), other.to_str().unwrap()]);
    sandbox.chant_in(&other, &["sync"]).ok();
    sandbox.chant_in(&other, &["add", "Theirs", "--member-of", &driver]).ok();
    let mine = sandbox.add(&["Mine", "--member-of", &driver]);
    assert!(mine.starts_with(&format!("{driver}.2-")), "{mine}");
    assert_eq!(sandbox.show(&format!("{}.2", &driver[11..]))["id"], mine);
    for dir in [&sandbox.repo, &other, &sandbox.repo] {
        sandbox.chant_in(dir, &["sync"]).ok();
    }
    let titles = sandbox.chant(&["list", "--format=%(id) %(title)"]).ok().out;
    assert_eq!(titles.matches(&format!("{driver}.2-")).count(), 2, "{titles}");
    sandbox.chant(&["show", &format!("{}.2", &driver[11..])]).fails(128, &["matches 2 specs"]);
    sandbox.chant(&["work", &mine]).ok();
    let theirs = titles.lines().find(|line| line.ends_with(" Theirs")).unwrap().split(' ').next().unwrap();
    assert_eq!((sandbox.status(&mine), sandbox.status(theirs)), ("completed".to_owned(), "pending".to_owned()));
    sandbox.chant(&["fsck"]).ok();
}

#[test]
fn an_agent_that_a_set_up_makes_or_copies_is_started() {
    let (sandbox, id) = with_spec("");
    let agent = "#!/bin/sh\necho more >>file\n";
    sandbox.write(".gitignore", "own-agent\n");
    sandbox.git(&["add", ".gitignore"]);
    sandbox.git(&["commit", "-qm", "Ignore it"]);
    sandbox.git(&["config", "chant.agent.mine.cmd", "./own-agent"]);
    sandbox.git(&["config", "chant.worktreeSetup", &format!("printf '{agent}' >own-agent; chmod +x own-agent")]);
    sandbox.chant(&["work", &id, "--agent", "mine"]).ok();
    sandbox.git(&["config", "--unset", "chant.worktreeSetup"]);
    sandbox.write(".worktreeinclude", "own-agent\n");
    sandbox.write("own-agent", agent);
    fs::set_permissions(sandbox.repo.join("own-agent"), fs::Permissions::from_mode(0o755)).unwrap();
    let id = sandbox.add(&["Say more"]);
    sandbox.chant(&["work", &id, "--agent", "mine"]).ok();
}
