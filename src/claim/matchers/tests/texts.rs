//! What holds of texts and of JSON, and what cannot be told when a part is missing.

use super::*;

#[test]
fn trims_both_sides_of_an_equality_and_nothing_else() {
    holds(&stdout(equals(" 1/1 ")), &printed("\n1/1\n"));
    differs(&stdout(equals("1/1")), &printed("1/1 1/1"));
    holds(&stdout(contains("a b")), &printed("xa by"));
    differs(&stdout(contains(" 1/1")), &printed("1/1"));
    let found = differs(&stdout(contains("a\nb")), &printed("a\r\nb"));
    assert_eq!(note(&found), r"it is there, but its lines end with \r\n");
}

#[test]
fn fills_in_parameters() {
    let scope = Scope::from_iter([("unit".to_owned(), "deploy".to_owned())]);
    let expect = stdout(TextMatcher::Equals(Text::parse("${unit}.service")));
    assert_eq!(
        judge(&expect, &printed("deploy.service"), &scope),
        Judgement::Holds
    );
}

#[test]
fn names_both_sentinels_that_a_command_and_a_claim_confuse() {
    let found = differs(&stdout(equals("999")), &printed("000"));
    assert_eq!(
        note(&found),
        "the claim says sentinel 999, the command printed sentinel 000: both mean no answer, \
         but they are not the same value"
    );
    holds(&stdout(equals("999")), &printed("999\n"));
    let on_a_line = TextMatcher::Line {
        number: -1,
        matcher: Box::new(equals("0")),
    };
    let found = differs(&stdout(on_a_line), &printed("asked\n999\n"));
    assert!(note(&found).contains("sentinel 0,") && note(&found).contains("sentinel 999:"));
}

#[test]
fn decides_on_truncated_text_only_what_the_rest_cannot_change() {
    let kept = truncated("first line\nsecond ERROR line\nthird");
    let line = |number, matcher| TextMatcher::Line {
        number,
        matcher: Box::new(matcher),
    };
    for certain in [
        contains("second"),
        TextMatcher::StartsWith(Text::literal("first")),
        matches("ERR"),
        matches(r"\bERROR\b"),
        matches("(?m)line$"),
        line(1, equals("first line")),
        line(3, TextMatcher::StartsWith(Text::literal("thi"))),
        TextMatcher::Lines(at_least(3.0)),
        TextMatcher::Empty(false),
        TextMatcher::Count {
            of: Regex::new("ERROR").unwrap(),
            bounds: at_least(1.0),
        },
    ] {
        holds(&stdout(certain.clone()), &kept);
        differs(&stdout(text_not(certain)), &kept);
    }
    for wrong in [
        equals("first lime"),
        TextMatcher::StartsWith(Text::literal("second")),
        TextMatcher::Empty(true),
        line(2, equals("x")),
        line(3, equals("forth")),
        TextMatcher::EveryLine(Box::new(contains("line"))),
        TextMatcher::Lines(at_most(2.0)),
        TextMatcher::Count {
            of: Regex::new("ERROR").unwrap(),
            bounds: at_most(0.0),
        },
        TextMatcher::SetEquals(vec![Text::literal("first line")]),
    ] {
        // `third` may yet become a line that contains `line`.
        if matches!(wrong, TextMatcher::EveryLine(_)) {
            undecidable(&stdout(wrong), &kept);
        } else {
            differs(&stdout(wrong), &kept);
        }
    }
    for open in [
        equals("first line\nsecond ERROR line\nthird and last"),
        contains("fourth"),
        text_not(contains("fourth")),
        matches("third$"),
        matches(r"third\b"),
        TextMatcher::EndsWith(Text::literal("third")),
        line(-1, equals("third")),
        line(3, equals("third")),
        line(4, equals("x")),
        TextMatcher::EveryLine(Box::new(matches("."))),
        TextMatcher::Lines(at_most(3.0)),
        TextMatcher::Count {
            of: Regex::new("ERROR").unwrap(),
            bounds: at_least(2.0),
        },
        TextMatcher::Number(at_least(0.0)),
        TextMatcher::Sha256(Text::literal("0".repeat(64))),
        TextMatcher::Json(Box::new(json_at("$", JsonMatcher::Absent(true)))),
        TextMatcher::Version(VersionBounds::default()),
        TextMatcher::SetEquals(
            ["first line", "second ERROR line", "third and last"]
                .map(Text::literal)
                .into(),
        ),
    ] {
        let why = undecidable(&stdout(open), &kept);
        assert_eq!(
            why,
            "stdout has 1000000 bytes, and only the first 34 were stored: make it print less"
        );
    }
    let version = |min: &str| {
        stdout(TextMatcher::Version(VersionBounds {
            min: Some(min.to_owned()),
            ..VersionBounds::default()
        }))
    };
    holds(&version("1.2"), &truncated("v1.2.3 of x"));
    undecidable(&version("1.2"), &truncated("v1.2.3"));
    // The limit may fall into the middle of a character.
    let split = Captured {
        bytes: b"a\xc3".to_vec(),
        total: 3,
    };
    let judged = alone(&equals("a\u{e9}"), &split, "stdout", &Scope::new());
    assert!(matches!(judged, Judgement::Undecidable(_)), "{judged:?}");
    // A certain difference decides, whatever else is unknown.
    differs(
        &Expect::All(vec![stdout(contains("fourth")), exit(&[1])]),
        &kept,
    );
}

#[test]
fn counts_and_picks_lines_whatever_ends_them() {
    let text = printed("\none\r\ntwo\r\n\r\n");
    let line = |number, text: &str| {
        stdout(TextMatcher::Line {
            number,
            matcher: Box::new(equals(text)),
        })
    };
    holds(&line(1, ""), &text);
    holds(&line(2, "one"), &text);
    holds(&line(-1, "two"), &text);
    holds(&line(-3, ""), &text);
    let found = differs(&line(4, ""), &text);
    assert_eq!(found[0].subject, "stdout line 4");
    assert_eq!(found[0].observed, "there are only 3 lines");
    differs(&line(-4, ""), &text);
    differs(&line(0, "one"), &text);
    differs(&not(line(0, "one")), &text);
    let exactly = |n: f64| {
        stdout(TextMatcher::Lines(Limits::from(Bounds {
            equals: Some(decimal(n)),
            ..Bounds::default()
        })))
    };
    holds(&exactly(3.0), &text);
    holds(&exactly(0.0), &printed("\n\n"));
    holds(&exactly(1.0), &printed("x"));
    let every = stdout(TextMatcher::EveryLine(Box::new(matches("^[a-z]+$"))));
    holds(&every, &printed("a\r\nb\r\n"));
    differs(&every, &printed(""));
    let found = differs(&every, &printed("a\n1\n2\n3\n4\n5\n6\n7\n"));
    assert_eq!(found.len(), 5);
    assert_eq!(found[0].subject, "stdout line 2");
    assert_eq!(
        found[4].note.as_deref(),
        Some("and 2 lines more do not match")
    );
}

#[test]
fn a_set_of_lines_says_what_is_missing_and_what_is_extra() {
    let set = stdout(TextMatcher::SetEquals(vec![
        Text::literal("a"),
        Text::literal(" b "),
    ]));
    holds(&set, &printed("b\n\n  a\nb\r\n"));
    let found = differs(&set, &printed("c\nb\n"));
    assert_eq!(found[0].observed, "missing: \"a\"; extra: \"c\"");
    holds(&stdout(TextMatcher::SetEquals(vec![])), &printed("\n"));
}

#[test]
fn matches_text_in_every_other_way() {
    let count = |of: &str, bounds| TextMatcher::Count {
        of: Regex::new(of).unwrap(),
        bounds,
    };
    for (matcher, fits, fails) in [
        (matches("^b+$"), "\nbb\n", "a\nbb"),
        (TextMatcher::Empty(true), " \n", "x"),
        (TextMatcher::Empty(false), "x", " \n"),
        (TextMatcher::StartsWith(Text::literal("ab")), "  abc", "cab"),
        (TextMatcher::StartsWith(Text::literal(" ab")), " abc", "abc"),
        (TextMatcher::EndsWith(Text::literal("bc")), "abc\n", "bcd"),
        (TextMatcher::EndsWith(Text::literal("bc\n")), "abc\n", "abc"),
        (count("a", at_least(2.0)), "a b a", "a"),
        (count("aa", at_most(1.0)), "aaa", "aaaa"),
        (TextMatcher::Number(at_most(80.0)), "79.5\n", "81"),
        (TextMatcher::Number(at_most(80.0)), "-1", "79%"),
        (
            TextMatcher::Version(VersionBounds {
                min: Some("29.1".to_owned()),
                ..VersionBounds::default()
            }),
            "Docker version 29.10.0, build x",
            "Docker version 29.1.0-rc.2",
        ),
        (
            TextMatcher::Sha256(Text::literal(
                "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824",
            )),
            "hello",
            "hello\n",
        ),
        (
            TextMatcher::All(vec![contains("a"), contains("b")]),
            "ab",
            "a",
        ),
        (
            TextMatcher::Any(vec![contains("a"), contains("b")]),
            "b",
            "c",
        ),
        (
            TextMatcher::Json(Box::new(json_at(
                "$[0]",
                JsonMatcher::Is(Text::literal("1")),
            ))),
            "[1]",
            "[2]",
        ),
    ] {
        holds(&stdout(matcher.clone()), &printed(fits));
        differs(&stdout(matcher.clone()), &printed(fails));
        holds(
            &clause(Test::Stderr(matcher)),
            &command(Ending::Exited(0), "", fits),
        );
    }
}

#[test]
fn bytes_that_are_no_text_are_not_judged_neither_for_nor_against() {
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03K-*\xca/".to_vec();
    let utf16: Vec<u8> = "error".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, reason) in [
        (gzip, "gzip"),
        (utf16, "UTF-16"),
        (b"a\xff".to_vec(), "0xff"),
    ] {
        let seen = command(Ending::Exited(0), bytes, "");
        for matcher in [
            equals("a\u{fffd}"),
            contains("error"),
            text_not(contains("error")),
            matches("\\S"),
            text_not(matches("\\S")),
            TextMatcher::Secrets(SecretsMatcher::Shapes),
            TextMatcher::EveryLine(Box::new(contains("e"))),
            TextMatcher::Any(vec![text_not(contains("error")), equals("b")]),
        ] {
            let why = undecidable(&stdout(matcher), &seen);
            assert!(why.contains(reason), "{why}");
        }
        // What looks at bytes can tell.
        holds(&stdout(TextMatcher::Empty(false)), &seen);
        differs(&stdout(TextMatcher::Exact(Text::literal("a"))), &seen);
    }
}

#[test]
fn exact_compares_every_byte_and_equals_trims() {
    let exact = |text: &str| stdout(TextMatcher::Exact(Text::literal(text)));
    holds(&exact("a\n"), &printed("a\n"));
    let found = differs(&exact("a"), &printed("a\n"));
    assert!(note(&found).contains("white space"), "{found:?}");
    holds(&stdout(equals("a")), &printed("a\n"));
}

#[test]
fn a_digest_may_be_captured() {
    let digest = stdout(TextMatcher::Sha256(Text::parse("${x}")));
    let scope = |value: &str| Scope::from_iter([("x".to_owned(), value.to_owned())]);
    // The digest of `123`, as `sha256sum` prints it.
    let known = "a665a45920422f9d417e4867efdc4fb8a04a1f3fff1fa07e998e86f7f7a27ae3  file";
    assert_eq!(
        judge(&digest, &printed("123"), &scope(known)),
        Judgement::Holds
    );
    let differs = judge(&digest, &printed("123\n"), &scope(known));
    assert!(matches!(differs, Judgement::Differs(_)), "{differs:?}");
    for scope in [Scope::new(), scope("soon")] {
        let unknown = judge(&digest, &printed("123"), &scope);
        assert!(matches!(unknown, Judgement::Undecidable(_)), "{unknown:?}");
    }
}

#[test]
fn numbers_of_any_length_are_compared_digit_by_digit() {
    let bounds = |known: Bounds| Limits::from(known);
    let read = |text: &str| Some(text.parse().unwrap());
    let max = bounds(Bounds {
        max: read("9007199254740992"),
        ..Bounds::default()
    });
    let above = bounds(Bounds {
        above: read("9007199254740992"),
        ..Bounds::default()
    });
    let n = |limits: &Limits| {
        clause(Test::Json(json_at(
            "$.n",
            JsonMatcher::Number(limits.clone()),
        )))
    };
    let document = printed(r#"{"n":9007199254740993,"far":1e999}"#);
    let found = differs(&n(&max), &document);
    assert_eq!(found[0].observed, "9007199254740993");
    holds(&n(&above), &document);
    let number = |limits: &Limits| stdout(TextMatcher::Number(limits.clone()));
    differs(&number(&max), &printed("9007199254740993"));
    holds(&number(&above), &printed("9007199254740993"));
}

#[test]
fn a_key_that_stands_twice_decides_nothing_and_is_named() {
    let up = clause(Test::Json(json_at(
        "$.status",
        JsonMatcher::Is(Text::literal("up")),
    )));
    let document = printed(r#"{"status":"down","status":"up"}"#);
    for expect in [up.clone(), not(up.clone())] {
        let why = undecidable(&expect, &document);
        assert!(why.contains("\"status\" stands twice"), "{why}");
    }
    // A string that is not text harms only those who ask for it.
    let document = printed(r#"{"status":"up","bad":"\ud83d"}"#);
    holds(&up, &document);
    let bad = |matcher| clause(Test::Json(json_at("$.bad", matcher)));
    let no_x = JsonMatcher::Text(Box::new(text_not(contains("x"))));
    undecidable(&bad(no_x), &document);
}

#[test]
fn absent_needs_something_that_could_hold_it() {
    let absent = |path| clause(Test::Json(json_at(path, JsonMatcher::Absent(true))));
    for (path, document) in [
        ("$.health_domain", "null"),
        ("$.health_domain", r#"[{"health_domain":1}]"#),
        ("$.a.b", r#"{"a":[{"b":1}]}"#),
        ("$.a.b", "{}"),
        ("$.items[0]", r#"{"items":{"0":1}}"#),
        ("$.a", "\"text\""),
    ] {
        differs(&absent(path), &printed(document));
        differs(&not(absent(path)), &printed(document));
    }
    holds(&absent("$.health_domain"), &printed("{}"));
    holds(&absent("$.a.b"), &printed(r#"{"a":{}}"#));
    holds(&absent("$.items[2]"), &printed(r#"{"items":[1,2]}"#));
}

#[test]
fn of_several_values_the_claim_says_which_it_means() {
    let document = printed(
        r#"{"items":[{"state":"up"},{"state":"down"}],"empty":[],"tags":["a","b"],"o":{"k":1,"l":2}}"#,
    );
    let at = |path, matcher| clause(Test::Json(json_at(path, matcher)));
    let is = |text: &str| JsonMatcher::Is(Text::literal(text));
    let each = |which, matcher| JsonMatcher::Each(which, Box::new(matcher));
    let states = "$.items[*].state";
    let (every, any, none) = (Quantifier::Every, Quantifier::Any, Quantifier::None);
    holds(&at(states, each(any, is("up"))), &document);
    differs(&at(states, each(every, is("up"))), &document);
    holds(&at(states, each(none, is("failed"))), &document);
    differs(&at(states, each(none, is("down"))), &document);
    holds(&at(states, JsonMatcher::Count(exactly(2.0))), &document);
    holds(
        &at(
            "$.items[?@.state == 'down']",
            JsonMatcher::Count(exactly(1.0)),
        ),
        &document,
    );
    holds(
        &at(states, JsonMatcher::Set(vec![is("down"), is("up")])),
        &document,
    );
    differs(&at(states, JsonMatcher::Set(vec![is("down")])), &document);
    // Where nothing is found, nothing is shown; and what is not there has no count.
    for which in [every, any, none] {
        let nothing = at("$.empty[*]", each(which, is("up")));
        differs(&nothing, &document);
        differs(&not(nothing), &document);
    }
    holds(
        &at("$.empty[*]", JsonMatcher::Count(exactly(0.0))),
        &document,
    );
    for missing in ["$.missing[*]", "$.tags[0][*]"] {
        let none_there = at(missing, JsonMatcher::Count(exactly(0.0)));
        differs(&none_there, &document);
        differs(&not(none_there), &document);
    }
    // The same words for the elements of a value.
    holds(&at("$.tags", each(any, is("b"))), &document);
    differs(&at("$.tags", each(every, is("b"))), &document);
    holds(
        &at("$.tags", JsonMatcher::Set(vec![is("b"), is("a")])),
        &document,
    );
    let keys =
        |keys: &[&str]| JsonMatcher::Keys(keys.iter().map(|key| Text::literal(*key)).collect());
    holds(&at("$.o", keys(&["l", "k"])), &document);
    let found = differs(&at("$.o", keys(&["k", "m"])), &document);
    assert_eq!(found[0].observed, "missing: m; extra: l");
    differs(&at("$.tags", keys(&["a"])), &document);
}

#[test]
fn json_values_equal_their_own_text() {
    let is = |text: &str| {
        clause(Test::Json(json_at(
            "$.v",
            JsonMatcher::Is(Text::literal(text)),
        )))
    };
    for (claimed, value) in [
        ("text", r#""text""#),
        ("1.10", r#""1.10""#),
        ("1.10", "1.1"),
        ("1e2", "100"),
        ("9007199254740993", "9007199254740993"),
        ("1236546565217899832645", "1236546565217899832645"),
        ("466.15703172372724", "466.15703172372724"),
        ("true", "true"),
        ("true", r#""true""#),
        ("null", "null"),
    ] {
        holds(&is(claimed), &printed(&format!("{{\"v\": {value}}}")));
    }
    for (claimed, value) in [
        ("1.1", r#""1.10""#),
        ("9007199254740992", "9007199254740993"),
        ("0.1", "0.10000000000000000001"),
        ("1234567890.1234567000000000", "1234567890.1234567890123456"),
        ("True", "true"),
        ("", "null"),
        ("[]", "[]"),
        ("{}", "{}"),
        ("0", "false"),
        ("x", "1"),
    ] {
        differs(&is(claimed), &printed(&format!("{{\"v\": {value}}}")));
    }
    let found = differs(&is("x"), &printed(r#"{"w": 1, "u": 2}"#));
    assert_eq!(found[0].subject, "json $.v");
    assert_eq!(found[0].observed, "absent");
    assert_eq!(note(&found), "$ is an object with w, u");
}

#[test]
fn what_is_not_json_matches_nothing() {
    for text in ["", "<html>", "{\"a\":1", "{} {}", "{'a':1}"] {
        for matcher in [
            JsonMatcher::Absent(true),
            JsonMatcher::Absent(false),
            JsonMatcher::Not(Box::new(JsonMatcher::Is(Text::literal("1")))),
        ] {
            let expect = clause(Test::Json(json_at("$.a", matcher)));
            let found = differs(&expect, &printed(text));
            assert!(found[0].observed.starts_with("not JSON: "), "{found:?}");
            differs(&not(expect.clone()), &printed(text));
            differs(&expect, &unanswered(NoAnswerCause::Empty));
            differs(&not(expect), &unanswered(NoAnswerCause::Empty));
        }
    }
    let found = differs(
        &clause(Test::Json(json_at("$.a", JsonMatcher::Absent(true)))),
        &printed("{\"a\" 1}"),
    );
    assert!(
        found[0].observed.contains("line 1 column 6: {\"a\" 1}"),
        "{found:?}"
    );
}

#[test]
fn json_matchers_look_at_values_of_every_kind() {
    let value = r#"{"s": "héllo", "a": [1, 2], "o": {"k": 1.0}, "n": 7, "z": null}"#;
    let at = |path: &str, matcher| clause(Test::Json(json_at(path, matcher)));
    let absent_not = |matcher| JsonMatcher::Not(Box::new(matcher));
    let kind = |name: &str| JsonMatcher::Type(name.to_owned());
    let exactly = |n: f64| {
        Limits::from(Bounds {
            equals: Some(decimal(n)),
            ..Bounds::default()
        })
    };
    for (path, fits, fails) in [
        (
            "$.s",
            JsonMatcher::Count(exactly(5.0)),
            JsonMatcher::Count(exactly(6.0)),
        ),
        (
            "$.a",
            JsonMatcher::Count(exactly(2.0)),
            JsonMatcher::Count(at_least(3.0)),
        ),
        (
            "$.o",
            JsonMatcher::Count(at_most(1.0)),
            JsonMatcher::Count(at_most(0.0)),
        ),
        (
            "$.n",
            JsonMatcher::Number(at_most(7.0)),
            JsonMatcher::Count(at_least(0.0)),
        ),
        (
            "$.s",
            JsonMatcher::Text(Box::new(contains("éll"))),
            JsonMatcher::Number(at_least(0.0)),
        ),
        (
            "$.a",
            JsonMatcher::Text(Box::new(equals("[1,2]"))),
            kind("object"),
        ),
        ("$.z", kind("null"), JsonMatcher::Absent(true)),
        ("$.z", JsonMatcher::Absent(false), kind("number")),
        ("$.q", JsonMatcher::Absent(true), JsonMatcher::Absent(false)),
        (
            "$.q",
            absent_not(JsonMatcher::Absent(false)),
            absent_not(JsonMatcher::Absent(true)),
        ),
        (
            "$.n",
            absent_not(kind("string")),
            absent_not(kind("number")),
        ),
        (
            "$.a",
            JsonMatcher::Equals(json(r#"[1.0, 2]"#)),
            JsonMatcher::Equals(json(r#"[2, 1]"#)),
        ),
        (
            "$.o",
            JsonMatcher::Equals(json(r#"{"k": 1}"#)),
            JsonMatcher::Equals(json(r#"{"k": "1"}"#)),
        ),
        (
            "$.o",
            JsonMatcher::All(vec![kind("object"), JsonMatcher::Count(at_least(1.0))]),
            JsonMatcher::All(vec![kind("object"), kind("array")]),
        ),
    ] {
        holds(&at(path, fits.clone()), &printed(value));
        holds(&at(path, fits), &answered(response(200, value)));
        differs(&at(path, fails), &printed(value));
    }
    for longer in [json(r#"[1, 2, 3]"#), json(r#"[1]"#)] {
        differs(&at("$.a", JsonMatcher::Equals(longer)), &printed(value));
    }
    let more = json(r#"{"k": 1, "l": 2}"#);
    differs(&at("$.o", JsonMatcher::Equals(more)), &printed(value));
    let less = json(r#"{}"#);
    differs(&at("$.o", JsonMatcher::Equals(less)), &printed(value));
    // A negation inside the matcher needs a value, one around the whole test does not.
    let is_one = JsonMatcher::Is(Text::literal("1"));
    differs(&at("$.q", absent_not(is_one.clone())), &printed(value));
    holds(&not(at("$.q", is_one)), &printed(value));
}

#[test]
fn a_version_bound_that_is_none_cannot_be_judged() {
    let version = TextMatcher::Version(VersionBounds {
        min: Some("new".to_owned()),
        ..VersionBounds::default()
    });
    assert_eq!(
        undecidable(&stdout(version), &printed("1.2")),
        "`new` is not a version"
    );
}

#[test]
fn judges_a_text_by_itself() {
    let ready = alone(
        &contains("listening"),
        &Captured::whole("now listening on 1\n"),
        "service stdout",
        &Scope::new(),
    );
    assert_eq!(ready, Judgement::Holds);
}

#[test]
fn things_in_order_stand_one_behind_the_other() {
    let in_order = |parts: &[&str]| {
        let needle = |part: &&str| match part.strip_prefix('/') {
            Some(pattern) => Needle::Pattern(Regex::new(pattern).unwrap()),
            None => Needle::Text(Text::literal(*part)),
        };
        stdout(TextMatcher::InOrder(parts.iter().map(needle).collect()))
    };
    let log = printed("starting\nlistening on port 80\nready\nstopping\n");
    holds(&in_order(&["starting", "ready"]), &log);
    holds(
        &in_order(&["starting", r"/port \d+", "ready", "stopping"]),
        &log,
    );
    // Each behind the end of the one before.
    differs(&in_order(&["start", "starting"]), &log);
    differs(&in_order(&["ready", "ready"]), &log);
    let found = differs(&in_order(&["ready", "starting"]), &log);
    assert_eq!(
        note(&found),
        "\"starting\" is there only before the end of \"ready\", in line 1"
    );
    let found = differs(&in_order(&["starting", "steady"]), &log);
    assert!(note(&found).starts_with("\"steady\" is not there"));
    let found = differs(&in_order(&["/^x", "ready"]), &log);
    assert_eq!(note(&found), "/^x/ is not there");
    holds(&not(in_order(&["ready", "starting"])), &log);

    let kept = truncated("starting\nready");
    holds(&in_order(&["starting", "ready"]), &kept);
    undecidable(&in_order(&["ready", "starting"]), &kept);
    undecidable(&in_order(&["starting", r"/ready\b"]), &kept);
}
