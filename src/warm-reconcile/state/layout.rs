//! Where everything lies: `/var/lib/ci-warm`, with the reference's names where it has them.
//!
//! ```text
//! <root>/<recipe>/last_good            the reference's file: one line, the version
//!                 last_good.json       what we know of it beyond that
//!                 snapshot/            the current snapshot: meta.json, volumes/<volume>.tar
//!                 snapshot.previous/   the last proven one, until `snapshot` is proven
//!                 snapshot.aside/      what lay there before a restore that was asked for
//!                 snapshot.new/        one that is being made
//!                 journal.jsonl, history.jsonl, quarantine.json, hold.json, acks.json
//!                 gate.json            the proof that the gate can fail
//!                 deployed.json        what the services of last-good were deployed as
//!                 pace.json            how long the steps of the last upgrade took
//!                 runs/<run>.json      what each run saw and did
//!        <recipe>/apps/<app>/…         the same, for an app that is not named as its recipe
//!        alerts/, alerts/seen/         the reference's
//!        audit.jsonl  metrics/<app>.prom, .json  locks/<app>.lock  locks/<app>.owner.json
//! ```
//!
//! The reference swapped the whole of `<recipe>/` and so lost `last_good`. Here only
//! `snapshot*` folders are ever renamed, and nothing else lies in them.
//!
//! The reference keys by recipe and never had two apps of one recipe. The app that is named as
//! its recipe keeps the reference's paths; any other app of that recipe has a folder of its own
//! below, so that two apps never share a state file. Locks, metrics and alerts go by app name,
//! which is unique in the app file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use thiserror::Error;

use kit::atomic;

/// The root when nothing says otherwise.
pub const DEFAULT_ROOT: &str = "/var/lib/ci-warm";

/// The environment variable that overrides the root, as in the reference.
pub const ROOT_VARIABLE: &str = "CCCI_WARM_ROOT";

/// Names under the root that no recipe can have.
const RESERVED: [&str; 3] = ["alerts", "locks", "metrics"];

/// A temporary file older than this belongs to a process that was killed.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Why there are no paths.
#[derive(Debug, Error)]
pub enum LayoutError {
    /// The variable is set to nothing.
    #[error("`{ROOT_VARIABLE}` is set and empty; unset it for `{DEFAULT_ROOT}`")]
    EmptyRoot,
    /// The root cannot be made absolute.
    #[error("the state folder `{root}` has no absolute path: {source}")]
    Relative {
        /// As it was given.
        root: PathBuf,
        source: io::Error,
    },
    /// The name of an app or recipe is no name of a file.
    #[error(
        "`{name}` cannot name {what}: letters, digits, `_`, `-` and inner `.`, at most 64 of them, and none of `alerts`, `locks`, `metrics`"
    )]
    Name {
        name: String,
        /// `an app` or `a recipe`.
        what: &'static str,
    },
    /// A folder cannot be made.
    #[error("cannot make the folder `{path}`: {source}")]
    Folder { path: PathBuf, source: io::Error },
}

/// The paths that all apps share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
}

/// The paths of one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppPaths {
    layout: Layout,
    app: String,
    home: PathBuf,
}

impl Layout {
    /// The layout under a root; a relative one is taken from the current folder, once.
    ///
    /// # Errors
    /// [`LayoutError::EmptyRoot`] and [`LayoutError::Relative`].
    pub fn new(root: impl AsRef<Path>) -> Result<Layout, LayoutError> {
        let root = root.as_ref();
        if root.as_os_str().is_empty() {
            return Err(LayoutError::EmptyRoot);
        }
        let absolute = std::path::absolute(root).map_err(|source| LayoutError::Relative {
            root: root.to_owned(),
            source,
        })?;
        Ok(Layout { root: absolute })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn alerts(&self) -> PathBuf {
        self.root.join("alerts")
    }

    /// Alerts that somebody has seen. It is made when the first one is, because
    /// a check of the reference wants `alerts/` to be empty.
    pub fn seen_alerts(&self) -> PathBuf {
        self.root.join("alerts/seen")
    }

    /// The log of all apps.
    pub fn log(&self) -> PathBuf {
        self.root.join("audit.jsonl")
    }

    /// The folder for the textfile collector.
    pub fn metrics(&self) -> PathBuf {
        self.root.join("metrics")
    }

    /// The folder of the locks.
    pub fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }

    /// The paths of an app.
    ///
    /// # Errors
    /// [`LayoutError::Name`].
    pub fn app(&self, app: &str, recipe: &str) -> Result<AppPaths, LayoutError> {
        check_name(app, "an app")?;
        check_name(recipe, "a recipe")?;
        let recipe_home = self.root.join(recipe);
        let home = if app == recipe {
            recipe_home
        } else {
            recipe_home.join("apps").join(app)
        };
        Ok(AppPaths {
            layout: self.clone(),
            app: app.to_owned(),
            home,
        })
    }
}

impl AppPaths {
    /// The layout it belongs to.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    pub fn app(&self) -> &str {
        &self.app
    }

    /// The app's own folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The reference's file: the version, and nothing else.
    pub fn last_good(&self) -> PathBuf {
        self.home.join("last_good")
    }

    /// What we know of last-good beyond its version.
    pub fn last_good_record(&self) -> PathBuf {
        self.home.join("last_good.json")
    }

    /// The record of a last-good that is about to be committed.
    pub fn last_good_next(&self) -> PathBuf {
        self.home.join("last_good.next.json")
    }

    pub fn journal(&self) -> PathBuf {
        self.home.join("journal.jsonl")
    }

    /// Space that is given back when the disk is full, so that the journal can end a run.
    pub fn reserve(&self) -> PathBuf {
        self.home.join("journal.reserve")
    }

    /// The runs of the past.
    pub fn history(&self) -> PathBuf {
        self.home.join("history.jsonl")
    }

    /// The flight records: one file for each run that was more than a look.
    pub fn runs(&self) -> PathBuf {
        self.home.join("runs")
    }

    /// The proof that the gate can fail.
    pub fn gate(&self) -> PathBuf {
        self.home.join("gate.json")
    }

    /// What the services of last-good were deployed as.
    pub fn deployed(&self) -> PathBuf {
        self.home.join("deployed.json")
    }

    /// How long the steps of the last upgrade took.
    pub fn pace(&self) -> PathBuf {
        self.home.join("pace.json")
    }

    /// What is not tried again.
    pub fn quarantine(&self) -> PathBuf {
        self.home.join("quarantine.json")
    }

    /// The hold by hand.
    pub fn hold(&self) -> PathBuf {
        self.home.join("hold.json")
    }

    /// The version that somebody has pinned.
    pub fn pin(&self) -> PathBuf {
        self.home.join("pin.json")
    }

    /// The versions that somebody has acknowledged.
    pub fn acks(&self) -> PathBuf {
        self.home.join("acks.json")
    }

    pub fn lock(&self) -> PathBuf {
        self.layout.locks().join(format!("{}.lock", self.app))
    }

    /// Who holds the lock.
    pub fn lock_owner(&self) -> PathBuf {
        self.layout.locks().join(format!("{}.owner.json", self.app))
    }

    pub fn metrics(&self) -> PathBuf {
        self.layout.metrics().join(format!("{}.prom", self.app))
    }

    /// The counters that the app's metrics go on with. Beside them, and not in the app's folder:
    /// a run that finds all well writes nothing else.
    pub fn counters(&self) -> PathBuf {
        self.layout.metrics().join(format!("{}.json", self.app))
    }

    /// Makes the folders, and removes temporary files of processes that were killed more than
    /// an hour ago. Nothing that only reads (`plan`, `status`) calls it.
    ///
    /// # Errors
    /// [`LayoutError::Folder`].
    pub fn prepare(&self) -> Result<(), LayoutError> {
        let layout = &self.layout;
        let folders = [
            self.home.clone(),
            layout.alerts(),
            layout.locks(),
            layout.metrics(),
        ];
        for path in &folders {
            fs::create_dir_all(path).map_err(|source| LayoutError::Folder {
                path: path.clone(),
                source,
            })?;
            sweep(path);
        }
        sweep(&layout.root);
        Ok(())
    }
}

fn check_name(name: &str, what: &'static str) -> Result<(), LayoutError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let good = !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(plain)
        && !name.starts_with(['.', '-'])
        && !name.ends_with('.')
        && !RESERVED.contains(&name);
    good.then_some(()).ok_or_else(|| LayoutError::Name {
        name: name.to_owned(),
        what,
    })
}

/// Removes what killed processes left. That it could not be removed is no reason to stop.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = name.to_string_lossy().ends_with(atomic::SUFFIX);
        let old = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|at| {
                SystemTime::now()
                    .duration_since(at)
                    .is_ok_and(|age| age > ABANDONED)
            });
        if ours && old {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_names_of_the_reference() {
        let layout = Layout::new(DEFAULT_ROOT).unwrap();
        let app = layout.app("keycloak", "keycloak").unwrap();
        assert_eq!(
            app.last_good(),
            Path::new("/var/lib/ci-warm/keycloak/last_good")
        );
        assert_eq!(
            layout.seen_alerts(),
            Path::new("/var/lib/ci-warm/alerts/seen")
        );
    }

    #[test]
    fn two_apps_of_one_recipe_share_no_file() {
        let layout = Layout::new("/state").unwrap();
        let one = layout.app("traefik", "traefik").unwrap();
        let other = layout.app("traefik-edge", "traefik").unwrap();
        let files = |app: &AppPaths| {
            [
                app.last_good(),
                app.journal(),
                app.lock(),
                app.metrics(),
                app.home().join("snapshot"),
            ]
        };
        for (left, right) in files(&one).into_iter().zip(files(&other)) {
            assert_ne!(left, right);
        }
    }

    #[test]
    fn an_empty_root_is_refused_and_a_relative_one_made_absolute() {
        assert!(matches!(Layout::new(""), Err(LayoutError::EmptyRoot)));
        assert!(Layout::new("here").unwrap().root().is_absolute());
    }

    #[test]
    fn refuses_names_that_lead_elsewhere() {
        let layout = Layout::new("/state").unwrap();
        for bad in [
            "", "..", ".x", "a/b", "alerts", "locks", "metrics", "a\n", "-f", "ä", "x.",
        ] {
            assert!(layout.app(bad, "traefik").is_err(), "{bad:?}");
            assert!(layout.app("traefik", bad).is_err(), "{bad:?}");
        }
        assert!(layout.app(&"a".repeat(65), "traefik").is_err());
    }

    #[test]
    fn sweeps_only_old_files_of_our_own() {
        let root = tempfile::tempdir().unwrap();
        let app = Layout::new(root.path()).unwrap().app("a", "a").unwrap();
        app.prepare().unwrap();
        let old = SystemTime::now() - Duration::from_secs(7200);
        let make = |name: &str, at: Option<SystemTime>| {
            let path = app.home().join(name);
            let file = fs::File::create(&path).unwrap();
            file.set_modified(at.unwrap_or_else(SystemTime::now))
                .unwrap();
            path
        };
        let ours = make(&format!(".journal.abc{}", atomic::SUFFIX), Some(old));
        let fresh = make(&format!(".journal.def{}", atomic::SUFFIX), None);
        let theirs = make("canonical.json", Some(old));
        app.prepare().unwrap();
        assert!(!ours.exists() && fresh.exists() && theirs.exists());
    }
}
