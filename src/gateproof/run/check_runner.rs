//! Runs a plan item by item.

use std::collections::BTreeMap;
use std::time::Instant;

use chrono::{DateTime, Utc};

use crate::record::{
    CONTROL_NOT_RUN, CheckRecord, ControlRecord, Finding, FixtureRecord, ProofBy, SeenValue,
};
use crate::secrets::learn_scope;
use claim::outcome::Outcome;
use claim::{Check, ClaimFile, Control, Effect, Fixture, Probe, Skip};
use kit::text::{Scope, Text};
use reach::host::Leftovers;
use reach::observation::{Observation, left_processes};

use super::control::judge_control;
use super::disturber::Disturber;
use super::event::Events;
use super::fixture::{Fixtures, NotSet};
use super::group::{Asked, Asking, Begun, BegunControl};
use super::human;
use super::options::{Options, Role};
use super::places::Places;
use super::plan::{CheckAt, Item};
use super::prober::{ProbeTask, Prober};
use super::recorded::{self, judged, millis, place, remark};
use super::reproduce::describe_probe;
use super::secrets;
use super::teeth;
use super::wording;
use super::{planned, seen};

/// What a run knows while it goes on: conditions, values and records. [`super::group`] asks.
pub(super) struct CheckRunner<'r> {
    pub(super) file: &'r ClaimFile,
    pub(super) options: &'r Options,
    places: &'r Places,
    pub(super) prober: &'r Prober<'r>,
    pub(super) fixtures: Fixtures<'r>,
    /// Why nothing may be run.
    pub(super) refused: Option<String>,
    /// Captured values by gate.
    captured: BTreeMap<usize, Scope>,
    pub(super) records: BTreeMap<CheckAt, CheckRecord>,
    /// Under which values the checks were asked that passed.
    asked: BTreeMap<CheckAt, Scope>,
}

impl<'r> CheckRunner<'r> {
    pub(super) fn new(
        file: &'r ClaimFile,
        options: &'r Options,
        prober: &'r Prober<'r>,
        disturber: &'r Disturber,
    ) -> Self {
        CheckRunner {
            file,
            options,
            places: prober.places,
            prober,
            fixtures: Fixtures::new(file, prober, disturber),
            refused: None,
            captured: BTreeMap::new(),
            records: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    /// Brings a check as far as it comes before it is asked.
    pub(super) async fn begin(&mut self, item: &Item, sink: &mut Events<'_>) -> Begun<'r> {
        let check = item.at.of(self.file);
        let started = Utc::now();
        let refusal = match self.refusal(item.at, check) {
            Some(refusal) => Some(refusal),
            None if check.unchanged => {
                let record = self.compared(item, check, started, sink).await;
                return Begun::Over(Box::new(record));
            }
            None => match self.conditions(&item.with, item.at, sink).await {
                Err(why) => Some((why.outcome(), why.why().to_owned())),
                Ok(()) => self.required(item.at, check).await.err(),
            },
        };
        if let Some((outcome, why)) = refusal {
            return Begun::Over(Box::new(
                self.not_run(item.at, check, started, outcome, &why),
            ));
        }
        if let Probe::Human(_) = check.probe {
            return Begun::Human(started);
        }
        Begun::Ask(Box::new(self.asking(item.at, check)))
    }

    /// Whether what a check requires holds now.
    ///
    /// # Errors
    /// Why nothing is known of its claim.
    pub(super) async fn required(
        &self,
        at: CheckAt,
        check: &Check,
    ) -> Result<(), (Outcome, String)> {
        let Some(step) = &check.requires else {
            return Ok(());
        };
        let scope = self.scope(at, check);
        secrets::learn_probe(&step.probe, &scope);
        let task = ProbeTask {
            place: step.on.as_ref().unwrap_or(&check.on),
            probe: &step.probe,
            expect: &step.expect,
            timing: &step.timing,
            scope: &scope,
            leftovers: Leftovers::Kill,
            until: self.fixtures.until(),
            guard: None,
        };
        let held = self.prober.probe(task).await.held("what it requires");
        held.map_err(|why| (Outcome::Error, format!("not now: {why}")))
    }

    /// A check, with the values that it has now.
    pub(super) fn asking(&self, at: CheckAt, check: &'r Check) -> Asking<'r> {
        let scope = self.scope(at, check);
        secrets::learn_probe(&check.probe, &scope);
        Asking {
            check,
            probe: &check.probe,
            expect: &check.expect,
            timing: &check.timing,
            scope,
            until: self.fixtures.until(),
        }
    }

    /// Whether a check has passed, so that its control decides.
    pub(super) fn awaits_control(&self, at: CheckAt) -> bool {
        let passed = |record: &CheckRecord| record.outcome == Outcome::Pass;
        at.of(self.file).control.is_some() && self.records.get(&at).is_some_and(passed)
    }

    /// Why a check is not run at all.
    fn refusal(&self, at: CheckAt, check: &Check) -> Option<(Outcome, String)> {
        if let Some(name) = self.prober.interrupt.signal() {
            return Some((Outcome::Error, format!("not run: interrupted by {name}")));
        }
        if let Some(why) = &self.refused {
            return Some((Outcome::Error, format!("not run: {why}")));
        }
        if let Some(Skip { reason, until }) = &check.skip {
            return Some(match until {
                Some(last) if Utc::now().date_naive() > *last => (
                    Outcome::Error,
                    format!("not run: its `skip` ended on {last}: {reason}"),
                ),
                _ => (Outcome::Skipped, format!("declared: {reason}")),
            });
        }
        if let Some(why) = self.not_in_ci(&check.with, (check.effect, &check.doubt)) {
            return Some((Outcome::Skipped, why));
        }
        if self.effect(check) == Effect::Destructive && !self.options.allow_destructive {
            let why = "destructive: cannot be undone; run with `--allow destructive`".to_owned();
            return Some((Outcome::Skipped, why));
        }
        let declared = check
            .needs
            .iter()
            .find(|need| self.skipped_by_declaration(at, need));
        if let Some(need) = declared {
            // The declaration is about the other check. This one has no reason of its own.
            let why = format!(
                "not run: needs `{need}`, which is skipped by declaration, and this check gives no reason (`skip:`) of its own"
            );
            return Some((Outcome::Error, why));
        }
        let unmet = check.needs.iter().find_map(|need| {
            let done = self
                .records
                .iter()
                .find(|(other, record)| other.gate == at.gate && record.id == *need);
            match done {
                Some((_, record)) if record.outcome == Outcome::Pass => None,
                Some((_, record)) => Some(format!("needs `{need}`, which is {}", record.outcome)),
                None => Some(format!("needs `{need}`, which was not run")),
            }
        });
        unmet.map(|why| (Outcome::Skipped, why))
    }

    fn skipped_by_declaration(&self, at: CheckAt, need: &str) -> bool {
        let mut checks = self.file.gates[at.gate].checks.iter();
        checks.any(|other| other.id == need && other.skip.is_some())
    }

    /// Why CI leaves out what has this effect and runs under these fixtures: it disturbs, or nobody knows
    /// whether it does.
    fn not_in_ci(
        &self,
        fixtures: &[String],
        (effect, doubt): (Effect, &Option<String>),
    ) -> Option<String> {
        if self.options.role != Some(Role::Ci) {
            return None;
        }
        let fixtures = fixtures
            .iter()
            .filter_map(|name| self.file.fixtures.get(name));
        let fixtures: Vec<&Fixture> = fixtures.collect();
        let worst = fixtures
            .iter()
            .map(|one| one.effect)
            .fold(effect, Effect::max);
        let unsure = fixtures
            .iter()
            .find_map(|one| Some((format!(" in fixture `{}`", one.name), one.doubt.as_ref()?)));
        let unsure = doubt.as_ref().map(|why| (String::new(), why)).or(unsure);
        wording::not_in_ci(worst, unsure)
    }

    /// The worst effect of these fixtures, or `least`.
    fn effect_of<'n>(
        &self,
        fixtures: impl IntoIterator<Item = &'n String>,
        least: Effect,
    ) -> Effect {
        fixtures
            .into_iter()
            .filter_map(|name| self.file.fixtures.get(name))
            .map(|fixture| fixture.effect)
            .fold(least, Effect::max)
    }

    /// The effect of a check with its fixtures, its control left aside.
    fn own_effect(&self, check: &Check) -> Effect {
        self.effect_of(&check.with, check.effect)
    }

    /// The effect of a control with its fixtures; one that names none has those of its check.
    fn control_effect(&self, check: &Check, control: &Control) -> Effect {
        let fixtures = control.with.as_ref().unwrap_or(&check.with);
        self.effect_of(fixtures, control.effect)
    }

    /// The effect of a check with all its fixtures, and those of its control.
    fn effect(&self, check: &Check) -> Effect {
        let control = check.control.iter();
        control
            .map(|control| self.control_effect(check, control))
            .fold(self.own_effect(check), Effect::max)
    }

    /// Brings the fixtures of an item into force.
    pub(super) async fn conditions(
        &mut self,
        with: &[String],
        at: CheckAt,
        sink: &mut Events<'_>,
    ) -> Result<(), NotSet> {
        let gate = &self.file.gates[at.gate].id;
        self.fixtures.bring(with, gate, sink).await?;
        if let Some(name) = self.fixtures.unrestored() {
            // What is observed on a host that is not back means nothing.
            let why = format!("not run: fixture `{name}` is not restored");
            return Err(NotSet::Unknown(why));
        }
        if let Some(name) = self.prober.interrupt.signal() {
            return Err(NotSet::Unknown(format!("not run: interrupted by {name}")));
        }
        match self.fixtures.until() {
            Some(until) if until <= Instant::now() => Err(NotSet::unknown(
                "not run: the fixture has been in force for as long as it may",
            )),
            _ => Ok(()),
        }
    }

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

    fn scope(&self, at: CheckAt, check: &Check) -> Scope {
        let mut scope = check.scope.clone();
        scope.extend(kit::text::moments("run", self.prober.began));
        scope.extend(self.fixtures.captured());
        scope.extend(self.captured.get(&at.gate).cloned().unwrap_or_default());
        scope
    }

    /// Brings the control of a check that passed as far as it comes before it is asked.
    pub(super) async fn begin_control(
        &mut self,
        item: &Item,
        sink: &mut Events<'_>,
    ) -> BegunControl<'r> {
        let check = item.at.of(self.file);
        let Some(control) = check
            .control
            .as_ref()
            .filter(|_| self.awaits_control(item.at))
        else {
            return BegunControl::Needless;
        };
        // The check was asked all the same: what has a control must not be seen less often.
        let fixtures = control.with.as_ref().unwrap_or(&check.with);
        if let Some(why) = self.not_in_ci(fixtures, (control.effect, &control.doubt)) {
            if let Some(record) = self.records.get_mut(&item.at) {
                record.notes.push(format!("{CONTROL_NOT_RUN}{why}"));
            }
            return BegunControl::Over;
        }
        if let Err(why) = self.conditions(&item.with, item.at, sink).await {
            let finding = remark("control", why.why().to_owned());
            self.take_control(item.at, (why.outcome(), None, Some(finding)));
            return BegunControl::Over;
        }
        let probe = control.probe.as_ref().unwrap_or(&check.probe);
        // With what the control's own fixtures have captured.
        let scope = self.scope(item.at, check);
        secrets::learn_probe(probe, &scope);
        BegunControl::Ask(Box::new(Asking {
            check,
            probe,
            expect: &control.expect,
            timing: &control.timing,
            scope,
            until: self.fixtures.until(),
        }))
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

    fn take_control(
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
            reproduce: self
                .places
                .reproduce(&check.on, &check.probe, scope, check.timing.timeout),
            place: place(&self.file.source, check.span.start),
            notes: Vec::new(),
        }
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
                    .push(remark("teeth", teeth::none_shown(found)));
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
