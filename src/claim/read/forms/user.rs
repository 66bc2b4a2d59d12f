//! `user: { name: shop, uid: 990, groups: { any: docker } }`.

use super::parts::{FormTable, Takes, has_text, member};

/// A user, as `getent` tells of it.
pub(super) const FORM: FormTable = FormTable {
    key: "user",
    script: concat!(include_str!("prelude.sh"), include_str!("user.sh")),
    subject: &["name"],
    refused: has_text,
    presence: "exists",
    members: &[
        member("uid", Takes::Number),
        member("groups", Takes::Text),
        member("home", Takes::Text),
        member("shell", Takes::Text),
    ],
    by_default: None,
    example: "user: { name: shop, shell: /usr/sbin/nologin }",
};
