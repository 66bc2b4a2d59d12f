//! The block of a whole phase in its STATUS document: `## DONE`.

use kit::inside::Inside;

use super::edit::{self, Written};
use super::{Block, DocumentError, place_block};

/// Writes the block that speaks of the phase and of no gate (its `gate` is empty): in place where
/// there is one, else at the end of the document.
///
/// # Errors
/// [`DocumentError`]; the document is then as it was.
pub fn write_phase(place: &Inside, block: &Block, force: bool) -> Result<Written, DocumentError> {
    edit::edit(place, |existing| place_block(existing, block, force))
}
