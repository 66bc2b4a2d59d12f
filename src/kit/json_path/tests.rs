use crate::json;
use proptest::prelude::*;

use super::*;

#[test]
fn reads_every_kind_of_step() {
    let path = parse_json_path(r#"$.a.b-c[0][-1]["d \"e\""]['f.g']._1é"#).unwrap();
    let key = |text: &str| JsonStep::Key(text.to_owned());
    assert_eq!(
        path.steps,
        [
            key("a"),
            key("b-c"),
            JsonStep::Index(0),
            JsonStep::Index(-1),
            key("d \"e\""),
            key("f.g"),
            key("_1é"),
        ]
    );
    assert_eq!(parse_json_path("$").unwrap().steps, []);
}

#[test]
fn says_where_a_path_goes_wrong_and_what_to_write() {
    for (source, offset, help) in [
        ("", 0, "write `$`"),
        ("a.b", 0, "write `$.a.b`"),
        ("[0]", 0, "write `$[0]`"),
        ("$.", 2, "write `.key`"),
        ("$a", 1, "`.key`"),
        ("$.[0]", 2, "leave the dot out"),
        ("$.a b", 3, "or nothing"),
        ("$[]", 2, "`[0]`"),
        (" $.a", 0, "write `$.a`"),
        ("$.a ", 3, "leave it out"),
        ("$.items.0", 8, "write `[0]`"),
        ("$[*", 3, "`$.items[*].state`"),
        ("$.a[?@.b = 1]", 9, "`$.items[?@.state"),
        ("$[a]", 2, "write `[\"a\"]`"),
        ("$[\"a]", 2, "write `[\"key\"]`"),
        ("$[\"a\\q\"]", 4, "backslash"),
        ("$[\"a\\u12\"]", 4, "u263A"),
        ("$[0", 3, "write `]`"),
        ("$[007]", 2, "write `[7]`"),
        ("$[-]", 2, "`[-1]`"),
        ("$[99999999999999999999]", 2, "`[0]`"),
        ("$.a$", 3, "`.key`"),
        ("$.$", 2, "[\"…\"]"),
    ] {
        let error = parse_json_path(source).unwrap_err();
        assert_eq!(error.offset, offset, "{source}: {error}");
        assert!(error.help.contains(help), "{source}: {error}");
    }
}

fn read(text: &str) -> Json {
    json::parse(text).unwrap()
}

fn path(text: &str) -> JsonPath {
    parse_json_path(text).unwrap()
}

#[test]
fn finds_values_from_both_ends() {
    let root = read(r#"{"a": [{"b": 1}, {"b": 2}], "": 3, "n\n": 4}"#);
    let found = |text: &str| lookup(&path(text), &root).map(Json::to_string);
    assert_eq!(found("$.a[0].b").as_deref(), Some("1"));
    assert_eq!(found("$.a[-1].b").as_deref(), Some("2"));
    assert_eq!(found("$ ['a'] [ -2 ] .b").as_deref(), Some("1"));
    assert_eq!(found("$[\"\"]").as_deref(), Some("3"));
    assert_eq!(found(r#"$["n\n"]"#).as_deref(), Some("4"));
    assert_eq!(found(r#"$['\u0061'][0].b"#).as_deref(), Some("1"));
    for missing in ["$.a[2]", "$.a[-3]", "$.b", "$[0]", "$.a.b", "$.a[0].b.c"] {
        assert_eq!(found(missing), None, "{missing}");
    }
}

#[test]
fn finds_several_with_every_digit_of_theirs() {
    let root = read(
        r#"{"items": [{"id": 9007199254740993, "up": true, "last-seen": 1}, {"id": 2, "up": false}, {"id": 3}],
            "none": []}"#,
    );
    for (text, expected) in [
        ("$.items[*].id", "9007199254740993 2 3"),
        ("$..id", "9007199254740993 2 3"),
        ("$.items[1:].id", "2 3"),
        ("$.items[0,2].id", "9007199254740993 3"),
        ("$.items[?@.up == true].id", "9007199254740993"),
        ("$.items[?@.up].id", "9007199254740993 2"),
        ("$.items[?match(@.id, 'x')].id", ""),
        ("$.items[*].last-seen", "1"),
        ("$..last-seen", "1"),
        ("$.none[*]", ""),
        ("$.items[0].id", "9007199254740993"),
    ] {
        let found: Vec<String> = path(text)
            .find(&root)
            .iter()
            .map(|found| found.value.to_string())
            .collect();
        assert_eq!(found.join(" "), expected, "{text}");
    }
    assert_eq!(
        path("$.items[*].id").find(&root)[1].place,
        "$[\"items\"][1][\"id\"]"
    );
    assert!(path("$.items[0].id").is_singular());
    assert!(!path("$.items[*].id").is_singular());
}

#[test]
fn what_is_absent_needs_something_that_could_hold_it() {
    for (document, text) in [
        ("null", "$.a"),
        (r#"[{"a": 1}]"#, "$.a"),
        (r#"{"a": [{"b": 1}]}"#, "$.a.b"),
        (r#"{"a": {"0": 1}}"#, "$.a[0]"),
        (r#"{}"#, "$.a.b"),
        (r#"{"items": 1}"#, "$.items[*]"),
        (r#"{}"#, "$.items[*]"),
        ("5", "$..a"),
        ("{}", "$"),
    ] {
        let holder = path(text).holder(&read(document)).map(Json::to_string);
        assert!(holder.is_err(), "{document} {text}");
    }
    for (document, text) in [
        ("{}", "$.a"),
        ("[]", "$[0]"),
        (r#"{"a": {}}"#, "$.a.b"),
        (r#"{"items": []}"#, "$.items[*]"),
    ] {
        assert!(
            path(text).holder(&read(document)).is_ok(),
            "{document} {text}"
        );
    }
}

fn steps() -> impl Strategy<Value = Vec<JsonStep>> {
    let step = prop_oneof![
        "(?s).{0,6}".prop_map(JsonStep::Key),
        "[a-zA-Z0-9_-]{1,6}".prop_map(JsonStep::Key),
        (-3_i64..4).prop_map(JsonStep::Index),
    ];
    proptest::collection::vec(step, 0..6)
}

fn written(steps: &[JsonStep], quote: char) -> String {
    let mut path = "$".to_owned();
    for step in steps {
        match step {
            JsonStep::Index(index) => path += &format!("[{index}]"),
            JsonStep::Key(key) => {
                let key = key
                    .replace('\\', "\\\\")
                    .replace(quote, &format!("\\{quote}"));
                path += &format!("[{quote}{key}{quote}]");
            }
        }
    }
    path
}

/// A value in which the steps lead to `leaf`.
fn around(steps: &[JsonStep], leaf: Json) -> Json {
    steps.iter().rev().fold(leaf, |inner, step| match step {
        JsonStep::Key(key) => Json::Object(vec![(key.clone(), inner)]),
        JsonStep::Index(index) => {
            let distance = usize::try_from(index.unsigned_abs()).unwrap();
            let mut elements = vec![Json::Null; distance + 1];
            let at = if *index < 0 {
                elements.len() - distance
            } else {
                distance
            };
            elements[at] = inner;
            Json::Array(elements)
        }
    })
}

proptest! {
    #[test]
    fn a_written_path_reads_back(steps in steps(), single in any::<bool>()) {
        let source = written(&steps, if single { '\'' } else { '"' });
        let path = parse_json_path(&source).unwrap();
        prop_assert_eq!(&path.steps, &steps);
        prop_assert_eq!(path.source, source);
    }

    #[test]
    fn a_path_finds_what_was_put_there(steps in steps()) {
        let leaf = Json::String("leaf".to_owned());
        let root = around(&steps, leaf.clone());
        let path = parse_json_path(&written(&steps, '"')).unwrap();
        prop_assert_eq!(lookup(&path, &root), Some(&leaf));
    }

    #[test]
    fn an_error_points_into_the_text(source in r#"\$?[$.\[\]"'a0é*\\ -]{0,12}"#) {
        if let Err(error) = parse_json_path(&source) {
            prop_assert!(source.is_char_boundary(error.offset), "{:?} {}", source, error);
        }
    }

    #[test]
    fn a_path_that_is_not_plain_has_a_word_for_several(source in r#"\$([.\[\]"'a0*?@:,= -]|\.\.|\[\*\]){0,8}"#) {
        if let Ok(path) = parse_json_path(&source) {
            let several = ["*", "?", ":", ",", ".."].iter().any(|word| source.contains(word));
            prop_assert!(path.is_singular() || several, "{}", source);
        }
    }

    #[test]
    fn dotted_and_quoted_keys_are_the_same(key in "[a-zA-Z_-][a-zA-Z0-9_-]{0,7}") {
        let dotted = parse_json_path(&format!("$.{key}")).unwrap();
        let quoted = parse_json_path(&format!("$['{key}']")).unwrap();
        prop_assert_eq!(dotted.steps, quoted.steps);
    }
}
