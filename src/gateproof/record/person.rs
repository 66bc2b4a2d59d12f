//! Who a git author is.

/// What identifies a git author: the mail address in lower case.
pub fn person(author: &str) -> String {
    let inner = author
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.strip_suffix('>'));
    inner.unwrap_or(author).trim().to_lowercase()
}

/// Whether two git identities are one person: by mail address, ignoring case, because a name is
/// easily written differently.
pub fn same_person(one: &str, other: &str) -> bool {
    person(one) == person(other)
}
