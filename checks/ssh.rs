//! The SSH transport against a real `sshd` on loopback.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests"
)]

mod support;

#[path = "ssh/commands.rs"]
mod commands;
#[path = "ssh/kit.rs"]
mod kit;

use libtest_mimic::{Arguments, Trial};

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let there = support::sshd::program().is_some();
    if !there {
        println!("not run: sshd is missing (package openssh-server)");
    }
    let trials = commands::trials();
    let trials = trials.into_iter().map(|trial| {
        if there {
            trial
        } else {
            trial.with_ignored_flag(true)
        }
    });
    libtest_mimic::run(&arguments, trials.collect::<Vec<Trial>>()).exit_code()
}
