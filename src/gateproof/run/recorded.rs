//! From what was seen to what is recorded.

use crate::record::{Finding, HttpRecord, ObservationRecord, StreamRecord};
use claim::matchers::Mismatch;
use kit::digest;
use kit::yaml::source::Source;
use reach::observation::{Captured, HttpObservation, Observation};

/// At most so many characters of a stream stand in a record; its digest covers what was kept.
const STREAM_CHARS: usize = 16 * 1024;

pub(super) fn observation(seen: &Observation) -> ObservationRecord {
    match seen {
        Observation::Command(seen) => ObservationRecord::Command {
            exit: match seen.ending {
                reach::observation::Ending::Exited(code) => Some(code),
                reach::observation::Ending::Signalled(_) => None,
            },
            signal: seen.ending.signal(),
            stdout: stream(&seen.stdout),
            stderr: stream(&seen.stderr),
        },
        Observation::Http(answers) => ObservationRecord::Http(answers.iter().map(answer).collect()),
    }
}

fn answer(seen: &HttpObservation) -> HttpRecord {
    let response = seen.answer.as_ref().ok();
    let nothing = seen.answer.as_ref().err();
    HttpRecord {
        vantage: seen.vantage.clone(),
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
        duration_ms: millis(seen.duration),
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

/// A finding in words only.
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
