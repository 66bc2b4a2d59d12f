//! A claim file as data, checked and ready to run.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::expectation::{Expect, TextMatcher};
use kit::text::{Scope, Text};
use kit::yaml::source::Source;
use kit::yaml::source::Span;
use reach::host::Address;

#[derive(Clone, Debug)]
pub struct ClaimFile {
    /// The file's text and name.
    pub source: Arc<Source>,
    /// The phase, part of the names of the documents.
    pub phase: String,
    /// What the phase is about.
    pub title: String,
    /// Folder of `STATUS-`, `JOURNAL-` and `REVIEW-<phase>.md`, relative to the repository.
    pub docs: PathBuf,
    /// How long a PASS counts.
    pub fresh_for: Duration,
    pub hosts: IndexMap<String, HostSpec>,
    pub fixtures: IndexMap<String, Fixture>,
    /// Values of `vars:` after `--var`.
    pub vars: Scope,
    /// The variables to which `--var` gave another value than the file does.
    pub changed_vars: Vec<String>,
    /// Names of variables (of the file, of the environment, captured) whose values are secrets.
    pub secrets: Vec<String>,
    /// The changes since an earlier version of it that demand less, with their reasons.
    pub softened: Vec<Acknowledgement>,
    /// Gates in the order of the file.
    pub gates: Vec<Gate>,
}

/// A change that demands less than an earlier claim file did, which its author names and gives a reason for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Of what: `M1`, `M1/restic-runs`, `fixture proxy-down`, `host cc-ci`, `file`; a gate stands for all of
    /// its checks.
    pub of: String,
    pub reason: String,
}

/// A host of a claim file.
#[derive(Clone, Debug)]
pub struct HostSpec {
    pub name: String,
    /// How it is reached.
    pub address: Address,
    /// Asks what the host really runs; its output is recorded with every run.
    pub revision: Option<CommandProbe>,
    /// Why that command is not known to only observe.
    pub revision_doubt: Option<String>,
    /// Where its definition stands.
    pub span: Span,
}

/// A gate: a milestone with its checks.
#[derive(Clone, Debug)]
pub struct Gate {
    /// `M1`, `G0`, `2pc` …
    pub id: String,
    pub title: String,
    /// Who does the work that the gate waits for, where it is not the Builder.
    pub owner: Option<String>,
    /// The gates that must have passed before; they stand before it in the file.
    pub after: Vec<String>,
    /// Why it is done, in words; may have several lines.
    pub why: String,
    /// What was changed for it, in words.
    pub changed: Vec<String>,
    /// The paths whose change makes a PASS of this gate stale, relative to the repository; empty for
    /// everything.
    pub covers: Vec<String>,
    /// Whether a check counts only if something shows that it can fail.
    pub teeth_required: bool,
    /// Its checks, `for:` expanded, in the order of the file.
    pub checks: Vec<Check>,
}

/// Where a probe runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// This machine, in the folder in which gateproof was started.
    Local,
    /// This machine, in a fresh clone of the claimed commit.
    Clone,
    /// A host of the file.
    Host(String),
}

impl Place {
    /// `local`, `clone`, or the host's name.
    pub fn name(&self) -> &str {
        match self {
            Place::Local => "local",
            Place::Clone => "clone",
            Place::Host(name) => name,
        }
    }
}

/// What a check may do to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It only observes.
    Observe,
    /// It changes something and puts it back.
    Mutate,
    /// It changes something that cannot be put back.
    Destructive,
}

impl Effect {
    /// The effect as it is written in claim files.
    pub fn name(self) -> &'static str {
        match self {
            Effect::Observe => "observe",
            Effect::Mutate => "mutate",
            Effect::Destructive => "destructive",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Check {
    /// Unique in its gate; a check expanded by `for:` ends in `[value]`.
    pub id: String,
    /// The id as written, without the `[value]`.
    pub base_id: String,
    /// The claim as a sentence.
    pub claim: String,
    pub on: Place,
    /// The fixtures under which it runs, outermost first, dependencies included.
    pub with: Vec<String>,
    pub probe: Probe,
    pub expect: Expect,
    /// The expectation as written, on one line, for tables.
    pub expected: String,
    pub timing: Timing,
    /// Ids of checks of the same gate that must have passed before.
    pub needs: Vec<String>,
    /// Values named for later checks.
    pub capture: Vec<Capture>,
    pub effect: Effect,
    /// Why it is not known to only observe, where no effect is declared and its words do not tell.
    pub doubt: Option<String>,
    /// What shows that the check can fail.
    pub control: Option<Control>,
    /// When it must observe the same as before its innermost fixture.
    pub unchanged: Option<Unchanged>,
    /// The check of the same gate that must have observed the same, to the byte.
    pub same_as: Option<String>,
    /// Why nothing needs to show that it can fail.
    pub teeth_waived: Option<Waiver>,
    /// The findings of the reader that are waived, by their codes.
    pub waived: IndexMap<&'static str, Waiver>,
    /// For `--tag`.
    pub tags: Vec<String>,
    /// What must hold for it to be asked at all: where it does not, nothing is known of the claim.
    pub requires: Option<Step>,
    /// It is asked once for each value that a command lists.
    pub each: Option<ListedValues>,
    /// Declared reason why it is not run.
    pub skip: Option<Skip>,
    /// The values of `vars:` and `for:` that hold for this check.
    pub scope: Scope,
    pub span: Span,
}

/// When a check must observe the same as before a disturbance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// While it lasts, and afterwards.
    Throughout,
    /// Afterwards; it is not asked while the disturbance lasts.
    Afterwards,
}

impl Unchanged {
    /// All of them, in the order of [`Unchanged::name`]s that a reader offers.
    pub const ALL: [Unchanged; 2] = [Unchanged::Throughout, Unchanged::Afterwards];

    /// As it is written in claim files.
    pub fn name(self) -> &'static str {
        match self {
            Unchanged::Throughout => "true",
            Unchanged::Afterwards => "after",
        }
    }
}

/// Values that are known only when the check is asked: the lines that a command prints.
#[derive(Clone, Debug)]
pub struct ListedValues {
    /// The parameter that has each of them in turn.
    pub name: String,
    pub command: CommandProbe,
    /// The command must succeed.
    pub expect: Expect,
    /// Fewer values are a failure of the check.
    pub at_least: u32,
}

/// Why a check is not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    pub reason: String,
    /// The last day, in UTC, on which that is a reason.
    pub until: Option<chrono::NaiveDate>,
}

/// Why something is not asked of a check, for a time: to show that it can fail, or to be without a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    pub reason: String,
    /// The last day on which it holds, in UTC.
    pub until: chrono::NaiveDate,
}

/// What shows that a check can fail: under it the expectation must not hold.
#[derive(Clone, Debug)]
pub struct Control {
    /// Fixtures that stand in place of the check's own; `None`: the check's own.
    pub with: Option<Vec<String>>,
    /// Another probe in place of the check's own.
    pub probe: Option<Probe>,
    /// The effect of the other probe, or of the check.
    pub effect: Effect,
    /// Why it is not known to only observe.
    pub doubt: Option<String>,
    /// What must be observed instead.
    pub expect: Expect,
    /// That, as written, on one line.
    pub expected: String,
    pub timing: Timing,
}

/// What a check or a step runs.
#[derive(Clone, Debug)]
pub enum Probe {
    Command(CommandProbe),
    Http(HttpProbe),
    /// A person attests what no program can observe.
    Human(HumanProbe),
}

impl Probe {
    /// The command, where it is one.
    pub(crate) fn command(&mut self) -> Option<&mut CommandProbe> {
        match self {
            Probe::Command(command) => Some(command),
            Probe::Http(_) | Probe::Human(_) => None,
        }
    }
}

/// What a person attests.
#[derive(Clone, Debug)]
pub struct HumanProbe {
    /// What to look at, and what must be observed there.
    pub instruction: String,
    /// The file that is attested, relative to where commands run in the check's place.
    pub artefact: Option<Text>,
}

/// A command to run.
#[derive(Clone, Debug)]
pub struct CommandProbe {
    /// The shell line or argument vector.
    pub line: CommandLine,
    /// The folder to run in.
    pub cwd: Option<Text>,
    pub env: Vec<(String, Text)>,
    pub stdin: Option<Text>,
    /// Whether its shell stops at the first command that fails (`-e`, and `pipefail` where the shell has it).
    pub strict: bool,
    /// Why it may hide a failure of its own.
    pub hides: Option<String>,
    /// Whether it runs in a tree of the claimed commit that is brought to its host.
    pub in_tree: bool,
}

impl CommandProbe {
    /// A command with nothing around it.
    pub fn plain(line: CommandLine) -> CommandProbe {
        CommandProbe {
            line,
            cwd: None,
            env: Vec::new(),
            stdin: None,
            strict: false,
            hides: None,
            in_tree: false,
        }
    }

    /// A shell line with nothing around it.
    pub fn shell(line: Text) -> CommandProbe {
        CommandProbe::plain(CommandLine::Shell(line))
    }
}

/// A shell line or an argument vector.
#[derive(Clone, Debug)]
pub enum CommandLine {
    /// Given to `/bin/sh -c`; parameters become shell variables.
    Shell(Text),
    /// Program and arguments, read by no shell.
    Argv(Vec<Text>),
}

#[derive(Clone, Debug)]
pub struct HttpProbe {
    /// `GET` by default.
    pub method: String,
    pub url: Text,
    /// Connect to this address in place of what the URL's host resolves to, as `curl --resolve`.
    pub resolve: Option<Text>,
    /// How the certificate is judged.
    pub tls: Tls,
    pub headers: Vec<(String, HeaderValue)>,
    pub body: Option<Text>,
    /// How many redirects are followed: none by default.
    pub follow: u32,
    /// Whether cookies that a redirect sets are sent with the requests that follow.
    pub keep_cookies: bool,
    /// The answer is a stream that need not end: its body is read for this long.
    pub stream: Option<Duration>,
    /// The places whose answers are compared; empty where `on` alone counts.
    pub vantage: Vec<Place>,
}

/// The value of a request header.
#[derive(Clone, Debug)]
pub enum HeaderValue {
    Text(Text),
    /// That of a variable of the environment in which gateproof runs, after a prefix. It is read when
    /// the request is made, and stands on no command line.
    Environment {
        name: String,
        prefix: Text,
    },
}

impl HeaderValue {
    /// The text of the claim file in it, with its parameters.
    pub fn text(&self) -> &Text {
        match self {
            HeaderValue::Text(text) => text,
            HeaderValue::Environment { prefix, .. } => prefix,
        }
    }
}

/// How a certificate is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Against the system's trust store.
    Verify,
    /// Not at all.
    Insecure,
    /// Against the PEM file, relative to the claim file.
    Ca(PathBuf),
}

/// When and how often a probe runs.
#[derive(Clone, Debug)]
pub struct Timing {
    /// Deadline of one attempt.
    pub timeout: Duration,
    /// Run again until the expectation holds, at most this long.
    pub within: Option<Duration>,
    /// Ends a `within` at once where it holds and the expectation does not: what is waited for can no
    /// longer come.
    pub fail_if: Option<Expect>,
    /// The expectation must not hold at any time during this window.
    pub never_within: Option<Duration>,
    /// The pause between attempts.
    pub every: Duration,
    /// Run this many times.
    pub repeat: u32,
    /// How many of the `repeat` runs must hold.
    pub at_least: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            timeout: Duration::from_secs(60),
            within: None,
            fail_if: None,
            never_within: None,
            every: Duration::from_secs(1),
            repeat: 1,
            at_least: 1,
        }
    }
}

/// A value named for later checks.
#[derive(Clone, Debug)]
pub struct Capture {
    pub name: String,
    /// Where it comes from.
    pub from: CaptureFrom,
    /// What is taken of it.
    pub pick: Pick,
}

/// The part of the observation that a capture reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureFrom {
    /// Standard output, trimmed.
    Stdout,
    /// Standard error, trimmed.
    Stderr,
    /// HTTP body, trimmed.
    Body,
    Status,
}

/// What a capture takes.
#[derive(Clone, Debug)]
pub enum Pick {
    /// The whole text, trimmed.
    All,
    /// The first group of the expression, or the whole match when it has none.
    Regex(regex::Regex),
    /// A JSON value; a string without its quotes.
    Json(kit::json_path::JsonPath),
}

/// A disturbance that is made, observed and undone, and whose undoing is observed.
#[derive(Clone, Debug)]
pub struct Fixture {
    pub name: String,
    /// Where its steps run by default.
    pub on: Place,
    /// Fixtures that must be in force before it.
    pub with: Vec<String>,
    /// Holds before, and must hold again afterwards.
    pub baseline: Option<Step>,
    /// A program that runs in the background as long as the fixture is in force.
    pub service: Option<CommandProbe>,
    /// When the service is ready.
    pub ready: Option<Ready>,
    /// What makes the disturbance, in order.
    pub act: Vec<Step>,
    /// When the disturbance is observed.
    pub until: Option<Step>,
    /// What undoes it, in order.
    pub undo: Vec<Step>,
    /// When the undoing is observed, before the baseline is checked again.
    pub settled: Option<Step>,
    /// The longest it may be in force.
    pub deadline: Duration,
    /// Values named for checks under the fixture, taken from the service's standard output.
    pub capture: Vec<Capture>,
    pub effect: Effect,
    /// Why it is not known to only observe, where no effect is declared.
    pub doubt: Option<String>,
    pub span: Span,
}

impl Fixture {
    /// All that it captures: from its service, and from the steps that disturb.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        self.capture
            .iter()
            .chain(self.act.iter().flat_map(|step| &step.capture))
    }
}

/// When a background service is ready.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a fixture has one")]
pub enum Ready {
    /// Its standard output matches.
    Stdout(TextMatcher, Duration),
    /// A probe holds.
    Step(Box<Step>),
}

/// One step of a fixture: a probe with its expectation.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it runs; `None` is the fixture's place.
    pub on: Option<Place>,
    pub probe: Probe,
    pub expect: Expect,
    /// That, as written, on one line.
    pub expected: String,
    /// When and how often.
    pub timing: Timing,
    /// Values named for what comes after it; only steps of `do:` have any.
    pub capture: Vec<Capture>,
}
