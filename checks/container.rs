//! The whole program against containers of a real Docker engine: `on:` a host that is reached by
//! `docker exec`.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests"
)]

#[path = "container/boxes.rs"]
mod boxes;
#[path = "container/disturbed.rs"]
mod disturbed;
#[path = "support/program.rs"]
mod program;
#[path = "container/reached.rs"]
mod reached;
#[path = "support/runs.rs"]
#[allow(dead_code, reason = "shared with other suites")]
mod runs;
mod support;

use libtest_mimic::Trial;

fn main() -> std::process::ExitCode {
    let trials = reached::TRIALS.iter().chain(disturbed::TRIALS);
    let trials = trials.map(|(name, body)| {
        Trial::test(*name, || {
            body();
            Ok(())
        })
    });
    support::swarm::run(trials.collect(), boxes::stop)
}
