//! The program against the replica host of `checks/lab`: what no loopback server can show.
//!
//! `GATEPROOF_LAB_SSH_CONFIG` names the replica's ssh configuration (`checks/lab/ssh-config` prints
//! it); `checks/run` sets it. Without it every test is reported as ignored, with the reason. The
//! tests disturb the one host that there is, so they take turns, also as separate processes.
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

use libtest_mimic::{Arguments, Completion, Trial};

use kit::Lab;

const NOT_RUN: &str = "not run: no replica host (checks/lab/up)";

/// A promise, and the function that tries to break it.
type Promise = (&'static str, fn(&Lab));

fn main() -> std::process::ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let lab = kit::ssh_config();
    let trials = [
        m1::ALL,
        documents::ALL,
        broken::ALL,
        lies::ALL,
        cut::ALL,
        m2::ALL,
    ]
    .concat()
    .into_iter()
    .map(|promise| trial(promise, lab.clone(), &arguments))
    .chain([story::trial()])
    .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Without a replica a test is ignored when it is listed (a runner such as nextest then leaves it
/// out) and when it is run (then with the reason); asked for by `--ignored`, it fails.
fn trial((name, test): Promise, lab: Option<std::path::PathBuf>, arguments: &Arguments) -> Trial {
    let Some(config) = lab else {
        let insisted = arguments.ignored || arguments.include_ignored;
        return Trial::ignorable_test(name, move || match insisted {
            true => Err(NOT_RUN.into()),
            false => Ok(Completion::ignored_with(NOT_RUN)),
        })
        .with_ignored_flag(arguments.list || insisted);
    };
    Trial::test(name, move || {
        let lab = Lab::take(config);
        test(&lab);
        Ok(())
    })
}
