//! Who disturbs a host, and what was armed there.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Who disturbs a host, as the lease names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Holder {
    pub run_id: String,
    /// `user@machine`.
    pub who: String,
    /// The claim file, as it is recorded.
    pub claim: String,
    /// The claim file's whole path, as the client sees it.
    pub claim_path: PathBuf,
    /// SHA-256 of the claim file, lower-case hex.
    pub claim_sha256: String,
    /// The gate whose check needs the disturbance.
    pub gate: String,
    /// The fixture that was entered last.
    pub fixture: String,
    /// By the client's clock.
    pub since: DateTime<Utc>,
    /// When the fixture is over at the latest, by the client's clock.
    pub until: DateTime<Utc>,
}

impl Holder {
    /// Whether it disturbs for this claim file, or for another clone's copy of it. The recorded
    /// path is not enough: many projects have a `claims/m1.yaml`.
    pub fn is_of(&self, path: &Path, sha256: &str) -> bool {
        self.claim_path == path || self.claim_sha256 == sha256
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} (run {}, {} {}, fixture `{}`) since {}, until {} at the latest",
            self.who,
            self.run_id,
            self.claim,
            self.gate,
            self.fixture,
            self.since.format("%FT%TZ"),
            self.until.format("%FT%TZ"),
        )
    }
}

/// What a person, or a later run, needs to know about an armed undoing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ticket {
    #[serde(flatten)]
    pub holder: Holder,
    /// Where the fixture acts: `local`, `clone`, or the host's name in the claim file.
    pub on: String,
    /// The name, in the claim file, of the place where this undoing lies.
    pub place: String,
    /// The folder in which the client ran local commands.
    pub folder: PathBuf,
    /// The fixture's deadline in seconds.
    pub deadline_s: u64,
    /// What would be run, one line a step.
    pub runs: Vec<String>,
    /// How long that may take, in seconds.
    pub allowance_s: u64,
    /// The variables of the claim file, as they were.
    pub vars: IndexMap<String, String>,
    /// What the fixtures in force had captured.
    pub captured: IndexMap<String, String>,
}

impl Ticket {
    /// Of a record that cannot be read.
    pub(super) fn unknown() -> Ticket {
        let word = || "unknown".to_owned();
        Ticket {
            holder: Holder {
                run_id: word(),
                who: word(),
                claim: word(),
                claim_path: PathBuf::new(),
                claim_sha256: String::new(),
                gate: word(),
                fixture: word(),
                since: DateTime::UNIX_EPOCH,
                until: DateTime::UNIX_EPOCH,
            },
            on: word(),
            place: word(),
            folder: PathBuf::new(),
            deadline_s: 0,
            runs: Vec::new(),
            allowance_s: 600,
            vars: IndexMap::new(),
            captured: IndexMap::new(),
        }
    }
}
