//! The whole program against a real `sshd` on loopback: what a Builder sees who claims
//! something about a host. The transport's own promises are in `ssh.rs`.
mod armed;
mod tree;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use test_kit::program::{Scratch, Shown};
use test_kit::sshd::{ALIAS, Sshd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(crate) fn trials() -> Vec<Trial> {
    let trials: [(&str, fn()); 17] = [
        // First, because it waits longest: 90 s, while the program tries to reach the host.
        (
            "a_link_that_is_cut_is_undone_by_the_host_and_the_check_is_an_error",
            armed::cut,
        ),
        (
            "a_host_check_sees_the_host_and_puts_it_on_record",
            host_checks,
        ),
        (
            "one_of_many_that_are_sent_together_costs_the_others_nothing",
            together,
        ),
        ("a_file_of_a_host_is_looked_at_on_the_host", file_of_a_host),
        (
            "https_from_the_host_keeps_name_port_and_certificate_checks",
            https_from_the_host,
        ),
        (
            "a_line_is_run_among_failing_tools_on_its_host_and_nothing_is_left_there",
            starved,
        ),
        ("vantages_are_compared", vantages),
        (
            "two_hosts_are_asked_at_once_and_one_machine_is_asked_one_thing_at_a_time",
            at_once,
        ),
        ("no_answer_on_the_host_keeps_its_cause", no_answer),
        ("a_host_that_is_down_costs_one_connect_timeout", down),
        (
            "an_unknown_host_key_is_an_error_and_never_a_fail",
            unknown_key,
        ),
        (
            "a_tree_of_the_commit_is_brought_to_a_host_and_removed_afterwards",
            tree::brought_and_removed,
        ),
        (
            "a_tree_of_the_commit_is_removed_when_the_program_is_killed",
            tree::removed_when_we_are_killed,
        ),
        (
            "a_program_that_is_killed_is_undone_by_the_host",
            armed::killed,
        ),
        (
            "a_value_that_do_prints_reaches_the_undoing_that_the_host_performs",
            armed::captured,
        ),
        (
            "what_is_unchanged_by_a_disturbance_of_a_host_is_seen_to_be",
            armed::unchanged,
        ),
        (
            "two_who_disturb_one_host_are_told_apart_and_an_observer_is_told",
            armed::two,
        ),
    ];
    let wanted = std::env::var_os("GATEPROOF_ENDURANCE").is_some();
    let long: [(&str, fn()); 2] = [
        (
            "a_hundred_cut_links_and_kills_are_undone_by_the_host",
            armed::endured,
        ),
        (
            "what_one_observes_beside_two_who_disturb_says_so",
            armed::three,
        ),
    ];
    let trials = trials.map(|(name, test)| crate::trial(name, test));
    let long = long.map(|(name, test)| crate::trial(name, test).with_ignored_flag(!wanted));
    trials.into_iter().chain(long).collect()
}

/// Forty checks, of which one takes too long and one ends the runner.
fn together() {
    let sshd = Sshd::builder().start();
    let check = |number: usize| {
        let (run, more) = match number {
            7 => ("sleep 5".to_owned(), ", timeout: 300ms"),
            20 => (
                "set -- $GATEPROOF_OWNER; kill -9 $1; sleep 9".to_owned(),
                ", effect: observe",
            ),
            _ => (format!("echo {number}"), ""),
        };
        format!(
            "      - {{ id: c{number}, claim: c, on: h, run: '{run}', expect: '{number}'{more} }}\n"
        )
    };
    let checks: String = (0..40).map(check).collect();
    let scratch = Scratch::with(claim(&checks));
    let shown = verify(&scratch, &sshd);
    for (number, (id, outcome)) in outcomes(&shown).into_iter().enumerate() {
        assert_eq!(id, format!("c{number}"), "the order of the file");
        let expected = if matches!(number, 7 | 20) {
            "ERROR"
        } else {
            "PASS"
        };
        assert_eq!(
            outcome,
            expected,
            "{id}: {}",
            json(&shown)["checks"][number]
        );
    }
    let observed = |number: usize| json(&shown)["checks"][number]["observed"].to_string();
    assert!(
        observed(7).contains("timed out after 300ms"),
        "{}",
        observed(7)
    );
    assert!(observed(20).contains("link"), "{}", observed(20));
}

fn file_of_a_host() {
    let sshd = Sshd::builder().start();
    let file = sshd.path("only here");
    std::fs::write(&file, "x").unwrap();
    let path = file.display();
    let scratch = Scratch::with(claim(&format!(
        "      - {{ id: there, claim: c, on: h, file: {{ path: '{path}', type: file, size: 1 }} }}\n\
         \x20     - {{ id: gone, claim: c, on: h, file: {{ path: '{path} no more', exists: false }} }}\n\
         \x20     - {{ id: red, claim: c, on: h, file: {{ path: '{path}', exists: false }} }}\n\
         \x20     - {{ id: unknown, claim: c, on: h, file: {{ path: '{path}/x', exists: false }} }}\n"
    )));
    let shown = verify(&scratch, &sshd);
    let outcomes: Vec<String> = outcomes(&shown).into_iter().map(|(_, it)| it).collect();
    assert_eq!(outcomes, ["PASS", "PASS", "FAIL", "ERROR"], "{shown:?}");
}

fn claim(checks: &str) -> String {
    format!(
        "phase: ssh\nhosts:\n  h: {{ ssh: {ALIAS}, revision: {{ run: echo /nix/store/abc-system }} }}\ngates:\n  M1:\n    checks:\n{checks}"
    )
}

fn verify(scratch: &Scratch, sshd: &Sshd) -> Shown {
    let config = sshd.config();
    scratch.verify(&[
        "--ssh-config",
        &config.to_string_lossy(),
        "--format",
        "json",
    ])
}

fn json(shown: &Shown) -> serde_json::Value {
    serde_json::from_str(&shown.out).unwrap_or_else(|error| panic!("{error}: {shown:?}"))
}

#[track_caller]
fn outcomes(shown: &Shown) -> Vec<(String, String)> {
    let record = json(shown);
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    record["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| (text(&check["id"]), text(&check["outcome"])))
        .collect()
}

/// The servers are on one machine; where this can be hidden they are two.
fn at_once() {
    let boots = [true, false].map(|own| {
        let boot = "11111111-2222-4333-8444-555555555555";
        let file = std::env::temp_dir().join(format!("gp-boot-{}", std::process::id()));
        let show = format!(
            "echo {boot} >{0} && mount --bind {0} /proc/sys/kernel/random/boot_id && rm {0}",
            file.display()
        );
        let builder = Sshd::builder();
        if own && test_kit::sshd::can_mount() {
            builder.mount(show)
        } else {
            builder
        }
        .start()
    });
    let scratch = Scratch::with("");
    let config = |name: &str, server: &Sshd| {
        let text = std::fs::read_to_string(server.config()).unwrap();
        text.replace(&format!("Host {ALIAS}"), &format!("Host {name}"))
    };
    let hosts =
        ["one", "two", "again"].map(|name| config(name, &boots[usize::from(name != "one")]));
    scratch.write("ssh_config", hosts.concat());
    let hosts = ["one", "two", "again"].map(|name| format!("  {name}: {{ ssh: {name} }}\n"));
    let checks = ["one", "two", "again"].map(|name| {
        format!("      - {{ id: {name}, claim: c, on: {name}, run: sleep 1; hostname, expect: {{ exit: 0 }} }}\n")
    });
    let hosts = hosts.concat();
    let checks = checks.concat();
    scratch.write(
        "claim.yaml",
        format!("phase: ssh\nhosts:\n{hosts}gates:\n  M1:\n    checks:\n{checks}"),
    );
    let shown = scratch.verify(&["--ssh-config", "ssh_config", "--format", "json"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let record = json(&shown);
    let check = |index: usize| &record["checks"][index];
    let overlap = |one, other| test_kit::runs::overlap(check(one), check(other));
    assert!(!overlap(1, 2), "two names of one machine: {record}");
    assert_eq!(
        overlap(0, 1) || overlap(0, 2),
        test_kit::sshd::can_mount(),
        "{record}"
    );
}

fn starved() {
    let sshd = Sshd::builder().start();
    let checks = "      - { id: red, claim: c, on: h, run: arch, expect: { stdout: { matches: '^[a-z0-9_]+$' } } }
      - { id: green, claim: c, on: h, run: 'arch | grep -c nothing', expect: { exit: 1, stdout: '0' } }
      - { id: path, claim: c, on: h, run: /bin/uname, expect: { exit: 0 } }
";
    let required = claim(checks).replace("    checks:", "    teeth: required\n    checks:");
    let scratch = Scratch::with(required);
    let shown = verify(&scratch, &sshd);
    let expected = [
        ("red", "PASS"),
        ("green", "TOOTHLESS"),
        ("path", "TOOTHLESS"),
    ];
    let expected: Vec<_> = expected
        .map(|(id, outcome)| (id.to_owned(), outcome.to_owned()))
        .into();
    assert_eq!(outcomes(&shown), expected, "{}", shown.out);
    let record = json(&shown);
    assert_eq!(record["checks"][0]["teeth"]["proofs"][0]["by"], "starved");
    let why = |check: usize| record["checks"][check]["findings"].to_string();
    assert!(why(1).contains("`arch` fails"), "{}", why(1));
    assert!(why(2).contains("is a path"), "{}", why(2));
    for entry in std::fs::read_dir("/tmp").unwrap() {
        let folder = entry.unwrap().path();
        assert!(!folder.join("0/arch").exists(), "{}", folder.display());
    }
}

fn host_checks() {
    let sshd = Sshd::builder().start();
    let scratch = Scratch::with(claim(
        "      - { id: true-one, claim: c, on: h, run: 'printf \"a\\0b\" | wc -c', expect: 3 }
      - { id: false-one, claim: c, on: h, run: 'echo 999', expect: '000' }
      - { id: refusing, claim: c, on: h, run: 'exit 255', expect: { exit: 255 } }
      - { id: killed, claim: c, on: h, run: 'kill -9 $$', expect: { exit: { signal: KILL } } }
      - { id: late, claim: c, on: h, run: 'sleep 60', timeout: 1s, expect: '' }
      - { id: no-tool, claim: c, on: h, run: 'no-such-tool-at-all', expect: '' }
      - { id: hostile, claim: c, on: h, for: { v: ['$(touch pwned)', \"it's\"] }, run: 'printf %s ${v}', expect: { stdout: { equals: '${v}' } } }
",
    ));
    let shown = verify(&scratch, &sshd);
    let seen = outcomes(&shown);
    let expected = [
        ("true-one", "PASS"),
        ("false-one", "FAIL"),
        ("refusing", "PASS"),
        ("killed", "PASS"),
        ("late", "ERROR"),
        ("no-tool", "ERROR"),
        ("hostile[$(touch pwned)]", "PASS"),
        ("hostile[it's]", "PASS"),
    ];
    let expected: Vec<_> = expected
        .map(|(id, outcome)| (id.to_owned(), outcome.to_owned()))
        .into();
    assert_eq!(seen, expected);
    assert_eq!(shown.code, Some(1), "a FAIL outranks an ERROR");
    let record = json(&shown);
    let host = &record["hosts"][0];
    assert_eq!(host["revision"], "/nix/store/abc-system");
    let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert_eq!(host["boot_id"], boot_id.trim());
    let skew = host["clock_skew_ms"].as_i64().unwrap();
    assert!(skew.abs() < 2000, "{skew}");
    let sentinel = &record["checks"][1]["findings"][0]["note"];
    assert!(
        sentinel.as_str().unwrap_or_default().contains("sentinel"),
        "999 for 000 is named: {sentinel}"
    );
    // The line that reproduces a failure really does, with the same configuration.
    let line = record["checks"][1]["reproduce"].as_str().unwrap();
    let line = line.replacen("ssh ", &format!("ssh -F {} ", sshd.config().display()), 1);
    let again = std::process::Command::new("sh")
        .args(["-c", &line])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&again.stdout).trim(),
        "999",
        "{line}"
    );
}

/// An HTTPS server that answers with the SNI name, the Host header and its own name.
struct Https {
    addr: SocketAddr,
    ca: String,
    _runtime: tokio::runtime::Runtime,
}

impl Https {
    fn start(name: &str) -> Https {
        let key = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(Arc::new(
            tokio_rustls::rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![key.cert.der().clone()],
            key.signing_key.serialize_der().try_into().unwrap(),
        )
        .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .unwrap();
        let addr = listener.local_addr().unwrap();
        runtime.spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let sni = stream.get_ref().1.server_name().unwrap_or("-").to_owned();
                    let mut request = vec![0; 4096];
                    let read = stream.read(&mut request).await.unwrap_or(0);
                    let request = String::from_utf8_lossy(&request[..read]).into_owned();
                    let host = request
                        .lines()
                        .find_map(|line| {
                            line.to_lowercase()
                                .strip_prefix("host: ")
                                .map(str::to_owned)
                        })
                        .unwrap_or_default();
                    let body = format!("sni={sni} host={host}");
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                        body.len()
                    );
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Https {
            addr,
            ca: key.cert.pem(),
            _runtime: runtime,
        }
    }
}

fn https_from_the_host() {
    let sshd = Sshd::builder().start();
    let server = Https::start("proxy.example.test");
    let port = server.addr.port();
    let check = |id: &str, url: &str, tls: &str, expect: &str| {
        format!(
            "      - {{ id: {id}, claim: c, on: h, http: '{url}', resolve: 127.0.0.1, tls: {tls}, timeout: 5s, expect: {expect} }}\n"
        )
    };
    let right = format!("https://proxy.example.test:{port}/");
    let wrong = format!("https://other.example.test:{port}/");
    let body = format!("{{ body: 'sni=proxy.example.test host=proxy.example.test:{port}' }}");
    let scratch = Scratch::with(claim(
        &[
            check("verified", &right, "{ ca: ca.pem }", &body),
            check("wrong-name", &wrong, "{ ca: ca.pem }", "{ no_answer: tls }"),
            check("unknown-ca", &right, "verify", "{ no_answer: tls }"),
            check(
                "insecure",
                &wrong,
                "insecure",
                "{ status: 200, certificate: { name: proxy.example.test, days_left: { min: 1 } } }",
            ),
        ]
        .concat(),
    ));
    std::fs::write(scratch.path().join("ca.pem"), &server.ca).unwrap();
    let shown = verify(&scratch, &sshd);
    assert!(
        outcomes(&shown)
            .iter()
            .all(|(_, outcome)| outcome == "PASS"),
        "{}",
        shown.out
    );
    assert_eq!(shown.code, Some(0));
}

/// Answers 200 and 502 in turn, whoever asks.
fn two_faced() -> u16 {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let status = if number % 2 == 0 {
                "200 OK"
            } else {
                "502 Bad Gateway"
            };
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

fn vantages() {
    let sshd = Sshd::builder().start();
    let server = Https::start("proxy.example.test");
    let (port, two_faced) = (server.addr.port(), two_faced());
    let scratch = Scratch::with(claim(&format!(
        "      - {{ id: same, claim: c, on: h, vantage: [h, local], http: 'https://proxy.example.test:{port}/', resolve: 127.0.0.1, tls: insecure, expect: 200 }}
      - {{ id: differ, claim: c, on: h, vantage: [h, local], http: 'http://127.0.0.1:{two_faced}/', expect: [200, 502] }}
"
    )));
    let shown = verify(&scratch, &sshd);
    let seen: Vec<String> = outcomes(&shown).into_iter().map(|(_, o)| o).collect();
    assert_eq!(seen, ["PASS", "FAIL"], "{}", shown.out);
    let record = json(&shown);
    let answers = &record["checks"][0]["observation"]["http"];
    assert_eq!(answers[0]["vantage"], "h");
    assert_eq!(answers[1]["vantage"], "local");
    assert_eq!(
        answers[0]["certificate_sha256"],
        answers[1]["certificate_sha256"]
    );
    let finding = &record["checks"][1]["findings"][0];
    assert_eq!(finding["subject"], "vantage");
    assert!(
        finding["observed"]
            .as_str()
            .unwrap()
            .contains("h 200, local 502"),
        "{finding}"
    );
}

fn no_answer() {
    let sshd = Sshd::builder().start();
    let closed = test_kit::sshd::free_port();
    let check = |id: &str, url: &str, expect: &str| {
        format!(
            "      - {{ id: {id}, claim: c, on: h, http: '{url}', timeout: 5s, expect: {expect} }}\n"
        )
    };
    let refused = format!("http://127.0.0.1:{closed}/");
    let scratch = Scratch::with(claim(
        &[
            check("refused", &refused, "{ no_answer: refused }"),
            check("sentinel", &refused, "999"),
            check("dns", "http://no-such-name.invalid/", "{ no_answer: dns }"),
            check("status", &refused, "404"),
        ]
        .concat(),
    ));
    let shown = verify(&scratch, &sshd);
    let seen: Vec<String> = outcomes(&shown).into_iter().map(|(_, o)| o).collect();
    assert_eq!(seen, ["PASS", "PASS", "PASS", "FAIL"], "{}", shown.out);
    assert_eq!(
        shown.code,
        Some(1),
        "no answer where 404 is claimed is a FAIL"
    );
}

fn down() {
    let sshd = Sshd::builder().start();
    let config = sshd.config_with("down", |text| {
        // A blackhole of our own: a listener that never answers.
        text
    });
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let silent = listener.local_addr().unwrap().port();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        text.replace(&sshd.port.to_string(), &silent.to_string()),
    )
    .unwrap();
    let checks: String = (0..10)
        .map(|n| format!("      - {{ id: c{n}, claim: c, on: h, run: 'echo {n}', expect: {n} }}\n"))
        .collect();
    let scratch = Scratch::with(claim(&checks));
    let started = Instant::now();
    let shown = scratch.verify(&[
        "--ssh-config",
        &config.to_string_lossy(),
        "--connect-timeout",
        "2s",
        "--format",
        "json",
    ]);
    let took = started.elapsed();
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(
        outcomes(&shown)
            .iter()
            .all(|(_, outcome)| outcome == "ERROR")
    );
    assert!(
        took < Duration::from_secs(8),
        "ten checks, one timeout: {took:?}"
    );
    drop(listener);
}

fn unknown_key() {
    let sshd = Sshd::builder().start();
    let empty = sshd.path("no_known_hosts");
    std::fs::write(&empty, "").unwrap();
    let config = sshd.config_with("unknown", |text| {
        text.lines()
            .map(
                |line| match line.trim_start().starts_with("UserKnownHostsFile") {
                    true => format!("  UserKnownHostsFile {}\n", empty.display()),
                    false => format!("{line}\n"),
                },
            )
            .collect()
    });
    let scratch = Scratch::with(claim(
        "      - { id: a, claim: c, on: h, run: 'echo 1', expect: 2 }\n",
    ));
    let shown = scratch.verify(&[
        "--ssh-config",
        &config.to_string_lossy(),
        "--format",
        "json",
    ]);
    assert_eq!(outcomes(&shown), [("a".to_owned(), "ERROR".to_owned())]);
    assert!(
        shown.out.contains("key of host `h` was not accepted"),
        "{}",
        shown.out
    );
    assert_eq!(shown.code, Some(3));
}
