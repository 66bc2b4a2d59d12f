//! Keeps our own undoing and that of the host apart.

use std::time::Duration;

use reach::host::Invocation;
use reach::undo;

/// Holds the lock of an armed undoing around a step of our own.
#[derive(Clone, Debug)]
pub(super) struct UndoGuard {
    pub(super) base: String,
    pub(super) id: String,
    pub(super) patience: Duration,
}

impl UndoGuard {
    pub(super) fn wrap(&self, step: Invocation) -> Invocation {
        undo::guarded(step, &self.base, &self.id, self.patience)
    }
}
