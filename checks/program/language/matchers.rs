//! Matchers of commands.

use super::kit::Twins;

#[test]
fn exits() {
    Twins::default()
        .pair("run: exit 3", "{ exit: 3 }", "{ exit: 0 }", "exit")
        .pair(
            "run: exit 3",
            "{ exit: [1, 3] }",
            "{ exit: [1, 2] }",
            "exit",
        )
        .pair(
            "run: echo x; exit 3",
            "{ exit: { not: 0 }, stdout: x }",
            "{ exit: { not: [1, 3] }, stdout: x }",
            "exit",
        )
        .pair(
            "run: kill -TERM $$",
            "{ exit: { signal: TERM } }",
            "{ exit: { signal: KILL } }",
            "signal",
        )
        .pair(
            "run: sh -c 'kill -9 $$'; exit $?",
            "{ exit: { signal: 9 } }",
            "{ exit: 9 }",
            "signal 9",
        )
        .pair("run: echo hello", "hello", "hullo", "hullo")
        .pair(
            "run: echo hello; exit 1",
            "{ exit: 1, stdout: hello }",
            "hello",
            "exit",
        )
        .hold();
}

#[test]
fn a_bare_value_is_text_and_stays_text() {
    let mut twins = Twins::default();
    for (text, other) in [
        ("000", "0"),
        ("0755", "493"),
        ("1.10", "1.1"),
        ("no", "false"),
        ("12:30", "750"),
        ("1e3", "1000"),
    ] {
        twins = twins.pair(&format!("run: echo '{text}'"), text, other, "stdout");
    }
    twins.hold();
}

#[test]
fn texts() {
    Twins::default()
        .pair(
            "run: echo ' a b '",
            "{ stdout: { equals: 'a b' } }",
            "{ stdout: { equals: 'a  b' } }",
            "stdout",
        )
        .pair(
            "run: echo a b c",
            "{ stdout: { contains: [a, c] } }",
            "{ stdout: { contains: [a, d] } }",
            "stdout",
        )
        .pair(
            "run: echo v1.2",
            "{ stdout: { matches: '^v\\d+\\.\\d+$' } }",
            "{ stdout: { matches: '^\\d' } }",
            "stdout",
        )
        .pair(
            "run: echo a b",
            "{ stdout: { not: { contains: c } } }",
            "{ stdout: { not: { contains: b } } }",
            "stdout",
        )
        .pair(
            "run: 'true'",
            "{ exit: 0, stdout: { empty: true } }",
            "{ exit: 0, stdout: { empty: false } }",
            "stdout",
        )
        .pair(
            "run: echo x",
            "{ stdout: { empty: false } }",
            "{ exit: 0, stdout: { empty: true } }",
            "stdout",
        )
        .pair(
            "run: echo abc",
            "{ stdout: { starts_with: ab } }",
            "{ stdout: { starts_with: bc } }",
            "stdout",
        )
        .pair(
            "run: echo abc",
            "{ stdout: { ends_with: bc } }",
            "{ stdout: { ends_with: ab } }",
            "stdout",
        )
        .pair(
            "run: echo oops >&2",
            "{ exit: 0, stderr: oops }",
            "{ exit: 0, stderr: { contains: fine } }",
            "stderr",
        )
        .pair(
            "run: echo out; echo err >&2",
            "{ stdout: out, stderr: err }",
            "{ stdout: err, stderr: err }",
            "stdout",
        )
        .hold();
}

#[test]
fn lines() {
    let abc = "run: printf 'a\\nb\\nc\\n'";
    Twins::default()
        .pair(
            abc,
            "{ stdout: { line: { 2: b, -1: c } } }",
            "{ stdout: { line: { 2: b, -1: b } } }",
            "line",
        )
        .pair(
            abc,
            "{ stdout: { line: { 3: c } } }",
            "{ stdout: { line: { 4: c } } }",
            "line",
        )
        .pair(
            abc,
            "{ stdout: { every_line: { matches: '^[abc]$' } } }",
            "{ stdout: { every_line: { matches: '^[ab]$' } } }",
            "stdout",
        )
        .pair(
            abc,
            "{ stdout: { lines: 3 } }",
            "{ stdout: { lines: 2 } }",
            "lines",
        )
        .pair(
            abc,
            "{ stdout: { lines: { min: 3, below: 4 } } }",
            "{ stdout: { lines: { above: 3 } } }",
            "lines",
        )
        .pair(
            "run: echo a-a-a",
            "{ stdout: { count: { of: a, equals: 3 } } }",
            "{ stdout: { count: { of: a, max: 2 } } }",
            "stdout",
        )
        .pair(
            "run: printf 'b\\na\\n'",
            "{ stdout: { set: [a, b] } }",
            "{ stdout: { set: [a, b, c] } }",
            "stdout",
        )
        .pair(
            "run: printf 'b\\na\\n'",
            "{ stdout: { set: [b, a] } }",
            "{ stdout: { set: [a] } }",
            "stdout",
        )
        .pair(
            "run: 'true'",
            "{ exit: 0, stdout: { lines: 0 } }",
            "{ stdout: { every_line: x } }",
            "line",
        )
        .hold();
}

#[test]
fn what_is_taken_out_of_a_text_is_matched() {
    let disk = "run: \"echo '/dev/sda 81% 7.5G'; echo '/dev/sdb 12% 1.5G'\"";
    Twins::default()
        .pair(
            disk,
            "{ stdout: { number: { of: 'sda (\\d+)%', max: 81 } } }",
            "{ stdout: { number: { of: 'sda (\\d+)%', max: 60 } } }",
            "taken by",
        )
        .pair(
            disk,
            "{ stdout: { number: { of: 'sda \\S+ (\\S+)', unit: bytes, below: 8G } } }",
            "{ stdout: { number: { of: 'sda \\S+ (\\S+)', unit: bytes, below: 7G } } }",
            "7.5G",
        )
        .pair(
            disk,
            "{ stdout: { number: { of: 'sd[b] (\\d+)', max: 60 } } }",
            // Several values: which one is meant is not known.
            "{ stdout: { number: { of: '(\\d+)%', max: 90 } } }",
            "takes 2 values",
        )
        .pair(
            disk,
            "{ stdout: { not: { number: { of: 'sda (\\d+)%', max: 60 } } } }",
            // Where there is nothing, nothing is denied.
            "{ stdout: { not: { number: { of: 'sdx (\\d+)%', max: 60 } } } }",
            "nothing matches",
        )
        .pair(
            "run: echo 'app 1.4.2 on base 9.1'",
            "{ stdout: { version: { of: 'base (\\S+)', min: 9 } } }",
            "{ stdout: { version: { of: 'base (\\S+)', min: 9.2 } } }",
            "taken by",
        )
        .pair(
            "run: echo 'from 2026-05-30T05:38Z until 2026-06-30T05:38Z'",
            "{ stdout: { time: { of: 'until (\\S+)', after: 2026-06-01T00:00Z } } }",
            "{ stdout: { time: { of: 'from (\\S+)', after: 2026-06-01T00:00Z } } }",
            "taken by",
        )
        .pair(
            "run: \"echo '{\\\"disk\\\": \\\"81% used\\\"}'\"",
            "{ json: { $.disk: { number: { of: '(\\d+)%', max: 81 } } } }",
            "{ json: { $.disk: { number: { of: '(\\d+)%', max: 80 } } } }",
            "taken by",
        )
        .hold();
}

#[test]
fn numbers_versions_and_digests() {
    let digest = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"; // of "hello\n"
    let other = digest.replace('5', "6");
    Twins::default()
        .pair(
            "run: echo 42",
            "{ stdout: { number: 42 } }",
            "{ stdout: { number: 43 } }",
            "stdout",
        )
        .pair(
            "run: echo 4.5",
            "{ stdout: { number: { min: 4, below: 5, not: 4.6 } } }",
            "{ stdout: { number: { above: 4.5 } } }",
            "stdout",
        )
        .pair(
            "run: echo many",
            "many",
            "{ stdout: { number: { min: 0 } } }",
            "number",
        )
        .pair(
            "run: echo traefik 3.6.15",
            "{ stdout: { version: { min: 3.6, below: 4 } } }",
            "{ stdout: { version: { min: 3.10 } } }",
            "stdout",
        )
        .pair(
            "run: echo v1.2.0",
            "{ stdout: { version: 1.2 } }",
            "{ stdout: { version: 1.2.1 } }",
            "stdout",
        )
        .pair(
            "run: echo hello",
            &format!("{{ stdout: {{ sha256: {digest} }} }}"),
            &format!("{{ stdout: {{ sha256: {other} }} }}"),
            "stdout",
        )
        .hold();
}

#[test]
fn json() {
    let asked = r#"run: 'echo ''{"level": 5, "name": "x y", "ok": true, "none": null, "tags": ["a", "b"], "n": "5", "sub": {"deep": [{"k": 1.5}]}}'''"#;
    Twins::default()
        .pair(
            asked,
            "{ json: { $.level: 5 } }",
            "{ json: { $.level: 4 } }",
            "$.level",
        )
        .pair(
            asked,
            "{ json: { $.n: { equals: '5' } } }",
            "{ json: { $.n: { equals: 5 } } }",
            "$.n",
        )
        .pair(
            asked,
            "{ json: { $.name: x y, $.ok: true, $.none: null } }",
            "{ json: { $.name: x y, $.ok: false } }",
            "$.ok",
        )
        .pair(
            asked,
            "{ json: { $.gone: { absent: true }, $.level: 5 } }",
            "{ json: { $.level: { absent: true } } }",
            "$.level",
        )
        .pair(
            asked,
            "{ json: { $.tags: [a, b] } }",
            "{ json: { $.tags: [b, a] } }",
            "$.tags",
        )
        .pair(
            asked,
            "{ json: { $.tags: { count: 2, type: array } } }",
            "{ json: { $.tags: { count: { min: 3 } } } }",
            "$.tags",
        )
        .pair(
            asked,
            "{ json: { '$.tags[-1]': b } }",
            "{ json: { '$.tags[2]': b } }",
            "$.tags[2]",
        )
        .pair(
            asked,
            "{ json: { '$.sub.deep[0].k': { number: { above: 1 } } } }",
            "{ json: { '$.sub.deep[0].k': { number: { max: 1 } } } }",
            "deep[0].k",
        )
        .pair(
            asked,
            "{ json: { $.name: { matches: '^x', not: z } } }",
            "{ json: { $.name: { not: { contains: x } } } }",
            "$.name",
        )
        .pair(
            asked,
            "{ stdout: { json: { $.level: 5 } } }",
            "{ stdout: { json: { $.level: 6 } } }",
            "$.level",
        )
        .pair(
            "run: echo not json",
            "not json",
            "{ json: { $.a: { absent: true }, $.b: 1 } }",
            "JSON",
        )
        .hold();
}

#[test]
fn several_matchers_show_all_that_does_not_hold() {
    let run = Twins::default()
        .pair(
            "run: echo one; echo two >&2; exit 3",
            "{ exit: 3, stdout: one, stderr: two }",
            "{ exit: 4, stdout: { contains: [eins, one], lines: 7 }, stderr: zwei }",
            "exit",
        )
        .hold();
    let about: Vec<&str> = run.check("t0-bad")["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["subject"].as_str().unwrap())
        .collect();
    assert_eq!(about.len(), 4, "{about:?}");
    for word in ["eins", "zwei", "7", "matcher    claim.yaml:"] {
        assert!(run.shown.out.contains(word), "{word} in {}", run.shown.out);
    }
}

#[test]
fn all_any_and_not() {
    let asked = "run: echo abc; exit 2";
    Twins::default()
        .pair(
            asked,
            "{ all: [ { exit: 2 }, { stdout: { contains: a } } ] }",
            "{ all: [ { exit: 2 }, { stdout: { contains: z } } ] }",
            "stdout",
        )
        .pair(
            asked,
            "{ any: [ { exit: 0 }, { stdout: abc, exit: 2 } ] }",
            "{ any: [ { exit: 0 }, { exit: 1 } ] }",
            "exit",
        )
        .pair(
            asked,
            "{ exit: 2, not: { stdout: { contains: z } } }",
            "{ exit: 2, not: { stdout: { contains: a } } }",
            "stdout",
        )
        .pair(
            asked,
            "{ exit: 2, stdout: { any: [ x, { starts_with: a } ] } }",
            "{ exit: 2, stdout: { any: [ x, y ] } }",
            "stdout",
        )
        .pair(
            asked,
            "{ exit: 2, stdout: { all: [ { contains: a }, { not: { contains: z } } ] } }",
            "{ exit: 2, stdout: { all: [ { contains: a }, { contains: z } ] } }",
            "stdout",
        )
        .hold();
}

#[test]
fn snapshots() {
    let asked = "run: printf 'connected to db-7\\nstep 1\\nstep 2 took 31 ms\\ndone\\n'";
    Twins::default()
        .pair(
            asked,
            "{ stdout: { snapshot: \"connected to [..]\\n...\\nstep 2 took [..] ms\\ndone\" } }",
            "{ stdout: { snapshot: \"connected to [..]\\n...\\nstep 3 took [..] ms\\ndone\" } }",
            "line 3 of the snapshot is `step 3 took [..] ms`",
        )
        .pair(
            asked,
            "{ stdout: { snapshot: \"[..] db-7\\n...\" } }",
            "{ stdout: { snapshot: \"[..] db-7\\nstep 1\" } }",
            "goes on after the last line",
        )
        .hold();
}

#[test]
fn in_order() {
    Twins::default()
        .pair(
            "run: printf 'starting\\nport 80\\nready\\n'",
            "{ stdout: { in_order: [starting, { matches: 'port \\d+' }, ready] } }",
            "{ stdout: { in_order: [ready, starting] } }",
            "is there only before the end of",
        )
        .pair(
            "run: printf 'a\\nb\\n'",
            "{ stdout: { not: { in_order: [b, a] } } }",
            "{ stdout: { not: { in_order: [a, b] } } }",
            "contains in this order",
        )
        .hold();
}

#[test]
fn yaml() {
    let asked = "run: cat\nstdin: |\n  base: &base { image: app:1.4 }\n  services:\n    web: { <<: *base, replicas: 2, mode: 0755 }\n    db: { image: 'db:16', replicas: 1 }";
    Twins::default()
        .pair(
            asked,
            "{ yaml: { $.services.web.image: app:1.4, $.services.web.mode: '0755' } }",
            "{ yaml: { $.services.web.image: app:1.5 } }",
            "yaml $.services.web.image",
        )
        .pair(
            asked,
            "{ yaml: { '$.services[*].replicas': { every: { number: { min: 1 } }, count: 2 } } }",
            "{ yaml: { '$.services[*].replicas': { every: { number: { min: 2 } } } } }",
            "yaml $.services[*].replicas",
        )
        .pair(
            asked,
            "{ stdout: { yaml: { $.services.mail: { absent: true }, $.services.db.image: 'db:16' } } }",
            "{ stdout: { yaml: { $.services.db: { absent: true } } } }",
            "absent",
        )
        .pair(
            "run: \"printf 'kind: A\\\\n---\\\\nkind: B\\\\n'\"",
            "{ yaml: { '$[*].kind': { set: [A, B] } } }",
            "{ yaml: { $.kind: A } }",
            "yaml $.kind",
        )
        .hold();
}

/// What is not one document that readers agree on is not judged.
#[test]
fn a_key_of_yaml_that_stands_twice_is_an_error() {
    let run = super::kit::run(
        "",
        &[
            (
                "twice",
                "run: \"printf 'a: 1\\\\na: 2\\\\n'\"\nexpect: { yaml: { $.a: '2' } }",
            ),
            (
                "broken",
                "run: \"printf 'a: [1\\\\n'\"\nexpect: { yaml: { $.b: { absent: true } } }",
            ),
        ],
    );
    assert_eq!(run.outcome("twice"), "ERROR", "{}", run.shown.out);
    assert!(
        run.why("twice").contains("stands twice"),
        "{}",
        run.why("twice")
    );
    assert_eq!(run.outcome("broken"), "FAIL", "{}", run.shown.out);
    assert!(
        run.why("broken").contains("not YAML"),
        "{}",
        run.why("broken")
    );
}

#[test]
fn tests_of_a_test_run() {
    Twins::default()
        .pair(
            "run: 'echo \"== 12 passed, 2 skipped in 0.12s ==\"'",
            "{ tests: { passed: { min: 12 }, skipped: { max: 2 } } }",
            "{ tests: { passed: { min: 13 } } }",
            "12 passed, 0 failed, 2 skipped",
        )
        .pair(
            "run: 'echo \"test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured\"; exit 101'",
            "{ exit: 101, tests: { passed: 3, failed: 1 } }",
            "{ exit: 101, tests: { passed: 3 } }",
            "exactly 0 failed",
        )
        .pair(
            "run: 'echo \"     Summary [   0.1s] 4 tests run: 4 passed, 0 skipped\" >&2'",
            "{ tests: { passed: 4 } }",
            "{ tests: { passed: 4, skipped: 1 } }",
            "exactly 1 skipped",
        )
        .hold();
    // A real runner, and an empty run of it.
    let run = super::kit::run(
        "",
        &[
            (
                "real",
                "run: [python3, -c, \"import unittest; T = type('T', (unittest.TestCase,), {'test_a': lambda self: None}); unittest.main()\"]\neffect: observe\nexpect: { tests: { passed: 1 } }",
            ),
            (
                "none",
                "run: echo done\nexpect: { tests: { passed: { min: 1 } } }",
            ),
            (
                "packages",
                "run: \"printf 'ok  \\texample.org/a\\t0.012s\\n'\"\nexpect: { tests: { passed: { min: 1 } } }",
            ),
        ],
    );
    assert_eq!(run.outcome("real"), "PASS", "{}", run.shown.out);
    assert_eq!(run.outcome("none"), "FAIL", "{}", run.shown.out);
    assert!(
        run.why("none").contains("no summary of a test run"),
        "{}",
        run.why("none")
    );
    assert!(
        run.why("packages").contains("add `-v`"),
        "{}",
        run.why("packages")
    );
}

#[test]
fn a_tool_that_is_missing_is_an_error_and_never_a_fail_or_a_pass() {
    for (asked, expect) in [
        ("no-such-tool-here --version", "1.0"),
        ("no-such-tool-here", "{ exit: 1 }"),
        (
            "no-such-tool-here",
            "{ exit: [0, 1], stdout: { lines: 0 } }",
        ),
    ] {
        let run = super::kit::run(
            "",
            &[
                ("a", &format!("run: {asked}\nexpect: {expect}")),
                ("b", "run: echo x\nexpect: x"),
            ],
        );
        assert_eq!(run.outcome("a"), "ERROR", "{expect}: {}", run.shown.out);
        assert!(run.why("a").contains("tool missing"), "{}", run.why("a"));
    }
    let run = super::kit::run("", &[("a", "run: [no-such-tool-here]\nexpect: x")]);
    assert_eq!((run.outcome("a"), run.shown.code), ("ERROR", Some(3)));
}
