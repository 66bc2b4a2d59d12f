//! A record goes through the redactor and stays a record.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::redact::Redactor;
use proptest::prelude::*;
use serde_json::Value;

use super::RunRecord;
use crate::report::sample::record as sample;

fn shapes_only() -> Redactor {
    Redactor::new(Vec::<String>::new())
}

/// The places of all strings in a record.
fn strings(value: &Value, at: &str, places: &mut Vec<String>) {
    match value {
        Value::String(_) => places.push(at.to_owned()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                strings(item, &format!("{at}/{index}"), places);
            }
        }
        Value::Object(fields) => {
            for (name, item) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                strings(item, &format!("{at}/{name}"), places);
            }
        }
        _ => {}
    }
}

/// The sample with the text in every twelfth string, beginning at `field`. A field that takes
/// no text but those of a closed set, or a moment, stays as it is; no name of a field matters.
fn planted(text: &str, field: usize) -> RunRecord {
    let mut value = serde_json::to_value(sample()).unwrap();
    let mut places = Vec::new();
    strings(&value, "", &mut places);
    for place in places.iter().skip(field).step_by(12) {
        let before = value.clone();
        *value.pointer_mut(place).unwrap() = text.into();
        if serde_json::from_value::<RunRecord>(value.clone()).is_err() {
            value = before;
        }
    }
    serde_json::from_value(value).unwrap()
}

fn collect(value: &Value, strings: &mut Vec<String>) {
    match value {
        Value::String(string) => strings.push(string.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, strings)),
        Value::Object(fields) => fields.values().for_each(|item| collect(item, strings)),
        _ => {}
    }
}

#[test]
fn a_record_without_secrets_is_left_as_it_is() {
    assert_eq!(*shapes_only().clean(&sample()).unwrap(), sample());
}

#[test]
fn a_secret_that_is_a_word_of_the_schema_leaves_the_record_readable() {
    let redactor = Redactor::new(["UNRESTORED", "gateproof", "command", "2026-11-21"]);
    let record = redactor.clean(&sample()).unwrap();
    assert_eq!(record.schema, sample().schema);
    assert_eq!(record.started, sample().started);
    assert!(!record.tool.contains("gateproof"));
}

#[test]
fn a_text_in_a_field_that_is_mostly_the_program_s_own_is_none_of_its_own() {
    let mut record = sample();
    record.schema = "supersecretvalue99".to_owned();
    record.run_id = "../supersecretvalue99".to_owned();
    record.follows = vec![crate::record::RecordLink {
        run_id: "supersecretvalue99".to_owned(),
        sha256: String::new(),
    }];
    let record = Redactor::new(["supersecretvalue99"])
        .clean(&record)
        .unwrap();
    let text = serde_json::to_string(&record).unwrap();
    assert!(!text.contains("supersecretvalue99"), "{text}");
}

proptest! {
    #[test]
    fn no_secret_survives_in_any_string_of_a_record(
        // Without letters or brackets a secret cannot be a field's name or part of the marker.
        secret in "[0-9!#%&/ '\"\\\\äß漢-]{4,12}[!#%&漢]{3}",
        field in 0..12usize,
    ) {
        let secret = secret.trim().to_owned();
        // A shorter one is not redacted, and counted instead.
        prop_assume!(secret.len() >= kit::redact::MIN_SECRET);
        let text = format!("before {secret} after {}", STANDARD.encode(&secret));
        let planted = planted(&text, field);
        let redacted = Redactor::new([&secret]).clean(&planted).unwrap();
        let mut strings = Vec::new();
        collect(&serde_json::to_value(&redacted).unwrap(), &mut strings);
        for string in strings {
            prop_assert!(!string.contains(&secret), "{string}");
            prop_assert!(!string.contains(&STANDARD.encode(&secret)), "{string}");
        }
    }
}
