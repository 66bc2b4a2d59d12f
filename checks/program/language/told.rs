//! Bounds that an earlier check has told.

use super::kit::run;

/// What was there before: a check that captures it, and then the others.
fn after(before: &str, checks: &[(&str, &str)]) -> test_kit::runs::Run {
    let first = format!(
        "run: echo '{before}'\nexpect: {{ stdout: {{ empty: false }} }}\ncapture: {{ before: stdout }}"
    );
    let mut all = vec![("first", first.as_str())];
    all.extend(checks);
    run("vars: { most: 20 }\n", &all)
}

#[test]
fn numbers_lines_counts_and_durations_are_held_against_what_was_before() {
    let run = after(
        "18",
        &[
            (
                "same",
                "run: echo 18.0\nexpect: { stdout: { number: \"${before}\" } }",
            ),
            (
                "other",
                "run: echo 17\nexpect: { stdout: { number: \"${before}\" } }",
            ),
            (
                "near",
                "run: echo 21\nexpect: { stdout: { number: { near: \"${before}\", give: 3 } } }",
            ),
            (
                "far",
                "run: echo 22\nexpect: { stdout: { number: { near: \"${before}\", give: 3 } } }",
            ),
            (
                "percent",
                "run: echo 18.9\nexpect: { stdout: { number: { near: \"${before}\", give: 5% } } }",
            ),
            (
                "over",
                "run: echo 19\nexpect: { stdout: { number: { near: \"${before}\", give: 5% } } }",
            ),
            (
                "var",
                "run: echo 19\nexpect: { stdout: { number: { above: \"${before}\", below: \"${most}\" } } }",
            ),
            (
                "lines",
                "run: seq 18\nexpect: { stdout: { lines: \"${before}\" } }",
            ),
            (
                "fewer",
                "run: seq 17\nexpect: { stdout: { lines: { min: \"${before}\" } } }",
            ),
            (
                "count",
                "run: seq 18\nexpect: { stdout: { count: { of: '\\d+', max: \"${before}\" } } }",
            ),
            (
                "many",
                "run: seq 19\nexpect: { stdout: { count: { of: '\\d+', max: \"${before}\" } } }",
            ),
            (
                "json",
                "run: echo '[18]'\nexpect: { json: { '$[0]': { number: { not: \"${before}\" } } } }",
            ),
            (
                "json-count",
                "run: echo '[1,2]'\nexpect: { json: { $: { count: { below: \"${before}\" } } } }",
            ),
            (
                "took",
                "run: 'true'\nexpect: { duration: { max: \"${before}s\" } }",
            ),
            (
                "too-long",
                "run: 'true'\nexpect: { duration: { min: \"${before}s\" } }",
            ),
        ],
    );
    for (id, outcome) in [
        ("same", "PASS"),
        ("other", "FAIL"),
        ("near", "PASS"),
        ("far", "FAIL"),
        ("percent", "PASS"),
        ("over", "FAIL"),
        ("var", "PASS"),
        ("lines", "PASS"),
        ("fewer", "FAIL"),
        ("count", "PASS"),
        ("many", "FAIL"),
        ("json", "FAIL"),
        ("json-count", "PASS"),
        ("took", "PASS"),
        ("too-long", "FAIL"),
    ] {
        assert_eq!(run.outcome(id), outcome, "{}", run.check(id));
        if outcome == "FAIL" {
            assert!(run.why(id).contains("${before}"), "{}", run.check(id));
        }
    }
    let finding = &run.check("over")["findings"][0];
    assert_eq!(
        finding["expected"],
        "a number: 18 (${before}), give or take 5%"
    );
    assert_eq!(finding["observed"], "19");
}

#[test]
fn a_captured_value_that_is_no_number_is_an_error_that_names_it() {
    let run = after(
        "18 images",
        &[
            (
                "number",
                "run: echo 18\nexpect: { stdout: { number: \"${before}\" } }",
            ),
            (
                "denied",
                "run: echo 18\nexpect: { stdout: { not: { number: \"${before}\" } } }",
            ),
            (
                "lines",
                "run: seq 18\nexpect: { stdout: { lines: { max: \"${before}\" } } }",
            ),
            (
                "took",
                "run: 'true'\nexpect: { duration: { max: \"${before}\" } }",
            ),
            (
                "time",
                "run: date -u +%FT%TZ\nexpect: { stdout: { time: { after: \"${before}\" } } }",
            ),
        ],
    );
    for id in ["number", "denied", "lines", "took", "time"] {
        assert_eq!(run.outcome(id), "ERROR", "{}", run.check(id));
        assert!(
            run.why(id).contains("18 images (${before})"),
            "{}",
            run.why(id)
        );
    }
}

#[test]
fn who_holds_something_against_a_captured_value_needs_the_check_that_captures_it() {
    let run = run(
        "",
        &[
            (
                "first",
                "run: echo 18\nexpect: '17'\ncapture: { before: stdout }",
            ),
            (
                "second",
                "run: seq 18\nexpect: { stdout: { lines: \"${before}\" } }",
            ),
            (
                "third",
                "run: date -u +%FT%TZ\nexpect: { stdout: { time: { after: \"${before}\" } } }",
            ),
        ],
    );
    for id in ["second", "third"] {
        assert_eq!(run.outcome(id), "SKIPPED", "{}", run.check(id));
    }
}
