//! What a record keeps besides outcomes: the single values that decided, and what the claim file plans.

use serde::{Deserialize, Serialize};

/// A single value of an observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenValue {
    /// A path, or a parameter as the claim file writes it: `$.Version`, `${seen}`.
    pub name: String,
    pub value: String,
    pub how: SeenHow,
}

/// What a value was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
pub struct PlannedControl {
    /// What differs from the check: `under down`, or another probe.
    pub asked: String,
    pub expected: String,
}

/// A fixture as the claim file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFixture {
    pub name: String,
    pub steps: Vec<PlannedStep>,
}

/// A step of a fixture as the claim file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// As of [`super::FixtureStepRecord::step`].
    pub step: String,
    pub on: String,
    pub asked: String,
    pub expected: String,
}
