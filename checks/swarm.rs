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

use libtest_mimic::{Arguments, Trial};

fn main() -> std::process::ExitCode {
    let mut arguments = Arguments::from_args();
    // The machine starts and stops containers; more at once only makes each slower.
    arguments.test_threads = arguments.test_threads.or(Some(3));
    let missing = support::swarm::missing();
    if let Some(missing) = &missing {
        println!("not run: no Docker engine can be started here ({missing})");
    }
    let trials = observe::trials().into_iter().chain(driver::trials());
    let trials: Vec<Trial> = trials
        .map(|trial| trial.with_ignored_flag(missing.is_some()))
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    kit::stop();
    conclusion.exit_code()
}
