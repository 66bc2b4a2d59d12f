//! Gates that come after others, and who acts next.

use super::tests::{host_state, run, spec, stored, world};
use super::*;
use crate::record::{Act, RecordLink, RunRecord};
use claim::outcome::Outcome;

/// A claim of both gates, or a review of it, in which everything passed.
fn of_both(mut record: RunRecord) -> RunRecord {
    let mut second = record.checks.clone();
    for check in &mut second {
        check.gate = "M2".into();
    }
    record.checks.extend(second);
    record.gates = vec!["M1".into(), "M2".into()];
    record
}

/// A phase in which M2 comes after M1, and belongs to the orchestrator.
fn phase(change: impl FnOnce(&mut RunRecord, &mut Vec<RunRecord>), typed: &str) -> PhaseStatus {
    let mut spec = spec();
    let mut second = spec.gates[0].clone();
    second.id = "M2".into();
    second.after = vec!["M1".into()];
    second.owner = Some("the orchestrator".into());
    spec.gates.push(second);
    let mut claim = of_both(run("claim", Act::Claim, "builder", "bob", "k1", 0));
    let mut review = of_both(run("review", Act::Review, "adversary", "eve", "k2", 10));
    claim.hosts = vec![host_state()];
    review.hosts = vec![host_state()];
    let mut more = vec![review];
    change(&mut claim, &mut more);
    let claim = stored(claim);
    for review in &mut more {
        if review.act == Act::Review {
            review.reviews = Some(RecordLink {
                run_id: "claim".into(),
                sha256: claim.link.sha256.clone(),
            });
        }
    }
    let mut records = vec![claim];
    records.extend(more.into_iter().map(stored));
    let review = super::super::heading::read(typed, &["M1", "M2"]);
    judge(
        &spec,
        &records,
        &Reading::default(),
        &review,
        &world().facts,
    )
}

#[test]
fn a_gate_waits_for_the_gates_before_it_and_one_line_says_who_acts_next() {
    use GateState::{Claimed, Fail, Open, Pass, Ready, Veto};
    type Change = fn(&mut RunRecord, &mut Vec<RunRecord>);
    let rows: [(&str, Change, &str, [GateState; 2], &str); 7] = [
        (
            "both passed",
            |_, _| {},
            "",
            [Ready, Ready],
            "the Builder declares the phase done: `gateproof done pxgate`",
        ),
        (
            "nothing is claimed",
            |claim, more| {
                more.clear();
                claim.act = Act::Verify
            },
            "",
            [Open, Open],
            "the Builder claims M1: `gateproof claim M1`",
        ),
        (
            "nothing is reviewed",
            |_, more| more.clear(),
            "",
            [Claimed, Claimed],
            "the Adversary reviews M1: `gateproof review M1`",
        ),
        (
            "the first failed",
            |_, more| more[0].checks[0].outcome = Outcome::Fail,
            "",
            [Fail, Pass],
            "the Builder mends M1 and claims it again: `gateproof claim M1`",
        ),
        (
            "the second failed",
            |_, more| more[0].checks[2].outcome = Outcome::Fail,
            "",
            [Ready, Fail],
            "the orchestrator mends M2; then the Builder claims it again: `gateproof claim M2`",
        ),
        (
            "the second is open",
            |claim, more| {
                for record in more.iter_mut().chain([claim]) {
                    record.gates.pop();
                    record.checks.truncate(2);
                }
            },
            "",
            [Ready, Open],
            "the orchestrator does the work of M2; then the Builder claims it: `gateproof claim M2`",
        ),
        (
            "the first is forbidden",
            |_, _| {},
            "## VETO M1: the counter\n",
            [Veto, Pass],
            "the Builder answers the veto of M1; the Adversary lifts it",
        ),
    ];
    for (name, change, typed, states, next) in rows {
        let phase = phase(change, typed);
        let seen: Vec<GateState> = phase.gates.iter().map(|gate| gate.state).collect();
        assert_eq!(seen, states, "{name}: {:?}", phase.gates);
        assert_eq!(phase.next.as_ref().unwrap().to_string(), next, "{name}");
        let first = phase.gates[0].state;
        let waits = phase.gates[1].reasons.first().map(ToString::to_string);
        let said = format!("it comes after M1, which is {first} and not PASS");
        let is_open = !matches!(first, GateState::Pass | GateState::Ready);
        assert_eq!(
            waits.as_deref() == Some(&*said),
            is_open,
            "{name}: {waits:?}"
        );
        assert_eq!(phase.is_ready(), name == "both passed");
    }
}

#[test]
fn a_phase_that_is_declared_done_and_is_done_has_no_next_step() {
    let mut phase = phase(|_, _| {}, "");
    phase.declared_done = Some(3);
    assert_eq!(super::next::next(&phase), None);
}
