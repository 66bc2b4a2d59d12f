//! What needs a real Docker engine: one engine of the tests' own (`checks/swarm/engine`) for all.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot set its world up has failed"
)]

mod engine;
mod reconcile;

fn main() -> std::process::ExitCode {
    // The longest first.
    let trials = reconcile::trials().chain(engine::trials());
    test_kit::swarm::run(trials.collect())
}
