//! Runs a command line in a process group of its own, and ends all processes that it leaves. What the command is for is not known
//! here.

mod group;
mod left;
mod output;
mod pump;

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use self::group::Group;
use self::output::Output;
pub(crate) use self::output::OutputFilter;
use self::pump::Pump;
use super::interrupt::{Interrupts, signal_name};
use super::reaper::{MARKER, Reaper};
use crate::env::{fault, process_table, random_bytes, trace};
use crate::error::{Error, IoContext, Kind, Result};
use crate::terminal::sanitize::Sanitizer;

/// How long ended processes get between SIGTERM and SIGKILL.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// How much of the end of the output is kept, in bytes.
pub(crate) const TAIL: usize = 64 * 1024;

/// After the command is done: how long its background processes get to end by themselves.
const SETTLE: Duration = Duration::from_millis(200);

/// Then, at most this long between SIGTERM and SIGKILL.
const LEFTOVER_GRACE: Duration = Duration::from_secs(2);

/// How long a command that is talked to gets to stop when it is asked to.
const CANCEL: Duration = Duration::from_secs(3);

/// How long it may stay when the conversation is over.
const FAREWELL: Duration = Duration::from_secs(2);

/// The shell that runs command lines; where POSIX systems have it, and what git itself uses.
pub(crate) const SHELL: &str = "/bin/sh";

/// The command waits for a line on its standard input, so that it does nothing before it is recorded; if we die first, it
/// reads the end of the file and goes. `read` takes no byte beyond that line, the rest is the command's. The terminal
/// signals are ignored because the command is not in the foreground: reading the terminal fails then, where it would stop
/// the process for good.
macro_rules! gate {
    ($stdin:literal) => {
        concat!(r#"IFS= read -r CHANT_GATE || exit 125; unset CHANT_GATE; trap '' TTIN TTOU; exec "$@""#, $stdin)
    };
}

/// Runs the command in a sandbox, which ends with this shell and takes along all that is left in it: where it is asked to end, it waits for
/// them; otherwise they get a moment, and their names are written down. In the sandbox are the process that holds it, this shell, and they.
/// What the shell itself would say, for example of a signal, is no output of the command.
const IN_SANDBOX: &str = r#"ended=; trap 'ended=1' HUP INT TERM; exec 3>&2 2>/dev/null; (exec /bin/sh -c "$1" 2>&3 3>&-); code=$?; left=$2
others() { set -- /proc/[0-9]*; [ $# -gt 2 ]; }
if [ "$ended" ]; then while others; do sleep 0.05; done
elif [ "$left" ]; then
    for _ in 1 2 3 4; do others || break; sleep 0.05; done
    others && for one in /proc/[0-9]*; do
        case $one in /proc/1|/proc/$$) ;; *) read -r name <$one/comm && printf '%s\n' "$name" >>"$left" ;; esac
    done
fi; exit $code"#;

/// Closes every descriptor that a shell can name: those of one digit.
const CLOSE: &str = "exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-; ";

/// What the command reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stdin {
    /// Nothing: `/dev/null`.
    Null,
    /// These bytes, then the end. A command that does not read them all is no error.
    Bytes(Vec<u8>),
    /// What [`Run::filter`] says, as long as the conversation goes on.
    Dialogue,
}

/// What is told of a process before it begins; its error is the run's.
pub(crate) type OnStarted<'a> = &'a mut dyn FnMut(&ProcessGroup) -> Result<()>;

/// A command line to run, and how.
pub(crate) struct Run<'a> {
    /// The command line, for `/bin/sh -c`.
    pub command: &'a str,
    /// Where it runs.
    pub dir: &'a Path,
    /// The words of a sandbox that go before the shell; empty if it is not confined.
    pub sandbox: &'a [OsString],
    /// Variables that are set, or removed where there is no value; the others are inherited.
    pub env: Vec<(OsString, Option<OsString>)>,
    /// What it reads.
    pub stdin: Stdin,
    /// Whether what it writes to its standard error goes where ours goes, and is no output: for a program whose output is data.
    pub stderr_apart: bool,
    /// Gets every byte of its output, which is what it writes to standard output and standard error, in that order, as it comes.
    pub transcript: Option<&'a File>,
    /// Gets the same by lines, without control sequences or line ends. It is called between reads: one that blocks holds
    /// up the run, its timeout included.
    pub sink: Option<&'a mut dyn FnMut(&str)>,
    /// Has the output before the transcript, the sink and the tail: they get what it makes of it.
    pub filter: Option<&'a mut dyn OutputFilter>,
    /// Whether its colours reach [`Run::sink`].
    pub colors: bool,
    /// How many bytes of the end of the output are kept in [`Finished::tail`].
    pub tail: usize,
    /// A file that can be written in the sandbox: it gets the names of the processes that the command leaves there, a line each.
    pub left: Option<&'a Path>,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// Whether it runs even if a signal came before, which ended what it reports. A signal that comes while it runs ends it, too.
    pub afterwards: bool,
    /// How long it gets between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// Called again and again while the command runs, some times a second. It must not block.
    pub tick: Option<&'a mut dyn FnMut()>,
    /// Called once the process is there and before it does anything; after an error it never will.
    pub on_started: Option<OnStarted<'a>>,
}

impl<'a> Run<'a> {
    /// `command` in `dir`: the environment inherited, nothing to read, no transcript, no timeout.
    pub(crate) fn new(command: &'a str, dir: &'a Path) -> Self {
        Run {
            command,
            dir,
            sandbox: &[],
            env: Vec::new(),
            stdin: Stdin::Null,
            stderr_apart: false,
            transcript: None,
            sink: None,
            filter: None,
            colors: false,
            tail: TAIL,
            left: None,
            timeout: None,
            afterwards: false,
            grace: GRACE,
            tick: None,
            on_started: None,
        }
    }
}

/// The process group of a command: enough to know it, and what it starts, for sure later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessGroup {
    /// The group, which is its leader's pid.
    pub group: u32,
    /// Clock ticks from boot to its leader's start; Linux only.
    pub start: Option<u64>,
    /// What `CHANT_RUN` is in the environment of its processes, random.
    pub marker: String,
    /// Whether it is talked to, so that it can be asked to stop.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub talks: bool,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With this exit code. A shell gives 128 + n for a command in it that was ended by signal n.
    Exited(i32),
    /// By this signal, which another process sent.
    Signalled(i32),
    /// It took longer than this and was ended.
    TimedOut(Duration),
    /// This signal came to us, and the command was ended (or had just ended by itself).
    Interrupted(i32),
}

impl Ending {
    /// Whether it exited with 0.
    pub(crate) fn success(self) -> bool {
        self == Ending::Exited(0)
    }

    /// The signal to this process that ended the command, if one did.
    pub(crate) fn interrupted(self) -> Option<i32> {
        match self {
            Ending::Interrupted(signal) => Some(signal),
            _ => None,
        }
    }

    /// The exit code; `None` if it was ended by anything else.
    pub(crate) fn exit_code(self) -> Option<i32> {
        match self {
            Ending::Exited(code) => Some(code),
            Ending::Signalled(_) | Ending::TimedOut(_) | Ending::Interrupted(_) => None,
        }
    }
}

/// As the end of a sentence that begins with what was run: `exited with code 3`.
impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ending::Exited(127) => f.write_str("exited with code 127 (command not found?)"),
            Ending::Exited(code) => write!(f, "exited with code {code}"),
            Ending::Signalled(signal) => write!(f, "was killed by signal {signal}"),
            Ending::TimedOut(after) => write!(f, "took longer than {}", humantime::format_duration(*after)),
            Ending::Interrupted(signal) => write!(f, "was interrupted ({})", signal_name(*signal)),
        }
    }
}

/// A command that is over.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How it ended.
    pub ending: Ending,
    /// From its start to the moment when nothing of it was left.
    pub duration: Duration,
    /// The last bytes of its output, raw.
    pub tail: Vec<u8>,
    /// How many processes, beyond the command's own, were still there and had to be ended; counted on Linux only, and in a sandbox only
    /// with [`Run::left`].
    pub survivors: usize,
    /// The names of those, where they are known.
    pub left: Vec<String>,
    /// Why the transcript is incomplete, if it is: a full disk does not end a run.
    pub transcript_error: Option<std::io::Error>,
}

/// Runs a command line to its end, and ends what it leaves behind.
///
/// A timeout, a [`Run::filter`] that sees no hope, and SIGINT, SIGTERM or SIGHUP to this process, end its whole process group: SIGTERM, [`Run::grace`], SIGKILL;
/// a second signal kills at once. Where another listener has heard one before, nothing is begun. Background processes get a moment after the command is done, then go the same way; one
/// that cannot be found and holds our pipe open is not waited for longer than two seconds. Between two runs, those signals
/// do what they did before the first.
///
/// Fails if the command cannot be started, or with the error of [`Run::on_started`].
pub(crate) fn run(run: Run<'_>) -> Result<Finished> {
    let _timed = trace::region(|| format!("sh -c {}", shell_words::quote(run.command)));
    let marker = marker()?;
    let interrupts = if run.afterwards { Interrupts::listen_anew() } else { Interrupts::listen() }?;
    if let Some(signal) = interrupts.first() {
        let (ending, duration) = (Ending::Interrupted(signal), Duration::ZERO);
        return Ok(Finished {
            ending,
            duration,
            tail: Vec::new(),
            survivors: 0,
            left: Vec::new(),
            transcript_error: None,
        });
    }
    let mut reaper = Reaper::enter(&marker);
    let begun = Instant::now();
    let (mut child, output) = spawn(&run, &marker, &mut reaper)?;
    let mut gate = child.stdin.take();
    let mut group = Group::new(child, reaper, !run.sandbox.is_empty());
    if let Some(on_started) = run.on_started {
        let start = process_table::one(group.id()).map(|process| process.start);
        let talks = run.stdin == Stdin::Dialogue;
        on_started(&ProcessGroup { group: group.id(), start, marker, talks })?;
    }
    // If the waiting shell was ended, its exit status tells.
    if gate.as_mut().is_some_and(|gate| fault::around("agent.go", || gate.write_all(b"go\n")).is_err()) {
        gate = None;
    }
    let sanitizer = if run.colors { Sanitizer::with_colors() } else { Sanitizer::new() };
    let sink = run.sink.map(|sink| (sink, sanitizer));
    let output_to = Output::new(run.transcript, run.filter, sink, run.tail);
    let mut pump = Pump::new(output, interrupts, output_to)?;
    match (run.stdin, gate) {
        (Stdin::Bytes(bytes), Some(gate)) => pump.feed(gate, bytes)?,
        (Stdin::Dialogue, Some(gate)) => pump.talk(gate)?,
        _ => {}
    }

    let limit = wait(&mut group, &mut pump, run.timeout, run.tick)?;
    let stop = limit.is_some() || pump.interrupted();
    if stop {
        cancel(&mut group, &mut pump)?;
    }
    if stop || pump.is_hopeless() || (pump.over().is_some() && !group.is_done()?) {
        group.end(&mut pump, run.grace)?;
    }
    if group.wait_for_others(&mut pump, SETTLE)? {
        group.end(&mut pump, run.grace.min(LEFTOVER_GRACE))?;
    }
    pump.drain()?;
    let left = run.left.map(left::take).unwrap_or_default();
    // The sandbox, which is about to end, is none of them.
    let survivors = if run.sandbox.is_empty() { group.ended_others() } else { left.len() };
    let status = group.reap()?;
    drop(group);
    let over = pump.over();
    let (interrupted, tail, transcript_error) = pump.finish();
    let ending = match (interrupted, limit, over) {
        (Some(signal), ..) => Ending::Interrupted(signal),
        (None, Some(limit), _) => Ending::TimedOut(limit),
        (None, None, Some(code)) => Ending::Exited(code),
        (None, None, None) => plain(status),
    };
    Ok(Finished { ending, duration: begun.elapsed(), tail, survivors, left, transcript_error })
}

/// Asks a command that is talked to to stop what it does, and gives it a moment for that.
fn cancel(group: &mut Group, pump: &mut Pump<'_>) -> Result<()> {
    let (begun, signals) = (Instant::now(), pump.signals());
    pump.cancel();
    while pump.is_talking() && pump.over().is_none() && begun.elapsed() < CANCEL && pump.signals() == signals {
        if group.is_done()? {
            break;
        }
        pump.turn(Duration::from_millis(50))?;
    }
    Ok(())
}

/// Waits until the command is done, a signal came, its output shows that it cannot succeed, or its time is over: then gives the time that it had.
fn wait(
    group: &mut Group,
    pump: &mut Pump<'_>,
    timeout: Option<Duration>,
    mut tick: Option<&mut dyn FnMut()>,
) -> Result<Option<Duration>> {
    const IDLE: Duration = Duration::from_millis(500);
    const TICK: Duration = Duration::from_millis(100);
    const REAP_EVERY: Duration = Duration::from_secs(1);
    let begun = Instant::now();
    let wait = if tick.is_some() { TICK } else { IDLE };
    let (mut reaped, mut ticked, mut over) = (begun, begun, None::<Instant>);
    loop {
        let left = timeout.map(|limit| limit.saturating_sub(begun.elapsed()));
        if group.is_done()? || pump.interrupted() || pump.is_hopeless() {
            return Ok(None);
        }
        if left == Some(Duration::ZERO) {
            return Ok(timeout);
        }
        // An agent goes when its input is closed; one that does not is ended.
        if pump.over().is_some() && over.get_or_insert_with(Instant::now).elapsed() >= FAREWELL {
            return Ok(None);
        }
        // A change of a child wakes us; the wait only covers what could be missed.
        pump.turn(left.map_or(wait, |left| left.min(wait)))?;
        if let Some(tick) = tick.as_mut().filter(|_| ticked.elapsed() >= TICK) {
            tick();
            ticked = Instant::now();
        }
        if pump.child_changed() && reaped.elapsed() >= REAP_EVERY {
            group.reap_orphans();
            reaped = Instant::now();
        }
    }
}

/// Starts the shell, held back until it reads a line; gives it with the read end of its output.
fn spawn(run: &Run<'_>, marker: &str, reaper: &mut Reaper) -> Result<(std::process::Child, std::io::PipeReader)> {
    if !run.dir.is_dir() {
        return Err(Error::fatal(
            Kind::NoDirectory,
            format!("cannot run in '{}': no such directory", run.dir.display()),
        ));
    }
    // One pipe for both streams is what keeps their order.
    let (output, theirs) = std::io::pipe().io("run in", run.dir)?;
    let script = match run.stdin {
        Stdin::Null => gate!(" </dev/null"),
        Stdin::Bytes(_) | Stdin::Dialogue => gate!(""),
    };
    // Descriptors that this process was given are none of a confined run's business.
    let script = if run.sandbox.is_empty() { script.to_owned() } else { format!("{CLOSE}{script}") };
    let mut command = Command::new(SHELL);
    command.args(["-c", &script, "sh"]).args(run.sandbox);
    match run.sandbox {
        [] => command.args([SHELL, "-c", run.command]),
        _ => command.args([SHELL, "-c", IN_SANDBOX, "sh", run.command]).args(run.left),
    };
    command.current_dir(run.dir).process_group(0);
    for (name, value) in &run.env {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env(MARKER, marker).env_remove("CHANT_GATE");
    command.stdin(std::process::Stdio::piped());
    if run.stderr_apart {
        command.stdout(theirs);
    } else {
        command.stdout(theirs.try_clone().io("run in", run.dir)?).stderr(theirs);
    }
    Ok((fault::around("agent.start", || reaper.spawn(&mut command)).io("run in", run.dir)?, output))
}

/// A value that no other run has.
fn marker() -> Result<String> {
    Ok(format!("{:x}-{:016x}", std::process::id(), u64::from_le_bytes(random_bytes()?)))
}

/// The ending that a status tells. Without one the process could not even be killed.
fn plain(status: Option<ExitStatus>) -> Ending {
    match status {
        Some(status) => match (status.code(), status.signal()) {
            (Some(code), _) => Ending::Exited(code),
            (None, signal) => Ending::Signalled(signal.unwrap_or_default()),
        },
        None => Ending::Signalled(signal_hook::consts::SIGKILL),
    }
}
