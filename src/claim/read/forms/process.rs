//! `process: { name: nginx, count: 4 }`.

use super::parts::{FormTable, Takes, has_text, member};

/// Processes of one name, as the kernel tells of them.
pub(super) const FORM: FormTable = FormTable {
    key: "process",
    script: concat!(include_str!("prelude.sh"), include_str!("process.sh")),
    subject: &["name"],
    refused: no_name,
    presence: "running",
    members: &[member("count", Takes::Number)],
    by_default: None,
    example: "process: { name: nginx, running: true }",
};

/// The kernel keeps 15 bytes of a name: a longer one would never be found.
fn no_name(name: &str) -> Option<&'static str> {
    let long = name.len() > 15;
    has_text(name).or(long.then_some("is longer than the 15 bytes that the kernel keeps"))
}
