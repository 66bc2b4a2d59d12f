//! The shape of a run record. Its JSON form is versioned by [`SCHEMA`]; fields are only ever
//! added, and a reader ignores what it does not know.

use std::fs;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::planned::{GateWords, PlannedControl, PlannedFixture, SeenValue};
use super::teeth::TeethRecord;
use claim::outcome::Outcome;
use kit::digest;

/// How the reason begins for which CI leaves a check out.
pub const CI_ONLY_OBSERVES: &str = "CI only observes";

/// How the note begins on a control that CI leaves out.
pub const CONTROL_NOT_RUN: &str = "its control was not run: ";

/// Name and version of the record's JSON form.
pub const SCHEMA: &str = "gateproof.run/1";

/// One run of a claim file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunRecord {
    /// Name and version of this form: `gateproof.run/1`.
    #[serde(serialize_with = "own_schema")]
    pub schema: String,
    /// Unique name of the run: UTC start and a few random characters.
    #[serde(serialize_with = "kit::redact::own_run_id")]
    pub run_id: String,
    /// `gateproof` and its version.
    pub tool: String,
    /// `builder`, `adversary`, `ci`, or none: a run without a role counts for nobody.
    pub role: Option<String>,
    /// What the run was for. A record without it, of an older version, is [`Act::Verify`].
    #[serde(default)]
    pub act: Act,
    /// Who ran it: `user@machine`.
    pub who: String,
    /// The git author, `Name <mail>`, where git knows one.
    #[serde(default)]
    pub author: Option<String>,
    pub claim: ClaimRef,
    /// The repository, where there is one.
    pub repository: Option<RepositoryState>,
    /// The hosts that were used.
    pub hosts: Vec<HostState>,
    /// By this machine's clock.
    #[serde(serialize_with = "kit::redact::own")]
    pub started: DateTime<Utc>,
    /// By this machine's clock.
    #[serde(serialize_with = "kit::redact::own")]
    pub ended: DateTime<Utc>,
    /// Every check that was selected, in the order of the file.
    pub checks: Vec<CheckRecord>,
    /// What was disturbed, and whether it is back.
    pub fixtures: Vec<FixtureRecord>,
    /// The fixtures of the selected checks as the claim file has them. A record of an older version
    /// has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planned_fixtures: Vec<PlannedFixture>,
    /// What the claim file says of the gates in words, where it says anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<GateWords>,
    /// The selection, when not everything was run: `--gate M1 --tag fast`.
    pub selection: Option<String>,
    /// The values that `--var` gave in place of the claim file's own. A run with one is not a run of the
    /// claimed file, and its `gates` are empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_vars: Vec<ChangedVar>,
    /// The snapshots that took on what this run saw (`verify --accept`). It judged them as they were
    /// before, and its `gates` are empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<AcceptedSnapshot>,
    /// Gates whose checks were all selected. Only these can get a verdict from this run.
    #[serde(default)]
    pub gates: Vec<String>,
    /// In a review: the claim that it judges.
    #[serde(default)]
    pub reviews: Option<RecordLink>,
    /// In a review: what the hosts of the gate ran at the claim. A review of hosts that run something
    /// else is not a PASS of that claim.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claimed_hosts: Vec<ClaimedHost>,
    /// In a review: what the reviewer found besides the checks.
    #[serde(default)]
    pub filed: Vec<FiledFinding>,
    /// In a review: names of earlier findings that the reviewer tested again and closes.
    #[serde(default)]
    pub closed: Vec<String>,
    /// In a veto: what it forbids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub veto: Option<VetoWords>,
    /// In a lifting: the veto that it lifts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifts: Option<LiftedVeto>,
    /// The newest records of the phase when this one was written, which no other record followed
    /// yet; none for the first one. Two people who write at the same time make two branches, and the
    /// next record follows both.
    #[serde(default)]
    pub follows: Vec<RecordLink>,
    /// The worst outcome's exit code.
    pub exit_code: u8,
    /// Things a reader should know: a dirty tree, a stand-in, an interrupted run.
    pub notes: Vec<String>,
}

impl RunRecord {
    /// Whether something was run; a veto and its lifting are records without a run.
    pub fn is_run(&self) -> bool {
        !matches!(self.act, Act::Veto | Act::Lift)
    }

    /// The checks of a gate.
    pub fn checks_of<'r, 'g: 'r>(
        &'r self,
        gate: &'g str,
    ) -> impl DoubleEndedIterator<Item = &'r CheckRecord> {
        self.checks.iter().filter(move |check| check.gate == gate)
    }

    /// Whether it has any check of a gate.
    pub fn has_checks_of(&self, gate: &str) -> bool {
        self.checks_of(gate).next().is_some()
    }

    /// The clone that it was made in.
    pub fn clone_id(&self) -> Option<&str> {
        self.repository.as_ref()?.clone_id.as_deref()
    }

    /// The commit that was checked out.
    pub fn commit(&self) -> Option<&str> {
        Some(&self.repository.as_ref()?.commit)
    }

    /// What was run in: `clone`, `worktree`.
    pub fn tree(&self) -> Option<&str> {
        Some(&self.repository.as_ref()?.tree)
    }

    /// What a host said of itself.
    pub fn host(&self, name: &str) -> Option<&HostState> {
        self.hosts.iter().find(|host| host.name == name)
    }
}

/// The name of this very form is the program's own; any other text in its place is not.
fn own_schema<S: serde::Serializer>(schema: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if schema == SCHEMA {
        kit::redact::Redacted::own(SCHEMA).serialize(serializer)
    } else {
        serializer.serialize_str(schema)
    }
}

/// A snapshot of the claim file that was rewritten from what a run saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AcceptedSnapshot {
    pub gate: String,
    pub check: String,
    /// SHA-256 of the claim file with it, lower-case hex.
    pub claim_sha256: String,
}

/// A variable of the claim file that had another value in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChangedVar {
    pub name: String,
    /// The value it had, without secrets.
    pub value: String,
}

impl ChangedVar {
    /// As an option of the command line.
    pub fn option(&self) -> String {
        let assigned = format!("{}={}", self.name, self.value);
        format!("--var {}", kit::shell::quote(&assigned))
    }
}

/// What a run was for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// A read-only run: it counts for nobody.
    #[default]
    Verify,
    /// A builder claims the gates.
    Claim,
    /// An adversary judges a claim.
    Review,
    /// A push job observes.
    Ci,
    /// An adversary forbids that the phase is called done. Nothing was run.
    Veto,
    /// An adversary lifts a veto. Nothing was run.
    Lift,
}

impl Act {
    /// The word in records, messages and hand-offs.
    pub fn name(self) -> &'static str {
        match self {
            Act::Verify => "verify",
            Act::Claim => "claim",
            Act::Review => "review",
            Act::Ci => "ci",
            Act::Veto => "veto",
            Act::Lift => "lift",
        }
    }
}

/// Another record of the same phase, named so that it cannot be exchanged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RecordLink {
    #[serde(serialize_with = "kit::redact::own_run_id")]
    pub run_id: String,
    /// SHA-256 of its file, lower-case hex.
    pub sha256: String,
}

/// A host of the gate as the claim's record has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClaimedHost {
    pub name: String,
    /// Its revision, where the claim's record tells one.
    pub revision: Option<String>,
}

/// A finding of a reviewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FiledFinding {
    /// Its name in the phase: `A1`, `A2` …
    pub id: String,
    /// The gate it is about.
    pub gate: String,
    /// What was found, in words.
    pub text: String,
}

/// What a veto says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VetoWords {
    /// Why the phase must not be called done.
    pub reason: String,
    /// The condition under which it is going to be lifted.
    pub until: Option<String>,
    /// The gates that it covers; all gates of the phase when there is none.
    pub gates: Vec<String>,
}

/// The veto that a lifting is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LiftedVeto {
    /// Its record; a veto that somebody typed has none.
    pub record: Option<RecordLink>,
    /// Its place among the headings of REVIEW, from 1.
    pub number: Option<usize>,
    /// The reason of the veto. It identifies a typed one, together with the place.
    pub reason: String,
    /// Why it may be lifted.
    pub why: String,
}

impl LiftedVeto {
    /// `V2`, or the run of a record that has no heading.
    pub fn name(&self) -> String {
        match (self.number, &self.record) {
            (Some(number), _) => format!("V{number}"),
            (None, Some(link)) => link.run_id.clone(),
            (None, None) => "(none)".to_owned(),
        }
    }
}

/// The claim file of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClaimRef {
    /// Path relative to the repository, or as given.
    pub path: String,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    pub phase: String,
    pub title: String,
    /// Folder of the phase's documents, relative to the repository.
    pub docs: String,
}

/// The repository a run speaks of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RepositoryState {
    /// Full commit hash of what was checked.
    pub commit: String,
    /// Branch, when one is checked out.
    pub branch: Option<String>,
    /// Whether the tree differs from the commit.
    pub dirty: bool,
    /// `clone` (a fresh one) or `worktree` (never counts towards a gate).
    pub tree: String,
    /// Names the clone that the run was started in, on this machine: the first half of SHA-256
    /// over the machine's id and the folder. Two runs with the same one are not independent.
    #[serde(default)]
    pub clone_id: Option<String>,
}

/// A host of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HostState {
    /// Its name in the claim file.
    pub name: String,
    /// How it is reached: the ssh destination, or the container.
    pub destination: String,
    /// What it really runs, by its `revision:` command, or why that is unknown.
    pub revision: Option<String>,
    /// Linux boot id.
    pub boot_id: Option<String>,
    /// The host's clock minus ours, in milliseconds.
    pub clock_skew_ms: Option<i64>,
}

/// One check of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckRecord {
    /// The gate it belongs to.
    pub gate: String,
    pub gate_title: String,
    /// Its id, with `[value]` when expanded by `for:`.
    pub id: String,
    /// What is claimed, in words.
    pub claim: String,
    /// Where it was run from.
    pub on: String,
    /// The fixtures in force.
    pub with: Vec<String>,
    /// The command, or method and URL, on one line.
    pub asked: String,
    /// The expectation, as written, on one line.
    pub expected: String,
    /// `observe`, `mutate` or `destructive`.
    pub effect: String,
    pub outcome: Outcome,
    /// The observation in one short line.
    pub observed: String,
    /// Why the outcome is what it is, when it is not a PASS: one paragraph per finding.
    pub findings: Vec<Finding>,
    /// The single values that were judged (`$.Version`), used (`${seen}`) or captured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<SeenValue>,
    /// The whole observation (bounded, redacted).
    pub observation: Option<ObservationRecord>,
    /// The control that the claim file has, whether it was run or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_control: Option<PlannedControl>,
    /// The control, when it was run.
    pub control: Option<ControlRecord>,
    /// What shows that the check can fail. Nothing where nobody looked: claims, reviews and
    /// `verify --teeth` do, at checks that pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teeth: Option<TeethRecord>,
    /// The attestation, if this is a `human:` check that is ATTESTED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<Attested>,
    /// How many attempts there were.
    pub attempts: u32,
    /// By this machine's clock.
    #[serde(serialize_with = "kit::redact::own")]
    pub started: DateTime<Utc>,
    /// Wall time of all attempts in milliseconds, without the steps of fixtures.
    pub duration_ms: u64,
    /// One line that reproduces it by hand.
    pub reproduce: String,
    /// The same as a here-document, where the command has several lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// The same as a loop in bash, where the check waits (`within`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
    /// File, line and column of the check.
    pub place: String,
    /// What a reader should know: somebody else disturbed the host.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Why a check is not a PASS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// What it is about: `stdout`, `status`, `fixture dashboard-down` …
    pub subject: String,
    pub expected: String,
    pub observed: String,
    pub note: Option<String>,
    pub diff: Option<String>,
    /// File, line and column of the matcher.
    pub place: Option<String>,
}

/// The observation of a check, as it is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ObservationRecord {
    Command {
        exit: Option<i32>,
        /// The signal that ended it.
        signal: Option<i32>,
        /// Standard output, lossy UTF-8, bounded.
        stdout: StreamRecord,
        /// Standard error, lossy UTF-8, bounded.
        stderr: StreamRecord,
    },
    /// One answer per vantage.
    Http(Vec<HttpRecord>),
}

/// A stream, as it is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StreamRecord {
    /// The text, bounded.
    pub text: String,
    /// How many bytes there were.
    pub bytes: u64,
    /// Whether `text` is not all of it.
    pub truncated: bool,
    /// SHA-256 of the bytes that were stored, lower-case hex.
    pub sha256: String,
}

/// An HTTP answer, as it is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HttpRecord {
    /// Where the request came from.
    pub vantage: String,
    /// The status, when there was an answer.
    pub status: Option<u16>,
    /// The cause, when there was none.
    pub no_answer: Option<String>,
    /// The system's message about that.
    pub detail: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: Option<StreamRecord>,
    /// Fingerprint of the certificate, lower-case hex.
    pub certificate_sha256: Option<String>,
    /// In milliseconds.
    pub duration_ms: u64,
}

/// A control of a check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ControlRecord {
    /// What the control had to observe.
    pub expected: String,
    pub observed: String,
    /// Whether the control went red as declared.
    pub red: bool,
}

/// A fixture of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FixtureRecord {
    pub name: String,
    /// Where it acted.
    pub on: String,
    /// Whether everything is restored, verified by the baseline.
    pub restored: bool,
    /// Its steps in the order in which they were taken.
    pub steps: Vec<FixtureStepRecord>,
    /// From the first act to the baseline observed again, in milliseconds.
    pub disturbed_ms: Option<u64>,
    /// Whether the baseline was red while the disturbance was in force. Only then does a green one
    /// show, afterwards, that everything is back. Nothing where that was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub went_red: Option<bool>,
    /// What a person has to do when it is not restored.
    pub remedy: Option<String>,
    /// What waited on the hosts to undo it, whatever might happen to the run.
    #[serde(default)]
    pub armed: Vec<ArmedRecord>,
}

/// An undoing that was armed on a host before the first act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ArmedRecord {
    /// Where: `local`, or the host's name.
    pub on: String,
    pub id: String,
    /// What waited: `watcher`, `systemd-timer`, or both.
    pub by: String,
    /// The host undoes it by itself after this many milliseconds.
    pub deadline_ms: u64,
}

/// One step of a fixture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FixtureStepRecord {
    /// `baseline`, `service`, `ready`, `do`, `until`, `undo`, `settled`, `baseline again`.
    pub step: String,
    /// The command or request, on one line.
    pub asked: String,
    pub expected: String,
    /// The observation in one short line.
    pub observed: String,
    pub held: bool,
    /// How many attempts there were.
    pub attempts: u32,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
}

/// A file that a person has looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Artefact {
    /// As the check names it; of a file that no check names, relative to the repository.
    pub path: String,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
}

impl Artefact {
    /// The artefact of that name, as the file is now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_file(path: String, file: &Path) -> io::Result<Artefact> {
        let (sha256, _) = fs::File::open(file).and_then(digest::of_reader)?;
        Ok(Artefact { path, sha256 })
    }
}

/// The maker of a claim, as far as it is known. In a review the maker's own attestation does not
/// count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClaimedBy {
    /// The git author.
    pub author: Option<String>,
    /// The clone it was made in.
    pub clone_id: Option<String>,
    /// When its run ended.
    pub at: Option<DateTime<Utc>>,
}

impl ClaimedBy {
    /// The maker of a claim, by its record.
    pub fn of(claim: &RunRecord) -> ClaimedBy {
        ClaimedBy {
            author: claim.author.clone(),
            clone_id: claim.clone_id().map(str::to_owned),
            at: Some(claim.ended),
        }
    }
}

/// The attestation that a run has used, as the run recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Attested {
    /// The file, relative to the repository.
    pub file: String,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// The git author.
    pub author: String,
    /// The clone it was made in.
    pub clone_id: Option<String>,
    pub at: DateTime<Utc>,
    /// The commit that was checked out then.
    pub commit: String,
    /// The file that the person looked at, if it is a file; it had the same digest during the run.
    pub artefact: Option<Artefact>,
    /// What the person reports.
    pub words: String,
    /// In a review: who must not have given it.
    #[serde(default)]
    pub besides: Option<ClaimedBy>,
}
