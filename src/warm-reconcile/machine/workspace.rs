//! Folders for the tools, gone with the run; those of a run that was killed go with the next one.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Machine, RunError};
use crate::state::layout::AppPaths;
use kit::digest;

/// One folder in the system's place for temporary files. Not in the state folder: that may be the
/// one that is full, and a way back needs room.
pub(super) struct Workspace {
    folder: tempfile::TempDir,
}

impl Workspace {
    fn new(paths: &AppPaths) -> Result<Workspace, RunError> {
        let folder = tempfile::Builder::new()
            .prefix(&prefix(paths))
            .tempdir()
            .map_err(RunError::Scratch)?;
        for name in ["recipe", "scratch"] {
            std::fs::create_dir(folder.path().join(name)).map_err(RunError::Scratch)?;
        }
        Ok(Workspace { folder })
    }

    pub(super) fn recipe(&self) -> PathBuf {
        self.folder.path().join("recipe")
    }

    pub(super) fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }
}

impl Machine<'_> {
    pub(super) fn workspace(&self) -> Result<Workspace, RunError> {
        Workspace::new(&self.site.paths)
    }

    /// Removes what runs of this app left that were killed. Only under the app's lock: nobody
    /// else works in them then. What cannot be removed costs nothing but its room.
    pub(super) fn sweep_workspaces(&self) {
        sweep(&std::env::temp_dir(), &prefix(&self.site.paths));
    }
}

/// One name for one app of one state folder, so that nobody sweeps what is somebody else's.
fn prefix(paths: &AppPaths) -> String {
    let root = paths.layout().root().as_os_str().as_encoded_bytes();
    let mark = digest::sha256(root);
    format!("warm-reconcile-{}-{}-", paths.app(), &mark[..8])
}

fn sweep(folder: &Path, prefix: &str) {
    let ours = rustix::process::getuid().as_raw();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let named = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(prefix.as_bytes());
        // Of the entry itself, not of what a link points to.
        let own = entry
            .metadata()
            .is_ok_and(|of| of.is_dir() && of.uid() == ours);
        if named && own {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::layout::Layout;

    #[test]
    fn only_the_folders_of_this_app_and_state_are_swept() {
        let place = tempfile::tempdir().unwrap();
        let of = |root: &str, app: &str| {
            let root = place.path().join(root);
            prefix(&Layout::new(root).unwrap().app(app, app).unwrap())
        };
        let ours = of("a", "traefik");
        let others = [
            of("b", "traefik"),
            of("a", "traefik-2"),
            of("a", "keycloak"),
        ];
        let make = |name: String| {
            let path = place.path().join(name);
            std::fs::create_dir_all(path.join("recipe")).unwrap();
            path
        };
        let dead = make(format!("{ours}x1"));
        let alive = others.map(|other| make(format!("{other}x1")));
        let link = place.path().join(format!("{ours}link"));
        std::os::unix::fs::symlink(&alive[0], &link).unwrap();
        sweep(place.path(), &ours);
        assert!(!dead.exists());
        assert!(alive.iter().all(|path| path.join("recipe").exists()));
        assert!(link.is_symlink());
    }
}
