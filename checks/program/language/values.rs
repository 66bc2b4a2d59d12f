//! Parameters, captures, environment, folders, input, argument lists, and what is selected.

use super::kit::{Twins, claim, run};
use test_kit::program::Scratch;

#[test]
fn a_run_with_another_value_leaves_its_trace_and_is_no_run_of_the_file() {
    let file = claim(
        "vars: { want: '404', api_token: none }\n",
        &[(
            "a",
            "run: echo 200 # ${api_token}\nexpect: { stdout: '${want}' }",
        )],
    );
    let scratch = Scratch::with(&file);
    let run = scratch.recorded(&[]);
    assert_eq!(run.outcome("a"), "FAIL");
    assert!(
        run.check("a")["expected"].to_string().contains("404"),
        "{}",
        run.check("a")
    );
    assert_eq!(run.record["gates"], serde_json::json!(["M1"]));
    assert!(run.record.get("changed_vars").is_none());

    let same = Scratch::with(&file).recorded(&["--var", "want=404"]);
    assert!(same.record.get("changed_vars").is_none());

    let words = ["--var", "want=200", "--var", "api_token=hunter2xyz"];
    let run = Scratch::with(&file).recorded(&words);
    assert_eq!(run.outcome("a"), "PASS");
    assert!(
        run.check("a")["expected"].to_string().contains("200"),
        "{}",
        run.check("a")
    );
    assert_eq!(run.record["gates"], serde_json::json!([]));
    let changed = serde_json::json!([
        {"name": "want", "value": "200"},
        {"name": "api_token", "value": "[REDACTED]"},
    ]);
    assert_eq!(run.record["changed_vars"], changed);
    let notes = run.record["notes"].to_string();
    assert!(
        notes.contains("--var want=200") && notes.contains("counts for no gate"),
        "{notes}"
    );
    // The table breaks its lines.
    let words: Vec<&str> = run.shown.out.split_whitespace().collect();
    let shown = words.join(" ");
    assert!(shown.contains("not a run of the claimed file"), "{shown}");
}

#[test]
fn environment_folder_input_and_argument_lists() {
    let twins = Twins::default()
        .pair(
            "run: echo \"$GREETING $HOME_OF\"\nenv: { GREETING: 'a  b', HOME_OF: $x }",
            "{ stdout: 'a  b $x' }",
            "{ stdout: 'a b $x' }",
            "stdout",
        )
        .pair(
            "run: basename \"$PWD\"\ncwd: sub dir",
            "sub dir",
            "sub",
            "stdout",
        )
        .pair(
            "run: cat\nstdin: |\n  one\n  'two' $(three)",
            "{ stdout: { lines: 2, contains: \"'two' $(three)\" } }",
            "{ stdout: { lines: 1 } }",
            "lines",
        )
        .pair(
            "run: [printf, '%s|', a b, $HOME, '*', '']",
            "{ stdout: 'a b|$HOME|*||' }",
            "{ stdout: 'a|b|' }",
            "stdout",
        );
    let scratch = Scratch::with(twins.claim());
    std::fs::create_dir(scratch.path().join("sub dir")).unwrap();
    twins.hold_in(&scratch);
    let run = run("", &[("a", "run: echo x\ncwd: not-there\nexpect: x")]);
    assert_eq!(run.outcome("a"), "ERROR");
    assert!(run.why("a").contains("not-there"), "{}", run.why("a"));
}

const HOSTILE: &[&str] = &[
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned;",
    "' touch pwned '",
    "\" touch pwned \"",
    "a'b\"c",
    "one\ntouch pwned\n",
    "  two  spaces  ",
    "*",
    "~",
    "-n",
    "\\n\\t",
    "${other}",
    "$HOME",
    "&& touch pwned #",
    "ä€😀",
];

#[test]
fn hostile_values_are_data_wherever_they_stand() {
    let checks = [
        (
            "bare",
            "run: printf '%s' ${v}; echo .\nexpect: { stdout: { contains: '.' } }\ncapture: { bare: stdout }",
        ),
        (
            "quoted",
            "run: printf '%s' \"${v}\"; echo .\nexpect: { stdout: '${v}.' }",
        ),
        (
            "unquoted",
            "run: printf '%s' ${v}; echo .\nexpect: { stdout: '${v}.' }",
        ),
        (
            "argv",
            "run: [printf, '%s.', '${v}']\nexpect: { stdout: '${v}.' }",
        ),
        (
            "stdin",
            "run: cat; echo .\nstdin: ${v}\nexpect: { stdout: '${v}.' }",
        ),
        (
            "env",
            "run: printf '%s' \"$V\"; echo .\nenv: { V: '${v}' }\nexpect: { stdout: '${v}.' }",
        ),
        (
            "nested",
            "run: printf '%s' \"$(printf '%s' \"${v}\"; echo .)\"\nexpect: { stdout: '${v}.' }",
        ),
        (
            "captured",
            "run: printf '%s' ${bare}\nexpect: { stdout: { equals: '${bare}' } }",
        ),
        (
            "bad",
            "run: printf '%s' ${v}; echo .\nexpect: { stdout: '${v}!' }",
        ),
    ];
    let scratch = Scratch::with(claim("vars: { v: usual }\n", &checks));
    for value in HOSTILE {
        let shown = scratch.verify(&[
            "--var",
            &format!("v={value}"),
            "--format",
            "json",
            "--no-record",
            "--quiet",
        ]);
        let record: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
        for check in record["checks"].as_array().unwrap() {
            let wanted = if check["id"] == "bad" { "FAIL" } else { "PASS" };
            assert_eq!(check["outcome"], wanted, "{value:?}: {check}");
            // What is printed to be copied is just as harmless, and is one line.
            let line = check["reproduce"].as_str().unwrap();
            assert!(!line.contains('\n'), "{line}");
            if check["id"] != "stdin" {
                let out = std::process::Command::new("sh")
                    .args(["-c", line])
                    .current_dir(scratch.path())
                    .output()
                    .unwrap();
                let seen = check["observation"]["command"]["stdout"]["text"]
                    .as_str()
                    .unwrap();
                assert_eq!(
                    String::from_utf8_lossy(&out.stdout),
                    seen,
                    "{value:?}: {line}"
                );
            }
        }
        assert!(!scratch.has("pwned"), "{value:?}");
    }
}

#[test]
fn variables_of_the_file_and_of_the_command_line() {
    let scratch = Scratch::with(claim(
        "vars: { unit: deploy, n: 007 }\n",
        &[("a", "run: echo ${unit} ${n}\nexpect: deploy 007")],
    ));
    assert_eq!(scratch.verify(&[]).code, Some(0));
    let shown = scratch.verify(&["--var", "unit=other"]);
    assert_eq!(shown.code, Some(1), "{}", shown.out);
    assert!(shown.out.contains("other 007"), "{}", shown.out);
}

#[test]
fn captures_give_values_to_later_checks_and_bring_their_producers_along() {
    let checks = [
        (
            "use",
            "run: echo \"${whole}-${level}-${digits}-${err}\"\nexpect: '{\"level\": 5, \"id\": \"ab12cd\"}-5-12-oops'",
        ),
        (
            "make",
            "run: |\n  echo '{\"level\": 5, \"id\": \"ab12cd\"}'\n  echo oops >&2\nexpect: { json: { $.level: 5 } }\ncapture:\n  whole: stdout\n  level: { json: $.level }\n  digits: { matches: '([0-9]+)cd' }\n  err: stderr",
        ),
        (
            "same",
            "run: echo 5\nexpect: { stdout: { equals: '${level}' } }",
        ),
        (
            "other",
            "run: echo 6\nexpect: { stdout: { equals: '${level}' } }",
        ),
    ];
    let scratch = Scratch::with(claim("", &checks));
    let run = scratch.recorded(&[]);
    assert_eq!(
        run.outcomes(),
        ["PASS", "PASS", "PASS", "FAIL"],
        "{}",
        run.shown.out
    );
    let shown = scratch.verify(&["--check", "use", "--format", "json", "--no-record"]);
    let record: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(record["checks"].as_array().unwrap().len(), 2);
    assert_eq!(record["selection"], "--check use");
}

#[test]
fn a_capture_that_finds_nothing_fails_its_check_and_skips_the_users() {
    let run = run(
        "",
        &[
            (
                "make",
                "run: echo none\nexpect: none\ncapture: { n: { matches: '([0-9]+)' } }",
            ),
            (
                "use",
                "run: echo ${n}\nexpect: { stdout: { empty: false } }",
            ),
        ],
    );
    assert_eq!(run.outcomes(), ["FAIL", "SKIPPED"], "{}", run.shown.out);
    assert!(run.why("make").contains("capture n"), "{}", run.why("make"));
}

#[test]
fn for_expands_to_every_combination() {
    let checks = [(
        "p",
        "for: { unit: [a, b], n: ['1', '2'] }\nrun: echo ${unit}${n}\nexpect: { stdout: { not: b2 } }",
    )];
    let scratch = Scratch::with(claim("", &checks));
    let run = scratch.recorded(&[]);
    assert_eq!(run.outcomes(), ["PASS", "PASS", "PASS", "FAIL"]);
    assert_eq!(run.outcome("p[b,2]"), "FAIL");
    let shown = scratch.verify(&["--check", "p[a,1]"]);
    assert_eq!(shown.code, Some(0), "{}", shown.out);
    assert!(shown.out.contains("1 check: 1 PASS"), "{}", shown.out);
}

#[test]
fn selections_by_gate_check_and_tag() {
    let claim = "phase: t\non: local\ngates:\n  M1:\n    checks:\n      - { id: a, claim: c, run: echo a, expect: a, tags: [fast, net] }\n      - { id: b, claim: c, run: echo b, expect: x, needs: a }\n  M2:\n    checks:\n      - { id: a, claim: c, run: echo a2, expect: a2, tags: slow }\n";
    let scratch = Scratch::with(claim);
    let ran = |words: &[&str]| {
        let shown = scratch.verify(&[words, &["--format", "json", "--no-record"]].concat());
        let record: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
        let names: Vec<String> = record["checks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| {
                format!(
                    "{}/{}",
                    c["gate"].as_str().unwrap(),
                    c["id"].as_str().unwrap()
                )
            })
            .collect();
        (shown.code.unwrap(), names.join(" "))
    };
    assert_eq!(ran(&[]), (1, "M1/a M1/b M2/a".to_owned()));
    assert_eq!(ran(&["--gate", "M2"]), (0, "M2/a".to_owned()));
    assert_eq!(ran(&["--check", "b"]), (1, "M1/a M1/b".to_owned()));
    assert_eq!(ran(&["--tag", "fast"]), (0, "M1/a".to_owned()));
    assert_eq!(
        ran(&["--tag", "slow", "--tag", "net"]),
        (0, "M1/a M2/a".to_owned())
    );
    assert_eq!(
        ran(&["--gate", "M1", "--check", "a"]),
        (0, "M1/a".to_owned())
    );
}

#[test]
fn a_declared_skip_says_its_reason() {
    let run = run(
        "",
        &[
            (
                "a",
                "run: echo x >ran\nexpect: ''\nskip: the host is being moved",
            ),
            (
                "b",
                "run: ls\nexpect: { stdout: { not: { contains: ran } } }",
            ),
        ],
    );
    assert_eq!(run.outcomes(), ["SKIPPED", "PASS"], "{}", run.shown.out);
    assert_eq!(run.shown.code, Some(0));
    assert!(
        run.shown.out.contains("the host is being moved"),
        "{}",
        run.shown.out
    );
}

#[test]
fn a_skip_ends_with_its_last_day() {
    let run = run(
        "",
        &[
            (
                "still",
                "run: echo x\nexpect: x\nskip: { reason: the host moves, until: 9999-12-31 }",
            ),
            (
                "over",
                "run: echo x\nexpect: x\nskip: { reason: the host moves, until: 2020-01-31 }",
            ),
            ("after", "needs: over\nrun: echo x\nexpect: x"),
        ],
    );
    assert_eq!(
        run.outcomes()[..2],
        ["SKIPPED", "ERROR"],
        "{}",
        run.shown.out
    );
    assert_ne!(run.outcome("after"), "PASS");
    assert!(run.why("still").contains("the host moves"));
    assert!(
        run.why("over").contains("ended on 2020-01-31"),
        "{}",
        run.why("over")
    );
    for skip in [
        "{ reason: x }",
        "{ until: 2027-01-31 }",
        "{ reason: x, until: soon }",
        "{}",
    ] {
        let text = format!(
            "phase: p\non: local\ngates: {{ M1: {{ checks: [ {{ id: a, claim: c, run: echo, expect: '', skip: {skip} }} ] }} }}\n"
        );
        let shown = Scratch::with(text).run(&["check", "claim.yaml"]);
        assert_eq!(shown.code, Some(2), "{skip}: {shown:?}");
    }
}

#[test]
fn what_a_check_requires_makes_not_now_of_it_and_not_a_fail() {
    let run = run(
        "",
        &[
            ("now", "requires: test -d .\nrun: echo x\nexpect: x"),
            ("false", "requires: test -d .\nrun: echo x\nexpect: y"),
            (
                "later",
                "requires: { run: ls missing, expect: missing }\nrun: echo x >asked\nexpect: y",
            ),
            (
                "asked",
                "requires: { http: 'http://127.0.0.1:1/', expect: 200 }\nrun: echo x\nexpect: x",
            ),
        ],
    );
    let outcomes = ["PASS", "FAIL", "ERROR", "ERROR"];
    assert_eq!(run.outcomes(), outcomes, "{}", run.shown.out);
    assert!(run.why("later").contains("not now"), "{}", run.why("later"));
    let text = "phase: p\non: local\ngates: { M1: { checks: [ { id: a, claim: c, run: echo x, expect: x, requires: systemctl stop x } ] } }\n";
    let shown = Scratch::with(text).run(&["check", "claim.yaml"]);
    assert!(shown.err.contains("GP2504"), "{shown:?}");
}

/// `--since` of a log wants to know when the run or the disturbance began.
#[test]
fn the_begin_of_the_run_and_of_a_disturbance_are_values() {
    let file = claim(
        "fixtures:\n  away-now: { on: local, baseline: test ! -e away, do: touch away, undo: rm away }\n",
        &[
            (
                "run",
                "run: echo ${run.began}\nexpect: { stdout: { time: { newer_than: 2m } } }",
            ),
            (
                "after",
                "with: away-now\nrun: echo \"${away-now.began_unix} @${run.began_unix} ${away-now.began}\"\nexpect: { stdout: { matches: '^\\d{10} @\\d{10} \\d{4}-\\d\\d-\\d\\dT[\\d:]+Z$' } }",
            ),
            (
                "ordered",
                "with: away-now\nrun: date -u +%Y-%m-%dT%H:%M:%SZ\nexpect: { stdout: { time: { not_before: '${away-now.began}' } } }",
            ),
        ],
    );
    let run = Scratch::with(&file).recorded(&[]);
    for id in ["run", "after", "ordered"] {
        assert_eq!(run.outcome(id), "PASS", "{}", run.check(id));
    }
    // Without the fixture there is no such value.
    let file = file.replace("with: away-now\n        run: date", "run: date");
    let shown = Scratch::with(&file).verify(&[]);
    assert_eq!(shown.code, Some(2), "{shown:?}");
    assert!(shown.err.contains("GP2303"), "{}", shown.err);
}

#[test]
fn a_check_is_asked_for_each_value_that_a_command_lists() {
    let each = |list: &str, rest: &str| format!("for: {{ unit: {list} }}\n{rest}");
    let file = claim(
        "",
        &[
            (
                "all",
                &each(
                    "{ run: 'printf \"web\\n\\n  db x\\n\"', at_least: 2 }",
                    "run: echo ${unit} is up\nexpect: ${unit} is up",
                ),
            ),
            (
                "one",
                &each(
                    "{ run: seq 3 }",
                    "run: echo ${unit}\nexpect: { stdout: { number: { max: 2 } } }",
                ),
            ),
            (
                "few",
                &each("{ run: echo web, at_least: 2 }", "run: echo up\nexpect: up"),
            ),
            ("none", &each("{ run: 'true' }", "run: echo up\nexpect: up")),
            (
                "broken",
                &each("{ run: echo web; exit 3 }", "run: echo up\nexpect: up"),
            ),
            (
                "rows",
                "for: { host: [a, b], unit: { run: seq 2 } }\nrun: echo ${host}${unit}\nexpect: { stdout: { starts_with: '${host}' } }",
            ),
        ],
    );
    let run = Scratch::with(&file).recorded(&[]);
    assert_eq!(run.outcome("all"), "PASS", "{}", run.check("all"));
    let seen = run.check("all")["observed"].to_string();
    assert!(
        seen.contains("db x is up") && seen.contains("held for 2 of 2 values"),
        "{seen}"
    );
    assert_eq!(run.outcome("one"), "FAIL", "{}", run.check("one"));
    assert!(
        run.why("one").contains("with `unit` = `3`"),
        "{}",
        run.why("one")
    );
    for id in ["few", "none"] {
        assert_eq!(run.outcome(id), "FAIL", "{}", run.check(id));
        assert!(run.why(id).contains("at least "), "{}", run.why(id));
    }
    assert_eq!(run.outcome("broken"), "ERROR", "{}", run.check("broken"));
    assert!(
        run.why("broken").contains("are not known"),
        "{}",
        run.why("broken")
    );
    for id in ["rows[a]", "rows[b]"] {
        assert_eq!(run.outcome(id), "PASS", "{}", run.check(id));
    }
}
