//! What the test suites share: the built programs and their runs, servers on loopback, a real
//! `sshd`, a real Docker engine and a fake one, small disks. For tests only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::new_without_default,
    reason = "a test that cannot set its world up has failed"
)]

pub mod children;
pub mod desk;
pub mod disk;
pub mod fake_engine;
pub mod ledger;
pub mod nobody;
pub mod nodes;
pub mod program;
pub mod proxy;
pub mod reference;
pub mod runs;
pub mod servers;
pub mod sshd;
pub mod swarm;
pub mod trials;
pub mod warm;
pub mod world;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The path of a program under test. A test program lies in `deps/`, beside the programs that cargo
/// built for it; only the test programs of a package know the paths by `env!`, and this is a library.
/// `checks/run` keeps them in a folder of their own: a claim builds a clone's program in their place.
pub fn built(name: &str) -> String {
    let beside = || {
        std::env::current_exe()
            .unwrap()
            .ancestors()
            .nth(2)
            .unwrap()
            .to_owned()
    };
    let folder = std::env::var_os("GATEPROOF_PROGRAMS").map_or_else(beside, PathBuf::from);
    let path = folder.join(name);
    assert!(path.is_file(), "{} is not built", path.display());
    path.display().to_string()
}

/// The root of the repository.
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        own.ancestors().nth(2).unwrap().to_owned()
    });
    &ROOT
}
