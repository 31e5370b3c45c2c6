//! A machine that does not play along: a full disk, a clock set back, a signal in each stage, branches and worktrees that a person deletes.

use std::{
    io::Read as _,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::support::{Ran, Sandbox, tools::need_that};

/// A repository whose agent does its work, with one spec.
fn with_spec() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; git commit -qam Done; echo more >new; tick");
    let id = sandbox.add(&["Say two"]);
    (sandbox, id)
}

/// Everything is in its target and nothing is left over.
#[track_caller]
fn whole(sandbox: &Sandbox, id: &str) {
    assert_eq!(sandbox.status(id), "completed");
    assert_eq!(sandbox.git(&["show", "main:file"]), "two");
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(sandbox.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads"]), "main");
    let problems = sandbox.chant(&["fsck"]).ok();
    assert_eq!(problems.out, "");
    sandbox.git(&["fsck", "--strict"]);
}

/// The one command that goes on, by what the spec is now.
#[track_caller]
fn goes_on(sandbox: &Sandbox, id: &str) -> Ran {
    match sandbox.status(id).as_str() {
        "completed" => sandbox.chant(&["recover"]),
        "finished" => sandbox.chant(&["merge", id]),
        _ => sandbox.chant(&["work", id]),
    }
    .ok()
}

/// A small file system, unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    /// Mounts it and moves the repository there; `None` where one may not mount.
    fn under(sandbox: &mut Sandbox) -> Option<Disk> {
        let at = sandbox.dir().join("disk");
        std::fs::create_dir(&at).unwrap();
        let options = ["-t", "tmpfs", "-o", "size=2m", "tmpfs"];
        let mounted = Command::new("mount").args(options).arg(&at).output().is_ok_and(|output| output.status.success());
        if !need_that(mounted, "root, who may mount a file system") {
            return None;
        }
        let disk = Disk(at.clone());
        let copied = Command::new("cp").arg("-a").arg(&sandbox.repo).arg(&at).status().unwrap();
        assert!(copied.success());
        sandbox.repo = at.join("repo");
        Some(disk)
    }

    /// Fills it up to so many KiB.
    fn fill(&self, leave: usize) {
        let filler = self.0.join("filler");
        let mut free = Vec::new();
        // Until it is full, then a part of it back.
        let mut full = std::fs::File::create(&filler).unwrap();
        while std::io::Write::write_all(&mut full, &[1; 4096]).is_ok() {
            free.push(());
        }
        let size = full.metadata().unwrap().len();
        full.set_len(size.saturating_sub(leave as u64 * 1024)).unwrap();
    }

    fn free(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_full_disk_is_named_and_one_command_goes_on_when_there_is_room_again() {
    let mut stopped = 0;
    for leave in [0, 4, 12, 24, 40, 64, 96, 128, 160, 200, 256] {
        let (mut sandbox, id) = with_spec();
        let Some(disk) = Disk::under(&mut sandbox) else { return };
        let before = sandbox.git(&["for-each-ref"]);
        disk.fill(leave);
        let ran = sandbox.chant(&["work", &id]);
        let said = format!("{leave} KiB: {}{}", ran.out, ran.err);
        let shown = sandbox.chant(&["list"]);
        assert!(shown.out.contains(&id[11..]), "reading needs no room: {said}");
        disk.free();
        if ran.code != 0 {
            stopped += 1;
            // In the words of the system, or in those of git.
            assert!(["o space left", "Out of diskspace"].iter().any(|words| said.contains(words)), "{said}");
        }
        let after = sandbox.git(&["for-each-ref"]);
        assert!(before.lines().all(|line| after.contains(line.split('\t').next_back().unwrap())), "{said}\n{after}");
        goes_on(&sandbox, &id);
        whole(&sandbox, &id);
    }
    assert!(stopped > 2, "the disk was full {stopped} times");
}

#[test]
fn a_run_whose_end_could_not_be_recorded_is_known_to_be_dead() {
    let (mut sandbox, id) = with_spec();
    let Some(disk) = Disk::under(&mut sandbox) else { return };
    // The set-up fills the disk and fails: no process works on the spec then, and no event can say so.
    let filler = disk.0.join("filler");
    let fill = format!("dd if=/dev/zero of={} bs=1k 2>/dev/null; exit 1", filler.display());
    sandbox.git(&["config", "chant.worktreeSetup", &fill]);
    let short = &id[11..];
    sandbox.chant(&["work", &id]).fails(128, &["cannot record that the attempt ended", &format!("recover {short}")]);
    disk.free();
    assert_eq!(sandbox.status(&id), "in_progress");
    assert_eq!(sandbox.show(&id)["orphaned"], true);
    sandbox.git(&["config", "--unset", "chant.worktreeSetup"]);
    sandbox.chant(&["recover", &id]).ok();
    assert_ne!(sandbox.status(&id), "in_progress");
    goes_on(&sandbox, &id);
    whole(&sandbox, &id);
}

#[test]
fn a_repository_that_cannot_be_written_is_read_and_stays_as_it_is() {
    let (mut sandbox, id) = with_spec();
    let Some(disk) = Disk::under(&mut sandbox) else { return };
    let before = (sandbox.git(&["for-each-ref"]), sandbox.git(&["status", "--porcelain"]));
    let remount = |options: &str| {
        let mounted = Command::new("mount").args(["-o", options]).arg(&disk.0).status();
        assert!(mounted.unwrap().success(), "{options}");
    };
    remount("remount,ro");
    for args in
        [&["list"][..], &["status"], &["show", &id], &["log", &id], &["fsck"], &["fsck", "--repair"], &["recover"]]
    {
        sandbox.chant(args).ok();
    }
    for args in [&["work", &id][..], &["add", "Another"], &["cancel", &id]] {
        sandbox.chant(args).fails(128, &["read-only file system"]);
    }
    remount("remount,rw");
    assert_eq!((sandbox.git(&["for-each-ref"]), sandbox.git(&["status", "--porcelain"])), before);
    sandbox.chant(&["work", &id]).ok();
    whole(&sandbox, &id);
}

#[test]
fn on_a_full_disk_an_add_leaves_a_whole_spec_or_none() {
    for leave in [0, 4, 8, 12, 16, 24, 32] {
        let (mut sandbox, _) = with_spec();
        let Some(disk) = Disk::under(&mut sandbox) else { return };
        disk.fill(leave);
        let ran = sandbox.chant(&["add", "Another"]);
        disk.free();
        if ran.code != 0 {
            ran.fails(128, &["o space left on device"]);
        }
        sandbox.chant(&["recover"]).ok();
        assert_eq!(sandbox.chant(&["fsck"]).ok().out, "", "{leave} KiB");
        let listed = sandbox.chant(&["list", "--json"]).ok().json();
        let specs = listed["specs"].as_array().unwrap();
        assert!(specs.len() <= 2 && specs.iter().all(|spec| spec["status"] == "pending"), "{listed}");
    }
}

#[test]
fn a_clock_that_was_set_back_changes_no_order() {
    let (sandbox, id) = with_spec();
    let at = |date: &str, args: &[&str]| {
        let mut git = sandbox.command_in(&sandbox.repo, "git");
        sandbox.run(git.arg("chant").args(args).env("GIT_COMMITTER_DATE", date).env("GIT_AUTHOR_DATE", date))
    };
    sandbox.agent("echo one more >>file; exit 3");
    at("2037-01-01T00:00:00Z", &["work", &id]).fails(1, &["exited with code 3"]);
    assert_eq!(sandbox.status(&id), "failed");
    at("2001-01-01T00:00:00Z", &["reset", &id]).ok();
    assert_eq!(sandbox.status(&id), "pending");
    sandbox.agent("echo two >file; tick");
    at("1999-01-01T00:00:00Z", &["work", &id, "--no-merge"]).ok();
    assert_eq!(sandbox.status(&id), "finished");
    sandbox.chant(&["merge", &id]).ok();
    whole(&sandbox, &id);
    assert_eq!(sandbox.ops(&id), ["add", "start", "fail", "reset", "start", "finish", "land", "complete"]);
}

#[test]
fn a_branch_and_a_worktree_that_a_person_deleted_are_no_loss() {
    let (sandbox, id) = with_spec();
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let tree = sandbox.chant(&["path", &id]).ok().out;
    sandbox.git(&["worktree", "remove", "--force", tree.trim()]);
    sandbox.git(&["branch", "-q", "-D", &format!("chant/{id}")]);
    sandbox.chant(&["merge", &id]).ok();
    whole(&sandbox, &id);
    // In the middle of a person's work.
    let other = sandbox.add(&["Say it again"]);
    sandbox.chant(&["work", &other, "--agent", "manual"]).ok();
    let tree = sandbox.chant(&["path", &other]).ok().out;
    std::fs::remove_dir_all(tree.trim()).unwrap();
    sandbox.git(&["worktree", "prune"]);
    sandbox.git(&["branch", "-q", "-D", &format!("chant/{other}")]);
    sandbox.chant(&["finish", &other]).fails(1, &["its worktree is missing"]);
    sandbox.agent("echo two >file; echo again >again; tick");
    sandbox.chant(&["work", &other]).ok();
    whole(&sandbox, &other);
}

/// Starts work in a group of its own, waits until something in it writes into the pipe beside the repository, and sends the signal to the
/// whole group, as a terminal does, or to the tool alone.
fn signalled(sandbox: &Sandbox, id: &str, signal: &str, group: bool) -> Ran {
    let fifo = sandbox.dir().join("fifo");
    if !fifo.exists() {
        sandbox.run(sandbox.command_in(sandbox.dir(), "mkfifo").arg("fifo")).ok();
    }
    let mut tool = sandbox.binary(&["work", id]);
    let tool = tool.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    std::fs::File::open(&fifo).unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "ready\n");
    std::fs::write(sandbox.dir().join("stalled"), "").unwrap();
    let to = format!("{}{}", if group { "-" } else { "" }, tool.id());
    sandbox.run(sandbox.command_in(sandbox.dir(), "kill").args([&format!("-{signal}"), "--", &to])).ok();
    Ran::of(tool.wait_with_output().unwrap())
}

/// What a program does that says that it is there and then takes its time, the first time that it is run.
fn stall(dir: &Path) -> String {
    let dir = dir.display();
    format!("[ -e {dir}/stalled ] || {{ echo ready >{dir}/fifo; sleep 60; }}")
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_signal_while_the_worktree_is_set_up_gives_the_claim_back() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let (sandbox, id) = with_spec();
        sandbox.git(&["config", "chant.worktreeSetup", &stall(sandbox.dir())]);
        let ran = signalled(&sandbox, &id, signal, false);
        assert_eq!(ran.code, code, "{signal}: {}{}", ran.out, ran.err);
        assert_eq!(sandbox.status(&id), "pending");
        goes_on(&sandbox, &id);
        whole(&sandbox, &id);
    }
}

#[test]
fn a_signal_while_one_of_several_is_begun_begins_no_agent() {
    let (sandbox, id) = with_spec();
    sandbox.agent("touch \"$HOME/ran\"; echo two >file; tick");
    let dir = sandbox.dir().display();
    let hook = sandbox.repo.join(".git/hooks/post-checkout");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let once = format!("[ -e {dir}/stalled ] || {{ echo ready >{dir}/fifo; read go <{dir}/fifo; }}");
    std::fs::write(&hook, format!("#!/bin/sh\n{once}\n")).unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let notify = format!("cat >{dir}/told");
    sandbox.git(&["config", "chant.notify", &notify]);
    sandbox.run(sandbox.command_in(sandbox.dir(), "mkfifo").arg("fifo")).ok();
    let fifo = sandbox.dir().join("fifo");
    let mut tool = sandbox.binary(&["work", "--all"]);
    let tool = tool.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    assert_eq!(std::fs::read_to_string(&fifo).unwrap(), "ready\n");
    sandbox.run(sandbox.command_in(sandbox.dir(), "kill").args(["-INT", &tool.id().to_string()])).ok();
    std::fs::write(sandbox.dir().join("stalled"), "").unwrap();
    std::fs::write(&fifo, "go\n").unwrap();
    let ran = Ran::of(tool.wait_with_output().unwrap());
    assert_eq!(ran.code, 130, "{}{}", ran.out, ran.err);
    assert!(!sandbox.dir().join("home/ran").exists(), "{}", ran.err);
    assert_eq!(sandbox.status(&id), "paused");
    let told = std::fs::read_to_string(sandbox.dir().join("told")).unwrap();
    assert!(told.contains("\"event\":\"paused\""), "{told}");
    goes_on(&sandbox, &id);
    whole(&sandbox, &id);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_signal_while_the_target_moves_loses_nothing() {
    for (signal, group) in [("INT", true), ("TERM", false), ("HUP", true), ("TERM", true)] {
        let (sandbox, id) = with_spec();
        let hook = sandbox.repo.join(".git/hooks/post-merge");
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(&hook, format!("#!/bin/sh\n{}\n", stall(sandbox.dir()))).unwrap();
        std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        sandbox.write("scratch", "mine\n");
        let ran = signalled(&sandbox, &id, signal, group);
        assert_ne!(ran.code, 0, "{signal}: {}{}", ran.out, ran.err);
        goes_on(&sandbox, &id);
        whole(&sandbox, &id);
        assert_eq!(sandbox.read("scratch"), "mine\n");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_signal_to_the_group_while_a_check_runs_is_told_and_gone_on_from() {
    for signal in ["INT", "TERM", "HUP"] {
        let (sandbox, _) = with_spec();
        let id = sandbox.add(&["Checked", "--verify", &stall(sandbox.dir())]);
        let ran = signalled(&sandbox, &id, signal, true);
        assert!(ran.code > 128, "{signal}: {}{}", ran.out, ran.err);
        assert!(
            ran.err.contains("interrupted") || ran.err.contains("paused") || ran.out.contains("aused"),
            "{}{}",
            ran.out,
            ran.err
        );
        goes_on(&sandbox, &id);
        whole(&sandbox, &id);
    }
}

#[test]
fn a_git_that_outlives_the_tool_is_waited_for() {
    let moves = "[ -e .git/HEAD.lock ] || exit 0";
    for (hook, when, stage) in
        [("post-checkout", ":", "the worktree is made"), ("post-index-change", moves, "the target moves")]
    {
        let (sandbox, id) = with_spec();
        let dir = sandbox.dir().display();
        let path = sandbox.repo.join(".git/hooks").join(hook);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let wait = format!("[ -e {dir}/stalled ] || {{ echo ready >{dir}/fifo; read go <{dir}/fifo; }}");
        std::fs::write(&path, format!("#!/bin/sh\n{when}\n{wait}\n")).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let ran = signalled(&sandbox, &id, "KILL", false);
        assert_eq!(ran.code, 137, "{stage}");
        let next = match sandbox.status(&id).as_str() {
            "completed" => "recover",
            "finished" => "merge",
            _ => "work",
        };
        let mut next = sandbox.binary(&[next, &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A process that did not wait would have ended before the hook may end.
        let waits = std::fs::OpenOptions::new().write(true).open(sandbox.dir().join("fifo")).unwrap();
        let early = (0..100).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            next.try_wait().unwrap()
        });
        assert!(early.is_none(), "{stage}: it did not wait");
        std::io::Write::write_all(&mut { waits }, b"go\n").unwrap();
        let ran = Ran::of(next.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{stage}: {}{}", ran.out, ran.err);
        whole(&sandbox, &id);
    }
}
