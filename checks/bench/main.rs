//! What is held to a limit that is measured in the same run. `checks/run` starts it with nothing beside
//! it: a busy machine slows down what waits for many answers more than what it is compared with.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot set its world up has failed"
)]

mod over_ssh;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let missing = test_kit::sshd::program().is_none();
    if missing {
        eprintln!("not run: sshd is missing (package openssh-server)");
    }
    let trials = over_ssh::trials()
        .into_iter()
        .map(|trial| {
            if missing {
                trial.with_ignored_flag(true)
            } else {
                trial
            }
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
