//! The JSON Schema of claim files. Its keys are those of the reader, from the reader's own lists; what their
//! values may be stands here. What depends on two places of a file, only the reader sees.

mod expect;
mod value;

use serde_json::{Map, Value, json};

use super::checks::{CHECK_KEYS, ON_KEYS, SKIP_KEYS};
use super::control::CONTROL_KEYS;
use super::forms::{form_keys, keys_of_form};
use super::gates::GATE_KEYS;
use super::hosts::HOST_KEYS;
use super::human::HUMAN_KEYS;
use super::loops::LISTED_KEYS;
use super::probes::{
    HEADER_KEYS, HTTP_KEYS, METHODS, REPEAT_KEYS, RUN_KEYS, TIMING_KEYS, TLS_KEYS,
};
use super::steps::{CAPTURE_KEYS, EFFECTS, FIXTURE_KEYS, READY_KEYS, STEP_KEYS};
use super::teeth::TEETH_KEYS;
use super::waive::{WAIVABLE, WAIVER_KEYS};
use super::{FILE_KEYS, SOFTENED_KEYS};
use crate::Unchanged;
use value::{
    boolean, day, definition, duration, either, integer, map_of, object, one_or_several, text,
    with_required, words,
};

/// The JSON Schema (2020-12) of a claim file. Every file that the reader takes is valid by it.
#[must_use]
pub fn schema() -> Value {
    let mut file = with_required(object(FILE_KEYS, of_file), &["phase", "gates"]);
    let definitions: Map<String, Value> = [
        ("command", command()),
        ("step", step(true)),
        ("changing-step", step(false)),
        ("capture", capture()),
        ("fixture", fixture()),
        ("host", host()),
        ("gate", gate()),
        ("control", control()),
        ("check", check()),
    ]
    .into_iter()
    .chain(expect::definitions())
    .chain(value::definitions())
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect();
    file["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    file["title"] = json!("A claim file of gateproof");
    file["$defs"] = Value::Object(definitions);
    file
}

fn of_file(key: &str) -> Option<Value> {
    let schema = match key {
        "phase" | "title" | "docs" | "on" => text(),
        "fresh_for" => duration(),
        "hosts" => map_of(definition("host")),
        "vars" => map_of(text()),
        "secrets" => one_or_several(text()),
        "softened" => one_or_several(with_required(
            object(SOFTENED_KEYS, |_| Some(text())),
            SOFTENED_KEYS,
        )),
        "fixtures" => map_of(definition("fixture")),
        "gates" => json!({
            "type": "object",
            "additionalProperties": definition("gate"),
            "minProperties": 1,
        }),
        _ => return None,
    };
    Some(schema)
}

fn host() -> Value {
    object(HOST_KEYS, |key| match key {
        "ssh" | "container" | "service" => Some(text()),
        "revision" => Some(definition("command")),
        _ => None,
    })
}

fn gate() -> Value {
    let gate = object(GATE_KEYS, |key| match key {
        "title" | "owner" | "why" => Some(text()),
        "after" | "changed" | "covers" => Some(one_or_several(text())),
        "closes" => Some(one_or_several(map_of(text()))),
        "teeth" => Some(words(&["required"])),
        "checks" => Some(json!({
            "type": "array",
            "items": definition("check"),
            "minItems": 1,
        })),
        _ => None,
    });
    with_required(gate, &["checks"])
}

/// A shell line, a list of words, or a map with the keys of a command.
fn command() -> Value {
    let keys = with_required(object(RUN_KEYS, of_probe), &["run"]);
    either([one_or_several(text()), keys])
}

/// The keys of a command, of a request and of timing.
fn of_probe(key: &str) -> Option<Value> {
    let schema = match key {
        "run" => one_or_several(text()),
        "cwd" | "stdin" | "hides_failure" | "http" | "resolve" | "body" => text(),
        "env" => map_of(text()),
        "strict" => boolean(),
        "method" => words(METHODS),
        "tls" => either([
            words(&["verify", "insecure"]),
            with_required(object(TLS_KEYS, |_| Some(text())), TLS_KEYS),
        ]),
        "headers" => {
            let from = object(HEADER_KEYS, |_| Some(text()));
            map_of(either([text(), with_required(from, &["env"])]))
        }
        "follow" => integer(0, 20),
        "vantage" => one_or_several(text()),
        "cookies" => words(&["drop", "keep"]),
        "stream" | "timeout" | "within" | "never_within" | "every" => duration(),
        // By what is asked: see `by_probe`.
        "expect" | "fail_if" => json!({}),
        "repeat" => {
            let times = object(REPEAT_KEYS, |_| Some(integer(1, 10_000)));
            either([integer(1, 10_000), with_required(times, &["times"])])
        }
        _ => return None,
    };
    Some(schema)
}

/// What is expected depends on what is asked. `otherwise`: what else may be asked of such a map.
fn by_probe(mut object: Value, otherwise: Value) -> Value {
    let expected = |name: &str| {
        let schema = definition(name);
        json!({ "properties": { "expect": schema, "fail_if": schema } })
    };
    object["if"] = json!({ "required": ["http"] });
    object["then"] = expected("http-expectation");
    object["else"] = json!({
        "if": { "required": ["run"] },
        "then": expected("command-expectation"),
        "else": otherwise,
    });
    object
}

/// A shell line, or a map. Steps that observe take the forms as well.
fn step(observes: bool) -> Value {
    let forms: Vec<&str> = form_keys().filter(|_| observes).collect();
    let keys = STEP_KEYS.iter().chain(RUN_KEYS).chain(HTTP_KEYS);
    let keys = object(keys.chain(TIMING_KEYS).chain(&forms), |key| match key {
        "on" => Some(text()),
        "capture" => Some(map_of(definition("capture"))),
        _ => of_form(key).or_else(|| of_probe(key)),
    });
    let asks = ["run", "http"].iter().chain(&forms);
    let mut step = by_probe(keys, json!({}));
    step["oneOf"] = asks.map(|key| json!({ "required": [key] })).collect();
    either([text(), step])
}

fn capture() -> Value {
    let from = words(&["stdout", "stderr", "body", "status"]);
    let long = object(CAPTURE_KEYS, |key| match key {
        "from" => Some(from.clone()),
        "json" | "matches" => Some(text()),
        _ => None,
    });
    either([from.clone(), long])
}

fn fixture() -> Value {
    object(FIXTURE_KEYS, |key| match key {
        "on" => Some(text()),
        "with" => Some(one_or_several(text())),
        "baseline" | "until" | "settled" => Some(definition("step")),
        "do" | "undo" => Some(one_or_several(definition("changing-step"))),
        "service" => Some(definition("command")),
        "ready" => {
            let printed = object(READY_KEYS, |key| match key {
                "stdout" => Some(definition("matcher")),
                "within" => Some(duration()),
                _ => None,
            });
            Some(either([
                with_required(printed, &["stdout"]),
                definition("step"),
            ]))
        }
        "deadline" => Some(duration()),
        "capture" => Some(map_of(definition("capture"))),
        "effect" => Some(words(EFFECTS)),
        _ => None,
    })
}

fn control() -> Value {
    let keys = CONTROL_KEYS.iter().chain(RUN_KEYS).chain(HTTP_KEYS);
    let keys = object(keys.chain(TIMING_KEYS), |key| match key {
        "with" => Some(one_or_several(text())),
        _ => of_probe(key),
    });
    // It asks what its check asks.
    let inherited = json!({});
    with_required(by_probe(keys, inherited), &["expect"])
}

fn check() -> Value {
    let forms: Vec<&str> = form_keys().collect();
    let keys = CHECK_KEYS
        .iter()
        .chain(RUN_KEYS)
        .chain(HTTP_KEYS)
        .chain(TIMING_KEYS)
        .chain(HUMAN_KEYS)
        .chain(&forms);
    let keys = object(keys, |key| of_check(key).or_else(|| of_probe(key)));
    let mut check = by_probe(with_required(keys, &["id", "claim"]), json!({}));
    let asks = ["run", "http", "human"].iter().chain(&forms);
    check["oneOf"] = asks.map(|key| json!({ "required": [key] })).collect();
    check
}

fn of_check(key: &str) -> Option<Value> {
    let schema = match key {
        "id" | "claim" | "same_as" | "human" | "artefact" => text(),
        "on" => either([text(), with_required(object(ON_KEYS, of_on), ON_KEYS)]),
        "with" | "needs" | "tags" => one_or_several(text()),
        "requires" => definition("step"),
        "for" => loops(),
        "capture" => map_of(definition("capture")),
        "effect" => words(EFFECTS),
        "control" => definition("control"),
        "unchanged" => words(&Unchanged::ALL.map(Unchanged::name)),
        "skip" => either([
            text(),
            with_required(object(SKIP_KEYS, until_or_text), SKIP_KEYS),
        ]),
        "teeth" => with_required(object(TEETH_KEYS, until_or_text), TEETH_KEYS),
        "waive" => {
            let waiver = with_required(object(WAIVER_KEYS, until_or_text), WAIVER_KEYS);
            object(&WAIVABLE.map(|code| code.0), |_| Some(waiver.clone()))
        }
        _ => return of_form(key),
    };
    Some(schema)
}

/// What a form takes: each is a text or a matcher of what the form finds.
fn of_form(key: &str) -> Option<Value> {
    let own = keys_of_form(key)?;
    Some(object(&own, |_| Some(definition("value"))))
}

fn of_on(key: &str) -> Option<Value> {
    match key {
        "host" => Some(text()),
        "clone" => Some(words(&["true"])),
        _ => None,
    }
}

fn until_or_text(key: &str) -> Option<Value> {
    match key {
        "until" => Some(day()),
        _ => Some(text()),
    }
}

/// Values, rows of values, or a command that lists them.
fn loops() -> Value {
    let listed = object(RUN_KEYS.iter().chain(LISTED_KEYS), |key| match key {
        "at_least" => Some(integer(1, 1000)),
        _ => of_probe(key),
    });
    let values = either([one_or_several(text()), with_required(listed, &["run"])]);
    let rows = json!({ "type": "array", "items": map_of(text()), "minItems": 1 });
    either([map_of(values), rows])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    /// The places whose schema says nothing of a key.
    fn unsaid(at: &str, schema: &Value, found: &mut Vec<String>) {
        match schema {
            Value::Bool(true) => found.push(at.to_owned()),
            Value::Object(members) => {
                for (key, inner) in members {
                    // Beside schemas, only `enum` has values of the file's own.
                    if key != "enum" {
                        unsaid(&format!("{at}/{key}"), inner, found);
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    unsaid(at, item, found);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn every_key_of_the_reader_has_a_schema_of_its_value() {
        let mut found = Vec::new();
        unsaid("", &super::schema(), &mut found);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn every_definition_that_is_named_is_there_and_every_other_is_used() {
        let schema = super::schema();
        let text = schema.to_string();
        let definitions = schema["$defs"].as_object().unwrap();
        let mut named: Vec<&str> = text
            .split("\"#/$defs/")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        named.sort_unstable();
        named.dedup();
        let mut there: Vec<&str> = definitions.keys().map(String::as_str).collect();
        there.sort_unstable();
        assert_eq!(named, there);
        assert_eq!(
            schema["properties"]["phase"],
            json!({ "$ref": "#/$defs/text" })
        );
    }
}
