//! Why a gate is not done, with both values where something changed.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::gate_state::GateState;
use crate::record::RunRecord;
use claim::outcome::Outcome;
use kit::count::count;

/// Why a gate is not done.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the messages below explain the fields")]
pub enum Reason {
    /// Nobody has claimed the gate.
    Unclaimed,
    /// A gate that must have passed before has not.
    Awaits { gate: String, state: GateState },
    /// There is a claim and no review of it.
    NeverVerified { claim: String },
    /// The Adversary looked at the claim, and it could not be told whether it holds.
    Undecided { run: String, why: String },
    /// The claim file is not the one that was claimed.
    ClaimEdited { claimed: String, now: String },
    /// The review ran another claim file than was claimed.
    OtherClaimFile { claimed: String, judged: String },
    /// The record of the claim is not the one that was reviewed.
    OtherRecord { judged: String, now: String },
    /// The review looked at another commit.
    OtherCommit { claimed: String, judged: String },
    /// There is no commit that was claimed or judged.
    NoCommit { run: String },
    /// The run was in the working tree.
    OnlyWorktree { run: String },
    /// The run was cut short, or left something behind that no check reports.
    Unfinished { run: String, exit_code: u8 },
    /// The run left out checks of the gate.
    Partial { run: String, missing: Vec<String> },
    /// The review was run in another role.
    WrongRole { run: String, role: String },
    /// Claim and review are by the same author.
    SameAuthor { author: String },
    /// Nobody knows who ran it.
    UnknownAuthor { run: String },
    /// Claim and review are from the same clone.
    SameClone { clone_id: String },
    /// Nobody knows in which clone it was run.
    UnknownClone { run: String },
    /// The review began before the claim was made.
    EvidenceOlder {
        claimed: DateTime<Utc>,
        seen: DateTime<Utc>,
    },
    /// The record says that it ended at a time that has not come.
    InTheFuture {
        run: String,
        ended: DateTime<Utc>,
        now: DateTime<Utc>,
    },
    /// A check is not PASS.
    NotPass { check: String, outcome: Outcome },
    /// A later run of the Adversary, which is not a review, found it.
    ContradictedBy { run: String },
    /// A person has to look.
    AwaitingPerson { check: String },
    /// The host ran something else at the review than at the claim.
    RunsOther {
        host: String,
        claimed: String,
        judged: String,
    },
    /// The records do not say what the host ran, or whether it was rebooted.
    HostUnknown { host: String, why: String },
    /// The PASS is too old.
    TooOld {
        passed: DateTime<Utc>,
        now: DateTime<Utc>,
        fresh_for: Duration,
    },
    /// HEAD has other code than the judged commit.
    CodeChanged {
        judged: String,
        head: String,
        files: Vec<String>,
    },
    /// Nobody knows what has changed since the judged commit.
    ChangesUnknown { judged: String, why: String },
    /// The host was rebooted since the PASS.
    Rebooted {
        host: String,
        then: String,
        now: String,
    },
    /// The host runs something else than at the PASS.
    Redeployed {
        host: String,
        then: String,
        now: String,
    },
    /// The hosts were not asked.
    HostsNotAsked { hosts: Vec<String> },
    /// The host's state is unknown now.
    HostSilent { host: String, why: String },
    /// REVIEW forbids it.
    Vetoed {
        name: String,
        line: Option<usize>,
        run: Option<String>,
        by: Option<String>,
        reason: String,
    },
    /// Something was meant to lift a veto, and does not.
    LiftingIgnored {
        veto: String,
        what: String,
        why: String,
    },
    /// Something was meant to close a finding, and does not.
    ClosingIgnored {
        id: String,
        what: String,
        why: String,
    },
    /// The author must sign, and has not.
    Unsigned {
        what: String,
        author: String,
        file: String,
    },
    /// The signature belongs to other bytes.
    BrokenSignature { what: String, why: String },
    /// Nobody could tell whether the signature fits, and the author must sign.
    SignatureUnchecked { what: String, why: String },
    /// The key is not one of the author's.
    OtherSigner {
        what: String,
        author: String,
        key: String,
        whose: Vec<String>,
        file: String,
    },
    /// The author of the claim wrote the line that lets the key sign about the claim.
    SignerLineOfClaimant {
        what: String,
        file: String,
        line: usize,
        author: String,
        commit: String,
        at: DateTime<Utc>,
    },
    /// The line that lets the key sign is not committed.
    SignerLineOfNobody {
        what: String,
        file: String,
        line: usize,
    },
    /// Something is not back.
    Unrestored {
        run: String,
        fixture: String,
        on: String,
        remedy: String,
    },
    /// The review found something besides the checks.
    Filed { run: String, ids: Vec<String> },
    /// The reviewer's finding is open.
    FindingOpen {
        id: String,
        gate: String,
        run: String,
        text: String,
    },
    /// The review took an attestation that is not there.
    AttestationGone { check: String, file: String },
    /// The attestation is not what the review says of it.
    OtherAttestation { check: String, what: String },
    /// A record of the phase is missing or damaged.
    Damaged { what: String },
}

impl Reason {
    /// Whether it takes back a PASS that once counted.
    pub fn makes_stale(&self) -> bool {
        matches!(
            self,
            Reason::ClaimEdited { .. }
                | Reason::TooOld { .. }
                | Reason::CodeChanged { .. }
                | Reason::Rebooted { .. }
                | Reason::Redeployed { .. }
        )
    }
}

/// The reasons as sentences. What many checks have in common is said once, with their names:
/// `FAIL: a, b`, `SKIPPED: c`, in the place of the first of them.
pub fn sentences(reasons: &[Reason]) -> Vec<String> {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for reason in reasons {
        let (said, check) = match reason {
            Reason::NotPass {
                check,
                outcome: Outcome::Attested,
            } => ("ATTESTED (a person's word)".to_owned(), check),
            Reason::NotPass { check, outcome } => (outcome.to_string(), check),
            Reason::AwaitingPerson { check } => {
                ("awaiting a person's attestation".to_owned(), check)
            }
            other => {
                groups.push((other.to_string(), Vec::new()));
                continue;
            }
        };
        match groups
            .iter_mut()
            .find(|(other, checks)| *other == said && !checks.is_empty())
        {
            Some((_, checks)) => checks.push(check),
            None => groups.push((said, vec![check])),
        }
    }
    let sentence = |(said, checks): (String, Vec<&str>)| match checks.is_empty() {
        true => said,
        false => format!("{said}: {}", checks.join(", ")),
    };
    groups.into_iter().map(sentence).collect()
}

/// Why a run that is not from a fresh clone decides nothing.
pub(crate) fn not_from_clone(record: &RunRecord) -> Reason {
    let run = record.run_id.clone();
    match record.tree() {
        Some(_) => Reason::OnlyWorktree { run },
        None => Reason::NoCommit { run },
    }
}

fn time(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The first digits of a digest or commit.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// The first names, and how many more there are.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn span(duration: Duration) -> String {
    humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string()
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Unclaimed => {
                f.write_str("not claimed: no record of a Builder's claim of the whole gate")
            }
            Reason::Awaits { gate, state } => {
                write!(f, "it comes after {gate}, which is {state} and not PASS")
            }
            Reason::NeverVerified { claim } => {
                write!(
                    f,
                    "never verified: no Adversary has reviewed the claim {claim}"
                )
            }
            Reason::Undecided { run, why } => write!(
                f,
                "never verified: the Adversary's run {run} could not tell whether the claim holds: {why}"
            ),
            Reason::ClaimEdited { claimed, now } => write!(
                f,
                "the claim file was edited since: claimed was {}, it is {}; claim it again",
                short(claimed),
                short(now)
            ),
            Reason::OtherClaimFile { claimed, judged } => write!(
                f,
                "the review ran another claim file: claimed was {}, judged was {}",
                short(claimed),
                short(judged)
            ),
            Reason::OtherRecord { judged, now } => write!(
                f,
                "the record of the claim is not the one that was reviewed: that had the digest {}, this has {}",
                short(judged),
                short(now)
            ),
            Reason::OtherCommit { claimed, judged } => write!(
                f,
                "the review judged another commit: claimed was {}, judged was {}",
                short(claimed),
                short(judged)
            ),
            Reason::NoCommit { run } => {
                write!(f, "run {run} names no commit: it was in no git repository")
            }
            Reason::OnlyWorktree { run } => write!(
                f,
                "run {run} was in the working tree; only a run from a fresh clone counts"
            ),
            Reason::Partial { run, missing } if missing.is_empty() => {
                write!(f, "run {run} was not of the whole gate")
            }
            Reason::Partial { run, missing } => write!(
                f,
                "run {run} was not of the whole gate: without {}",
                missing.join(", ")
            ),
            Reason::WrongRole { run, role } => write!(
                f,
                "review {run} was run as {role}; only the Adversary's counts"
            ),
            Reason::SameAuthor { author } => {
                write!(f, "claimed and reviewed by the same author, {author}")
            }
            Reason::UnknownAuthor { run } => write!(
                f,
                "git knows no author of run {run}; set user.name and user.email"
            ),
            Reason::SameClone { clone_id } => write!(
                f,
                "claimed and reviewed in the same clone ({}); the Adversary needs one of its own",
                short(clone_id)
            ),
            Reason::UnknownClone { run } => {
                write!(f, "run {run} does not say in which clone it was")
            }
            Reason::EvidenceOlder { claimed, seen } => write!(
                f,
                "the evidence is older than the claim: claimed at {}, seen at {}",
                time(claimed),
                time(seen)
            ),
            Reason::InTheFuture { run, ended, now } => write!(
                f,
                "run {run} says it ended at {}, and it is {}: one of the clocks is wrong",
                time(ended),
                time(now)
            ),
            Reason::NotPass { check, outcome } => {
                let why = match outcome {
                    Outcome::Attested => " (a person's word)",
                    _ => "",
                };
                write!(f, "check {check} is {outcome}{why}")
            }
            Reason::ContradictedBy { run } => write!(
                f,
                "the Adversary's run {run} found that; only a newer review can pass the gate"
            ),
            Reason::Unfinished { run, exit_code } => write!(
                f,
                "run {run} did not come to its end (exit code {exit_code}), so it decides nothing"
            ),
            Reason::AwaitingPerson { check } => {
                write!(f, "check {check} awaits a person's attestation")
            }
            Reason::RunsOther {
                host,
                claimed,
                judged,
            } => write!(
                f,
                "{host} ran another revision than claimed: at the claim {claimed}, at the review {judged}"
            ),
            Reason::HostUnknown { host, why } => write!(f, "{host}: {why}"),
            Reason::TooOld {
                passed,
                now,
                fresh_for,
            } => write!(
                f,
                "the PASS of {} is {} old; it counts for {}",
                time(passed),
                span((*now - *passed).to_std().unwrap_or_default()),
                span(*fresh_for)
            ),
            Reason::CodeChanged {
                judged,
                head,
                files,
            } => write!(
                f,
                "code: {} changed between the judged commit {} and HEAD {}: {}; claim it again",
                count(files.len(), "file"),
                short(judged),
                short(head),
                some(files)
            ),
            Reason::ChangesUnknown { judged, why } => write!(
                f,
                "code: what has changed since the judged commit {} is not known: {why}",
                short(judged)
            ),
            Reason::Rebooted { host, then, now } => {
                write!(
                    f,
                    "{host} was rebooted since: boot id then {then}, now {now}"
                )
            }
            Reason::Redeployed { host, then, now } => {
                write!(
                    f,
                    "{host} was redeployed since: revision then {then}, now {now}"
                )
            }
            Reason::HostsNotAsked { hosts } => write!(
                f,
                "hosts not asked: {} (reboots and redeployments are seen with --probe)",
                hosts.join(", ")
            ),
            Reason::HostSilent { host, why } => {
                write!(f, "{host} does not say who it is now: {why}")
            }
            Reason::Vetoed {
                line: Some(line),
                reason,
                ..
            } => write!(f, "VETO in REVIEW line {line}: {reason}"),
            Reason::Vetoed {
                name, by, reason, ..
            } => write!(
                f,
                "VETO in record {name}, of {}: {reason}",
                by.as_deref().unwrap_or("an unknown author")
            ),
            Reason::LiftingIgnored { veto, what, why } => write!(
                f,
                "{what} does not lift {veto}: {why}; the Adversary lifts it with `gateproof lift WHY --veto {veto}`"
            ),
            Reason::ClosingIgnored { id, what, why } => write!(
                f,
                "{what} does not close {id}: {why}; the Adversary closes it with `gateproof review GATE --close {id}`"
            ),
            Reason::Unsigned { what, author, file } => write!(
                f,
                "{what} is not signed, and {file} names {author}: sign with `--sign KEY` or git's own key (`gpg.format=ssh`, `user.signingkey`)"
            ),
            Reason::BrokenSignature { what, why } => write!(
                f,
                "the signature of {what} does not fit: {why}; take both files back from git"
            ),
            Reason::SignatureUnchecked { what, why } => {
                write!(f, "the signature of {what} could not be checked: {why}")
            }
            Reason::OtherSigner {
                what,
                author,
                key,
                whose,
                file,
            } => {
                let whose = match whose.as_slice() {
                    [] => String::new(),
                    whose => format!(" (it is one of {})", whose.join(", ")),
                };
                write!(
                    f,
                    "{what} is signed with {key}{whose}, which is not a key of {author} by {file}: sign with a key that has a line there"
                )
            }
            Reason::SignerLineOfClaimant {
                what,
                file,
                line,
                author,
                commit,
                at,
            } => write!(
                f,
                "{what} is signed with a key that {file} line {line} allows, and {author}, who made the claim, wrote that line in {} at {}: somebody else has to write it",
                short(commit),
                time(at)
            ),
            Reason::SignerLineOfNobody { what, file, line } => write!(
                f,
                "{what} is signed with a key that {file} line {line} allows, and the line is not committed, so nobody knows who wrote it: commit it"
            ),
            Reason::Unrestored {
                run,
                fixture,
                on,
                remedy,
            } => write!(
                f,
                "not restored: {fixture} on {on}, since run {run}; {remedy}"
            ),
            Reason::Filed { run, ids } => write!(
                f,
                "review {run} filed {}; it takes a new review to pass",
                ids.join(", ")
            ),
            Reason::FindingOpen {
                id,
                gate,
                run,
                text,
            } => write!(
                f,
                "finding {id} is open (filed in {run}): {text}; the Adversary closes it with `gateproof review {gate} --close {id}`"
            ),
            Reason::AttestationGone { check, file } => write!(
                f,
                "the attestation of check {check} is not there as the review took it: {file}"
            ),
            Reason::OtherAttestation { check, what } => write!(
                f,
                "the attestation of check {check} is not what the review says of it: {what}"
            ),
            Reason::Damaged { what } => write!(
                f,
                "a record cannot be believed, {what}; take it back from git (`gateproof audit` tells more)"
            ),
        }
    }
}
