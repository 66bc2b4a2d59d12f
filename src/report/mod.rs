//! What a run's record looks like to people: the table on a terminal, and the Markdown blocks of
//! the STATUS and JOURNAL documents. Everything here is made from a
//! [`RunRecord`](crate::record::RunRecord) that was redacted before.

pub mod documents;
pub(crate) mod explain;
pub mod markdown;
pub mod phase;
#[cfg(test)]
pub(crate) mod sample;
pub mod statement;
mod table;
pub(crate) mod text;

pub use table::{progress_line, table};
