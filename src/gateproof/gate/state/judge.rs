//! One gate: its newest claim, the reviews of it, and what has happened since.

use super::model::{CitedRun, GateFacts, GateStatus, PhaseFacts};
use crate::attest::counts_from;
use crate::gate::counts::{ClaimFacts, Worth, contradiction, is_about, is_claim, worth};
use crate::gate::gate_state::GateState;
use crate::gate::hosts::not_known;
use crate::gate::reason::{Reason, not_from_clone};
use crate::gate::spec::{ClaimSpec, GateSpec};
use crate::gate::verdict::{assess_beside, join_reasons};
use crate::record::{Act, ClaimedBy, HostState, RunRecord, StoredRecord};

pub(super) fn gate_status(
    file: &ClaimSpec,
    gate: &GateSpec,
    phase: &PhaseFacts<'_>,
    facts: &GateFacts,
) -> GateStatus {
    let (mut state, mut reasons, claim, verdict) = decide(file, gate, phase, facts);
    if state == GateState::Pass {
        let since = match verdict {
            Some(verdict) => since(file, gate, &verdict.record, facts),
            None => Vec::new(),
        };
        if since.iter().any(Reason::makes_stale) {
            state = GateState::Stale;
        }
        reasons.extend(since);
    }
    reasons.extend(in_the_way(gate, phase, facts));
    let vetoed = reasons
        .iter()
        .any(|why| matches!(why, Reason::Vetoed { .. }));
    if vetoed {
        state = GateState::Veto;
    } else if state == GateState::Pass && reasons.is_empty() {
        state = GateState::Ready;
    }
    GateStatus {
        gate: gate.id.clone(),
        title: gate.title.clone(),
        owner: gate.owner.clone(),
        state,
        reasons,
        claim: claim.map(|stored| cite(stored, gate)),
        verdict: verdict.map(|stored| cite(stored, gate)),
    }
}

/// The state of a gate behind those that come before it: it waits until they have passed.
pub(super) fn behind(gate: &GateSpec, mut status: GateStatus, before: &[GateStatus]) -> GateStatus {
    let mut open: Vec<Reason> = Vec::new();
    for other in before.iter().filter(|it| gate.after.contains(&it.gate)) {
        if !matches!(other.state, GateState::Pass | GateState::Ready) {
            open.push(Reason::Awaits {
                gate: other.gate.clone(),
                state: other.state,
            });
        }
    }
    if !open.is_empty() && status.state == GateState::Ready {
        status.state = GateState::Pass;
    }
    status.reasons.splice(0..0, open);
    status
}

type Decision<'k> = (
    GateState,
    Vec<Reason>,
    Option<&'k StoredRecord>,
    Option<&'k StoredRecord>,
);

/// What claim and reviews amount to, whatever has happened since.
fn decide<'k>(
    file: &ClaimSpec,
    gate: &GateSpec,
    phase: &PhaseFacts<'k>,
    facts: &GateFacts,
) -> Decision<'k> {
    let records = &phase.records;
    let claims = records
        .iter()
        .rev()
        .filter(|stored| is_claim(&stored.record, &gate.id));
    let (from_clone, others): (Vec<&StoredRecord>, Vec<&StoredRecord>) =
        claims.partition(|stored| stored.record.tree() == Some("clone"));
    let Some(claim) = from_clone.first().copied() else {
        let mut reasons = vec![Reason::Unclaimed];
        reasons.extend(others.first().map(|stored| not_from_clone(&stored.record)));
        reasons.extend(phase.refused(|record| is_claim(record, &gate.id)));
        return (GateState::Open, reasons, None, None);
    };
    let edited = (claim.record.claim.sha256 != file.sha256).then(|| Reason::ClaimEdited {
        claimed: claim.record.claim.sha256.clone(),
        now: file.sha256.clone(),
    });
    let facts_of_claim = ClaimFacts::of(claim, &gate.id);
    let mut void = Vec::new();
    for review in records.iter().rev() {
        let found = contradiction(&gate.id, claim, &review.record);
        if !found.is_empty() {
            let reasons = found.into_iter().chain(edited).collect();
            return (GateState::Fail, reasons, Some(claim), Some(review));
        }
        if !judges(&review.record, &gate.id) || !is_about(&review.record, claim) {
            continue;
        }
        match worth(
            gate,
            &facts_of_claim,
            &review.record,
            &facts.evidence,
            facts.now,
        ) {
            Worth::Pass => return (GateState::Pass, Vec::new(), Some(claim), Some(review)),
            Worth::Fail(reasons) => {
                let reasons = reasons.into_iter().chain(edited).collect();
                return (GateState::Fail, reasons, Some(claim), Some(review));
            }
            Worth::Undecided(reasons) => {
                void = reasons;
                break;
            }
            // Only the reasons of the newest review are reported.
            Worth::Void(reasons) if void.is_empty() => void = reasons,
            Worth::Void(_) => {}
        }
    }
    if void.is_empty() {
        let looked = undecided(gate, claim, records);
        void.push(looked.unwrap_or_else(|| Reason::NeverVerified {
            claim: claim.record.run_id.clone(),
        }));
        void.extend(older_evidence(gate, &claim.record, records));
        void.extend(phase.refused(|record| judges(record, &gate.id) && is_about(record, claim)));
    }
    // A claim of another file is not a claim of this one.
    let state = match edited {
        Some(_) => GateState::Open,
        None => GateState::Claimed,
    };
    let reasons = edited.into_iter().chain(void).collect();
    (state, reasons, Some(claim), None)
}

/// Whether a run is a review that has anything of the gate.
fn judges(record: &RunRecord, gate: &str) -> bool {
    record.act == Act::Review && record.has_checks_of(gate)
}

/// The Adversary's newest look at the claim that decided nothing: such a run is not a review.
fn undecided(gate: &GateSpec, claim: &StoredRecord, records: &[&StoredRecord]) -> Option<Reason> {
    let about = |record: &RunRecord| {
        let link = record.reviews.as_ref();
        link.is_some_and(|link| link.run_id == claim.record.run_id)
    };
    let mut newest = records.iter().rev().map(|stored| &stored.record);
    let run = newest.find(|record| {
        record.act == Act::Verify && about(record) && record.has_checks_of(&gate.id)
    })?;
    let by = ClaimedBy::of(&claim.record);
    let reasons = assess_beside(run, &gate.id, Some(&by)).reasons;
    (!reasons.is_empty()).then(|| Reason::Undecided {
        run: run.run_id.clone(),
        why: join_reasons(&reasons),
    })
}

/// An earlier review, which a reader might take for one of this claim.
fn older_evidence(gate: &GateSpec, claim: &RunRecord, records: &[&StoredRecord]) -> Option<Reason> {
    let mut newest = records.iter().rev();
    let newest = newest.find(|stored| judges(&stored.record, &gate.id))?;
    (newest.record.started < claim.ended).then_some(Reason::EvidenceOlder {
        claimed: claim.ended,
        seen: newest.record.started,
    })
}

/// What has changed since a PASS.
fn since(file: &ClaimSpec, gate: &GateSpec, passed: &RunRecord, facts: &GateFacts) -> Vec<Reason> {
    let mut why = Vec::new();
    if passed.claim.sha256 != file.sha256 {
        why.push(Reason::ClaimEdited {
            claimed: passed.claim.sha256.clone(),
            now: file.sha256.clone(),
        });
    }
    let counts_from = counts_from(passed.ended, passed.checks_of(&gate.id));
    let age = (facts.now - counts_from).to_std().unwrap_or_default();
    if age > file.fresh_for {
        why.push(Reason::TooOld {
            passed: counts_from,
            now: facts.now,
            fresh_for: file.fresh_for,
        });
    }
    why.extend(code_since(gate, passed, facts));
    let Some(hosts) = &facts.hosts else {
        if !gate.hosts.is_empty() {
            why.push(Reason::HostsNotAsked {
                hosts: gate.hosts.clone(),
            });
        }
        return why;
    };
    for name in &gate.hosts {
        match hosts.get(name) {
            Some(Ok(now)) => why.extend(host_since(name, passed.host(name), now)),
            Some(Err(fault)) => why.push(Reason::HostSilent {
                host: name.clone(),
                why: fault.clone(),
            }),
            None => why.push(Reason::HostsNotAsked {
                hosts: vec![name.clone()],
            }),
        }
    }
    why
}

/// Whether HEAD still has the code that was judged. DONE is about HEAD.
fn code_since(gate: &GateSpec, passed: &RunRecord, facts: &GateFacts) -> Option<Reason> {
    let (head, judged) = (facts.head.as_deref()?, passed.commit()?);
    if head == judged {
        return None;
    }
    let unknown = |why: &str| {
        Some(Reason::ChangesUnknown {
            judged: judged.to_owned(),
            why: why.to_owned(),
        })
    };
    let covered = |file: &&String| {
        let below = |path: &String| {
            let rest = file.strip_prefix(path.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        gate.covers.is_empty() || gate.covers.iter().any(below)
    };
    match facts.changed.get(judged) {
        None => unknown("git was not asked"),
        Some(Err(why)) => unknown(why),
        Some(Ok(files)) => {
            let files: Vec<String> = files.iter().filter(covered).cloned().collect();
            (!files.is_empty()).then(|| Reason::CodeChanged {
                judged: judged.to_owned(),
                head: head.to_owned(),
                files,
            })
        }
    }
}

fn host_since(name: &str, then: Option<&HostState>, now: &HostState) -> Vec<Reason> {
    let mut why = Vec::new();
    let told = |value: Option<&String>| value.map_or("(not told)", String::as_str).to_owned();
    let then_boot = then.and_then(|host| host.boot_id.as_ref());
    if then_boot != now.boot_id.as_ref() {
        why.push(Reason::Rebooted {
            host: name.to_owned(),
            then: told(then_boot),
            now: told(now.boot_id.as_ref()),
        });
    }
    let then_revision = then.and_then(|host| host.revision.as_ref());
    if not_known(now.revision.as_deref()) {
        why.push(Reason::HostSilent {
            host: name.to_owned(),
            why: format!("its revision is {}", told(now.revision.as_ref())),
        });
    } else if then_revision != now.revision.as_ref() {
        why.push(Reason::Redeployed {
            host: name.to_owned(),
            then: told(then_revision),
            now: told(now.revision.as_ref()),
        });
    }
    why
}

/// What forbids DONE, whatever the verdict is.
fn in_the_way(gate: &GateSpec, phase: &PhaseFacts<'_>, facts: &GateFacts) -> Vec<Reason> {
    let mut why = Vec::new();
    let vetoes = phase.vetoes.iter();
    for veto in vetoes.filter(|veto| veto.is_open() && veto.covers(&gate.id)) {
        why.push(Reason::Vetoed {
            name: veto.name.clone(),
            line: veto.line,
            run: veto.run.clone(),
            by: veto.by.clone(),
            reason: veto.reason.clone(),
        });
        why.extend(veto.ignored.iter().cloned());
    }
    why.extend(unrestored(phase));
    for stored in &phase.records {
        let filed = stored.record.filed.iter();
        let open = filed.filter(|it| it.gate == gate.id && !phase.closings.closed.contains(&it.id));
        for finding in open {
            why.push(Reason::FindingOpen {
                id: finding.id.clone(),
                gate: gate.id.clone(),
                run: stored.record.run_id.clone(),
                text: finding.text.clone(),
            });
            let ignored = phase.closings.ignored.iter();
            let ignored = ignored.filter(|(id, _)| *id == finding.id);
            why.extend(ignored.map(|(_, reason)| reason.clone()));
        }
    }
    let damaged = facts.damaged.iter();
    why.extend(damaged.map(|fault| Reason::Damaged {
        what: fault.to_string(),
    }));
    why
}

/// What a run has disturbed and no later run has found restored. Any run can say that it has left
/// something behind; only one that counts can say that it is back.
fn unrestored(phase: &PhaseFacts<'_>) -> Vec<Reason> {
    let mut lost: Vec<(&str, &str, Reason)> = Vec::new();
    for stored in &phase.all {
        let counts = phase.records.iter().any(|it| it.link == stored.link);
        for fixture in &stored.record.fixtures {
            let is_it =
                |(name, on, _): &(&str, &str, _)| (*name, *on) == (&fixture.name, &fixture.on);
            if counts {
                lost.retain(|it| !is_it(it));
            }
            if !fixture.restored && !lost.iter().any(is_it) {
                let remedy = fixture.remedy.clone();
                let reason = Reason::Unrestored {
                    run: stored.record.run_id.clone(),
                    fixture: fixture.name.clone(),
                    on: fixture.on.clone(),
                    remedy: remedy.unwrap_or_else(|| "undo it by hand, and run again".to_owned()),
                };
                lost.push((&fixture.name, &fixture.on, reason));
            }
        }
    }
    lost.into_iter().map(|(.., reason)| reason).collect()
}

/// Of how many checks of the gate something shows that they can fail; `None` where nobody looked.
fn teeth(record: &RunRecord, gate: &str) -> Option<usize> {
    let looked = || {
        record
            .checks_of(gate)
            .filter_map(|check| check.teeth.as_ref())
    };
    looked().next()?;
    Some(looked().filter(|teeth| teeth.shown()).count())
}

/// A record as evidence for a gate.
fn cite(stored: &StoredRecord, gate: &GateSpec) -> CitedRun {
    let record = &stored.record;
    CitedRun {
        run_id: record.run_id.clone(),
        sha256: stored.link.sha256.clone(),
        by: record.author.clone().unwrap_or_else(|| record.who.clone()),
        commit: record.commit().map(str::to_owned),
        at: record.ended,
        checks: record.checks_of(&gate.id).count(),
        teeth: teeth(record, &gate.id),
        hosts: gate
            .hosts
            .iter()
            .filter_map(|name| record.host(name).cloned())
            .collect(),
    }
}
