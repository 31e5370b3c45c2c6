//! Locks of this process that every git started by a thread holds as well. How git is started is in [`process`](super::process).

use std::{cell::RefCell, fs::File, io, rc::Rc};

thread_local! {
    /// The locks that every git started by this thread holds as well, the newest last.
    static INHERITED: RefCell<Vec<Rc<File>>> = const { RefCell::new(Vec::new()) };
}

/// Has every git that this thread starts, and that writes, hold a lock of this process too, until this is dropped.
///
/// A git goes on when the process that started it is killed. The next process that waits for the lock then waits for that git as well. The
/// lock goes with it as its standard input, which it does not read: an inherited descriptor is the same open file, and a lock belongs to
/// that.
#[derive(Debug)]
#[must_use = "the lock is passed on for as long as this lives"]
pub(crate) struct InheritedLock {
    /// `Rc`, since the lock is passed on within one thread.
    file: Rc<File>,
}

impl InheritedLock {
    /// Passes on the lock that `file` holds.
    ///
    /// # Errors
    /// If there is no room for another descriptor.
    pub(crate) fn new(file: &File) -> io::Result<InheritedLock> {
        let file = Rc::new(file.try_clone()?);
        INHERITED.with_borrow_mut(|held| held.push(Rc::clone(&file)));
        Ok(InheritedLock { file })
    }
}

impl Drop for InheritedLock {
    fn drop(&mut self) {
        INHERITED.with_borrow_mut(|held| held.retain(|other| !Rc::ptr_eq(other, &self.file)));
    }
}

/// The lock that a git started now holds too, if there is one.
///
/// # Errors
/// If there is no room for another descriptor.
pub(super) fn newest() -> io::Result<Option<File>> {
    INHERITED.with_borrow(|held| held.last().map(|file| file.try_clone())).transpose()
}
