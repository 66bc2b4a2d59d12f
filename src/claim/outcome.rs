//! The outcome of a check, and the exit code that distinguishes the causes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The outcome of one check. Only [`Outcome::Pass`] counts towards a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    /// Ran, and every matcher held.
    Pass,
    /// Ran, and a matcher did not hold.
    Fail,
    /// Could not be checked: unreachable, tool missing, timed out, host key refused.
    Error,
    /// Passed, but its control did not go red.
    Toothless,
    /// Something was disturbed and is not back. Outranks everything.
    Unrestored,
    /// An earlier PASS no longer counts.
    Stale,
    /// Passed only on a retry.
    Flaky,
    /// Not run, with the declared reason.
    Skipped,
    /// A person's word.
    Attested,
}

impl Outcome {
    /// The outcome's name as it stands in tables and records.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Pass => "PASS",
            Outcome::Fail => "FAIL",
            Outcome::Error => "ERROR",
            Outcome::Toothless => "TOOTHLESS",
            Outcome::Unrestored => "UNRESTORED",
            Outcome::Stale => "STALE",
            Outcome::Flaky => "FLAKY",
            Outcome::Skipped => "SKIPPED",
            Outcome::Attested => "ATTESTED",
        }
    }

    /// How bad the outcome is; the worst one decides the run's exit code.
    /// A check that was answered and does not hold is a FAIL, whatever could not be checked beside
    /// it: an infrastructure fault must not hide what was found.
    fn rank(self) -> u8 {
        match self {
            Outcome::Pass | Outcome::Skipped | Outcome::Attested => 0,
            Outcome::Stale => 1,
            Outcome::Error => 2,
            Outcome::Flaky => 3,
            Outcome::Fail => 4,
            Outcome::Toothless => 5,
            Outcome::Unrestored => 6,
        }
    }

    /// The exit code a run ends with when this is its worst outcome.
    pub fn exit_code(self) -> ExitCode {
        match self {
            Outcome::Pass | Outcome::Skipped | Outcome::Attested => ExitCode::Success,
            Outcome::Fail | Outcome::Flaky => ExitCode::Failed,
            Outcome::Error => ExitCode::CouldNotCheck,
            Outcome::Toothless => ExitCode::Toothless,
            Outcome::Unrestored => ExitCode::Unrestored,
            Outcome::Stale => ExitCode::Stale,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The program's exit codes. They are part of the interface that users learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Every check that was to run passed, and at least one did.
    Success = 0,
    /// A matcher did not hold.
    Failed = 1,
    /// The claim file or the command line is wrong; nothing was run.
    Invalid = 2,
    /// Something could not be checked, or nothing passed.
    CouldNotCheck = 3,
    /// A check has no teeth.
    Toothless = 4,
    /// Something was disturbed and is not back.
    Unrestored = 5,
    /// An earlier PASS no longer counts.
    Stale = 6,
}

impl TryFrom<u8> for ExitCode {
    type Error = u8;

    fn try_from(code: u8) -> Result<Self, u8> {
        Ok(match code {
            0 => ExitCode::Success,
            1 => ExitCode::Failed,
            2 => ExitCode::Invalid,
            3 => ExitCode::CouldNotCheck,
            4 => ExitCode::Toothless,
            5 => ExitCode::Unrestored,
            6 => ExitCode::Stale,
            other => return Err(other),
        })
    }
}

/// The worst of several runs' exit codes, by the same order as within one run.
pub fn worst(codes: impl IntoIterator<Item = ExitCode>) -> Option<ExitCode> {
    const BAD_TO_WORST: [ExitCode; 7] = [
        ExitCode::Success,
        ExitCode::Stale,
        ExitCode::CouldNotCheck,
        ExitCode::Failed,
        ExitCode::Toothless,
        ExitCode::Invalid,
        ExitCode::Unrestored,
    ];
    codes
        .into_iter()
        .max_by_key(|code| BAD_TO_WORST.iter().position(|known| known == code))
}

/// The exit code of a whole run: that of its worst outcome. A run in which nothing passed
/// is not a success, a person's word included: if nothing is worse, it is [`ExitCode::CouldNotCheck`].
pub fn verdict(outcomes: impl IntoIterator<Item = Outcome>) -> ExitCode {
    let mut worst: Option<Outcome> = None;
    let mut passed = false;
    for outcome in outcomes {
        passed |= outcome == Outcome::Pass;
        if worst.is_none_or(|w| outcome.rank() > w.rank()) {
            worst = Some(outcome);
        }
    }
    match worst.map(Outcome::exit_code) {
        None => ExitCode::CouldNotCheck,
        Some(ExitCode::Success) if !passed => ExitCode::CouldNotCheck,
        Some(code) => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_in_which_nothing_passed_is_not_a_success() {
        assert_eq!(verdict([]), ExitCode::CouldNotCheck);
        assert_eq!(verdict([Outcome::Skipped]), ExitCode::CouldNotCheck);
        assert_eq!(verdict([Outcome::Attested]), ExitCode::CouldNotCheck);
        assert_eq!(
            verdict([Outcome::Attested, Outcome::Pass]),
            ExitCode::Success
        );
        assert_eq!(
            verdict([Outcome::Skipped, Outcome::Pass]),
            ExitCode::Success
        );
    }

    #[test]
    fn exit_codes_survive_being_recorded_and_the_worst_run_counts() {
        for number in 0..=6 {
            assert_eq!(
                ExitCode::try_from(number).map(|code| code as u8),
                Ok(number)
            );
        }
        assert_eq!(ExitCode::try_from(7), Err(7));
        assert_eq!(
            worst([ExitCode::Failed, ExitCode::Unrestored, ExitCode::Success]),
            Some(ExitCode::Unrestored)
        );
        assert_eq!(
            worst([ExitCode::CouldNotCheck, ExitCode::Failed]),
            Some(ExitCode::Failed)
        );
        assert_eq!(worst([]), None);
    }

    #[test]
    fn unrestored_outranks_everything_and_fail_outranks_error() {
        let all = [
            Outcome::Pass,
            Outcome::Fail,
            Outcome::Error,
            Outcome::Toothless,
            Outcome::Unrestored,
            Outcome::Stale,
            Outcome::Flaky,
            Outcome::Skipped,
            Outcome::Attested,
        ];
        assert_eq!(verdict(all), ExitCode::Unrestored);
        assert_eq!(
            verdict([Outcome::Fail, Outcome::Error, Outcome::Pass]),
            ExitCode::Failed
        );
        assert_eq!(verdict([Outcome::Pass, Outcome::Fail]), ExitCode::Failed);
        assert_eq!(
            verdict([Outcome::Toothless, Outcome::Fail]),
            ExitCode::Toothless
        );
    }
}
