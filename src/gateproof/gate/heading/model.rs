//! What the reader of documents finds, as plain data.

use serde::Serialize;

use super::when::When;

/// The state that a statement gives to its gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatedState {
    /// Not claimed: `OPEN`, `NOT YET CLAIMED`, `IN PROGRESS`, `IN FLIGHT`, `AWAITING …`,
    /// `PENDING`, `finalizing`.
    Open,
    /// `CLAIMED`, `RE-CLAIMED`.
    Claimed,
    /// `PASS`, `PASSED`.
    Pass,
    /// `FAIL`, `FAILED`.
    Fail,
}

/// What a document says about one gate in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The gate, as written: `M1`, `DG4.1`, `M2(c)`, `2pc`.
    pub gate: String,
    pub state: StatedState,
    /// The state as written: `RE-CLAIMED`, `IN FLIGHT`.
    pub word: String,
    /// The time that was typed behind the state: `PASS @2026-06-13T13:00Z`. A time elsewhere in
    /// the line may be the time of anything.
    pub typed: Option<When>,
    /// The line, from 1.
    pub line: usize,
    /// The whole line, without the marks of a heading or an item.
    pub text: String,
}

/// A `## VETO` heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Veto {
    /// Its place among the vetoes of the document, from 1: `V1`, `V2` …
    pub number: usize,
    /// The line of its heading, from 1.
    pub line: usize,
    /// The gates of the claim file that it names; a veto that names none is of all gates.
    pub gates: Vec<String>,
    /// The rest of its heading.
    pub reason: String,
    /// The line that lifts it: its own heading (`## VETO (lifted @…) …`, `## ~~VETO …~~`), a line
    /// of its section that begins with `LIFTED`, or a later `## VETO lifted …`.
    pub lifted_at: Option<usize>,
}

impl Veto {
    pub fn is_open(&self) -> bool {
        self.lifted_at.is_none()
    }
}

/// A heading that files a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiledHeading {
    pub id: String,
    /// The line, from 1.
    pub line: usize,
}

/// A line that closes a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedLine {
    pub id: String,
    /// The line, from 1.
    pub line: usize,
}

/// A heading that begins with `DONE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoneHeading {
    /// The line, from 1.
    pub line: usize,
    /// False for `## DONE criteria`, or with `Not yet` below it.
    pub holds: bool,
}
