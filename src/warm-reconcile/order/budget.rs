//! Whether the waits of a run fit the time that systemd gives the unit. When they do not,
//! systemd kills a rollback in the middle.

use std::fmt;
use std::time::Duration;

use crate::AppSpec;
use crate::recipe::FETCH_DEADLINE;

/// What a run does between its waits: reading tags, asking the engine, writing the journal.
const OWN_WORK: Duration = Duration::from_secs(15);

/// How long a unit's start may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartTimeout {
    /// Nothing is said: for a oneshot that means for ever (systemd.service(5)).
    #[default]
    Unset,
    /// `infinity`.
    Infinite,
    After(Duration),
}

/// The longest a run can wait, step by step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The steps in order, each with its name and its longest time.
    pub steps: Vec<(&'static str, Duration)>,
}

/// The waits do not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the waits of a run can take {budget}, and {unit} is killed after {}: raise `TimeoutStartSec` to at least {} or lower `times`",
    humantime::format_duration(*timeout),
    budget.total().as_secs()
)]
pub struct DoesNotFit {
    pub unit: String,
    /// What it may take.
    pub timeout: Duration,
    /// What the run may take.
    pub budget: Budget,
}

/// The longest run there is: an upgrade that turns out bad only at the end of its gate, and
/// whose rollback takes as long.
pub fn wait_budget(spec: &AppSpec) -> Budget {
    let times = &spec.times;
    let mut steps = vec![("fetch", FETCH_DEADLINE), ("first_gate", times.first_gate)];
    if spec.stateful {
        steps.push(("undeploy", times.undeploy));
        steps.push(("snapshot", times.snapshot));
    }
    if !spec.hooks.before.is_empty() {
        steps.push(("hook before", times.hook));
    }
    steps.push(("deploy", times.deploy));
    steps.push(("gate", times.gate));
    if !times.bake.is_zero() {
        steps.push(("bake", times.bake));
        steps.push(("first_gate again", times.first_gate));
    }
    if spec.stateful {
        steps.push(("undeploy again", times.undeploy));
        steps.push(("restore", times.snapshot));
    }
    steps.push(("redeploy", times.deploy));
    steps.push(("regate", times.gate));
    if !spec.hooks.after.is_empty() {
        steps.push(("hook after", times.hook));
    }
    steps.push(("own work", OWN_WORK));
    Budget { steps }
}

impl Budget {
    pub fn total(&self) -> Duration {
        self.steps.iter().map(|(_, time)| *time).sum()
    }

    /// Whether it fits the unit's time.
    ///
    /// # Errors
    /// When it does not; the error lists the sum.
    pub fn fits(&self, unit: &str, timeout: StartTimeout) -> Result<(), DoesNotFit> {
        match timeout {
            StartTimeout::After(timeout) if timeout < self.total() => Err(DoesNotFit {
                unit: unit.to_owned(),
                timeout,
                budget: self.clone(),
            }),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, time)) in self.steps.iter().enumerate() {
            let plus = if at == 0 { "" } else { " + " };
            write!(f, "{plus}{name} {}", humantime::format_duration(*time))?;
        }
        write!(f, " = {}", humantime::format_duration(self.total()))
    }
}
