//! A failure explains itself, and can be reproduced by hand.

use std::process::Command;

use super::kit::{claim, run};
use super::server::Server;
use test_kit::program::Scratch;

/// The `reproduce:` line as it is printed.
fn printed_line(out: &str) -> Vec<String> {
    out.lines()
        .filter_map(|line| line.trim().strip_prefix("reproduce:"))
        .map(|line| line.trim().to_owned())
        .collect()
}

#[test]
fn a_failure_says_what_was_expected_what_was_seen_where_and_how_to_see_it_again() {
    let run = run(
        "",
        &[(
            "versions",
            "run: printf 'a 1\\nb 2\\nc 3\\n'\nexpect: |\n  a 1\n  b 9\n  c 3",
        )],
    );
    let out = &run.shown.out;
    assert_eq!(run.shown.code, Some(1));
    for part in [
        "FAIL  versions  claim.yaml:8:9",
        "claim      c",
        "expected",
        "observed",
        "matcher    claim.yaml:12:",
        "-b 9",
        "+b 2",
        "1 check: 1 FAIL; exit 1",
    ] {
        assert!(out.contains(part), "{part:?} in {out}");
    }
    let lines = printed_line(out);
    assert_eq!(lines.len(), 1, "{out}");
    let seen = Command::new("sh").args(["-c", &lines[0]]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&seen.stdout), "a 1\nb 2\nc 3\n");
}

#[test]
fn the_printed_line_shows_the_observed_value_when_it_is_run_by_hand() {
    let checks = [
        (
            "several",
            "run: |\n  first=1 # a comment\n  echo \"$first 100% \\\\ ok\"\n  echo second",
        ),
        (
            "input",
            "run: read -r a; echo \"$a and $(cat)\"\nstdin: |\n  one 'x'\n  two\ttab",
        ),
        (
            "folder",
            "run: echo a && basename \"$PWD\"; echo b\ncwd: sub",
        ),
        (
            "environment",
            "run: echo \"$A\"; echo $B\nenv: { A: \"it's\", B: 'x  y' }",
        ),
        ("ends", "run: echo x; exit 3"),
        (
            "list",
            "run: [printf, '%s-', a b, '$x', \"it's\"]\nenv: { UNUSED: y }",
        ),
        (
            "values",
            "for: { v: ['$(echo no) \"a\"'] }\nrun: echo ${v} \"<${v}>\"",
        ),
    ];
    let with: Vec<(&str, String)> = checks
        .iter()
        .map(|(id, rest)| (*id, format!("{rest}\nexpect: nothing like it")))
        .collect();
    let with: Vec<(&str, &str)> = with.iter().map(|(id, rest)| (*id, rest.as_str())).collect();
    let scratch = Scratch::with(claim("", &with));
    std::fs::create_dir(scratch.path().join("sub")).unwrap();
    let run = scratch.recorded(&[]);
    let lines = printed_line(&run.shown.out);
    let records = run.record["checks"].as_array().unwrap();
    assert_eq!(lines.len(), records.len(), "{}", run.shown.out);
    for (line, check) in lines.iter().zip(records) {
        assert_eq!(check["outcome"], "FAIL", "{check}");
        let out = Command::new("sh")
            .args(["-c", line])
            .current_dir(scratch.path())
            .output()
            .unwrap();
        let seen = &check["observation"]["command"];
        assert_eq!(
            String::from_utf8_lossy(&out.stdout),
            seen["stdout"]["text"].as_str().unwrap(),
            "{line}"
        );
        assert_eq!(
            out.status.code().map(i64::from),
            seen["exit"].as_i64(),
            "{line}"
        );
    }
}

#[test]
fn a_probe_is_reproduced_with_curl() {
    let server = Server::start();
    let closed = Server::start().port;
    let port = server.port;
    let checks = [
        (
            "status",
            format!("http: {}\nexpect: 200", server.url("/login")),
            "303",
        ),
        (
            "pinned",
            format!(
                "http: http://ci.example.test:{port}/echo\nresolve: 127.0.0.1\nmethod: POST\neffect: observe\nbody: '@x'\nheaders: {{ X-A: 'b c' }}\nexpect: 404"
            ),
            "@x\n200",
        ),
        (
            "followed",
            format!("http: {}\nfollow: 1\nexpect: 404", server.url("/login")),
            "welcome\n200",
        ),
        (
            "gone",
            format!("http: http://127.0.0.1:{closed}/\nexpect: 200"),
            "000",
        ),
    ];
    let all: Vec<(&str, &str)> = checks
        .iter()
        .map(|(id, rest, _)| (*id, rest.as_str()))
        .collect();
    let run = run("", &all);
    for (line, (id, _, seen)) in printed_line(&run.shown.out).iter().zip(&checks) {
        assert_eq!(run.outcome(id), "FAIL");
        let out = Command::new("sh").args(["-c", line]).output().unwrap();
        let out = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.trim_end().ends_with(seen), "{line}: {out}");
    }
}

#[test]
fn hostile_output_cannot_paint_the_table() {
    let run = run(
        "",
        &[(
            "a",
            "run: printf 'x\\033[2J\\033]0;owned\\007\\nPASS\\r\\n'\nexpect: y",
        )],
    );
    assert!(
        !run.shown.out.contains('\u{1b}') && !run.shown.err.contains('\u{1b}'),
        "{}",
        run.shown.out
    );
}

#[test]
fn expectations_stand_in_plain_english_wherever_they_are_shown() {
    let cases = [
        (
            "{ exit: 0, stdout: { empty: true } }",
            "exit 0, stdout is empty",
        ),
        (
            "{ stdout: { not: { empty: true } } }",
            "stdout is not empty",
        ),
        (
            "{ exit: 1, stderr: { contains: no } }",
            "exit 1, stderr contains \"no\"",
        ),
        (
            "{ stdout: { contains: [a, b] } }",
            "stdout contains \"a\" and stdout contains \"b\"",
        ),
        (
            "{ stdout: { not: { contains: x } } }",
            "stdout does not contain \"x\"",
        ),
        (
            "{ stdout: { line: { 1: a, -1: { starts_with: z } } } }",
            "the first line of stdout is \"a\" and the last line of stdout starts with \"z\"",
        ),
        (
            "{ stdout: { lines: { min: 2 } } }",
            "stdout has at least 2 lines",
        ),
        (
            "{ stdout: { number: { min: 1, max: 9 } } }",
            "stdout is a number: at least 1, at most 9",
        ),
        (
            "{ stdout: { version: { min: '3.6' } } }",
            "the version of stdout is at least 3.6",
        ),
        (
            "{ json: { $.Version: { version: { min: '3.6' } } } }",
            "the version of $.Version is at least 3.6",
        ),
        (
            "{ json: { $.a: { absent: true }, $.n: 3 } }",
            "$.a is absent, $.n is 3",
        ),
        (
            "{ stdout: { matches: '^v[0-9]+$' } }",
            "stdout matches /^v[0-9]+$/",
        ),
        (
            "{ stdout: up, duration: { max: 5s } }",
            "stdout is \"up\", it takes at most 5000 ms",
        ),
        ("up", "up"),
    ];
    let names: Vec<String> = (0..cases.len()).map(|n| format!("c{n}")).collect();
    let checks: Vec<(&str, String)> = names
        .iter()
        .zip(&cases)
        .map(|(name, (expect, _))| (name.as_str(), format!("run: echo up\nexpect: {expect}")))
        .collect();
    let checks: Vec<(&str, &str)> = checks
        .iter()
        .map(|(id, rest)| (*id, rest.as_str()))
        .collect();
    let run = Scratch::with(claim("", &checks)).recorded(&[]);
    let records = run.record["checks"].as_array().unwrap();
    assert_eq!(records.len(), cases.len(), "{}", run.shown.err);
    for (check, (expect, words)) in records.iter().zip(&cases) {
        assert_eq!(check["expected"], *words, "{expect}");
    }
}

#[test]
fn the_values_that_decide_stand_in_the_record_and_beside_what_was_observed() {
    let checks = [
        (
            "version",
            "run: printf '{\"v\":\"3.6.2\",\"list\":[1,2],\"secret\":\"not judged\"}'\nexpect: { json: { $.v: { version: { min: '3.6' } }, $.gone: { absent: true }, '$.list[*]': { every: { number: { min: 1 } } } } }\ncapture: { seen: { json: $.v } }",
        ),
        ("same", "needs: [version]\nrun: echo 3.6.2\nexpect: ${seen}"),
    ];
    let run = Scratch::with(claim("", &checks)).recorded(&[]);
    assert_eq!(run.shown.code, Some(0), "{}", run.shown.out);
    let values = |n: usize| -> Vec<String> {
        let values = run.record["checks"][n]["values"].as_array().unwrap();
        let text = |value: &serde_json::Value, key: &str| value[key].as_str().unwrap().to_owned();
        let each = values.iter();
        each.map(|it| {
            format!(
                "{} {} {}",
                text(it, "how"),
                text(it, "name"),
                text(it, "value")
            )
        })
        .collect()
    };
    assert_eq!(
        values(0),
        [
            "judged $.v \"3.6.2\"",
            "judged $.gone absent",
            "judged $.list[*] 1, 2",
            "captured ${seen} 3.6.2"
        ]
    );
    assert_eq!(values(1), ["used ${seen} 3.6.2"]);
    let out: String = run.shown.out.replace(['│', '┆'], " ");
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(out.contains("${seen} was 3.6.2"), "{out}");
}
