//! Children in groups of their own that the part of this process waits for that started them: no other part may take their exit codes, or
//! end them.

use std::{
    io,
    process::{Child, ExitStatus},
    sync::{Mutex, MutexGuard, PoisonError},
};

static AWAITED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// The pids of such children. As long as this is held, none is added and none is taken away.
pub(crate) fn awaited() -> MutexGuard<'static, Vec<u32>> {
    AWAITED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the end of the child that `start` gives, as one of them.
///
/// # Errors
/// Those of `start`, and if it cannot be waited for.
pub(crate) fn status(start: impl FnOnce() -> io::Result<Child>) -> io::Result<ExitStatus> {
    wait(start, Child::wait)
}

/// What `wait` gives for the child that `start` gives, which is one of them until then: `wait` has to take its exit code.
///
/// # Errors
/// Those of `start` and of `wait`.
pub(crate) fn wait<T>(
    start: impl FnOnce() -> io::Result<Child>,
    wait: impl FnOnce(&mut Child) -> io::Result<T>,
) -> io::Result<T> {
    let mut child = {
        let mut awaited = awaited();
        let child = start()?;
        awaited.push(child.id());
        child
    };
    let ended = wait(&mut child);
    awaited().retain(|pid| *pid != child.id());
    ended
}
