//! The word for where a gate stands.

use std::fmt;

use serde::Serialize;

/// The state of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum GateState {
    /// Nobody claims the gate as it is today.
    #[serde(rename = "OPEN")]
    Open,
    /// Claimed, without a verdict that counts.
    #[serde(rename = "CLAIMED")]
    Claimed,
    /// The newest review found something that does not hold.
    #[serde(rename = "FAIL")]
    Fail,
    /// Somebody forbids it.
    #[serde(rename = "VETO")]
    Veto,
    /// It passed once, and that no longer counts.
    #[serde(rename = "STALE")]
    Stale,
    /// It passed and the PASS counts, but something else is in the way of DONE.
    #[serde(rename = "PASS")]
    Pass,
    /// It passed, and nothing is in the way.
    #[serde(rename = "DONE-ready")]
    Ready,
}

impl GateState {
    /// The state's name as it stands in tables.
    pub fn name(self) -> &'static str {
        match self {
            GateState::Open => "OPEN",
            GateState::Claimed => "CLAIMED",
            GateState::Fail => "FAIL",
            GateState::Veto => "VETO",
            GateState::Stale => "STALE",
            GateState::Pass => "PASS",
            GateState::Ready => "DONE-ready",
        }
    }
}

impl fmt::Display for GateState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
