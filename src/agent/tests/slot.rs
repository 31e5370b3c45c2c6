//! Tests of `agent::slot`.

use super::*;

#[test]
fn a_slot_is_held_until_it_is_dropped() {
    let dir = crate::support::scratch::scratch();
    let take = |agent: &str| Slot::take(dir.path(), agent, 2).expect("slots");
    let (one, two) = (take("a"), take("a"));
    assert!(one.is_some() && two.is_some() && take("a").is_none() && take("b").is_some());
    drop(one);
    assert!(take("a").is_some());
}
