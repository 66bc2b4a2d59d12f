//! `warm-reconcile` as built, against a real Docker engine of the tests' own and real Traefik.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests"
)]

mod support;

#[path = "reconcile/desk.rs"]
mod desk;
#[path = "reconcile/faults.rs"]
mod faults;
#[path = "reconcile/kills.rs"]
mod kills;
#[path = "reconcile/ledger.rs"]
mod ledger;
#[path = "reconcile/stateful.rs"]
mod stateful;
#[path = "reconcile/story.rs"]
mod story;
#[path = "support/warm.rs"]
mod warm;

fn main() -> std::process::ExitCode {
    let trials = story::trials().into_iter().chain(kills::trials());
    let trials = trials.chain(stateful::trials()).chain(faults::trials());
    support::swarm::run(trials.collect(), desk::stop)
}
