//! Reading the values of single keys: `count:`, `version:`, `secrets:`, `sha256:`, `until:`.

use chrono::NaiveDate;

use crate::expectation::{Measure, SecretsMatcher, TextMatcher, VersionBounds};
use kit::text::Text;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::tree::{Node, NodeKind};

use super::limits::BOUND_KEYS;
use super::reader::Reader;

/// The keys of `count` beside its bounds.
pub(super) const COUNT_KEYS: &[&str] = &["of"];
pub(super) const VERSION_KEYS: &[&str] = &["of", "equals", "min", "max", "above", "below"];
pub(super) const SECRETS_KEYS: &[&str] = &["absent"];

impl Reader {
    pub(super) fn count(&mut self, node: &Node) -> Option<TextMatcher> {
        let keys: Vec<&str> = COUNT_KEYS.iter().chain(BOUND_KEYS).copied().collect();
        let fields = self.map(node, "`count`", &keys)?;
        let Some(of) = fields.get("of") else {
            self.missing(
                &node.span,
                "`count`",
                "of",
                "count: { of: PATTERN, equals: 9 }",
            );
            return None;
        };
        let of = self.regex(of, "`of`");
        let bounds = self.limit_fields(&fields, "`count`", &Measure::plain());
        Some(TextMatcher::Count {
            of: of?,
            bounds: bounds?,
        })
    }

    pub(super) fn version(&mut self, node: &Node) -> Option<VersionBounds> {
        if let NodeKind::Scalar { .. } = &node.kind {
            return Some(VersionBounds {
                equals: Some(self.version_text(node)?),
                ..VersionBounds::default()
            });
        }
        let fields = self.map(node, "`version`", VERSION_KEYS)?;
        let mut get = |key: &str| fields.get(key).and_then(|n| self.version_text(n));
        let bounds = VersionBounds {
            equals: get("equals"),
            min: get("min"),
            max: get("max"),
            above: get("above"),
            below: get("below"),
        };
        (bounds != VersionBounds::default()).then_some(bounds)
    }

    fn version_text(&mut self, node: &Node) -> Option<String> {
        let text = self.fixed(node, "a version")?;
        let digits = text.trim_start_matches(['v', 'V']);
        if digits.starts_with(|c: char| c.is_ascii_digit()) {
            return Some(text);
        }
        self.report(
            Diagnostic::new(
                Code::BAD_VALUE,
                node.span.clone(),
                format!("`{text}` is not a version"),
            )
            .help("for example `3.6.15`, `v1.2` or `{ min: 3.6, below: 4 }`"),
        );
        None
    }

    /// `secrets: absent`, or `secrets: { absent: [NAME] }`.
    pub(super) fn secrets(&mut self, node: &Node) -> Option<SecretsMatcher> {
        if let NodeKind::Scalar { .. } = &node.kind {
            self.one_of(node, "`secrets`", SECRETS_KEYS)?;
            return Some(SecretsMatcher::Shapes);
        }
        let fields = self.map(node, "`secrets`", SECRETS_KEYS)?;
        let Some(absent) = fields.get("absent") else {
            let fix = "`secrets: absent`, or `secrets: { absent: [NAME] }` with names of variables of your environment";
            self.missing_in(&fields, "`secrets`", "absent", fix);
            return None;
        };
        let mut names = Vec::new();
        for item in self.items(absent, "`absent`") {
            let name = self.fixed(item, "the name of a variable of the environment")?;
            if !self.check_variable(&name, &item.span) {
                return None;
            }
            names.push(name);
        }
        (!names.is_empty()).then_some(SecretsMatcher::ValuesOf(names))
    }

    /// A digest: written in the claim file, or captured.
    pub(super) fn digest(&mut self, node: &Node) -> Option<Text> {
        let text = self.text(node, "`sha256`")?;
        if text.params().next().is_some() {
            return Some(text);
        }
        self.sha256(node).map(Text::literal)
    }

    /// `until: DATE`, the last day of what is allowed for a time.
    pub(super) fn until(&mut self, node: &Node) -> Option<NaiveDate> {
        let text = self.fixed(node, "`until`")?;
        let day = text.parse().ok();
        if day.is_none() {
            self.report(
                Diagnostic::new(
                    Code::BAD_VALUE,
                    node.span.clone(),
                    format!("`{text}` is not a valid day"),
                )
                .help("the last day of it, in UTC: `until: 2027-01-31`"),
            );
        }
        day
    }

    /// A digest that is known before anything runs.
    pub(super) fn sha256(&mut self, node: &Node) -> Option<String> {
        let text = self.fixed(node, "`sha256`")?;
        match crate::matchers::read_sha256(&text) {
            Ok(hex) => Some(hex),
            Err(_) => {
                self.report(
                    Diagnostic::new(Code::BAD_VALUE, node.span.clone(), "not a SHA-256 digest")
                        .help("64 hexadecimal digits, as `sha256sum` prints them"),
                );
                None
            }
        }
    }
}
