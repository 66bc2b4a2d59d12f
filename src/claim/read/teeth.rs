//! Reading `teeth:`, of gates and of checks.

use chrono::NaiveDate;

use crate::Waiver;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::Fields;
use kit::yaml::tree::Node;

use super::reader::Reader;

impl Reader {
    /// `teeth: required` of a gate.
    pub(super) fn teeth_required(&mut self, fields: &Fields<'_>) -> bool {
        let Some(node) = fields.get("teeth") else {
            return false;
        };
        self.one_of(node, "`teeth`", &["required"]).is_some()
    }

    /// `teeth: { waived: REASON, until: DATE }` of a check.
    pub(super) fn waiver(&mut self, node: &Node) -> Option<Waiver> {
        let fields = self.map(node, "`teeth`", &["waived", "until"])?;
        let mut part = |key: &str, help: &str| match fields.get(key) {
            Some(node) => self
                .fixed(node, &format!("`{key}`"))
                .map(|text| (text, node)),
            None => {
                self.missing_in(&fields, "`teeth`", key, help);
                None
            }
        };
        let reason = part(
            "waived",
            "why nothing shows that it can fail: `waived: only a power cut would show it`",
        );
        let until = part("until", "the last day of the waiver: `until: 2027-01-31`");
        let ((reason, reason_node), (until, until_node)) = (reason?, until?);
        if reason.trim().is_empty() {
            self.report(
                Diagnostic::new(
                    Code::BAD_VALUE,
                    reason_node.span.clone(),
                    "`waived` has no reason",
                )
                .help("say why nothing shows that the check can fail"),
            );
            return None;
        }
        match until.parse::<NaiveDate>() {
            Ok(until) => Some(Waiver { reason, until }),
            Err(_) => {
                self.report(
                    Diagnostic::new(
                        Code::BAD_VALUE,
                        until_node.span.clone(),
                        format!("`{until}` is not a valid day"),
                    )
                    .help("write year, month and day: `2027-01-31`"),
                );
                None
            }
        }
    }
}
