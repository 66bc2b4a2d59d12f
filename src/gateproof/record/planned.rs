//! What a record keeps besides outcomes: the single values that decided, and what the claim file plans.

use serde::{Deserialize, Serialize};

/// A single value of an observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SeenValue {
    /// A path, or a parameter as the claim file writes it: `$.Version`, `${seen}`.
    pub name: String,
    pub value: String,
    pub how: SeenHow,
}

/// What a value was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SeenHow {
    /// It was held against the expectation.
    Judged,
    /// It was captured before, and the expectation has it.
    Used,
    /// It was captured for later checks.
    Captured,
}

/// A control as the claim file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlannedControl {
    /// What differs from the check: `under down`, or another probe.
    pub asked: String,
    pub expected: String,
}

/// A fixture as the claim file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlannedFixture {
    pub name: String,
    pub steps: Vec<PlannedStep>,
}

/// What the claim file says of a gate in words, and what was changed for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GateWords {
    pub gate: String,
    /// Who does the work that it waits for, where it is not the Builder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The gates that must have passed before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// Of a claim: what git says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<ChangedFiles>,
}

/// The files that changed since an earlier claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChangedFiles {
    /// The gate of that claim: the same one, or one that comes before it.
    pub gate: String,
    /// The commit that was claimed then.
    pub commit: String,
    pub files: Vec<String>,
}

/// A step of a fixture as the claim file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlannedStep {
    /// As of [`super::FixtureStepRecord::step`].
    pub step: String,
    pub on: String,
    pub asked: String,
    pub expected: String,
    /// What does it by hand, in bash; a wait is a loop. A record of an older version has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<String>,
}
