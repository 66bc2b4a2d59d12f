//! Where the facts of a phase come from: its records, its documents, and what git says of its files.

mod blame;
mod evidence;
mod signers;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use blame::blame;
pub use evidence::{ReviewText, evidence, taken_away};
pub(crate) use evidence::{of_attestations, of_records, signed_attestations, writers};
pub use signers::{ALLOWED_SIGNERS, SignersError, of_reader, signers};
pub(crate) use signers::{SignedFile, signatures};

use super::heading::{self, Reading};
use super::spec::ClaimSpec;
use crate::record::{Act, RecordError, RecordFault, StoredRecord, read_phase, without_own_files};
use claim::ClaimFile;
use kit::git;

/// The records of a phase that can be believed, and what is wrong with the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SoundRecords {
    /// In the order of the chain.
    pub sound: Vec<StoredRecord>,
    /// Everything that is wrong, by file. Nothing is done while a record is damaged or missing,
    /// because nobody knows what it says.
    pub damaged: Vec<RecordFault>,
}

/// Reads every record of a phase that is one of its claim file, `<reports>/runs/<phase>`. A folder that does not exist has none.
///
/// # Errors
/// When the folder cannot be listed.
pub fn records(runs: &Path) -> Result<SoundRecords, RecordError> {
    let phase = read_phase(runs)?;
    Ok(SoundRecords {
        // A run with other values than the file's own is a run of another file.
        sound: phase
            .sound()
            .filter(|stored| stored.record.changed_vars.is_empty())
            .cloned()
            .collect(),
        damaged: phase.faults,
    })
}

/// The folder of records and documents that a person named, as git names it: from the top of the
/// file system and without links, so that it is found below the top of the repository.
///
/// # Errors
/// When the current folder is not known.
pub fn reports_folder(named: &Path) -> io::Result<PathBuf> {
    let whole = std::path::absolute(named)?;
    // A folder that was removed has a place, too.
    let real = whole.ancestors().find_map(|above| {
        let rest = whole.strip_prefix(above).ok()?;
        let above = fs::canonicalize(above).ok()?;
        let is_itself = rest.as_os_str().is_empty();
        Some(if is_itself { above } else { above.join(rest) })
    });
    Ok(real.unwrap_or(whole))
}

/// What differs between each judged commit of these records and HEAD, besides the claim file, whose
/// digest decides, and what gateproof writes itself.
pub async fn changed_since(
    root: &Path,
    file: &ClaimFile,
    claim: &ClaimSpec,
    records: &[StoredRecord],
    head: &str,
) -> BTreeMap<String, Result<Vec<String>, String>> {
    let judged = records.iter().filter(|it| it.record.act == Act::Review);
    let commits: BTreeSet<String> = judged
        .filter_map(|it| Some(it.record.commit()?.to_owned()))
        .filter(|commit| commit != head)
        .collect();
    let mut changed = BTreeMap::new();
    for commit in commits {
        let mut files = files_between(root, file, &commit, head).await;
        if let Ok(files) = &mut files {
            files.retain(|name| *name != claim.path);
        }
        changed.insert(commit, files);
    }
    changed
}

/// What differs between two commits, besides what gateproof writes itself.
///
/// # Errors
/// Why it is not known.
pub async fn files_between(
    root: &Path,
    file: &ClaimFile,
    commit: &str,
    head: &str,
) -> Result<Vec<String>, String> {
    if commit.len() < 40 || !commit.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(format!("`{commit}` is not a commit"));
    }
    let own = without_own_files(&file.docs);
    let args = [
        "diff",
        "--name-only",
        "--no-renames",
        "-z",
        commit,
        head,
        "--",
        ":(top)",
    ];
    let args: Vec<&str> = args
        .into_iter()
        .chain(own.iter().map(String::as_str))
        .collect();
    // Not `git::read`, which takes the pathspecs as literal names.
    let names = git::ask(root, &args);
    let names = names.await.map_err(|error| error.to_string())?;
    let names = names.split('\0');
    Ok(names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect())
}

/// A document, and what it says about the gates of a claim file; one that does not exist says
/// nothing.
///
/// # Errors
/// When it exists and cannot be read.
pub fn document(path: &Path, claim: &ClaimSpec) -> io::Result<(Vec<u8>, Reading)> {
    let known: Vec<&str> = claim.gates.iter().map(|gate| gate.id.as_str()).collect();
    match fs::read(path) {
        Ok(bytes) => {
            let reading = heading::read(&String::from_utf8_lossy(&bytes), &known);
            Ok((bytes, reading))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Default::default()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::text::Scope;
    use kit::yaml::source::Source;
    use std::sync::Arc;

    #[test]
    fn a_gates_hosts_are_all_that_its_checks_controls_and_fixtures_use() {
        let text = "phase: p
hosts: { a: { ssh: a }, b: { ssh: b }, c: { ssh: c }, d: { ssh: d }, e: { ssh: e } }
fixtures:
  down: { on: b, baseline: { run: 'true', expect: up }, do: 'stop', undo: start, settled: { on: c, run: state, expect: up, within: 5s } }
gates:
  M1:
    checks:
      - { id: x, claim: x, on: a, with: down, run: look, expect: one }
      - { id: y, claim: y, on: a, http: 'http://x.test/', vantage: [a, d], expect: 200 }
  M2:
    checks:
      - { id: z, claim: z, on: local, run: look, expect: one }
";
        let source = Source {
            path: "claims/p.yaml".into(),
            text: text.into(),
        };
        let file = claim::read::parse(Arc::new(source), &Scope::new())
            .map_err(|invalid| invalid.render(false))
            .unwrap();
        let spec = crate::gate::spec::claim_spec(&file, "claims/p.yaml");
        assert_eq!(spec.gates[0].hosts, ["a", "b", "c", "d"]);
        assert!(spec.gates[1].hosts.is_empty());
        assert_eq!(spec.gates[0].checks, ["x", "y"]);
        assert_eq!(spec.sha256, file.source.digest());
    }

    #[test]
    fn records_are_read_with_their_digests_and_a_damaged_or_missing_one_is_named_and_not_believed()
    {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs/pxgate");
        assert_eq!(records(&runs).unwrap(), SoundRecords::default());
        let mut record = crate::report::sample::record();
        let first = crate::record::write(&record, &runs).unwrap();
        record.run_id = "second".into();
        // By its clock it is older; by the chain it is newer.
        record.started -= chrono::TimeDelta::hours(1);
        let second = crate::record::write(&record, &runs).unwrap();
        fs::write(runs.join(".half.json"), "").unwrap();
        let found = records(&runs).unwrap();
        let digest = |path| kit::digest::sha256(fs::read(path).unwrap());
        let digests: Vec<&str> = found
            .sound
            .iter()
            .map(|it| it.link.sha256.as_str())
            .collect();
        assert_eq!(digests, [digest(&first), digest(&second)]);
        assert_eq!(found.damaged, []);

        let text = fs::read_to_string(&second).unwrap();
        fs::write(
            &second,
            text.replace("\"exit_code\": 5", "\"exit_code\": 0"),
        )
        .unwrap();
        assert!(fs::read_to_string(&second).unwrap() != text);
        fs::write(runs.join("cut.json"), "{\"schema\":").unwrap();
        fs::remove_file(&first).unwrap();
        let found = records(&runs).unwrap();
        assert_eq!(found.sound, []);
        for name in [
            "second.json",
            "cut.json",
            &first.file_name().unwrap().to_string_lossy(),
        ] {
            assert!(
                found.damaged.iter().any(|it| it.name() == name),
                "{name}: {found:?}"
            );
        }
    }
}
