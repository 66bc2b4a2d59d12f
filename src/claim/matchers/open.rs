//! Texts in a claim whose values may be known only in the run.

use super::render;
use kit::text::{Scope, Text};

/// Why such a text cannot be used as a bound.
#[derive(Debug, PartialEq)]
pub(super) enum Unread {
    /// A value is not known before the run.
    NotYet(String),
    /// With its values it is not what is needed.
    Wrong(String),
}

/// Reads a text with the values of a scope.
pub(super) fn read<T>(
    text: &Text,
    scope: &Scope,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Unread> {
    if let Some(name) = text.params().find(|name| !scope.contains_key(*name)) {
        let why = format!("`${{{name}}}` is not known before the run");
        return Err(Unread::NotYet(why));
    }
    parse(&text.render(scope)).map_err(|why| {
        Unread::Wrong(format!(
            "the bound {} cannot be used: {why}",
            render::clean(&shown(text, scope), 200)
        ))
    })
}

/// A text with its values, and whose they are: `18 (${before})`.
pub(super) fn shown(text: &Text, scope: &Scope) -> String {
    let source = text.render(&Scope::new());
    let value = text.render(scope);
    if source == value {
        source
    } else {
        format!("{} ({source})", render::clean(value.trim(), 80))
    }
}
