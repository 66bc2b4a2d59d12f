//! Times and their order.

use super::kit::{Twins, run};
use super::server::Server;

#[test]
fn times_as_programs_print_them() {
    let fixed = "run: echo 2026-05-30T05:41:12Z";
    let server = Server::start();
    Twins::default()
        .pair(
            fixed,
            "{ stdout: { time: { after: 2026-05-30T05:38Z } } }",
            "{ stdout: { time: { after: 2026-05-30T05:41:12Z } } }",
            "same moment",
        )
        .pair(
            fixed,
            "{ stdout: { time: { not_before: 2026-05-30T05:41:12Z, not_after: 2026-05-30T07:41:12+02:00 } } }",
            "{ stdout: { time: { before: 2026-05-30T05:41Z } } }",
            "12s later",
        )
        .pair(
            fixed,
            "{ stdout: { time: { near: 2026-05-30T05:41:42Z, give: 30s } } }",
            "{ stdout: { time: { near: 2026-05-30T05:41:43Z, give: 30s } } }",
            "31s earlier",
        )
        .pair(
            "run: echo 1780119672",
            "{ stdout: { time: { unix: s, equals: 2026-05-30T05:41:12Z } } }",
            "{ stdout: { time: { equals: 2026-05-30T05:41:12Z } } }",
            "unix: s",
        )
        .pair(
            "run: date -u +%FT%TZ",
            "{ stdout: { time: { newer_than: 1m } } }",
            "{ stdout: { time: { older_than: 1m } } }",
            "old when it was observed",
        )
        .pair(
            "run: date +%s; echo 1780119672",
            "{ stdout: { line: { 1: { time: { unix: s, newer_than: 1m } }, 2: { time: { unix: s, equals: 2026-05-30T05:41:12Z } } } } }",
            "{ stdout: { line: { 2: { time: { unix: s, newer_than: 1m } } } } }",
            "1780119672 (2026-05-30T05:41:12Z)",
        )
        .pair(
            "run: echo 2026-05-30 05:41:12",
            "{ stdout: { contains: 05 } }",
            "{ stdout: { not: { time: { after: 2026-06-30T05:38Z } } } }",
            "zone",
        )
        .pair(
            &format!("http: {}", server.url("/dated")),
            "{ header: { last-modified: { time: { older_than: 1h, after: 2026-05-30T05:41Z } } } }",
            "{ header: { last-modified: { time: { before: 2026-05-30T05:41Z } } } }",
            "12s later",
        )
        .pair(
            "run: |\n  echo '{\"at\": 1780119672250}'",
            "{ json: { $.at: { time: { unix: ms, after: 2026-05-30T05:41:12Z } } } }",
            "{ json: { $.at: { time: { unix: ms, equals: 2026-05-30T05:41:12Z } } } }",
            "250ms later",
        )
        .hold();
}

#[test]
fn the_second_begins_when_the_first_has_ended() {
    let first = "run: date -u +%FT%TZ\nexpect: { stdout: { time: { newer_than: 1m } } }\ncapture: { ended: stdout }";
    let run = run(
        "",
        &[
            ("first", first),
            (
                "second",
                "run: date +%s\nexpect: { stdout: { time: { unix: s, not_before: \"${ended}\" } } }",
            ),
            (
                "reversed",
                "run: date +%s\nexpect: { stdout: { time: { unix: s, before: \"${ended}\" } } }",
            ),
        ],
    );
    assert_eq!(run.outcome("second"), "PASS", "{}", run.check("second"));
    assert_eq!(run.outcome("reversed"), "FAIL", "{}", run.check("reversed"));
    assert!(run.why("reversed").contains("(${ended})"));
}
