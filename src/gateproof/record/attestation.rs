//! What a person attests about a `human:` check, as a file:
//! `<reports>/attestations/<phase>/<id>.json`, written once, sealed and signed as run records are.
//! They are not runs and are not part of the chain: a run names the attestation that it used by its
//! digest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use kit::inside::Inside;

use super::error::RecordError;
use super::folder::{is_file_name, lock, place};
use super::model::Artefact;
use super::seal::{self, Seal};
use super::sign::Signer;
use kit::digest;

/// Name and version of an attestation's JSON form.
pub const ATTESTATION_SCHEMA: &str = "gateproof.attestation/1";

/// Where attestations stand, from the top of the repository; each phase has a folder there.
pub const ATTESTATIONS: &str = "reports/attestations";

/// A person's word about one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Attestation {
    /// Name and version of this form: `gateproof.attestation/1`.
    pub schema: String,
    /// Its name: the time and a few random characters, as of a run.
    pub id: String,
    /// `gateproof` and its version.
    pub tool: String,
    /// Who: `user@machine`.
    pub who: String,
    /// The git author: `Name <mail>`.
    pub author: String,
    /// The clone it was made in; see [`super::RepositoryState::clone_id`].
    #[serde(default)]
    pub clone_id: Option<String>,
    /// When, by that person's machine.
    pub at: DateTime<Utc>,
    pub phase: String,
    /// Path of the claim file, relative to the repository.
    pub claim_path: String,
    /// SHA-256 of the claim file, lower-case hex.
    pub claim_sha256: String,
    pub gate: String,
    /// The check, with `[value]` when expanded by `for:`.
    pub check: String,
    /// What the claim file asks a person to look at.
    pub asked: String,
    /// Full hash of the commit that was checked out.
    pub commit: String,
    /// The file that the person looked at, if it is a file.
    #[serde(default)]
    pub artefact: Option<Artefact>,
    /// What the person reports.
    pub words: String,
}

/// An attestation as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAttestation {
    pub path: PathBuf,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// Whether the file still fits its seal.
    pub whole: bool,
    pub attestation: Attestation,
}

/// Writes an attestation to `<folder>/<id>.json`, and `<id>.json.sig` with a signer; whole or not
/// at all, and never over another one. Its texts must have been redacted before.
///
/// # Errors
/// See [`RecordError`]; after each of them the folder is as it was.
pub fn write_attestation(
    attestation: &Attestation,
    folder: &Inside,
    signer: Option<&Signer>,
) -> Result<PathBuf, RecordError> {
    folder.check()?;
    let folder = folder.path();
    let folder = folder.as_path();
    if !is_file_name(&attestation.id) {
        return Err(RecordError::RunId {
            run_id: attestation.id.clone(),
        });
    }
    let path = folder.join(format!("{}.json", attestation.id));
    let json = serde_json::to_vec_pretty(attestation);
    let mut json = json.map_err(|source| RecordError::Serialise {
        run_id: attestation.id.clone(),
        source,
    })?;
    json.push(b'\n');
    let bytes = seal::seal(&json);
    let signature = signer.map(|signer| signer.sign(&bytes)).transpose();
    let signature = signature.map_err(|source| RecordError::Sign {
        path: path.clone(),
        source,
    })?;
    fs::create_dir_all(folder).map_err(|source| RecordError::Folder {
        path: folder.to_owned(),
        source,
    })?;
    let _lock = lock(folder)?;
    place(&path, folder, &bytes, signature.as_deref())?;
    Ok(path)
}

/// Reads the attestations of a phase's folder, and why files of it cannot be read. A folder that
/// does not exist has none.
///
/// # Errors
/// When the folder cannot be listed.
pub fn read_attestations(folder: &Path) -> io::Result<(Vec<StoredAttestation>, Vec<String>)> {
    let (mut stored, mut unreadable) = (Vec::new(), Vec::new());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((stored, unreadable)),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // What begins with a dot is a file that is just being written.
        if name.starts_with('.') || !name.ends_with(".json") {
            continue;
        }
        let read = fs::read(&path).map_err(|error| error.to_string());
        match read.and_then(|bytes| attestation_of(&path, &bytes)) {
            Ok(one) => stored.push(one),
            Err(why) => unreadable.push(format!("{name}: {why}")),
        }
    }
    stored.sort_by(|a, b| {
        let key = |it: &StoredAttestation| (it.attestation.at, it.path.clone());
        key(a).cmp(&key(b))
    });
    unreadable.sort();
    Ok((stored, unreadable))
}

/// An attestation from the contents of its file.
///
/// # Errors
/// Why it is not one.
pub fn attestation_of(path: &Path, bytes: &[u8]) -> Result<StoredAttestation, String> {
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let schema = value["schema"].as_str().unwrap_or("(none)");
    if schema != ATTESTATION_SCHEMA {
        return Err(format!(
            "it has the schema `{schema}`; this gateproof reads `{ATTESTATION_SCHEMA}`"
        ));
    }
    let attestation = serde_json::from_value(value).map_err(|error| error.to_string())?;
    Ok(StoredAttestation {
        path: path.to_owned(),
        sha256: digest::sha256(bytes),
        whole: seal::look(bytes) == Seal::Whole,
        attestation,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attestation(id: &str) -> Attestation {
        Attestation {
            schema: ATTESTATION_SCHEMA.to_owned(),
            id: id.to_owned(),
            tool: "gateproof".to_owned(),
            who: "eve@box".to_owned(),
            author: "Eve <eve@example.org>".to_owned(),
            clone_id: None,
            at: DateTime::UNIX_EPOCH,
            phase: "p".to_owned(),
            claim_path: "claims/p.yaml".to_owned(),
            claim_sha256: "aa".repeat(32),
            gate: "M1".to_owned(),
            check: "look".to_owned(),
            asked: "look at it".to_owned(),
            commit: "c0".repeat(20),
            artefact: None,
            words: "it is blue".to_owned(),
        }
    }

    #[test]
    fn is_written_once_sealed_and_read_back_and_a_changed_one_is_not_whole() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("attestations/p");
        assert_eq!(read_attestations(&dir).unwrap(), (vec![], vec![]));
        let one = attestation("one");
        let path = write_attestation(&one, &Inside::top(&dir), None).unwrap();
        let again = write_attestation(&one, &Inside::top(&dir), None).unwrap_err();
        assert!(matches!(again, RecordError::Exists { .. }), "{again}");
        let (stored, unreadable) = read_attestations(&dir).unwrap();
        assert!(stored[0].whole && stored[0].attestation == one && unreadable.is_empty());
        assert_eq!(stored[0].sha256, digest::sha256(fs::read(&path).unwrap()));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("blue", "red!")).unwrap();
        fs::write(dir.join("other.json"), r#"{"schema":"gateproof.run/1"}"#).unwrap();
        fs::write(dir.join("half.json"), "{").unwrap();
        let (stored, unreadable) = read_attestations(&dir).unwrap();
        assert!(!stored[0].whole);
        assert_eq!(unreadable.len(), 2, "{unreadable:?}");
        assert!(unreadable[1].contains("gateproof.run/1"), "{unreadable:?}");
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let wrong = write_attestation(
            &attestation("../out"),
            &Inside::top(&folder.path().join("p")),
            None,
        );
        assert!(matches!(wrong, Err(RecordError::RunId { .. })));
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    }
}
