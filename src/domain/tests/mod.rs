//! The fold over random histories: a function of the set of operations, equal in every clone, and the one that the newest
//! event's trailers already tell.

mod converge;
mod hostile;
mod oracle;
mod properties;
mod world;

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::support::cases::cases;

/// The result of `act`, and the time of a processor that it took on this thread: other work on the machine does not count.
pub(crate) fn processor_time<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("below a second"))
    };
    let start = now();
    let result = act();
    (result, now() - start)
}
