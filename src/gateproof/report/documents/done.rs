//! The block of a whole phase in its STATUS document: `## DONE`.

use kit::inside::Inside;

use super::DocumentError;
use super::edit::{self, Written};
use super::place::without_phase_block;

/// Takes the block of the phase away: with a new claim the phase is not done any more. The evidence
/// of the old one is in the records.
///
/// # Errors
/// [`DocumentError`]; the document is then as it was.
pub fn reopen(place: &Inside, phase: &str) -> Result<Written, DocumentError> {
    edit::edit(place, |existing| without_phase_block(existing, phase))
}
