//! `warm-reconcile` as built, under faults: killed at every write that it waits for, told to stop,
//! with torn state files and full disks. The engine is the one that is none
//! (`test_kit::fake_engine`) behind a stand-in of the `docker` program, so that a run takes
//! a second and every moment can be hit; `checks/swarm/suite` has the real engine.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot set its world up has failed"
)]

mod data;
mod disk;
mod duties;
mod files;
mod mends;
mod secrets;
mod signals;
mod stage;
mod walk;

use libtest_mimic::{Arguments, Trial};

fn main() -> std::process::ExitCode {
    let mut arguments = Arguments::from_args();
    // The walks bring threads of their own; a gate that is starved of time proves nothing.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let trials: Vec<Trial> = walk::trials()
        .into_iter()
        .chain(files::trials())
        .chain(disk::trials())
        .chain(signals::trials())
        .chain(mends::trials())
        .chain(data::trials())
        .chain(secrets::trials())
        .chain(duties::trials())
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
