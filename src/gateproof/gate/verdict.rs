//! What a run amounts to for a gate. Claims are made, reviews judge, states are computed and
//! hand-offs are told by this one rule: only PASS counts,
//! and beside it the word of a person who may give it. Pure.

use super::reason::Reason;
use crate::attest::{besides, unfulfilled};
use crate::record::{CheckRecord, ClaimedBy, RunRecord};
use claim::outcome::{self, ExitCode, Outcome};

/// What a run says about a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every check of the whole gate passed, or was attested by somebody who may.
    Pass,
    /// A check did not hold or cannot fail, or the reviewer filed a finding.
    Fail,
    /// Nobody knows: an infrastructure fault is neither a PASS nor a FAIL, and a check that was not
    /// run, or that rests on a person's word alone, proves nothing.
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

    /// The program's exit code, given that of the run.
    pub fn exit_code(self, run: ExitCode) -> ExitCode {
        match (self, run) {
            (Verdict::Pass, _) => ExitCode::Success,
            (Verdict::Fail, ExitCode::Success) => ExitCode::Failed,
            (Verdict::Undecided, ExitCode::Success) => ExitCode::CouldNotCheck,
            (_, run) => run,
        }
    }
}

/// A verdict, and everything that keeps it from being a PASS.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    pub verdict: Verdict,
    /// Why it is not a PASS, each check by its name; empty for a PASS only.
    pub reasons: Vec<Reason>,
}

/// What the record says about a gate; see [`assess`].
pub fn verdict(record: &RunRecord, gate: &str) -> Verdict {
    assess(record, gate).verdict
}

/// What the record says about a gate, and why. What a reviewer has filed decides before all checks;
/// then an infrastructure fault, because the FAILs beside it may be its doing.
pub fn assess(record: &RunRecord, gate: &str) -> Assessment {
    assess_beside(record, gate, besides(record).as_ref())
}

/// The same for a review whose claim is known: a person's word counts only if it is not that of
/// the claim's author.
pub fn assess_beside(record: &RunRecord, gate: &str, besides: Option<&ClaimedBy>) -> Assessment {
    use Outcome::{Error, Stale, Unrestored};
    let checks: Vec<&CheckRecord> = record.checks.iter().filter(|c| c.gate == gate).collect();
    let mut reasons = Vec::new();
    let filed: Vec<String> = record
        .filed
        .iter()
        .filter(|finding| finding.gate == gate)
        .map(|finding| finding.id.clone())
        .collect();
    let has_filed = !filed.is_empty();
    if has_filed {
        reasons.push(Reason::Filed {
            run: record.run_id.clone(),
            ids: filed,
        });
    }
    reasons.extend(unfulfilled(&checks, besides).into_iter().map(reason));
    let unfinished = unfinished(record);
    let is_faulty = unfinished.is_some()
        || checks
            .iter()
            .any(|check| matches!(check.outcome, Error | Unrestored | Stale));
    let has_red = checks.iter().any(|check| is_red(check.outcome));
    reasons.extend(unfinished);
    let is_whole = record.gates.iter().any(|whole| whole == gate) && !checks.is_empty();
    if !is_whole {
        reasons.push(Reason::Partial {
            run: record.run_id.clone(),
            missing: Vec::new(),
        });
    }
    let verdict = if has_filed || has_red && !is_faulty {
        Verdict::Fail
    } else if reasons.is_empty() {
        Verdict::Pass
    } else {
        Verdict::Undecided
    };
    Assessment { verdict, reasons }
}

/// Whether a check of this outcome did not hold, or cannot fail.
pub(super) fn is_red(outcome: Outcome) -> bool {
    use Outcome::{Fail, Flaky, Toothless};
    matches!(outcome, Fail | Toothless | Flaky)
}

/// The reasons in one line.
pub fn join_reasons(reasons: &[Reason]) -> String {
    let each: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    each.join("; ")
}

fn reason(check: &CheckRecord) -> Reason {
    let awaits = check.outcome == Outcome::Error && check.observed.starts_with("awaiting a person");
    let check_id = check.id.clone();
    if awaits {
        Reason::AwaitingPerson { check: check_id }
    } else {
        Reason::NotPass {
            check: check_id,
            outcome: check.outcome,
        }
    }
}

/// An exit code that no check explains is about the whole run: something is not restored, or the
/// run was cut short.
fn unfinished(record: &RunRecord) -> Option<Reason> {
    let of_checks = outcome::verdict(record.checks.iter().map(|check| check.outcome));
    let explained = match ExitCode::try_from(record.exit_code) {
        Ok(code @ (ExitCode::Unrestored | ExitCode::CouldNotCheck)) => code == of_checks,
        Ok(_) => true,
        Err(_) => false,
    };
    (!explained).then(|| Reason::Unfinished {
        run: record.run_id.clone(),
        exit_code: record.exit_code,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::FiledFinding;

    fn of(outcomes: &[Outcome]) -> RunRecord {
        let mut record = crate::report::sample::record();
        let check = record.checks[0].clone();
        record.fixtures.clear();
        record.gates = vec![check.gate.clone()];
        record.checks = (0..)
            .zip(outcomes)
            .map(|(n, outcome)| CheckRecord {
                id: format!("c{n}"),
                outcome: *outcome,
                ..check.clone()
            })
            .collect();
        record.exit_code = outcome::verdict(outcomes.iter().copied()) as u8;
        record
    }

    #[test]
    fn only_a_whole_gate_of_passes_passes_and_the_reason_names_the_check() {
        use Outcome::{Attested, Error, Fail, Flaky, Pass, Skipped, Stale, Toothless, Unrestored};
        let cases = [
            (&[Pass][..], Verdict::Pass),
            (&[Pass, Pass], Verdict::Pass),
            // A check that was not run proves nothing, whether that was declared or not.
            (&[Pass, Skipped], Verdict::Undecided),
            (&[Skipped], Verdict::Undecided),
            (&[Pass, Attested], Verdict::Undecided),
            (&[Pass, Stale], Verdict::Undecided),
            (&[Pass, Fail], Verdict::Fail),
            (&[Pass, Flaky], Verdict::Fail),
            (&[Pass, Toothless], Verdict::Fail),
            // The FAIL may be the fault's doing.
            (&[Fail, Error], Verdict::Undecided),
            (&[Pass, Error], Verdict::Undecided),
            (&[Pass, Unrestored], Verdict::Undecided),
            (&[], Verdict::Undecided),
        ];
        for (outcomes, expected) in cases {
            let record = of(outcomes);
            let gate = record.gates[0].clone();
            let assessment = assess(&record, &gate);
            assert_eq!(assessment.verdict, expected, "{outcomes:?}");
            let told = join_reasons(&assessment.reasons);
            for (n, outcome) in outcomes.iter().enumerate() {
                let named = told.contains(&format!("check c{n} is {outcome}"));
                assert_eq!(named, *outcome != Pass, "{told}");
            }
            assert_eq!(assessment.reasons.is_empty(), expected == Verdict::Pass);
        }
        let record = of(&[Pass]);
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
            let mut record = of(&[Pass, Attested]);
            record.role = Some(role.into());
            record.checks[1].attestation = Some(word(author, told));
            let gate = record.checks[0].gate.clone();
            assert_eq!(verdict(&record, &gate), expected, "{role} {author} {told}");
            record.checks.remove(0);
            assert_eq!(verdict(&record, &gate), Verdict::Undecided, "words alone");
        }
    }

    #[test]
    fn a_run_that_was_cut_short_is_no_verdict_of_the_gates_that_it_had_seen() {
        let mut record = of(&[Outcome::Pass]);
        let gate = record.gates[0].clone();
        for code in [3, 5, 99] {
            record.exit_code = code;
            let assessment = assess(&record, &gate);
            assert_eq!(assessment.verdict, Verdict::Undecided, "{code}");
            assert!(join_reasons(&assessment.reasons).contains(&format!("exit code {code}")));
        }
        // An error of another gate's check explains the code.
        let mut other = record.checks[0].clone();
        (other.gate, other.outcome) = ("other".into(), Outcome::Error);
        record.checks.push(other);
        record.exit_code = 3;
        assert_eq!(verdict(&record, &gate), Verdict::Pass);
        assert_eq!(verdict(&record, "other"), Verdict::Undecided);
    }

    #[test]
    fn a_filed_finding_is_a_fail_whatever_the_checks_say() {
        let mut record = of(&[Outcome::Pass]);
        let gate = record.gates[0].clone();
        record.filed.push(FiledFinding {
            id: "A1".into(),
            gate: gate.clone(),
            text: "t".into(),
        });
        assert_eq!(verdict(&record, &gate), Verdict::Fail);
        record.filed[0].gate = "another".into();
        assert_eq!(verdict(&record, &gate), Verdict::Pass);
        assert_eq!(Verdict::Fail.exit_code(ExitCode::Success), ExitCode::Failed);
        assert_eq!(
            Verdict::Undecided.exit_code(ExitCode::Unrestored),
            ExitCode::Unrestored
        );
    }
}
