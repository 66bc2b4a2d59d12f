//! The whole of it: from a claim over its refutation, its fix, an edited claim file and a redeployed
//! host to `## DONE` and a clean audit, and then one changed byte. Real git with a bare remote and a
//! clone for everybody, real SSH keys; the host is the replica where there is one
//! (`GATEPROOF_LAB_SSH_CONFIG`, see `checks/lab.rs`), else a real `sshd` on loopback.
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests; what suites share, each uses a part of"
)]

#[path = "story/first.rs"]
mod first;
#[path = "story/host.rs"]
mod host;
#[path = "lab/suite/kit.rs"]
mod kit;
#[path = "support/program.rs"]
mod program;
#[path = "story/story.rs"]
mod story;
mod support;
#[path = "roles/world.rs"]
mod world;

use libtest_mimic::{Arguments, Completion, Trial};

type Promise = (&'static str, fn());

fn main() -> std::process::ExitCode {
    let arguments = Arguments::from_args();
    let missing = kit::ssh_config().is_none() && support::sshd::program().is_none();
    let story: Promise = (
        story::NAME,
        story::from_a_claim_to_done_and_one_changed_byte,
    );
    let run = |(name, test): Promise| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let told = match missing {
        true => Trial::ignorable_test(story.0, || {
            Ok(Completion::ignored_with(
                "not run: no replica, and no sshd (openssh-server)",
            ))
        }),
        false => run(story),
    };
    let mut trials: Vec<Trial> = first::ALL.iter().copied().map(run).collect();
    trials.push(told);
    libtest_mimic::run(&arguments, trials).exit_code()
}
