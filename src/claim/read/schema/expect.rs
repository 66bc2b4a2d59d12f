//! What can be expected, as JSON Schemas.

use reach::observation::NoAnswerCause;
use serde_json::{Value, json};

use super::super::cookies::{COOKIES_KEYS, cookie_keys};
use super::super::expectations::{
    CERTIFICATE_KEYS, COMMAND_KEYS, EXIT_KEYS, HTTP_KEYS, STATUS_KEYS, TESTS_KEYS,
};
use super::super::headers::WORDS;
use super::super::limits::{BOUND_KEYS, DURATION_KEYS, NUMBER_KEYS};
use super::super::matchers::{IN_ORDER_KEYS, JSON_TYPES, json_keys, text_keys};
use super::super::times::TIME_KEYS;
use super::super::values::{COUNT_KEYS, SECRETS_KEYS, VERSION_KEYS};
use super::value::{
    boolean, definition, duration, either, integer, map_of, object, one_or_several, text,
    with_required, words,
};
use crate::expectation::Form;

/// What an expectation is of.
#[derive(Clone, Copy)]
enum Asked {
    Command,
    Http,
}

pub(super) fn definitions() -> Vec<(&'static str, Value)> {
    let matcher = object(&text_keys(), of_text);
    let value = object(&json_keys(), of_json);
    let list = json!({ "type": "array" });
    vec![
        ("matcher", either([text(), matcher.clone()])),
        (
            "value",
            either([text(), json!({ "type": "null" }), list, value]),
        ),
        ("header", header(matcher)),
        ("cookie", cookie()),
        ("bounds", either([text(), bounds(&[])])),
        ("number", either([text(), bounds(NUMBER_KEYS)])),
        ("time", either([text(), object(TIME_KEYS, of_time)])),
        (
            "version",
            either([text(), object(VERSION_KEYS, |_| Some(text()))]),
        ),
        ("secrets", secrets()),
        ("command-clauses", clauses(COMMAND_KEYS, Asked::Command)),
        ("http-clauses", clauses(HTTP_KEYS, Asked::Http)),
        (
            "command-expectation",
            either([text(), definition("command-clauses")]),
        ),
        (
            "http-expectation",
            either([one_or_several(status()), definition("http-clauses")]),
        ),
    ]
}

fn clauses(keys: &[&str], asked: Asked) -> Value {
    let own = match asked {
        Asked::Command => "command-clauses",
        Asked::Http => "http-clauses",
    };
    let mut clauses = object(keys, |key| match key {
        "all" | "any" => Some(one_or_several(definition(own))),
        "not" => Some(definition(own)),
        _ => clause(key),
    });
    clauses["minProperties"] = json!(1);
    clauses
}

fn clause(key: &str) -> Option<Value> {
    let schema = match key {
        "exit" => either([
            one_or_several(integer(0, 255)),
            object(EXIT_KEYS, |key| match key {
                "not" => Some(one_or_several(integer(0, 255))),
                "signal" => Some(text()),
                _ => None,
            }),
        ]),
        "stdout" | "stderr" | "body" => definition("matcher"),
        "json" | "yaml" => map_of(definition("value")),
        "tests" => with_required(
            object(TESTS_KEYS, |_| Some(definition("bounds"))),
            &["passed"],
        ),
        "duration" => object(DURATION_KEYS, |_| Some(text())),
        "status" => either([
            one_or_several(status()),
            object(STATUS_KEYS, |_| Some(one_or_several(status()))),
        ]),
        "no_answer" => {
            let causes = NoAnswerCause::ALL.iter().map(|cause| cause.name());
            let causes: Vec<&str> = causes.collect();
            either([boolean(), one_or_several(words(&causes))])
        }
        "header" => map_of(definition("header")),
        "cookie" => map_of(definition("cookie")),
        "cookies" => object(COOKIES_KEYS, |key| match key {
            "count" => Some(definition("bounds")),
            _ => Some(cookie_parts()),
        }),
        "certificate" => object(CERTIFICATE_KEYS, |key| match key {
            "days_left" => Some(definition("bounds")),
            _ => Some(text()),
        }),
        _ => return None,
    };
    Some(schema)
}

fn of_text(key: &str) -> Option<Value> {
    let schema = match key {
        "equals" | "exact" | "snapshot" | "sha256" => text(),
        "contains" | "matches" | "starts_with" | "ends_with" | "set" => one_or_several(text()),
        "not" | "every_line" => definition("matcher"),
        "empty" => boolean(),
        "line" => map_of(definition("matcher")),
        "lines" | "length" => definition("bounds"),
        "count" => with_required(bounds(COUNT_KEYS), &["of"]),
        "number" | "time" | "version" | "secrets" => definition(key),
        "json" | "yaml" => map_of(definition("value")),
        "in_order" => {
            let pattern = object(IN_ORDER_KEYS, |_| Some(text()));
            json!({ "type": "array", "items": either([text(), pattern]), "minItems": 2 })
        }
        "all" | "any" => one_or_several(definition("matcher")),
        _ => return None,
    };
    Some(schema)
}

fn of_json(key: &str) -> Option<Value> {
    let schema = match key {
        // Any value at all.
        "equals" | "set" => json!({}),
        "absent" => boolean(),
        "count" => definition("bounds"),
        // A list: one of these.
        "every" | "any" | "none" | "not" => definition("value"),
        "all" => one_or_several(definition("value")),
        "keys" => one_or_several(text()),
        "type" => words(JSON_TYPES),
        _ => return of_text(key),
    };
    Some(schema)
}

/// Bounds on a number, with more keys beside them.
fn bounds(beside: &[&str]) -> Value {
    let forms = Form::NAMES.map(|(name, _)| name);
    object(beside.iter().chain(BOUND_KEYS), |key| match key {
        "form" => Some(words(&forms)),
        _ => Some(text()),
    })
}

fn of_time(key: &str) -> Option<Value> {
    match key {
        "newer_than" | "older_than" => Some(duration()),
        "unix" => Some(words(&["s", "ms"])),
        _ => Some(text()),
    }
}

fn secrets() -> Value {
    let named = object(SECRETS_KEYS, |_| Some(one_or_several(text())));
    either([words(&["absent"]), with_required(named, SECRETS_KEYS)])
}

fn status() -> Value {
    json!({
        "anyOf": [
            { "type": "integer", "minimum": 100, "maximum": 999 },
            { "enum": [0] },
            { "type": "string" },
        ],
    })
}

/// A matcher of the text, or what the words say of all headers of the name.
fn header(matcher: Value) -> Value {
    let one_of = one_or_several(definition("matcher"));
    let all = object(WORDS, |key| match key {
        "absent" => Some(boolean()),
        "count" => Some(definition("bounds")),
        "set" => Some(one_or_several(text())),
        _ => Some(one_of.clone()),
    });
    either([text(), matcher, all])
}

fn cookie() -> Value {
    let absent = object(&["absent"], |_| Some(boolean()));
    either([text(), absent, cookie_parts()])
}

fn cookie_parts() -> Value {
    let keys: Vec<&str> = cookie_keys().collect();
    object(&keys, |key| match key {
        "secure" | "http_only" | "partitioned" => Some(boolean()),
        _ => Some(definition("header")),
    })
}
