//! What did not pass the last time, for `--failed`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::cli::runs::Located;
use crate::cli::store::runs_of;
use crate::record::read_phase;
use crate::run::OneCheck;
use claim::outcome::Outcome;

/// The checks of these files that did not pass when they were last asked, or never were; by the records below
/// `reports`, or else of the repository, or of the folder without one. Empty where all passed.
///
/// # Errors
/// When records are there and cannot be read.
pub(crate) fn failed(
    files: &[Located<'_>],
    folder: &Path,
    reports: Option<&Path>,
) -> anyhow::Result<BTreeSet<OneCheck>> {
    let mut all = BTreeSet::new();
    for (file, repository) in files {
        let root = repository.as_ref().map_or(folder, |it| it.root());
        let folder = runs_of(&file.phase, root, reports)?;
        let mut last: BTreeMap<OneCheck, Outcome> = BTreeMap::new();
        if folder.path().is_dir() {
            // The newest comes last, and has the last word on what it asked.
            for stored in read_phase(&folder.path())?.records {
                for check in stored.record.checks {
                    let one = OneCheck::new(&file.phase, &check.gate, &check.id);
                    last.insert(one, check.outcome);
                }
            }
        }
        for gate in &file.gates {
            for check in &gate.checks {
                let one = OneCheck::new(&file.phase, &gate.id, &check.id);
                if last.get(&one) != Some(&Outcome::Pass) {
                    all.insert(one);
                }
            }
        }
    }
    Ok(all)
}
