//! Tests of `env::file_lock`.

use super::*;

#[test]
fn a_lock_ends_when_it_is_dropped_whoever_has_a_copy_of_the_file() {
    let dir = crate::support::scratch::scratch();
    let path = dir.path().join("lock");
    let open = || Lockable::from(File::create(&path).expect("the file"));
    let held = open();
    assert!(try_lock(&held, &path).expect("locks") && !try_lock(&open(), &path).expect("locks"));
    // What a child has that is just starting.
    let _copy = held.try_clone().expect("a copy");
    drop(held);
    assert!(try_lock(&open(), &path).expect("locks"));
}
