//! Runs real commands and looks at what is left of them.
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::agent::interrupt::Interrupts;
use crate::agent::process::{Ending, Finished, Run, Stdin, run};
use crate::error::{Error, Kind};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Longer than anything here takes, and shorter than the processes that must not outlive their run.
const LONG: Duration = Duration::from_secs(120);

fn dir() -> TempDir {
    crate::support::scratch::scratch()
}

fn sh(dir: &TempDir, command: &str) -> Finished {
    run(Run::new(command, dir.path())).unwrap()
}

fn text(finished: &Finished) -> String {
    String::from_utf8(finished.tail.clone()).unwrap()
}

fn read_pid(dir: &TempDir, file: &str) -> u32 {
    fs::read_to_string(dir.path().join(file)).unwrap().trim().parse().unwrap()
}

/// The state of a process, a letter as in proc(5).
fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.trim_start().chars().next()
}

/// Whether a process lives; one that only waits to be reaped does not.
fn alive(pid: u32) -> bool {
    state(pid).is_some_and(|state| state != 'Z')
}

fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < LONG, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid as i32).unwrap(), signal).unwrap();
}

#[test]
fn exit_codes_and_signals_are_told() {
    let dir = dir();
    assert_eq!(sh(&dir, "true").ending, Ending::Exited(0));
    assert!(sh(&dir, "true").ending.success());
    assert_eq!(sh(&dir, "exit 3").ending, Ending::Exited(3));
    assert_eq!(sh(&dir, "kill -9 $$").ending, Ending::Signalled(9));
    assert_eq!(sh(&dir, "kill -9 0").ending, Ending::Signalled(9), "its own group, not ours");
    assert!(sh(&dir, "no-such-command-here").ending.to_string().contains("command not found"));
    assert_eq!(sh(&dir, "true").survivors, 0);
}

#[test]
fn what_cannot_be_run_is_an_error() {
    let dir = dir();
    let error = |command: &str, dir: &Path| -> Error { run(Run::new(command, dir)).unwrap_err() };
    assert_eq!(error("true", &dir.path().join("gone")).kind, Kind::NoDirectory);
    assert!(error("a\0b", dir.path()).message.starts_with("cannot run in '"));
    assert!(error(&"x".repeat(4 << 20), dir.path()).message.starts_with("cannot run in '"));
}

#[test]
fn both_streams_keep_their_order_in_transcript_sink_and_tail() {
    let dir = dir();
    let transcript = fs::File::create(dir.path().join("log")).unwrap();
    let mut lines = Vec::new();
    let mut sink = |line: &str| lines.push(line.to_owned());
    let command =
        "i=0; while [ $i -lt 300 ]; do echo o$i; printf '\\033[31me%s\\n' $i >&2; i=$((i+1)); done; printf end";
    let finished =
        run(Run { transcript: Some(&transcript), sink: Some(&mut sink), ..Run::new(command, dir.path()) }).unwrap();
    let raw: String = (0..300).map(|i| format!("o{i}\n\x1b[31me{i}\n")).collect::<String>() + "end";
    assert_eq!(text(&finished), raw);
    assert_eq!(fs::read_to_string(dir.path().join("log")).unwrap(), raw);
    assert_eq!(lines.join("\n"), raw.replace("\x1b[31m", ""));
}

#[test]
fn of_output_without_end_people_see_the_beginning_and_the_end() {
    let dir = dir();
    let transcript = fs::File::create(dir.path().join("log")).unwrap();
    let (mut lines, mut bytes) = (Vec::new(), 0);
    let mut sink = |line: &str| {
        bytes += line.len();
        if lines.len() < 3 || line.contains("not shown") || line.ends_with("999999") {
            lines.push(line.to_owned());
        }
    };
    let finished = run(Run {
        transcript: Some(&transcript),
        sink: Some(&mut sink),
        ..Run::new("seq 1 12999999; printf the-end", dir.path())
    })
    .unwrap();
    assert!(text(&finished).ends_with("12999999\nthe-end"));
    let log = fs::metadata(dir.path().join("log")).unwrap().len();
    assert_eq!(lines[..3], ["1", "2", "3"]);
    assert_eq!(lines.last().unwrap(), "12999999", "the last line of all but the end");
    assert!(lines.iter().any(|line| line.ends_with("bytes not shown here]")), "{lines:?}");
    assert!((bytes as u64) < log / 2, "{bytes} of {log}");
}

#[test]
fn output_is_seen_while_the_command_runs() {
    let dir = dir();
    let transcript = fs::File::create(dir.path().join("log")).unwrap();
    let mut sink = |line: &str| {
        if line == "one" {
            assert_eq!(fs::read_to_string(dir.path().join("log")).unwrap(), "one\n");
            fs::write(dir.path().join("go"), "").unwrap();
        }
    };
    let command = "echo one; while [ ! -e go ]; do sleep 0.02; done";
    let run_it = Run { transcript: Some(&transcript), sink: Some(&mut sink), ..Run::new(command, dir.path()) };
    assert_eq!(run(Run { timeout: Some(LONG), ..run_it }).unwrap().ending, Ending::Exited(0));
}

#[test]
fn the_tail_is_the_end_and_no_more() {
    let dir = dir();
    let finished = run(Run { tail: 10, ..Run::new("seq 1 100000", dir.path()) }).unwrap();
    assert_eq!(text(&finished), "99\n100000\n");
}

#[test]
fn a_full_disk_under_the_transcript_does_not_end_the_run() {
    let dir = dir();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let finished = run(Run { transcript: Some(&full), ..Run::new("echo a; exit 5", dir.path()) }).unwrap();
    assert_eq!((finished.ending, text(&finished).as_str()), (Ending::Exited(5), "a\n"));
    assert!(finished.transcript_error.is_some());
}

#[test]
fn the_environment_is_what_was_said() {
    let dir = dir();
    let env = vec![("SET".into(), Some("a b".into())), ("PATH_GONE".into(), None), ("HOME".into(), None)];
    let finished = run(Run { env, ..Run::new("env; grep SigIgn /proc/self/status", dir.path()) }).unwrap();
    let text = text(&finished);
    assert!(text.contains("\nSET=a b\n") || text.starts_with("SET=a b\n"), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("HOME=") || line.starts_with("CHANT_GATE")), "{text}");
    // In the background of a terminal, reading it must fail, not stop: SIGTTIN (21) and SIGTTOU (22) are ignored.
    let mask = text.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
    assert_eq!(u64::from_str_radix(mask, 16).unwrap() >> 20 & 0b11, 0b11, "{mask}");
}

#[test]
fn standard_input_is_the_prompt_or_nothing() {
    let dir = dir();
    assert_eq!(text(&sh(&dir, "cat; readlink /proc/self/fd/0")), "/dev/null\n");
    let prompt: Vec<u8> = (0..5_000_000u32).map(|n| (n % 251) as u8).collect();
    let stdin = Stdin::Bytes(prompt.clone());
    assert!(run(Run { stdin, ..Run::new("cat >got", dir.path()) }).unwrap().ending.success());
    assert!(fs::read(dir.path().join("got")).unwrap() == prompt, "not one byte is lost to the gate");
    assert_eq!(text(&run(Run { stdin: Stdin::Bytes(vec![]), ..Run::new("wc -c", dir.path()) }).unwrap()).trim(), "0");
}

#[test]
fn an_agent_that_does_not_read_its_prompt_is_no_error() {
    let dir = dir();
    for command in ["exit 4", "sleep 0.3; exit 4", "exec 0<&-; sleep 0.1; exit 4", "head -c 10 >/dev/null; exit 4"] {
        let stdin = Stdin::Bytes(vec![b'x'; 5_000_000]);
        let finished = run(Run { stdin, timeout: Some(LONG), ..Run::new(command, dir.path()) }).unwrap();
        assert_eq!(finished.ending, Ending::Exited(4), "{command}");
    }
}

#[test]
fn nothing_happens_before_it_is_recorded() {
    let dir = dir();
    let mut seen = None;
    let mut on_started = |started: &crate::agent::process::ProcessGroup| {
        // Its shell sleeps: without the gate it would have run the command by then.
        wait_for("the shell waits", || state(started.group).is_some_and(|state| state == 'S' || state == 'Z'));
        assert!(!dir.path().join("ran").exists());
        seen = Some(started.clone());
        Ok(())
    };
    let command = ": >ran; echo $CHANT_RUN; cut -d' ' -f5,22 /proc/$$/stat";
    let finished = run(Run { on_started: Some(&mut on_started), ..Run::new(command, dir.path()) }).unwrap();
    let started = seen.unwrap();
    let expected = format!("{}\n{} {}\n", started.marker, started.group, started.start.unwrap());
    assert_eq!(text(&finished), expected);
    assert!(dir.path().join("ran").exists());
}

#[test]
fn what_cannot_be_recorded_never_runs() {
    let dir = dir();
    let mut pid = 0;
    let mut on_started = |started: &crate::agent::process::ProcessGroup| {
        pid = started.group;
        Err(Error::fatal(Kind::Signal, "no"))
    };
    let run_it = Run { on_started: Some(&mut on_started), ..Run::new(": >ran", dir.path()) };
    assert_eq!(run(run_it).unwrap_err().kind, Kind::Signal);
    assert!(!alive(pid) && !dir.path().join("ran").exists());
}

#[test]
fn a_timeout_ends_the_whole_group_even_if_it_ignores_sigterm() {
    let dir = dir();
    let command = "trap '' TERM; sleep 300 & echo $! >a; (trap '' TERM; sleep 300 & echo $! >b; wait) & \
                   while [ ! -s b ]; do sleep 0.01; done; echo ready; wait; wait; sleep 300";
    let limit = Duration::from_secs(4);
    let grace = Duration::from_millis(300);
    let finished = run(Run { timeout: Some(limit), grace, ..Run::new(command, dir.path()) }).unwrap();
    assert_eq!((finished.ending, text(&finished).as_str()), (Ending::TimedOut(limit), "ready\n"));
    assert!(finished.duration >= limit + grace && finished.duration < LONG);
    assert!(!alive(read_pid(&dir, "a")) && !alive(read_pid(&dir, "b")));
}

#[test]
fn a_timeout_lets_a_command_clean_up_and_hears_it() {
    let dir = dir();
    let command = "trap 'echo cleaned; exit 0' TERM; echo ready; while :; do sleep 0.02; done";
    let limit = Duration::from_secs(3);
    let finished = run(Run { timeout: Some(limit), grace: LONG, ..Run::new(command, dir.path()) }).unwrap();
    assert_eq!(finished.ending, Ending::TimedOut(limit));
    // A shell may say in between that what it waited for was terminated.
    assert!(text(&finished).starts_with("ready\n") && text(&finished).ends_with("cleaned\n"), "{}", text(&finished));
}

#[test]
fn a_stopped_command_times_out_like_any_other() {
    let dir = dir();
    let limit = Duration::from_millis(300);
    let finished = run(Run { timeout: Some(limit), ..Run::new("kill -STOP $$", dir.path()) }).unwrap();
    assert_eq!(finished.ending, Ending::TimedOut(limit));
}

#[test]
fn background_processes_are_ended_and_counted() {
    let dir = dir();
    let finished = sh(&dir, "sleep 300 & echo $! >pid; echo done; exit 6");
    assert_eq!((finished.ending, finished.survivors), (Ending::Exited(6), 1));
    assert!(!alive(read_pid(&dir, "pid")) && finished.duration < LONG);
    // One that ends by itself in a moment is not in the way.
    let finished = sh(&dir, "(sleep 0.05; echo late) & exit 0");
    assert_eq!((text(&finished).as_str(), finished.survivors), ("late\n", 0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_daemon_that_left_the_group_and_holds_the_pipe_is_ended() {
    for start in ["setsid sh -c \"$d\" &", "(setsid sh -c \"$d\" &) &", "env -u CHANT_RUN setsid sh -c \"$d; :\" &"] {
        let dir = dir();
        let command =
            format!("d='echo $$ >pid.new; mv pid.new pid; sleep 300'; {start} while [ ! -e pid ]; do sleep 0.01; done");
        // Alone in its process: one that shed its marker can't be told from another run's.
        let (_, lines) = Helper::start("run", &dir, &[("COMMAND", &command)]).finish();
        assert_eq!(lines[0], "Exited(0)", "{start}");
        assert_ne!(lines[1], "0", "{start}");
        assert!(!alive(read_pid(&dir, "pid")), "{start}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn one_run_does_not_end_the_daemons_of_another() {
    let dir = dir();
    // The daemon is born, and orphaned, while both run; the other ends first. `pid` is there once the daemon has another parent.
    let daemon = "first=$PPID; : >born; while [ \"$(cut -d' ' -f4 /proc/$$/stat)\" = $first ]; do sleep 0.01; done; \
                  echo $$ >pid.new; mv pid.new pid; exec sleep 300";
    fs::write(dir.path().join("daemon"), daemon).unwrap();
    let command = "while [ ! -e other ]; do sleep 0.01; done; \
                   (setsid sh daemon & while [ ! -e born ]; do sleep 0.01; done) & \
                   while [ ! -e go ]; do sleep 0.01; done; kill -0 $(cat pid) && echo alive";
    std::thread::scope(|scope| {
        let first = scope.spawn(|| sh(&dir, command));
        let other = sh(&dir, ": >other; while [ ! -e pid ]; do sleep 0.01; done");
        assert_eq!((other.ending, other.survivors), (Ending::Exited(0), 0));
        fs::write(dir.path().join("go"), "").unwrap();
        let first = first.join().unwrap();
        assert_eq!((first.ending, text(&first).as_str()), (Ending::Exited(0), "alive\n"));
        assert!(first.survivors >= 1 && !alive(read_pid(&dir, "pid")));
    });
}

#[test]
fn much_output_does_not_grow_memory() {
    let dir = dir();
    let (_, lines) = Helper::start("memory", &dir, &[]).finish();
    let grown: u64 = lines[0].parse().unwrap();
    assert!(grown < 20_000, "{grown} kB for 100 MB");
}

#[test]
fn signals_end_the_run_and_are_told() {
    for (number, name) in [(Signal::INT, 2), (Signal::TERM, 15), (Signal::HUP, 1)] {
        let dir = dir();
        let mut helper = Helper::start("run", &dir, &[("COMMAND", "sleep 300 & echo $! >pid; echo ready; wait")]);
        helper.wait_for("> ready");
        signal(helper.child.id(), number);
        let (status, lines) = helper.finish();
        assert_eq!(lines[0], format!("Interrupted({name})"));
        assert!(status.success() && !alive(read_pid(&dir, "pid")));
    }
}

#[test]
fn a_second_interrupt_kills_at_once() {
    let dir = dir();
    let command = "trap 'echo deaf' TERM; echo ready; while :; do sleep 0.02; done";
    let mut helper = Helper::start("run", &dir, &[("COMMAND", command), ("GRACE", "86400")]);
    helper.wait_for("> ready");
    signal(helper.child.id(), Signal::INT);
    helper.wait_for("> deaf");
    signal(helper.child.id(), Signal::INT);
    assert_eq!(helper.finish().1[0], "Interrupted(2)");
}

#[test]
fn after_the_run_a_signal_does_what_it_always_does() {
    use std::os::unix::process::ExitStatusExt;
    let dir = dir();
    let mut helper = Helper::start("run", &dir, &[("COMMAND", "true"), ("SLEEP", "1")]);
    helper.wait_for("Exited(0)");
    signal(helper.child.id(), Signal::INT);
    assert_eq!(helper.finish().0.signal(), Some(2));
}

#[test]
fn a_signal_that_comes_as_listening_begins_is_not_lost() {
    use std::os::unix::process::ExitStatusExt;
    let able = Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|status| status.success());
    if !crate::support::tools::need_that(able, "strace, and the permission to trace") {
        return;
    }
    let dir = dir();
    // Each signal that is listened to has its pair of sockets.
    let under = "strace -f -qq -o trace -e trace=socketpair -e inject=socketpair:signal=INT:when=1";
    let helper = Helper::start("run", &dir, &[("COMMAND", ": >ran"), ("UNDER", under)]);
    assert_eq!(helper.finish().0.signal(), Some(2));
    assert!(fs::read_to_string(dir.path().join("trace")).unwrap().contains("socketpair("));
    assert!(!dir.path().join("ran").exists());
}

#[test]
fn what_another_listener_has_heard_ends_what_is_begun_after_it() {
    let dir = dir();
    let (status, lines) = Helper::start("heard", &dir, &[]).finish();
    assert!(status.success());
    assert_eq!(lines, ["Interrupted(2)", "Exited(0)", "Exited(0)"]);
    assert_eq!(fs::read_to_string(dir.path().join("ran")).unwrap(), "afterwards\nunheard\n");
}

#[test]
fn nohup_keeps_its_meaning() {
    let dir = dir();
    let command = "echo ready; while [ ! -e go ]; do sleep 0.01; done; exit 7";
    let mut helper = Helper::start("run", &dir, &[("COMMAND", command), ("NOHUP", "1")]);
    helper.wait_for("> ready");
    let status = fs::read_to_string(format!("/proc/{}/status", helper.child.id())).unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
    assert_eq!(ignored & 1, 1, "a hangup is still ignored, so that none can come late");
    signal(helper.child.id(), Signal::HUP);
    fs::write(dir.path().join("go"), "").unwrap();
    assert_eq!(helper.finish().1[0], "Exited(7)");
}

#[test]
fn a_command_whose_starter_dies_first_never_runs() {
    let dir = dir();
    let helper = Helper::start("die", &dir, &[]);
    helper.finish();
    let pid = read_pid(&dir, "pid");
    wait_for("the end of the waiting shell", || !alive(pid));
    assert!(!dir.path().join("ran").exists());
}

/// This test binary as a process of its own.
struct Helper {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Helper {
    fn start(what: &str, dir: &TempDir, env: &[(&str, &str)]) -> Self {
        let exe = std::env::current_exe().unwrap();
        let mut command = Command::new("sh");
        let ignore = if env.iter().any(|(name, _)| *name == "NOHUP") { "trap '' HUP; " } else { "" };
        let under = env.iter().find(|(name, _)| *name == "UNDER").map_or("", |(_, under)| under);
        command
            .arg("-c")
            .arg(format!("{ignore}exec {under} \"$0\" agent::tests::process::helper --exact --nocapture"))
            .arg(exe)
            .current_dir(dir.path());
        command.env("HELPER", what).env("DIR", dir.path()).envs(env.iter().copied());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Helper { child, lines }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        (self.lines.read_line(&mut line).unwrap() > 0).then(|| line.trim_end().to_owned())
    }

    fn wait_for(&mut self, text: &str) {
        loop {
            let line = self.line().unwrap_or_else(|| panic!("the helper ended before '{text}'"));
            if line == format!("helper: {text}") {
                return;
            }
        }
    }

    /// Its exit status and the rest of what it said, without the output of its command.
    fn finish(mut self) -> (std::process::ExitStatus, Vec<String>) {
        let mut said = Vec::new();
        while let Some(line) = self.line() {
            said.extend(line.strip_prefix("helper: ").filter(|line| !line.starts_with('>')).map(str::to_owned));
        }
        (self.child.wait().unwrap(), said)
    }
}

/// Not a test, but what [`Helper`] runs.
#[test]
fn helper() {
    let Ok(what) = std::env::var("HELPER") else { return };
    let dir = std::env::var("DIR").unwrap();
    let dir = Path::new(&dir);
    // The test harness has begun the line.
    println!();
    match what.as_str() {
        "run" => {
            let mut sink = |line: &str| println!("helper: > {line}");
            let command = std::env::var("COMMAND").unwrap();
            let grace = std::env::var("GRACE").map_or(5, |grace| grace.parse().unwrap());
            let grace = Duration::from_secs(grace);
            let finished = run(Run { sink: Some(&mut sink), grace, ..Run::new(&command, dir) }).unwrap();
            println!("helper: {:?}\nhelper: {}", finished.ending, finished.survivors);
            if std::env::var_os("SLEEP").is_some() {
                std::thread::sleep(LONG);
            }
        }
        "heard" => {
            let mut outer = Interrupts::listen().unwrap();
            signal(std::process::id(), Signal::INT);
            assert_eq!(outer.wait(LONG).unwrap(), Some(2));
            let say = |it: Run<'_>| println!("helper: {:?}", run(it).unwrap().ending);
            say(Run::new("echo heard >>ran", dir));
            say(Run { afterwards: true, ..Run::new("echo afterwards >>ran", dir) });
            assert_eq!(outer.stop(), Some(2));
            say(Run::new("echo unheard >>ran", dir));
        }
        "memory" => {
            let before = peak();
            let finished = run(Run::new("head -c 104857600 /dev/zero", dir)).unwrap();
            assert_eq!(finished.tail.len(), crate::agent::process::TAIL);
            let mut longest = 0;
            let mut sink = |line: &str| longest = longest.max(line.len());
            run(Run { sink: Some(&mut sink), ..Run::new("head -c 4000000 /dev/zero | tr '\\0' x", dir) }).unwrap();
            assert!(longest < 200_000, "{longest}");
            println!("helper: {}", peak() - before);
        }
        "die" => {
            let mut on_started = |started: &crate::agent::process::ProcessGroup| {
                fs::write(dir.join("pid"), started.group.to_string()).unwrap();
                std::process::abort()
            };
            run(Run { on_started: Some(&mut on_started), ..Run::new(": >ran", dir) }).unwrap();
        }
        other => panic!("no helper '{other}'"),
    }
}

/// The most memory that this process ever had, in kB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
