//! `service: { name: shop_web, replicas: 2/2, update: completed }`.

use super::parts::{FormTable, Takes, has_text, member, sent};

/// A service of a Swarm as one of its managers tells of it.
pub(super) const FORM: FormTable = FormTable {
    key: "service",
    script: concat!(include_str!("prelude.sh"), include_str!("service.sh")),
    subject: &["name"],
    refused: has_text,
    presence: "exists",
    members: &[
        member("running", Takes::Truth),
        member("replicas", Takes::Text),
        sent("image", Takes::Text),
        member("update", Takes::Text),
    ],
    by_default: Some(("running", "true")),
    example: "service: { name: shop_web, running: true }",
};
