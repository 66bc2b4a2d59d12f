//! What was observed, before it is judged.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

/// One captured stream: the first bytes up to a limit, and how many there were in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    /// The stored bytes, at most the caller's limit.
    pub bytes: Vec<u8>,
    /// How many bytes there were in all.
    pub total: u64,
}

impl Captured {
    /// A capture that holds everything.
    pub fn whole(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let total = bytes.len() as u64;
        Captured { bytes, total }
    }

    /// Whether some of the stream was dropped.
    pub fn is_truncated(&self) -> bool {
        self.total > self.bytes.len() as u64
    }

    /// The text, with invalid UTF-8 replaced by U+FFFD.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this status (0 to 255).
    Exited(i32),
    /// A signal ended it.
    Signalled(i32),
}

impl Ending {
    /// The signal that ended the command, also when a shell reported it as 128 + n.
    pub fn signal(self) -> Option<i32> {
        match self {
            Ending::Signalled(n) => Some(n),
            Ending::Exited(code) if (129..=192).contains(&code) => Some(code - 128),
            Ending::Exited(_) => None,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Exited(code) => write!(f, "exit {code}"),
            Ending::Signalled(n) => write!(f, "ended by signal {n}"),
        }
    }
}

/// What a command showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandObservation {
    /// How it ended.
    pub ending: Ending,
    /// Its standard output.
    pub stdout: Captured,
    /// Its standard error.
    pub stderr: Captured,
    /// How long it took, as measured where gateproof runs.
    pub duration: Duration,
    /// When the last of it arrived, by the clock of the machine gateproof runs on.
    pub at: DateTime<Utc>,
    /// Processes of it that still ran when it had ended; they were ended.
    pub left: Vec<LeftProcess>,
}

/// A process that outlived the command that started it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftProcess {
    pub pid: u32,
    /// The number of its user, where it could be read.
    pub uid: Option<u32>,
    /// The name that the kernel has for it (at most 15 bytes, and the process chooses them).
    pub name: String,
    /// Whether it was ended; if not, it may still run.
    pub ended: bool,
}

impl fmt::Display for LeftProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} `{}`", self.pid, self.name.escape_debug())?;
        match self.uid {
            Some(uid) => write!(f, " of uid {uid}"),
            None => Ok(()),
        }
    }
}

/// Several processes in one sentence.
pub fn left_processes(left: &[LeftProcess]) -> String {
    let each: Vec<String> = left.iter().map(ToString::to_string).collect();
    each.join(", ")
}

/// Why there was no answer. No answer is never a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoAnswerCause {
    /// The connection was refused.
    Refused,
    /// The connection was reset before an answer came.
    Reset,
    /// The connection was closed without an answer.
    Empty,
    /// The deadline passed.
    Timeout,
    /// The TLS handshake failed, or the certificate was not accepted.
    Tls,
    /// The name did not resolve.
    Dns,
    /// The client itself could not be run.
    Exec,
    /// Something answered, and it broke off or cannot be read as HTTP: half a body, a header that is
    /// not allowed, another protocol. That is neither an answer nor that nothing answered.
    Broken,
}

impl NoAnswerCause {
    /// All causes, in the order in which they are documented.
    pub const ALL: [NoAnswerCause; 8] = [
        NoAnswerCause::Refused,
        NoAnswerCause::Reset,
        NoAnswerCause::Empty,
        NoAnswerCause::Timeout,
        NoAnswerCause::Tls,
        NoAnswerCause::Dns,
        NoAnswerCause::Exec,
        NoAnswerCause::Broken,
    ];

    /// Whether nothing answered: what the sentinels `999` and `000` stand for.
    pub fn is_silence(self) -> bool {
        self != NoAnswerCause::Broken
    }

    /// The cause as it is written in claim files and records.
    pub fn name(self) -> &'static str {
        match self {
            NoAnswerCause::Refused => "refused",
            NoAnswerCause::Reset => "reset",
            NoAnswerCause::Empty => "empty",
            NoAnswerCause::Timeout => "timeout",
            NoAnswerCause::Tls => "tls",
            NoAnswerCause::Dns => "dns",
            NoAnswerCause::Exec => "exec",
            NoAnswerCause::Broken => "broken",
        }
    }
}

impl fmt::Display for NoAnswerCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No answer: the cause, and the system's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    pub cause: NoAnswerCause,
    pub detail: String,
}

/// The leaf certificate a server presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of the DER bytes, lower-case hex.
    pub sha256: String,
    /// End of validity, seconds since the epoch (UTC).
    pub not_after: i64,
    /// Whole days from the request until `not_after`; negative when past.
    pub days_left: i64,
    /// The subject's common name and the DNS names of the certificate.
    pub names: Vec<String>,
}

/// An HTTP answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status of the status line.
    pub status: u16,
    /// The headers in the order of arrival, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decoded.
    pub body: Captured,
    /// How the body was encoded, in the words of the server: `gzip`.
    pub encoding: Option<String>,
    /// Why the body cannot be read: an encoding that is not known, or not what came.
    pub unreadable: Option<String>,
    /// After how long the reading of a stream was ended; `None` for a body that ended by itself.
    pub stopped: Option<Duration>,
    /// The URLs that were asked and redirected, in order, where redirects were followed.
    pub redirected: Vec<String>,
    /// The leaf certificate, where TLS was used.
    pub certificate: Option<Certificate>,
    /// The URL that answered, after redirects if any were followed.
    pub url: String,
}

/// The result of one HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpObservation {
    /// From where it was sent: `local`, or the name of a host.
    pub vantage: String,
    /// The answer, or why there was none.
    pub answer: Result<HttpResponse, NoAnswer>,
    /// From the start of the request to the last byte of the body.
    pub duration: Duration,
    /// When the last of it arrived, by the clock of the machine gateproof runs on.
    pub at: DateTime<Utc>,
}

/// What a check observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// A command's ending and output.
    Command(CommandObservation),
    /// One HTTP answer (or none) for each vantage, in the claim's order.
    Http(Vec<HttpObservation>),
}
