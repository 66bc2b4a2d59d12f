//! What both programs stand on, and what knows no domain: YAML with the place of every value,
//! JSON paths, whole-file writes, digests, git, shell quoting, redaction, signals.

pub mod atomic;
pub mod count;
pub mod digest;
pub mod git;
pub mod interrupt;
pub mod json_path;
pub mod redact;
pub mod run_id;
pub mod shell;
pub mod text;
pub mod yaml;
