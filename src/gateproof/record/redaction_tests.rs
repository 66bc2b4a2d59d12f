//! A record goes through the redactor and stays a record.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit::redact::OWN_FIELDS;
use kit::redact::Redactor;
use proptest::prelude::*;
use serde_json::Value;

use super::RunRecord;
use crate::report::sample::record as sample;

fn shapes_only() -> Redactor {
    Redactor::new(Vec::<String>::new())
}

/// Puts the text into every twelfth string that is not of a closed set, beginning at `field`.
fn plant(value: &mut Value, text: &str, field: usize, at: &mut usize) {
    match value {
        Value::String(string) => {
            if *at % 12 == field {
                text.clone_into(string);
            }
            *at += 1;
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| plant(item, text, field, at)),
        Value::Object(fields) => fields
            .iter_mut()
            .filter(|(name, _)| !OWN_FIELDS.contains(&name.as_str()))
            .for_each(|(_, item)| plant(item, text, field, at)),
        _ => {}
    }
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
    assert_eq!(shapes_only().clean(&sample()).unwrap(), sample());
}

#[test]
fn a_secret_that_is_a_word_of_the_schema_leaves_the_record_readable() {
    let redactor = Redactor::new(["UNRESTORED", "gateproof", "command", "2026-11-21"]);
    let record = redactor.clean(&sample()).unwrap();
    assert_eq!(record.schema, sample().schema);
    assert_eq!(record.started, sample().started);
    assert!(!record.tool.contains("gateproof"));
}

proptest! {
    #[test]
    fn no_secret_survives_in_any_string_of_a_record(
        // Without letters or brackets a secret cannot be a field's name or part of the marker.
        secret in "[0-9!#%&/ '\"\\\\äß漢-]{4,12}[!#%&漢]{3}",
        field in 0..12usize,
    ) {
        let secret = secret.trim().to_owned();
        let mut value = serde_json::to_value(sample()).unwrap();
        let mut at = 0;
        plant(&mut value, &format!("before {secret} after {}", STANDARD.encode(&secret)), field, &mut at);
        let planted: RunRecord = serde_json::from_value(value).unwrap();
        let redacted = Redactor::new([&secret]).clean(&planted).unwrap();
        let mut strings = Vec::new();
        collect(&serde_json::to_value(&redacted).unwrap(), &mut strings);
        for string in strings {
            prop_assert!(!string.contains(&secret), "{string}");
            prop_assert!(!string.contains(&STANDARD.encode(&secret)), "{string}");
        }
    }
}
