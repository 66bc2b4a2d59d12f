//! Asks what may run side by side, and takes what comes of it in order.

use std::collections::BTreeSet;

use chrono::Utc;

use futures_util::stream::{self, StreamExt};

use crate::record::CheckRecord;
use claim::Place;
use claim::outcome::Outcome;

use super::asking::{Asking, ControlStage, Stage, ask_check};
use super::check_runner::CheckRunner;
use super::event::{Events, RunEvent};
use super::plan::{CheckAt, Item};

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
        let ask = |begun: Stage<Asking<'r>>| async move {
            match begun {
                Stage::Over(record) => Stage::Over(record),
                Stage::Human(started) => Stage::Human(started),
                // In a box: the futures of a group are many.
                Stage::Ask(asking) => {
                    let asked = Box::pin(ask_check(*asking, prober));
                    Stage::Ask(Box::new(asked.await))
                }
            }
        };
        let mut stages = stream::iter(begun).map(ask).buffered(prober.lanes.all);
        for (index, item) in items.iter().enumerate() {
            let Some(stage) = stages.next().await else {
                return;
            };
            let check = item.at.of(self.file);
            let record = match stage {
                Stage::Over(record) => *record,
                Stage::Human(started) => self.attested(item.at, check, started).await,
                Stage::Ask(asked) => self.judge(item.at, check, *asked).await,
            };
            self.done(item.at, record, report, sink);
            if let Some(why) = self.stopped() {
                // What is under way is ended; what has no place yet never gets one.
                drop(stages);
                for item in &items[index + 1..] {
                    let (check, now) = (item.at.of(self.file), Utc::now());
                    let record = self.not_run(item.at, check, now, Outcome::Skipped, &why);
                    self.done(item.at, record, report, sink);
                }
                return;
            }
        }
    }

    fn done(
        &mut self,
        at: CheckAt,
        record: CheckRecord,
        report: &mut Report,
        sink: &mut Events<'_>,
    ) {
        if record.outcome != Outcome::Pass {
            report.open.remove(&at);
        }
        self.records.insert(at, record);
        report.go_on(self, sink);
    }

    /// Reaches the hosts of a group at once, before anything else runs there: only then it is known
    /// which of their names lead to one machine.
    async fn reach_all(&self, begun: &[Stage<Asking<'_>>]) {
        let mut places: Vec<&Place> = Vec::new();
        for one in begun {
            if let Stage::Ask(asking) = one
                && matches!(asking.place, Place::Host(_))
                && !places.contains(&asking.place)
            {
                places.push(asking.place);
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
                ControlStage::Needless => {}
                ControlStage::Over => self.control_ended(item.at, report, sink),
                ControlStage::Ask(asking) => begun.push((item.at, asking)),
            }
        }
        let prober = self.prober;
        let ask = |(at, asking): (CheckAt, Box<Asking<'r>>)| async move {
            (at, Box::pin(asking.ask(prober)).await)
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
