use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Json {
    parse(text).unwrap()
}

#[test]
fn a_number_keeps_the_digits_that_are_written() {
    for digits in [
        "9007199254740993",
        "1236546565217899832645",
        "466.15703172372724",
        "1e999999",
        "-0",
    ] {
        let document = format!("{{\"n\": [{digits}]}}");
        let value = read(&document);
        let Some(Json::Array(elements)) = value.get("n") else {
            panic!()
        };
        assert_eq!(elements[0], Json::Number(digits.to_owned()));
        assert_eq!(value.to_string(), format!("{{\"n\":[{digits}]}}"));
    }
}

#[test]
fn a_key_that_stands_twice_is_named_wherever_it_stands() {
    for (text, line, column) in [
        (r#"{"a":1,"a":2}"#, 1, 8),
        ("{\"b\":[{\"a\":1,\n \"a\":2}]}", 2, 2),
        (r#"{"a":1,"\u0061":2}"#, 1, 8),
    ] {
        let key = "a".to_owned();
        assert_eq!(
            parse(text),
            Err(JsonError::Twice { key, line, column }),
            "{text}"
        );
    }
    assert!(parse(r#"[{"a":1},{"a":2}]"#).is_ok());
}

#[test]
fn half_a_surrogate_pair_is_a_string_that_is_not_text_and_the_rest_is_read() {
    let value = read(r#"{"bad":"x\ud83d","good":"\ud83d\ude00","more":"\ude00\u0041"}"#);
    assert_eq!(
        value.get("bad"),
        Some(&Json::NotText("x\\ud83d".to_owned()))
    );
    assert_eq!(value.get("good"), Some(&Json::String("😀".to_owned())));
    assert!(matches!(value.get("more"), Some(Json::NotText(_))));
}

#[test]
fn deep_documents_are_read_and_bottomless_ones_refused() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(parse(&nested(900)).is_ok());
    assert_eq!(parse(&nested(100_000)), Err(JsonError::TooDeep));
}

#[test]
fn what_is_not_json_is_told_with_its_place() {
    for (text, said) in [
        ("", "the text ends too early at line 1 column 1"),
        ("{", "the text ends too early at line 1 column 2"),
        ("hello", "expected value at line 1 column 1"),
        ("[1,]", "expected value at line 1 column 4"),
        (
            "{\"a\":1,\n}",
            "expected a key in double quotes at line 2 column 1",
        ),
        ("{} {}", "trailing characters at line 1 column 4"),
        ("[01]", "expected `,` or `]` at line 1 column 3"),
        (
            "\"a\nb\"",
            "a control character in a string at line 1 column 3",
        ),
        (r#""\x""#, "invalid escape at line 1 column 3"),
        ("1.", "the text ends too early at line 1 column 3"),
        ("nul", "expected value at line 1 column 1"),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), said, "{text}");
    }
}

#[test]
fn values_are_the_same_by_what_they_are() {
    for (a, b, same) in [
        ("1.0", "1", true),
        ("1e2", "100", true),
        ("9007199254740993", "9007199254740992", false),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, true),
        ("[1,2]", "[2,1]", false),
        ("\"1\"", "1", false),
    ] {
        assert_eq!(read(a).same(&read(b)), same, "{a} {b}");
    }
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        proptest::num::f64::NORMAL.prop_map(Value::from),
        "(?s).{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("(?s).{0,4}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn reads_what_serde_writes(value in value()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let read = parse(&text).unwrap();
            prop_assert_eq!(read.to_string(), value.to_string());
            prop_assert!(read.same(&parse(&read.pretty()).unwrap()));
        }
    }

    #[test]
    fn accepts_nothing_that_serde_does_not(text in r#"[\[\]{}",:\\ntrue0-9eE.+ -]{0,12}"#) {
        let known = serde_json::from_str::<serde_json::Value>(&text);
        match parse(&text) {
            Ok(_) => prop_assert!(known.is_ok() || known.unwrap_err().to_string().contains("out of range")),
            Err(JsonError::Twice { .. }) => {}
            Err(_) => prop_assert!(known.is_err(), "{}", text),
        }
    }

    #[test]
    fn never_panics(text in "(?s).{0,40}") {
        let _ = parse(&text);
    }
}
