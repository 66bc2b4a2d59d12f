//! Runs a plan item by item and turns what happens into a record.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use chrono::{DateTime, Utc};

use crate::record::{CheckRecord, Finding, FixtureRecord, RunRecord, SCHEMA};
use claim::outcome::{ExitCode, Outcome, verdict};
use claim::{Check, ClaimFile, Control, Effect, Probe};
use kit::redact::Redactor;
use kit::text::Scope;
use reach::host::Leftovers;

use super::ask::{Asker, Question, Reply, Verdict};
use super::control::judge_control;
use super::event::{Redacting, RunEvent, Sink};
use super::fixture::{Disturber, Fixtures, named, observed};
use super::human;
use super::left;
use super::line;
use super::options::{Options, Role};
use super::places::{Places, clock_note};
use super::plan::{CheckAt, Item, schedule, select, whole_gates};
use super::provenance::{claim_ref, random, who};
use super::recorded::{self, millis, place, remark};
use super::secrets;
use kit::interrupt::Interrupt;

/// Runs the selected checks of a claim file.
pub async fn run(
    file: &ClaimFile,
    options: &Options,
    interrupt: &Interrupt,
    sink: &mut dyn Sink,
) -> RunRecord {
    let started = Utc::now();
    let redactor = Redactor::new(secrets::of(file));
    let sink: &mut dyn Sink = &mut Redacting {
        redactor: &redactor,
        inner: sink,
    };
    let run_id = kit::run_id::run_id(started, random());
    let disturber = disturber(file, options, &run_id);
    let ours = format!("{} {run_id}", disturber.inside);
    let places = Places::new(file, options, ours.trim());
    let asker = Asker {
        places: &places,
        interrupt,
        claim_folder: claim_folder(file, options),
    };
    let selected = select(file, &options.selection);
    sink.event(&RunEvent::Began {
        path: file.source.path.display().to_string(),
        checks: selected.len(),
    });
    let mut engine = Engine {
        file,
        options,
        places: &places,
        asker: &asker,
        fixtures: Fixtures::new(file, &asker, &disturber),
        refused: None,
        captured: BTreeMap::new(),
        records: BTreeMap::new(),
    };
    engine.refused = tokio::select! {
        biased;
        _ = interrupt.wait() => None,
        why = Box::pin(left::refusal(file, &selected, &places, options, &mut *sink)) => why,
    };
    if let Some(why) = &engine.refused {
        sink.event(&RunEvent::Notice(format!("UNRESTORED: {why}")));
    }
    for item in schedule(file, &selected) {
        engine.item(&item, sink).await;
    }
    engine.fixtures.leave_all(sink).await;
    let refused = engine.refused.take();
    let (checks, fixtures) = engine.finish();
    // Whoever is told to stop asks nothing more.
    let changes = match interrupt.signal() {
        None => places.changes().await,
        Some(_) => Vec::new(),
    };
    places.close().await;
    let mut notes: Vec<String> = refused
        .iter()
        .map(|why| format!("nothing was run: {why}"))
        .collect();
    notes.extend(changes.iter().cloned());
    notes.extend(places.states().iter().filter_map(clock_note));
    notes.extend(disturbed_notes(&checks));
    let cloned = selected
        .iter()
        .any(|at| at.of(file).on == claim::Place::Clone);
    if redactor.too_short() > 0 {
        notes.push(format!(
            "{} secret value(s) are shorter than {} characters and are not hidden",
            redactor.too_short(),
            kit::redact::MIN_SECRET
        ));
    }
    if let Some(name) = interrupt.signal() {
        notes.push(format!(
            "interrupted by {name}: what was disturbed was undone, the rest was not run"
        ));
    }
    if let Some(state) = options.repository.as_ref().map(|r| r.state())
        && state.dirty
        && cloned
    {
        notes.push(match state.tree.as_str() {
            "worktree" => "run in the working tree, which differs from the commit: this never counts towards a gate".to_owned(),
            _ => format!(
                "the working tree differs from the commit; checks `on: clone` saw commit {}",
                state.commit
            ),
        });
    }
    let outcomes = checks.iter().map(|check| check.outcome);
    let lost = fixtures
        .iter()
        .filter(|fixture| !fixture.restored)
        .map(|_| Outcome::Unrestored)
        .chain(refused.map(|_| Outcome::Unrestored));
    // An interrupted run is no success, also when nothing but the last undoing was left.
    let cut = interrupt.signal().map(|_| Outcome::Error);
    // Nor is one that began on one host and ended on another.
    let cut = cut.or_else(|| changes.first().map(|_| Outcome::Error));
    let exit_code = verdict(outcomes.chain(lost).chain(cut)) as u8;
    let record = RunRecord {
        schema: SCHEMA.to_owned(),
        run_id,
        tool: format!("gateproof {}", env!("CARGO_PKG_VERSION")),
        role: options.role.map(|role| role.name().to_owned()),
        act: options.act,
        who: who(),
        author: options.repository.as_ref().and_then(|r| r.author()),
        claim: claim_ref(file, options),
        repository: options
            .repository
            .as_ref()
            .map(|repository| repository.state()),
        hosts: places.states(),
        started,
        ended: Utc::now(),
        checks,
        fixtures,
        selection: options.selection.describe(),
        gates: whole_gates(file, &selected),
        reviews: None,
        claimed_hosts: Vec::new(),
        filed: Vec::new(),
        closed: Vec::new(),
        follows: Vec::new(),
        exit_code,
        notes,
    };
    // Nothing that looks like a secret leaves this function.
    redactor.clean(&record).unwrap_or_else(|error| RunRecord {
        checks: Vec::new(),
        fixtures: Vec::new(),
        exit_code: ExitCode::CouldNotCheck as u8,
        notes: vec![format!("the observations are withheld: {error}")],
        ..record
    })
}

/// Who disturbs, as hosts and other people are told.
fn disturber(file: &ClaimFile, options: &Options, run_id: &str) -> Disturber {
    let claim = claim_ref(file, options);
    Disturber {
        run_id: run_id.to_owned(),
        who: who(),
        claim: claim.path,
        claim_sha256: claim.sha256,
        claim_path: file.source.whole_path(),
        folder: options.folder.clone(),
        inside: left::inside(),
        patience: options.lease_wait,
    }
}

/// Once for all checks of which the same is to be known.
fn disturbed_notes(checks: &[CheckRecord]) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for check in checks {
        for note in &check.notes {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
    }
    notes
}

/// The folder that the claim file's own paths are relative to.
fn claim_folder(file: &ClaimFile, options: &Options) -> PathBuf {
    let path = &file.source.path;
    let cloned = options.repository.as_ref().and_then(|r| r.in_clone(path));
    let folder = cloned.as_deref().unwrap_or(path).parent();
    folder.map(PathBuf::from).unwrap_or_default()
}

struct Engine<'r> {
    file: &'r ClaimFile,
    options: &'r Options,
    places: &'r Places,
    asker: &'r Asker<'r>,
    fixtures: Fixtures<'r>,
    /// Why nothing may be run.
    refused: Option<String>,
    /// Captured values by gate.
    captured: BTreeMap<usize, Scope>,
    records: BTreeMap<CheckAt, CheckRecord>,
}

impl Engine<'_> {
    async fn item(&mut self, item: &Item, sink: &mut dyn Sink) {
        let check = item.at.of(self.file);
        if item.control {
            if let Some(control) = &check.control {
                self.control(item, check, control, sink).await;
            }
            return;
        }
        let started = Utc::now();
        let record = match self.refusal(item.at, check) {
            Some((outcome, why)) => self.not_run(item.at, check, started, outcome, &why),
            None => match self.conditions(item, sink).await {
                Err(why) => self.not_run(item.at, check, started, Outcome::Error, &why),
                Ok(()) => self.asked(item.at, check, started).await,
            },
        };
        let waits_for_control = check.control.is_some() && record.outcome == Outcome::Pass;
        if !waits_for_control {
            sink.event(&RunEvent::CheckDone(Box::new(record.clone())));
        }
        self.records.insert(item.at, record);
    }

    /// Why a check is not run at all.
    fn refusal(&self, at: CheckAt, check: &Check) -> Option<(Outcome, String)> {
        if let Some(name) = self.asker.interrupt.signal() {
            return Some((Outcome::Error, format!("not run: interrupted by {name}")));
        }
        if let Some(why) = &self.refused {
            return Some((Outcome::Error, format!("not run: {why}")));
        }
        if let Some(reason) = &check.skip {
            return Some((Outcome::Skipped, format!("declared: {reason}")));
        }
        let effect = self.effect(check);
        if self.options.role == Some(Role::Ci) && effect != Effect::Observe {
            let why = format!(
                "CI only observes, and this would {} (a push can come while others hold the host)",
                effect.name()
            );
            return Some((Outcome::Skipped, why));
        }
        if effect == Effect::Destructive && !self.options.allow_destructive {
            let why = "destructive: cannot be undone; run with `--allow destructive`".to_owned();
            return Some((Outcome::Skipped, why));
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

    /// The effect of a check with all its fixtures, and those of its control.
    fn effect(&self, check: &Check) -> Effect {
        let control = check
            .control
            .iter()
            .flat_map(|control| control.with.iter().flatten());
        check
            .with
            .iter()
            .chain(control)
            .filter_map(|name| self.file.fixtures.get(name))
            .map(|fixture| fixture.effect)
            .fold(check.effect, Effect::max)
    }

    /// Brings the fixtures of an item into force.
    async fn conditions(&mut self, item: &Item, sink: &mut dyn Sink) -> Result<(), String> {
        let gate = &self.file.gates[item.at.gate].id;
        self.fixtures.bring(&item.with, gate, sink).await?;
        if let Some(name) = self.fixtures.unrestored() {
            // Nothing that is seen on a host that is not back means anything.
            return Err(format!("not run: fixture `{name}` is not restored"));
        }
        if let Some(name) = self.asker.interrupt.signal() {
            return Err(format!("not run: interrupted by {name}"));
        }
        match self.fixtures.until() {
            Some(until) if until <= Instant::now() => {
                Err("not run: the fixture has been in force for as long as it may".to_owned())
            }
            _ => Ok(()),
        }
    }

    async fn asked(&mut self, at: CheckAt, check: &Check, started: DateTime<Utc>) -> CheckRecord {
        let scope = self.scope(at, check);
        if let Probe::Human(human) = &check.probe {
            let asked = (self.file.gates[at.gate].id.as_str(), check, human);
            let seen = human::look(self.file, self.options, self.places, asked, &scope).await;
            return seen.into_record(self.blank(at, check, started, &scope));
        }
        let reply = self
            .asker
            .ask(Question {
                place: &check.on,
                probe: &check.probe,
                expect: &check.expect,
                timing: &check.timing,
                scope: &scope,
                leftovers: Leftovers::Kill,
                until: self.fixtures.until(),
                guard: None,
            })
            .await;
        let (mut outcome, mut findings) = self.judged(&reply);
        if let Some(why) = self.fixtures.not_in_force().await {
            outcome = Outcome::Error;
            findings.insert(0, remark("the fixture is not in force", why));
        }
        let mut notes = Vec::new();
        if let Some(why) = self.disturbed(check, outcome).await {
            if outcome == Outcome::Fail {
                outcome = Outcome::Error;
                findings.insert(0, remark("somebody else disturbs the host", why.clone()));
            }
            notes.push(why);
        }
        if outcome == Outcome::Pass
            && let Some(observation) = &reply.observation
        {
            for capture in &check.capture {
                match claim::matchers::pick(capture, observation) {
                    Ok(value) => {
                        let values = self.captured.entry(at.gate).or_default();
                        values.insert(capture.name.clone(), value);
                    }
                    Err(why) => {
                        outcome = Outcome::Fail;
                        findings.push(remark(&format!("capture {}", capture.name), why));
                    }
                }
            }
        }
        CheckRecord {
            outcome,
            observed: observed(&reply),
            findings,
            observation: reply.observation.as_ref().map(recorded::observation),
            attempts: reply.attempts,
            notes,
            // Of the asking; what its fixtures took stands with their steps.
            duration_ms: millis(reply.duration),
            ..self.blank(at, check, started, &scope)
        }
    }

    /// Who else disturbs what this check was asked of. What was seen of a check that does not hold
    /// is seldom, and worth one more question.
    async fn disturbed(&self, check: &Check, outcome: Outcome) -> Option<String> {
        if !matches!(outcome, Outcome::Pass | Outcome::Fail) {
            return None;
        }
        for place in left::asked_from(check) {
            let again = outcome == Outcome::Fail;
            if let Some(holder) = self.places.disturbed_by(&place, again).await {
                return Some(format!("{} is disturbed by {holder}", named(&place)));
            }
        }
        None
    }

    fn scope(&self, at: CheckAt, check: &Check) -> Scope {
        let mut scope = check.scope.clone();
        scope.extend(self.fixtures.captured());
        scope.extend(self.captured.get(&at.gate).cloned().unwrap_or_default());
        scope
    }

    fn judged(&self, reply: &Reply) -> (Outcome, Vec<Finding>) {
        match &reply.verdict {
            Verdict::Holds => (Outcome::Pass, Vec::new()),
            Verdict::Differs(mismatches) => (
                Outcome::Fail,
                mismatches
                    .iter()
                    .map(|mismatch| recorded::finding(mismatch.clone(), &self.file.source))
                    .collect(),
            ),
            Verdict::Undecidable(why) => {
                (Outcome::Error, vec![remark("cannot be told", why.clone())])
            }
            Verdict::Fault(fault) => (Outcome::Error, vec![fault_finding(fault)]),
            Verdict::Interrupted(name) => (
                Outcome::Error,
                vec![remark("interrupted", format!("by {name}"))],
            ),
        }
    }

    /// Asks the control of a check that passed: it must show its own value, and the check's
    /// expectation must not hold there.
    async fn control(
        &mut self,
        item: &Item,
        check: &Check,
        control: &Control,
        sink: &mut dyn Sink,
    ) {
        let passed = self
            .records
            .get(&item.at)
            .is_some_and(|record| record.outcome == Outcome::Pass);
        if !passed {
            return;
        }
        let probe = control.probe.as_ref().unwrap_or(&check.probe);
        let (outcome, control_record, finding) = match self.conditions(item, sink).await {
            Err(why) => (Outcome::Error, None, Some(remark("control", why))),
            Ok(()) => {
                // With what the control's own fixtures have captured.
                let scope = self.scope(item.at, check);
                let reply = self
                    .asker
                    .ask(Question {
                        place: &check.on,
                        probe,
                        expect: &control.expect,
                        timing: &control.timing,
                        scope: &scope,
                        leftovers: Leftovers::Kill,
                        until: self.fixtures.until(),
                        guard: None,
                    })
                    .await;
                match self.fixtures.not_in_force().await {
                    Some(why) => (Outcome::Error, None, Some(remark("control", why))),
                    None => judge_control(check, control, &reply, &scope),
                }
            }
        };
        let Some(record) = self.records.get_mut(&item.at) else {
            return;
        };
        record.outcome = outcome;
        record.control = control_record;
        record.findings.extend(finding);
        sink.event(&RunEvent::CheckDone(Box::new(record.clone())));
    }

    fn not_run(
        &self,
        at: CheckAt,
        check: &Check,
        started: DateTime<Utc>,
        outcome: Outcome,
        why: &str,
    ) -> CheckRecord {
        let scope = self.scope(at, check);
        CheckRecord {
            outcome,
            observed: "not asked".to_owned(),
            findings: vec![remark("not asked", why)],
            ..self.blank(at, check, started, &scope)
        }
    }

    /// The part of a record that is known before anything is asked.
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
            asked: line::asked(&check.probe, scope),
            expected: check.expected.clone(),
            effect: self.effect(check).name().to_owned(),
            outcome: Outcome::Error,
            observed: String::new(),
            findings: Vec::new(),
            observation: None,
            control: None,
            attestation: None,
            attempts: 0,
            started,
            duration_ms: 0,
            reproduce: line::reproduce(
                &check.probe,
                scope,
                &self.places.way(&check.on),
                self.places.destination(&check.on),
                check.timing.timeout,
            ),
            place: place(&self.file.source, check.span.start),
            notes: Vec::new(),
        }
    }

    /// The records in the order of the file. A PASS under a disturbance that is not undone is
    /// no PASS.
    fn finish(self) -> (Vec<CheckRecord>, Vec<FixtureRecord>) {
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

fn fault_finding(fault: &reach::host::Fault) -> Finding {
    let mut finding = remark("could not be checked", fault.to_string());
    if let reach::host::Fault::Deadline { output, .. } = fault
        && !output.trim().is_empty()
    {
        finding.observed = format!(
            "until then: {}",
            output.trim().chars().take(400).collect::<String>()
        );
    }
    finding
}
