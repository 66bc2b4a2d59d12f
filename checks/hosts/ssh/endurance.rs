//! A thousand deadlines: minutes of work, so it runs only where `GATEPROOF_ENDURANCE` is set.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use reach::host::Fault;
use test_kit::runs::{eventually, marker, processes_with};
use test_kit::sshd::Sshd;

use super::kit::{host, run, shell, trial};

const ALL: usize = 1000;
const CONNECTIONS: usize = 4;

pub(crate) fn trials() -> [Trial; 1] {
    let name = "a_thousand_deadlines_leave_no_process";
    let wanted = std::env::var_os("GATEPROOF_ENDURANCE").is_some();
    [trial(name, deadlines).with_ignored_flag(!wanted)]
}

/// Each job has a child, one in a session of its own, and one whose parent is gone.
async fn deadlines() {
    let server = Sshd::builder().start();
    let marker = marker();
    let mark: &str = &marker;
    let line = format!(
        "setsid sleep 600 {mark} & (sleep 600 {mark} &) ; trap '' TERM HUP; sleep 600 {mark}"
    );
    let began = Instant::now();
    let each = |_| {
        let (host, line) = (host(&server), line.clone());
        async move {
            let mut slowest = Duration::ZERO;
            for _ in 0..ALL / CONNECTIONS {
                let mut job = shell(&line);
                job.deadline = Duration::from_millis(150);
                let sent = Instant::now();
                match host.run(&job).await {
                    Err(Fault::Deadline { .. }) => {}
                    other => panic!("{other:?}"),
                }
                slowest = slowest.max(sent.elapsed());
            }
            // The connection is the same one, and still works.
            assert_eq!(run(&host, "echo ok").await.stdout.text().trim(), "ok");
            host.close().await;
            slowest
        }
    };
    let mut tasks = tokio::task::JoinSet::new();
    for task in (0..CONNECTIONS).map(each) {
        tasks.spawn(task);
    }
    let slowest = tasks.join_all().await.into_iter().max().unwrap_or_default();
    println!(
        "{ALL} deadlines of 150 ms over {CONNECTIONS} connections in {:.0} s, the slowest ended after {:.2} s",
        began.elapsed().as_secs_f64(),
        slowest.as_secs_f64()
    );
    eventually("no process is left", || processes_with(mark).is_empty());
    println!("0 processes are left");
}
