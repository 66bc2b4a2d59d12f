//! The kinds of values of a claim file, as JSON Schemas.

use serde_json::{Map, Value, json};

/// A map with these keys and no others. A key without a schema may have any value: a test finds those.
pub(super) fn object<'k>(
    keys: impl IntoIterator<Item = &'k &'k str>,
    schema_of: impl Fn(&str) -> Option<Value>,
) -> Value {
    let properties: Map<String, Value> = keys
        .into_iter()
        .map(|key| {
            let schema = schema_of(key).unwrap_or(Value::Bool(true));
            ((*key).to_owned(), schema)
        })
        .collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// A map that must have some of its keys.
pub(super) fn with_required(mut object: Value, keys: &[&str]) -> Value {
    object["required"] = json!(keys);
    object
}

/// A map with names of the author's own.
pub(super) fn map_of(value: Value) -> Value {
    json!({ "type": "object", "additionalProperties": value })
}

pub(super) fn definition(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

pub(super) fn either(schemas: impl IntoIterator<Item = Value>) -> Value {
    json!({ "anyOf": schemas.into_iter().collect::<Vec<_>>() })
}

/// One item, or a list of at least one.
pub(super) fn one_or_several(item: Value) -> Value {
    let list = json!({ "type": "array", "items": item.clone(), "minItems": 1 });
    either([item, list])
}

/// Any scalar: the reader takes it as the text that stands there.
pub(super) fn text() -> Value {
    definition("text")
}

/// A value that is known only when the parameters of a text have theirs.
fn parameter() -> Value {
    json!({ "type": "string", "pattern": "\\$\\{" })
}

pub(super) fn words(words: &[&str]) -> Value {
    // Digits without quotes are a number in YAML.
    let numbers = words.iter().filter_map(|word| word.parse::<u32>().ok());
    let known: Vec<Value> = words
        .iter()
        .map(|word| json!(word))
        .chain(numbers.map(|number| json!(number)))
        .collect();
    either([json!({ "enum": known }), parameter()])
}

pub(super) fn boolean() -> Value {
    definition("boolean")
}

pub(super) fn integer(min: i64, max: i64) -> Value {
    let quoted = json!({ "type": "string", "pattern": "^\\s*[+-]?[0-9]+\\s*$" });
    let number = json!({ "type": "integer", "minimum": min, "maximum": max });
    either([number, quoted, parameter()])
}

/// The schemas that the others refer to by name.
pub(super) fn definitions() -> [(&'static str, Value); 4] {
    let own = json!({ "enum": [true, false, "true", "false"] });
    [
        ("text", json!({ "type": ["string", "number", "boolean"] })),
        ("boolean", either([own, parameter()])),
        (
            "duration",
            json!({
                "description": "A duration with its unit: 500ms, 10s, 5m, 1h 30m.",
                "anyOf": [{ "type": "string", "pattern": "[a-zA-Zµ]" }, { "enum": [0, "0"] }],
            }),
        ),
        (
            "day",
            json!({
                "description": "The last day, in UTC: 2027-01-31.",
                "anyOf": [{ "type": "string", "pattern": "^[0-9]+-[0-9]+-[0-9]+$" }, parameter()],
            }),
        ),
    ]
}

pub(super) fn duration() -> Value {
    definition("duration")
}

pub(super) fn day() -> Value {
    definition("day")
}
