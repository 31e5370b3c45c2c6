//! Fault points: where a debug build can be made to die, before and after every effect on a ref, a file or a process.
//!
//! A point is called `<place>.before` or `<place>.after`. Two variables of the environment concern the points:
//!
//! - `CHANT_FAULT=<point>[:<n>]` ends the process with SIGKILL when it passes the point for the n-th time (default: the first).
//! - `CHANT_FAULT_TRACE=<file>` appends the name of each point that is passed to a file, which has to exist.
//!
//! A build without `debug_assertions` reads neither of them. What is done at the places, and which commands come to which place, is
//! not here: `tests/fault` finds that out.

/// Every place, each named by what is done there and not by the command that does it.
pub const PLACES: &[&str] = &[
    "agent.go",
    "agent.signal",
    "agent.start",
    "aside.copy",
    "aside.drop",
    "aside.move",
    "aside.record",
    "aside.return",
    "aside.rewrite",
    "aside.settle",
    "cache.lock",
    "cache.place",
    "clone.name",
    "dir.make",
    "exclude.write",
    "file.link",
    "file.place",
    "file.remove",
    "file.unlink",
    "git.add",
    "git.checkout",
    "git.clean",
    "git.commit",
    "git.fetch",
    "git.hook",
    "git.index",
    "git.merge",
    "git.notes",
    "git.push",
    "git.read",
    "git.ref",
    "git.tree",
    "git.worktree",
    "given.place",
    "include.copy",
    "index.place",
    "lease.forget",
    "lease.record",
    "lease.release",
    "lease.take",
    "lock.drop",
    "lock.move",
    "lock.return",
    "log.begin",
    "output.away",
    "output.drop",
    "output.place",
    "output.return",
    "own.write",
    "place.drop",
    "place.hold",
    "placeholder.drop",
    "placeholder.make",
    "pool.drop",
    "pool.make",
    "pool.move",
    "pool.note",
    "pool.probe",
    "private.back",
    "private.copy",
    "private.drop",
    "private.make",
    "private.move",
    "private.place",
    "private.remove",
    "private.start",
    "prune.dir",
    "prune.file",
    "ref.commit",
    "ref.lock",
    "ref.mend",
    "ref.unlock",
    "report.remove",
    "run.remove",
    "sandbox.known",
    "sandbox.left",
    "sandbox.try",
    "seen.drop",
    "seen.place",
    "slot.take",
    "transcript.create",
    "tree.forget",
    "tree.remove",
    "tree.unlock",
    "trust.write",
];

/// Has `effect`, at a place of [`PLACES`], between two fault points.
#[inline(always)]
pub(crate) fn around<T>(place: &'static str, effect: impl FnOnce() -> T) -> T {
    #[cfg(debug_assertions)]
    armed::pass(place, ".before");
    let done = effect();
    #[cfg(debug_assertions)]
    armed::pass(place, ".after");
    #[cfg(not(debug_assertions))]
    let _ = place;
    done
}

#[cfg(debug_assertions)]
mod armed {
    use std::{
        fs::{File, OpenOptions},
        io::Write as _,
        sync::{
            OnceLock,
            atomic::{AtomicU64, Ordering},
        },
    };

    /// What the environment asks for.
    struct Plan {
        point: Option<String>,
        passage: u64,
        passed: AtomicU64,
        trace: Option<File>,
    }

    static PLAN: OnceLock<Plan> = OnceLock::new();

    fn plan() -> &'static Plan {
        PLAN.get_or_init(|| {
            let asked = std::env::var("CHANT_FAULT").ok().filter(|asked| !asked.is_empty());
            let (point, passage) = match asked.as_deref().map(|asked| asked.split_once(':').unwrap_or((asked, "1"))) {
                Some((point, passage)) => (Some(point.to_owned()), passage.parse().unwrap_or(1)),
                None => (None, 1),
            };
            let trace = std::env::var_os("CHANT_FAULT_TRACE");
            let trace = trace.and_then(|file| OpenOptions::new().append(true).open(file).ok());
            Plan { point, passage, passed: AtomicU64::new(0), trace }
        })
    }

    pub(super) fn pass(place: &str, when: &str) {
        debug_assert!(super::PLACES.contains(&place), "'{place}' is missing in the table of places");
        let plan = plan();
        if let Some(mut trace) = plan.trace.as_ref() {
            // One write a line: lines of several threads or processes do not mix.
            let _traced = trace.write_all(format!("{place}{when}\n").as_bytes());
        }
        let meant = plan.point.as_deref().and_then(|point| point.strip_prefix(place)).is_some_and(|rest| rest == when);
        if meant && plan.passed.fetch_add(1, Ordering::SeqCst) + 1 == plan.passage {
            let _never_returns =
                rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            loop {
                std::thread::park();
            }
        }
    }
}
