//! YAML that somebody else wrote, as a value: with its anchors, aliases and merge keys resolved.
//!
//! Scalars are read by the core schema of YAML 1.2, so `no` and `on` are texts. A number that the versions
//! of YAML read differently (`0755`), and one that JSON has no place for (`.inf`), stays the text that it is.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle};

use super::source::position;
use super::tree::is_null;
use crate::json::{Json, JsonError, MOST_LEVELS};

/// More values than this are not made: a few lines of aliases would be as many as they like.
const MOST_VALUES: usize = 1_000_000;

/// Reads YAML as a value. Several documents are the elements of an array; no document is null. A tag that is
/// not one of YAML's own is left out.
///
/// # Errors
/// [`JsonError`]: it is not YAML, or not one that can be judged.
pub fn parse(text: &str) -> Result<Json, JsonError> {
    let mut builder = Builder {
        text,
        open: Vec::new(),
        documents: Vec::new(),
        anchors: HashMap::new(),
        values: 0,
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(text.len());
            builder.syntax(error.info(), at)
        })?;
        let at = span.byte_range().map_or(0, |range| range.start);
        builder.take(event, at)?;
    }
    Ok(match builder.documents.len() {
        0 => Json::Null,
        1 => builder.documents.remove(0),
        _ => Json::Array(builder.documents),
    })
}

/// A value, and of how many values it consists.
#[derive(Clone)]
struct Sized {
    value: Json,
    size: usize,
}

/// A list or a map that is not yet at its end.
struct Open {
    anchor: usize,
    size: usize,
    kind: Collection,
}

enum Collection {
    List(Vec<Json>),
    Map {
        members: Vec<(String, Json)>,
        names: HashSet<String>,
        /// The key whose value comes next.
        key: Option<Name>,
        /// What `<<` brings in, where the map has no such key itself.
        merged: Vec<(String, Json)>,
    },
}

enum Name {
    Key(String),
    Merge,
}

struct Builder<'t> {
    text: &'t str,
    open: Vec<Open>,
    documents: Vec<Json>,
    anchors: HashMap<usize, Sized>,
    values: usize,
}

impl Builder<'_> {
    fn syntax(&self, problem: impl Into<String>, at: usize) -> JsonError {
        let (line, column) = position(self.text, at);
        JsonError::Syntax {
            problem: problem.into(),
            line,
            column,
        }
    }

    fn take(&mut self, event: Event<'_>, at: usize) -> Result<(), JsonError> {
        let anchor = event.anchor_id().unwrap_or(0);
        match event {
            Event::Scalar(text, style, _, tag) => {
                let plain = style == ScalarStyle::Plain;
                let of_core = tag.as_ref().filter(|tag| tag.is_yaml_core_schema());
                let value = match of_core {
                    Some(tag) if tag.is_yaml_core_schema_tag("str") => {
                        Json::String(text.to_string())
                    }
                    Some(_) => scalar(&text),
                    None if plain => scalar(&text),
                    None => Json::String(text.to_string()),
                };
                let merge = plain && of_core.is_none();
                self.value(anchor, Sized { value, size: 1 }, Some((&text, merge)), at)
            }
            Event::Alias(id) => {
                let named = self.anchors.get(&id).cloned();
                let named = named.ok_or_else(|| self.syntax("an alias inside of itself", at))?;
                let key = match &named.value {
                    Json::String(text) => Some(text.clone()),
                    _ => None,
                };
                self.value(0, named, key.as_deref().map(|text| (text, false)), at)
            }
            Event::SequenceStart(..) => self.begin(anchor, Collection::List(Vec::new()), at),
            Event::MappingStart(..) => {
                let map = Collection::Map {
                    members: Vec::new(),
                    names: HashSet::new(),
                    key: None,
                    merged: Vec::new(),
                };
                self.begin(anchor, map, at)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(ended) = self.open.pop() else {
                    return Err(self.syntax("an end without a beginning", at));
                };
                let value = match ended.kind {
                    Collection::List(elements) => Json::Array(elements),
                    Collection::Map {
                        mut members,
                        mut names,
                        merged,
                        ..
                    } => {
                        let lacks = |(name, _): &(String, Json)| names.insert(name.clone());
                        members.extend(merged.into_iter().filter(lacks));
                        Json::Object(members)
                    }
                };
                let size = ended.size;
                self.value(ended.anchor, Sized { value, size }, None, at)
            }
            Event::DocumentStart(..) => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, anchor: usize, kind: Collection, at: usize) -> Result<(), JsonError> {
        if let Some(Open {
            kind: Collection::Map { key: None, .. },
            ..
        }) = self.open.last()
        {
            return Err(self.syntax("a key that is a list or a map", at));
        }
        if self.open.len() >= MOST_LEVELS {
            return Err(JsonError::TooDeep);
        }
        self.open.push(Open {
            anchor,
            size: 1,
            kind,
        });
        Ok(())
    }

    /// Puts a value where it stands; `key` is its text, where it could be a key, and whether it may be `<<`.
    fn value(
        &mut self,
        anchor: usize,
        value: Sized,
        key: Option<(&str, bool)>,
        at: usize,
    ) -> Result<(), JsonError> {
        self.values += value.size;
        if self.values > MOST_VALUES {
            return Err(JsonError::TooLarge(MOST_VALUES));
        }
        let place = position(self.text, at);
        let not_a_key = self.syntax("a key that is a list or a map", at);
        let not_a_map = self.syntax("`<<` takes a map, or a list of maps", at);
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(value.value);
            return Ok(());
        };
        open.size += value.size;
        match &mut open.kind {
            Collection::List(elements) => elements.push(value.value),
            Collection::Map {
                members,
                names,
                key: next,
                merged,
            } => match next.take() {
                None => {
                    let (text, may_merge) = key.ok_or(not_a_key)?;
                    *next = Some(if may_merge && text == "<<" {
                        Name::Merge
                    } else if names.insert(text.to_owned()) {
                        Name::Key(text.to_owned())
                    } else {
                        return Err(JsonError::Twice {
                            key: text.to_owned(),
                            line: place.0,
                            column: place.1,
                        });
                    });
                }
                Some(Name::Key(name)) => members.push((name, value.value)),
                Some(Name::Merge) => {
                    let maps = match value.value {
                        Json::Array(maps) => maps,
                        one => vec![one],
                    };
                    for map in maps {
                        let Json::Object(of_map) = map else {
                            return Err(not_a_map);
                        };
                        merged.extend(of_map);
                    }
                }
            },
        }
        Ok(())
    }
}

/// A plain scalar by the core schema.
fn scalar(text: &str) -> Json {
    match text {
        _ if is_null(text) => Json::Null,
        "true" | "True" | "TRUE" => Json::Bool(true),
        "false" | "False" | "FALSE" => Json::Bool(false),
        _ => number(text).map_or_else(|| Json::String(text.to_owned()), Json::Number),
    }
}

/// A number as JSON writes it.
fn number(text: &str) -> Option<String> {
    let based = [("0x", 16), ("0o", 8)];
    let based = based.iter().find_map(|(prefix, base)| {
        let digits = text.strip_prefix(prefix)?;
        let all = !digits.is_empty() && digits.chars().all(|c| c.is_digit(*base));
        all.then(|| u128::from_str_radix(digits, *base).ok())?
    });
    if let Some(value) = based {
        return Some(value.to_string());
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (whole, decimals) = match mantissa.split_once('.') {
        Some((whole, decimals)) => (whole, decimals),
        None => (mantissa, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let power = exponent.get(1..).unwrap_or_default();
    let power = power.strip_prefix(['+', '-']).unwrap_or(power);
    let is_number = digits(whole)
        && digits(decimals)
        && digits(power)
        && !(whole.is_empty() && decimals.is_empty())
        && exponent.is_empty() == power.is_empty();
    // What begins with 0 is octal to some readers of YAML, and decimal to others.
    if !is_number || whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    let decimals = match decimals {
        "" => String::new(),
        decimals => format!(".{decimals}"),
    };
    Some(format!("{sign}{whole}{decimals}{exponent}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(text: &str) -> String {
        parse(text).unwrap().to_string()
    }

    #[test]
    fn scalars_are_read_by_the_core_schema() {
        for (yaml, value) in [
            ("no", r#""no""#),
            ("on", r#""on""#),
            ("true", "true"),
            ("'true'", r#""true""#),
            ("~", "null"),
            ("", "null"),
            ("1.10", "1.10"),
            ("+5", "5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e3", "1e3"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("0755", r#""0755""#),
            ("000", r#""000""#),
            ("12:30", r#""12:30""#),
            (".inf", r#"".inf""#),
            ("-", "[null]"),
            ("1.2.3", r#""1.2.3""#),
            ("e3", r#""e3""#),
            ("1e", r#""1e""#),
            ("!!str 5", r#""5""#),
            ("!!int '5'", "5"),
            ("!secret db", r#""db""#),
            ("2026-01-31", r#""2026-01-31""#),
        ] {
            assert_eq!(json(yaml), value, "{yaml}");
        }
    }

    #[test]
    fn anchors_aliases_and_merge_keys_are_resolved() {
        assert_eq!(
            json("a: &a { x: 1, y: 2 }\nb: { <<: *a, y: 3 }\nc: *a\n"),
            r#"{"a":{"x":1,"y":2},"b":{"y":3,"x":1},"c":{"x":1,"y":2}}"#
        );
        assert_eq!(
            json("a: [&x { k: 1 }, &y { k: 2, l: 3 }]\nb: { <<: [*x, *y] }\n"),
            r#"{"a":[{"k":1},{"k":2,"l":3}],"b":{"k":1,"l":3}}"#
        );
        assert_eq!(json("'<<': 1\n"), r#"{"<<":1}"#);
    }

    #[test]
    fn several_documents_are_the_elements_of_an_array() {
        assert_eq!(
            json("kind: A\n---\nkind: B\n"),
            r#"[{"kind":"A"},{"kind":"B"}]"#
        );
        assert_eq!(json("---\nkind: A\n...\n"), r#"{"kind":"A"}"#);
    }

    #[test]
    fn what_cannot_be_judged_is_told_apart_from_what_is_not_yaml() {
        assert!(matches!(
            parse("a: 1\na: 2\n"),
            Err(JsonError::Twice { line: 2, .. })
        ));
        assert!(matches!(
            parse("1: a\n'1': b\n"),
            Err(JsonError::Twice { .. })
        ));
        for broken in [
            "a: [1, 2\n",
            "? [a]\n: 1\n",
            "a: *b\n",
            "a:\n\tb: 1\n",
            "a: { <<: 1 }\n",
        ] {
            assert!(
                matches!(parse(broken), Err(JsonError::Syntax { .. })),
                "{broken:?}"
            );
        }
        let deep = format!("{}{}", "[".repeat(1100), "]".repeat(1100));
        assert!(parse(&deep).is_err());
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..40 {
            let list = vec![format!("*a{}", n - 1); 9].join(", ");
            bomb.push_str(&format!("a{n}: &a{n} [{list}]\n"));
        }
        let started = std::time::Instant::now();
        assert!(matches!(parse(&bomb), Err(JsonError::TooLarge(_))));
        assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    }

    proptest! {
        #[test]
        fn json_is_yaml_of_the_same_value(text in "[a-z0-9 .:#&*!|>'-]{0,12}", number in any::<i32>()) {
            let written = format!("{{\"a\": [{number}, {}], \"b\": null}}", serde_json::to_string(&text).unwrap());
            prop_assert_eq!(parse(&written).unwrap(), crate::json::parse(&written).unwrap());
        }

        #[test]
        fn no_text_makes_it_panic(text in "[ -~\n\t\u{e4}\u{1F600}:\\-{}\\[\\],#'\"&*!|>%@<]{0,80}") {
            let _read = parse(&text);
        }
    }
}
