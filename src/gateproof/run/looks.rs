//! Who else disturbs a machine while it is observed: what was seen of its lease before, meanwhile and after.
//!
//! A lease may be taken and given back between two looks, so one look after an observation is not enough.
//! A disturbance that lasts less than a second, in the middle of one observation, is not seen.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use reach::undo::Holder;

/// The looks of a run, by machine.
#[derive(Debug, Default)]
pub(super) struct Looks(Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<Vec<Look>>>>>);

/// Who else held the lease, at a look that began then.
#[derive(Debug)]
struct Look {
    began: Instant,
    holder: Option<Holder>,
}

impl Looks {
    fn of(&self, machine: &str) -> Arc<tokio::sync::Mutex<Vec<Look>>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(machine.to_owned()).or_default())
    }

    /// Looks, if nobody has looked yet.
    pub(super) async fn first(&self, machine: &str, look: impl AsyncFnOnce() -> Option<Holder>) {
        let looks = self.of(machine);
        let mut looks = looks.lock().await;
        if looks.is_empty() {
            looks.push(Look::now(look).await);
        }
    }

    /// Looks now; or waits for another one's look, if that begins after this was called. Returns who was
    /// seen since then.
    pub(super) async fn since(
        &self,
        machine: &str,
        since: Instant,
        look: impl AsyncFnOnce() -> Option<Holder>,
    ) -> Option<Holder> {
        let called = Instant::now();
        let looks = self.of(machine);
        let mut looks = looks.lock().await;
        if looks.last().is_none_or(|last| last.began < called) {
            looks.push(Look::now(look).await);
        }
        seen(&looks, since).cloned()
    }

    /// Notes that nobody was seen at a look that began then or later. Returns who was seen since then.
    pub(super) async fn saw_nobody(&self, machine: &str, since: Instant) -> Option<Holder> {
        let looks = self.of(machine);
        let mut looks = looks.lock().await;
        let after = looks.partition_point(|look| look.began < since);
        let nobody = Look {
            began: since,
            holder: None,
        };
        looks.insert(after, nobody);
        seen(&looks, since).cloned()
    }
}

impl Look {
    async fn now(look: impl AsyncFnOnce() -> Option<Holder>) -> Look {
        Look {
            began: Instant::now(),
            holder: look().await,
        }
    }
}

/// Who was seen by a look since then, or by the last one before.
fn seen(looks: &[Look], since: Instant) -> Option<&Holder> {
    let last_before = looks.iter().rposition(|look| look.began < since);
    looks[last_before.unwrap_or(0)..]
        .iter()
        .find_map(|look| look.holder.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn holder(name: &str) -> Holder {
        let at = chrono::DateTime::UNIX_EPOCH;
        Holder {
            run_id: name.to_owned(),
            who: String::new(),
            claim: String::new(),
            claim_path: "/x".into(),
            claim_sha256: String::new(),
            gate: String::new(),
            fixture: String::new(),
            since: at,
            until: at,
        }
    }

    #[test]
    fn who_was_seen_around_an_observation_counts_and_nobody_else() {
        let began = Instant::now();
        let at = |second: u64| began + Duration::from_secs(second);
        let looks = |seen: &[(u64, bool)]| -> Vec<Look> {
            let look = |(second, held): &(u64, bool)| Look {
                began: at(*second),
                holder: held.then(|| holder("other")),
            };
            seen.iter().map(look).collect()
        };
        for (all, since, expected) in [
            (&[][..], 5, false),
            // Before, and given back since.
            (&[(4, true), (6, false)], 5, true),
            (&[(4, false), (6, true)], 5, true),
            (&[(4, false), (5, true), (6, false)], 5, true),
            // Long before.
            (&[(3, true), (4, false), (6, false)], 5, false),
            (&[(6, true)], 5, true),
        ] {
            let found = seen(&looks(all), at(since)).is_some();
            assert_eq!(found, expected, "{all:?} since {since}");
        }
    }

    #[tokio::test]
    async fn a_look_that_began_later_is_shared_and_an_earlier_one_is_not() {
        let looks = Looks::default();
        looks.first("h", async || None).await;
        looks.first("h", async || panic!("it was looked at")).await;
        let since = Instant::now();
        let found = looks
            .since("h", since, async || Some(holder("other")))
            .await;
        assert_eq!(found, Some(holder("other")));
        let found = looks.since("h", Instant::now(), async || None).await;
        assert_eq!(
            found,
            Some(holder("other")),
            "it was so when this one began"
        );
        assert_eq!(looks.since("h", Instant::now(), async || None).await, None);
        assert_eq!(looks.since("other", since, async || None).await, None);
    }

    #[tokio::test]
    async fn a_host_that_tells_of_nobody_ends_what_was_seen_before() {
        let looks = Looks::default();
        let first = Instant::now();
        looks.first("h", async || Some(holder("other"))).await;
        let (second, third) = (Instant::now(), Instant::now());
        let seen_before = looks.saw_nobody("h", second).await;
        assert_eq!(seen_before, Some(holder("other")), "it may have been so");
        assert_eq!(looks.saw_nobody("h", third).await, None);
        let since_first = looks.saw_nobody("h", first).await;
        assert_eq!(since_first, Some(holder("other")));
    }
}
