//! What a run knows while it goes on, and how far a check comes before it is asked.

use std::collections::BTreeMap;
use std::time::Instant;

use chrono::Utc;

use crate::record::{CONTROL_NOT_RUN, CheckRecord};
use claim::outcome::Outcome;
use claim::{Check, ClaimFile, Control, Effect, Fixture, Probe, Skip};
use kit::text::Scope;

use super::asking::{Asking, ControlStage, Stage};
use super::disturber::Disturber;
use super::event::Events;
use super::fixture::{Fixtures, NotSet};
use super::options::{Options, Role};
use super::places::Places;
use super::plan::{CheckAt, Item, observes};
use super::prober::Prober;
use super::recorded::remark;
use super::same::SameAnswers;
use super::secrets;
use super::wording;

/// Conditions, values and records of a run. [`super::group`] asks, and [`super::check_record`] says
/// what came of it.
pub(super) struct CheckRunner<'r> {
    pub(super) file: &'r ClaimFile,
    pub(super) options: &'r Options,
    pub(super) places: &'r Places,
    pub(super) prober: &'r Prober<'r>,
    pub(super) fixtures: Fixtures<'r>,
    /// Why nothing may be run.
    pub(super) refused: Option<String>,
    /// Captured values by gate.
    pub(super) captured: BTreeMap<usize, Scope>,
    pub(super) records: BTreeMap<CheckAt, CheckRecord>,
    /// Under which values the checks were asked that passed.
    pub(super) asked: BTreeMap<CheckAt, Scope>,
    /// What the checks observed whose answers others must have as well.
    pub(super) answers: SameAnswers,
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
            answers: SameAnswers::of(file),
        }
    }

    /// Brings a check as far as it comes before it is asked.
    pub(super) async fn begin(&mut self, item: &Item, sink: &mut Events<'_>) -> Stage<Asking<'r>> {
        let check = item.at.of(self.file);
        let started = Utc::now();
        let refusal = match (self.refusal(item.at, check), check.unchanged) {
            (Some(refusal), _) => Some(refusal),
            (None, Some(when)) => {
                let record = self.compared(item, when, started, sink).await;
                return Stage::Over(Box::new(record));
            }
            (None, None) => match self.conditions(&item.with, item.at, sink).await {
                Err(why) => Some((why.outcome(), why.why().to_owned())),
                Ok(()) => self.required(item.at, check).await.err(),
            },
        };
        if let Some((outcome, why)) = refusal {
            return Stage::Over(Box::new(
                self.not_run(item.at, check, started, outcome, &why),
            ));
        }
        if let Probe::Human(_) = check.probe {
            return Stage::Human(started);
        }
        Stage::Ask(Box::new(self.asking(item.at, check)))
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
        let asking = Asking {
            name: self.name(at, ": what it requires"),
            check,
            place: step.on.as_ref().unwrap_or(&check.on),
            probe: &step.probe,
            expect: &step.expect,
            timing: &step.timing,
            scope,
            each: None,
            until: self.fixtures.until(),
            observes: false,
        };
        let reply = asking.ask(self.prober).await.reply;
        let held = reply.held("what it requires");
        held.map_err(|why| (Outcome::Error, format!("not now: {why}")))
    }

    fn name(&self, at: CheckAt, what: &str) -> String {
        let gate = &self.file.gates[at.gate].id;
        format!("{gate} {}{what}", at.of(self.file).id)
    }

    /// A check, with the values that it has now.
    pub(super) fn asking(&self, at: CheckAt, check: &'r Check) -> Asking<'r> {
        let scope = self.scope(at, check);
        secrets::learn_probe(&check.probe, &scope);
        Asking {
            name: self.name(at, ""),
            check,
            place: &check.on,
            probe: &check.probe,
            expect: &check.expect,
            timing: &check.timing,
            scope,
            each: check.each.as_ref(),
            until: self.fixtures.until(),
            observes: observes(check.effect, &check.doubt),
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
        if let Some(why) = self.stopped() {
            return Some((Outcome::Skipped, why));
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
        let today = Utc::now().date_naive();
        if let Some((code, waiver)) = check.waived.iter().find(|(_, waiver)| waiver.until < today) {
            let why = format!(
                "not run: its waiver of {code} ended on {}: {}",
                waiver.until, waiver.reason
            );
            return Some((Outcome::Error, why));
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

    /// Why nothing more is asked, if a check that did not pass ends the run.
    pub(super) fn stopped(&self) -> Option<String> {
        let ends =
            |record: &&CheckRecord| !matches!(record.outcome, Outcome::Pass | Outcome::Skipped);
        let first = self.records.values().find(ends)?;
        self.options.fail_fast.then(|| {
            format!(
                "not run: `{}` is {}, and --fail-fast",
                first.id, first.outcome
            )
        })
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
    pub(super) fn effect(&self, check: &Check) -> Effect {
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

    pub(super) fn scope(&self, at: CheckAt, check: &Check) -> Scope {
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
    ) -> ControlStage<'r> {
        let check = item.at.of(self.file);
        let Some(control) = check
            .control
            .as_ref()
            .filter(|_| self.awaits_control(item.at))
        else {
            return ControlStage::Needless;
        };
        // The check was asked all the same: what has a control must not be seen less often.
        let fixtures = control.with.as_ref().unwrap_or(&check.with);
        if let Some(why) = self.not_in_ci(fixtures, (control.effect, &control.doubt)) {
            if let Some(record) = self.records.get_mut(&item.at) {
                record.notes.push(format!("{CONTROL_NOT_RUN}{why}"));
            }
            return ControlStage::Over;
        }
        if let Err(why) = self.conditions(&item.with, item.at, sink).await {
            let finding = remark("control", why.why().to_owned());
            self.take_control(item.at, (why.outcome(), None, Some(finding)));
            return ControlStage::Over;
        }
        let probe = control.probe.as_ref().unwrap_or(&check.probe);
        // With what the control's own fixtures have captured.
        let scope = self.scope(item.at, check);
        secrets::learn_probe(probe, &scope);
        ControlStage::Ask(Box::new(Asking {
            name: self.name(item.at, ": control"),
            check,
            place: &check.on,
            probe,
            expect: &control.expect,
            timing: &control.timing,
            scope,
            each: check.each.as_ref(),
            until: self.fixtures.until(),
            observes: observes(control.effect, &control.doubt),
        }))
    }
}
