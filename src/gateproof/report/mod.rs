//! What a run's record looks like to people and to CI servers: the table on a terminal, the Markdown
//! blocks of the STATUS and JOURNAL documents, JUnit, TAP, annotations and the step summary of a push
//! job. Everything here is made from a [`RunRecord`](crate::record::RunRecord) that was redacted
//! before.

mod annotations;
pub mod documents;
pub(crate) mod explain;
mod junit;
pub mod markdown;
pub mod phase;
mod run_verdict;
#[cfg(test)]
pub(crate) mod sample;
pub mod statement;
mod step_summary;
mod table;
mod tap;
pub(crate) mod text;

pub use annotations::{Annotation, Dialect, Level, annotations, hush};
pub use junit::{JunitError, junit, write_junit};
pub use run_verdict::{RunVerdict, verdict_of};
pub use step_summary::step_summary;
pub use table::{progress_line, table};
pub use tap::tap;
pub use text::time;
