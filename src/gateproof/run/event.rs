//! What a run reports while it goes on. The library prints nothing: reports are sinks.

use crate::record::{CheckRecord, FixtureStepRecord};
use crate::secrets;
use kit::redact::Redacted;
use serde::{Deserialize, Serialize};

/// Something that happened in a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum RunEvent {
    /// A run of a claim file begins, with so many checks.
    Began {
        path: String,
        /// How many checks are going to be run.
        checks: usize,
    },
    /// A fixture took a step.
    FixtureStep {
        fixture: String,
        step: FixtureStepRecord,
    },
    /// A check has its outcome.
    CheckDone(Box<CheckRecord>),
    /// Something that a person should know at once: an interrupt, an undoing that goes wrong.
    Notice(String),
}

/// Receives the events of a run, without their secrets.
pub trait Sink {
    /// Called for each event, in order.
    fn event(&mut self, event: &Redacted<RunEvent>);
}

impl<F: FnMut(&Redacted<RunEvent>)> Sink for F {
    fn event(&mut self, event: &Redacted<RunEvent>) {
        self(event);
    }
}

/// The way of a run to its sink: what goes through loses its secrets.
pub(super) struct Events<'s>(pub(super) &'s mut dyn Sink);

impl Events<'_> {
    pub(super) fn event(&mut self, event: &RunEvent) {
        // What cannot be cleaned is not passed on.
        if let Ok(event) = secrets::redactor().clean(event) {
            self.0.event(&event);
        }
    }
}
