//! How a claim file is run.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::record::{Act, ClaimedBy};
use reach::host::ReachOptions;

use super::activity::Activity;
use super::plan::Selection;
use super::repository::Repository;

/// Who runs the checks. It decides which documents may be written and what may be disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Claims a gate; owns STATUS and JOURNAL.
    Builder,
    /// Disbelieves it; owns REVIEW.
    Adversary,
    /// Runs on push; owns no document and only observes.
    Ci,
}

impl Role {
    /// The role as it is recorded.
    pub fn name(self) -> &'static str {
        match self {
            Role::Builder => "builder",
            Role::Adversary => "adversary",
            Role::Ci => "ci",
        }
    }

    /// The role of a recorded name.
    pub fn named(name: &str) -> Option<Role> {
        [Role::Builder, Role::Adversary, Role::Ci]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// How a claim file is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who runs it; nobody in particular without it.
    pub role: Option<Role>,
    /// What the run is for.
    pub act: Act,
    /// Which checks.
    pub selection: Selection,
    /// How to reach hosts.
    pub reach: ReachOptions,
    /// The folder in which checks `on: local` run.
    pub folder: PathBuf,
    /// The repository around the claim file.
    pub repository: Option<Arc<Repository>>,
    /// Whether checks that cannot be undone may run (`--allow destructive`).
    pub allow_destructive: bool,
    /// Of a review: who made the claim; their own attestation of a `human:` check does not count.
    pub besides: Option<ClaimedBy>,
    /// The running program: its folder comes first in the PATH of local commands, so that
    /// `gateproof` in a claim is the one that reads the claim.
    pub program: Option<PathBuf>,
    /// Whether to look for what shows that each check can fail, also where no gate requires it.
    pub teeth: bool,
    /// How long to wait for a host that somebody else disturbs.
    pub lease_wait: Duration,
    /// How many checks that only observe run side by side, wherever they are; `None`: what each place bears.
    pub jobs: Option<NonZeroUsize>,
    /// Whether nothing more is asked after a check that does not pass.
    pub fail_fast: bool,
    /// Another order of the checks, where they may have one.
    pub shuffle: Option<u64>,
    /// What is being asked, for somebody who watches.
    pub activity: Activity,
}
