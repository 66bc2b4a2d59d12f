//! What a run says about a gate. Pure.

use crate::attest::{besides, unfulfilled};
use crate::outcome::{ExitCode, Outcome};
use crate::record::{CheckRecord, RunRecord};

/// What a run says about a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every check of it passed, but for those that the claim file declares to be skipped, and those
    /// that somebody attested who may.
    Pass,
    /// A check did not hold or cannot fail, or the reviewer filed a finding.
    Fail,
    /// It could not be told: an infrastructure fault is neither a PASS nor a FAIL.
    Undecided,
}

impl Verdict {
    /// The word in headings and subjects.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "PASS",
            Verdict::Fail => "FAIL",
            Verdict::Undecided => "no verdict",
        }
    }

    /// What the program ends with, given what the run ended with.
    pub fn exit_code(self, run: ExitCode) -> ExitCode {
        match (self, run) {
            (Verdict::Pass, _) => ExitCode::Success,
            (Verdict::Fail, ExitCode::Success) => ExitCode::Failed,
            (Verdict::Undecided, ExitCode::Success) => ExitCode::CouldNotCheck,
            (_, run) => run,
        }
    }
}

/// What the record says about a gate. What a reviewer has filed decides before all checks.
pub fn verdict(record: &RunRecord, gate: &str) -> Verdict {
    if !record.filed.is_empty() {
        return Verdict::Fail;
    }
    let run = ExitCode::try_from(record.exit_code).unwrap_or(ExitCode::CouldNotCheck);
    match run {
        ExitCode::Failed | ExitCode::Toothless => Verdict::Fail,
        ExitCode::Success => {
            let whole = record.gates.iter().any(|other| other == gate);
            let checks = record.checks.iter().filter(|check| check.gate == gate);
            let checks: Vec<&CheckRecord> = checks.collect();
            let passed = checks.iter().any(|check| check.outcome == Outcome::Pass);
            let left = unfulfilled(&checks, besides(record).as_ref());
            let all = left.into_iter().all(declared);
            if whole && passed && all {
                Verdict::Pass
            } else {
                Verdict::Undecided
            }
        }
        _ => Verdict::Undecided,
    }
}

/// Skipped because the claim file says so, and not because something was missing.
fn declared(check: &CheckRecord) -> bool {
    let note = check.findings.first().and_then(|f| f.note.as_deref());
    check.outcome == Outcome::Skipped && note.is_some_and(|note| note.starts_with("declared: "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{FiledFinding, Finding};

    fn of(outcomes: &[(Outcome, &str)]) -> RunRecord {
        let mut record = crate::report::sample::record();
        let check = record.checks[0].clone();
        record.fixtures.clear();
        record.gates = vec![check.gate.clone()];
        record.checks = outcomes
            .iter()
            .map(|(outcome, note)| CheckRecord {
                outcome: *outcome,
                findings: vec![Finding {
                    subject: "s".into(),
                    expected: String::new(),
                    observed: String::new(),
                    note: Some((*note).to_owned()),
                    diff: None,
                    place: None,
                }],
                ..check.clone()
            })
            .collect();
        let all = outcomes.iter().map(|(outcome, _)| *outcome);
        record.exit_code = crate::outcome::verdict(all) as u8;
        record
    }

    #[test]
    fn only_a_whole_gate_of_passes_and_declared_skips_passes() {
        use Outcome::{Attested, Error, Fail, Pass, Skipped, Toothless, Unrestored};
        let cases = [
            (&[(Pass, "")][..], Verdict::Pass),
            (&[(Pass, ""), (Skipped, "declared: no host")], Verdict::Pass),
            (
                &[(Pass, ""), (Skipped, "destructive: …")],
                Verdict::Undecided,
            ),
            (&[(Skipped, "declared: no host")], Verdict::Undecided),
            (&[(Attested, "")], Verdict::Undecided),
            (&[(Pass, ""), (Fail, "")], Verdict::Fail),
            (&[(Pass, ""), (Toothless, "")], Verdict::Fail),
            // The FAIL may be the fault's doing.
            (&[(Fail, ""), (Error, "")], Verdict::Undecided),
            (&[(Pass, ""), (Unrestored, "")], Verdict::Undecided),
        ];
        for (outcomes, expected) in cases {
            let record = of(outcomes);
            let gate = record.checks[0].gate.clone();
            assert_eq!(verdict(&record, &gate), expected, "{outcomes:?}");
        }
        let record = of(&[(Pass, "")]);
        assert_eq!(verdict(&record, "another"), Verdict::Undecided);
        let mut part = record.clone();
        part.gates.clear();
        assert_eq!(verdict(&part, &part.checks[0].gate), Verdict::Undecided);
    }

    #[test]
    fn a_persons_word_passes_beside_a_pass_and_in_a_review_only_another_persons() {
        use Outcome::{Attested, Pass};
        let claimed = crate::record::ClaimedBy {
            author: Some("Bob <bob@example.org>".into()),
            ..Default::default()
        };
        let word = |author: &str, told: bool| crate::record::Attested {
            file: "reports/attestations/p/a.json".into(),
            sha256: "dd".repeat(32),
            author: author.into(),
            clone_id: None,
            at: chrono::DateTime::UNIX_EPOCH,
            commit: "c0".repeat(20),
            artefact: None,
            words: "it is blue".into(),
            besides: told.then(|| claimed.clone()),
        };
        let (bob, eve) = ("Bob <bob@example.org>", "Eve <eve@example.org>");
        let cases = [
            ("builder", bob, false, Verdict::Pass),
            ("adversary", eve, true, Verdict::Pass),
            ("adversary", bob, true, Verdict::Undecided),
            ("adversary", eve, false, Verdict::Undecided),
        ];
        for (role, author, told, expected) in cases {
            let mut record = of(&[(Pass, ""), (Attested, "")]);
            record.role = Some(role.into());
            record.checks[1].attestation = Some(word(author, told));
            let gate = record.checks[0].gate.clone();
            assert_eq!(verdict(&record, &gate), expected, "{role} {author} {told}");
            record.checks.remove(0);
            assert_eq!(verdict(&record, &gate), Verdict::Undecided, "words alone");
        }
    }

    #[test]
    fn a_filed_finding_is_a_fail_whatever_the_checks_say() {
        let mut record = of(&[(Outcome::Pass, "")]);
        let gate = record.checks[0].gate.clone();
        record.filed.push(FiledFinding {
            id: "A1".into(),
            gate: gate.clone(),
            text: "t".into(),
        });
        assert_eq!(verdict(&record, &gate), Verdict::Fail);
        assert_eq!(Verdict::Fail.exit_code(ExitCode::Success), ExitCode::Failed);
        assert_eq!(
            Verdict::Undecided.exit_code(ExitCode::Unrestored),
            ExitCode::Unrestored
        );
    }
}
