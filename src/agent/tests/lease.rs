//! Leases with real locks and real deaths.
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::agent::lease::{Busy, Info, Lease, Life, Survivors, end_survivors, forget, list};
use crate::agent::process::{Ending, ProcessGroup, Run, run};
use crate::domain::id::SpecId;
use gix::ObjectId;
use tempfile::TempDir;

const GRACE: Duration = Duration::from_secs(2);

fn attempt(digit: u8) -> ObjectId {
    ObjectId::from_hex(&[digit; 40]).unwrap()
}

fn info(worktree: &Path) -> Info {
    Info::of_this_process(SpecId::new("2026-02-08-010-v7b").unwrap(), worktree.to_owned(), 1_770_000_000)
}

fn dir() -> TempDir {
    crate::support::scratch::scratch()
}

fn alive(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !stat.rsplit(')').next().unwrap().trim_start().starts_with('Z')
}

fn start_time(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().split_ascii_whitespace().nth(19).unwrap().parse().unwrap()
}

/// A process that only its owner may end, in a group of its own.
struct Bystander(Child);

impl Bystander {
    fn new() -> Self {
        Bystander(Command::new("sleep").arg("300").process_group(0).spawn().unwrap())
    }

    fn agent(&self) -> ProcessGroup {
        ProcessGroup { group: self.0.id(), start: Some(start_time(self.0.id())), marker: "none".into(), talks: false }
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_lease_lives_as_long_as_its_holder() {
    let dir = dir();
    let leases = dir.path().join("chant/leases");
    assert_eq!(Life::of(&leases, &attempt(b'a')).unwrap(), Life::Unknown(None));
    assert!(list(&leases).unwrap().is_empty());
    let lease = Lease::acquire(&leases, &attempt(b'a'), info(dir.path())).unwrap().unwrap();
    assert_eq!(Life::of(&leases, &attempt(b'a')).unwrap(), Life::Running(info(dir.path())));
    let Busy(why) = Lease::acquire(&leases, &attempt(b'a'), info(dir.path())).unwrap().unwrap_err();
    assert!(why.contains(&format!("process {}", std::process::id())), "{why}");
    assert!(!forget(&leases, &attempt(b'a')).unwrap());
    fs::write(leases.join(".lease-left"), "").unwrap();
    assert_eq!(list(&leases).unwrap(), [attempt(b'a')]);
    lease.release().unwrap();
    assert_eq!(Life::of(&leases, &attempt(b'a')).unwrap(), Life::Unknown(None));
    assert!(list(&leases).unwrap().is_empty());
}

#[test]
fn a_dead_lease_can_be_taken_over_or_forgotten() {
    let dir = dir();
    drop(Lease::acquire(dir.path(), &attempt(b'a'), info(dir.path())).unwrap().unwrap());
    assert_eq!(Life::of(dir.path(), &attempt(b'a')).unwrap(), Life::Dead(info(dir.path())));
    let lease = Lease::acquire(dir.path(), &attempt(b'a'), info(dir.path())).unwrap().unwrap();
    assert!(matches!(Life::of(dir.path(), &attempt(b'a')).unwrap(), Life::Running(_)));
    drop(lease);
    assert!(forget(dir.path(), &attempt(b'a')).unwrap());
    assert!(forget(dir.path(), &attempt(b'a')).unwrap());
    assert!(list(dir.path()).unwrap().is_empty());
}

#[test]
fn any_path_survives_the_file() {
    use std::os::unix::ffi::OsStrExt;
    let dir = dir();
    for name in [&b"with \"quotes\"\n"[..], b"not\xffunicode"] {
        let worktree = Path::new(std::ffi::OsStr::from_bytes(name));
        let lease = Lease::acquire(dir.path(), &attempt(b'b'), info(worktree)).unwrap().unwrap();
        assert_eq!(Life::of(dir.path(), &attempt(b'b')).unwrap(), Life::Running(info(worktree)));
        lease.release().unwrap();
    }
}

#[test]
fn the_lock_is_never_lost_while_the_file_is_rewritten() {
    let dir = dir();
    let mut lease = Lease::acquire(dir.path(), &attempt(b'a'), info(dir.path())).unwrap().unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let life = Life::of(dir.path(), &attempt(b'a')).unwrap();
                    assert!(matches!(life, Life::Running(_)), "{life:?}");
                    assert!(Lease::acquire(dir.path(), &attempt(b'a'), info(dir.path())).unwrap().is_err());
                }
            });
        }
        for number in 1..200 {
            let started = ProcessGroup { group: number, start: Some(1), marker: "m".into(), talks: false };
            lease.record_agent(&started).unwrap();
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(lease.info().agent.as_ref().unwrap().group, 199);
    assert_eq!(Life::of(dir.path(), &attempt(b'a')).unwrap(), Life::Running(lease.info().clone()));
}

#[test]
fn one_of_many_wins_also_a_take_over() {
    let dir = dir();
    for round in 0..20 {
        let held: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Lease::acquire(dir.path(), &attempt(b'a'), info(dir.path())).unwrap().ok()))
                .collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(held.len(), 1, "round {round}");
        // Dropped, not released: the next round takes over from the dead.
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no file is left behind");
}

#[test]
fn damaged_leases_say_so() {
    let dir = dir();
    let path = dir.path().join(attempt(b'a').to_string());
    drop(Lease::acquire(dir.path(), &attempt(b'a'), info(dir.path())).unwrap().unwrap());
    let good = fs::read_to_string(&path).unwrap();
    let huge = format!("{good}{}", " ".repeat(1 << 20)) + "x";
    let bad: [&[u8]; 8] = [
        b"",
        &good.as_bytes()[..good.len() / 2],
        b"\xff\x00",
        b"[]",
        b"{\"format\":1}",
        &good.replace("\"format\":1", "\"format\":2").into_bytes(),
        &good.replace("2026-02-08-010-v7b", "../../x").into_bytes(),
        huge.as_bytes(),
    ];
    for text in bad {
        fs::write(&path, text).unwrap();
        match Life::of(dir.path(), &attempt(b'a')).unwrap() {
            // JSON may be followed by blanks; beyond what is read there may be anything.
            Life::Dead(_) => assert_eq!(text.len(), huge.len()),
            Life::Unknown(Some(why)) => assert!(why.contains("unreadable"), "{why}"),
            life => panic!("{life:?}"),
        }
    }
    Lease::acquire(dir.path(), &attempt(b'a'), info(dir.path())).unwrap().unwrap().release().unwrap();
}

#[test]
fn another_machine_cannot_be_judged_but_this_one_after_a_restart_can() {
    let dir = dir();
    let restarted = Info { boot: Some("another".into()), ..info(dir.path()) };
    drop(Lease::acquire(dir.path(), &attempt(b'a'), restarted.clone()).unwrap().unwrap());
    assert_eq!(Life::of(dir.path(), &attempt(b'a')).unwrap(), Life::Dead(restarted.clone()));
    let elsewhere = Info { host: "elsewhere".into(), ..restarted };
    drop(Lease::acquire(dir.path(), &attempt(b'b'), elsewhere).unwrap().unwrap());
    let life = Life::of(dir.path(), &attempt(b'b')).unwrap();
    assert_eq!(life, Life::Unknown(Some("it was taken on 'elsewhere'".into())));
}

#[test]
fn a_holder_that_is_killed_leaves_a_dead_lease_and_an_agent_that_can_be_ended() {
    let dir = dir();
    let mut helper = helper("hold", dir.path());
    read_until(&mut helper, "helper: ready");
    let Life::Running(before) = Life::of(dir.path(), &attempt(b'a')).unwrap() else { panic!("not held") };
    assert_eq!(before.pid, helper.id());
    helper.kill().unwrap();
    helper.wait().unwrap();
    // The agent lives, and does not hold the lock.
    let pids: Vec<u32> = ["leader", "member", "daemon"]
        .map(|name| fs::read_to_string(dir.path().join(name)).unwrap().trim().parse().unwrap())
        .to_vec();
    assert!(pids.iter().all(|pid| alive(*pid)));
    let Life::Dead(info) = Life::of(dir.path(), &attempt(b'a')).unwrap() else { panic!("not dead") };
    assert_eq!(info.agent.as_ref().unwrap().group, pids[0]);

    let Survivors::Ended(count) = end_survivors(&info, GRACE).unwrap() else { panic!("not ended") };
    assert!(count >= 3 && !pids.iter().any(|pid| alive(*pid)), "{count}");
    assert_eq!(end_survivors(&info, GRACE).unwrap(), Survivors::None);
    assert!(forget(dir.path(), &attempt(b'a')).unwrap());
}

#[test]
fn the_marker_vouches_for_a_group_whose_leader_is_gone() {
    let dir = dir();
    for (marker, known) in [("ours", true), ("another's", false)] {
        let mut leader = Command::new("sh");
        leader.args(["-c", "trap '' TERM; sleep 300 >/dev/null & echo $!"]).env("CHANT_RUN", "ours").process_group(0);
        let mut leader = leader.stdout(Stdio::piped()).spawn().unwrap();
        let start = start_time(leader.id());
        let mut line = String::new();
        BufReader::new(leader.stdout.take().unwrap()).read_line(&mut line).unwrap();
        leader.wait().unwrap();
        let member: u32 = line.trim().parse().unwrap();
        let agent = ProcessGroup { group: leader.id(), start: Some(start), marker: marker.into(), talks: false };
        let result =
            end_survivors(&Info { agent: Some(agent), ..info(dir.path()) }, Duration::from_millis(100)).unwrap();
        if known {
            assert_eq!(result, Survivors::Ended(1));
            assert!(!alive(member));
        } else {
            assert!(matches!(result, Survivors::Refused(_)), "{result:?}");
            assert!(alive(member));
            Command::new("kill").args(["-9", &member.to_string()]).status().unwrap();
        }
    }
}

#[test]
fn a_number_that_belongs_to_another_by_now_is_left_alone() {
    let dir = dir();
    let mut bystander = Bystander::new();
    let real = bystander.agent();
    let with = |agent: ProcessGroup| Info { agent: Some(agent), ..info(dir.path()) };
    let reused = ProcessGroup { start: real.start.map(|start| start - 1), ..real.clone() };
    assert_eq!(end_survivors(&with(reused), GRACE).unwrap(), Survivors::None);
    let later = ProcessGroup { start: real.start.map(|start| start + 1), ..real.clone() };
    assert_eq!(end_survivors(&with(later), GRACE).unwrap(), Survivors::None);
    let boot = Info { boot: Some("another".into()), ..with(real.clone()) };
    assert_eq!(end_survivors(&boot, GRACE).unwrap(), Survivors::None);
    let refused = [
        Info { host: "elsewhere".into(), ..boot },
        Info { boot: None, ..with(real.clone()) },
        Info { pid_namespace: Some("pid:[1]".into()), ..with(real.clone()) },
        Info { pid_namespace: None, ..with(real.clone()) },
        with(ProcessGroup { start: None, ..real.clone() }),
    ];
    for info in refused {
        let result = end_survivors(&info, GRACE).unwrap();
        assert!(matches!(result, Survivors::Refused(_)), "{info:?}: {result:?}");
    }
    for group in [0, 1, u32::MAX] {
        let result = end_survivors(&with(ProcessGroup { group, ..real.clone() }), GRACE).unwrap();
        assert!(!matches!(result, Survivors::Ended(_)), "{group}");
    }
    assert_eq!(end_survivors(&info(dir.path()), GRACE).unwrap(), Survivors::None);
    assert!(bystander.0.try_wait().unwrap().is_none(), "a bystander was killed");
    // The process is still the recorded one.
    assert_eq!(end_survivors(&with(real), GRACE).unwrap(), Survivors::Ended(1));
}

#[test]
fn a_command_inside_the_agent_does_not_end_itself() {
    let dir = dir();
    let mut child = helper("inside", dir.path());
    read_until(&mut child, "helper: refused");
    assert!(child.wait().unwrap().success());
}

fn helper(what: &str, dir: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["agent::tests::lease::helper_process", "--exact", "--nocapture"]).env("HELPER", what).env("DIR", dir);
    command.process_group(0).stdout(Stdio::piped()).spawn().unwrap()
}

fn read_until(child: &mut Child, text: &str) {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == text), "the helper never said '{text}'");
}

/// Not a test, but what [`helper`] runs.
#[test]
fn helper_process() {
    let Ok(what) = std::env::var("HELPER") else { return };
    let dir = std::env::var("DIR").unwrap();
    let dir = Path::new(&dir);
    println!();
    if what == "inside" {
        let pid = std::process::id();
        let agent = ProcessGroup { group: pid, start: Some(start_time(pid)), marker: "m".into(), talks: false };
        let result = end_survivors(&Info { agent: Some(agent), ..info(dir) }, GRACE).unwrap();
        assert!(matches!(result, Survivors::Refused(_)), "{result:?}");
        println!("helper: refused");
        return;
    }
    let mut lease = Lease::acquire(dir, &attempt(b'a'), info(dir)).unwrap().unwrap();
    let mut record = |started: &ProcessGroup| lease.record_agent(started);
    let mut sink = |line: &str| println!("helper: {line}");
    // It writes to no pipe of ours, so that it outlives us.
    let command = "echo $$ >leader; setsid sh -c 'echo $$ >daemon; exec sleep 300' & \
                   sh -c 'trap \"\" TERM; echo $$ >member; sleep 300; sleep 300' & \
                   while [ ! -s member ] || [ ! -s daemon ]; do sleep 0.01; done; echo ready; sleep 300; :";
    let finished = run(Run { on_started: Some(&mut record), sink: Some(&mut sink), ..Run::new(command, dir) }).unwrap();
    assert_ne!(finished.ending, Ending::Exited(0), "the holder is to be killed long before");
}
