//! Reading `teeth:`, of gates and of checks.

use crate::Waiver;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::Fields;
use kit::yaml::tree::Node;

use super::reader::Reader;

pub(super) const TEETH_KEYS: &[&str] = &["waived", "until"];

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
        let fields = self.map(node, "`teeth`", TEETH_KEYS)?;
        let reason = match fields.get("waived") {
            Some(node) => self.waived(node),
            None => {
                let example =
                    "why nothing shows that it can fail: `waived: only a power cut would show it`";
                self.missing_in(&fields, "`teeth`", "waived", example);
                None
            }
        };
        let until = match fields.get("until") {
            Some(node) => self.until(node),
            None => {
                let example = "the last day of the waiver: `until: 2027-01-31`";
                self.missing_in(&fields, "`teeth`", "until", example);
                None
            }
        };
        Some(Waiver {
            reason: reason?,
            until: until?,
        })
    }

    fn waived(&mut self, node: &Node) -> Option<String> {
        let reason = self.fixed(node, "`waived`")?;
        if reason.trim().is_empty() {
            self.report(
                Diagnostic::new(Code::BAD_VALUE, node.span.clone(), "`waived` has no reason")
                    .help("say why nothing shows that the check can fail"),
            );
            return None;
        }
        Some(reason)
    }
}
