//! What one probe, between two looks at the engine, is worth.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::evidence::{Against, NO_ANSWER};
use super::facts::{EngineFacts, FactsError, FactsSeen};
use super::identity::{Responder, Wanted, stranger};
use crate::engine::UpdateState;
use reach::observation::NoAnswerCause;

/// What one probe saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// An answer. A status 999 here is a real one.
    Answer {
        /// The status of the status line.
        status: u16,
        /// What the body said of the responder.
        responder: Responder,
    },
    /// No answer, or none that can be read: never a status.
    NoAnswer {
        /// What is written in a status's place.
        sentinel: Sentinel,
        #[serde(with = "cause_name")]
        cause: NoAnswerCause,
        /// The system's own words.
        detail: String,
    },
    /// It could not be asked: our own fault (no file handles, no route), nobody else's.
    Fault(String),
}

impl Seen {
    /// No answer, for this cause.
    pub fn no_answer(cause: NoAnswerCause, detail: impl Into<String>) -> Seen {
        Seen::NoAnswer {
            sentinel: match cause.is_silence() {
                true => Sentinel::NoAnswer,
                false => Sentinel::Broken,
            },
            cause,
            detail: detail.into(),
        }
    }
}

/// The one way to write that there was no status: a text in records, so that it never equals one,
/// which is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sentinel {
    /// Nothing answered: [`super::NO_ANSWER`].
    #[serde(rename = "999")]
    NoAnswer,
    /// Something answered that breaks off, or that cannot be read as HTTP.
    #[serde(rename = "broken")]
    Broken,
}

impl fmt::Display for Sentinel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Sentinel::NoAnswer => NO_ANSWER,
            Sentinel::Broken => NoAnswerCause::Broken.name(),
        })
    }
}

/// A cause by its name in records.
mod cause_name {
    use serde::{Deserialize, Deserializer, Serializer};

    use reach::observation::NoAnswerCause;

    pub(super) fn serialize<S: Serializer>(cause: &NoAnswerCause, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(cause.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<NoAnswerCause, D::Error> {
        let name = String::deserialize(d)?;
        let known = NoAnswerCause::ALL.into_iter();
        let mut found = known.filter(|cause| cause.name() == name);
        let unknown = || serde::de::Error::custom(format!("`{name}` is not a cause of no answer"));
        found.next().ok_or_else(unknown)
    }
}

/// What a sample is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The deployed thing, and nothing else, gave a right answer.
    Counts,
    /// Real evidence against the app's health.
    Against(Against),
    /// Nothing can be said: somebody else's fault, or ours.
    Undecidable(Doubt),
}

/// Why nothing can be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    #[error("{0}")]
    Engine(FactsError),
    #[error("the engine cannot be trusted: {0}")]
    Poisoned(String),
    #[error("the proxy itself is not settled: {0}")]
    Proxy(String),
    /// What is missing may be because of it.
    #[error("the node {0} is down")]
    Node(String),
    #[error("the probe could not be sent from here: {0}")]
    Own(String),
}

/// Weighs a probe. While a deploy waits for a node that is down, nothing speaks against the app.
pub(super) fn weigh(
    ok: &[u16],
    wanted: &Wanted,
    before: &FactsSeen,
    seen: &Seen,
    after: &FactsSeen,
    answered: DateTime<Utc>,
) -> Weight {
    let lost = after
        .as_ref()
        .ok()
        .and_then(|facts| facts.lost_node.clone());
    match (judged(ok, wanted, before, seen, after, answered), lost) {
        (Weight::Against(_), Some(node)) => Weight::Undecidable(Doubt::Node(node)),
        (weight, _) => weight,
    }
}

/// Weighs a probe that was asked after `before` was known, and after which `after` was.
fn judged(
    ok: &[u16],
    wanted: &Wanted,
    before: &FactsSeen,
    seen: &Seen,
    after: &FactsSeen,
    answered: DateTime<Utc>,
) -> Weight {
    let facts = match (trusted(before), trusted(after)) {
        (_, Err(doubt)) | (Err(doubt), _) => return Weight::Undecidable(doubt),
        (Ok(before), Ok(after)) => [before, after],
    };
    let (status, responder) = match seen {
        Seen::Fault(fault) => return Weight::Undecidable(Doubt::Own(fault.clone())),
        Seen::NoAnswer {
            sentinel: Sentinel::Broken,
            detail,
            ..
        } => return Weight::Against(Against::Broken(detail.clone())),
        Seen::NoAnswer { cause, detail, .. } => {
            return Weight::Against(Against::NoAnswer {
                cause: cause.name().to_owned(),
                detail: detail.clone(),
            });
        }
        Seen::Answer { status, responder } => (status, responder),
    };
    if !ok.contains(status) {
        return Weight::Against(Against::Status(*status));
    }
    let stranger = || {
        let mut looks = facts.iter();
        looks.find_map(|facts| stranger(wanted, responder, facts, answered))
    };
    match fence(facts).or_else(stranger) {
        Some(against) => Weight::Against(against),
        None => Weight::Counts,
    }
}

/// Facts that can be relied on.
fn trusted(facts: &FactsSeen) -> Result<&EngineFacts, Doubt> {
    let facts = facts.as_ref().map_err(|e| Doubt::Engine(e.clone()))?;
    if let Some(why) = &facts.poisoned {
        return Err(Doubt::Poisoned(why.clone()));
    }
    match &facts.proxy_unsettled {
        Some(why) => Err(Doubt::Proxy(why.clone())),
        None => Ok(facts),
    }
}

/// Whether the deployed thing is not, or not surely, the only thing there is.
///
/// `Paused` is settled: the engine never clears it. `Updating` is not, although every task may
/// be up to date: within its `monitor` time the engine may still go back by itself.
fn fence([before, after]: [&EngineFacts; 2]) -> Option<Against> {
    for facts in [before, after] {
        if let Some(why) = &facts.outstanding {
            return Some(Against::NotUpToDate(why.clone()));
        }
        if facts.old_containers > 0 {
            return Some(Against::OldContainers(facts.old_containers));
        }
        if let Some(UpdateState::Updating | UpdateState::RollbackStarted | UpdateState::Unknown) =
            facts.update_state
        {
            return Some(Against::Updating);
        }
    }
    (before.containers != after.containers).then_some(Against::Restarted)
}
