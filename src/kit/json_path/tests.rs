use proptest::prelude::*;
use serde_json::json;

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
        ("$..a", 2, "one dot"),
        ("$.*", 2, "name one value"),
        ("$.[0]", 2, "leave the dot out"),
        ("$.a b", 3, "or nothing"),
        ("$[*]", 2, "`[-1]`"),
        ("$[0:2]", 3, "one element"),
        ("$[]", 2, "`[0]`"),
        ("$[ 0]", 2, "leave it out"),
        ("$[a]", 2, "write `[\"a\"]`"),
        ("$[\"a]", 2, "write `[\"key\"]`"),
        ("$[\"a\\n\"]", 4, "backslash"),
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

#[test]
fn finds_values_from_both_ends() {
    let root = json!({"a": [{"b": 1}, {"b": 2}], "": 3});
    let found = |path: &str| lookup(&parse_json_path(path).unwrap(), &root).cloned();
    assert_eq!(found("$.a[0].b"), Some(json!(1)));
    assert_eq!(found("$.a[-1].b"), Some(json!(2)));
    assert_eq!(found("$.a[-2].b"), Some(json!(1)));
    assert_eq!(found("$[\"\"]"), Some(json!(3)));
    for missing in ["$.a[2]", "$.a[-3]", "$.b", "$[0]", "$.a.b", "$.a[0].b.c"] {
        assert_eq!(found(missing), None, "{missing}");
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
fn around(steps: &[JsonStep], leaf: Value) -> Value {
    steps.iter().rev().fold(leaf, |inner, step| match step {
        JsonStep::Key(key) => Value::Object([(key.clone(), inner)].into_iter().collect()),
        JsonStep::Index(index) => {
            let distance = usize::try_from(index.unsigned_abs()).unwrap();
            let mut elements = vec![Value::Null; distance + 1];
            let at = if *index < 0 {
                elements.len() - distance
            } else {
                distance
            };
            elements[at] = inner;
            Value::Array(elements)
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
        let root = around(&steps, json!("leaf"));
        let path = parse_json_path(&written(&steps, '"')).unwrap();
        prop_assert_eq!(lookup(&path, &root), Some(&json!("leaf")));
    }

    #[test]
    fn an_error_points_into_the_text(source in r#"\$?[$.\[\]"'a0é*\\ -]{0,12}"#) {
        if let Err(error) = parse_json_path(&source) {
            prop_assert!(source.is_char_boundary(error.offset), "{:?} {}", source, error);
        }
    }

    #[test]
    fn dotted_and_quoted_keys_are_the_same(key in "[a-zA-Z0-9_-]{1,8}") {
        let dotted = parse_json_path(&format!("$.{key}")).unwrap();
        let quoted = parse_json_path(&format!("$['{key}']")).unwrap();
        prop_assert_eq!(dotted.steps, quoted.steps);
    }
}
