//! From observations to the parts of a record.

use crate::record::{Finding, HttpRecord, ObservationRecord, StreamRecord};
use claim::matchers::Mismatch;
use claim::outcome::Outcome;
use kit::digest;
use kit::yaml::source::Source;
use reach::host::Fault;
use reach::observation::{Captured, HttpObservation, Observation};

use super::judging::ProbeResult;
use super::prober::ProbeReply;

/// At most so many characters of a stream stand in a record; its digest covers what was stored.
const STREAM_CHARS: usize = 16 * 1024;

pub(super) fn observation(observed: &Observation) -> ObservationRecord {
    match observed {
        Observation::Command(command) => ObservationRecord::Command {
            exit: match command.ending {
                reach::observation::Ending::Exited(code) => Some(code),
                reach::observation::Ending::Signalled(_) => None,
            },
            signal: command.ending.signal(),
            stdout: stream(&command.stdout),
            stderr: stream(&command.stderr),
        },
        Observation::Http(answers) => ObservationRecord::Http(answers.iter().map(answer).collect()),
    }
}

fn answer(observed: &HttpObservation) -> HttpRecord {
    let response = observed.answer.as_ref().ok();
    let nothing = observed.answer.as_ref().err();
    HttpRecord {
        vantage: observed.vantage.clone(),
        status: response.map(|response| response.status),
        no_answer: nothing.map(|none| none.cause.name().to_owned()),
        detail: nothing.map(|none| none.detail.clone()),
        headers: response
            .map(|response| response.headers.clone())
            .unwrap_or_default(),
        body: response.map(|response| stream(&response.body)),
        certificate_sha256: response
            .and_then(|response| response.certificate.as_ref())
            .map(|certificate| certificate.sha256.clone()),
        duration_ms: millis(observed.duration),
    }
}

fn stream(captured: &Captured) -> StreamRecord {
    let text = captured.text();
    let short: String = text.chars().take(STREAM_CHARS).collect();
    let cut = short.len() < text.len();
    StreamRecord {
        text: short,
        bytes: captured.total,
        truncated: cut || captured.is_truncated(),
        sha256: digest::sha256(&captured.bytes),
    }
}

pub(super) fn finding(mismatch: Mismatch, source: &Source) -> Finding {
    Finding {
        subject: mismatch.subject,
        expected: mismatch.expected,
        observed: mismatch.observed,
        note: mismatch.note,
        diff: mismatch.diff,
        place: Some(place(source, mismatch.span.start)),
    }
}

/// `file:line:column`.
pub(super) fn place(source: &Source, offset: usize) -> String {
    let (line, column) = source.position(offset);
    format!("{}:{line}:{column}", source.path.display())
}

/// A finding that is only a note.
pub(super) fn remark(subject: &str, note: impl Into<String>) -> Finding {
    Finding {
        subject: subject.to_owned(),
        expected: String::new(),
        observed: String::new(),
        note: Some(note.into()),
        diff: None,
        place: None,
    }
}

pub(super) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Outcome and findings of a check, as far as the probe decides.
pub(super) fn judged(reply: &ProbeReply, source: &Source) -> (Outcome, Vec<Finding>) {
    match &reply.result {
        ProbeResult::Holds => (Outcome::Pass, Vec::new()),
        ProbeResult::Differs(mismatches) => (
            Outcome::Fail,
            mismatches
                .iter()
                .map(|mismatch| finding(mismatch.clone(), source))
                .collect(),
        ),
        ProbeResult::Undecidable(why) => {
            (Outcome::Error, vec![remark("cannot be told", why.clone())])
        }
        ProbeResult::Fault(fault) => (Outcome::Error, vec![fault_finding(fault)]),
        ProbeResult::Interrupted(name) => (
            Outcome::Error,
            vec![remark("interrupted", format!("by {name}"))],
        ),
    }
}

fn fault_finding(fault: &Fault) -> Finding {
    let mut finding = remark("could not be checked", fault.to_string());
    if let Fault::Deadline { output, .. } = fault
        && !output.trim().is_empty()
    {
        finding.observed = format!(
            "until then: {}",
            output.trim().chars().take(400).collect::<String>()
        );
    }
    finding
}
