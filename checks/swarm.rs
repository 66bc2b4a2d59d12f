//! The engine's client and the `stack` driver against a real Docker engine of the tests' own.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests"
)]

mod support;

#[path = "swarm/driver.rs"]
mod driver;
#[path = "swarm/kit.rs"]
mod kit;
#[path = "swarm/observe.rs"]
mod observe;

fn main() -> std::process::ExitCode {
    let trials = observe::trials().into_iter().chain(driver::trials());
    support::swarm::run(trials.collect(), kit::stop)
}
