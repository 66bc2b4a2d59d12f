//! Old prose as claims: STATUS and JOURNAL documents that people wrote become the draft of a claim file.
//!
//! Pure: a text becomes drafts and questions ([`read`]), answers settle questions ([`apply`]), and what is
//! known then is written as a claim file ([`claim_file`]). What the document does not say is asked and never
//! guessed: a check with an open question is skipped, and its gate cannot pass.
//!
//! The Markdown is read by `pulldown-cmark`, the parser of rustdoc and mdBook: it keeps to CommonMark and tells
//! the place of everything, which each key of the claim file has beside it.

mod answers;
mod command;
mod document;
mod draft;
mod evidence;
mod expected;
mod gather;
mod recorded;
mod recover;
mod rows;
mod steps;
#[cfg(test)]
mod tests;
mod texts;
mod write;

pub use answers::{answer, apply};
pub use draft::{
    CheckDraft, FixtureDraft, GateDraft, Imported, KeyDraft, LeftOut, Question, Spot, Value,
};
pub use gather::read;
pub use recorded::RecordedCommand;
pub use write::{all_questions, claim_file, offers, questions_file};
