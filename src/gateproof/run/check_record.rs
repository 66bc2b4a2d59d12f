//! What came of checks, as records.

use chrono::{DateTime, Utc};

use crate::record::{CheckRecord, ControlRecord, Finding, FixtureRecord, ProofBy, SeenValue};
use crate::secrets::learn_scope;
use claim::outcome::Outcome;
use claim::{Check, Gate, Probe};
use kit::text::{Scope, Text};
use reach::observation::{Observation, left_processes};

use super::asking::Asked;
use super::by_hand;
use super::check_runner::CheckRunner;
use super::control::judge_control;
use super::human;
use super::plan::CheckAt;
use super::recorded::{self, judged, millis, place, remark};
use super::reproduce::{describe_probe, is_form};
use super::teeth;
use super::wording::waivers;
use super::{planned, seen};

impl CheckRunner<'_> {
    /// What a person says of a `human:` check.
    pub(super) async fn attested(
        &self,
        at: CheckAt,
        check: &Check,
        started: DateTime<Utc>,
    ) -> CheckRecord {
        let scope = self.scope(at, check);
        let blank = self.blank(at, check, started, &scope);
        let Probe::Human(human) = &check.probe else {
            return blank;
        };
        let subject = (self.file.gates[at.gate].id.as_str(), check, human);
        let result = human::attestation(self.file, self.options, self.places, subject, &scope);
        result.await.into_record(blank)
    }

    /// The record of a check that was asked.
    pub(super) async fn judge(&mut self, at: CheckAt, check: &Check, asked: Asked) -> CheckRecord {
        let Asked {
            started,
            reply,
            scope,
            disturbed,
            teeth,
        } = asked;
        let (mut outcome, mut findings) = judged(&reply, &self.file.source);
        if let Some(why) = self.fixtures.not_in_force().await {
            outcome = Outcome::Error;
            findings.insert(0, remark("the fixture is not in force", why));
        }
        let mut values = seen::values(check, reply.observation.as_ref(), &scope);
        let mut notes = Vec::new();
        if let Probe::Command(command) = &check.probe
            && let Some(why) = &command.hides
        {
            notes.push(format!(
                "its command may hide a failure, by declaration: {why}"
            ));
        }
        notes.extend(waivers(check));
        if let Some(why) = disturbed {
            if outcome == Outcome::Fail {
                outcome = Outcome::Error;
                findings.insert(0, remark("somebody else disturbs the host", why.clone()));
            }
            notes.push(why);
        }
        notes.extend(left_behind(&check.id, reply.observation.as_ref()));
        if outcome == Outcome::Pass
            && let Some(observation) = &reply.observation
        {
            self.answers.keep(at, check, observation);
            match (&check.same_as, self.answers.differs(at, check, observation)) {
                (Some(other), Some((worse, why))) => {
                    outcome = worse;
                    findings.push(remark(&format!("same as `{other}`"), why));
                }
                (Some(other), None) => notes.push(format!("the same, to the byte, as `{other}`")),
                (None, _) => {}
            }
        }
        if outcome == Outcome::Pass
            && let Some(observation) = &reply.observation
        {
            let (missing, captured) = self.capture(at, check, observation);
            values.extend(captured);
            if !missing.is_empty() {
                outcome = Outcome::Fail;
                findings.extend(missing);
            }
        }
        let teeth = teeth.filter(|_| outcome == Outcome::Pass).map(|found| {
            self.asked.insert(at, scope.clone());
            if let Some(why) = found.toothless {
                outcome = Outcome::Toothless;
                findings.push(remark("teeth", why));
            }
            found.record
        });
        CheckRecord {
            outcome,
            observed: reply.observed(),
            values,
            findings,
            observation: reply.observation.as_ref().map(recorded::observation),
            teeth,
            attempts: reply.attempts,
            notes,
            // Of the probe; what its fixtures took stands with their steps.
            duration_ms: millis(reply.duration),
            ..self.blank(at, check, started, &scope)
        }
    }

    /// The control must show its own value, and the check's expectation must not hold there.
    pub(super) async fn judge_control(&mut self, at: CheckAt, asked: Asked) {
        let check = at.of(self.file);
        let Some(control) = &check.control else {
            return;
        };
        let shown = match self.fixtures.not_in_force().await {
            Some(why) => (Outcome::Error, None, Some(remark("control", why))),
            None => judge_control(check, control, &asked.reply, &asked.scope),
        };
        self.take_control(at, shown);
    }

    pub(super) fn take_control(
        &mut self,
        at: CheckAt,
        (outcome, control, finding): (Outcome, Option<ControlRecord>, Option<Finding>),
    ) {
        if let Some(record) = self.records.get_mut(&at) {
            if let (Some(teeth), Some(shown)) = (&mut record.teeth, &control)
                && shown.red
            {
                teeth.add(ProofBy::Control, shown.observed.clone());
            }
            record.outcome = outcome;
            record.control = control;
            record.findings.extend(finding);
        }
    }

    /// Takes the captures of a check. Returns those that could not be taken, and the others.
    fn capture(
        &mut self,
        at: CheckAt,
        check: &Check,
        observation: &Observation,
    ) -> (Vec<Finding>, Vec<SeenValue>) {
        let (mut missing, mut captured) = (Vec::new(), Vec::new());
        for capture in &check.capture {
            match claim::matchers::pick(capture, observation) {
                Ok(value) => {
                    let named = Scope::from_iter([(capture.name.clone(), value.clone())]);
                    learn_scope(&named, &self.file.secrets);
                    captured.push(seen::captured(&capture.name, &value));
                    let values = self.captured.entry(at.gate).or_default();
                    values.insert(capture.name.clone(), value);
                }
                Err(why) => missing.push(remark(&format!("capture {}", capture.name), why)),
            }
        }
        (missing, captured)
    }

    pub(super) fn not_run(
        &self,
        at: CheckAt,
        check: &Check,
        started: DateTime<Utc>,
        outcome: Outcome,
        why: &str,
    ) -> CheckRecord {
        let scope = self.scope(at, check);
        let subject = match outcome {
            // Only a baseline that was asked makes a FAIL of a check that was not.
            Outcome::Fail => "baseline",
            _ => "not asked",
        };
        CheckRecord {
            outcome,
            observed: "not asked".to_owned(),
            findings: vec![remark(subject, why)],
            ..self.blank(at, check, started, &scope)
        }
    }

    /// The part of a record that is known before any probe.
    fn blank(
        &self,
        at: CheckAt,
        check: &Check,
        started: DateTime<Utc>,
        scope: &Scope,
    ) -> CheckRecord {
        let gate = &self.file.gates[at.gate];
        let (on, probe, timing) = (&check.on, &check.probe, &check.timing);
        let by_hand = self.places.reproduce(on, probe, scope, timing.timeout);
        CheckRecord {
            gate: gate.id.clone(),
            gate_title: gate.title.clone(),
            id: check.id.clone(),
            claim: check.claim.clone(),
            on: check.on.name().to_owned(),
            with: check.with.clone(),
            asked: describe_probe(&check.probe, scope),
            // With the values that it is compared with; a captured one keeps its name.
            expected: Text::parse(&check.expected).render(&check.scope),
            effect: self.effect(check).name().to_owned(),
            outcome: Outcome::Error,
            observed: String::new(),
            findings: Vec::new(),
            values: Vec::new(),
            observation: None,
            planned_control: check.control.as_ref().map(|it| planned::control(check, it)),
            control: None,
            teeth: None,
            attestation: None,
            attempts: 0,
            started,
            duration_ms: 0,
            script: self.places.here_document(on, probe, scope),
            waiting: by_hand::waiting(&by_hand, &check.expect, &check.timing, scope, false),
            reproduce: self.one_line(gate, check, scope).unwrap_or(by_hand),
            place: place(&self.file.source, check.span.start),
            notes: Vec::new(),
        }
    }

    /// The line of a check with a form: its script is read where it is pasted, and fits on no line.
    fn one_line(&self, gate: &Gate, check: &Check, scope: &Scope) -> Option<String> {
        is_form(&check.probe, scope).then(|| {
            let file = self.file.source.path.display().to_string();
            let words = [
                "gateproof",
                "verify",
                &file,
                "--gate",
                &gate.id,
                "--check",
                &check.id,
            ];
            kit::shell::join(&words)
        })
    }

    /// Adds what the whole run shows of the teeth of its checks, and holds gates to what they require.
    fn conclude_teeth(&mut self) {
        for (at, record) in &mut self.records {
            let check = at.of(self.file);
            let Some(found) = &mut record.teeth else {
                continue;
            };
            if let Some(scope) = self.asked.get(at)
                && let Some(how) = teeth::disturbed(self.prober, check, scope)
            {
                found.add(ProofBy::Disturbed, how);
            }
            let required = self.file.gates[at.gate].teeth_required;
            if required && record.outcome == Outcome::Pass && !found.answered() {
                record.outcome = Outcome::Toothless;
                record
                    .findings
                    .push(remark("teeth", teeth::none_shown(check, found)));
            }
        }
    }

    /// The records in the order of the file. A PASS under a disturbance that is not undone does
    /// not count.
    pub(super) fn finish(mut self) -> (Vec<CheckRecord>, Vec<FixtureRecord>) {
        self.conclude_teeth();
        let fixtures = self.fixtures.into_records();
        let mut checks: Vec<CheckRecord> = self.records.into_values().collect();
        for check in &mut checks {
            let lost = fixtures
                .iter()
                .find(|fixture| !fixture.restored && check.with.contains(&fixture.name));
            if let Some(fixture) = lost
                && check.outcome == Outcome::Pass
            {
                check.outcome = Outcome::Unrestored;
                check.findings.push(remark(
                    &format!("fixture {}", fixture.name),
                    "it passed, but what was disturbed for it is not back",
                ));
            }
        }
        (checks, fixtures)
    }
}

/// That the command of a check left something running.
fn left_behind(check: &str, observation: Option<&Observation>) -> Option<String> {
    match observation? {
        Observation::Command(seen) if !seen.left.is_empty() => Some(format!(
            "{check} left behind what was ended then: {}",
            left_processes(&seen.left)
        )),
        _ => None,
    }
}
