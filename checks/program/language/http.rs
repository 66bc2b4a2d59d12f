//! HTTP probes against real servers on loopback.

use super::kit::{Twins, run};
use super::server::Server;

/// Pairs about one server: what `http:` names is a path on it.
fn twins(server: &Server, pairs: &[(&str, &str, &str, &str)]) -> test_kit::runs::Run {
    let mut twins = Twins::default();
    for (asked, good, bad, about) in pairs {
        let asked = asked.replacen('/', &server.url("/"), 1);
        twins = twins.pair(&format!("http: {asked}"), good, bad, about);
    }
    twins.hold()
}

#[test]
fn statuses_headers_bodies_and_durations() {
    let server = Server::start();
    twins(
        &server,
        &[
            ("/", "200", "404", "status"),
            ("/login", "[200, 303]", "[200, 301]", "status"),
            ("/503", "5xx", "2xx", "status"),
            (
                "/503",
                "{ status: { not: 200 } }",
                "{ status: { not: [503, 500] } }",
                "status",
            ),
            (
                "/",
                "{ body: { contains: Dashboard } }",
                "{ body: { contains: Grafana } }",
                "body",
            ),
            (
                "/",
                "{ body: { not: { contains: Grafana } } }",
                "{ body: { not: { contains: Dashboard } } }",
                "body",
            ),
            (
                "/503",
                "{ status: 503, body: no available server }",
                "{ body: no available server }",
                "status",
            ),
            (
                "/login",
                "{ status: 303, header: { location: { matches: 'client_id=\\d+$' } } }",
                "{ status: 303, header: { location: / } }",
                "header location",
            ),
            (
                "/",
                "{ header: { X-Two: { any: two }, Content-Type: text/html } }",
                "{ header: { X-Two: three } }",
                "header x-two",
            ),
            (
                "/",
                "{ status: 200, header: { server: { absent: true } } }",
                "{ status: 200, header: { x-two: { absent: true } } }",
                "header x-two",
            ),
            (
                "/api/version",
                "{ json: { $.Version: { version: { min: 3.6 } }, $.startDate: { type: string } } }",
                "{ json: { $.Version: { version: { min: 3.7 } } } }",
                "$.Version",
            ),
            (
                "/",
                "{ duration: { max: 20s } }",
                "{ duration: { min: 20s } }",
                "duration",
            ),
        ],
    );
}

#[test]
fn redirects_are_followed_only_when_asked() {
    let server = Server::start();
    twins(
        &server,
        &[
            ("/login", "303", "200", "status"),
            (
                "/login\nfollow: 1",
                "{ status: 200, body: welcome }",
                "303",
                "status",
            ),
            (
                "/sign-in\nfollow: 1\ncookies: keep",
                "{ status: 200, body: your account }",
                "403",
                "status",
            ),
            (
                "/sign-in\nfollow: 1",
                "403",
                "{ status: 200, body: your account }",
                "status",
            ),
        ],
    );
}

#[test]
fn methods_headers_bodies_and_other_addresses() {
    let server = Server::start();
    let port = server.port;
    twins(
        &server,
        &[
            (
                "/echo\nmethod: POST\neffect: observe\nbody: '@etc {\"a\": 1}'",
                &format!("{{ body: 'POST 127.0.0.1:{port} @etc {{\"a\": 1}}' }}"),
                "{ body: { contains: GET } }",
                "body",
            ),
            (
                "/echo\nheaders: { Host: other.test }",
                "{ body: 'GET other.test' }",
                "{ body: { contains: 127.0.0.1 } }",
                "body",
            ),
        ],
    );
    let asked = format!("http: http://ci.example.test:{port}/echo\nresolve: 127.0.0.1");
    Twins::default()
        .pair(
            &asked,
            &format!("{{ body: 'GET ci.example.test:{port}' }}"),
            "{ body: { contains: 127. } }",
            "body",
        )
        .hold();
}

#[test]
fn no_answer_has_a_cause_and_is_never_a_status() {
    let server = Server::start();
    let closed = Server::start().port; // stopped at once
    let refused = format!("http: http://127.0.0.1:{closed}/");
    let here = |path: &str| format!("http: {}", server.url(path));
    Twins::default()
        .pair(&refused, "999", "200", "status")
        .pair(
            &refused,
            "{ no_answer: refused }",
            "{ no_answer: [timeout, dns] }",
            "refused",
        )
        .pair(&refused, "{ no_answer: true }", "404", "status")
        .pair(
            &here("/empty"),
            "{ no_answer: empty }",
            "{ no_answer: refused }",
            "empty",
        )
        .pair(&here("/garbage"), "{ no_answer: broken }", "200", "status")
        .pair(
            &here("/begun"),
            "{ no_answer: broken }",
            "{ no_answer: [refused, reset, empty, timeout, tls, dns, exec] }",
            "broken",
        )
        .pair(&here("/begun"), "{ no_answer: broken }", "999", "status")
        .pair(
            &(here("/hang") + "\ntimeout: 300ms"),
            "{ no_answer: timeout }",
            "{ no_answer: tls }",
            "timeout",
        )
        .pair(
            "http: http://nothing.invalid/",
            "{ no_answer: dns }",
            "{ no_answer: refused }",
            "dns",
        )
        .pair(
            &format!("http: https://127.0.0.1:{}/", server.port),
            "{ no_answer: tls }",
            "{ no_answer: empty }",
            "tls",
        )
        // A server that says 999 has answered.
        .pair(&here("/999"), "{ status: { not: 200 } }", "999", "status")
        .pair(
            &here("/999"),
            "{ body: { contains: I say }, status: { not: 200 } }",
            "000",
            "status",
        )
        .pair(&here("/"), "200", "999", "status")
        .hold();
}

#[test]
fn a_sentinel_that_was_claimed_as_another_fails_by_that_name() {
    let run = run(
        "",
        &[
            ("zeros", "run: echo 000\nexpect: 999"),
            ("zero", "run: echo 0\nexpect: 999"),
            ("nines", "run: echo 999\nexpect: '000'"),
            ("same", "run: echo 000\nexpect: 000"),
        ],
    );
    assert_eq!(
        run.outcomes(),
        ["FAIL", "FAIL", "FAIL", "PASS"],
        "{}",
        run.shown.out
    );
    for id in ["zeros", "zero", "nines"] {
        assert!(run.why(id).contains("sentinel"), "{}", run.why(id));
    }
}

#[test]
fn values_are_taken_from_answers_and_a_url_may_be_one() {
    let server = Server::start();
    let root = server.url("");
    let version = format!(
        "http: {}\nexpect: 200\ncapture: {{ version: {{ json: $.Version }}, code: status }}",
        server.url("/api/version")
    );
    let run = run(
        "",
        &[
            ("make", &version),
            ("use", "run: echo ${version} ${code}\nexpect: 3.6.15 200"),
            (
                "where",
                &format!(
                    "run: echo {root}\nexpect: {{ stdout: {{ starts_with: http }} }}\ncapture: {{ root: stdout }}"
                ),
            ),
            ("whole", "http: ${root}/login\nexpect: 303"),
            (
                "bad",
                "http: ${root}/login\nexpect: { status: 303, header: { location: { contains: '${version}' } } }",
            ),
        ],
    );
    assert_eq!(
        run.outcomes(),
        ["PASS", "PASS", "PASS", "PASS", "FAIL"],
        "{}",
        run.shown.out
    );
}

#[test]
fn cookies() {
    let server = Server::start();
    let at = |path: &str| format!("http: {}", server.url(path));
    let login = at("/cookies/login");
    Twins::default()
        .pair(
            &login,
            "{ cookie: { session: { value: { length: 6 }, secure: true, http_only: true, same_site: Lax, path: /, max_age: { number: { min: 60 } } } } }",
            "{ cookie: { session: { http_only: false } } }",
            "http_only",
        )
        .pair(
            &login,
            "{ cookie: { theme: dark, tracker: { absent: true } } }",
            "{ cookie: { session: { absent: true } } }",
            "absent",
        )
        .pair(
            &login,
            "{ cookie: { theme: { secure: false, max_age: { absent: true } } } }",
            "{ cookie: { theme: { max_age: { number: { min: 1 } } } } }",
            "max_age",
        )
        .pair(
            &login,
            "{ cookies: { any: { secure: true }, none: { domain: { ends_with: example.com } }, count: 2 } }",
            "{ cookies: { every: { secure: true } } }",
            "secure",
        )
        // Of one name twice, the claim does not say which is meant.
        .pair(
            &at("/cookies/twice"),
            "{ cookies: { any: { name: A, value: '1' } } }",
            "{ cookie: { A: '1' } }",
            "does not say which is meant",
        )
        .pair(
            &login,
            "{ not: { cookie: { session: { secure: false } } } }",
            "{ not: { cookie: { tracker: { secure: true } } } }",
            "holds only where there is something to match",
        )
        .hold();
}
