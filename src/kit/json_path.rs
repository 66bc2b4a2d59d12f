//! Paths into JSON, as RFC 9535 has them: `$.a.b-c[0]["any key"]` names one value or none,
//! `$.items[*].state` and `$.items[?@.age > 3]` find any number.
//!
//! `serde_json_path` decides what a path with wildcards, slices, filters or `..` is, and what it
//! finds. The steps before the first of these are read here, for three things that a library of
//! queries does not tell: whether a path names one value, where a value would have to stand that is
//! absent, and what to write in place of a slip.

mod plain;

use std::fmt;

use serde_json_path::JsonPath as Query;
use serde_json_path::PathElement;

use crate::json::Json;

/// A path into JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath {
    /// The path as written.
    pub source: String,
    /// The steps from the root: all of a path that names one value, else those before the first
    /// selector that may find several.
    pub steps: Vec<JsonStep>,
    /// The whole path, where it may find several values.
    several: Option<Query>,
}

/// One step of a [`JsonPath`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonStep {
    /// A member of an object.
    Key(String),
    /// An element of an array; negative counts from the end.
    Index(i64),
}

/// Why a path cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {offset} of the path; {help}")]
pub struct JsonPathError {
    /// The byte of the path's text at which it goes wrong; its length when something is missing
    /// at the end.
    pub offset: usize,
    /// What is wrong there.
    pub problem: String,
    /// What to write instead.
    pub help: String,
}

/// A value that a path finds.
#[derive(Clone, Debug)]
pub struct Found<'v> {
    /// Where it stands: `$["items"][0]`.
    pub place: String,
    pub value: &'v Json,
}

/// Reads a path of RFC 9535. Beyond the RFC, a key after a dot may have `-` in it and begin with a
/// digit.
///
/// # Errors
/// The first place at which the text is not a path, and what to write instead.
pub fn parse_json_path(source: &str) -> Result<JsonPath, JsonPathError> {
    let (steps, several) = match plain::read(source)? {
        plain::Plain::One(steps) => (steps, None),
        plain::Plain::Several(steps) => (steps, Some(query(source)?)),
    };
    Ok(JsonPath {
        source: source.to_owned(),
        steps,
        several,
    })
}

impl JsonPath {
    /// Whether the path names one value or none.
    pub fn is_singular(&self) -> bool {
        self.several.is_none()
    }

    /// All that the path finds, in the order of the document.
    pub fn find<'v>(&self, root: &'v Json) -> Vec<Found<'v>> {
        let Some(query) = &self.several else {
            let value = lookup(self, root);
            let place = place(&self.steps);
            return value
                .map(|value| Found { place, value })
                .into_iter()
                .collect();
        };
        // The library knows `serde_json`, which rounds numbers: it tells the places, and the
        // values are those of the document.
        let rounded = root.to_serde();
        let nodes = query.query_located(&rounded);
        nodes
            .locations()
            .filter_map(|location| {
                let steps: Vec<JsonStep> = location
                    .iter()
                    .map(|element| match element {
                        PathElement::Name(name) => JsonStep::Key((*name).to_owned()),
                        PathElement::Index(index) => {
                            JsonStep::Index(i64::try_from(*index).unwrap_or(i64::MAX))
                        }
                    })
                    .collect();
                let value = steps.iter().try_fold(root, step)?;
                Some(Found {
                    place: place(&steps),
                    value,
                })
            })
            .collect()
    }

    /// What the last of the steps starts from, if it is there and could hold what is named: an
    /// object for a key, an array for an index. Of a path that may find several, what the first of
    /// its selectors looks through.
    ///
    /// # Errors
    /// In words, what is there instead.
    pub fn holder<'v>(&self, root: &'v Json) -> Result<&'v Json, String> {
        let (last, before) = match (self.is_singular(), self.steps.split_last()) {
            (true, Some((last, before))) => (Some(last), before),
            (true, None) => return Err("`$` is always there".to_owned()),
            (false, _) => (None, self.steps.as_slice()),
        };
        let Some(holder) = before.iter().try_fold(root, step) else {
            return Err(reach(self, root));
        };
        let fits = matches!(
            (last, holder),
            (Some(JsonStep::Key(_)), Json::Object(_))
                | (Some(JsonStep::Index(_)), Json::Array(_))
                | (None, Json::Object(_) | Json::Array(_))
        );
        if fits {
            Ok(holder)
        } else {
            Err(format!("{} is {}", place(before), words(holder)))
        }
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// The library's reading of a path; keys with `-` are put into brackets for it.
fn query(source: &str) -> Result<Query, JsonPathError> {
    let (bracketed, places) = plain::bracket_keys(source);
    Query::parse(&bracketed).map_err(|error| {
        let at = error.position();
        let moved = places.iter().rfind(|(from, _)| *from <= at);
        let offset = moved.map_or(at, |(from, to)| to + (at - from)).min(source.len());
        let offset = (0..=offset).rev().find(|at| source.is_char_boundary(*at)).unwrap_or(0);
        let message = error.message();
        let problem = match message.contains("parser error") {
            true => "this is not a path of RFC 9535".to_owned(),
            false => message.to_owned(),
        };
        JsonPathError {
            offset,
            problem,
            help: "write for example `$.items[*].state`, `$.items[1:3]`, `$..name` or `$.items[?@.state == \"up\"]`".to_owned(),
        }
    })
}

/// The value a path names, if there is one. Of a path that may find several, where its first
/// selector begins.
pub fn lookup<'v>(path: &JsonPath, root: &'v Json) -> Option<&'v Json> {
    path.steps.iter().try_fold(root, step)
}

fn step<'v>(value: &'v Json, step: &JsonStep) -> Option<&'v Json> {
    match (step, value) {
        (JsonStep::Key(key), Json::Object(_)) => value.get(key),
        (JsonStep::Index(index), Json::Array(elements)) => {
            let distance = usize::try_from(index.unsigned_abs()).ok()?;
            let index = if *index < 0 {
                elements.len().checked_sub(distance)?
            } else {
                distance
            };
            elements.get(index)
        }
        _ => None,
    }
}

/// In words, how far a path that names nothing leads: `$.a is an object with b, c`.
pub fn reach(path: &JsonPath, root: &Json) -> String {
    let mut reached = 0;
    let mut value = root;
    for next in &path.steps {
        let Some(inner) = step(value, next) else {
            break;
        };
        value = inner;
        reached += 1;
    }
    format!("{} is {}", place(&path.steps[..reached]), words(value))
}

fn place(steps: &[JsonStep]) -> String {
    steps.iter().fold("$".to_owned(), |place, step| match step {
        JsonStep::Key(key) => format!("{place}[\"{key}\"]"),
        JsonStep::Index(index) => format!("{place}[{index}]"),
    })
}

/// What a value is, in a few words.
fn words(value: &Json) -> String {
    match value {
        Json::Object(members) if members.is_empty() => "an empty object".to_owned(),
        Json::Object(members) => {
            let mut keys: Vec<&str> = members
                .iter()
                .take(8)
                .map(|(key, _)| key.as_str())
                .collect();
            if members.len() > keys.len() {
                keys.push("…");
            }
            format!("an object with {}", keys.join(", "))
        }
        Json::Array(elements) => format!("an array of {}", elements.len()),
        Json::Null => "null".to_owned(),
        other => format!("the {} {other}", other.type_name()),
    }
}

#[cfg(test)]
mod tests;
