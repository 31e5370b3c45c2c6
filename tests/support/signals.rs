//! What the processes that tests start do at a signal. A shell that runs the tests in the background, or `nohup`, has signals ignored, and
//! who starts a process hands that on: then nothing that a test sends would be heard.

use std::sync::{Arc, Once, atomic::AtomicBool};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    flag,
};

/// From now on the processes that this one starts begin as at a terminal. This one goes on ignoring what it ignored: a handler that does
/// nothing is there in place of that, and no handler is handed on.
pub(crate) fn hand_on_none_ignored() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter().filter(|signal| ignored & (1 << (signal - 1)) != 0)
        {
            flag::register(signal, Arc::new(AtomicBool::new(false))).unwrap();
        }
    });
}
