//! Whether a version is held back before anything is touched. Pure: facts in, reasons out.
//!
//! A passing health check does not show that a manual migration was done, so what asks for one
//! waits for a person's word.

mod marker;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Version;

pub use marker::{Marker, asks_for_manual_migration};

/// The release notes of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The version they belong to.
    pub version: Version,
    /// Their text.
    pub text: String,
}

/// Something that was once seen to be bad.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quarantined {
    /// The version that failed, if it is known.
    pub version: Option<Version>,
    /// The digests of the images that failed, `sha256:…`.
    pub digests: Vec<String>,
}

/// A tag that names another commit than when it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedTag {
    /// The tag.
    pub version: Version,
    /// The commit that was recorded.
    pub recorded: String,
    /// The commit that it names now.
    pub now: String,
}

/// All that the decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct HoldFacts<'a> {
    /// The version that runs; `None` before the first deploy.
    pub running: Option<&'a Version>,
    /// The version that would be deployed.
    pub target: &'a Version,
    /// When the target was tagged, by its tagger's clock.
    pub tagged_at: Option<DateTime<Utc>>,
    /// Now.
    pub now: DateTime<Utc>,
    /// A version younger than this waits.
    pub min_age: Option<Duration>,
    /// The notes of the target and of every version that is skipped on the way to it.
    pub notes: &'a [Note],
    /// Versions of which a person said that what they ask for is done.
    pub acknowledged: &'a [Version],
    /// What was quarantined.
    pub quarantine: &'a [Quarantined],
    /// The digests of the target's images, as far as they are known.
    pub target_digests: &'a [String],
    /// The words with which a person held the app.
    pub by_hand: Option<&'a str>,
    /// The target's tag, when it has moved.
    pub moved: Option<&'a MovedTag>,
}

/// Why a version is held. The order is the order in which reasons are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A person held the app.
    ByHand {
        /// In these words.
        why: String,
    },
    /// The tag names another commit than the recorded one.
    TagMoved(MovedTag),
    /// The newest version is older than the one that runs.
    Downgrade {
        /// The version that runs.
        running: Version,
    },
    /// The version, or one of its images, failed before.
    Quarantined {
        /// The digest that is known as bad; `None` when the version itself is.
        digest: Option<String>,
    },
    /// The first number of the recipe's or of the app's part rises.
    Major {
        /// The version that runs.
        running: Version,
    },
    /// Release notes ask for a manual migration.
    ManualMigration {
        /// The version whose notes do.
        version: Version,
        /// Where and with which words.
        marker: Marker,
    },
    /// The version is younger than the app's `min_age`.
    TooYoung {
        /// When it is old enough; `None` when its age is not known.
        ready_at: Option<DateTime<Utc>>,
    },
}

/// A version that is held, with every reason there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The version.
    pub target: Version,
    /// The reasons: at least one, the most pressing first.
    pub reasons: Vec<Reason>,
}

impl Reason {
    /// The reason's name in alerts and outcomes; the first two are the reference's spelling.
    pub fn name(&self) -> &'static str {
        match self {
            Reason::Major { .. } => "held-major",
            Reason::ManualMigration { .. } => "held-manual-migration",
            Reason::Quarantined { .. } => "held-quarantined",
            Reason::ByHand { .. } => "held-by-hand",
            Reason::TooYoung { .. } => "held-too-young",
            Reason::Downgrade { .. } => "held-downgrade",
            Reason::TagMoved(_) => "held-tag-moved",
        }
    }

    /// Whether `warm-reconcile ack VERSION` lifts it.
    pub fn lifted_by_ack(&self) -> bool {
        matches!(self, Reason::Major { .. } | Reason::ManualMigration { .. })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::ByHand { why } if why.is_empty() => f.write_str("the app is held by hand"),
            Reason::ByHand { why } => write!(f, "the app is held by hand: {why}"),
            Reason::TagMoved(moved) => write!(
                f,
                "the tag {} named commit {} and now names {}",
                moved.version, moved.recorded, moved.now
            ),
            Reason::Downgrade { running } => {
                write!(f, "it is older than {running}, which runs")
            }
            Reason::Quarantined { digest: None } => f.write_str("this version failed before"),
            Reason::Quarantined {
                digest: Some(digest),
            } => write!(f, "its image {digest} failed before"),
            Reason::Major { running } => write!(f, "a major rise from {running}"),
            Reason::ManualMigration { version, marker } => write!(
                f,
                "the release notes of {version} ask for a manual migration: {marker}"
            ),
            Reason::TooYoung {
                ready_at: Some(ready),
            } => write!(f, "too young until {}", ready.format("%Y-%m-%dT%H:%M:%SZ")),
            Reason::TooYoung { ready_at: None } => {
                f.write_str("its age is not known, and the app has a `min_age`")
            }
        }
    }
}

impl Hold {
    /// The name of the most pressing reason: the alert's `reason`.
    pub fn name(&self) -> &'static str {
        self.reasons.first().map_or("held", Reason::name)
    }

    /// Whether `warm-reconcile ack` of the target lifts the hold as a whole.
    pub fn lifted_by_ack(&self) -> bool {
        self.reasons.iter().all(Reason::lifted_by_ack)
    }
}

/// Decides whether the target is held back, and for which reasons: all of them, so that nobody
/// lifts one only to meet the next.
///
/// - A hold by hand, a moved tag and a quarantine hold whatever runs, also when the target is
///   the running version: a redeploy of it is held as well.
/// - A rise of a major number and notes are judged only against a running version: before the
///   first deploy there is nothing to migrate.
/// - An acknowledgement of the target lifts a major rise and the notes, those of skipped
///   versions included, and nothing else. One of another version lifts nothing.
pub fn decide_hold(facts: &HoldFacts<'_>) -> Option<Hold> {
    let target = facts.target;
    let mut reasons = Vec::new();
    if let Some(why) = facts.by_hand {
        reasons.push(Reason::ByHand {
            why: why.to_owned(),
        });
    }
    reasons.extend(facts.moved.cloned().map(Reason::TagMoved));
    let other = facts.running.filter(|running| *running != target);
    if let Some(running) = other.filter(|running| *running > target) {
        reasons.push(Reason::Downgrade {
            running: running.clone(),
        });
    }
    reasons.extend(quarantined(facts));
    let acknowledged = facts.acknowledged.contains(target);
    if let Some(running) = other.filter(|_| !acknowledged) {
        if target.is_major_rise_from(running) {
            reasons.push(Reason::Major {
                running: running.clone(),
            });
        }
        reasons.extend(migration(facts.notes));
    }
    if facts.running != Some(target) {
        reasons.extend(too_young(facts));
    }
    (!reasons.is_empty()).then(|| Hold {
        target: target.clone(),
        reasons,
    })
}

fn quarantined(facts: &HoldFacts<'_>) -> Option<Reason> {
    facts.quarantine.iter().find_map(|bad| {
        if bad.version.as_ref() == Some(facts.target) {
            return Some(Reason::Quarantined { digest: None });
        }
        let known = |digest: &&String| bad.digests.contains(digest);
        let digest = facts.target_digests.iter().find(known)?.clone();
        Some(Reason::Quarantined {
            digest: Some(digest),
        })
    })
}

fn migration(notes: &[Note]) -> Option<Reason> {
    notes.iter().find_map(|note| {
        Some(Reason::ManualMigration {
            version: note.version.clone(),
            marker: asks_for_manual_migration(&note.text)?,
        })
    })
}

fn too_young(facts: &HoldFacts<'_>) -> Option<Reason> {
    let min_age = facts.min_age.filter(|age| *age > Duration::ZERO)?;
    // A version of unknown age waits: nobody can say that it is old enough.
    let Some(tagged_at) = facts.tagged_at else {
        return Some(Reason::TooYoung { ready_at: None });
    };
    let ready_at = chrono::Duration::from_std(min_age)
        .ok()
        .and_then(|age| tagged_at.checked_add_signed(age));
    match ready_at {
        Some(ready) if ready <= facts.now => None,
        ready_at => Some(Reason::TooYoung { ready_at }),
    }
}
