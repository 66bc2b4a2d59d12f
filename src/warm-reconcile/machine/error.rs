//! Why a run could not be carried on.

use super::ROUNDS;
use crate::decide::Moved;
use crate::deploy::DriverError;
use crate::health::GateError;
use crate::recipe::GitError;
use crate::report::log::LogError;
use crate::state::file::StateError;
use crate::state::journal::JournalError;
use crate::state::layout::LayoutError;
use crate::state::lock::LockError;

/// Why a run could not be carried on. Where a journal is open it stays so, and the next run
/// goes on with it.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error(transparent)]
    Gate(#[from] GateError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Moved(#[from] Moved),
    #[error("the recipe cannot be exported: {0}")]
    Recipe(#[from] GitError),
    #[error("{0}")]
    Driver(#[from] DriverError),
    #[error("{0}; run it again to continue")]
    Engine(crate::engine::EngineError),
    #[error("the result is not known: {0}; run it again to continue")]
    Unseen(String),
    #[error("no scratch folder: {0}")]
    Scratch(#[source] std::io::Error),
    #[error("the commit of {0} is not known: its tag is gone from the recipe")]
    NoCommit(String),
    #[error("`{0}` was decided on {ROUNDS} times and did not settle; look at its journal")]
    Unsettled(String),
}
