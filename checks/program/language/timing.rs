//! Time: within, never_within, repeat, timeout, duration.

use std::time::Instant;

use super::kit::{Twins, run};

#[test]
fn within_waits_until_it_holds_and_gives_up_at_the_end() {
    let run = run(
        "",
        &[
            (
                "good",
                "run: echo x >>n; wc -l <n\nwithin: 10s\nevery: 20ms\nexpect: 4",
            ),
            ("bad", "run: echo 1\nwithin: 300ms\nevery: 50ms\nexpect: 2"),
        ],
    );
    assert_eq!(run.outcomes(), ["PASS", "FAIL"], "{}", run.shown.out);
    assert_eq!(run.check("good")["attempts"], 4);
    assert!(run.check("bad")["attempts"].as_u64().unwrap() > 3);
    assert!(run.check("bad")["duration_ms"].as_u64().unwrap() >= 300);
}

#[test]
fn a_wait_is_over_at_a_final_state() {
    let state = "run: echo x >>N; test $(wc -l <N) -lt 3 && echo activating || { echo LAST; exit 3; }\nwithin: 60s\nevery: 20ms\n";
    let ends = |name: &str, last: &str, more: &str| {
        let state = state.replace('N', name).replace("LAST", last);
        format!("{state}{more}\nexpect: {{ exit: [0, 3], stdout: active }}")
    };
    let run = run(
        "vars: { broken: failed }\n",
        &[
            ("up", &ends("a", "active", "fail_if: failed")),
            ("down", &ends("b", "failed", "fail_if: failed")),
            ("code", &ends("c", "gone", "fail_if: { exit: 3 }")),
            ("value", &ends("d", "failed", "fail_if: \"${broken}\"")),
            (
                "refused",
                "http: http://127.0.0.1:1/\nwithin: 60s\nevery: 20ms\nfail_if: { no_answer: refused }\nexpect: 200",
            ),
        ],
    );
    let outcomes = ["PASS", "FAIL", "FAIL", "FAIL", "FAIL"];
    assert_eq!(run.outcomes(), outcomes, "{}", run.shown.out);
    for id in ["down", "code", "value"] {
        assert_eq!(run.check(id)["attempts"], 3, "{id}");
        assert!(
            run.why(id).contains("`fail_if` holds since attempt 3"),
            "{id}: {}",
            run.why(id)
        );
    }
    assert_eq!(run.check("refused")["attempts"], 1);
}

#[test]
fn a_window_shorter_than_the_pause_is_looked_at_until_its_end() {
    let late = "(sleep 0.25; touch FILE) >/dev/null 2>&1 &";
    let fixture = |name: &str| {
        let act = late.replace("FILE", name);
        format!("  {name}-later: {{ baseline: test ! -e {name}, do: '{act}', undo: sleep 0.3; rm {name} }}\n")
            .replace("sleep 0.25", "setsid sleep 0.25")
    };
    let head = format!("fixtures:\n{}{}", fixture("good"), fixture("bad"));
    let run = run(
        &head,
        &[
            (
                "within",
                "with: good-later\nrun: cat good\nwithin: 700ms\nexpect: { exit: 0 }",
            ),
            (
                "never",
                "with: bad-later\nrun: ls\nnever_within: 700ms\nexpect: { stdout: { contains: bad } }",
            ),
        ],
    );
    assert_eq!(run.outcomes(), ["PASS", "FAIL"], "{}", run.shown.out);
    assert_eq!(run.check("within")["attempts"], 2);
    assert_eq!(run.check("never")["attempts"], 2);
}

#[test]
fn never_within_watches_the_whole_window_and_silence_is_no_absence() {
    let run = run(
        "",
        &[
            (
                "good",
                "run: echo fine\nnever_within: 300ms\nevery: 50ms\nexpect: { stdout: { contains: panic } }",
            ),
            (
                "bad",
                "run: echo x >>log; test $(wc -l <log) -lt 4 || echo panic\nnever_within: 5s\nevery: 20ms\nexpect: { stdout: { contains: panic } }",
            ),
            (
                "silent",
                "run: echo fine; exit 4\nnever_within: 100ms\nevery: 20ms\nexpect: { stdout: { contains: panic } }",
            ),
            (
                "gone",
                "http: http://127.0.0.1:1/\nnever_within: 100ms\nevery: 20ms\nexpect: 500",
            ),
        ],
    );
    assert_eq!(run.outcomes()[..2], ["PASS", "FAIL"], "{}", run.shown.out);
    assert_ne!(run.outcome("silent"), "PASS", "{}", run.shown.out);
    assert_ne!(run.outcome("gone"), "PASS", "{}", run.shown.out);
    assert!(run.check("good")["attempts"].as_u64().unwrap() > 3);
    assert!(
        run.why("bad").contains("seen at attempt"),
        "{}",
        run.why("bad")
    );
}

#[test]
fn repeat_n_of_m() {
    let flaky = "run: echo x >>$FILE; test $(wc -l <$FILE) -ne 2 && echo ok\nenv: { FILE: FILENAME }\nevery: 10ms\n";
    let check = |file: &str, repeat: &str| {
        format!(
            "{}repeat: {repeat}\nexpect: ok",
            flaky.replace("FILENAME", file)
        )
    };
    let run = run(
        "",
        &[
            ("five", &check("a", "{ times: 6, at_least: 5 }")),
            ("all", &check("b", "6")),
            ("six", &check("c", "{ times: 6, at_least: 6 }")),
        ],
    );
    assert_eq!(
        run.outcomes(),
        ["PASS", "FAIL", "FAIL"],
        "{}",
        run.shown.out
    );
    assert_eq!(run.check("five")["attempts"], 6);
    assert!(
        run.why("all").contains("held 5 of 6 times"),
        "{}",
        run.why("all")
    );
}

#[test]
fn a_deadline_is_an_error_with_what_was_printed() {
    let mark = test_kit::runs::marker();
    let begin = Instant::now();
    let run = run(
        "",
        &[
            (
                "a",
                &format!("run: echo so far; sleep 300 {mark}\ntimeout: 300ms\nexpect: x"),
            ),
            ("b", "run: echo x\nexpect: x"),
        ],
    );
    assert!(begin.elapsed().as_secs() < 8);
    assert_eq!((run.outcome("a"), run.outcome("b")), ("ERROR", "PASS"));
    assert!(
        run.why("a").contains("timed out after 300ms") && run.why("a").contains("so far"),
        "{}",
        run.why("a")
    );
    assert_eq!(run.shown.code, Some(3));
    assert_eq!(test_kit::runs::processes_with(&mark), Vec::<u32>::new());
}

#[test]
fn an_attempt_that_hangs_does_not_outlast_the_window_by_much() {
    let begin = Instant::now();
    let run = run(
        "",
        &[("a", "run: sleep 30\nwithin: 300ms\nevery: 50ms\nexpect: ''")],
    );
    assert!(begin.elapsed().as_secs() < 8, "{:?}", begin.elapsed());
    assert_eq!(run.outcome("a"), "ERROR");
}

#[test]
fn durations() {
    Twins::default()
        .pair(
            "run: sleep 0.2; echo x",
            "{ duration: { min: 200ms, max: 20s }, stdout: x }",
            "{ duration: { max: 100ms }, stdout: x }",
            "duration",
        )
        .hold();
}
