//! Reading `waive:`, by which a check keeps what a lint refuses: for a reason, and for a time.

use indexmap::IndexMap;

use crate::Waiver;
use crate::codes;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::Fields;
use kit::yaml::source::Span;
use kit::yaml::tree::Node;

use super::reader::Reader;

/// The findings that can be waived: what they refuse may be sound, and looks as if it were not. An
/// expectation that cannot fail, and a disturbance that nobody undoes, are never that.
pub(super) const WAIVABLE: [Code; 4] = [
    codes::HOLDS_ON_NO_ANSWER,
    codes::HIDES_FAILURE,
    codes::SELF_CONTROL,
    codes::TOO_WIDE,
];

pub(super) const WAIVER_KEYS: &[&str] = &["reason", "until"];

/// A waiver, and where its code stands.
type Placed = (&'static str, Waiver, Span);

impl Reader {
    /// `waive: { GP2508: { reason: …, until: DATE } }`.
    pub(super) fn waivers(&mut self, fields: &Fields<'_>) -> Vec<Placed> {
        let known = WAIVABLE.map(|code| code.0);
        let node = fields.get("waive");
        let Some(entries) = node.and_then(|node| self.map(node, "`waive`", &known)) else {
            return Vec::new();
        };
        let mut waivers = Vec::new();
        for code in known {
            if let Some((key, node)) = entries.key(code)
                && let Some(waiver) = self.waiver_of(node)
            {
                waivers.push((code, waiver, key.span.clone()));
            }
        }
        waivers
    }

    /// Takes back the problems that were reported of a check, from `from` on, and are waived. A waiver of
    /// nothing is a problem itself.
    pub(super) fn waive(
        &mut self,
        waivers: Vec<Placed>,
        from: usize,
    ) -> IndexMap<&'static str, Waiver> {
        let mut waived = IndexMap::new();
        for (code, waiver, span) in waivers {
            let before = self.problems.len();
            let mut at = 0;
            self.problems.retain(|problem| {
                at += 1;
                at <= from || problem.code.0 != code
            });
            if self.problems.len() == before {
                let message = format!("nothing here is {code}");
                let problem = Diagnostic::new(Code::CONFLICT, span, message);
                self.report(problem.help("leave the waiver out"));
            }
            waived.insert(code, waiver);
        }
        waived
    }

    fn waiver_of(&mut self, node: &Node) -> Option<Waiver> {
        let fields = self.map(node, "a waiver", WAIVER_KEYS)?;
        let example = "{ reason: the balancer answers for it, until: 2027-01-31 }";
        for key in ["reason", "until"] {
            if !fields.has(key) {
                self.missing_in(&fields, "a waiver", key, example);
            }
        }
        let reason = self.fixed(fields.get("reason")?, "`reason`")?;
        let until = self.until(fields.get("until")?)?;
        if reason.trim().is_empty() {
            let span = fields.get("reason")?.span.clone();
            let problem = Diagnostic::new(Code::BAD_VALUE, span, "`reason` has no reason");
            self.report(problem.help("say why the check is sound all the same"));
            return None;
        }
        Some(Waiver { reason, until })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kit::text::Scope;
    use kit::yaml::source::Source;

    fn read(check: &str) -> Result<crate::ClaimFile, String> {
        let text = format!(
            "phase: p\non: local\ngates: {{ M1: {{ checks: [ {{ id: a, claim: c, {check} }} ] }} }}\n"
        );
        let source = Arc::new(Source {
            path: "c.yaml".into(),
            text,
        });
        crate::read::parse(source, &Scope::new()).map_err(|invalid| invalid.render(false))
    }

    const WIDE: &str = "http: \"http://127.0.0.1:1/\", expect: { status: [200, 500] }";

    #[test]
    fn a_finding_is_waived_with_a_reason_and_a_last_day() {
        assert!(read(WIDE).unwrap_err().contains("GP2508"));
        for (check, code) in [
            (WIDE, "GP2508"),
            ("run: restic check || true, expect: { exit: 0 }", "GP2506"),
            (
                "run: ls /x, expect: { exit: 0 }, control: { run: ls /x, expect: { exit: 2 } }",
                "GP2507",
            ),
        ] {
            assert!(read(check).unwrap_err().contains(code), "{check}");
            let waiver = format!("waive: {{ {code}: {{ reason: why, until: 2027-01-31 }} }}");
            let file = read(&format!("{check}, {waiver}")).unwrap();
            let waived = &file.gates[0].checks[0].waived;
            assert_eq!(waived[code].reason, "why");
            assert_eq!(waived[code].until.to_string(), "2027-01-31");
        }
    }

    #[test]
    fn a_waiver_without_its_parts_or_of_nothing_is_refused() {
        let sound = "run: ls /x, expect: { exit: 0 }";
        for (check, said) in [
            (format!("{WIDE}, waive: {{ GP2508: {{ reason: why }} }}"), "until"),
            (format!("{WIDE}, waive: {{ GP2508: {{ until: 2027-01-31 }} }}"), "reason"),
            (
                format!("{WIDE}, waive: {{ GP2508: {{ reason: ' ', until: 2027-01-31 }} }}"),
                "has no reason",
            ),
            (
                format!("{sound}, waive: {{ GP2508: {{ reason: why, until: 2027-01-31 }} }}"),
                "nothing here is GP2508",
            ),
            // What cannot fail proves nothing, for whatever reason.
            (
                "run: ls /x, expect: { stdout: { lines: { min: 0 } } }, waive: { GP2501: { reason: why, until: 2027-01-31 } }".to_owned(),
                "GP2201",
            ),
        ] {
            let refused = read(&check).unwrap_err();
            assert!(refused.contains(said), "{check}: {refused}");
        }
        // One waiver does not take back what another code refuses.
        let both = format!("{WIDE}, control: {{ http: \"http://127.0.0.1:1/\", expect: 404 }}");
        let one = format!("{both}, waive: {{ GP2508: {{ reason: why, until: 2027-01-31 }} }}");
        assert!(read(&one).unwrap_err().contains("GP2507"));
    }
}
