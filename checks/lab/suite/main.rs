//! The program against the replica host of `checks/lab`: what no loopback server can show.
//!
//! `GATEPROOF_LAB_SSH_CONFIG` names the replica's ssh configuration (`checks/lab/ssh-config` prints
//! it), or those of several replicas with colons between them; `checks/run` sets it. Without it every
//! test is reported as ignored, with the reason. A test disturbs a host that it has for itself, so the
//! tests take turns, also as separate processes.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot set its world up has failed"
)]

mod broken;
mod cut;
mod documents;
mod kit;
mod lies;
mod m1;
mod m2;
mod story;
mod wrong;

use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Trial};

use kit::Lab;

const NOT_RUN: &str = "not run: no replica host (checks/lab/up)";

/// A promise, and the function that tries to break it.
type Promise = (&'static str, fn(&Lab));

fn main() -> std::process::ExitCode {
    let mut arguments = Arguments::from_args();
    let replicas: Arc<[PathBuf]> = kit::ssh_configs().into();
    // Each test has a replica for itself.
    arguments.test_threads = Some(replicas.len().max(1));
    // The longest first. The documents are of the run of M1: no replica waits for it to end.
    let trials = [
        m2::ALL,
        m1::ALL,
        cut::ALL,
        lies::ALL,
        wrong::ALL,
        broken::ALL,
        documents::ALL,
    ]
    .concat();
    let trials = trials
        .into_iter()
        .map(|promise| trial(promise, Arc::clone(&replicas), &arguments))
        .chain([story::trial()])
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Without a replica a test is ignored when it is listed (a runner such as nextest then leaves it
/// out) and when it is run (then with the reason); asked for by `--ignored`, it fails.
fn trial((name, test): Promise, replicas: Arc<[PathBuf]>, arguments: &Arguments) -> Trial {
    if replicas.is_empty() {
        let insisted = arguments.ignored || arguments.include_ignored;
        return Trial::ignorable_test(name, move || match insisted {
            true => Err(NOT_RUN.into()),
            false => Ok(Completion::ignored_with(NOT_RUN)),
        })
        .with_ignored_flag(arguments.list || insisted);
    }
    Trial::test(name, move || {
        let lab = Lab::take(&replicas);
        test(&lab);
        Ok(())
    })
}
