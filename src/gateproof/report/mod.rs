//! Runs, gates and phases as people and programs read them. [`RUN_REPORTS`] lists the reports of a
//! run; [`documents`] writes the blocks of STATUS, JOURNAL and REVIEW; [`phase`] shows the state of
//! gates. Everything is made from a [`RunRecord`](crate::record::RunRecord) that was redacted before.

mod annotations;
pub mod documents;
pub(crate) mod explain;
mod junit;
mod list;
pub mod markdown;
mod markdown_table;
mod paint;
pub mod phase;
mod reason;
mod run_verdict;
#[cfg(test)]
pub(crate) mod sample;
pub mod statement;
mod step_summary;
mod table;
mod tap;
pub(crate) mod text;

pub use annotations::{Annotation, Dialect, Level, annotation_lines, annotations, stop_commands};
pub use junit::junit;
pub use list::{RUN_REPORTS, Remarks, ReportError, ReportInput, RunReport, Timing};
pub use markdown_table::markdown_table;
pub use run_verdict::{RunVerdict, verdict_of};
pub use step_summary::step_summary;
pub use table::{progress_line, table};
pub use tap::tap;
pub use text::time;
