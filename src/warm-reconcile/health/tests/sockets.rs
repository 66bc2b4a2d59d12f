//! Every way in which an app does not answer, over real sockets.

use std::net::SocketAddr;
use std::time::Instant;

use tokio::io::AsyncReadExt;

use super::*;
use reach::probe::TlsTrust;
use test_kit::servers::{self as servers, Ca, Server, closed_port, in_child, read_request, say};

const OURS: &str = r#"{"Version":"3.6.15","Codename":"x"}"#;

fn at_port(spec: AppSpec, scheme: &str, addr: SocketAddr) -> AppSpec {
    AppSpec {
        health_scheme: scheme.into(),
        health_port: Some(addr.port()),
        ..spec
    }
}

async fn verdict_of(gate: Gate, facts: FactsSeen) -> (Verdict, Timeline) {
    let window = Window::new(Utc::now(), Duration::from_millis(700));
    let rules = gate.rules(&version(), window, true);
    let (mut timeline, mut watched) = (Timeline::default(), 0);
    let clock = SystemClock::start();
    let verdict = wait(&gate, rules, &Says(facts), &clock, &mut timeline, |_| {
        watched += 1
    })
    .await;
    assert_eq!(timeline.verdict.as_ref(), Some(&verdict));
    assert_eq!(timeline.probes, watched);
    (verdict, timeline)
}

async fn plain(addr: SocketAddr) -> Verdict {
    let gate = Gate::new(&at_port(spec(), "http", addr)).unwrap();
    verdict_of(gate, Ok(EngineFacts::settled())).await.0
}

async fn over_tls(addr: SocketAddr, trust: TlsTrust) -> Verdict {
    let gate = Gate::with_trust(&at_port(spec(), "https", addr), trust).unwrap();
    verdict_of(gate, Ok(EngineFacts::settled())).await.0
}

/// The last thing seen against the app.
fn against(verdict: Verdict) -> Against {
    match verdict {
        Verdict::Unhealthy(Unhealthy::Deadline(against)) => against,
        other => panic!("{other:?}"),
    }
}

fn cause(verdict: Verdict) -> String {
    match against(verdict) {
        Against::NoAnswer { cause, .. } => cause,
        Against::Broken(_) => "broken".to_owned(),
        other => panic!("{other:?}"),
    }
}

async fn answering(status: &str, headers: &str, body: &str) -> Server {
    Server::answering(vec![servers::answer(status, headers, body)]).await
}

#[tokio::test]
async fn the_right_answer_is_healthy_after_so_many_in_so_long() {
    let server = answering("200 OK", "", OURS).await;
    let began = Instant::now();
    assert_eq!(plain(server.addr).await, Verdict::Healthy);
    assert!(began.elapsed() >= spec().times.steady);
    let requests = server.requests();
    assert!(requests.len() >= 3, "{}", requests.len());
    assert!(requests[0].starts_with("GET /api/version HTTP/1.1\r\n"));
    let host = format!("host: traefik.test:{}", server.addr.port());
    assert!(
        requests[0].to_lowercase().contains(&host),
        "{}",
        requests[0]
    );
}

#[tokio::test]
async fn every_cause_of_no_answer_is_unhealthy_by_its_name() {
    let closed = closed_port();
    assert_eq!(cause(plain(closed.addr).await), "refused");

    let resets = Server::handling(|stream, _| async move {
        stream.set_zero_linger().unwrap();
    })
    .await;
    assert_eq!(cause(plain(resets.addr).await), "reset");

    let empty = Server::handling(|mut stream, _| async move {
        let _ = stream.read(&mut [0; 4096]).await;
    })
    .await;
    assert_eq!(cause(plain(empty.addr).await), "empty");

    let hangs = Server::handling(|mut stream, _| async move {
        read_request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    assert_eq!(cause(plain(hangs.addr).await), "timeout");

    let half = Server::handling(|mut stream, _| async move {
        read_request(&mut stream).await;
        say(
            &mut stream,
            "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{",
        )
        .await;
        std::future::pending::<()>().await;
    })
    .await;
    // Something answered, so this is not the silence of a service that is down.
    assert_eq!(cause(plain(half.addr).await), "broken");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_dns() {
    let mut gate = Gate::new(&spec()).unwrap();
    gate.request.resolve = Some("name.invalid".into());
    let (verdict, _) = verdict_of(gate, Ok(EngineFacts::settled())).await;
    assert_eq!(cause(verdict), "dns");
}

#[tokio::test]
async fn a_certificate_is_verified_unless_the_spec_says_otherwise() {
    let ca = Ca::new();
    let good = ca.issue(&["traefik.test"]);
    let expired = ca.issue_until(&["traefik.test"], 2021);
    let elsewhere = ca.issue(&["ci.test"]);
    let trust = || TlsTrust::Ca(ca.pem.clone());
    let body = servers::answer("200 OK", "", OURS);

    let server = Server::tls(&good, body.clone()).await;
    assert_eq!(over_tls(server.addr, trust()).await, Verdict::Healthy);
    assert!(server.requests()[0].starts_with("sni traefik.test\n"));
    assert_eq!(cause(over_tls(server.addr, TlsTrust::Verify).await), "tls");
    for wrong in [&expired, &elsewhere] {
        let server = Server::tls(wrong, body.clone()).await;
        assert_eq!(cause(over_tls(server.addr, trust()).await), "tls");
        let insecure = over_tls(server.addr, TlsTrust::Insecure).await;
        assert_eq!(insecure, Verdict::Healthy);
    }
    // Plain HTTP where TLS was asked for.
    let plain = Server::handling(|mut stream, _| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        say(&mut stream, "HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    assert_eq!(cause(over_tls(plain.addr, trust()).await), "tls");
}

#[tokio::test]
async fn only_the_exact_statuses_count_and_a_redirect_is_not_followed() {
    let target = answering("200 OK", "", OURS).await;
    let to = format!("location: {}\r\n", target.url("/api/version"));
    for (status, code) in [
        ("201 Created", 201),
        ("204 No Content", 204),
        ("302 Found", 302),
        ("404 Not Found", 404),
        ("500 Oops", 500),
        ("503 Busy", 503),
        ("999 Real", 999),
    ] {
        let server = answering(status, &to, OURS).await;
        assert_eq!(against(plain(server.addr).await), Against::Status(code));
    }
    assert_eq!(target.requests().len(), 0);
}

#[tokio::test]
async fn a_real_999_is_a_status_and_can_even_be_the_one_that_counts() {
    let server = answering("999 Real", "", OURS).await;
    let spec = AppSpec {
        health_ok: vec![999],
        ..at_port(spec(), "http", server.addr)
    };
    let gate = Gate::new(&spec).unwrap();
    let (verdict, _) = verdict_of(gate, Ok(EngineFacts::settled())).await;
    assert_eq!(verdict, Verdict::Healthy);
    // No answer is not that status.
    let closed = closed_port();
    let gate = Gate::new(&at_port(spec, "http", closed.addr)).unwrap();
    let (verdict, _) = verdict_of(gate, Ok(EngineFacts::settled())).await;
    assert_eq!(cause(verdict), "refused");
}

#[tokio::test]
async fn the_wrong_version_and_another_app_are_not_the_deployed_thing() {
    let old = answering("200 OK", "", r#"{"Version":"3.6.14"}"#).await;
    let seen = against(plain(old.addr).await);
    assert!(matches!(seen, Against::Version { seen, .. } if seen == "3.6.14"));
    for other in ["<h1>hello</h1>", "{}", r#"["3.6.15"]"#, ""] {
        let server = answering("200 OK", "", other).await;
        let seen = against(plain(server.addr).await);
        assert_eq!(seen, Against::NotSaid("$.Version".into()), "{other}");
    }
}

#[tokio::test]
async fn an_app_without_a_word_in_its_body_is_known_by_the_owner_of_the_port() {
    let server = answering("200 OK", "", "hello").await;
    let spec = AppSpec {
        identity: Identity::default(),
        ..at_port(spec(), "http", server.addr)
    };
    for (owner, healthy) in [
        (Some(PortOwner::Own), true),
        (Some(PortOwner::Proxy), true),
        (Some(PortOwner::Other("c_other".into())), false),
        (None, false),
    ] {
        let facts = EngineFacts {
            port_owner: owner.clone(),
            ..EngineFacts::settled()
        };
        let (verdict, _) = verdict_of(Gate::new(&spec).unwrap(), Ok(facts)).await;
        assert_eq!(verdict == Verdict::Healthy, healthy, "{owner:?}");
    }
}

#[tokio::test]
async fn flapping_is_never_healthy() {
    let ok = servers::answer("200 OK", "", OURS);
    let bad = servers::answer("500 Oops", "", OURS);
    let script = (0..400).map(|n| if n % 3 == 2 { &bad } else { &ok });
    let server = Server::answering(script.cloned().collect::<Vec<_>>()).await;
    assert_eq!(against(plain(server.addr).await), Against::Status(500));
    assert!(server.requests().len() > 6);
}

#[tokio::test]
async fn an_engine_that_hangs_or_is_gone_makes_it_inconclusive_whatever_answers() {
    let server = answering("500 Oops", "", OURS).await;
    let gate = || Gate::new(&at_port(spec(), "http", server.addr)).unwrap();
    let gone = FactsError::Unreachable("no socket".into());
    let (verdict, _) = verdict_of(gate(), Err(gone.clone())).await;
    let expected = Inconclusive::Doubt(Doubt::Engine(gone));
    assert_eq!(verdict, Verdict::Inconclusive(expected));

    struct Hangs;
    impl Facts for Hangs {
        async fn facts(&self) -> FactsSeen {
            std::future::pending().await
        }
    }
    let window = Window::new(Utc::now(), Duration::from_millis(400));
    let rules = gate().rules(&version(), window, false);
    let (clock, mut timeline) = (SystemClock::start(), Timeline::default());
    let verdict = wait(&gate(), rules, &Hangs, &clock, &mut timeline, |_| ()).await;
    let expected = Inconclusive::Doubt(Doubt::Engine(FactsError::Late(300)));
    assert_eq!(verdict, Verdict::Inconclusive(expected));
}

#[tokio::test]
async fn our_own_lack_of_file_handles_is_inconclusive() {
    if !in_child() {
        let name = "health::tests::sockets::our_own_lack_of_file_handles_is_inconclusive";
        let run = tokio::task::spawn_blocking(move || servers::passes_in_child(name, &[]));
        return run.await.unwrap().unwrap();
    }
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let closed = closed_port();
    let gate = Gate::new(&at_port(spec(), "http", closed.addr)).unwrap();
    let limit = Rlimit {
        current: Some(0),
        ..getrlimit(Resource::Nofile)
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    let (verdict, _) = verdict_of(gate, Ok(EngineFacts::settled())).await;
    let Verdict::Inconclusive(Inconclusive::Doubt(Doubt::Own(why))) = verdict else {
        panic!("{verdict:?}");
    };
    assert!(why.contains("file handles"), "{why}");
}

#[tokio::test]
async fn the_verdict_comes_at_the_deadline_also_when_the_app_hangs() {
    let hangs = Server::handling(|stream, _| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let gate = Gate::new(&at_port(spec(), "http", hangs.addr)).unwrap();
    let began = Instant::now();
    let (_, timeline) = verdict_of(gate, Ok(EngineFacts::settled())).await;
    let took = began.elapsed();
    assert!((700..1000).contains(&took.as_millis()), "{took:?}");
    assert_eq!(timeline.probes, 2);
}

#[tokio::test]
async fn one_glance_is_one_probe() {
    let server = answering("200 OK", "", OURS).await;
    let gate = Gate::new(&at_port(spec(), "http", server.addr)).unwrap();
    let wanted = Wanted::of(&gate.identity, &version(), None);
    let facts = Ok(EngineFacts::settled());
    assert_eq!(
        glance(
            &gate,
            &wanted,
            &probe(&gate.request, &gate.identity, gate.request.timeout).await,
            &facts
        ),
        Weight::Counts
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_spec_that_makes_no_gate_says_why() {
    let refused = |change: fn(&mut AppSpec)| {
        let mut spec = spec();
        change(&mut spec);
        Gate::new(&spec).unwrap_err()
    };
    assert_eq!(refused(|s| s.health_ok.clear()), GateError::NoStatus);
    let url = refused(|s| s.health_scheme = "ftp".into());
    assert!(matches!(url, GateError::Url(_)));
    let ca = refused(|s| s.tls = SpecTls::Ca("nowhere.pem".into()));
    assert!(matches!(ca, GateError::Ca { .. }));
}

#[test]
fn the_digest_is_that_of_everything_the_gate_depends_on_and_of_nothing_else() {
    let changes: [fn(&mut AppSpec); 11] = [
        |s| s.health_domain = "other.test".into(),
        |s| s.health_path = "/".into(),
        |s| s.health_ok.push(204),
        |s| s.health_scheme = "https".into(),
        |s| s.health_port = Some(81),
        |s| s.tls = SpecTls::Insecure,
        |s| s.identity = Identity::default(),
        |s| s.times.successes = 1,
        |s| s.times.steady = Duration::ZERO,
        |s| s.times.every = Duration::ZERO,
        |s| s.times.probe = Duration::from_secs(1),
    ];
    let digest = |spec: &AppSpec| Gate::new(spec).unwrap().digest();
    let mut all = vec![digest(&spec())];
    for change in changes {
        let mut changed = spec();
        change(&mut changed);
        all.push(digest(&changed));
    }
    let same = AppSpec {
        stack: "other".into(),
        ..spec()
    };
    assert_eq!(digest(&same), all[0]);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 12);
}
