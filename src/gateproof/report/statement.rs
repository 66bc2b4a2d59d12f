//! A record as an in-toto Statement (v1), for verifiers of a supply chain: which commit was tested by which
//! claim file, and with which result. `dsse` puts it into an envelope.

use serde_json::{Value, json};
use thiserror::Error;

use crate::record::{CheckRecord, RecordLink, RunRecord};
use claim::outcome::Outcome;

/// The type of a Statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The type of its predicate.
pub const PREDICATE_TYPE: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// The media type of a Statement in an envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Why a record cannot be a statement about a commit.
#[derive(Debug, Error)]
pub enum StatementError {
    #[error("run {run_id} was not in a repository, and a statement is about a commit")]
    NoCommit { run_id: String },
    /// It ran in a working tree that was not the commit.
    #[error(
        "run {run_id} ran in a working tree with uncommitted changes, so it says nothing about commit {commit}"
    )]
    Worktree { run_id: String, commit: String },
}

/// The Statement of a record. Its subjects are the commit and the claim file; `link` names the
/// record's own file.
///
/// # Errors
/// [`StatementError::NoCommit`], [`StatementError::Worktree`].
pub fn statement(record: &RunRecord, link: &RecordLink) -> Result<Value, StatementError> {
    let run_id = record.run_id.clone();
    let Some(state) = &record.repository else {
        return Err(StatementError::NoCommit { run_id });
    };
    if state.dirty && state.tree != "clone" {
        let commit = state.commit.clone();
        return Err(StatementError::Worktree { run_id, commit });
    }
    let claim = json!({ "name": record.claim.path, "digest": { "sha256": record.claim.sha256 } });
    let of = |kind: Kind| -> Vec<String> {
        let checks = record.checks.iter().filter(|check| Kind::of(check) == kind);
        checks
            .map(|check| format!("{}/{}", check.gate, check.id))
            .collect()
    };
    Ok(json!({
        "_type": STATEMENT_TYPE,
        "subject": [{ "digest": { "gitCommit": state.commit } }, claim],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": result(record, state.dirty),
            "configuration": [claim],
            "passedTests": of(Kind::Passed),
            "warnedTests": of(Kind::Warned),
            "failedTests": of(Kind::Failed),
            // An extension: what a reader needs to find the whole record.
            "gateproofRun": {
                "runId": link.run_id,
                "recordSha256": link.sha256,
                "act": record.act,
                "role": record.role,
                "phase": record.claim.phase,
                "wholeGates": record.gates,
                "started": record.started,
                "ended": record.ended,
                "exitCode": record.exit_code,
                "hosts": record.hosts.iter().map(|host| {
                    json!({ "name": host.name, "revision": host.revision })
                }).collect::<Vec<_>>(),
            },
        },
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Passed,
    Warned,
    Failed,
}

impl Kind {
    fn of(check: &CheckRecord) -> Kind {
        match check.outcome {
            Outcome::Pass => Kind::Passed,
            // Nothing failed, and nothing was shown by running it either.
            Outcome::Skipped | Outcome::Attested => Kind::Warned,
            Outcome::Fail
            | Outcome::Error
            | Outcome::Toothless
            | Outcome::Unrestored
            | Outcome::Stale
            | Outcome::Flaky => Kind::Failed,
        }
    }
}

/// `PASSED` only when everything passed and nothing else was in the tree.
fn result(record: &RunRecord, dirty: bool) -> &'static str {
    let kinds = || record.checks.iter().map(Kind::of);
    if record.exit_code != 0 || kinds().any(|kind| kind == Kind::Failed) || record.checks.is_empty()
    {
        "FAILED"
    } else if dirty || kinds().any(|kind| kind == Kind::Warned) {
        "WARNED"
    } else {
        "PASSED"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(record: &RunRecord) -> RecordLink {
        RecordLink {
            run_id: record.run_id.clone(),
            sha256: "5".repeat(64),
        }
    }

    #[test]
    fn a_statement_names_the_commit_the_claim_file_and_each_check_once() {
        let record = crate::report::sample::record();
        let statement = statement(&record, &link(&record)).unwrap();
        assert_eq!(statement["_type"], STATEMENT_TYPE);
        assert_eq!(statement["predicateType"], PREDICATE_TYPE);
        let commit = &record.repository.as_ref().unwrap().commit;
        assert_eq!(statement["subject"][0]["digest"]["gitCommit"], **commit);
        assert_eq!(
            statement["subject"][1]["digest"]["sha256"],
            *record.claim.sha256
        );
        assert_eq!(statement["predicate"]["result"], "FAILED");
        let names = |list: &str| statement["predicate"][list].as_array().unwrap().len();
        let all = names("passedTests") + names("warnedTests") + names("failedTests");
        assert_eq!(all, record.checks.len());
        assert!(names("passedTests") > 0 && names("failedTests") > 0);
    }

    #[test]
    fn only_a_run_in_which_everything_passed_is_passed() {
        let mut record = crate::report::sample::record();
        record.exit_code = 0;
        record.repository.as_mut().unwrap().dirty = false;
        record.checks.retain(|check| check.outcome == Outcome::Pass);
        let result = |record: &RunRecord| {
            statement(record, &link(record)).unwrap()["predicate"]["result"].clone()
        };
        assert_eq!(result(&record), "PASSED");
        let mut skipped = record.clone();
        skipped.checks[0].outcome = Outcome::Skipped;
        assert_eq!(result(&skipped), "WARNED");
        let mut nothing = record.clone();
        nothing.checks.clear();
        assert_eq!(result(&nothing), "FAILED");
    }

    #[test]
    fn a_run_that_was_not_of_a_commit_is_no_statement() {
        let mut record = crate::report::sample::record();
        record.repository.as_mut().unwrap().tree = "worktree".to_owned();
        let error = statement(&record, &link(&record)).unwrap_err();
        assert!(matches!(error, StatementError::Worktree { .. }));
        record.repository = None;
        let error = statement(&record, &link(&record)).unwrap_err();
        assert!(matches!(error, StatementError::NoCommit { .. }));
    }
}
