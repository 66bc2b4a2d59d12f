//! What a run amounts to for a gate. Claims are made, reviews judge, states are computed and
//! hand-offs are told by this one rule: only PASS counts,
//! and beside it the word of a person who may give it. Pure.

use super::hosts;
use super::reason::{Reason, sentences};
use crate::attest::{besides, unfulfilled};
use crate::record::{CheckRecord, ClaimedBy, RunRecord};
use claim::outcome::{self, ExitCode, Outcome};

/// What a run says about a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every check of the whole gate passed, or was attested by somebody who may.
    Pass,
    /// A check did not hold or cannot fail, or the reviewer filed a finding; whatever else could
    /// not be checked.
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
            (Verdict::Fail, ExitCode::Success | ExitCode::CouldNotCheck) => ExitCode::Failed,
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

/// What the record says about a gate, and why. What a reviewer has filed and what a check has found
/// decide before everything else: an ERROR of another check does not make a FAIL undecided.
pub fn assess(record: &RunRecord, gate: &str) -> Assessment {
    assess_beside(record, gate, besides(record).as_ref())
}

/// The same for a review whose claim is known: a person's word counts only if it is not that of
/// the claim's author.
pub fn assess_beside(record: &RunRecord, gate: &str, besides: Option<&ClaimedBy>) -> Assessment {
    let checks: Vec<&CheckRecord> = record.checks_of(gate).collect();
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
    let has_red = checks.iter().any(|check| is_red(check.outcome));
    reasons.extend(unfinished(record));
    let is_whole = record.gates.iter().any(|whole| whole == gate) && !checks.is_empty();
    if !is_whole {
        reasons.push(Reason::Partial {
            run: record.run_id.clone(),
            missing: Vec::new(),
        });
    }
    let hosts = record.claimed_hosts.iter();
    reasons.extend(hosts.filter_map(|it| hosts::between(&it.name, it.revision.as_deref(), record)));
    let verdict = if has_filed || has_red {
        Verdict::Fail
    } else if reasons.is_empty() {
        Verdict::Pass
    } else {
        Verdict::Undecided
    };
    Assessment { verdict, reasons }
}

/// Whether a check of this outcome did not hold, or cannot fail.
pub(crate) fn is_red(outcome: Outcome) -> bool {
    use Outcome::{Fail, Flaky, Toothless};
    matches!(outcome, Fail | Toothless | Flaky)
}

/// The reasons in one line.
pub fn join_reasons(reasons: &[Reason]) -> String {
    sentences(reasons).join("; ")
}

/// Why that check is in the way.
pub(super) fn reason(check: &CheckRecord) -> Reason {
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
    let has_error = || record.checks.iter().any(|it| it.outcome == Outcome::Error);
    let explained = match ExitCode::try_from(record.exit_code) {
        Ok(ExitCode::Unrestored) => of_checks == ExitCode::Unrestored,
        // In older records an ERROR outranked a FAIL.
        Ok(ExitCode::CouldNotCheck) => of_checks == ExitCode::CouldNotCheck || has_error(),
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
                teeth: None,
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
            // What was found is found, whatever could not be checked beside it.
            (&[Fail, Error], Verdict::Fail),
            (&[Pass, Fail, Unrestored], Verdict::Fail),
            (&[Error, Toothless], Verdict::Fail),
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
                let named = told.split("; ").any(|group| {
                    let names = group.strip_prefix(&format!("{outcome}"));
                    names.is_some_and(|names| {
                        names.ends_with(&format!(" c{n}")) || names.contains(&format!(" c{n},"))
                    })
                });
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
    fn a_review_of_a_host_that_runs_something_else_than_at_the_claim_is_not_a_pass() {
        let mut record = of(&[Outcome::Pass]);
        let gate = record.gates[0].clone();
        record.hosts.truncate(1);
        record.hosts[0].revision = Some("r2".into());
        let name = record.hosts[0].name.clone();
        let mut with = |name: &str, revision: Option<&str>| {
            record.claimed_hosts = vec![crate::record::ClaimedHost {
                name: name.into(),
                revision: revision.map(str::to_owned),
            }];
            let assessment = assess(&record, &gate);
            (assessment.verdict, join_reasons(&assessment.reasons))
        };
        assert_eq!(with(&name, Some("r2")).0, Verdict::Pass);
        // The claim file asks for no revision, or did not at the claim.
        assert_eq!(with(&name, None).0, Verdict::Pass);
        let (verdict, why) = with(&name, Some("r1"));
        assert_eq!(verdict, Verdict::Undecided);
        assert!(why.contains("at the claim r1, at the review r2"), "{why}");
        assert_eq!(with("elsewhere", Some("r2")).0, Verdict::Undecided);
        record.hosts[0].revision = Some("not known: exit 1".into());
        assert_eq!(verdict_of_host(&record, &gate, &name), Verdict::Undecided);
        // A FAIL stays one.
        record.checks[0].outcome = Outcome::Fail;
        assert_eq!(verdict_of_host(&record, &gate, &name), Verdict::Fail);
    }

    fn verdict_of_host(record: &RunRecord, gate: &str, name: &str) -> Verdict {
        let mut record = record.clone();
        record.claimed_hosts = vec![crate::record::ClaimedHost {
            name: name.into(),
            revision: Some("r1".into()),
        }];
        verdict(&record, gate)
    }

    #[test]
    fn a_fail_that_was_found_before_the_run_was_cut_short_is_a_fail() {
        let mut record = of(&[Outcome::Fail, Outcome::Error]);
        let gate = record.gates[0].clone();
        assert_eq!(record.exit_code, 1);
        // As records of older versions have it, and of a run with something left behind.
        for code in [1, 3, 5] {
            record.exit_code = code;
            let assessment = assess(&record, &gate);
            assert_eq!(assessment.verdict, Verdict::Fail, "{code}");
            let told = join_reasons(&assessment.reasons);
            assert!(told.contains("ERROR: c1"), "{told}");
        }
        let code = |run| Verdict::Fail.exit_code(run);
        assert_eq!(code(ExitCode::CouldNotCheck), ExitCode::Failed);
        assert_eq!(code(ExitCode::Unrestored), ExitCode::Unrestored);
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
