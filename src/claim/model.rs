//! A claim file as data, checked and ready to run.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::expectation::{Expect, TextMatcher};
use kit::text::{Scope, Text};
use kit::yaml::source::Source;
use kit::yaml::source::Span;

/// A claim file.
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
    /// Hosts by name.
    pub hosts: IndexMap<String, HostSpec>,
    /// Fixtures by name.
    pub fixtures: IndexMap<String, Fixture>,
    /// Values of `vars:` after `--var`.
    pub vars: Scope,
    /// Gates in the order of the file.
    pub gates: Vec<Gate>,
}

/// A host of a claim file.
#[derive(Clone, Debug)]
pub struct HostSpec {
    /// Its name in the file.
    pub name: String,
    /// An ssh_config alias, or `user@host:port`.
    pub ssh: String,
    /// Asks what the host really runs; its output is recorded with every run.
    pub revision: Option<CommandProbe>,
    /// Where its definition stands.
    pub span: Span,
}

/// A gate: a milestone with its checks.
#[derive(Clone, Debug)]
pub struct Gate {
    /// `M1`, `G0`, `2pc` …
    pub id: String,
    /// What it is about.
    pub title: String,
    /// The paths whose change makes a PASS of this gate stale, relative to the repository; empty for
    /// everything.
    pub covers: Vec<String>,
    /// Its checks, `for:` expanded, in the order of the file.
    pub checks: Vec<Check>,
}

/// Where something is asked from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// This machine, in the folder gateproof was started in.
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
    /// It only looks.
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

/// One check.
#[derive(Clone, Debug)]
pub struct Check {
    /// Unique in its gate; a check expanded by `for:` ends in `[value]`.
    pub id: String,
    /// The id as written, without the `[value]`.
    pub base_id: String,
    /// What is claimed, in words.
    pub claim: String,
    /// Where it is asked from.
    pub on: Place,
    /// The fixtures under which it runs, outermost first, dependencies included.
    pub with: Vec<String>,
    /// What is asked.
    pub probe: Probe,
    /// What must hold.
    pub expect: Expect,
    /// The expectation as written, on one line, for tables.
    pub expected: String,
    /// When and how often it is asked.
    pub timing: Timing,
    /// Ids of checks of the same gate that must have passed before.
    pub needs: Vec<String>,
    /// Values named for later checks.
    pub capture: Vec<Capture>,
    /// What it may do to the world.
    pub effect: Effect,
    /// What shows that the check can fail.
    pub control: Option<Control>,
    /// For `--tag`.
    pub tags: Vec<String>,
    /// Declared reason why it is not run.
    pub skip: Option<String>,
    /// The values of `vars:` and `for:` that hold for this check.
    pub scope: Scope,
    /// Where it stands.
    pub span: Span,
}

/// What shows that a check can fail: under it the expectation must not hold.
#[derive(Clone, Debug)]
pub struct Control {
    /// Fixtures that stand in place of the check's own; `None`: the check's own.
    pub with: Option<Vec<String>>,
    /// Another probe in place of the check's own.
    pub probe: Option<Probe>,
    /// What must be seen instead.
    pub expect: Expect,
    /// That, as written, on one line.
    pub expected: String,
    /// When and how often it is asked.
    pub timing: Timing,
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Probe {
    /// A command.
    Command(CommandProbe),
    /// An HTTP request.
    Http(HttpProbe),
    /// A person looks; no program can.
    Human(HumanProbe),
}

/// What a person attests.
#[derive(Clone, Debug)]
pub struct HumanProbe {
    /// What to look at, and what must be seen there.
    pub look: String,
    /// The file to look at, relative to where commands run in the check's place.
    pub artefact: Option<Text>,
}

/// A command to run.
#[derive(Clone, Debug)]
pub struct CommandProbe {
    /// The shell line or argument vector.
    pub line: CommandLine,
    /// The folder to run in.
    pub cwd: Option<Text>,
    /// Environment variables.
    pub env: Vec<(String, Text)>,
    /// Standard input.
    pub stdin: Option<Text>,
}

/// A shell line or an argument vector.
#[derive(Clone, Debug)]
pub enum CommandLine {
    /// Given to `/bin/sh -c`; parameters become shell variables.
    Shell(Text),
    /// Program and arguments, read by no shell.
    Argv(Vec<Text>),
}

/// An HTTP request.
#[derive(Clone, Debug)]
pub struct HttpProbe {
    /// `GET` unless said otherwise.
    pub method: String,
    /// The URL.
    pub url: Text,
    /// Connect to this address in place of what the URL's host resolves to, as `curl --resolve`.
    pub resolve: Option<Text>,
    /// How the certificate is judged.
    pub tls: Tls,
    /// Headers to send.
    pub headers: Vec<(String, Text)>,
    /// Body to send.
    pub body: Option<Text>,
    /// How many redirects are followed: none unless said otherwise.
    pub follow: u32,
    /// Places to ask from, where they are to be compared; else empty, and `on` counts.
    pub vantage: Vec<Place>,
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

/// When and how often something is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// Deadline of one attempt.
    pub timeout: Duration,
    /// Ask again until it holds, at most so long.
    pub within: Option<Duration>,
    /// The expectation must not hold at any time in so long.
    pub never_within: Option<Duration>,
    /// The pause between attempts.
    pub every: Duration,
    /// Ask so many times; it must hold each time.
    pub repeat: u32,
    /// How many of `repeat` must hold.
    pub at_least: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            timeout: Duration::from_secs(60),
            within: None,
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
    /// Its name.
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
    /// HTTP status.
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

/// A disturbance that is made, seen, undone, and seen to be undone.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// Its name.
    pub name: String,
    /// Where its steps run, unless they say otherwise.
    pub on: Place,
    /// Fixtures that must be in force around it.
    pub with: Vec<String>,
    /// Holds before, and must hold again afterwards.
    pub baseline: Option<Step>,
    /// A program that runs in the background as long as the fixture is in force.
    pub service: Option<CommandProbe>,
    /// When the service is ready.
    pub ready: Option<Ready>,
    /// What makes the disturbance, in order.
    pub act: Vec<Step>,
    /// When the disturbance is seen.
    pub until: Option<Step>,
    /// What undoes it, in order.
    pub undo: Vec<Step>,
    /// When the undoing is seen, before the baseline is looked at again.
    pub settled: Option<Step>,
    /// The longest it may be in force.
    pub deadline: Duration,
    /// Values named for checks under the fixture, taken from the service's standard output.
    pub capture: Vec<Capture>,
    /// What it does to the world.
    pub effect: Effect,
    /// Where it stands.
    pub span: Span,
}

/// When a background service is ready.
#[derive(Clone, Debug)]
pub enum Ready {
    /// Its standard output matches.
    Stdout(TextMatcher, Duration),
    /// A probe holds.
    Step(Box<Step>),
}

/// One step of a fixture: a probe with its expectation.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it runs; the fixture's place without it.
    pub on: Option<Place>,
    /// What is asked or done.
    pub probe: Probe,
    /// What must hold.
    pub expect: Expect,
    /// That, as written, on one line.
    pub expected: String,
    /// When and how often.
    pub timing: Timing,
}
