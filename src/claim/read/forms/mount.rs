//! `mount: { path: /srv/data, type: ext4, options: { any: ro } }`.

use super::parts::{FormTable, Takes, has_text, member};

/// A mounted file system, as the kernel tells of it.
pub(super) const FORM: FormTable = FormTable {
    key: "mount",
    script: concat!(include_str!("prelude.sh"), include_str!("mount.sh")),
    subject: &["path"],
    refused: has_text,
    presence: "exists",
    members: &[
        member("type", Takes::Text),
        member("source", Takes::Text),
        member("options", Takes::Text),
    ],
    by_default: None,
    example: "mount: { path: /srv/data, type: ext4 }",
};
