//! An undoing that is armed on a host is performed there, whatever becomes of us and of the link.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use test_kit::program::{Scratch, Shown};
use test_kit::proxy::Proxy;
use test_kit::runs::{Running, eventually, marker, processes_with};
use test_kit::sshd::Sshd;

/// A claim about a service on the host that is a file in the folder `at`.
fn claim(at: &str, checks: &str) -> String {
    format!(
        "phase: ssh
hosts: {{ h: {{ ssh: replica }} }}
fixtures:
  down:
    on: h
    baseline: {{ run: test -e {at}/up, within: 2s, every: 100ms }}
    do: rm {at}/up
    undo: touch {at}/up; echo undo >>{at}/log
gates:
  M1:
    checks:
{checks}"
    )
}

fn held(at: &str, mark: &str) -> String {
    format!(
        "      - {{ id: a, claim: c, on: h, with: down, run: touch {at}/now && sleep 300 {mark}, timeout: 400s, expect: '' }}\n"
    )
}

struct Host {
    sshd: Sshd,
    scratch: Scratch,
}

impl Host {
    fn with(checks: impl Fn(&str) -> String) -> Host {
        let sshd = Sshd::builder().start();
        std::fs::create_dir(sshd.path("service")).unwrap();
        std::fs::write(sshd.path("service/up"), "").unwrap();
        let at = sshd.path("service").display().to_string();
        let scratch = Scratch::with(claim(&at, &checks(&at)));
        Host { sshd, scratch }
    }

    fn has(&self, name: &str) -> bool {
        self.sshd.path("service").join(name).exists()
    }

    fn words<'w>(&self, config: &'w str, words: &[&'w str]) -> Vec<&'w str> {
        [words, &["--ssh-config", config]].concat()
    }

    fn run(&self, words: &[&str]) -> Shown {
        let config = self.sshd.config().display().to_string();
        self.scratch.run(&self.words(&config, words))
    }

    fn start(&self, config: &std::path::Path) -> Running {
        let config = config.display().to_string();
        let words = self.words(&config, &["verify", "claim.yaml"]);
        self.scratch.start(&words)
    }

    fn nothing_left(&self) {
        let state = self.sshd.path("state");
        eventually("the state folder is gone", || !state.exists());
        eventually("the watchers are gone", || {
            processes_with(&state.to_string_lossy()).is_empty()
        });
    }
}

pub(crate) fn killed() {
    let mark = marker();
    let host = Host::with(|at| held(at, &mark));
    let run = host.start(&host.sshd.config());
    eventually("the check", || host.has("now"));
    assert!(!host.has("up"));
    run.signal(Signal::KILL);
    eventually("the undoing", || host.has("up"));
    eventually("the listing", || {
        let shown = host.run(&["undo", "--host", "h", "claim.yaml"]);
        shown.code == Some(5) && shown.out.contains("because its owner was gone")
    });
    let shown = host.run(&["undo", "--run", "--host", "h", "claim.yaml"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(
        shown.out.contains("it is back, as is seen now"),
        "{}",
        shown.out
    );
    host.nothing_left();
}

pub(crate) fn cut() {
    let mark = marker();
    let host = Host::with(|at| held(at, &mark));
    let proxy = Proxy::to(host.sshd.port);
    let config = host.sshd.config_with("through", |text| {
        text.replace(&host.sshd.port.to_string(), &proxy.port.to_string())
    });
    // The server's key is known by its own port.
    let known = std::fs::read_to_string(host.sshd.path("known_hosts")).unwrap();
    let through = known.replace(&host.sshd.port.to_string(), &proxy.port.to_string());
    std::fs::write(host.sshd.path("known_hosts"), format!("{known}{through}")).unwrap();
    let run = host.start(&config);
    eventually("the check", || host.has("now"));
    proxy.close();
    eventually("the undoing by the host", || host.has("up"));
    let shown = run.end();
    assert_eq!(shown.code, Some(5), "it could not look: {shown:?}");
    let shown = host.run(&["undo", "--run", "--host", "h", "claim.yaml"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    host.nothing_left();
}

pub(crate) fn two() {
    let mark = marker();
    let host = Host::with(|at| held(at, &mark));
    let at = host.sshd.path("service").display().to_string();
    let other = claim(
        &at,
        &format!(
            "      - {{ id: sees, claim: c, on: h, run: echo 1, expect: 1 }}
      - {{ id: misses, claim: c, on: h, run: 'ls {at}', expect: {{ stdout: {{ contains: up }} }} }}\n"
        ),
    );
    std::fs::write(host.scratch.path().join("other.yaml"), other).unwrap();
    let run = host.start(&host.sshd.config());
    eventually("the check", || host.has("now"));
    let shown = host.run(&["verify", "other.yaml", "--format", "json", "--no-record"]);
    let record: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    let (sees, misses) = (&record["checks"][0], &record["checks"][1]);
    assert_eq!(
        (&sees["outcome"], &misses["outcome"]),
        (&"PASS".into(), &"ERROR".into())
    );
    for check in [sees, misses] {
        let said = check["notes"].to_string();
        assert!(said.contains("claim.yaml M1, fixture `down`"), "{said}");
    }
    run.signal(Signal::TERM);
    assert_eq!(run.end().code, Some(3));
    host.nothing_left();
}

/// The name of what `do` makes is known only when it is made.
pub(crate) fn captured() {
    let mark = marker();
    let sshd = Sshd::builder().start();
    let at = sshd.path("service").display().to_string();
    std::fs::create_dir(&at).unwrap();
    std::fs::create_dir(format!("{at}/made")).unwrap();
    std::fs::write(format!("{at}/precious"), "kept").unwrap();
    let text = format!(
        "phase: ssh
hosts: {{ h: {{ ssh: replica }} }}
fixtures:
  temporary:
    on: h
    baseline: test -z \"$(ls {at}/made)\"
    do:
      run: d=$(mktemp -d {at}/made/XXXXXX) && touch \"$d/full\" && echo \"dir=$d\"
      capture: {{ dir: {{ matches: 'dir=(.+)' }} }}
    undo: rm -rf ${{dir}} && echo ${{dir}} >>{at}/log
gates:
  M1:
    checks:
      - {{ id: a, claim: c, on: h, with: temporary, run: 'test -e ${{dir}}/full && touch {at}/now && sleep 300 {mark}', timeout: 400s, expect: '' }}
"
    );
    let host = Host {
        sshd,
        scratch: Scratch::with(text),
    };
    let made = || std::fs::read_dir(format!("{at}/made")).unwrap().count();
    let run = host.start(&host.sshd.config());
    eventually("the check", || host.has("now"));
    assert_eq!(made(), 1);
    run.signal(Signal::KILL);
    eventually("the undoing by the host", || made() == 0);
    eventually("its log", || host.has("log"));
    let log = std::fs::read_to_string(format!("{at}/log")).unwrap();
    assert!(log.starts_with(&format!("{at}/made/")), "{log}");
    let precious = std::fs::read_to_string(format!("{at}/precious"));
    assert_eq!(precious.unwrap(), "kept");
    let shown = host.run(&["undo", "--run", "--host", "h", "claim.yaml"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    host.nothing_left();
}

pub(crate) fn unchanged() {
    let host = Host::with(|at| {
        format!(
            "      - {{ id: same, claim: c, on: h, with: down, unchanged: true, run: 'ls {at}/other || echo none', expect: none }}
      - {{ id: other, claim: c, on: h, with: down, unchanged: true, run: 'ls {at} | grep -c up || true', expect: {{ stdout: {{ matches: '^[01]$' }} }} }}
      - {{ id: over, claim: c, on: h, run: echo failed, within: 60s, every: 50ms, fail_if: failed, expect: active }}
"
        )
    });
    let shown = host.run(&["verify", "claim.yaml", "--format", "json", "--no-record"]);
    let record: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    let check = |at: usize| {
        (
            record["checks"][at]["outcome"].clone(),
            record["checks"][at].to_string(),
        )
    };
    let (same, notes) = check(0);
    assert_eq!(same, "PASS", "{notes}");
    assert!(
        notes.contains("before, during and after fixture `down`"),
        "{notes}"
    );
    let (other, findings) = check(1);
    assert_eq!(other, "FAIL", "{findings}");
    assert!(
        findings.contains("unchanged, during the disturbance"),
        "{findings}"
    );
    let (over, findings) = check(2);
    assert_eq!(over, "FAIL", "{findings}");
    assert!(
        findings.contains("`fail_if` holds since attempt 1"),
        "{findings}"
    );
    assert!(host.has("up"));
    host.nothing_left();
}

/// A hundred cut links and kills, one after the other: each time the host undoes, and soon.
pub(crate) fn endured() {
    let mut slowest = std::time::Duration::ZERO;
    let mark = marker();
    let host = Host::with(|at| held(at, &mark));
    for round in 0..100 {
        let _ = std::fs::remove_file(host.sshd.path("service/now"));
        let proxy = Proxy::to(host.sshd.port);
        let port = host.sshd.port.to_string();
        let config = host.sshd.config_with("through", |text| {
            text.replace(&port, &proxy.port.to_string())
        });
        let hosts = host.sshd.path("known_hosts");
        let known = std::fs::read_to_string(&hosts).unwrap();
        let own = known.lines().find(|line| line.contains(&port)).unwrap();
        let through = own.replace(&port, &proxy.port.to_string());
        std::fs::write(&hosts, format!("{own}\n{through}\n")).unwrap();
        let run = host.start(&config);
        eventually("the check", || host.has("now"));
        assert!(!host.has("up"), "round {round}");
        let began = std::time::Instant::now();
        if round % 2 == 0 {
            proxy.close();
        } else {
            run.signal(Signal::KILL);
        }
        eventually("the undoing by the host", || host.has("up"));
        slowest = slowest.max(began.elapsed());
        run.signal(Signal::KILL);
        let shown = host.run(&["undo", "--run", "--host", "h", "claim.yaml"]);
        assert_eq!(shown.code, Some(0), "round {round}: {shown:?}");
        host.nothing_left();
        eventually("the command is gone", || processes_with(&mark).is_empty());
    }
    assert!(slowest.as_secs() < 10, "{slowest:?}");
    println!(
        "100 cut links and kills, the host had undone after {:.1} s at the latest",
        slowest.as_secs_f64()
    );
}

/// Two who disturb one host, each waiting for the other, and one who observes it: for ten minutes, or for as
/// many seconds as the variable says.
pub(crate) fn three() {
    let said = std::env::var("GATEPROOF_ENDURANCE").unwrap_or_default();
    let seconds = said.parse().ok().filter(|seconds| *seconds > 1);
    let long = Duration::from_secs(seconds.unwrap_or(600));
    let until = Instant::now() + long;
    let disturbs = |at: &str| {
        format!(
            "      - {{ id: a, claim: c, on: h, with: down, run: 'test ! -e {at}/up && sleep 0.5 && echo gone', expect: gone }}\n"
        )
    };
    let host = Host::with(disturbs);
    let at = host.sshd.path("service").display().to_string();
    let second = Scratch::with(claim(&at, &disturbs(&at)));
    let observer = Scratch::with(claim(
        &at,
        &format!(
            "      - {{ id: sees, claim: c, on: h, run: 'if test -e {at}/up; then echo is-up; else echo is-gone; fi', expect: {{ stdout: {{ matches: '^is-(up|gone)$' }} }} }}
      - {{ id: needs, claim: c, on: h, run: 'ls {at}', expect: {{ stdout: {{ every_line: {{ matches: '^(up|log)$' }}, contains: up }} }} }}\n"
        ),
    ));
    let config = host.sshd.config().display().to_string();
    let verify = |scratch: &Scratch, wait: &str| -> Vec<serde_json::Value> {
        let words = ["verify", "claim.yaml", "--format", "json", "--no-record"];
        let more = ["--wait-lease", wait, "--ssh-config", &config];
        let shown = scratch.run(&[words.as_slice(), &more].concat());
        let record: serde_json::Value =
            serde_json::from_str(&shown.out).unwrap_or_else(|error| panic!("{error}: {shown:?}"));
        record["checks"].as_array().unwrap().clone()
    };
    let disturb = |scratch: &Scratch| {
        let mut runs = 0;
        while Instant::now() < until {
            let checks = verify(scratch, "5m");
            assert_eq!(checks[0]["outcome"], "PASS", "{}", checks[0]);
            runs += 1;
        }
        runs
    };
    let observe = || {
        let (mut quiet, mut told) = (0, 0);
        while Instant::now() < until {
            let checks = verify(&observer, "0s");
            assert_eq!(checks.len(), 2, "{checks:?}");
            for check in checks {
                let disturbed = check["notes"].to_string().contains("fixture `down`");
                let seen = check["observation"].to_string();
                let gone = match check["id"].as_str() {
                    Some("sees") => {
                        assert_eq!(check["outcome"], "PASS", "{check}");
                        assert_ne!(seen.contains("is-up"), seen.contains("is-gone"), "{check}");
                        seen.contains("is-gone")
                    }
                    _ => check["outcome"] != "PASS",
                };
                assert!(disturbed || !gone, "it is not told: {check}");
                assert!(
                    ["PASS", "ERROR"].iter().any(|it| check["outcome"] == *it),
                    "{check}"
                );
                match disturbed {
                    true => told += 1,
                    false => quiet += 1,
                }
            }
        }
        (quiet, told)
    };
    let (first, other, (quiet, told)) = std::thread::scope(|threads| {
        let first = threads.spawn(|| disturb(&host.scratch));
        let other = threads.spawn(|| disturb(&second));
        let seen = observe();
        (first.join().unwrap(), other.join().unwrap(), seen)
    });
    assert!(host.has("up"));
    assert!(
        first > 0 && other > 0 && quiet > 0 && told > 0,
        "{first} {other} {quiet} {told}"
    );
    println!(
        "{} s: {first} and {other} disturbances, and {} observations, of which {told} were made beside a disturbance and say so",
        long.as_secs(),
        quiet + told
    );
    host.nothing_left();
}
