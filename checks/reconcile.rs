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

use libtest_mimic::{Arguments, Trial};

fn main() -> std::process::ExitCode {
    let mut arguments = Arguments::from_args();
    // Each trial mostly waits; more at once makes every container slower.
    arguments.test_threads = arguments.test_threads.or(Some(3));
    let missing = support::swarm::missing();
    if let Some(missing) = &missing {
        println!("not run: no Docker engine can be started here ({missing})");
    }
    let trials = story::trials().into_iter().chain(kills::trials());
    let trials = trials.chain(stateful::trials()).chain(faults::trials());
    let trials: Vec<Trial> = trials
        .map(|trial| trial.with_ignored_flag(missing.is_some()))
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    desk::stop();
    conclusion.exit_code()
}
