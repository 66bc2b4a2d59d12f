//! What a real upgrade looks like: the old process answers on, then nobody, then the new one.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::io::AsyncWriteExt;

use super::*;
use reach::probe::TlsTrust;
use test_kit::servers::{self as servers, Ca, Server, read_request};

/// A TLS server and the engine beside it, which change over time together.
struct Upgrade {
    began: Instant,
    server: Server,
    ca: Vec<u8>,
    asked: Arc<AtomicUsize>,
    /// When the new process answers, and when the old container is gone.
    new_from: Duration,
    old_gone: Duration,
}

const OLD_UNTIL: Duration = Duration::from_millis(1200);

impl Upgrade {
    /// The old one answers for 1.2 s; then the connection is closed until `new_from`.
    async fn start(new_from: u64, old_gone: u64, new_version: &'static str) -> Upgrade {
        let ca = Ca::new();
        let acceptor = ca.issue(&["traefik.test"]).acceptor(&[]);
        let began = Instant::now();
        let new_from = Duration::from_millis(new_from);
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        let server = Server::handling(move |stream, _| {
            let (acceptor, counter) = (acceptor.clone(), counter.clone());
            async move {
                let now = began.elapsed();
                counter.fetch_add(1, Ordering::SeqCst);
                let version = match now {
                    _ if now < OLD_UNTIL => "3.6.14",
                    _ if now < new_from => return,
                    _ => new_version,
                };
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                read_request(&mut stream).await;
                let body = format!(r#"{{"Version":"{version}"}}"#);
                let _ = stream
                    .write_all(servers::answer("200 OK", "", &body).as_bytes())
                    .await;
                let _ = stream.shutdown().await;
            }
        })
        .await;
        Upgrade {
            began,
            server,
            ca: ca.pem,
            asked,
            new_from,
            old_gone: Duration::from_millis(old_gone),
        }
    }

    async fn gate(&self, window_ms: u64) -> (Verdict, Timeline) {
        let spec = AppSpec {
            health_scheme: "https".into(),
            health_port: Some(self.server.addr.port()),
            ..spec()
        };
        let gate = Gate::with_trust(&spec, TlsTrust::Ca(self.ca.clone())).unwrap();
        let window = Window::new(Utc::now(), Duration::from_millis(window_ms));
        let rules = gate.rules(&version(), window, true);
        let (clock, mut timeline) = (SystemClock::start(), Timeline::default());
        let verdict = wait(&gate, rules, self, &clock, &mut timeline, |_| ()).await;
        (verdict, timeline)
    }
}

impl Facts for Upgrade {
    async fn facts(&self) -> FactsSeen {
        let now = self.began.elapsed();
        Ok(EngineFacts {
            outstanding: (now < self.new_from).then(|| "app: 0 of 1 run".into()),
            old_containers: u32::from(now < self.old_gone),
            containers: vec![(now >= self.new_from).to_string()],
            ..EngineFacts::settled()
        })
    }
}

#[tokio::test]
async fn the_old_process_answering_for_seconds_commits_nothing() {
    let upgrade = Upgrade::start(1600, 1300, "3.6.15").await;
    let (verdict, timeline) = upgrade.gate(6000).await;
    assert_eq!(verdict, Verdict::Healthy);
    assert!(upgrade.began.elapsed() > Duration::from_millis(1600));
    let counted = timeline.entries().filter(|e| e.worth == Worth::Counted);
    let mut versions = counted.map(|entry| match &entry.seen {
        Seen::Answer { responder, .. } => responder.version.clone().unwrap(),
        other => panic!("{other:?}"),
    });
    assert!(versions.all(|version| version == "3.6.15"));
    let old = timeline.entries().filter(|e| matches!(&e.seen, Seen::Answer { responder, .. } if responder.version.as_deref() == Some("3.6.14")));
    assert!(old.count() > 5, "the old one was seen answering");
    assert_eq!(timeline.probes, upgrade.asked.load(Ordering::SeqCst) as u64);
}

#[tokio::test]
async fn the_right_version_counts_only_after_the_last_old_container_is_gone() {
    let upgrade = Upgrade::start(1300, 2300, "3.6.15").await;
    let (verdict, timeline) = upgrade.gate(6000).await;
    assert_eq!(verdict, Verdict::Healthy);
    assert!(upgrade.began.elapsed() >= Duration::from_millis(2300) + spec().times.steady);
    let too_early = |entry: &&Entry| entry.worth == Worth::Against(Against::OldContainers(1));
    assert!(timeline.entries().any(|entry| too_early(&entry)));
}

#[tokio::test]
async fn a_new_process_of_the_wrong_version_is_unhealthy() {
    let upgrade = Upgrade::start(1300, 1300, "3.6.16").await;
    let (verdict, _) = upgrade.gate(2500).await;
    let Verdict::Unhealthy(Unhealthy::Deadline(Against::Version { seen, .. })) = verdict else {
        panic!("{verdict:?}");
    };
    assert_eq!(seen, "3.6.16");
}

/// A wall clock that jumps while the gate waits.
struct Jumping(SystemClock, Mutex<u32>);

impl Clock for Jumping {
    fn now(&self) -> Moment {
        let mut calls = self.1.lock().unwrap();
        *calls += 1;
        let real = self.0.now();
        Moment {
            utc: real.utc + TimeDelta::hours(i64::from(*calls > 5)),
            ..real
        }
    }
}

#[tokio::test]
async fn a_wall_clock_that_jumps_while_waiting_is_inconclusive_and_does_not_end_the_wait() {
    let upgrade = Upgrade::start(60_000, 0, "3.6.15").await;
    let spec = AppSpec {
        health_port: Some(upgrade.server.addr.port()),
        ..spec()
    };
    let gate = Gate::new(&spec).unwrap();
    let window = Window::new(Utc::now(), Duration::from_millis(600));
    let clock = Jumping(SystemClock::start(), Mutex::new(0));
    let rules = gate.rules(&version(), window, true);
    let mut timeline = Timeline::default();
    let verdict = wait(&gate, rules, &upgrade, &clock, &mut timeline, |_| ()).await;
    let Verdict::Inconclusive(Inconclusive::ClockJumped { by_ms }) = verdict else {
        panic!("{verdict:?}");
    };
    assert!((by_ms - 3_600_000).abs() < 2000, "{by_ms}");
    assert!(clock.0.now().mono >= Duration::from_millis(590));
}
