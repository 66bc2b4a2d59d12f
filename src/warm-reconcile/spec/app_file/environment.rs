//! What the process's environment says, read once at the edge.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::state::layout::{DEFAULT_ROOT, ROOT_VARIABLE};

/// What the environment variables say. Everything else takes it as data, so that no decision
/// depends on a variable that nobody sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Where state lives: `CCCI_WARM_ROOT`, else `/var/lib/ci-warm`.
    pub warm_root: PathBuf,
    /// Whether recipes are not fetched: `CCCI_SKIP_FETCH` is set and neither empty nor `0`.
    pub skip_fetch: bool,
    /// Where abra keeps its recipes: `ABRA_DIR`, else `.abra` in `HOME`, else in `/root`.
    pub abra_dir: PathBuf,
    /// The app file that is read when none is named: `/etc/warm-reconcile/apps.yaml`.
    pub app_file: PathBuf,
}

impl Environment {
    /// Reads this process's environment.
    pub fn from_process() -> Self {
        Self::from_lookup(|name| std::env::var_os(name))
    }

    /// Reads any environment. A variable that is set to nothing counts as not set, but for
    /// `CCCI_WARM_ROOT`: a script that meant another folder must not work on the real one, so the
    /// layout refuses it.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let value = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let home = value("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from);
        Environment {
            warm_root: lookup(ROOT_VARIABLE)
                .map_or_else(|| PathBuf::from(DEFAULT_ROOT), PathBuf::from),
            skip_fetch: value("CCCI_SKIP_FETCH").is_some_and(|value| value != "0"),
            abra_dir: value("ABRA_DIR").map_or_else(|| home.join(".abra"), PathBuf::from),
            app_file: PathBuf::from("/etc/warm-reconcile/apps.yaml"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_lookup(|name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn an_empty_environment_means_the_references_places() {
        let environment = environment(&[]);
        assert_eq!(environment.warm_root, PathBuf::from("/var/lib/ci-warm"));
        assert_eq!(environment.abra_dir, PathBuf::from("/root/.abra"));
        assert!(!environment.skip_fetch);
    }

    #[test]
    fn the_references_variables_are_honoured() {
        let told = environment(&[
            ("CCCI_WARM_ROOT", "/srv/warm"),
            ("CCCI_SKIP_FETCH", "1"),
            ("HOME", "/srv/ci"),
        ]);
        assert_eq!(told.warm_root, PathBuf::from("/srv/warm"));
        assert_eq!(told.abra_dir, PathBuf::from("/srv/ci/.abra"));
        assert!(told.skip_fetch);
        assert_eq!(
            environment(&[("CCCI_WARM_ROOT", "")]).warm_root,
            PathBuf::new()
        );
        for off in ["", "0"] {
            assert!(!environment(&[("CCCI_SKIP_FETCH", off)]).skip_fetch);
        }
    }
}
