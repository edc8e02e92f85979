use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock that a panic elsewhere does not close.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
