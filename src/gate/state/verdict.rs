//! One gate: its newest claim, the reviews of it, and what has happened since.

use chrono::TimeDelta;

use super::reason::Reason;
use super::{Cited, ClaimSpec, Facts, GateSpec, GateState, GateStatus, Kept, is_claim};
use crate::gate::heading::Reading;
use crate::outcome::Outcome;
use crate::record::{Act, CheckRecord, HostState, RunRecord};

/// Two machines' clocks may differ by so much without anybody noticing.
const CLOCKS: TimeDelta = TimeDelta::minutes(5);

/// What a review says of a claim.
enum Says {
    Pass,
    Fail(Vec<Reason>),
    /// It counts and decides nothing: an infrastructure fault is neither PASS nor FAIL.
    Nothing(Vec<Reason>),
    /// It does not count.
    Void(Vec<Reason>),
}

pub(super) fn gate(
    file: &ClaimSpec,
    gate: &GateSpec,
    records: &[&Kept],
    review: &Reading,
    facts: &Facts,
) -> GateStatus {
    let (mut state, mut reasons, claim, verdict) = decide(file, gate, records, facts);
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
    reasons.extend(in_the_way(gate, records, review, facts));
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
        state,
        reasons,
        claim: claim.map(|kept| cite(kept, gate)),
        verdict: verdict.map(|kept| cite(kept, gate)),
    }
}

type Decision<'k> = (GateState, Vec<Reason>, Option<&'k Kept>, Option<&'k Kept>);

/// What claim and reviews amount to, whatever has happened since.
fn decide<'k>(
    file: &ClaimSpec,
    gate: &GateSpec,
    records: &[&'k Kept],
    facts: &Facts,
) -> Decision<'k> {
    let claims = records
        .iter()
        .rev()
        .filter(|kept| is_claim(&kept.record, &gate.id));
    let (from_clone, others): (Vec<&Kept>, Vec<&Kept>) =
        claims.partition(|kept| tree(&kept.record) == Some("clone"));
    let Some(claim) = from_clone.first().copied() else {
        let mut reasons = vec![Reason::Unclaimed];
        reasons.extend(others.first().map(|kept| not_from_clone(&kept.record)));
        return (GateState::Open, reasons, None, None);
    };
    let edited = (claim.record.claim.sha256 != file.sha256).then(|| Reason::ClaimEdited {
        claimed: claim.record.claim.sha256.clone(),
        now: file.sha256.clone(),
    });
    let mut void = Vec::new();
    let reviews = records.iter().rev().filter(|kept| {
        kept.record.act == Act::Review && kept.record.checks.iter().any(|c| c.gate == gate.id)
    });
    for review in reviews {
        if !is_about(&review.record, claim) {
            continue;
        }
        match says(gate, &claim.record, claim, &review.record, facts) {
            Says::Pass => return (GateState::Pass, Vec::new(), Some(claim), Some(review)),
            Says::Fail(reasons) => {
                let reasons = reasons.into_iter().chain(edited).collect();
                return (GateState::Fail, reasons, Some(claim), Some(review));
            }
            Says::Nothing(reasons) => {
                void = reasons;
                break;
            }
            // Only the newest one's failings are of interest.
            Says::Void(reasons) if void.is_empty() => void = reasons,
            Says::Void(_) => {}
        }
    }
    if void.is_empty() {
        void.push(Reason::NeverVerified {
            claim: claim.record.run_id.clone(),
        });
        void.extend(older_evidence(gate, &claim.record, records));
    }
    // A claim of another file is no claim of this one.
    let state = match edited {
        Some(_) => GateState::Open,
        None => GateState::Claimed,
    };
    let reasons = edited.into_iter().chain(void).collect();
    (state, reasons, Some(claim), None)
}

/// Whether a review says that it judges that claim. One that says nothing judges what was there.
fn is_about(review: &RunRecord, claim: &Kept) -> bool {
    match &review.reviews {
        Some(link) => link.run_id == claim.record.run_id,
        None => review.started >= claim.record.started,
    }
}

/// An earlier review, which somebody might take for one of this claim.
fn older_evidence(gate: &GateSpec, claim: &RunRecord, records: &[&Kept]) -> Option<Reason> {
    let newest = records.iter().rev().find(|kept| {
        kept.record.act == Act::Review && kept.record.checks.iter().any(|c| c.gate == gate.id)
    })?;
    (newest.record.started < claim.ended).then_some(Reason::EvidenceOlder {
        claimed: claim.ended,
        seen: newest.record.started,
    })
}

fn says(
    gate: &GateSpec,
    claim: &RunRecord,
    kept_claim: &Kept,
    review: &RunRecord,
    facts: &Facts,
) -> Says {
    let checks: Vec<&CheckRecord> = of_gate(review, &gate.id).collect();
    let red = |outcome| {
        matches!(
            outcome,
            Outcome::Fail | Outcome::Toothless | Outcome::Flaky | Outcome::Unrestored
        )
    };
    let mut against: Vec<Reason> = checks
        .iter()
        .filter(|check| red(check.outcome))
        .map(|check| not_pass(check))
        .collect();
    let filed: Vec<String> = review
        .filed
        .iter()
        .filter(|finding| finding.gate == gate.id)
        .map(|finding| finding.id.clone())
        .collect();
    if !filed.is_empty() {
        against.push(Reason::Filed {
            run: review.run_id.clone(),
            ids: filed,
        });
    }
    // What the Adversary saw fail has failed, however it was looked at.
    if review.role.as_deref() == Some("adversary") && !against.is_empty() {
        return Says::Fail(against);
    }
    let void = void(gate, claim, kept_claim, review, facts);
    if !void.is_empty() {
        return Says::Void(void);
    }
    against.extend(
        checks
            .iter()
            .filter(|check| check.outcome != Outcome::Pass)
            .map(|check| not_pass(check)),
    );
    match against.is_empty() {
        true => Says::Pass,
        false => Says::Nothing(against),
    }
}

fn not_pass(check: &CheckRecord) -> Reason {
    let awaits = check.outcome == Outcome::Error && check.observed.starts_with("awaiting a person");
    match awaits {
        true => Reason::AwaitingPerson {
            check: check.id.clone(),
        },
        false => Reason::NotPass {
            check: check.id.clone(),
            outcome: check.outcome,
        },
    }
}

/// Why a review does not count for a claim.
fn void(
    gate: &GateSpec,
    claim: &RunRecord,
    kept_claim: &Kept,
    review: &RunRecord,
    facts: &Facts,
) -> Vec<Reason> {
    let mut why = Vec::new();
    if review.role.as_deref() != Some("adversary") {
        why.push(Reason::WrongRole {
            run: review.run_id.clone(),
            role: review.role.clone().unwrap_or_else(|| "nobody".to_owned()),
        });
    }
    why.extend(author(claim, review));
    why.extend(clone(claim, review));
    if tree(review) != Some("clone") {
        why.push(not_from_clone(review));
    }
    if claim.claim.sha256 != review.claim.sha256 {
        why.push(Reason::OtherClaimFile {
            claimed: claim.claim.sha256.clone(),
            judged: review.claim.sha256.clone(),
        });
    }
    if let Some(link) = &review.reviews
        && link.sha256 != kept_claim.sha256
    {
        why.push(Reason::OtherRecord {
            judged: link.sha256.clone(),
            now: kept_claim.sha256.clone(),
        });
    }
    why.extend(commit(claim, review));
    why.extend(whole(gate, claim, review));
    let seen = of_gate(review, &gate.id)
        .map(|check| check.started)
        .fold(review.started, std::cmp::Ord::min);
    if seen < claim.ended {
        why.push(Reason::EvidenceOlder {
            claimed: claim.ended,
            seen,
        });
    }
    if review.ended > facts.now + CLOCKS {
        why.push(Reason::InTheFuture {
            run: review.run_id.clone(),
            ended: review.ended,
            now: facts.now,
        });
    }
    why.extend(
        gate.hosts
            .iter()
            .filter_map(|name| host_then(name, claim, review)),
    );
    why
}

fn author(claim: &RunRecord, review: &RunRecord) -> Option<Reason> {
    let unknown = |run: &RunRecord| {
        let author = run.author.as_deref().unwrap_or_default();
        author.trim().is_empty().then(|| Reason::UnknownAuthor {
            run: run.run_id.clone(),
        })
    };
    let same = || {
        let (one, other) = (claim.author.as_deref()?, review.author.as_deref()?);
        (mail(one) == mail(other)).then(|| Reason::SameAuthor {
            author: other.to_owned(),
        })
    };
    unknown(claim).or_else(|| unknown(review)).or_else(same)
}

/// Who somebody is to git: the mail, in whatever case; a name is easily written in two ways.
fn mail(author: &str) -> String {
    let inner = author
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.strip_suffix('>'));
    inner.unwrap_or(author).trim().to_lowercase()
}

fn clone(claim: &RunRecord, review: &RunRecord) -> Option<Reason> {
    let id = |run: &RunRecord| run.repository.as_ref().and_then(|r| r.clone_id.clone());
    let unknown = |run: &RunRecord| Reason::UnknownClone {
        run: run.run_id.clone(),
    };
    match (id(claim), id(review)) {
        (None, _) => Some(unknown(claim)),
        (_, None) => Some(unknown(review)),
        (Some(one), Some(other)) => (one == other).then_some(Reason::SameClone { clone_id: one }),
    }
}

fn commit(claim: &RunRecord, review: &RunRecord) -> Option<Reason> {
    match (&claim.repository, &review.repository) {
        (Some(one), Some(other)) if one.commit == other.commit => None,
        (Some(one), Some(other)) => Some(Reason::OtherCommit {
            claimed: one.commit.clone(),
            judged: other.commit.clone(),
        }),
        (None, _) => Some(Reason::NoCommit {
            run: claim.run_id.clone(),
        }),
        (_, None) => Some(Reason::NoCommit {
            run: review.run_id.clone(),
        }),
    }
}

/// A review is of the whole gate when it says so and has every check of the claim and of the file.
fn whole(gate: &GateSpec, claim: &RunRecord, review: &RunRecord) -> Option<Reason> {
    let has = |id: &str| of_gate(review, &gate.id).any(|check| check.id == id);
    let claimed = of_gate(claim, &gate.id).map(|check| &check.id);
    let mut missing: Vec<String> = claimed.filter(|id| !has(id)).cloned().collect();
    if claim.claim.sha256 == review.claim.sha256 {
        let today = gate.checks.iter().filter(|id| !has(id));
        missing.extend(today.cloned());
    }
    missing.sort();
    missing.dedup();
    let says_so = review.gates.iter().any(|whole| *whole == gate.id);
    (!says_so || !missing.is_empty()).then(|| Reason::Partial {
        run: review.run_id.clone(),
        missing,
    })
}

/// What is wrong with a host of the gate between claim and review.
fn host_then(name: &str, claim: &RunRecord, review: &RunRecord) -> Option<Reason> {
    let unknown = |why: &str| {
        Some(Reason::HostUnknown {
            host: name.to_owned(),
            why: why.to_owned(),
        })
    };
    let Some(seen) = host(review, name) else {
        return unknown("the review's record does not tell what it was");
    };
    if not_known(seen.revision.as_deref()) {
        return unknown("the review could not tell what it runs");
    }
    let claimed = host(claim, name).and_then(|host| host.revision.clone());
    match (claimed, &seen.revision) {
        (Some(claimed), Some(judged)) if claimed != *judged => Some(Reason::RunsOther {
            host: name.to_owned(),
            claimed,
            judged: judged.clone(),
        }),
        _ => None,
    }
}

/// How the run says that a host's `revision:` gave nothing.
fn not_known(revision: Option<&str>) -> bool {
    revision.is_some_and(|revision| revision.starts_with("not known: "))
}

/// What has happened since a PASS.
fn since(file: &ClaimSpec, gate: &GateSpec, passed: &RunRecord, facts: &Facts) -> Vec<Reason> {
    let mut why = Vec::new();
    if passed.claim.sha256 != file.sha256 {
        why.push(Reason::ClaimEdited {
            claimed: passed.claim.sha256.clone(),
            now: file.sha256.clone(),
        });
    }
    let age = (facts.now - passed.ended).to_std().unwrap_or_default();
    if age > file.fresh_for {
        why.push(Reason::TooOld {
            passed: passed.ended,
            now: facts.now,
            fresh_for: file.fresh_for,
        });
    }
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
            Some(Ok(now)) => why.extend(host_since(name, host(passed, name), now)),
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
fn in_the_way(gate: &GateSpec, records: &[&Kept], review: &Reading, facts: &Facts) -> Vec<Reason> {
    let mut why = Vec::new();
    for veto in review.open_vetoes() {
        if veto.gates.is_empty() || veto.gates.contains(&gate.id) {
            why.push(Reason::Vetoed {
                line: veto.line,
                reason: veto.reason.clone(),
            });
        }
    }
    why.extend(unrestored(records));
    for kept in records {
        let filed = kept
            .record
            .filed
            .iter()
            .filter(|finding| finding.gate == gate.id && !review.closed.contains(&finding.id));
        why.extend(filed.map(|finding| Reason::FindingOpen {
            id: finding.id.clone(),
            run: kept.record.run_id.clone(),
            text: finding.text.clone(),
        }));
    }
    let unreadable = facts.unreadable.iter();
    why.extend(unreadable.map(|what| Reason::Unreadable { what: what.clone() }));
    why
}

/// What some run has disturbed and no later one has seen restored.
fn unrestored(records: &[&Kept]) -> Vec<Reason> {
    let mut lost: Vec<(&str, &str, Reason)> = Vec::new();
    for kept in records {
        for fixture in &kept.record.fixtures {
            lost.retain(|(name, on, _)| (*name, *on) != (&fixture.name, &fixture.on));
            if !fixture.restored {
                let remedy = fixture.remedy.clone();
                let reason = Reason::Unrestored {
                    run: kept.record.run_id.clone(),
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

fn of_gate<'r>(record: &'r RunRecord, gate: &str) -> impl Iterator<Item = &'r CheckRecord> {
    record.checks.iter().filter(move |check| check.gate == gate)
}

fn tree(record: &RunRecord) -> Option<&str> {
    record.repository.as_ref().map(|r| r.tree.as_str())
}

fn not_from_clone(record: &RunRecord) -> Reason {
    let run = record.run_id.clone();
    match tree(record) {
        Some(_) => Reason::OnlyWorktree { run },
        None => Reason::NoCommit { run },
    }
}

fn host<'r>(record: &'r RunRecord, name: &str) -> Option<&'r HostState> {
    record.hosts.iter().find(|host| host.name == name)
}

fn cite(kept: &Kept, gate: &GateSpec) -> Cited {
    let record = &kept.record;
    Cited {
        run_id: record.run_id.clone(),
        sha256: kept.sha256.clone(),
        by: record.author.clone().unwrap_or_else(|| record.who.clone()),
        commit: record.repository.as_ref().map(|r| r.commit.clone()),
        at: record.ended,
        checks: of_gate(record, &gate.id).count(),
        hosts: gate
            .hosts
            .iter()
            .filter_map(|name| host(record, name).cloned())
            .collect(),
    }
}
