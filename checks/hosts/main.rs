//! What is asked of a host, against a real `sshd` on loopback: the transport, the whole program over
//! it, and how the gates of a host stand. Without `sshd` every test is reported as ignored.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot set its world up has failed"
)]

mod over_ssh;
mod ssh;
mod status;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::Arguments;
use test_kit::trials::trial;

fn main() -> ExitCode {
    if let Some(config) = std::env::var_os(ssh::CLIENT) {
        ssh::be_a_client(Path::new(&config));
        return ExitCode::FAILURE;
    }
    let mut arguments = Arguments::from_args();
    // They wait for watchdogs and time limits most of the time.
    arguments.test_threads = arguments.test_threads.or(Some(6));
    let missing = test_kit::sshd::program().is_none();
    if missing {
        eprintln!("not run: sshd is missing (package openssh-server)");
    }
    let trials = over_ssh::trials()
        .into_iter()
        .chain(ssh::trials())
        .chain(status::trials())
        .map(|trial| match missing {
            true => trial.with_ignored_flag(true),
            false => trial,
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
