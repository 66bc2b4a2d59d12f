//! `unit: { name: shop.service, active: true, enabled: true, after: db.service }`.

use super::parts::{FormTable, Takes, has_text, member, sent};

/// A unit of systemd as `systemctl show` tells of it.
pub(super) const FORM: FormTable = FormTable {
    key: "unit",
    script: concat!(include_str!("prelude.sh"), include_str!("unit.sh")),
    subject: &["name"],
    refused: has_text,
    presence: "exists",
    members: &[
        member("active", Takes::State("active", "inactive")),
        member("sub", Takes::Text),
        member("enabled", Takes::State("enabled", "disabled")),
        member("result", Takes::Text),
        sent("after", Takes::Text),
    ],
    by_default: Some(("active", "active")),
    example: "unit: { name: shop.service, active: true }",
};
