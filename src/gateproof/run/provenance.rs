//! Where a run comes from: its claim file, its user, and what makes its name unique.

use std::path::PathBuf;

use crate::record::ClaimRef;
use claim::ClaimFile;

use super::options::Options;

pub(super) fn claim_ref(file: &ClaimFile, options: &Options) -> ClaimRef {
    let path = &file.source.path;
    let relative = options.repository.as_ref().and_then(|repository| {
        if repository.is_cold() {
            return None; // it is relative to the clone already
        }
        let full = std::fs::canonicalize(path).ok()?;
        let root = std::fs::canonicalize(repository.root()).ok()?;
        full.strip_prefix(root).map(PathBuf::from).ok()
    });
    ClaimRef {
        path: relative
            .unwrap_or_else(|| path.clone())
            .display()
            .to_string(),
        sha256: file.source.digest(),
        phase: file.phase.clone(),
        title: file.title.clone(),
        docs: file.docs.display().to_string(),
    }
}

/// `user@machine`, as far as it is known.
pub fn who() -> String {
    let user = std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_else(|_| format!("uid{}", rustix::process::getuid().as_raw()));
    let system = rustix::system::uname();
    format!("{user}@{}", system.nodename().to_string_lossy())
}

/// Four random bytes: two runs of the same second must not share a name.
pub fn random() -> u32 {
    use std::hash::{BuildHasher, Hasher};
    let hash = std::hash::RandomState::new().build_hasher().finish();
    u32::try_from(hash & u64::from(u32::MAX)).unwrap_or(0)
}
