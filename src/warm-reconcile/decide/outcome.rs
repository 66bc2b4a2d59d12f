//! How a run ended: the names that are written and the statuses the program exits with.
//!
//! `noop-healthy`, `held-major`, `held-manual-migration` and `unhealthy-on-latest` are the
//! reference's names; the others are ours.

use serde::{Deserialize, Serialize};

/// The status with which `warm-reconcile run` exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// On the version it should be on, and healthy.
    Current = 0,
    /// An upgrade waits for a person; what runs is healthy.
    Held = 10,
    /// An upgrade failed, and the app is back on its last-good version, healthy.
    RolledBack = 20,
    /// The app is not healthy, and nothing more can be done without a person.
    Degraded = 30,
    /// It cannot be said. Nothing was changed because of it.
    Inconclusive = 40,
}

impl ExitCode {
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// On the newest version and healthy: nothing was written but the metrics.
    NoopHealthy,
    /// The same, and what runs was recorded as last-good for the first time.
    Adopted,
    /// The newest version was deployed and is healthy.
    Upgraded,
    /// The app was deployed for the first time and is healthy.
    Deployed,
    /// The app had gone, and its last-good version runs again, healthy.
    BroughtBack,
    /// The version that should run was unhealthy, was deployed again, and is healthy.
    Redeployed,
    /// The recipe's or the app's major number would rise.
    HeldMajor,
    /// The release notes ask for a migration by hand.
    HeldManualMigration,
    /// The newest version is quarantined: it failed here before.
    HeldQuarantined,
    /// The newest version is younger than the app file allows.
    HeldMinAge,
    /// A person holds the app.
    HeldByOperator,
    /// What runs is newer than the newest version there is: never downgraded by itself.
    HeldDowngrade,
    /// The app file wants a gate that was shown to be able to fail, and nobody has shown that.
    HeldUnarmed,
    /// A rollback was asked for, and there is no version to go back to.
    HeldNoPrevious,
    /// The snapshot that an upgrade or rollback needs cannot be taken; nothing was touched.
    HeldNoSnapshot,
    /// The newest version cannot be deployed as it is: its files are refused, or its update
    /// cannot work here. It never started, so it is tried again; what runs is healthy.
    HeldUndeployable,
    /// An upgrade failed; the version before it runs, healthy.
    RolledBack,
    /// What runs is unhealthy, and deploying it again did not help.
    UnhealthyOnLatest,
    /// The rollback failed, too.
    RollbackFailed,
    /// The deploy failed, and there is nothing to go back to.
    NothingToRollBackTo,
    /// The app is not healthy, and what should run cannot be deployed; nothing was touched.
    Undeployable,
    /// The app is unhealthy, and a person holds it.
    UnhealthyWhileHeld,
    /// Nothing runs, and the data is newer than any version that may be deployed.
    DataTooNew,
    /// The state files cannot be read, so what was under way is unknown.
    StateUnreadable,
    /// The gate could not be decided.
    InconclusiveGate,
    /// The engine does not answer, or cannot be trusted.
    InconclusiveEngine,
    /// An image is not here and cannot be fetched now; nothing was touched.
    InconclusiveImage,
    /// The hook before a change failed; nothing was touched.
    InconclusiveHook,
    /// The recipe has no version, or what runs has none that is known.
    InconclusiveVersion,
    /// An error of our own ended the run (a disk, a tool, a file); it is told beside this.
    InconclusiveError,
}

impl Outcome {
    /// All outcomes, in the order in which they are documented.
    pub const ALL: [Outcome; 30] = [
        Outcome::NoopHealthy,
        Outcome::Adopted,
        Outcome::Upgraded,
        Outcome::Deployed,
        Outcome::BroughtBack,
        Outcome::Redeployed,
        Outcome::HeldMajor,
        Outcome::HeldManualMigration,
        Outcome::HeldQuarantined,
        Outcome::HeldMinAge,
        Outcome::HeldByOperator,
        Outcome::HeldDowngrade,
        Outcome::HeldUnarmed,
        Outcome::HeldNoPrevious,
        Outcome::HeldNoSnapshot,
        Outcome::HeldUndeployable,
        Outcome::RolledBack,
        Outcome::UnhealthyOnLatest,
        Outcome::RollbackFailed,
        Outcome::NothingToRollBackTo,
        Outcome::Undeployable,
        Outcome::UnhealthyWhileHeld,
        Outcome::DataTooNew,
        Outcome::StateUnreadable,
        Outcome::InconclusiveGate,
        Outcome::InconclusiveEngine,
        Outcome::InconclusiveImage,
        Outcome::InconclusiveHook,
        Outcome::InconclusiveVersion,
        Outcome::InconclusiveError,
    ];

    /// Its name in records, alerts and output: `noop-healthy`.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::NoopHealthy => "noop-healthy",
            Outcome::Adopted => "adopted",
            Outcome::Upgraded => "upgraded",
            Outcome::Deployed => "deployed",
            Outcome::BroughtBack => "brought-back",
            Outcome::Redeployed => "redeployed",
            Outcome::HeldMajor => "held-major",
            Outcome::HeldManualMigration => "held-manual-migration",
            Outcome::HeldQuarantined => "held-quarantined",
            Outcome::HeldMinAge => "held-min-age",
            Outcome::HeldByOperator => "held-by-operator",
            Outcome::HeldDowngrade => "held-downgrade",
            Outcome::HeldUnarmed => "held-unarmed",
            Outcome::HeldNoPrevious => "held-no-previous",
            Outcome::HeldNoSnapshot => "held-no-snapshot",
            Outcome::HeldUndeployable => "held-undeployable",
            Outcome::RolledBack => "rolled-back",
            Outcome::UnhealthyOnLatest => "unhealthy-on-latest",
            Outcome::RollbackFailed => "rollback-failed",
            Outcome::NothingToRollBackTo => "nothing-to-roll-back-to",
            Outcome::Undeployable => "undeployable",
            Outcome::UnhealthyWhileHeld => "unhealthy-while-held",
            Outcome::DataTooNew => "data-too-new",
            Outcome::StateUnreadable => "state-unreadable",
            Outcome::InconclusiveGate => "inconclusive-gate",
            Outcome::InconclusiveEngine => "inconclusive-engine",
            Outcome::InconclusiveImage => "inconclusive-image",
            Outcome::InconclusiveHook => "inconclusive-hook",
            Outcome::InconclusiveVersion => "inconclusive-version",
            Outcome::InconclusiveError => "inconclusive-error",
        }
    }

    /// The status a run with this outcome exits with.
    pub fn exit(self) -> ExitCode {
        match self {
            Outcome::NoopHealthy
            | Outcome::Adopted
            | Outcome::Upgraded
            | Outcome::Deployed
            | Outcome::BroughtBack
            | Outcome::Redeployed => ExitCode::Current,
            Outcome::HeldMajor
            | Outcome::HeldManualMigration
            | Outcome::HeldQuarantined
            | Outcome::HeldMinAge
            | Outcome::HeldByOperator
            | Outcome::HeldDowngrade
            | Outcome::HeldUnarmed
            | Outcome::HeldNoPrevious
            | Outcome::HeldNoSnapshot
            | Outcome::HeldUndeployable => ExitCode::Held,
            Outcome::RolledBack => ExitCode::RolledBack,
            Outcome::UnhealthyOnLatest
            | Outcome::RollbackFailed
            | Outcome::NothingToRollBackTo
            | Outcome::Undeployable
            | Outcome::UnhealthyWhileHeld
            | Outcome::DataTooNew
            | Outcome::StateUnreadable => ExitCode::Degraded,
            Outcome::InconclusiveGate
            | Outcome::InconclusiveEngine
            | Outcome::InconclusiveImage
            | Outcome::InconclusiveHook
            | Outcome::InconclusiveVersion
            | Outcome::InconclusiveError => ExitCode::Inconclusive,
        }
    }

    /// Whether a person has to hear of it. A minimum age passes by itself, and a hold by the
    /// operator is known to them.
    pub fn alerts(self) -> bool {
        let quiet = [
            Outcome::HeldMinAge,
            Outcome::HeldByOperator,
            Outcome::HeldNoPrevious,
        ];
        self.exit() != ExitCode::Current && !quiet.contains(&self)
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_one_name_and_its_family_s_exit_code() {
        let mut names = Vec::new();
        for outcome in Outcome::ALL {
            let name = outcome.name();
            assert_eq!(serde_json::to_value(outcome).unwrap(), name);
            let family = match name {
                _ if name.starts_with("held-") => 10,
                _ if name.starts_with("inconclusive-") => 40,
                "rolled-back" => 20,
                "noop-healthy" | "adopted" | "upgraded" | "deployed" | "brought-back"
                | "redeployed" => 0,
                _ => 30,
            };
            assert_eq!(outcome.exit().code(), family, "{name}");
            names.push(name);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Outcome::ALL.len());
    }

    #[test]
    fn whatever_is_not_healthy_alerts() {
        for outcome in Outcome::ALL {
            let sick = outcome.exit() >= ExitCode::RolledBack;
            assert!(!sick || outcome.alerts(), "{outcome}");
            assert!(outcome.exit() != ExitCode::Current || !outcome.alerts());
        }
    }
}
