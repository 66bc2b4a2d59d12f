//! The bytes of the journal's file: what stands in it, and whether that can have been written.

use std::path::Path;

use serde::Deserialize;

use super::{FORMAT, JournalError, Plan, Record, State, next};

fn header(body: &[u8]) -> Vec<u8> {
    let digest = kit::digest::sha256(body);
    format!("{{\"journal\":{FORMAT},\"sha256\":\"{digest}\"}}\n").into_bytes()
}

pub(super) fn encode(plan: &Plan, records: &[Record]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut line = |value: serde_json::Result<String>| {
        let text = value.expect("strings, numbers and maps of strings always have a JSON form");
        body.extend_from_slice(text.as_bytes());
        body.push(b'\n');
    };
    line(serde_json::to_string(plan));
    for record in records {
        line(serde_json::to_string(record));
    }
    let mut bytes = header(&body);
    bytes.extend_from_slice(&body);
    bytes
}

pub(super) fn decode(bytes: &[u8], path: &Path) -> Result<(Plan, Vec<Record>), JournalError> {
    let fail = |why: String| damaged(path, why);
    let end = bytes
        .iter()
        .position(|&byte| byte == b'\n')
        .ok_or_else(|| fail("it has no whole first line".to_owned()))?;
    let (head, body) = bytes.split_at(end + 1);
    if head != header(body) {
        return Err(match format_of(head) {
            Some(found) if found != FORMAT => JournalError::Format {
                path: path.to_owned(),
                found,
            },
            _ => fail("its bytes are not those that were written".to_owned()),
        });
    }
    let mut lines = body.split_inclusive(|&byte| byte == b'\n');
    let plan = lines
        .next()
        .ok_or_else(|| fail("it has no plan".to_owned()))?;
    let plan: Plan = serde_json::from_slice(plan).map_err(|error| fail(error.to_string()))?;
    let records = lines
        .map(serde_json::from_slice)
        .collect::<Result<Vec<Record>, _>>()
        .map_err(|error| fail(error.to_string()))?;
    check(&plan, &records).map_err(fail)?;
    Ok((plan, records))
}

/// The format of a first line that is otherwise well formed.
fn format_of(head: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct Head {
        journal: u32,
    }
    serde_json::from_slice::<Head>(head)
        .ok()
        .map(|head| head.journal)
}

/// Whether the records are a run that this program could have written.
fn check(plan: &Plan, records: &[Record]) -> Result<(), String> {
    let mut before: Option<&Record> = None;
    for (at, record) in records.iter().enumerate() {
        let good = record.seq == at as u64
            && match (before, record.event) {
                (None, None) => record.state == State::Planned && record.tries == plan.tries,
                (Some(before), None) => before.state == record.state,
                (Some(before), Some(event)) => next(before.state, event) == Ok(record.state),
                (None, Some(_)) => false,
            };
        if !good {
            return Err(format!("record {at} does not follow from the one before"));
        }
        before = Some(record);
    }
    before
        .map(|_| ())
        .ok_or_else(|| "it has no record".to_owned())
}

pub(super) fn damaged(path: &Path, why: impl Into<String>) -> JournalError {
    JournalError::Damaged {
        path: path.to_owned(),
        why: why.into(),
    }
}
