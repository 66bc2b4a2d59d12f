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
#[path = "ssh/cost.rs"]
mod cost;
#[path = "ssh/forwards.rs"]
mod forwards;
#[path = "ssh/kit.rs"]
mod kit;
#[path = "ssh/links.rs"]
mod links;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if let Some(config) = std::env::var_os(links::CLIENT) {
        links::be_a_client(Path::new(&config));
        return ExitCode::FAILURE;
    }
    let arguments = Arguments::from_args();
    let missing = support::sshd::program().is_none();
    if missing {
        eprintln!("not run: sshd is missing (package openssh-server)");
    }
    let all = [
        // The longest first.
        links::trials(),
        commands::trials(),
        forwards::trials(),
        cost::trials(),
    ];
    let all = all.into_iter().flatten().map(|trial| {
        if missing {
            trial.with_ignored_flag(true)
        } else {
            trial
        }
    });
    libtest_mimic::run(&arguments, all.collect::<Vec<Trial>>()).exit_code()
}
