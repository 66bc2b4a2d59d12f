//! What is noticed of a change, and what is not.

use std::sync::Arc;

use super::*;
use crate::matchers::{Judgement, judge, succeeded};
use kit::text::Scope;
use kit::yaml::source::Source;

fn expectation(expect: &str) -> crate::expectation::Expect {
    let text = format!(
        "phase: p\non: local\ngates: {{ M1: {{ checks: [ {{ id: a, claim: c, run: x, expect: {expect} }} ] }} }}\n"
    );
    let source = Source {
        path: "c.yaml".into(),
        text,
    };
    match crate::read::parse(Arc::new(source), &Scope::new()) {
        Ok(file) => file.gates[0].checks[0].expect.clone(),
        Err(invalid) => panic!("{}", invalid.render(false)),
    }
}

fn of(expect: &str, printed: &str) -> Mutated {
    let expect = expectation(expect);
    let holds = |seen: &reach::observation::Observation| {
        judge(&expect, seen, &Scope::new()) == Judgement::Holds
    };
    let seen = succeeded(printed);
    assert!(holds(&seen), "{expect:?} of {printed:?}");
    mutated(&expect, &seen, false, &holds)
}

#[test]
fn what_does_not_tell_the_true_from_the_false_is_toothless() {
    let table = "NAME    READY   STATUS\nweb-1   1/1     Running\n";
    for (expect, printed, why) in [
        ("{ stdout: { contains: READY } }", table, "headings"),
        (
            "{ stdout: { contains: Status } }",
            "Node  Address  Status\nweb1  10.0.0.1  alive\n",
            "headings",
        ),
        ("{ stdout: { matches: '(?i)status' } }", table, "headings"),
        (
            "{ stdout: { contains: healthy } }",
            "healthy\n",
            "unhealthy",
        ),
        (
            "{ stdout: { contains: active } }",
            "ActiveState=active\n",
            "inactive",
        ),
        ("{ stdout: { matches: 'up|down' } }", "eth0 is up\n", "down"),
        ("{ stdout: { contains: 0 errors } }", "0 errors\n", "`10`"),
        ("{ stdout: { number: { min: 0 } } }", "3\n", "every number"),
        ("{ stdout: { matches: '^\\d+$' } }", "3\n", "every number"),
        (
            "{ stdout: { contains: IO_Running } }",
            "IO_Running: Yes\n",
            "no value",
        ),
        (
            "{ stdout: { number: { of: '(\\d+)%', max: 100 } } }",
            "used 40%\n",
            "every percentage",
        ),
        (
            "{ stdout: { matches: '\\d' } }",
            "cache_hit 900\n",
            "whatever number",
        ),
        (
            "{ stdout: { empty: false } }",
            "all is well\n",
            "every text",
        ),
        (
            "{ stdout: { matches: '\\S' } }",
            "all is well\n",
            "every text",
        ),
    ] {
        let found = of(expect, printed).toothless;
        assert!(
            found.as_ref().is_some_and(|found| found.contains(why)),
            "{expect} of {printed:?}: {found:?}"
        );
    }
}

#[test]
fn what_tells_them_apart_has_teeth() {
    let table = "NAME    READY   STATUS\nweb-1   1/1     Running\n";
    for (expect, printed) in [
        ("{ stdout: { contains: Running } }", table),
        ("{ stdout: { lines: 2 } }", table),
        ("{ stdout: { matches: '\\bhealthy\\b' } }", "healthy\n"),
        ("healthy", "healthy\n"),
        (
            "{ stdout: { contains: 'ActiveState=active' } }",
            "ActiveState=active\n",
        ),
        ("{ stdout: { number: { max: 80 } } }", "41\n"),
        ("{ stdout: { number: { min: 1 } } }", "41\n"),
        ("{ stdout: { empty: false } }", "f00dcafe\n"),
        ("{ stdout: { lines: { min: 1 } } }", "web running\n"),
        ("{ stdout: { empty: true } }", ""),
        ("{ exit: 0 }", "all is well\n"),
        ("{ json: { $.status: ok } }", "{\"status\": \"ok\"}"),
        (
            "{ json: { $.items: { count: { min: 1 } } } }",
            "{\"items\": [1]}",
        ),
        ("\"0\"", "0\n"),
        (
            "{ stdout: { matches: 'IO_Running: Yes' } }",
            "IO_Running: Yes\n",
        ),
        ("{ stdout: { contains: wlan0 } }", "wlan0: flags=UP\n"),
        (
            "{ stdout: { number: { of: '(\\d+)%', max: 90 } } }",
            "used 40%\n",
        ),
        (
            "{ stdout: { number: { of: '(\\d+)%', min: 10, max: 100 } } }",
            "used 40%\n",
        ),
        (
            "{ stdout: { contains: all is well } }",
            "all is well, 40%\n",
        ),
        ("{ stdout: { matches: '^\\d{3}$' } }", "200\n"),
        ("{ stdout: { matches: '^hits \\d+$' } }", "hits 900\n"),
        (
            "{ stdout: { contains: '0 3 * * *' } }",
            "0 3 * * * backup.sh\n",
        ),
        ("{ stdout: { contains: web } }", "web 0 errors\n"),
    ] {
        assert_eq!(
            of(expect, printed).toothless,
            None,
            "{expect} of {printed:?}"
        );
    }
}

#[test]
fn a_literal_of_json_that_is_not_looked_at_is_no_fault_of_the_check() {
    let printed =
        "{\"path\": \"/api\", \"stateful\": false, \"empty\": null, \"on\": true, \"n\": 0}\n";
    let looks_elsewhere = of(
        "{ json: { $.path: /api, $.domain: { absent: true } } }",
        printed,
    );
    assert_eq!(looks_elsewhere.toothless, None, "{looks_elsewhere:?}");
    assert!(looks_elsewhere.shows, "{looks_elsewhere:?}");
    // Looked at, and not told from its opposite.
    let blind = of(
        "{ json: { $.stateful: { matches: 'true|false' } } }",
        printed,
    );
    let why = blind.toothless.unwrap_or_default();
    assert!(why.contains("`true` in place of `false`"), "{why}");
}

#[test]
fn a_number_that_could_be_part_of_a_longer_one_is_a_hint() {
    let found = of("{ stdout: { contains: 1/1 } }", "web 1/1\n");
    assert_eq!(found.toothless, None);
    assert!(found.hint.unwrap().contains("`11` in place of `1`"));
    assert_eq!(
        of("{ stdout: { matches: '\\b1/1\\b' } }", "web 1/1\n").hint,
        None
    );
}

#[test]
fn an_exit_code_alone_shows_nothing_and_survivors_are_told() {
    let found = of("{ exit: 0 }", "all is well\n");
    assert!(!found.shows && found.noticed == 2, "{found:?}");
    let found = of("{ stdout: { contains: well } }", "all is well\n");
    assert!(found.shows && found.noticed < found.all, "{found:?}");
    assert_eq!(found.unnoticed.len(), 3);
}

#[test]
fn no_tool_fails_with_the_code_that_is_waited_for() {
    let codes = |expect: &str| -> Vec<u8> {
        let worlds = failing_worlds(&expectation(expect), 1);
        worlds.into_iter().map(|world| world.code).collect()
    };
    assert_eq!(codes("{ exit: 0 }"), [1, 1, 127]);
    assert_eq!(codes("{ exit: 1 }"), [2, 2, 127]);
    assert_eq!(codes("{ exit: [1, 2] }"), [3, 3, 127]);
    assert_eq!(codes("{ exit: 127 }"), [1, 1, 126]);
}

#[test]
fn what_looks_at_a_body_does_not_pass_where_it_cannot_be_read() {
    let toothless = |expect: &str| {
        let text = format!(
            "phase: p\non: local\ngates: {{ M1: {{ checks: [ {{ id: a, claim: c, http: 'http://127.0.0.1:1/', expect: {expect} }} ] }} }}\n"
        );
        let path = "c.yaml".into();
        let file = crate::read::parse(Arc::new(Source { path, text }), &Scope::new());
        let file = file.unwrap_or_else(|invalid| panic!("{}", invalid.render(false)));
        unwitnessed(&file.gates[0].checks[0], &Scope::new())
    };
    let either = "{ any: [ { status: 200, header: { content-encoding: x-unknown } }, { status: 200, body: { contains: ok } } ] }";
    let why = toothless(either).unwrap_or_default();
    assert!(why.contains("`Content-Encoding`"), "{why}");
    for sound in ["{ status: 200, body: { contains: ok } }", "200"] {
        assert_eq!(toothless(sound), None, "{sound}");
    }
}

/// Why a check of this command, which passed, is without a witness.
fn of_command(run: &str, expect: &str) -> Option<String> {
    let run = serde_json::to_string(run).unwrap();
    let text = format!(
        "phase: p\non: local\ngates: {{ M1: {{ checks: [ {{ id: a, claim: c, run: {run}, effect: observe, expect: {expect} }} ] }} }}\n"
    );
    let path = "c.yaml".into();
    let file = crate::read::parse(Arc::new(Source { path, text }), &Scope::new());
    let file = file.unwrap_or_else(|invalid| panic!("{}", invalid.render(false)));
    unwitnessed(&file.gates[0].checks[0], &Scope::new())
}

#[test]
fn an_exit_code_of_curl_tells_of_the_server_only_where_it_is_told_to_fail() {
    let url = "http://localhost:1/x";
    for run in [
        format!("curl {url}"),
        format!("curl -s -o /dev/null {url}"),
        format!("curl -sSo /dev/null --max-time 5 {url}"),
        format!("cd /srv && curl -sI {url}"),
        format!("timeout 5 curl -s {url}"),
    ] {
        let why = of_command(&run, "{ exit: 0 }").unwrap_or_default();
        assert!(why.contains("--fail"), "{run}: {why}");
    }
    for (run, expect) in [
        (format!("curl -sf {url}"), "{ exit: 0 }"),
        (format!("curl -fsSo /dev/null {url}"), "{ exit: 0 }"),
        (format!("curl -s --fail-with-body {url}"), "{ exit: 0 }"),
        (format!("curl -s {url}"), "{ exit: 7 }"),
        (format!("curl -s {url}"), "{ stdout: { contains: shop } }"),
        ("curl -s file:///srv/x".to_owned(), "{ exit: 0 }"),
    ] {
        assert_eq!(of_command(&run, expect), None, "{run}: {expect}");
    }
}

#[test]
fn a_status_that_is_printed_must_tell_a_success_from_an_error_of_the_server() {
    let run = |format: &str| format!("curl -s -o /dev/null -w '{format}' http://localhost:1/x");
    for (format, expect) in [
        ("%{http_code}", "{ stdout: { matches: '\\d{3}' } }"),
        (
            "%{response_code}",
            "{ stdout: { not: \"404\", matches: '.' } }",
        ),
        (
            "code=%{http_code}\\n",
            "{ stdout: { matches: 'code=[2-5]' } }",
        ),
    ] {
        let why = of_command(&run(format), expect).unwrap_or_default();
        assert!(why.contains("state the status"), "{format} {expect}: {why}");
    }
    for (format, expect) in [
        ("%{http_code}", "\"200\""),
        ("%{http_code}", "{ stdout: { matches: '^(200|204)$' } }"),
        ("%{http_code}", "\"503\""),
        ("code=%{http_code}\\n", "{ stdout: { contains: code=200 } }"),
    ] {
        assert_eq!(of_command(&run(format), expect), None, "{format} {expect}");
    }
}

#[test]
fn what_prints_its_own_words_asks_nothing_and_what_the_host_puts_in_does() {
    for run in [
        "echo ok",
        "printf '%s\\n' ok",
        "true; echo ok",
        "sh -c 'exit 0'; echo ok",
    ] {
        let told = of_command(run, "{ stdout: { contains: ok } }");
        let constant = told.is_some_and(|why| why.contains("asks nothing"));
        assert_eq!(constant, !run.contains("sh -c"), "{run}");
    }
    for run in [
        "echo \"$HOME ok\"",
        "echo ok *",
        "for f in *; do echo ok; done",
        "test -e /srv && echo ok",
        "cat <ok",
    ] {
        assert_eq!(
            of_command(run, "{ stdout: { contains: ok } }"),
            None,
            "{run}"
        );
    }
}

#[test]
fn a_run_of_tests_that_may_fail_shows_nothing() {
    for run in [
        "pytest -q",
        "go test ./...",
        "python3 -m pytest",
        "cargo test",
        "cd app && npm test",
    ] {
        let codes = if run.starts_with("cargo") {
            "[0, 101]"
        } else {
            "[0, 1]"
        };
        let told = of_command(
            run,
            &format!("{{ exit: {codes}, stdout: {{ contains: passed }} }}"),
        );
        assert!(told.is_some_and(|why| why.contains("`tests:`")), "{run}");
        assert_eq!(
            of_command(run, "{ exit: 0, stdout: { contains: passed } }"),
            None,
            "{run}"
        );
    }
}
