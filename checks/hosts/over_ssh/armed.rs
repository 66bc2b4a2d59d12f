//! An undoing that is armed on a host is performed there, whatever becomes of us and of the link.

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
