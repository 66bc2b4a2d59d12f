//! Reading what the headers of one name must be like.

use crate::expectation::{HeaderMatcher, Quantifier, TextMatcher};
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::tree::{Node, NodeKind};

use super::reader::Reader;

/// The keys about all headers of a name together. The others are about one value.
pub(super) const WORDS: &[&str] = &["absent", "every", "any", "none", "count", "set"];

impl Reader {
    pub(super) fn header(&mut self, node: &Node) -> Option<HeaderMatcher> {
        let is_word = |key: &str, value: &Node| {
            // Of one text, `count` counts matches and has a pattern.
            WORDS.contains(&key) && !(key == "count" && value.get("of").is_some())
        };
        let NodeKind::Map(entries) = &node.kind else {
            return self
                .text_matcher(node, "a header")
                .map(HeaderMatcher::Plain);
        };
        let words = entries
            .iter()
            .filter(|(key, value)| is_word(&key.text, value))
            .count();
        if words == 0 {
            return self
                .text_matcher(node, "a header")
                .map(HeaderMatcher::Plain);
        }
        if let Some((key, _)) = entries
            .iter()
            .find(|(key, value)| !is_word(&key.text, value))
        {
            self.report(
                Diagnostic::new(
                    Code::CONFLICT,
                    key.span.clone(),
                    format!(
                        "`{}` does not say which of several headers it is about",
                        key.text
                    ),
                )
                .help(format!(
                    "write `every: {{ {}: … }}`, or with `any` or `none`",
                    key.text
                )),
            );
            return None;
        }
        let parts: Vec<HeaderMatcher> = entries
            .iter()
            .filter_map(|(key, value)| self.header_word(&key.text, value))
            .collect();
        (parts.len() == entries.len()).then_some(())?;
        let mut parts = parts;
        if parts.len() == 1 {
            parts.pop()
        } else {
            Some(HeaderMatcher::All(parts))
        }
    }

    fn header_word(&mut self, word: &str, value: &Node) -> Option<HeaderMatcher> {
        let which = match word {
            "absent" => {
                return Some(match self.boolean(value, "`absent`")? {
                    true => HeaderMatcher::Absent,
                    false => HeaderMatcher::Present,
                });
            }
            "count" => return self.limits(value, "`count`").map(HeaderMatcher::Count),
            "set" => {
                let items = self.items(value, "`set`");
                let texts: Vec<_> = items
                    .iter()
                    .filter_map(|item| self.text(item, "a header"))
                    .collect();
                return (texts.len() == items.len()).then_some(HeaderMatcher::Set(texts));
            }
            "every" => Quantifier::Every,
            "any" => Quantifier::Any,
            _ => Quantifier::None,
        };
        Some(HeaderMatcher::Each(which, self.one_of_matchers(value)?))
    }

    /// A matcher, or a list of them of which one must hold.
    fn one_of_matchers(&mut self, node: &Node) -> Option<TextMatcher> {
        let NodeKind::List(items) = &node.kind else {
            return self.text_matcher(node, "a header");
        };
        let parts: Vec<TextMatcher> = items
            .iter()
            .filter_map(|item| self.text_matcher(item, "a header"))
            .collect();
        (parts.len() == items.len() && !parts.is_empty()).then_some(TextMatcher::Any(parts))
    }
}
