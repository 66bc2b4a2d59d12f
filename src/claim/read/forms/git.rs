//! `git: { path: /srv/shop, branch: main, clean: true, behind: 0 }`.

use super::parts::{FormTable, Takes, has_text, member, sent};

/// The work tree of a repository, as git tells of it.
pub(super) const FORM: FormTable = FormTable {
    key: "git",
    script: concat!(include_str!("prelude.sh"), include_str!("git.sh")),
    subject: &["path"],
    refused: has_text,
    presence: "exists",
    members: &[
        member("branch", Takes::Text),
        member("clean", Takes::Truth),
        sent(
            "contains",
            Takes::Read(|reader, node| reader.fixed(node, "`contains`")),
        ),
        sent("behind", Takes::Number),
    ],
    by_default: None,
    example: "git: { path: ., clean: true }",
};
