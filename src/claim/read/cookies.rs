//! Reading what the cookies of an answer must be like.

use crate::expectation::{CookieMatcher, CookieParts, HeaderMatcher, Quantifier};
use crate::matchers::cookie::{FLAGS, TEXTS};
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::tree::{Node, NodeKind};

use super::reader::Reader;

pub(super) const COOKIES_KEYS: &[&str] = &["every", "any", "none", "count"];

/// The keys of one cookie.
pub(super) fn cookie_keys() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().chain(&FLAGS).map(|(key, _)| *key)
}

impl Reader {
    /// The cookies of one name: a text is the value, a map has the keys of a cookie, or `absent`.
    pub(super) fn cookie(&mut self, node: &Node) -> Option<CookieMatcher> {
        let NodeKind::Map(_) = &node.kind else {
            let value = self.text_matcher(node, "a cookie")?;
            return Some(CookieMatcher::Plain(CookieParts {
                texts: vec![("value", HeaderMatcher::Plain(value))],
                flags: Vec::new(),
            }));
        };
        if let Some(absent) = node.get("absent") {
            self.map(node, "a cookie", &["absent"])?;
            return Some(match self.boolean(absent, "`absent`")? {
                true => CookieMatcher::Absent,
                false => CookieMatcher::Present,
            });
        }
        self.cookie_parts(node, "a cookie")
            .map(CookieMatcher::Plain)
    }

    /// All cookies of an answer: the words say which of them are meant.
    pub(super) fn cookies(&mut self, node: &Node) -> Option<CookieMatcher> {
        let fields = self.map(node, "`cookies`", COOKIES_KEYS)?;
        let mut all = Vec::new();
        for (key, value) in fields.iter() {
            let which = match key.text.as_str() {
                "every" => Quantifier::Every,
                "any" => Quantifier::Any,
                "none" => Quantifier::None,
                _ => {
                    all.push(self.limits(value, "`count`").map(CookieMatcher::Count));
                    continue;
                }
            };
            let parts = self.cookie_parts(value, &format!("`{}`", key.text));
            all.push(parts.map(|parts| CookieMatcher::Each(which, parts)));
        }
        if all.is_empty() {
            let problem = Diagnostic::new(Code::EMPTY, node.span.clone(), "`cookies` is empty");
            self.report(problem.help("cookies: { every: { secure: true } }"));
        }
        let mut all: Vec<CookieMatcher> = all.into_iter().collect::<Option<_>>()?;
        match all.len() {
            0 | 1 => all.pop(),
            _ => Some(CookieMatcher::All(all)),
        }
    }

    fn cookie_parts(&mut self, node: &Node, what: &str) -> Option<CookieParts> {
        let keys: Vec<&str> = cookie_keys().collect();
        let fields = self.map(node, what, &keys)?;
        let mut parts = CookieParts::default();
        let mut good = true;
        for (key, value) in fields.iter() {
            let named = |(known, _): &&(&'static str, &str)| *known == key.text;
            if let Some((key, _)) = TEXTS.iter().find(named) {
                match self.header(value) {
                    Some(matcher) => parts.texts.push((key, matcher)),
                    None => good = false,
                }
            } else if let Some((key, _)) = FLAGS.iter().find(named) {
                match self.boolean(value, &format!("`{key}`")) {
                    Some(wanted) => parts.flags.push((key, wanted)),
                    None => good = false,
                }
            }
        }
        if parts.texts.is_empty() && parts.flags.is_empty() && good {
            let problem = Diagnostic::new(Code::EMPTY, node.span.clone(), "a cookie without a key");
            self.report(problem.help(format!("one of: {}", keys.join(", "))));
            return None;
        }
        good.then_some(parts)
    }
}
