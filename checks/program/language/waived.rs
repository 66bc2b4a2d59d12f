//! Findings of the reader that a check keeps: shown wherever it is shown what proves that it can fail, and
//! an error after their last day. And the controls that are proposed where nothing proves it.

use test_kit::program::Scratch;

fn around(checks: &str) -> String {
    format!("phase: waived\non: local\ngates:\n  M1:\n    checks:\n{checks}")
}

#[test]
fn a_waiver_is_shown_with_its_reason_and_ends_with_its_last_day() {
    let check = |id: &str, until: &str| {
        format!(
            "      - {{ id: {id}, claim: c, run: \"ls / || true\", expect: {{ exit: 0 }}, control: {{ run: ls /no-such-folder, expect: {{ exit: 2 }} }}, waive: {{ GP2506: {{ reason: the line of a test, until: {until} }} }} }}\n"
        )
    };
    let both = around(&(check("now", "2999-12-31") + &check("over", "2020-01-31")));
    let scratch = Scratch::with(both);
    let checked = scratch.run(&["check", "claim.yaml"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let told = "M1 now: GP2506 waived until 2999-12-31: the line of a test";
    assert!(checked.out.contains(told), "{}", checked.out);
    let shown = scratch.verify(&["--teeth"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    let words = shown.words();
    assert!(words.contains("control; GP2506 waived"), "{words}");
    assert!(
        words.contains("its waiver of GP2506 ended on 2020-01-31"),
        "{words}"
    );
    let record = scratch.verify(&["--format", "json", "--check", "now"]);
    assert!(
        record
            .out
            .contains("GP2506 waived until 2999-12-31: the line of a test"),
        "{}",
        record.out
    );
}

#[test]
fn a_control_is_proposed_where_nothing_shows_that_a_check_can_fail() {
    let scratch = Scratch::with(around(
        "      - { id: clean, claim: no debug line, run: cat /etc/hostname, expect: { stdout: { not: { contains: debug } } } }\n",
    ));
    let control = "control: { run: \"cat /no-such-path\", expect: … }";
    let checked = scratch.run(&["check", "claim.yaml"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(
        checked.out.contains("M1 clean: toothless: ") && checked.out.contains(control),
        "{}",
        checked.out
    );
    let shown = scratch.verify(&["--teeth"]);
    assert_eq!(shown.code, Some(4), "{shown:?}");
    assert!(shown.words().contains(control), "{}", shown.words());
}
