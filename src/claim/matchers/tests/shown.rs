//! What a reader gets to see, and values taken for later checks.

use super::*;
use crate::model::{Capture, CaptureFrom, Pick};
use kit::json_path::parse_json_path;

#[test]
fn summaries_fit_a_table_cell() {
    for (observation, line) in [
        (answered(response(200, "x")), "200"),
        (answered(response(999, "x")), "999"),
        (unanswered(NoAnswerCause::Refused), "999 (refused)"),
        (printed("1/1\n"), "exit 0: 1/1"),
        (printed(""), "exit 0, stdout empty"),
        (printed("\na\nb\nc\n"), "exit 0: a (+2 lines)"),
        (printed("a\nb"), "exit 0: a (+1 line)"),
        (
            command(Ending::Exited(1), "", "\nno such thing\n"),
            "exit 1, stdout empty: no such thing",
        ),
        (command(Ending::Exited(1), "", ""), "exit 1, stdout empty"),
        (command(Ending::Signalled(9), "", ""), "signal 9"),
        (truncated("a\nb"), "exit 0: a (+ more)"),
        (
            printed("\u{1b}[31mred\u{1b}[0m\u{7}"),
            r"exit 0: \u{1b}[31mred\u{1b}[0m\u{7}",
        ),
        (Observation::Http(vec![]), "nothing was requested"),
        (
            Observation::Http(vec![
                seen_from("cc-ci", Ok(response(200, ""))),
                seen_from("local", Err(NoAnswerCause::Timeout)),
            ]),
            "cc-ci 200, local 999 (timeout)",
        ),
    ] {
        assert_eq!(summary(&observation), line);
    }
}

#[test]
fn a_failed_equality_of_long_texts_comes_with_a_diff() {
    let found = differs(&stdout(equals("a\nb\nc")), &printed("a\nx\nc\n"));
    assert_eq!(
        found[0].diff.as_deref(),
        Some("--- expected\n+++ observed\n@@ line 1 @@\n a\n-b\n+x\n c")
    );
    assert_eq!(differs(&stdout(equals("a")), &printed("b"))[0].diff, None);
}

#[test]
fn differences_that_cannot_be_seen_are_named() {
    let found = differs(&stdout(equals("a b")), &printed("a\u{a0}b"));
    assert_eq!(found[0].observed, "a\\u{a0}b");
    assert!(note(&found).contains("no-break space"));
    let found = differs(&stdout(equals("a\nb")), &printed("a\r\nb"));
    assert!(note(&found).contains("carriage return"));
    let found = differs(&stdout(equals("ok")), &printed("\u{1b}[32mok\u{1b}[0m"));
    assert!(note(&found).contains("ANSI"));
}

fn capture(from: CaptureFrom, pick: Pick) -> Capture {
    Capture {
        name: "value".to_owned(),
        from,
        pick,
    }
}

fn regex(pattern: &str) -> Pick {
    Pick::Regex(Regex::new(pattern).unwrap())
}

fn at(path: &str) -> Pick {
    Pick::Json(parse_json_path(path).unwrap())
}

#[test]
fn picks_values_for_later_checks() {
    let text = printed(" port 8080\nname x\n");
    let out = |how| pick(&capture(CaptureFrom::Stdout, how), &text);
    assert_eq!(out(Pick::All).unwrap(), "port 8080\nname x");
    assert_eq!(out(regex("port ([0-9]+)")).unwrap(), "8080");
    assert_eq!(out(regex("[0-9]+")).unwrap(), "8080");
    assert!(out(regex("(x)?port")).unwrap_err().contains("first group"));
    assert!(
        out(regex("host"))
            .unwrap_err()
            .contains("does not match stdout")
    );
    assert!(out(at("$.a")).unwrap_err().contains("stdout is not JSON"));

    let json = answered(response(
        201,
        r#"{"id": "a b", "n": 1.50, "o": {"k": null}}"#,
    ));
    let of_body = |how| pick(&capture(CaptureFrom::Body, how), &json);
    assert_eq!(of_body(at("$.id")).unwrap(), "a b");
    assert_eq!(of_body(at("$.n")).unwrap(), "1.50");
    assert_eq!(of_body(at("$.o")).unwrap(), r#"{"k":null}"#);
    assert!(
        of_body(at("$.q"))
            .unwrap_err()
            .contains("$ is an object with id, n, o")
    );
    assert_eq!(
        pick(&capture(CaptureFrom::Status, Pick::All), &json).unwrap(),
        "201"
    );
    assert!(pick(&capture(CaptureFrom::Stdout, Pick::All), &json).is_err());
    let errors = command(Ending::Exited(1), "", "why\n");
    assert_eq!(
        pick(&capture(CaptureFrom::Stderr, Pick::All), &errors).unwrap(),
        "why"
    );
}

#[test]
fn takes_no_value_from_where_there_is_none() {
    let status = capture(CaptureFrom::Status, Pick::All);
    let stdout = capture(CaptureFrom::Stdout, Pick::All);
    let nothing = pick(&status, &unanswered(NoAnswerCause::Dns));
    assert_eq!(
        nothing.unwrap_err(),
        "there was no answer (dns) to take a value from"
    );
    assert!(
        pick(&stdout, &truncated("abc"))
            .unwrap_err()
            .contains("make it print less")
    );
    let bytes = command(Ending::Exited(0), b"\xff".to_vec(), "");
    assert!(
        pick(&stdout, &bytes)
            .unwrap_err()
            .starts_with("stdout is not text")
    );
    let disagreeing = Observation::Http(vec![
        seen_from("a", Ok(response(200, ""))),
        seen_from("b", Ok(response(404, ""))),
    ]);
    assert!(
        pick(&status, &disagreeing)
            .unwrap_err()
            .contains("a has `200`, b has `404`")
    );
}
