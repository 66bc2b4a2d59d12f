//! Asks what may run side by side, and takes what comes of it in order.

use std::collections::BTreeSet;
use std::time::Instant;

use chrono::{DateTime, Utc};
use futures_util::stream::{self, StreamExt};

use crate::record::CheckRecord;
use claim::expectation::Expect;
use claim::outcome::Outcome;
use claim::{Check, Place, Probe, Timing};
use kit::text::Scope;
use reach::host::Leftovers;

use super::check_runner::CheckRunner;
use super::event::{Events, RunEvent};
use super::listed;
use super::plan::{CheckAt, Item, vantages};
use super::prober::{ProbeReply, ProbeTask, Prober};
use super::teeth;
use super::wording;

/// A check or a control that is to be asked.
pub(super) struct Asking<'r> {
    pub(super) check: &'r Check,
    pub(super) probe: &'r Probe,
    pub(super) expect: &'r Expect,
    pub(super) timing: &'r Timing,
    pub(super) scope: Scope,
    /// When the fixtures are undone.
    pub(super) until: Option<Instant>,
}

/// What came of it.
pub(super) struct Asked {
    pub(super) started: DateTime<Utc>,
    pub(super) reply: ProbeReply,
    pub(super) scope: Scope,
    /// Who else disturbs the places of the check.
    pub(super) disturbed: Option<String>,
    /// What shows that the check can fail, where somebody looked.
    pub(super) teeth: Option<teeth::Found>,
}

/// How far a check is before anything of its group is asked.
pub(super) enum Begun<'r> {
    /// It is not run.
    Over(Box<CheckRecord>),
    /// A person has looked, or has not.
    Human(DateTime<Utc>),
    Ask(Box<Asking<'r>>),
}

/// How far a control is before anything of its group is asked.
pub(super) enum BegunControl<'r> {
    /// Its check has not passed.
    Needless,
    /// It is not run, which stands in the record of its check.
    Over,
    Ask(Box<Asking<'r>>),
}

/// The same, once it is asked.
enum Step {
    Over(Box<CheckRecord>),
    Human(DateTime<Utc>),
    Asked(Box<Asked>),
}

impl Asking<'_> {
    /// Asks it. While its place has room for it, a check that holds is looked at for its `teeth`.
    pub(super) async fn ask(self, prober: &Prober<'_>, teeth: bool) -> Asked {
        let place = &self.check.on;
        let _room = prober.lanes.enter(prober.places, place, self.probe).await;
        let started = Utc::now();
        let task = ProbeTask {
            place,
            probe: self.probe,
            expect: self.expect,
            timing: self.timing,
            scope: &self.scope,
            leftovers: Leftovers::Kill,
            until: self.until,
            guard: None,
        };
        let (reply, scope) = match &self.check.each {
            Some(each) => listed::ask(prober, task, each).await,
            None => (prober.probe(task).await, self.scope.clone()),
        };
        let teeth = match &reply.observation {
            Some(seen) if teeth && prober.seen.is_some() && reply.result.holds() => {
                Some(teeth::of(prober, self.check, seen, &scope).await)
            }
            _ => None,
        };
        Asked {
            started,
            reply,
            scope,
            disturbed: None,
            teeth,
        }
    }
}

/// Asks a check, and who else disturbs where it was asked. A check that does not hold is rare, and
/// worth one more query.
pub(super) async fn ask_check(asking: Asking<'_>, prober: &Prober<'_>) -> Asked {
    let check = asking.check;
    let mut asked = asking.ask(prober, true).await;
    let Some(again) = asked.reply.answered().map(|held| !held) else {
        return asked;
    };
    for place in vantages(check) {
        if let Some(holder) = prober.places.disturbed_by(&place, again).await {
            asked.disturbed = Some(format!(
                "{} is disturbed by {holder}",
                wording::place(&place)
            ));
            break;
        }
    }
    asked
}

impl<'r> CheckRunner<'r> {
    /// Runs items that may run side by side: the checks, then the controls of those that passed. Events
    /// come in the order of the items.
    pub(super) async fn group(&mut self, items: &[Item], sink: &mut Events<'_>) {
        let (controls, checks): (Vec<&Item>, Vec<&Item>) =
            items.iter().partition(|item| item.control);
        let mut report = Report::new(&checks, &controls);
        self.checks(&checks, &mut report, sink).await;
        self.controls(&controls, &mut report, sink).await;
    }

    async fn checks(&mut self, items: &[&Item], report: &mut Report, sink: &mut Events<'_>) {
        let mut begun = Vec::new();
        for item in items {
            begun.push(self.begin(item, sink).await);
        }
        self.reach_all(&begun).await;
        let prober = self.prober;
        let ask = |begun: Begun<'r>| async move {
            match begun {
                Begun::Over(record) => Step::Over(record),
                Begun::Human(started) => Step::Human(started),
                // In a box: the futures of a group are many.
                Begun::Ask(asking) => {
                    let asked = Box::pin(ask_check(*asking, prober));
                    Step::Asked(Box::new(asked.await))
                }
            }
        };
        let mut steps = stream::iter(begun).map(ask).buffered(prober.lanes.all);
        for item in items {
            let Some(step) = steps.next().await else {
                return;
            };
            let check = item.at.of(self.file);
            let record = match step {
                Step::Over(record) => *record,
                Step::Human(started) => self.attested(item.at, check, started).await,
                Step::Asked(asked) => self.judge(item.at, check, *asked).await,
            };
            if record.outcome != Outcome::Pass {
                report.open.remove(&item.at);
            }
            self.records.insert(item.at, record);
            report.go_on(self, sink);
        }
    }

    /// Reaches the hosts of a group at once, before anything else runs there: only then it is known
    /// which of their names lead to one machine.
    async fn reach_all(&self, begun: &[Begun<'_>]) {
        let mut places: Vec<&Place> = Vec::new();
        for one in begun {
            if let Begun::Ask(asking) = one
                && matches!(asking.check.on, Place::Host(_))
                && !places.contains(&&asking.check.on)
            {
                places.push(&asking.check.on);
            }
        }
        if places.len() > 1 {
            let reach = |place| async move {
                // The check itself tells why not.
                let _ = self.prober.places.reach(place).await;
            };
            stream::iter(places.into_iter().map(reach))
                .buffer_unordered(self.prober.lanes.all)
                .collect::<()>()
                .await;
        }
    }

    async fn controls(&mut self, items: &[&Item], report: &mut Report, sink: &mut Events<'_>) {
        let mut begun = Vec::new();
        for item in items {
            match self.begin_control(item, sink).await {
                BegunControl::Needless => {}
                BegunControl::Over => self.control_ended(item.at, report, sink),
                BegunControl::Ask(asking) => begun.push((item.at, asking)),
            }
        }
        let prober = self.prober;
        let ask = |(at, asking): (CheckAt, Box<Asking<'r>>)| async move {
            (at, Box::pin(asking.ask(prober, false)).await)
        };
        let mut replies = stream::iter(begun).map(ask).buffered(prober.lanes.all);
        while let Some((at, asked)) = replies.next().await {
            self.judge_control(at, asked).await;
            self.control_ended(at, report, sink);
        }
    }

    fn control_ended(&self, at: CheckAt, report: &mut Report, sink: &mut Events<'_>) {
        if report.open.remove(&at) {
            report.go_on(self, sink);
        } else {
            // The check was in a group before this one.
            self.tell(at, sink);
        }
    }

    fn tell(&self, at: CheckAt, sink: &mut Events<'_>) {
        if let Some(record) = self.records.get(&at) {
            sink.event(&RunEvent::CheckDone(Box::new(record.clone())));
        }
    }
}

/// Which records of a group were reported.
struct Report {
    checks: Vec<CheckAt>,
    next: usize,
    /// Whose control in this group is still to come.
    open: BTreeSet<CheckAt>,
    /// Whose control is in this group.
    here: BTreeSet<CheckAt>,
}

impl Report {
    fn new(checks: &[&Item], controls: &[&Item]) -> Report {
        let checks: Vec<CheckAt> = checks.iter().map(|item| item.at).collect();
        let here = controls.iter().map(|item| item.at);
        let here: BTreeSet<CheckAt> = here.filter(|at| checks.contains(at)).collect();
        Report {
            checks,
            next: 0,
            open: here.clone(),
            here,
        }
    }

    /// Reports what is final, up to the first that is not.
    fn go_on(&mut self, runner: &CheckRunner<'_>, sink: &mut Events<'_>) {
        while let Some(&at) = self.checks.get(self.next) {
            if self.open.contains(&at) || !runner.records.contains_key(&at) {
                return;
            }
            if self.here.contains(&at) || !runner.awaits_control(at) {
                runner.tell(at, sink);
            }
            self.next += 1;
        }
    }
}
