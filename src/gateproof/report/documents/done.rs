//! The block of a whole phase in its STATUS document: `## DONE`.

use std::path::Path;

use super::edit::{self, Written};
use super::{Block, DocumentError, place_block};

/// Writes the block that speaks of the phase and of no gate (its `gate` is empty): in place where
/// there is one, else at the end of the document.
///
/// # Errors
/// [`DocumentError`]; the document is then as it was.
pub fn write_phase(path: &Path, block: &Block, force: bool) -> Result<Written, DocumentError> {
    edit::edit(path, |existing| place_block(existing, block, force))
}
