//! Bad input: one readable error with its place, line, code and the likely right word; all
//! errors of a file at once; exit 2; and nothing was run.

use test_kit::program::Scratch;

/// A claim file around one check, with a canary: if anything were run, a file would appear.
fn around(check: &str) -> String {
    format!(
        "phase: bad\non: local\ngates:\n  M1:\n    checks:\n      - id: canary\n        claim: nothing is run when the file is wrong\n        effect: observe\n        run: touch was-run\n        expect: ''\n{check}"
    )
}

#[track_caller]
fn refused(claim: impl AsRef<[u8]>, code: &str, place: &str, words: &[&str]) {
    crate::schema::refuses_too(claim.as_ref(), code);
    let scratch = Scratch::with(claim);
    let shown = scratch.verify(&[]);
    assert_eq!(shown.code, Some(2), "{shown:?}");
    assert_eq!(shown.out, "", "nothing on standard output");
    assert!(
        shown.err.contains(&format!("error[{code}]")),
        "{}",
        shown.err
    );
    assert!(
        shown.err.contains(&format!("claim.yaml{place}")),
        "{place} in {}",
        shown.err
    );
    for word in words {
        assert!(shown.err.contains(word), "{word:?} in {}", shown.err);
    }
    assert!(
        !scratch.path().join("was-run").exists(),
        "something was run"
    );
    assert!(
        !scratch.path().join("reports").exists(),
        "something was written"
    );
    let explained = scratch.run(&["explain", code]);
    assert_eq!(explained.code, Some(0));
    assert!(explained.out.starts_with(code), "{}", explained.out);
}

/// A check with one more line, and where that line is.
#[track_caller]
fn refused_line(line: &str, code: &str, column: usize, words: &[&str]) {
    let check = format!(
        "      - id: bad\n        claim: c\n        run: echo hello\n        expect: hello\n        {line}\n"
    );
    refused(around(&check), code, &format!(":15:{column}"), words);
}

#[test]
fn the_canary_really_sings_when_the_file_is_right() {
    let scratch = Scratch::with(around(""));
    let shown = scratch.verify(&[]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(scratch.path().join("was-run").exists());
}

#[test]
fn an_unknown_key_is_refused_with_the_word_that_was_meant() {
    refused_line(
        "timeuot: 10s",
        "GP2201",
        9,
        &["did you mean `timeout`?", "timeuot: 10s", "^^^^^^^"],
    );
    refused_line("zzz: 10s", "GP2201", 9, &["known keys: id, claim"]);
}

#[test]
fn a_duplicate_key_is_refused() {
    refused_line(
        "expect: hello",
        "GP2202",
        9,
        &["duplicate key `expect`", "first on line 14"],
    );
}

#[test]
fn a_wrong_type_is_refused() {
    refused_line(
        "cwd: [a]",
        "GP2204",
        14,
        &["`cwd` must be a text, not a list"],
    );
    refused_line("env: x", "GP2204", 14, &["`env` must be a map, not a text"]);
    refused_line("tags:", "GP2204", 13, &["must be a text, not nothing"]);
}

#[test]
fn a_bad_duration_is_refused_with_what_it_may_mean() {
    refused_line(
        "timeout: 10",
        "GP2403",
        18,
        &["write `10s` for seconds or `10ms`"],
    );
    refused_line(
        "within: soon",
        "GP2403",
        17,
        &["`500ms`, `10s` or `1h 30m`"],
    );
    refused_line("within: 99999999999999999999h", "GP2403", 17, &[]);
}

#[test]
fn an_unknown_name_is_refused_with_the_known_ones() {
    refused_line(
        "with: dashbord",
        "GP2302",
        15,
        &["unknown fixture `dashbord`"],
    );
    refused_line("needs: canarry", "GP2304", 16, &["did you mean `canary`?"]);
    refused_line(
        "cwd: /tmp/${foldr}",
        "GP2303",
        14,
        &["unknown variable `foldr`"],
    );
    let check = "      - { id: h, claim: c, on: cc-ci, run: 'true', expect: '' }\n";
    refused(
        around(check),
        "GP2301",
        ":11:32",
        &["unknown host `cc-ci`", "known places: local, clone"],
    );
}

#[test]
fn bad_patterns_and_paths_are_refused_with_their_own_reason() {
    let check = |expect: &str| {
        around(&format!(
            "      - id: bad\n        claim: c\n        run: echo hello\n        expect: {expect}\n"
        ))
    };
    refused(
        check("{ stdout: { matches: '(a' } }"),
        "GP2401",
        ":14:38",
        &["unclosed group"],
    );
    refused(
        check("{ stdout: { matches: '(?=a)' } }"),
        "GP2401",
        ":14:38",
        &["look-around"],
    );
    refused(
        check("{ json: { a.b: 1 } }"),
        "GP2402",
        ":14:27",
        &["`$.health_path`"],
    );
    refused(check("{ json: { '$.a[': 1 } }"), "GP2402", ":14:27", &[]);
    refused(
        check("{ exit: 300 }"),
        "GP2404",
        ":14:25",
        &["from 0 to 255, not `300`"],
    );
    refused(
        check("{ exti: 0 }"),
        "GP2201",
        ":14:19",
        &["did you mean `exit`?"],
    );
    refused(check("[a, b]"), "GP2204", ":14:17", &["set:"]);
}

#[test]
fn bounds_times_and_secrets_that_say_nothing_are_refused_with_what_to_write() {
    let check = |expect: &str| {
        around(&format!(
            "      - id: bad\n        claim: c\n        run: echo hello\n        expect: {{ stdout: {expect} }}\n"
        ))
    };
    // Each with the text that the error points at.
    for (expect, code, at, words) in [
        (
            "{ number: { near: 5 } }",
            "GP2203",
            "{ near",
            "needs `give:`",
        ),
        (
            "{ lines: { give: 5% } }",
            "GP2203",
            "{ give",
            "needs `near:`",
        ),
        (
            "{ lines: { near: 5, give: -1 } }",
            "GP2404",
            "-1",
            "`5%` of that number",
        ),
        ("{ lines: { max: many } }", "GP2404", "many", "not `many`"),
        (
            "{ lines: { max: \"${befroe}\" } }",
            "GP2303",
            "\"$",
            "unknown variable `befroe`",
        ),
        (
            "{ time: { after: 05:38Z } }",
            "GP2409",
            "05:",
            "2026-05-30T05:38Z",
        ),
        (
            "{ time: { after: 2026-05-30T05:38 } }",
            "GP2409",
            "2026",
            "no zone",
        ),
        (
            "{ time: { before: 1780119672 } }",
            "GP2409",
            "178",
            "unix: s",
        ),
        (
            "{ time: { unix: s } }",
            "GP2206",
            "{ unix",
            "one of: equals, after",
        ),
        (
            "{ time: { unix: h, after: '@1' } }",
            "GP2405",
            "h,",
            "one of: s, ms",
        ),
        (
            "{ time: { newer: 1h } }",
            "GP2201",
            "newer",
            "known keys: equals, after",
        ),
        (
            "{ time: { newer_than: 10 } }",
            "GP2403",
            "10 }",
            "`10s` for seconds",
        ),
        (
            "{ secrets: present }",
            "GP2405",
            "present",
            "one of: absent",
        ),
        ("{ secrets: {} }", "GP2203", "{}", "{ absent: [NAME] }"),
        (
            "{ secrets: { absent: [a-b] } }",
            "GP2408",
            "a-b",
            "letters, digits and `_`",
        ),
        (
            "{ not: { time: { after: 2026-05-30T05:38Z, before: 2026-05-30T07:38+02:00 } } }",
            "GP2501",
            "",
            "cannot fail",
        ),
    ] {
        let column = match at {
            "" => "        expect: ".len(),
            at => "        expect: { stdout: ".len() + expect.find(at).unwrap(),
        };
        refused(
            check(expect),
            code,
            &format!(":14:{}", column + 1),
            &[words],
        );
    }
    let never_known = around(
        "      - id: first\n        claim: c\n        run: echo 3\n        expect: '3'\n        capture: { n: stdout }\n      - { id: bad, claim: c, run: 'seq 3', expect: { stdout: { lines: 'about ${n}' } } }\n",
    );
    refused(never_known, "GP2404", ":16:71", &["whatever is captured"]);
}

#[test]
fn a_sentinel_is_no_status_and_zero_is_neither() {
    let check = |expect: &str| {
        around(&format!(
            "      - {{ id: bad, claim: c, http: 'http://127.0.0.1:1/', expect: {expect} }}\n"
        ))
    };
    refused(
        check("0"),
        "GP2407",
        ":11:67",
        &["no answer is `999` or `000`"],
    );
    refused(check("99"), "GP2407", ":11:67", &[]);
    refused(check("[200, 20x]"), "GP2407", ":11:73", &[]);
    let url = "      - { id: bad, claim: c, http: 'ftp://x/', expect: 200 }\n";
    refused(
        around(url),
        "GP2406",
        ":11:36",
        &["https://ci.example.org/"],
    );
}

#[test]
fn a_cycle_is_named() {
    let checks = "      - { id: a, claim: c, run: echo x, expect: x, needs: b }\n      - { id: b, claim: c, run: echo x, expect: x, needs: a }\n";
    refused(around(checks), "GP2305", ":11:9", &["a → b → a"]);
    let fixtures = "phase: bad\non: local\nfixtures:\n  a: { with: b, baseline: { run: 'true' } }\n  b: { with: a, baseline: { run: 'true' } }\ngates:\n  M1: { checks: [ { id: x, claim: c, with: a, run: echo x, expect: x } ] }\n";
    refused(fixtures, "GP2305", ":4:3", &["a → b → a"]);
}

#[test]
fn nothing_to_check_is_no_success() {
    refused(
        "phase: p\ngates:\n  M1: { checks: [] }\n",
        "GP2206",
        ":3:17",
        &[],
    );
    refused(
        "phase: p\ngates:\n  M1: { title: t }\n",
        "GP2206",
        ":3:3",
        &["has no checks"],
    );
    refused("phase: p\ngates: {}\n", "GP2206", ":2:8", &[]);
    refused("phase: p\n", "GP2206", ":1:1", &["add `gates:`"]);
    refused("", "GP2104", "", &["the file is empty"]);
    let scratch = Scratch::with(around(""));
    for (words, code) in [
        (["--gate", "M2"], "GP2602"),
        (["--check", "cannary"], "GP2602"),
        (["--tag", "slow"], "GP2602"),
    ] {
        let shown = scratch.verify(&words);
        assert_eq!(shown.code, Some(2), "{shown:?}");
        assert!(shown.err.contains(code), "{}", shown.err);
    }
    assert!(!scratch.path().join("was-run").exists());
}

#[test]
fn an_expectation_that_cannot_fail_is_refused() {
    let any = "{ any: [ { exit: 0 }, { exit: { not: 0 } } ] }";
    let check = format!("      - {{ id: bad, claim: c, run: echo x, expect: {any} }}\n");
    refused(around(&check), "GP2501", ":11:51", &["cannot fail"]);
    let open =
        "      - { id: bad, claim: c, run: echo x, expect: { stdout: { snapshot: '...' } } }\n";
    refused(around(open), "GP2501", ":11:73", &["demands nothing"]);
    let silent = "      - { id: bad, claim: c, run: ls x, expect: { exit: { not: 0 }, stdout: { empty: true } } }\n";
    refused(
        around(silent),
        "GP2505",
        ":11:49",
        &["when nothing answers"],
    );
}

#[test]
fn cookies_are_kept_only_where_a_redirect_is_followed() {
    let of = |rest: &str| {
        let check = format!(
            "      - {{ id: bad, claim: c, http: 'http://a.test/', expect: 200, {rest} }}\n"
        );
        around(&check)
    };
    refused(of("cookies: keep"), "GP2205", ":11:76", &["follow: 5"]);
    refused(
        of("follow: 1, cookies: jar"),
        "GP2405",
        ":11:87",
        &["one of: drop, keep"],
    );
}

#[test]
fn a_command_that_hides_its_failure_is_refused() {
    let check = "      - { id: bad, claim: c, run: 'ls /x || true', expect: '' }\n";
    refused(
        around(check),
        "GP2506",
        ":11:35",
        &["`|| true` hides whether `ls /x` fails"],
    );
    let check = "      - { id: bad, claim: c, run: 'ls /x 2>/dev/null', expect: { stdout: { empty: true } } }\n";
    refused(
        around(check),
        "GP2506",
        ":11:35",
        &["looks like an empty answer"],
    );
}

#[test]
fn secrets_are_named_and_never_given_and_no_host_needs_one_to_undo() {
    let head = |line: &str| {
        format!(
            "phase: bad\n{line}\non: local\ngates:\n  M1: {{ checks: [ {{ id: x, claim: c, run: echo x, expect: x }} ] }}\n"
        )
    };
    refused(
        head("secrets: ['hunter2 x']"),
        "GP2405",
        ":2:11",
        &["never values"],
    );
    let http = |headers: &str| {
        around(&format!(
            "      - id: bad\n        claim: c\n        http: http://a.example/\n        headers: {headers}\n        expect: 200\n"
        ))
    };
    refused(
        http("{ A: { env: 'a b' } }"),
        "GP2405",
        ":14:",
        &["not its value"],
    );
    refused(http("{ A: { prefix: x } }"), "GP2203", ":14:", &["`env:`"]);
    let undo = "phase: bad\non: local\nfixtures:\n  down: { do: touch x, undo: { http: 'http://a.example/', headers: { A: { env: T } }, expect: 200 }, baseline: { run: test ! -e x } }\ngates:\n  M1: { checks: [ { id: x, claim: c, with: down, run: echo x, expect: x } ] }\n";
    refused(undo, "GP2405", ":4:", &["undoes by itself"]);
}

#[test]
fn a_disturbance_needs_a_fixture_and_an_undoing_that_is_looked_at() {
    let check = "      - { id: bad, claim: c, run: docker service scale x=0, expect: '' }\n";
    refused(
        around(check),
        "GP2504",
        ":11:35",
        &["nothing undoes it", "fixture"],
    );
    let fixture = |body: &str| {
        format!(
            "phase: bad\non: local\nfixtures:\n  down: {body}\ngates:\n  M1: {{ checks: [ {{ id: x, claim: c, with: down, run: echo x, expect: x }} ] }}\n"
        )
    };
    refused(
        fixture("{ do: touch x, baseline: { run: test ! -e x } }"),
        "GP2502",
        ":4:3",
        &[],
    );
    refused(
        fixture("{ do: touch x, undo: rm x }"),
        "GP2503",
        ":4:3",
        &["baseline"],
    );
}

#[test]
fn hostile_files_are_refused_quickly_and_without_harm() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..50 {
        let list = vec![format!("*a{}", n - 1); 9].join(", ");
        bomb.push_str(&format!("a{n}: &a{n} [{list}]\n"));
    }
    let started = std::time::Instant::now();
    refused(
        &bomb,
        "GP2103",
        ":1:9",
        &["anchors and aliases are not allowed"],
    );
    refused(
        vec![b'a'; 50 * 1024 * 1024],
        "GP2002",
        "",
        &["52428800 bytes"],
    );
    refused(
        b"phase: p\ntitle: caf\xe9\n",
        "GP2003",
        ":2:11",
        &["not valid UTF-8", "iconv"],
    );
    refused(
        "phase: p\ngates:\n\tM1: x\n",
        "GP2102",
        ":3:1",
        &["indent with spaces"],
    );
    refused(
        "phase: p\n---\nphase: q\n",
        "GP2104",
        ":2:1",
        &["second document"],
    );
    refused(
        format!("phase: {}{}", "[".repeat(60), "]".repeat(60)),
        "GP2105",
        "",
        &[],
    );
    refused("phase: !!str p\n", "GP2103", ":1:", &[]);
    refused("phase: p\ngates: [1, 2\n", "GP2101", "", &[]);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn a_file_that_is_not_there_or_a_folder_or_a_device_is_refused() {
    let scratch = Scratch::with("");
    for name in ["missing.yaml", ".", "/dev/zero"] {
        let shown = scratch.run(&["verify", name]);
        assert_eq!(shown.code, Some(2), "{name}: {shown:?}");
        assert!(shown.err.contains("error[GP200"), "{name}: {}", shown.err);
    }
}

#[test]
fn all_errors_of_a_file_come_at_once() {
    let claim = "phase: bad phase\nfresh_for: 24\nhosts:\n  h: { shs: x }\ngates:\n  M1:\n    checks:\n      - id: a\n        claim: c\n        on: locl\n        run: echo x\n        expect: { stdout: { matches: '(' }, exit: x }\n        needs: b\n";
    let scratch = Scratch::with(claim);
    let shown = scratch.verify(&[]);
    assert_eq!(shown.code, Some(2));
    for code in [
        "GP2408", "GP2403", "GP2201", "GP2301", "GP2401", "GP2404", "GP2304",
    ] {
        assert!(shown.err.contains(code), "{code} in {}", shown.err);
    }
    assert!(
        shown.err.contains("7 errors; nothing was run"),
        "{}",
        shown.err
    );
}

#[test]
fn values_on_the_command_line_must_be_meant() {
    let scratch =
        Scratch::with(around("").replace("phase: bad\n", "phase: bad\nvars: { unit: a }\n"));
    let shown = scratch.verify(&["--var", "unti=b"]);
    assert_eq!(shown.code, Some(2));
    assert!(shown.err.contains("GP2307") && shown.err.contains("did you mean `unit`?"));
    assert_eq!(scratch.verify(&["--var", "unit"]).code, Some(2));
    assert_eq!(scratch.verify(&["--bogus"]).code, Some(2));
    assert_eq!(scratch.run(&["explain", "GP9999"]).code, Some(2));
}

#[test]
fn documents_outside_of_the_repository_are_refused_at_their_place() {
    for (docs, words) in [
        ("/tmp/docs", "is absolute"),
        ("..", "goes up"),
        ("reports/../../x", "goes up"),
        (".git", "belongs to git"),
        ("docs/.git/hooks", "belongs to git"),
    ] {
        let claim = around("").replacen("on: local", &format!("docs: {docs}\non: local"), 1);
        refused(claim, "GP2308", ":2:7", &[words, docs]);
    }
}

#[test]
fn a_named_pipe_is_refused_and_not_waited_for() {
    let scratch = Scratch::with(around(""));
    let pipe = scratch.path().join("pipe.yaml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for words in [&["check", "pipe.yaml"][..], &["verify", "pipe.yaml"]] {
        let shown = scratch.run(words);
        assert_eq!(shown.code, Some(2), "{shown:?}");
        assert!(shown.err.contains("named pipe"), "{shown:?}");
    }
}

#[test]
fn a_named_pipe_that_a_claim_names_is_an_error_and_not_waited_for() {
    let scratch = Scratch::with(around(
        "      - { id: ca, claim: c, http: 'https://127.0.0.1:1/', tls: { ca: pipe }, expect: 200 }
      - { id: seen, claim: c, human: look at it, artefact: pipe }\n",
    ));
    let made = std::process::Command::new("mkfifo")
        .arg(scratch.path().join("pipe"))
        .status();
    assert!(made.unwrap().success());
    let run = scratch.recorded(&[]);
    assert_eq!(run.outcome("ca"), "ERROR", "{}", run.check("ca"));
    assert!(
        run.check("ca").to_string().contains("named pipe"),
        "{}",
        run.check("ca")
    );
    assert_eq!(run.outcome("seen"), "ERROR", "{}", run.check("seen"));
}
