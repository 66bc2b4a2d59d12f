//! Fixtures: a disturbance is made, seen, undone, and seen to be undone.
//!
//! [`Fixtures::enter`] and [`Fixtures::leave`] are the only two places that change anything on
//! a host. A host-side undo would be armed at the start of the one, before the first act, and
//! disarmed at the end of the other, after the baseline was seen again.

use std::time::{Duration, Instant};

use indexmap::IndexMap;

use crate::claim::text::Scope;
use crate::claim::{ClaimFile, Fixture, Probe, Ready, Step, Timing};
use crate::expect::{Judgement, judge_text};
use crate::host::{Fault, Leftovers, Service};
use crate::observation::{Captured, CommandObservation, Ending, Observation};
use crate::record::{FixtureRecord, FixtureStepRecord};

use super::ask::{Asker, Question, Reply, Verdict};
use super::event::{RunEvent, Sink};
use super::line;
use super::recorded::millis;

/// How long the baseline may take to be seen again after the undoing, when nothing else is said.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a service is looked at while it gets ready.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// An undoing is tried so many times when the host cannot be reached.
const UNDO_TRIES: u32 = 3;

/// A fixture in force.
struct InForce {
    name: String,
    service: Option<Service>,
    /// Whether a service was started, whatever became of it.
    served: bool,
    /// What was seen when the service had ended by itself.
    ended: Option<String>,
    captured: Scope,
    record: FixtureRecord,
    /// When the first act began; nothing was disturbed without it.
    disturbed: Option<Instant>,
    until: Instant,
}

/// The fixtures of a run: those in force, outermost first, and the records of the past ones.
pub(super) struct Fixtures<'r> {
    file: &'r ClaimFile,
    asker: &'r Asker<'r>,
    stack: Vec<InForce>,
    records: Vec<FixtureRecord>,
    /// Fixtures that could not be set, with the reason.
    broken: IndexMap<String, String>,
}

impl<'r> Fixtures<'r> {
    pub(super) fn new(file: &'r ClaimFile, asker: &'r Asker<'r>) -> Self {
        Fixtures {
            file,
            asker,
            stack: Vec::new(),
            records: Vec::new(),
            broken: IndexMap::new(),
        }
    }

    /// Brings exactly these fixtures into force: leaves the others, enters the missing ones.
    /// The reason is returned when one of them cannot be set.
    pub(super) async fn bring(
        &mut self,
        wanted: &[String],
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        self.leave_all_but(wanted, sink).await;
        if let Some(name) = self.unrestored() {
            return Err(format!("fixture `{name}` is not restored"));
        }
        for name in &wanted[self.stack.len()..] {
            if let Some(why) = self.broken.get(name) {
                return Err(format!("fixture `{name}`: {why}"));
            }
            if let Err(why) = self.enter(name, sink).await {
                // An interrupt is no property of the fixture, but nothing is asked after it.
                self.broken.insert(name.clone(), why.clone());
                return Err(format!("fixture `{name}`: {why}"));
            }
        }
        Ok(())
    }

    /// Leaves every fixture, innermost first.
    pub(super) async fn leave_all(&mut self, sink: &mut dyn Sink) {
        self.leave_all_but(&[], sink).await;
    }

    async fn leave_all_but(&mut self, wanted: &[String], sink: &mut dyn Sink) {
        let keep = self
            .stack
            .iter()
            .zip(wanted)
            .take_while(|(fixture, name)| fixture.name == **name)
            .count();
        while self.stack.len() > keep {
            self.leave(sink).await;
        }
    }

    /// The first fixture that is not restored, if there is one.
    pub(super) fn unrestored(&self) -> Option<&str> {
        let bad = self.records.iter().find(|record| !record.restored);
        bad.map(|record| record.name.as_str())
    }

    /// What the fixtures in force have captured.
    pub(super) fn captured(&self) -> Scope {
        self.stack
            .iter()
            .flat_map(|fixture| fixture.captured.clone())
            .collect()
    }

    /// When the first of the fixtures in force has been in force for as long as it may.
    pub(super) fn until(&self) -> Option<Instant> {
        self.stack.iter().map(|fixture| fixture.until).min()
    }

    /// Which of the services in force has ended by itself, and what it showed. What is seen
    /// while a service is missing says nothing about the claim.
    pub(super) async fn dead_service(&mut self) -> Option<String> {
        for top in &mut self.stack {
            if let Some(why) = top.look_after_service().await {
                return Some(format!("fixture `{}`: {why}", top.name));
            }
        }
        None
    }

    pub(super) fn into_records(self) -> Vec<FixtureRecord> {
        self.records
    }

    async fn enter(&mut self, name: &str, sink: &mut dyn Sink) -> Result<(), String> {
        let Some(fixture) = self.file.fixtures.get(name) else {
            return Err("is not in the claim file".to_owned());
        };
        let record = FixtureRecord {
            name: name.to_owned(),
            on: fixture.on.name().to_owned(),
            restored: true,
            steps: Vec::new(),
            disturbed_ms: None,
            remedy: None,
        };
        self.stack.push(InForce {
            name: name.to_owned(),
            service: None,
            served: false,
            ended: None,
            captured: Scope::new(),
            record,
            disturbed: None,
            until: Instant::now() + fixture.deadline,
        });
        let set = self.set(fixture, sink).await;
        if set.is_err() {
            // Half a disturbance is a disturbance.
            self.leave(sink).await;
        }
        set
    }

    async fn set(&mut self, fixture: &Fixture, sink: &mut dyn Sink) -> Result<(), String> {
        if let Some(step) = &fixture.baseline {
            let reply = self.step(fixture, "baseline", step, true, sink).await;
            held("the baseline", &reply)?;
        }
        if fixture.service.is_some() {
            self.start_service(fixture, sink).await?;
        }
        for step in &fixture.act {
            if let Some(top) = self.stack.last_mut() {
                top.disturbed.get_or_insert_with(Instant::now);
            }
            let reply = self.step(fixture, "do", step, true, sink).await;
            held("`do`", &reply)?;
        }
        if let Some(step) = &fixture.until {
            let reply = self.step(fixture, "until", step, true, sink).await;
            held("`until`", &reply)?;
        }
        Ok(())
    }

    /// Undoes the innermost fixture and looks whether it is undone. No signal cuts this short.
    async fn leave(&mut self, sink: &mut dyn Sink) {
        let Some(name) = self.stack.last().map(|top| top.name.clone()) else {
            return;
        };
        let Some(fixture) = self.file.fixtures.get(&name) else {
            return;
        };
        let disturbed = self.stack.last().and_then(|top| top.disturbed);
        let mut restored = true;
        if disturbed.is_some() {
            for step in &fixture.undo {
                self.undo_step(fixture, step, sink).await;
            }
        }
        if let Err(fault) = self.stop_service().await {
            sink.event(&RunEvent::Notice(format!("fixture `{name}`: {fault}")));
        }
        let served = self.stack.last().is_some_and(|top| top.served);
        if disturbed.is_some() || served {
            if let Some(step) = &fixture.settled {
                let reply = self.step(fixture, "settled", step, false, sink).await;
                restored &= reply.verdict.holds();
            }
            if let Some(step) = &fixture.baseline {
                let step = patient(step);
                let reply = self
                    .step(fixture, "baseline again", &step, false, sink)
                    .await;
                restored &= reply.verdict.holds();
            }
        }
        if let Some(mut top) = self.stack.pop() {
            top.record.restored = restored;
            top.record.disturbed_ms = disturbed.map(|since| millis(since.elapsed()));
            if !restored {
                top.record.remedy = self.remedy(fixture, &top.captured);
                let remedy = top.record.remedy.as_deref();
                sink.event(&RunEvent::Notice(format!(
                    "UNRESTORED: fixture `{name}` was undone and is not back; {}",
                    remedy.unwrap_or("nothing is known that puts it back")
                )));
            }
            self.records.push(top.record);
        }
    }

    /// An undo step whose host cannot be reached is tried again: the link may come back.
    async fn undo_step(&mut self, fixture: &Fixture, step: &Step, sink: &mut dyn Sink) {
        for attempt in 1..=UNDO_TRIES {
            let reply = self.step(fixture, "undo", step, false, sink).await;
            let lost = matches!(
                reply.verdict,
                Verdict::Fault(Fault::LinkLost { .. } | Fault::Unreachable { .. })
            );
            if !lost || attempt == UNDO_TRIES {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// The undoing as lines to be run by hand, where there is one.
    fn remedy(&self, fixture: &Fixture, captured: &Scope) -> Option<String> {
        let mut scope = self.scope();
        scope.extend(captured.clone());
        let lines: Vec<String> = fixture
            .undo
            .iter()
            .map(|step| {
                let place = step.on.as_ref().unwrap_or(&fixture.on);
                let destination = self.asker.places.destination(place);
                let way = self.asker.places.way(place);
                line::reproduce(&step.probe, &scope, &way, destination, step.timing.timeout)
            })
            .collect();
        (!lines.is_empty()).then(|| format!("run by hand: {}", lines.join(" && ")))
    }

    fn scope(&self) -> Scope {
        let mut scope = self.file.vars.clone();
        scope.extend(self.captured());
        scope
    }

    /// Takes one step and puts it on record.
    async fn step(
        &mut self,
        fixture: &Fixture,
        name: &str,
        step: &Step,
        interruptible: bool,
        sink: &mut dyn Sink,
    ) -> Reply {
        let scope = self.scope();
        let place = step.on.as_ref().unwrap_or(&fixture.on);
        let question = Question {
            place,
            probe: &step.probe,
            expect: &step.expect,
            timing: &step.timing,
            scope: &scope,
            leftovers: Leftovers::Keep,
            // Undoing takes as long as it takes.
            until: interruptible.then(|| self.until()).flatten(),
        };
        let reply = if interruptible {
            self.asker.ask(question).await
        } else {
            self.asker.ask_to_the_end(question).await
        };
        let record = FixtureStepRecord {
            step: name.to_owned(),
            asked: line::asked(&step.probe, &scope),
            expected: step.expected.clone(),
            observed: observed(&reply),
            held: reply.verdict.holds(),
            attempts: reply.attempts,
            duration_ms: millis(reply.duration),
        };
        self.tell(fixture, record, sink);
        reply
    }

    fn tell(&mut self, fixture: &Fixture, record: FixtureStepRecord, sink: &mut dyn Sink) {
        sink.event(&RunEvent::FixtureStep {
            fixture: fixture.name.clone(),
            step: record.clone(),
        });
        if let Some(top) = self.stack.last_mut() {
            top.record.steps.push(record);
        }
    }

    async fn start_service(
        &mut self,
        fixture: &Fixture,
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        let Some(command) = &fixture.service else {
            return Ok(());
        };
        let started = Instant::now();
        let scope = self.scope();
        let (host, at) = self
            .asker
            .places
            .reach(&fixture.on)
            .await
            .map_err(|fault| fault.to_string())?;
        let run = line::invocation(command, &scope, &at, fixture.deadline, Leftovers::Kill);
        let service = host.start(&run).await.map_err(|fault| fault.to_string())?;
        if let Some(top) = self.stack.last_mut() {
            top.service = Some(service);
            top.served = true;
        }
        let ready = self.ready(fixture, sink).await;
        let record = FixtureStepRecord {
            step: "service".to_owned(),
            asked: line::asked(&Probe::Command(command.clone()), &scope),
            expected: "ready".to_owned(),
            observed: ready.clone().err().unwrap_or_else(|| "ready".to_owned()),
            held: ready.is_ok(),
            attempts: 1,
            duration_ms: millis(started.elapsed()),
        };
        self.tell(fixture, record, sink);
        ready
    }

    /// Waits until the service is ready, and captures what it printed.
    async fn ready(&mut self, fixture: &Fixture, sink: &mut dyn Sink) -> Result<(), String> {
        let patience = match &fixture.ready {
            Some(Ready::Stdout(_, within)) => *within,
            Some(Ready::Step(step)) => step.timing.within.unwrap_or(PATIENCE),
            None => PATIENCE,
        };
        let end = self.bounded(Instant::now() + patience);
        match &fixture.ready {
            Some(Ready::Step(step)) => self.ready_by_probe(fixture, step, sink).await?,
            Some(Ready::Stdout(matcher, _)) => {
                let scope = self.scope();
                let span = fixture.span.clone();
                self.printed(end, |seen| {
                    match judge_text(matcher, &seen.stdout, "stdout", span.clone(), &scope) {
                        Judgement::Holds => Ok(()),
                        _ => Err(format!(
                            "not ready after {}: {}",
                            humantime::format_duration(patience),
                            crate::expect::summary(&Observation::Command(seen.clone()))
                        )),
                    }
                })
                .await?;
            }
            None => {}
        }
        // What is captured may come a moment after whatever says that it is ready.
        let captured = self.printed(end, |seen| captured(fixture, seen)).await?;
        if let Some(top) = self.stack.last_mut() {
            top.captured = captured;
        }
        Ok(())
    }

    /// Asks the probe until it holds; a service that has ended is not waited for.
    async fn ready_by_probe(
        &mut self,
        fixture: &Fixture,
        step: &Step,
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        let Some(mut service) = self.stack.last_mut().and_then(|top| top.service.take()) else {
            return Err("the service is gone".to_owned());
        };
        let seen = tokio::select! {
            reply = self.step(fixture, "ready", step, true, sink) => Ok(reply),
            why = ending(&mut service) => Err(why),
        };
        if let Some(top) = self.stack.last_mut() {
            top.service = Some(service);
            top.ended = seen.as_ref().err().cloned();
        }
        held("`ready`", &seen?)
    }

    /// Looks at what the service prints until it is as wanted; at the end the reason why it is
    /// not. A service that has ended is not waited for.
    async fn printed<T>(
        &mut self,
        end: Instant,
        wanted: impl Fn(&CommandObservation) -> Result<T, String>,
    ) -> Result<T, String> {
        loop {
            let late = Instant::now() >= end;
            let seen = self.service_output().await?;
            match wanted(&seen) {
                Ok(value) => return Ok(value),
                Err(why) if late => return Err(why),
                Err(_) => {}
            }
            if let Some(name) = self.asker.interrupt.signal() {
                return Err(format!("interrupted by {name}"));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// No later than the fixtures in force may be.
    fn bounded(&self, end: Instant) -> Instant {
        self.until().map_or(end, |until| until.min(end))
    }

    /// What the service has printed; an error when it has ended.
    async fn service_output(&mut self) -> Result<CommandObservation, String> {
        let Some(top) = self.stack.last_mut() else {
            return Err("the service is gone".to_owned());
        };
        if let Some(why) = top.look_after_service().await {
            return Err(why);
        }
        let Some(service) = &top.service else {
            return Err("the service is gone".to_owned());
        };
        let bytes = service.stdout().await.map_err(|fault| fault.to_string())?;
        Ok(CommandObservation {
            ending: Ending::Exited(0),
            stdout: Captured::whole(bytes),
            stderr: Captured::default(),
            duration: Duration::ZERO,
        })
    }

    async fn stop_service(&mut self) -> Result<(), Fault> {
        match self.stack.last_mut().and_then(|top| top.service.take()) {
            Some(service) => service.stop().await,
            None => Ok(()),
        }
    }
}

impl InForce {
    /// Why there is no service any more, when it has ended by itself.
    async fn look_after_service(&mut self) -> Option<String> {
        if self.ended.is_none()
            && let Some(service) = &mut self.service
        {
            self.ended = ended(service).await;
        }
        self.ended.clone()
    }
}

/// What a service showed that has ended by itself, or why it cannot be looked after.
async fn ended(service: &mut Service) -> Option<String> {
    match service.ended().await {
        Ok(None) => None,
        Ok(Some(end)) => {
            let said = end.stderr.text().trim().to_owned();
            let seen = crate::expect::summary(&Observation::Command(end));
            let more = match said.is_empty() || seen.contains(&said) {
                true => String::new(),
                false => format!("; stderr: {}", tail(&said)),
            };
            Some(format!("the service has ended: {seen}{more}"))
        }
        Err(fault) => Some(format!("the service: {fault}")),
    }
}

/// Waits until a service ends by itself.
async fn ending(service: &mut Service) -> String {
    loop {
        if let Some(why) = ended(service).await {
            return why;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The end of a text, where programs say why they gave up.
fn tail(text: &str) -> String {
    let skip = text.chars().count().saturating_sub(400);
    text.chars().skip(skip).collect()
}

/// The values that a fixture takes from what its service has printed.
fn captured(fixture: &Fixture, seen: &CommandObservation) -> Result<Scope, String> {
    let seen = Observation::Command(seen.clone());
    let value = |capture: &crate::claim::Capture| {
        crate::expect::pick(capture, &seen)
            .map(|value| (capture.name.clone(), value))
            .map_err(|why| format!("capture `{}`: {why}", capture.name))
    };
    fixture.capture.iter().map(value).collect()
}

/// After an undoing the baseline may take a moment to be true again.
fn patient(step: &Step) -> Step {
    let mut step = step.clone();
    if step.timing.within.is_none() {
        step.timing = Timing {
            within: Some(PATIENCE),
            never_within: None,
            every: Duration::from_millis(500),
            repeat: 1,
            at_least: 1,
            timeout: step.timing.timeout,
        };
    }
    step
}

fn held(what: &str, reply: &Reply) -> Result<(), String> {
    match &reply.verdict {
        Verdict::Holds => Ok(()),
        Verdict::Interrupted(name) => Err(format!("interrupted by {name}")),
        Verdict::Fault(fault) => Err(format!("{what} could not be asked: {fault}")),
        Verdict::Undecidable(why) => Err(format!("{what}: {why}")),
        Verdict::Differs(mismatches) => {
            let said: Vec<String> = mismatches
                .iter()
                .map(|m| {
                    format!(
                        "{}: expected {}, observed {}",
                        m.subject, m.expected, m.observed
                    )
                })
                .collect();
            Err(format!("{what} does not hold: {}", said.join("; ")))
        }
    }
}

/// What a reply showed, on one line.
pub(super) fn observed(reply: &Reply) -> String {
    match (&reply.verdict, &reply.observation) {
        (Verdict::Fault(fault), _) => fault.to_string(),
        (Verdict::Interrupted(name), _) => format!("interrupted by {name}"),
        (_, Some(observation)) => crate::expect::summary(observation),
        (_, None) => String::new(),
    }
}
