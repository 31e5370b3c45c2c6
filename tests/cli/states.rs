//! What may lie in a work tree and in the way of a merge, and what kinds of repositories there are.

use std::{
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
};

use crate::{
    places::{changed, state},
    support::{Ran, Sandbox},
};

const BODY: &[&str] = &["--target-file", "file", "--verify", "grep -q two file"];

/// A repository whose agent makes `file` say two, and a spec that asks for it.
fn with_spec() -> (Sandbox, String, String) {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; tick");
    let (id, path) = spec(&sandbox);
    (sandbox, id, path)
}

fn spec(sandbox: &Sandbox) -> (String, String) {
    let mut add = vec!["Make it two"];
    add.extend(BODY);
    let id = sandbox.add(&add);
    let path = format!(".chant/specs/{id}.md");
    (id, path)
}

#[track_caller]
fn whole(sandbox: &Sandbox, id: &str) {
    assert_eq!(sandbox.status(id), "completed");
    sandbox.git(&["fsck", "--strict"]);
    assert_eq!(sandbox.git(&["worktree", "list", "--porcelain", "-z"]).matches("\0HEAD ").count(), 1);
}

#[test]
fn a_spec_file_that_is_not_committed_is_committed_by_the_merge() {
    for prepare in [&[][..], &["add", ".chant"], &["add", "-N", ".chant"]] {
        let (sandbox, id, path) = with_spec();
        if !prepare.is_empty() {
            sandbox.git(prepare);
        }
        let text = sandbox.read(&path);
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "{prepare:?}");
        assert_eq!(sandbox.read(&path), text);
        assert_eq!(sandbox.git(&["show", &format!("HEAD:{path}")]), text.trim_end());
        whole(&sandbox, &id);
    }
}

#[test]
fn an_edited_spec_file_is_worked_as_it_stands() {
    for stage in [false, true] {
        let (sandbox, id, path) = with_spec();
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-qm", "Spec"]);
        sandbox.write(&path, &(sandbox.read(&path) + "\nMore about it.\n"));
        if stage {
            sandbox.git(&["add", &path]);
        }
        sandbox.chant(&["work", &id, "--trust"]).ok();
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "staged: {stage}");
        assert!(sandbox.git(&["show", &format!("HEAD:{path}")]).ends_with("More about it."));
        whole(&sandbox, &id);
    }
}

#[test]
fn a_spec_file_that_is_staged_and_edited_again_is_left_alone() {
    let (sandbox, id, path) = with_spec();
    sandbox.git(&["add", "."]);
    sandbox.write(&path, &(sandbox.read(&path) + "\nEdited after it was staged.\n"));
    let was = state(&sandbox, &sandbox.repo);
    sandbox.chant(&["work", &id, "--trust"]).fails(1, &["the spec file is staged with another text", &path]);
    assert_eq!(changed(&was, &state(&sandbox, &sandbox.repo)), [format!("refs/heads/chant/{id}")]);
    sandbox.git(&["add", &path]);
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    whole(&sandbox, &id);
}

#[test]
fn a_spec_file_that_is_edited_while_the_agent_runs_is_put_back_untouched() {
    for committed in [false, true] {
        let (sandbox, id, path) = with_spec();
        if committed {
            sandbox.git(&["add", "."]);
            sandbox.git(&["commit", "-qm", "Spec"]);
        }
        let mine = sandbox.repo.join(&path).display().to_string();
        sandbox.agent(&format!("echo 'An afterthought.' >>'{mine}'; echo two >file; tick"));
        sandbox.chant(&["work", &id]).fails(1, &["the spec file was edited since the work began", &path]);
        assert_eq!(sandbox.status(&id), "finished");
        assert!(sandbox.read(&path).ends_with("An afterthought.\n"));
        let now = sandbox.git(&["status", "--porcelain"]);
        assert_eq!(now, if committed { format!(" M {path}") } else { "?? .chant/".to_owned() });
        assert_eq!(sandbox.read("file"), "one\n");
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-qm", "My own text"]);
        sandbox.chant(&["merge", &id]).ok();
        assert!(sandbox.read(&path).contains("An afterthought.\n"));
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
        whole(&sandbox, &id);
    }
}

#[test]
fn a_spec_file_that_is_committed_while_it_is_worked_merges_with_its_ticks() {
    for edited in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.agent("echo two >file; tick");
        let (id, path) = with_crlf(&sandbox);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        let text = sandbox.read(&path);
        if edited {
            sandbox.write(&path, &text.replace("About it.", "More about it."));
        }
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-qm", "Specs"]);
        sandbox.chant(&["merge", &id]).ok();
        let merged = sandbox.read(&path);
        assert!(merged.contains("- [x] file says two"), "{merged}");
        assert_eq!(merged.contains("More about it."), edited);
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
        whole(&sandbox, &id);
    }
}

#[test]
fn two_texts_of_a_spec_that_differ_at_one_place_are_a_conflict() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; tick");
    let (id, path) = with_crlf(&sandbox);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.write(&path, &sandbox.read(&path).replace("file says two", "file says three"));
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "Another criterion"]);
    let was = state(&sandbox, &sandbox.repo);
    sandbox.chant(&["merge", &id]).fails(1, &["it conflicts with 'main'", &path]);
    assert_eq!(changed(&was, &state(&sandbox, &sandbox.repo)), [""; 0]);
    assert_eq!(sandbox.status(&id), "finished");
}

#[test]
fn a_spec_that_is_in_the_index_only_stays_out_of_the_work_tree_until_the_merge() {
    let (sandbox, id, path) = with_spec();
    sandbox.git(&["add", "."]);
    std::fs::remove_file(sandbox.repo.join(&path)).unwrap();
    assert_eq!(sandbox.status(&id), "pending");
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    whole(&sandbox, &id);
}

#[test]
fn files_in_the_way_of_the_merge_are_named_and_kept() {
    for (made, how, code) in [("file", "echo mine >file", " M file"), ("made", "echo mine >made", "?? made")] {
        let (sandbox, id, _) = with_spec();
        sandbox.agent("echo two >file; tick");
        let other = sandbox.add(&["Make made"]);
        sandbox.agent(&format!("echo two >{made}; tick"));
        let id = if made == "file" { id } else { other };
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-qm", "Specs"]);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        sandbox.run(sandbox.command_in(&sandbox.repo, "sh").args(["-c", how])).ok();
        sandbox.git(&["add", "-N", "--", "."]);
        sandbox.git(&["reset", "-q"]);
        let was = state(&sandbox, &sandbox.repo);
        sandbox.chant(&["merge", &id]).fails(1, &["in the way", made, "git chant merge"]);
        assert_eq!(changed(&was, &state(&sandbox, &sandbox.repo)), [""; 0]);
        assert_eq!(sandbox.git(&["status", "--porcelain"]), code);
        assert_eq!(sandbox.status(&id), "finished");
        std::fs::rename(sandbox.repo.join(made), sandbox.dir().join("away")).unwrap();
        if made == "file" {
            sandbox.git(&["restore", "file"]);
        }
        sandbox.chant(&["merge", &id]).ok();
        assert_eq!(sandbox.read(made), "two\n");
        whole(&sandbox, &id);
    }
}

#[test]
fn a_conflict_is_named_and_a_person_can_resolve_it_in_the_worktree() {
    let (sandbox, id, _) = with_spec();
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.write("file", "three\n");
    sandbox.git(&["commit", "-qm", "Three", "file"]);
    let was = state(&sandbox, &sandbox.repo);
    sandbox.chant(&["merge", &id]).fails(1, &["it conflicts with 'main'", "file", "git chant finish"]);
    assert_eq!(changed(&was, &state(&sandbox, &sandbox.repo)), [""; 0]);
    let tree = sandbox.chant(&["path", &id]).ok().out;
    let tree = Path::new(tree.trim());
    let stopped = sandbox.run(sandbox.command_in(tree, "git").args(["merge", "-q", "main"]));
    assert_eq!(stopped.code, 1);
    std::fs::write(tree.join("file"), "two and three\n").unwrap();
    sandbox.git_in(tree, &["commit", "-qam", "Resolved"]);
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!(sandbox.read("file"), "two and three\n");
    whole(&sandbox, &id);
}

/// A repository in which a spec file is committed with LF and lies in the work tree with CRLF.
fn with_crlf(sandbox: &Sandbox) -> (String, String) {
    sandbox.write("body.md", "About it.\n\n## Acceptance Criteria\n\n- [ ] file says two\n");
    let mut add = vec!["Make it two", "--body-file", "body.md"];
    add.extend(BODY);
    let id = sandbox.add(&add);
    std::fs::remove_file(sandbox.repo.join("body.md")).unwrap();
    let path = format!(".chant/specs/{id}.md");
    (id, path)
}

#[test]
fn line_ends_that_git_converts_are_no_difference() {
    for attributes in [None, Some("*.md text eol=crlf\n")] {
        let sandbox = Sandbox::new();
        sandbox.agent("echo two >file; tick");
        match attributes {
            Some(text) => sandbox.write(".gitattributes", text),
            None => drop(sandbox.git(&["config", "core.autocrlf", "true"])),
        }
        let (id, path) = with_crlf(&sandbox);
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-qm", "Spec"]);
        std::fs::remove_file(sandbox.repo.join(&path)).unwrap();
        sandbox.git(&["checkout", "-q", "--", "."]);
        assert!(sandbox.read(&path).contains("\r\n"));
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
        let blob = sandbox.git(&["rev-parse", &format!("HEAD:{path}")]);
        assert_eq!(sandbox.show(&id)["spec_blob"], blob);
        let head = sandbox.git(&["rev-parse", "HEAD"]);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        // No commit for a spec file that is as the base has it.
        assert_eq!(sandbox.git(&["rev-list", "--count", &format!("{head}..chant/{id}")]), "1");
        // The person's own edit, with the line ends that the editor keeps.
        sandbox.chant(&["merge", &id]).ok();
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
        assert!(!sandbox.git(&["show", &format!("HEAD:{path}")]).contains('\r'));
        assert!(sandbox.read(&path).contains("- [x] file says two\r\n"));
        whole(&sandbox, &id);
    }
}

#[test]
fn an_uncommitted_spec_file_with_crlf_is_committed_as_git_would() {
    for autocrlf in ["true", "input", "false"] {
        let sandbox = Sandbox::new();
        sandbox.agent("echo two >file; tick");
        sandbox.git(&["config", "core.autocrlf", autocrlf]);
        let (id, path) = with_crlf(&sandbox);
        let crlf = sandbox.read(&path).replace('\n', "\r\n");
        sandbox.write(&path, &crlf);
        sandbox.chant(&["work", &id, "--trust"]).ok();
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "{autocrlf}");
        let committed =
            sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(["show", &format!("HEAD:{path}")])).out;
        assert_eq!(committed.contains('\r'), autocrlf == "false", "{autocrlf}");
        whole(&sandbox, &id);
    }
}

#[test]
fn submodules_and_sparse_checkouts_stay_as_they_are() {
    let (sandbox, id, _) = with_spec();
    let lib = sandbox.dir().join("lib");
    std::fs::create_dir(&lib).unwrap();
    sandbox.git_in(&lib, &["init", "-q", "-b", "main"]);
    sandbox.git_in(&lib, &["commit", "-q", "--allow-empty", "-m", "Lib"]);
    sandbox.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", lib.to_str().unwrap(), "lib"]);
    sandbox.write("in/one", "1\n");
    sandbox.write("out/one", "1\n");
    sandbox.git(&["add", "in", "out"]);
    sandbox.git(&["commit", "-qm", "More"]);
    sandbox.git(&["sparse-checkout", "set", "in", ".chant"]);
    let was = state(&sandbox, &sandbox.repo);
    sandbox.chant(&["work", &id]).ok();
    let mut names = changed(&was, &state(&sandbox, &sandbox.repo));
    names.retain(|name| !name.ends_with(&format!("{id}.md")));
    assert_eq!(names, ["file file", "index", "index flags", "refs/heads/main", "status"]);
    assert!(!sandbox.repo.join("out").exists());
    assert!(sandbox.repo.join("lib/.git").exists());
    whole(&sandbox, &id);
}

#[test]
fn a_sha256_repository_has_the_whole_life() {
    let mut sandbox = Sandbox::new();
    sandbox.repo = sandbox.dir().join("sha256");
    sandbox.git_in(sandbox.dir(), &["init", "-q", "-b", "main", "--object-format=sha256", "sha256"]);
    sandbox.write("file", "one\n");
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "Initial commit"]);
    sandbox.agent("echo two >file; tick");
    let (id, _) = spec(&sandbox);
    sandbox.chant(&["work", &id]).ok();
    whole(&sandbox, &id);
    assert_eq!(sandbox.show(&id)["tip"].as_str().unwrap().len(), 64);
    sandbox.chant(&["archive", &id]).ok();
    sandbox.chant(&["unarchive", &id]).ok();
    sandbox.chant(&["reset", &id]).ok();
    assert_eq!(sandbox.status(&id), "pending");
}

#[test]
fn what_cannot_be_written_safely_is_refused_before_anything_is_written() {
    let sandbox = Sandbox::empty();
    for (name, args, says) in [
        ("reftable", &["init", "-q", "--ref-format=reftable"][..], "reftable"),
        ("extension", &["init", "-q"], "unknown repository extension found: 'fancy'"),
    ] {
        let dir = sandbox.dir().join(name);
        std::fs::create_dir(&dir).unwrap();
        sandbox.git_in(&dir, args);
        sandbox.git_in(&dir, &["commit", "-q", "--allow-empty", "-m", "Initial commit"]);
        if name == "extension" {
            sandbox.git_in(&dir, &["config", "core.repositoryFormatVersion", "1"]);
            sandbox.git_in(&dir, &["config", "extensions.fancy", "true"]);
        }
        let files = || tree(&dir);
        let before = files();
        for args in [&["add", "x"][..], &["list"], &["init", "--silent"], &["work", "001"]] {
            let ran = sandbox.run(sandbox.command_in(&dir, env!("CARGO_BIN_EXE_git-chant")).args(args));
            ran.fails(128, &[says]);
        }
        assert_eq!(files(), before, "{name}");
    }
}

/// Every path below a directory.
fn tree(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir).unwrap().flatten() {
            found.push(entry.path().display().to_string());
            if entry.path().is_dir() {
                dirs.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// A command as somebody else, if this process may do that.
fn as_somebody_else(sandbox: &Sandbox, dir: &Path, args: &[&str]) -> Option<Ran> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let copy = sandbox.dir().join("git-chant");
    if !copy.exists() {
        // Where it was built, others may not go.
        std::fs::copy(env!("CARGO_BIN_EXE_git-chant"), &copy).unwrap();
        std::fs::set_permissions(sandbox.dir(), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = sandbox.command_in(dir, &copy);
    command.args(args).env("HOME", "/nonexistent").env("PATH", std::env::var_os("PATH").unwrap()).uid(65534).gid(65534);
    Some(sandbox.run(&mut command))
}

#[test]
fn a_repository_of_somebody_else_is_refused_as_git_refuses_it() {
    let (sandbox, id, _) = with_spec();
    let before = tree(&sandbox.repo);
    for args in [&["list"][..], &["show", &id], &["add", "x"], &["work", &id]] {
        let Some(ran) = as_somebody_else(&sandbox, &sandbox.repo, args) else { return };
        ran.fails(128, &["detected dubious ownership in repository at", "safe.directory"]);
    }
    assert_eq!(tree(&sandbox.repo), before);
}

#[test]
fn a_repository_that_cannot_be_written_can_be_read() {
    let (sandbox, id, _) = with_spec();
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    let before = tree(&sandbox.repo);
    let safe = |args: &[&str]| {
        let config = sandbox.dir().join("safe");
        std::fs::write(&config, "[safe]\n\tdirectory = *\n").unwrap();
        if !rustix::process::geteuid().is_root() {
            let mut command = sandbox.command_in(&sandbox.repo, env!("CARGO_BIN_EXE_git-chant"));
            return sandbox.run(command.args(args));
        }
        let _made = as_somebody_else(&sandbox, &sandbox.repo, &["--version"]);
        let mut command = sandbox.command_in(&sandbox.repo, sandbox.dir().join("git-chant"));
        command.args(args).env("GIT_CONFIG_GLOBAL", &config).env("HOME", "/nonexistent").uid(65534).gid(65534);
        sandbox.run(&mut command)
    };
    if !rustix::process::geteuid().is_root() {
        for path in tree(&sandbox.repo) {
            let mode = if Path::new(&path).is_dir() { 0o555 } else { 0o444 };
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }
    assert!(safe(&["list"]).ok().out.contains(&id[11..]));
    safe(&["show", &id]).ok();
    safe(&["ready"]).ok();
    safe(&["log", &id]).ok();
    safe(&["add", "x"]).fails(128, &["cannot create", "permission denied"]);
    safe(&["work", &id]).fails(128, &["permission denied"]);
    safe(&["cancel", &id, "--reason", "x"]).fails(128, &["permission denied"]);
    assert_eq!(tree(&sandbox.repo), before);
    for path in tree(&sandbox.repo) {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_shallow_clone_has_the_whole_life() {
    let mut sandbox = Sandbox::new();
    for number in 0..3 {
        sandbox.git(&["commit", "-q", "--allow-empty", "-m", &number.to_string()]);
    }
    let url = format!("file://{}", sandbox.repo.display());
    sandbox.git_in(sandbox.dir(), &["clone", "-q", "--depth=1", &url, "shallow"]);
    sandbox.repo = sandbox.dir().join("shallow");
    sandbox.agent("echo two >file; tick");
    let (id, _) = spec(&sandbox);
    sandbox.chant(&["work", &id]).ok();
    whole(&sandbox, &id);
}

#[test]
fn a_branch_of_the_name_of_the_prefix_is_in_the_way() {
    let (sandbox, id, _) = with_spec();
    sandbox.git(&["branch", "chant"]);
    sandbox.chant(&["work", &id]).fails(128, &["'chant' exists", "rename that branch", "chant.branchPrefix"]);
    assert_eq!(sandbox.ops(&id), ["add"]);
    sandbox.chant(&["init"]).fails(128, &["'refs/heads/chant'"]);
    sandbox.git(&["config", "chant.branchPrefix", "specs/"]);
    sandbox.chant(&["work", &id]).ok();
    whole(&sandbox, &id);
}

#[test]
fn any_path_will_do() {
    for name in ["a b", "it's \"quoted\" $HOME", "line\nbreak", "ünïcödé", "-dash", "back\\slash*?[x]"] {
        let mut sandbox = Sandbox::new();
        let to = sandbox.dir().join(name);
        std::fs::rename(&sandbox.repo, &to).unwrap();
        sandbox.repo = to;
        sandbox.agent("test \"$PWD\" = \"$CHANT_WORKTREE\" && test -f \"$CHANT_PROMPT_FILE\" && echo two >file; tick");
        let (id, _) = spec(&sandbox);
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.read("file"), "two\n", "{name}");
        whole(&sandbox, &id);
    }
    // No UTF-8 at all.
    let mut sandbox = Sandbox::new();
    let to = sandbox.dir().join(std::ffi::OsStr::from_bytes(b"raw\xff"));
    std::fs::rename(&sandbox.repo, &to).unwrap();
    sandbox.repo = to;
    sandbox.agent("echo two >file; tick");
    let (id, _) = spec(&sandbox);
    let ran = sandbox.chant(&["work", &id]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    whole(&sandbox, &id);
}

#[test]
fn whatever_lies_where_the_worktree_would_go_is_kept() {
    let (sandbox, id, _) = with_spec();
    let taken = sandbox.dir().join(format!("repo.chant-{}", &id[11..]));
    std::fs::create_dir(&taken).unwrap();
    std::fs::write(taken.join("precious"), "mine\n").unwrap();
    let was = state(&sandbox, &sandbox.repo);
    sandbox.chant(&["work", &id]).fails(128, &["is in the way", "move it aside"]);
    assert_eq!(sandbox.status(&id), "pending");
    assert_eq!(std::fs::read_to_string(taken.join("precious")).unwrap(), "mine\n");
    let mut names = changed(&was, &state(&sandbox, &sandbox.repo));
    names.retain(|name| !name.starts_with("refs/heads/chant/"));
    assert_eq!(names, [""; 0]);
    std::fs::remove_dir_all(&taken).unwrap();
    sandbox.chant(&["work", &id]).ok();
    whole(&sandbox, &id);
}

#[test]
fn a_worktree_that_was_deleted_by_hand_is_no_obstacle() {
    let (sandbox, id, _) = with_spec();
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let path = sandbox.chant(&["path", &id]).ok().out;
    std::fs::remove_dir_all(path.trim()).unwrap();
    assert_eq!(sandbox.status(&id), "finished");
    sandbox.chant(&["merge", &id]).ok();
    whole(&sandbox, &id);
    // And while it is under way: the failure says so, and another try works.
    let (other, _) = spec(&sandbox);
    sandbox.agent("exit 3");
    sandbox.chant(&["work", &other]).fails(1, &["exited with code 3"]);
    let path = sandbox.chant(&["path", &other]).ok().out;
    std::fs::remove_dir_all(path.trim()).unwrap();
    sandbox.chant(&["finish", &other]).fails(1, &["its worktree is gone"]);
    sandbox.agent("echo 'two again' >file; tick");
    sandbox.chant(&["work", &other]).ok();
    whole(&sandbox, &other);
}

#[test]
fn clones_side_by_side_do_not_meet() {
    let sandbox = Sandbox::new();
    sandbox.write(".chant/specs/2026-01-01-001-abc.md", "# Make it two\n");
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "Spec"]);
    let mut paths = Vec::new();
    for name in ["one", "two"] {
        sandbox.git_in(sandbox.dir(), &["clone", "-q", "repo", name]);
        let dir = sandbox.dir().join(name);
        sandbox.chant_in(&dir, &["work", "abc", "--agent", "manual"]).ok();
        paths.push(sandbox.chant_in(&dir, &["path", "abc"]).ok().out);
    }
    assert_ne!(paths[0], paths[1]);
    for name in ["one", "two"] {
        let dir = sandbox.dir().join(name);
        let tree = sandbox.chant_in(&dir, &["path", "abc"]).ok().out;
        std::fs::write(Path::new(tree.trim()).join("file"), "two\n").unwrap();
        sandbox.chant_in(&dir, &["finish", "abc"]).ok();
        assert_eq!(std::fs::read_to_string(dir.join("file")).unwrap(), "two\n");
    }
}

#[test]
fn the_day_of_an_id_is_the_persons_own() {
    let sandbox = Sandbox::new();
    let id = |zone: &str| {
        let mut command = sandbox.binary(&["add", "x"]);
        let ran = sandbox.run(command.env("TZ", zone)).ok();
        ran.out.trim().strip_prefix("Created spec: ").unwrap()[..10].to_owned()
    };
    // 26 hours lie between them, so that it is never the same day.
    assert_ne!(id("Etc/GMT-14"), id("Etc/GMT+12"));
    for (zone, offset) in [("Etc/GMT-14", "+1400"), ("Etc/GMT+12", "-1200")] {
        let mut command = sandbox.binary(&["add", zone]);
        let ran = sandbox.run(command.env("TZ", zone)).ok();
        let id = ran.out.trim().strip_prefix("Created spec: ").unwrap().to_owned();
        assert!(sandbox.git(&["log", "-1", "--format=%ai", &format!("chant/specs/{id}")]).ends_with(offset));
    }
}
