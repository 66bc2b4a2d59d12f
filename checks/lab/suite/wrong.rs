//! Each check that asks the host about its reconciler, its clone and its proxy is red on a host made
//! wrong for it, and it alone.

use claim::outcome::Outcome;

use super::kit::{Lab, edit, not_passed, pxgate, verify};

pub const ALL: &[super::Promise] = &[
    (
        "a_gate_that_asks_something_else_or_accepts_too_much_fails",
        gate,
    ),
    (
        "a_clone_that_is_behind_or_on_a_branch_like_main_fails",
        clone,
    ),
    (
        "an_alert_for_a_version_that_is_not_healthy_is_no_false_alarm",
        alert,
    ),
    ("a_proxy_that_tells_a_token_fails", leak),
    ("a_proxy_that_answers_now_and_then_fails", now_and_then),
    ("a_boot_that_takes_longer_than_its_bound_fails", slow),
];

/// Breaks the host in this way, asks these checks, and mends it. What is not a PASS of them is
/// exactly `red`, and each of them a FAIL.
fn red(lab: &Lab, way: &str, asked: &[&str], red: &[&str]) {
    lab.break_it(&[way]);
    let words: Vec<&str> = asked.iter().flat_map(|id| ["--check", id]).collect();
    let (code, record) = verify(lab, &pxgate(), &words);
    let expected: Vec<_> = red.iter().map(|id| (*id, Outcome::Fail)).collect();
    assert_eq!(not_passed(&record), expected, "{way}: {record:#?}");
    assert_eq!(code, Some(1), "{way}");
    lab.script("reset", &[]);
}

/// What M1 and M2 ask of the host's own reconciler.
const GATE: [&str; 5] = [
    "host-spec",
    "no-circle",
    "gate-has-teeth",
    "deployed-spec",
    "no-cycle",
];

fn gate(lab: &Lab) {
    red(lab, "other-path", &GATE, &["host-spec", "deployed-spec"]);
    red(lab, "lenient-gate", &GATE, &["gate-has-teeth"]);
    // The host before the fix, with nobody's alert on it: M1 is red all the same.
    red(
        lab,
        "unfixed-probe",
        &[&GATE[..], &["alerts"]].concat(),
        &["host-spec", "no-circle", "deployed-spec", "no-cycle"],
    );
}

fn clone(lab: &Lab) {
    for way in ["clone", "clone-behind", "clone-old"] {
        red(lab, way, &["host-clone"], &["host-clone"]);
    }
}

fn alert(lab: &Lab) {
    let asked = ["false-alarm"];
    red(lab, "other-version", &asked, &["false-alarm"]);
}

fn leak(lab: &Lab) {
    red(lab, "leak", &["leak"], &["leak"]);
}

fn now_and_then(lab: &Lab) {
    red(lab, "restarting", &["stability"], &["stability"]);
}

/// The boot of the unfixed host is over its bound, too: `m2::unfixed`. Here the bound is what is
/// wrong, because a slow boot takes its time.
fn slow(lab: &Lab) {
    let bound = edit(&pxgate(), "s$', max: 60", "s$', max: 0.1");
    let (code, record) = verify(lab, &bound, &["--check", "cold-boot-time"]);
    assert_eq!(not_passed(&record), [("cold-boot-time", Outcome::Fail)]);
    assert_eq!(code, Some(1));
}
