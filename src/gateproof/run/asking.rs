//! A check or a control that is asked, and what comes of it.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::record::CheckRecord;
use claim::expectation::Expect;
use claim::{Check, ListedValues, Place, Probe, Timing};
use kit::text::Scope;
use reach::host::Leftovers;

use super::lanes::Room;
use super::listed;
use super::plan::vantages;
use super::prober::{ProbeReply, ProbeTask, Prober};
use super::teeth;
use super::wording;

/// A check or a control that is to be asked.
pub(super) struct Asking<'r> {
    /// For somebody who watches.
    pub(super) name: String,
    pub(super) check: &'r Check,
    pub(super) place: &'r Place,
    pub(super) probe: &'r Probe,
    pub(super) expect: &'r Expect,
    pub(super) timing: &'r Timing,
    pub(super) scope: Scope,
    /// The command that lists the values for each of which it is asked.
    pub(super) each: Option<&'r ListedValues>,
    /// When the fixtures are undone.
    pub(super) until: Option<Instant>,
    /// Whether it is known to only observe.
    pub(super) observes: bool,
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

/// How far a check has come: before its group is asked with an [`Asking`], and then with what was
/// [`Asked`].
pub(super) enum Stage<A> {
    /// It is not run.
    Over(Box<CheckRecord>),
    /// A person has looked, or has not.
    Human(DateTime<Utc>),
    Ask(Box<A>),
}

/// How far a control is before anything of its group is asked.
pub(super) enum ControlStage<'r> {
    /// Its check has not passed.
    Needless,
    /// It is not run, which stands in the record of its check.
    Over,
    Ask(Box<Asking<'r>>),
}

impl Asking<'_> {
    /// Asks it, as soon as its place has room.
    pub(super) async fn ask(self, prober: &Prober<'_>) -> Asked {
        let _room = self.enter(prober).await;
        self.send(prober).await
    }

    async fn enter(&self, prober: &Prober<'_>) -> Room {
        let lanes = &prober.lanes;
        lanes.enter(prober.places, self.place, self.probe).await
    }

    async fn send(self, prober: &Prober<'_>) -> Asked {
        let started = Utc::now();
        let entry = prober.activity.begin(self.name);
        let task = ProbeTask {
            place: self.place,
            probe: self.probe,
            expect: self.expect,
            timing: self.timing,
            scope: &self.scope,
            leftovers: Leftovers::Kill,
            until: self.until,
            guard: None,
            queued: self.observes,
            entry: Some(&entry),
        };
        let (reply, scope) = match self.each {
            Some(each) => listed::ask(prober, task, each).await,
            None => (prober.probe(task).await, self.scope.clone()),
        };
        Asked {
            started,
            reply,
            scope,
            disturbed: None,
            teeth: None,
        }
    }
}

/// How often somebody looks who else disturbs, while one observation lasts.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Asks a check, and while its place has room for it looks for its teeth. Before, meanwhile and after it
/// looks who else disturbs where it is asked.
pub(super) async fn ask_check(asking: Asking<'_>, prober: &Prober<'_>) -> Asked {
    let check = asking.check;
    let places = vantages(check);
    let command = matches!(asking.probe, Probe::Command(_));
    let room = asking.enter(prober).await;
    for place in &places {
        prober.places.look_first(place).await;
    }
    let since = Instant::now();
    let looking = async {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            for place in &places {
                let _kept = prober.places.disturbed_since(place, since).await;
            }
        }
    };
    let mut asked = tokio::select! {
        biased;
        asked = asking.send(prober) => asked,
        () = looking => unreachable!("it looks until the check has been asked"),
    };
    if asked.reply.answered().is_some() {
        for place in &places {
            let disturbed = if command {
                prober.places.disturbed_at_answer(place, since).await
            } else {
                prober.places.disturbed_since(place, since).await
            };
            if let Some(holder) = disturbed {
                asked.disturbed = Some(format!(
                    "{} is disturbed by {holder}",
                    wording::place(place)
                ));
                break;
            }
        }
    }
    if let Some(seen) = &asked.reply.observation
        && prober.answers.is_some()
        && asked.reply.result.holds()
    {
        asked.teeth = Some(teeth::of(prober, check, seen, &asked.scope).await);
    }
    drop(room);
    asked
}
