//! The host that the gate is about.

use std::path::PathBuf;

use super::super::kit::{self, Lab};
use test_kit::sshd::{ALIAS, Sshd};

/// A host that can be redeployed.
pub(crate) enum Host {
    /// The replica, with its real system.
    Replica(Lab),
    /// Loopback; what it runs is told by a file.
    Loopback(Sshd),
}

impl Host {
    /// A replica where there is one.
    pub(crate) fn take() -> Host {
        let replicas = kit::ssh_configs();
        if !replicas.is_empty() {
            return Host::Replica(Lab::take(&replicas));
        }
        let sshd = Sshd::builder().start();
        std::fs::write(sshd.path("revision"), "system-one\n").unwrap();
        Host::Loopback(sshd)
    }

    pub(crate) fn config(&self) -> PathBuf {
        match self {
            Host::Replica(lab) => lab.config().to_owned(),
            Host::Loopback(sshd) => sshd.config(),
        }
    }

    pub(crate) fn alias(&self) -> &'static str {
        match self {
            Host::Replica(_) => "cc-ci",
            Host::Loopback(_) => ALIAS,
        }
    }

    /// The command that tells what it runs.
    pub(crate) fn revision(&self) -> String {
        match self {
            Host::Replica(_) => "readlink -f /run/current-system".to_owned(),
            Host::Loopback(sshd) => format!("cat {}", sshd.path("revision").display()),
        }
    }

    /// What it runs now, asked apart from the program under test.
    pub(crate) fn runs(&self) -> String {
        let told = match self {
            Host::Replica(lab) => lab.ssh(&self.revision()),
            Host::Loopback(sshd) => std::fs::read_to_string(sshd.path("revision")).unwrap(),
        };
        told.trim().to_owned()
    }

    /// From now on it runs something else. The replica is mended at the end.
    pub(crate) fn redeploy(&self) {
        match self {
            Host::Replica(lab) => lab.break_it(&["system"]),
            Host::Loopback(sshd) => {
                std::fs::write(sshd.path("revision"), "system-two\n").unwrap();
            }
        }
    }
}
