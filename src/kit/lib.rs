//! What both programs stand on, and what knows no domain: YAML with the place of every value,
//! JSON paths, whole-file writes, digests, git, shell quoting, redaction, signals, the terminal.

pub mod atomic;
pub mod console;
pub mod count;
pub mod decimal;
pub mod digest;
mod error_chain;
pub mod git;
pub mod inside;
pub mod interrupt;
pub mod json;
pub mod json_path;
pub mod redact;
pub mod regular;
pub mod run_id;
pub mod runtime;
pub mod shell;
pub mod text;
pub mod version;
pub mod yaml;

pub use error_chain::error_chain;
