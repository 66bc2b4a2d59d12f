//! What a run is asking at the moment, for somebody who watches it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What is being asked. Clones are one and the same.
#[derive(Clone, Debug, Default)]
pub struct Activity(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    open: BTreeMap<u64, UnderWay>,
}

/// One question that has no final answer yet.
#[derive(Clone, Debug)]
pub struct UnderWay {
    /// The check with its gate, or the step of a fixture.
    pub name: String,
    pub since: Instant,
    /// How many attempts have an answer.
    pub attempts: u32,
    /// The last answer, on one line. It may have secrets in it.
    pub last: Option<String>,
    /// For how long it is asked again.
    pub until: Option<Instant>,
}

/// The place of a question among those under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Entry {
    activity: Activity,
    id: u64,
}

impl Activity {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, name: String) -> Entry {
        let mut entries = self.entries();
        let id = entries.next;
        entries.next += 1;
        let under_way = UnderWay {
            name,
            since: Instant::now(),
            attempts: 0,
            last: None,
            until: None,
        };
        entries.open.insert(id, under_way);
        Entry {
            activity: self.clone(),
            id,
        }
    }

    /// What is under way, the oldest first.
    pub fn under_way(&self) -> Vec<UnderWay> {
        self.entries().open.values().cloned().collect()
    }
}

impl Entry {
    fn change(&self, change: impl FnOnce(&mut UnderWay)) {
        if let Some(entry) = self.activity.entries().open.get_mut(&self.id) {
            change(entry);
        }
    }

    /// Notes for how long it is asked again.
    pub(super) fn waits_until(&self, end: Instant) {
        self.change(|entry| entry.until = Some(end));
    }

    /// Notes an answer.
    pub(super) fn answered(&self, attempts: u32, observed: &str) {
        self.change(|entry| {
            entry.attempts = attempts;
            entry.last = Some(observed.to_owned());
        });
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.activity.entries().open.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_under_way_until_it_is_dropped() {
        let activity = Activity::default();
        let first = activity.begin("first".to_owned());
        let second = activity.begin("second".to_owned());
        second.answered(3, "exit 7");
        let names = || -> Vec<String> {
            let all = activity.clone().under_way();
            all.into_iter().map(|entry| entry.name).collect()
        };
        assert_eq!(names(), ["first", "second"]);
        drop(first);
        assert_eq!(names(), ["second"]);
        let left = activity.under_way();
        assert_eq!(
            (left[0].attempts, left[0].last.as_deref()),
            (3, Some("exit 7"))
        );
        drop(second);
        assert!(names().is_empty());
    }
}
