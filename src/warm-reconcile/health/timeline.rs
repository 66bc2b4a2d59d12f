//! Every probe of a gate, so that a verdict can be argued about afterwards.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::evidence::Against;
use super::facts::{EngineFacts, FactsError, FactsSeen};
use super::judge::{Sample, Verdict, Weighed};
use super::weigh::{Doubt, Seen, Weight};

/// So many entries are kept from the beginning.
pub(super) const FIRST: usize = 32;
/// So many from the end.
pub(super) const LAST: usize = 64;
/// And so many in between, of those that differ from the entry before them.
pub(super) const CHANGES: usize = 128;
/// So many different engine facts are kept in full.
const FACTS: usize = 64;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 0: gaps show what was left out.
    pub number: u64,
    /// Milliseconds from the intent to the answer, by the wall clock.
    pub t_ms: i64,
    /// When the answer came.
    pub at: DateTime<Utc>,
    pub seen: Seen,
    /// The engine's facts after it, by their digest in [`Timeline::facts`].
    pub facts: Result<String, FactsError>,
    /// What it was worth.
    pub worth: Worth,
    /// How many counted in a row, with this one.
    pub row: u32,
}

/// What an entry was worth, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Worth {
    Counted,
    /// A right answer after the deadline.
    Late,
    /// It spoke against the app.
    Against(Against),
    /// Nothing could be said.
    Undecidable(Doubt),
}

/// The probes of one gate: the first, the last, and the changes in between.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// When the deploy was decided on.
    pub intent: Option<DateTime<Utc>>,
    /// Until when it had to be healthy.
    pub deadline: Option<DateTime<Utc>>,
    /// How many probes there were in all.
    pub probes: u64,
    /// How many of them are not in here.
    pub omitted: u64,
    /// The engine's facts by digest.
    pub facts: IndexMap<String, EngineFacts>,
    first: Vec<Entry>,
    changes: Vec<Entry>,
    last: VecDeque<(Entry, bool)>,
    /// The last answer there was, as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_answer: Option<LastAnswer>,
    /// What was proved in the end.
    pub verdict: Option<Verdict>,
}

/// An answer as it came, for the reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAnswer {
    pub status: u16,
    /// The beginning of its body.
    pub body: String,
}

impl Timeline {
    /// The entries that are kept, in order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        let last = self.last.iter().map(|(entry, _)| entry);
        self.first.iter().chain(&self.changes).chain(last)
    }

    /// Keeps the facts with which the gate began.
    pub(super) fn begin(&mut self, facts: &FactsSeen) {
        // Facts that could not be had show in the first entry.
        let _ = self.keep(facts);
    }

    /// Takes one sample with what the judge made of it.
    pub(super) fn push(&mut self, sample: &Sample, weighed: &Weighed) {
        let at = sample.answered.utc;
        let entry = Entry {
            number: self.probes,
            t_ms: self.intent.map_or(0, |i| (at - i).num_milliseconds()),
            at,
            seen: sample.seen.clone(),
            facts: self.keep(&sample.facts),
            worth: match &weighed.weight {
                Weight::Counts if weighed.row == 0 => Worth::Late,
                Weight::Counts => Worth::Counted,
                Weight::Against(against) => Worth::Against(against.clone()),
                Weight::Undecidable(doubt) => Worth::Undecidable(doubt.clone()),
            },
            row: weighed.row,
        };
        self.probes += 1;
        if self.first.len() < FIRST {
            return self.first.push(entry);
        }
        let previous = self.last.back().map(|(entry, _)| entry);
        let changed = previous
            .or(self.first.last())
            .is_none_or(|p| !alike(p, &entry));
        self.last.push_back((entry, changed));
        if self.last.len() <= LAST {
            return;
        }
        match self.last.pop_front() {
            Some((entry, true)) if self.changes.len() < CHANGES => self.changes.push(entry),
            _ => self.omitted += 1,
        }
    }

    fn keep(&mut self, facts: &FactsSeen) -> Result<String, FactsError> {
        let facts = facts.as_ref().map_err(FactsError::clone)?;
        let digest = facts.digest();
        if self.facts.len() < FACTS && !self.facts.contains_key(&digest) {
            self.facts.insert(digest.clone(), facts.clone());
        }
        Ok(digest)
    }
}

/// The same again, but for the time.
fn alike(a: &Entry, b: &Entry) -> bool {
    a.seen == b.seen && a.facts == b.facts && a.worth == b.worth
}
