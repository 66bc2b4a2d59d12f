//! What the records on the upstream's tip amount to, by the rule that decides what counts
//! ([`crate::gate::counts`]); and what waits there for a role.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::upstream::UpstreamBranch;
use crate::gate::counts::{
    ClaimFacts, Counted, Evidence, VetoState, Worth, contradiction, count, is_about, is_claim,
    vetoes, worth,
};
use crate::gate::heading::{self, Reading};
use crate::gate::sources::{self, SignedFile};
use crate::gate::verdict::join_reasons;
use crate::record::{
    ATTESTATIONS, Act, ClaimRef, RunRecord, StoredRecord, attestation_of, phase_of,
};
use crate::report::documents::{Document, untouched};
use crate::role::blobs;
use reach::host::Fault;

/// A phase on the upstream's tip.
#[derive(Clone, Debug, Default)]
pub(super) struct UpstreamPhase {
    /// In the order of the chain.
    pub(super) records: Vec<StoredRecord>,
    pub(super) evidence: Evidence,
    pub(super) review: Reading,
    /// Whether STATUS declares the phase done.
    pub(super) done: bool,
}

/// The phases on the upstream's tip, by the folder of their records.
#[derive(Clone, Debug, Default)]
pub struct UpstreamRecords {
    pub(super) phases: BTreeMap<String, UpstreamPhase>,
    pub(super) now: DateTime<Utc>,
}

/// What a record amounts to for a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts; of a review its verdict.
    Counts(Option<&'static str>),
    /// It does not, and why.
    Refused(String),
}

impl UpstreamRecords {
    /// Reads the records on a commit, with what makes them count.
    pub(super) async fn read(upstream: &UpstreamBranch, tip: &str) -> Result<Self, Fault> {
        let files = upstream.files(tip).await?;
        let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        let records: Vec<&str> = paths.iter().copied().filter(|it| is_evidence(it)).collect();
        let contents = blobs(&upstream.root, tip, &records).await?;
        let mut folders: BTreeMap<&str, Vec<(&str, &[u8])>> = BTreeMap::new();
        for (path, bytes) in &contents {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            folders.entry(folder).or_default().push((name, bytes));
        }
        let failed = |error: &dyn std::fmt::Display| Fault::Other(error.to_string());
        let signers = sources::signers(&upstream.root, Some(tip)).map_err(|it| failed(&it))?;
        let mut found = UpstreamRecords {
            phases: BTreeMap::new(),
            now: Utc::now(),
        };
        for (folder, contents) in folders {
            let by_name: BTreeMap<&str, &[u8]> = contents.iter().copied().collect();
            let phase = phase_of(Path::new(folder), contents.iter().copied());
            let records: Vec<StoredRecord> = phase.sound().cloned().collect();
            let bytes = |path: &Path| {
                let name = path.file_name()?.to_str()?;
                by_name.get(name).map(|bytes| bytes.to_vec())
            };
            let files: Vec<SignedFile> = records
                .iter()
                .map(|stored| {
                    let content = bytes(&stored.path).unwrap_or_default();
                    SignedFile::of_record(&stored.record, content, bytes(&stored.signature()))
                })
                .collect();
            let of = records.last().map(|stored| stored.record.claim.clone());
            let signatures = sources::signatures(&upstream.root, &files, &signers);
            let mut phase = UpstreamPhase {
                evidence: Evidence {
                    signers: signers.clone(),
                    signatures: signatures.map_err(|it| failed(&it))?,
                    ..Evidence::default()
                },
                records,
                ..UpstreamPhase::default()
            };
            if let Some(of) = of {
                phase.documents(upstream, tip, &paths, &of).await?;
                phase.attestations(upstream, tip, &paths, &of).await?;
            }
            found.phases.insert(folder.to_owned(), phase);
        }
        Ok(found)
    }

    /// One phase, as it would be read.
    #[cfg(test)]
    pub(crate) fn of_one(
        folder: &str,
        records: Vec<StoredRecord>,
        evidence: Evidence,
        review: Reading,
        now: DateTime<Utc>,
    ) -> UpstreamRecords {
        let phase = UpstreamPhase {
            records,
            evidence,
            review,
            done: false,
        };
        UpstreamRecords {
            phases: BTreeMap::from([(folder.to_owned(), phase)]),
            now,
        }
    }

    /// What a record amounts to for a gate.
    pub fn standing(&self, path: &str, record: &RunRecord, gate: &str) -> Standing {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let phase = self.phases.get(folder);
        let found = phase.and_then(|phase| {
            let mut records = phase.records.iter();
            let stored = records.find(|it| it.record == *record)?;
            Some((phase, stored))
        });
        match found {
            Some((phase, stored)) => phase.standing(stored, gate, self.now),
            None => Standing::Refused(format!(
                "the record {path} is damaged, or is not there any more"
            )),
        }
    }

    /// What waits for somebody now: claims without a verdict, verdicts of claims that nobody has
    /// followed, and open vetoes. Whether it is handed off is decided as of every other record.
    pub(crate) fn waiting(&self) -> Vec<Waiting<'_>> {
        let phases = self.phases.values();
        phases.flat_map(|phase| phase.waiting(self.now)).collect()
    }

    /// Every record.
    pub(super) fn records(&self) -> impl Iterator<Item = &RunRecord> {
        let stored = self.phases.values().flat_map(|phase| &phase.records);
        stored.map(|stored| &stored.record)
    }
}

/// A record that somebody has to act on.
#[derive(Clone, Debug)]
pub(crate) struct Waiting<'r> {
    pub(crate) stored: &'r StoredRecord,
    /// As the hand-off names it ([`super::handoff::gates_of`]).
    pub(crate) gate: String,
}

impl UpstreamPhase {
    fn counted(&self) -> Counted<'_> {
        let records: Vec<&StoredRecord> = self.records.iter().collect();
        count(&records, &self.evidence)
    }

    fn standing(&self, stored: &StoredRecord, gate: &str, now: DateTime<Utc>) -> Standing {
        let counted = self.counted();
        let mut refused = counted.refused.iter();
        if let Some((_, why)) = refused.find(|(it, _)| it.link == stored.link) {
            return Standing::Refused(why.to_string());
        }
        let record = &stored.record;
        if record.act != Act::Review {
            return Standing::Counts(None);
        }
        let claims = counted.records.iter();
        let mut claims = claims.filter(|it| is_claim(&it.record, gate));
        let claim = claims.rfind(|it| is_about(record, it));
        let Some(claim) = claim else {
            return Standing::Refused("it judges a claim that does not count".to_owned());
        };
        match verdict(claim, record, gate, &self.evidence, now) {
            Ok(verdict) => Standing::Counts(Some(verdict)),
            Err(why) => Standing::Refused(why),
        }
    }

    fn waiting(&self, now: DateTime<Utc>) -> Vec<Waiting<'_>> {
        let counted = self.counted();
        let mut newest: BTreeMap<&str, &StoredRecord> = BTreeMap::new();
        for stored in &counted.records {
            let record = &stored.record;
            let gates = record.gates.iter().filter(|gate| is_claim(record, gate));
            newest.extend(gates.map(|gate| (gate.as_str(), *stored)));
        }
        let mut found = Vec::new();
        let mut waits = |stored, gate: &str| {
            found.push(Waiting {
                stored,
                gate: gate.to_owned(),
            });
        };
        for (gate, claim) in newest {
            let mut later = counted.records.iter().rev();
            let judged = later.find_map(|it| {
                if !contradiction(gate, claim, &it.record).is_empty() {
                    return Some((*it, "FAIL"));
                }
                if it.record.act != Act::Review || !is_about(&it.record, claim) {
                    return None;
                }
                let verdict = verdict(claim, &it.record, gate, &self.evidence, now).ok()?;
                Some((*it, verdict))
            });
            match judged {
                None => waits(claim, gate),
                Some((_, "PASS")) if self.done => {}
                Some((judging, _)) => waits(judging, gate),
            }
        }
        for veto in self.open_vetoes(&counted) {
            let mut records = counted.records.iter();
            let record = records.find(|stored| Some(&stored.record.run_id) == veto.run.as_ref());
            if let Some(stored) = record {
                waits(stored, &veto.gates.join(" "));
            }
        }
        found
    }

    fn open_vetoes(&self, counted: &Counted<'_>) -> Vec<VetoState> {
        let mut open = vetoes(counted, &self.review, &self.evidence);
        open.retain(VetoState::is_open);
        open
    }

    /// What REVIEW and STATUS say, and who wrote the lines of REVIEW.
    async fn documents(
        &mut self,
        upstream: &UpstreamBranch,
        tip: &str,
        paths: &[&str],
        of: &ClaimRef,
    ) -> Result<(), Fault> {
        let path = |document: Document| {
            let docs = of.docs.trim_end_matches('/');
            let name = document.file_name(&of.phase);
            match docs {
                "" | "." => name,
                docs => format!("{docs}/{name}"),
            }
        };
        let (review, status) = (path(Document::Review), path(Document::Status));
        let there: Vec<&str> = [review.as_str(), status.as_str()]
            .into_iter()
            .filter(|path| paths.contains(path))
            .collect();
        for (path, bytes) in blobs(&upstream.root, tip, &there).await? {
            let reading = heading::read(&String::from_utf8_lossy(&bytes), &[]);
            if path == status {
                self.done = reading.declared_done().is_some();
                continue;
            }
            let lines = sources::writers(&upstream.root, Some(tip), Path::new(path), &reading);
            self.evidence.lines = lines.map_err(|error| Fault::Other(error.to_string()))?;
            self.evidence.blocks = untouched(&bytes);
            self.review = reading;
        }
        Ok(())
    }

    /// The attestations of the phase, as they are on the tip.
    async fn attestations(
        &mut self,
        upstream: &UpstreamBranch,
        tip: &str,
        paths: &[&str],
        of: &ClaimRef,
    ) -> Result<(), Fault> {
        let folder = format!("{ATTESTATIONS}/{}/", of.phase);
        let there = paths.iter().filter(|path| path.starts_with(&folder));
        let there: Vec<&str> = there.copied().collect();
        let contents = blobs(&upstream.root, tip, &there).await?;
        let contents: BTreeMap<&str, Vec<u8>> = contents.into_iter().collect();
        let mut files = Vec::new();
        for (path, bytes) in &contents {
            if path.ends_with(".json")
                && let Ok(stored) = attestation_of(Path::new(path), bytes)
            {
                let signature = contents.get(format!("{path}.sig").as_str());
                files.push((stored, bytes.clone(), signature.cloned()));
            }
        }
        let signers = &self.evidence.signers;
        let found = sources::signed_attestations(&upstream.root, signers, files);
        self.evidence.attestations = found.map_err(|error| Fault::Other(error.to_string()))?;
        Ok(())
    }
}

/// The verdict of a review, or why it does not count.
fn verdict(
    claim: &StoredRecord,
    review: &RunRecord,
    gate: &str,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Result<&'static str, String> {
    let claim = ClaimFacts::of(claim, gate);
    match worth(&claim.gate_spec(), &claim, review, evidence, now) {
        Worth::Pass => Ok("PASS"),
        Worth::Fail(_) => Ok("FAIL"),
        Worth::Undecided(_) => Ok("no verdict"),
        Worth::Void(why) => Err(join_reasons(&why)),
    }
}

/// A record or the signature of one, in a folder `runs`.
fn is_evidence(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let in_runs = path.split('/').rev().skip(2).any(|part| part == "runs");
    in_runs && !name.starts_with('.') && (name.ends_with(".json") || name.ends_with(".json.sig"))
}
