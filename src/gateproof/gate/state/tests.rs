use crate::gate::spec::{ClaimSpec, GateSpec};
use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use proptest::strategy::Strategy;

use super::cases::{CASES, now};
use super::*;
use crate::gate::counts::Evidence;
use crate::gate::heading;
use crate::record::{Act, HostState, RecordLink, RunRecord};
use claim::outcome::Outcome;

/// One of these.
pub(super) fn pick<T: Clone + std::fmt::Debug + 'static>(
    of: &[T],
) -> impl Strategy<Value = T> + use<T> {
    proptest::sample::select(of.to_vec())
}

pub(super) fn clock(minutes: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap() + TimeDelta::minutes(minutes)
}

pub(super) fn spec() -> ClaimSpec {
    ClaimSpec {
        phase: "pxgate".into(),
        title: "t".into(),
        path: "claims/pxgate.yaml".into(),
        sha256: "aa".repeat(32),
        fresh_for: Duration::from_secs(24 * 3600),
        gates: vec![GateSpec {
            id: "M1".into(),
            title: "one".into(),
            owner: None,
            after: Vec::new(),
            covers: Vec::new(),
            checks: vec!["a".into(), "b".into()],
            hosts: vec!["cc-ci".into()],
        }],
    }
}

pub(super) fn host_state() -> HostState {
    HostState {
        name: "cc-ci".into(),
        destination: "cc-ci".into(),
        revision: Some("/nix/store/one".into()),
        boot_id: Some("boot-1".into()),
        clock_skew_ms: Some(0),
    }
}

/// A run of the whole of M1 in which everything passed.
pub(super) fn run(id: &str, act: Act, role: &str, author: &str, clone: &str, at: i64) -> RunRecord {
    let mut record = crate::report::sample::record();
    let check = record.checks[0].clone();
    record.checks = ["a", "b"]
        .map(|id| {
            let mut check = check.clone();
            check.gate = "M1".into();
            check.id = id.into();
            check.outcome = Outcome::Pass;
            check.started = clock(at);
            check.findings.clear();
            check
        })
        .into();
    record.run_id = id.into();
    record.act = act;
    record.role = Some(role.into());
    record.author = Some(format!("{author} <{author}@example.org>"));
    record.claim.phase = "pxgate".into();
    record.claim.path = "claims/pxgate.yaml".into();
    record.claim.sha256 = "aa".repeat(32);
    let repository = record.repository.as_mut().unwrap();
    repository.commit = "c0".repeat(20);
    repository.tree = "clone".into();
    repository.clone_id = Some(clone.into());
    record.hosts = vec![host_state()];
    record.started = clock(at);
    record.ended = clock(at + 5);
    record.fixtures.clear();
    record.exit_code = 0;
    record.gates = vec!["M1".into()];
    record.reviews = None;
    record.filed.clear();
    record
}

pub(super) fn stored(record: RunRecord) -> StoredRecord {
    let link = RecordLink {
        run_id: record.run_id.clone(),
        sha256: format!("{:0>64}", record.run_id.len()),
    };
    let path = format!("{}.json", record.run_id).into();
    StoredRecord { path, link, record }
}

fn claim() -> RunRecord {
    run("claim", Act::Claim, "builder", "bob", "k1", 0)
}

fn review() -> RunRecord {
    let mut review = run("review", Act::Review, "adversary", "eve", "k2", 10);
    review.reviews = Some(RecordLink {
        run_id: "claim".into(),
        sha256: stored(claim()).link.sha256,
    });
    review
}

pub(super) fn facts(at: i64) -> GateFacts {
    GateFacts {
        now: clock(at),
        hosts: Some(BTreeMap::from([("cc-ci".to_owned(), Ok(host_state()))])),
        damaged: Vec::new(),
        evidence: Evidence::default(),
        head: None,
        changed: BTreeMap::new(),
    }
}

pub(super) struct World {
    pub(super) spec: ClaimSpec,
    pub(super) claim: RunRecord,
    pub(super) review: RunRecord,
    pub(super) more: Vec<RunRecord>,
    pub(super) review_text: &'static str,
    pub(super) facts: GateFacts,
}

impl World {
    pub(super) fn state(&self) -> GateStatus {
        let mut phase = self.phase();
        phase.gates.remove(0)
    }

    pub(super) fn phase(&self) -> PhaseStatus {
        let mut records = vec![stored(self.claim.clone()), stored(self.review.clone())];
        records.extend(self.more.iter().cloned().map(stored));
        let review = heading::read(self.review_text, &["M1"]);
        judge(
            &self.spec,
            &records,
            &Reading::default(),
            &review,
            &self.facts,
        )
    }
}

pub(super) fn world() -> World {
    World {
        spec: spec(),
        claim: claim(),
        review: review(),
        more: Vec::new(),
        review_text: "",
        facts: facts(60),
    }
}

#[test]
fn every_condition_of_a_pass_is_needed_and_named() {
    for (name, change, state, words) in CASES {
        let mut world = world();
        change(&mut world);
        let seen = world.state();
        let reasons: Vec<String> = seen.reasons.iter().map(ToString::to_string).collect();
        assert_eq!(seen.state, *state, "{name}: {reasons:?}");
        assert_eq!(
            seen.state == GateState::Ready,
            reasons.is_empty(),
            "{name}: {reasons:?}"
        );
        assert!(
            words.is_empty() || reasons.iter().any(|r| r.contains(words)),
            "{name}: {reasons:?}"
        );
    }
}

#[test]
fn several_reasons_are_said_together() {
    let mut world = world();
    now(&mut world).boot_id = Some("boot-2".into());
    world.facts.now = clock(3 * 24 * 60);
    world.review_text = "## VETO x\n";
    let seen = world.state();
    assert_eq!(seen.state, GateState::Veto);
    assert_eq!(seen.reasons.len(), 3, "{:?}", seen.reasons);
}

#[test]
fn the_exit_code_is_stale_only_when_nothing_else_is_wrong() {
    let phase = |world: &World, status: &str| {
        let records = [stored(world.claim.clone()), stored(world.review.clone())];
        let status = heading::read(status, &["M1"]);
        judge(
            &world.spec,
            &records,
            &status,
            &Reading::default(),
            &world.facts,
        )
    };
    let mut world = world();
    assert_eq!(phase(&world, "").exit_code(), ExitCode::Success);
    assert_eq!(phase(&world, "## DONE\n").summary(), "DONE");
    assert!(
        phase(&world, "## DONE\nNot yet\n")
            .summary()
            .starts_with("ready")
    );
    let asked = world.facts.hosts.take();
    let unasked = phase(&world, "## DONE\n");
    // The typed line names what is missing, and never makes it up.
    assert_eq!(unasked.exit_code(), ExitCode::Failed);
    assert!(
        unasked
            .summary()
            .starts_with("declared DONE; the hosts were not asked")
    );
    assert_eq!(
        unasked.notes,
        ["STATUS line 1 declares the phase done; the hosts were not asked this time"]
    );
    assert_eq!(phase(&world, "").summary(), "not done");
    world.facts.hosts = asked;
    world.facts.now = clock(3 * 24 * 60);
    let reopened = phase(&world, "## DONE\n");
    assert_eq!(reopened.exit_code(), ExitCode::Stale);
    assert_eq!(reopened.summary(), "DONE, reopened: STALE");
    assert!(reopened.notes[0].contains("line 1 declares the phase done; it was reopened"));
    world.review.checks[0].outcome = Outcome::Fail;
    let wrong = phase(&world, "## DONE\n## Gate: M1 — PASS @2099-01-01\n");
    assert_eq!(wrong.exit_code(), ExitCode::Failed);
    assert_eq!(wrong.summary(), "declared DONE, and it is not");
    let notes = wrong.notes.join("\n");
    assert!(
        notes.contains("STATUS line 2 says M1 PASS; by the records it is FAIL"),
        "{notes}"
    );
    assert!(notes.contains("2099-01-01 has not come yet"), "{notes}");
    world.spec.gates.clear();
    assert_eq!(phase(&world, "").exit_code(), ExitCode::Failed);
}
