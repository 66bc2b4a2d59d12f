//! Which records of a phase count, and whose they are.

use std::collections::BTreeMap;
use std::ops::Range;

use super::signature::{Signature, Signed, not_signed};
use super::signers::{Signers, WrittenBy};
use crate::gate::reason::Reason;
use crate::record::{
    Act, Attested, CheckRecord, RunRecord, StoredAttestation, StoredRecord, person, same_person,
};

/// A block that gateproof wrote into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentBlock {
    /// Its lines, from 1.
    pub lines: Range<usize>,
    pub run_id: String,
}

/// Who made what: the signatures of the phase's files, and who wrote the lines of REVIEW.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    pub signers: Signers,
    /// Of records, by run. A record that is not named here is not signed.
    pub signatures: BTreeMap<String, Signature>,
    pub attestations: Attestations,
    /// Of each line of REVIEW, by `git blame`; nobody's when it is not committed.
    pub lines: Vec<Option<WrittenBy>>,
    pub blocks: Vec<DocumentBlock>,
}

/// The attestations that records name.
#[derive(Clone, Debug, PartialEq)]
pub enum Attestations {
    /// Those that are there, by the SHA-256 of their file.
    Files(BTreeMap<String, SignedAttestation>),
    /// The run that is judged has read them itself, just now.
    OfThisRun,
}

impl Default for Attestations {
    fn default() -> Attestations {
        Attestations::Files(BTreeMap::new())
    }
}

impl Attestations {
    /// What the signature of an attestation is worth; nothing where it is not there.
    pub fn signature(&self, sha256: &str) -> Signature {
        let found = match self {
            Attestations::Files(files) => files.get(sha256),
            Attestations::OfThisRun => None,
        };
        found.map_or(Signature::Missing, |it| it.signature.clone())
    }
}

/// An attestation, and what its signature is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedAttestation {
    pub stored: StoredAttestation,
    pub signature: Signature,
}

impl Evidence {
    /// Who wrote a line of REVIEW.
    pub fn writer(&self, line: usize) -> Option<&WrittenBy> {
        self.lines.get(line.checked_sub(1)?)?.as_ref()
    }

    /// The run whose block has that line.
    pub fn run_of_line(&self, line: usize) -> Option<&str> {
        let block = self.blocks.iter().find(|it| it.lines.contains(&line))?;
        Some(&block.run_id)
    }

    fn signature(&self, run_id: &str) -> &Signature {
        self.signatures
            .get(run_id)
            .unwrap_or(const { &Signature::Missing })
    }

    /// Why a record does not count by its signature ([`not_signed`]).
    pub(super) fn not_signed(&self, record: &RunRecord, claimants: &[String]) -> Option<Reason> {
        let what = format!("{} {}", record.act.name(), record.run_id);
        let file = Signed {
            what: &what,
            author: record.author.as_deref(),
            signature: self.signature(&record.run_id),
        };
        not_signed(file, &self.signers, claimants)
    }

    /// Why the attestations that a run took for checks of a gate do not count. `claimants` are the
    /// authors of the claim that the run judges; none for a claim.
    pub fn attestations_of(
        &self,
        record: &RunRecord,
        gate: &str,
        claimants: &[String],
    ) -> Vec<Reason> {
        let Attestations::Files(files) = &self.attestations else {
            return Vec::new();
        };
        let checks = record.checks_of(gate);
        let words = checks.filter_map(|check| Some((check, check.attestation.as_ref()?)));
        let refused = words.filter_map(|(check, word)| {
            let Some(file) = files.get(&word.sha256) else {
                return Some(Reason::AttestationGone {
                    check: check.id.clone(),
                    file: word.file.clone(),
                });
            };
            if let Some(what) = differs(&file.stored, record, check, word) {
                return Some(Reason::OtherAttestation {
                    check: check.id.clone(),
                    what: what.to_owned(),
                });
            }
            let what = format!("the attestation of check {}", check.id);
            let signed = Signed {
                what: &what,
                author: Some(&file.stored.attestation.author),
                signature: &file.signature,
            };
            not_signed(signed, &self.signers, claimants)
        });
        refused.collect()
    }
}

/// What a record says of an attestation that it took, and the attestation itself does not.
fn differs(
    stored: &StoredAttestation,
    record: &RunRecord,
    check: &CheckRecord,
    word: &Attested,
) -> Option<&'static str> {
    let file = &stored.attestation;
    let found = [
        (!stored.whole, "its seal does not fit"),
        (
            !same_person(&file.author, &word.author),
            "it is of another person",
        ),
        (
            file.clone_id != word.clone_id,
            "it was given in another clone",
        ),
        (file.at != word.at, "it was given at another time"),
        (
            (&file.gate, &file.check) != (&check.gate, &check.id),
            "it is of another check",
        ),
        (
            file.claim_sha256 != record.claim.sha256,
            "it is of another claim file",
        ),
    ];
    let mut wrong = found.into_iter().filter(|(is_wrong, _)| *is_wrong);
    wrong.next().map(|(_, what)| what)
}

/// The records of a phase that count by who made them.
#[derive(Clone, Debug)]
pub struct Counted<'r> {
    /// In the order in which they were given.
    pub records: Vec<&'r StoredRecord>,
    /// The others, and why.
    pub refused: Vec<(&'r StoredRecord, Reason)>,
    /// The authors of the claims that count.
    claimants: Vec<String>,
}

/// Whether a record is a claim of that gate that counts as one.
pub fn is_claim(record: &RunRecord, gate: &str) -> bool {
    claims(record) && record.gates.iter().any(|whole| whole == gate)
}

fn claims(record: &RunRecord) -> bool {
    record.act == Act::Claim && record.role.as_deref() == Some("builder")
}

/// Sorts the records of a phase, in the order of their chain, by whether they count.
pub fn count<'r>(records: &[&'r StoredRecord], evidence: &Evidence) -> Counted<'r> {
    let mut refused: Vec<(&StoredRecord, Reason)> = Vec::new();
    let check = |stored: &'r StoredRecord, claimants: &[String]| {
        let why = evidence.not_signed(&stored.record, claimants);
        // A run that only looks allows nothing, and nobody is asked for a passphrase to look.
        let looks = matches!(stored.record.act, Act::Verify | Act::Ci);
        why.filter(|why| !(looks && matches!(why, Reason::Unsigned { .. })))
    };
    // A claim is its author's own; who claims is known before what is said about the claims.
    let (mut counted, mut all) = (Vec::new(), Vec::new());
    for stored in records.iter().filter(|stored| claims(&stored.record)) {
        match check(stored, &[]) {
            Some(why) => refused.push((stored, why)),
            None => {
                counted.push(*stored);
                all.extend(stored.record.author.clone());
            }
        }
    }
    for stored in records.iter().filter(|stored| !claims(&stored.record)) {
        let about = about(&stored.record, &counted, &all);
        refused.extend(check(stored, &about).map(|why| (*stored, why)));
    }
    let is_refused =
        |stored: &StoredRecord| refused.iter().any(|(it, _)| std::ptr::eq(*it, stored));
    Counted {
        records: records
            .iter()
            .copied()
            .filter(|stored| !is_refused(stored))
            .collect(),
        refused,
        claimants: all,
    }
}

/// Whose lines of allowed signers let nobody sign that record: the authors of the claims that it can
/// help or harm. The act decides, and what the record says of itself only narrows it where the rest
/// of the rules hold the record to its word: a review of another claim is void for this one.
fn about(record: &RunRecord, claims: &[&StoredRecord], all: &[String]) -> Vec<String> {
    let is_own = matches!(record.role.as_deref(), Some("builder" | "ci") | None);
    match record.act {
        // It is nobody's verdict.
        Act::Verify | Act::Ci if is_own => Vec::new(),
        Act::Review => {
            let link = record.reviews.as_ref();
            match claims.iter().find(|it| Some(&it.link) == link) {
                Some(claim) => claim.record.author.iter().cloned().collect(),
                None => all.to_vec(),
            }
        }
        Act::Claim | Act::Verify | Act::Ci | Act::Veto | Act::Lift => all.to_vec(),
    }
}

impl Counted<'_> {
    /// The authors and the clones of the phase's claims.
    pub(super) fn claims(&self) -> impl Iterator<Item = &RunRecord> {
        let records = self.records.iter().map(|stored| &stored.record);
        records.filter(|record| claims(record))
    }

    /// Why the signature of a record allows nothing about the phase as a whole, whatever claim the
    /// record says that it is about.
    pub(super) fn not_signed(&self, evidence: &Evidence, record: &RunRecord) -> Option<Reason> {
        evidence.not_signed(record, &self.claimants)
    }

    /// Who may lift a veto or close a finding of `by`, and who may not: the Adversary is the author
    /// of a review, or `by`, and has claimed nothing in the phase.
    pub(super) fn is_adversary(
        &self,
        author: Option<&str>,
        clone_id: Option<&str>,
        by: Option<&str>,
    ) -> Result<(), NotTheAdversary> {
        let author = author.filter(|author| !author.trim().is_empty());
        let Some(author) = author else {
            return Err(NotTheAdversary::Unknown);
        };
        let claimed = self.claims().find(|claim| {
            let clone = claim.clone_id();
            let same = claim.author.as_deref().map(person) == Some(person(author));
            same || clone.is_some() && clone == clone_id
        });
        if claimed.is_some() {
            return Err(NotTheAdversary::Claimant(author.to_owned()));
        }
        let reviews = |record: &RunRecord| {
            let judges = record.act == Act::Review && record.role.as_deref() == Some("adversary");
            judges && record.author.as_deref().map(person) == Some(person(author))
        };
        let wrote = by.map(person) == Some(person(author));
        if wrote || self.records.iter().any(|stored| reviews(&stored.record)) {
            Ok(())
        } else {
            Err(NotTheAdversary::Neither(author.to_owned()))
        }
    }
}

/// Why somebody may not lift or close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotTheAdversary {
    Unknown,
    Claimant(String),
    Neither(String),
}

impl std::fmt::Display for NotTheAdversary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotTheAdversary::Unknown => f.write_str("git knows no author of it"),
            NotTheAdversary::Claimant(author) => {
                write!(f, "{author} has claimed a gate of the phase")
            }
            NotTheAdversary::Neither(author) => write!(
                f,
                "{author} is not the one who wrote it, and has reviewed no gate of the phase"
            ),
        }
    }
}

/// Why a typed line does not lift or close.
pub(super) fn typed_by_other(
    evidence: &Evidence,
    counted: &Counted<'_>,
    line: usize,
    by: Option<&str>,
) -> Option<String> {
    let Some(writer) = evidence.writer(line) else {
        return Some("the line is not committed, so nobody knows who wrote it".to_owned());
    };
    if let Err(why) = counted.is_adversary(Some(&writer.author), None, by) {
        return Some(why.to_string());
    }
    evidence.signers.must_sign(&writer.author).then(|| {
        format!(
            "{} names {}, and a typed line is not signed",
            evidence.signers.file, writer.author
        )
    })
}
