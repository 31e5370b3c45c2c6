//! Commands that are talked to.

use std::time::Duration;

use crate::{
    agent::process::{Ending, OutputFilter, Run, Stdin, run},
    support::scratch::scratch,
};

/// Answers whatever it hears with a mebibyte.
#[derive(Default)]
struct Talker {
    heard: usize,
    answers: bool,
    over: bool,
}

impl OutputFilter for Talker {
    fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.heard += bytes.len();
        self.answers = true;
        Vec::new()
    }

    fn input(&mut self) -> Vec<u8> {
        if std::mem::take(&mut self.answers) { vec![b'x'; 1 << 20] } else { Vec::new() }
    }

    fn over(&self) -> Option<i32> {
        self.over.then_some(0)
    }

    fn cancel(&mut self) {
        self.over = true;
    }

    fn finish(&mut self) -> Vec<u8> {
        Vec::new()
    }
}

#[test]
fn one_that_asks_without_end_and_reads_no_answer_is_not_listened_to() {
    let (dir, mut talker) = (scratch(), Talker::default());
    let mut asks = Run::new("exec yes", dir.path());
    asks.stdin = Stdin::Dialogue;
    asks.filter = Some(&mut talker);
    asks.timeout = Some(Duration::from_secs(1));
    asks.grace = Duration::from_millis(100);
    assert_eq!(run(asks).unwrap().ending, Ending::TimedOut(Duration::from_secs(1)));
    assert!(talker.heard < 8 << 20, "{}", talker.heard);
}
