//! An audit for people.

use super::{Audit, rule};
use crate::report::text::visible;
use kit::count::count;

/// The audit in lines, findings first.
pub fn text(audit: &Audit) -> String {
    let mut out = String::new();
    for finding in &audit.findings {
        let line = finding
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        let title = rule::find(finding.code).map_or("", |rule| rule.title);
        out.push_str(&format!(
            "{}{line}: {} {title}\n    found     {}\n    expected  {}\n",
            visible(&finding.file),
            finding.code,
            visible(&finding.found),
            visible(&finding.expected)
        ));
    }
    for text in &audit.unchecked {
        out.push_str(&format!("not checked: {}\n", visible(text)));
    }
    for line in &audit.signers {
        out.push_str(&format!("signer: {}\n", visible(line)));
    }
    for note in &audit.notes {
        out.push_str(&format!("note: {}\n", visible(note)));
    }
    for phase in &audit.phases {
        let words = match phase.attestations {
            0 => String::new(),
            n => format!("; {}", count(n, "attestation")),
        };
        out.push_str(&format!(
            "{}: {}, {} signed, {} committed{words}; {}, {} by hand\n",
            visible(&phase.phase),
            count(phase.records, "record"),
            phase.signed,
            phase.committed,
            count(phase.blocks, "block"),
            count(phase.verdicts, "verdict")
        ));
        for head in &phase.heads {
            out.push_str(&format!(
                "  newest {} sha256 {}\n",
                visible(&head.run_id),
                head.sha256
            ));
        }
    }
    out.push_str(&match (audit.findings.len(), audit.unchecked.len()) {
        (0, 0) => "clean\n".to_owned(),
        (0, left) => format!("not clean: {left} not checked\n"),
        (found, 0) => format!("not clean: {}\n", count(found, "finding")),
        (found, left) => format!(
            "not clean: {}, {left} not checked\n",
            count(found, "finding")
        ),
    });
    out
}
