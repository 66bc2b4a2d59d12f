//! `package: { name: curl, version: { version: { min: 8.0 } } }`.

use super::parts::{FormTable, Takes, has_text, member};

/// A package of the system, as dpkg or rpm tells of it.
pub(super) const FORM: FormTable = FormTable {
    key: "package",
    script: concat!(include_str!("prelude.sh"), include_str!("package.sh")),
    subject: &["name"],
    refused: has_text,
    presence: "installed",
    members: &[member("version", Takes::Text)],
    by_default: None,
    example: "package: { name: curl, installed: true }",
};
