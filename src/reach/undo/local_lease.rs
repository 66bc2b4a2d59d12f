//! The lease on this machine: its folder, and the beat of its owner, which is this process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host::Host;

/// How often the owner of a lease on this machine renews it.
const BEAT: Duration = Duration::from_secs(5);

/// Whether this machine has anything of ours at all, or something in its place.
pub(super) fn something_here(host: &Host) -> bool {
    let base = host.state().map(Path::to_owned).or_else(base_here);
    base.is_some_and(|base| base.symlink_metadata().is_ok())
}

/// Renews the lease of a run on this machine, as the runner does on a host.
#[derive(Debug)]
pub struct Beat {
    base: PathBuf,
    run_id: String,
    task: tokio::task::JoinHandle<()>,
}

impl Beat {
    /// Begins with the lease of this run in this folder.
    pub fn start(base: PathBuf, run_id: &str) -> Beat {
        let file = beat_file(&base);
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(BEAT).await;
                if let Some(now) = uptime() {
                    // A beat that cannot be written counts as none.
                    let _ = std::fs::write(&file, format!("{now}\n"));
                }
            }
        });
        Beat {
            base,
            run_id: run_id.to_owned(),
            task,
        }
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.task.abort();
        // It may be gone already.
        let _ = std::fs::remove_file(beat_file(&self.base));
        let lease = self.base.join("lease");
        let held = std::fs::read_to_string(&lease).unwrap_or_default();
        let line = held.lines().next().unwrap_or_default();
        if line.starts_with(&format!("{} ", owner()))
            && line.ends_with(&format!(" {}", self.run_id))
        {
            let _ = std::fs::remove_file(&lease);
        }
        let outer = self.base.parent().filter(|_| is_of_repository(&self.base));
        let own = [self.base.join("undo"), self.base.clone()];
        for folder in own.into_iter().chain(outer.map(Path::to_owned)) {
            // Only when nothing is in it.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// How the names of the state folders of repositories begin.
const OF_REPOSITORY: &str = "repository-";

fn is_of_repository(base: &Path) -> bool {
    let name = base.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with(OF_REPOSITORY))
}

/// The state folder, on this machine, of the repository that this text identifies: what one project
/// disturbs here is nothing to another.
pub fn state_of_repository(identity: &str) -> Option<PathBuf> {
    let digest = kit::digest::sha256(identity);
    let name = format!("{OF_REPOSITORY}{}", digest.get(..16)?);
    std::path::absolute(base_here()?.join(name)).ok()
}

/// All state folders of this machine that exist: its own, and those of repositories.
pub fn states_here() -> Vec<PathBuf> {
    let Some(base) = base_here() else {
        return Vec::new();
    };
    let inside = std::fs::read_dir(&base).into_iter().flatten().flatten();
    let mut states: Vec<PathBuf> = inside.map(|entry| entry.path()).collect();
    states.retain(|path| is_of_repository(path));
    states.sort();
    states.insert(0, base);
    states
}

fn beat_file(base: &Path) -> PathBuf {
    base.join(format!("beat-{}", owner().replace(' ', "-")))
}

/// Process id and start time of this program, as the agent compares them.
pub(super) fn owner() -> String {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets come state, parent …; the start is the 22nd field of all.
    let start = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.split(' ').nth(19))
        .unwrap_or("0");
    format!("{} {start}", std::process::id())
}

/// Seconds since the boot, as `/proc/uptime` has them.
fn uptime() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    text.split('.').next()?.parse().ok()
}

/// The state folder of this machine; the same rule as in `common.sh`.
fn base_here() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(base) = named("GATEPROOF_STATE") {
        return Some(PathBuf::from(base));
    }
    if rustix::process::geteuid().is_root() {
        return Some(PathBuf::from("/var/lib/gateproof"));
    }
    let state = named("XDG_STATE_HOME").map(PathBuf::from);
    let home = || named("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    Some(state.or_else(home)?.join("gateproof"))
}
