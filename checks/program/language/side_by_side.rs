//! What only observes runs side by side, in the order of the file.

use std::time::Duration;

use test_kit::program::Scratch;
use test_kit::runs::Run;

use super::kit::claim;

fn overlap(run: &Run, one: &str, other: &str) -> bool {
    test_kit::runs::overlap(run.check(one), run.check(other))
}

/// Where the progress first speaks of a check.
fn told(run: &Run, id: &str) -> usize {
    run.shown.err.find(id).unwrap_or(usize::MAX)
}

#[test]
fn checks_that_only_observe_run_side_by_side_and_are_told_in_order() {
    let scratch = Scratch::with(claim(
        "",
        &[
            ("slow", "run: sleep 1; echo slow\nexpect: slow"),
            ("quick", "run: echo quick\nexpect: quick"),
            ("third", "run: sleep 1; echo third\nexpect: other"),
        ],
    ));
    let run = scratch.recorded(&[]);
    assert_eq!(
        run.outcomes(),
        ["PASS", "PASS", "FAIL"],
        "{}",
        run.shown.out
    );
    assert!(overlap(&run, "slow", "third") && overlap(&run, "slow", "quick"));
    assert!(
        told(&run, "slow") < told(&run, "quick"),
        "{}",
        run.shown.err
    );
    let alone = scratch.recorded(&["--jobs", "1"]);
    assert!(!overlap(&alone, "slow", "third") && !overlap(&alone, "slow", "quick"));
}

#[test]
fn what_may_change_something_and_what_waits_has_no_neighbours() {
    for other in [
        "run: sh other\nexpect: o",
        "run: sleep 0.3; echo o\nwithin: 1s\nexpect: o",
    ] {
        let scratch = Scratch::with(claim(
            "",
            &[
                ("before", "run: sleep 0.3; echo b\nexpect: b"),
                ("other", other),
                ("after", "run: sleep 0.3; echo a\nexpect: a"),
            ],
        ));
        scratch.write("other", "sleep 0.3; echo o");
        let run = scratch.recorded(&[]);
        assert_eq!(
            run.outcomes(),
            ["PASS", "PASS", "PASS"],
            "{}",
            run.shown.out
        );
        assert!(!overlap(&run, "before", "other") && !overlap(&run, "other", "after"));
    }
}

#[test]
fn a_control_runs_beside_others_and_after_its_check() {
    let control =
        "run: sleep 0.5; echo a\nexpect: a\ncontrol: { run: sleep 0.5; echo b, expect: b }";
    let scratch = Scratch::with(claim(
        "",
        &[
            ("one", control),
            ("two", control),
            ("last", "run: echo l\nexpect: l"),
        ],
    ));
    let begun = std::time::Instant::now();
    let run = scratch.recorded(&[]);
    assert_eq!(
        run.outcomes(),
        ["PASS", "PASS", "PASS"],
        "{}",
        run.shown.out
    );
    assert_eq!(run.check("two")["control"]["red"], true);
    assert!(
        told(&run, "one") < told(&run, "two") && told(&run, "two") < told(&run, "last"),
        "{}",
        run.shown.err
    );
    assert!(
        begun.elapsed() > Duration::from_secs(1),
        "a control waits for its check"
    );
}
