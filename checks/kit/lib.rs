//! What several test suites share: servers on loopback, children to kill, small disks, and a
//! fake Docker engine. For tests only.
#![allow(
    clippy::unwrap_used,
    clippy::new_without_default,
    reason = "a test that cannot set its world up has failed"
)]

pub mod children;
pub mod fake_engine;
pub mod servers;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The root of the repository.
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        own.ancestors().nth(2).unwrap().to_owned()
    });
    &ROOT
}
