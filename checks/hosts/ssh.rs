//! The SSH transport against a real `sshd` on loopback.

mod channel;
mod commands;
mod endurance;
mod forwards;
mod kit;
mod links;

use libtest_mimic::Trial;

pub(crate) use links::{CLIENT, be_a_client};

pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    // The longest first.
    let all = [
        links::trials(),
        commands::trials(),
        channel::trials(),
        forwards::trials(),
    ];
    all.into_iter().flatten().chain(endurance::trials())
}
