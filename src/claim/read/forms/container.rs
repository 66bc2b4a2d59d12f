//! `container: { name: shop, running: true, health: healthy }`.

use super::parts::{FormTable, Takes, has_text, member};

/// A container as its engine tells of it.
pub(super) const FORM: FormTable = FormTable {
    key: "container",
    script: concat!(include_str!("prelude.sh"), include_str!("container.sh")),
    subject: &["name"],
    refused: has_text,
    presence: "exists",
    members: &[
        member("running", Takes::Truth),
        member("state", Takes::Text),
        member("health", Takes::Text),
        member("image", Takes::Text),
    ],
    by_default: Some(("running", "true")),
    example: "container: { name: shop, running: true }",
};
