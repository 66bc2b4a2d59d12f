//! The whole program against containers of a real Docker engine: `on:` a host that is reached by
//! `docker exec`.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests"
)]

mod boxes;
mod disturbed;
mod reached;

use libtest_mimic::Trial;

fn main() -> std::process::ExitCode {
    let trials = reached::TRIALS.iter().chain(disturbed::TRIALS);
    let trials = trials.map(|(name, body)| {
        Trial::test(*name, || {
            body();
            Ok(())
        })
    });
    test_kit::swarm::run(trials.collect())
}
