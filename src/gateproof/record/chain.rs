//! The records of a phase as a chain: each follows the newest ones before it, named by run and
//! digest, so that a record that is missing, changed, renamed or exchanged is noticed.
//!
//! A folder alone cannot show that its newest record was taken away, because nothing follows it. Git
//! shows that ([`crate::audit`]).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::RecordError;
use super::fault::{RecordFault, RecordFaultKind};
use super::files::{RecordFile, file_of, heads, scan};
use super::folder::signature_of;
use super::model::{RecordLink, RunRecord};
use super::seal::Seal;

/// The records of a phase.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseRecords {
    pub folder: PathBuf,
    /// Every record that can be read, those with faults too: each after all that it follows,
    /// otherwise by their start.
    pub records: Vec<StoredRecord>,
    /// Everything that is wrong, by file.
    pub faults: Vec<RecordFault>,
    /// The records that no other one follows, by run.
    pub heads: Vec<RecordLink>,
}

/// A record with its file.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRecord {
    pub path: PathBuf,
    /// The run by the file's name, and the digest of the file as it is.
    pub link: RecordLink,
    pub record: RunRecord,
}

impl StoredRecord {
    /// Where its signature is, if it has one.
    pub fn signature(&self) -> PathBuf {
        signature_of(&self.path)
    }
}

impl PhaseRecords {
    /// The records with which nothing is wrong, in the order of the chain.
    pub fn sound(&self) -> impl Iterator<Item = &StoredRecord> {
        let records = self.records.iter();
        records.filter(|stored| self.faults.iter().all(|fault| fault.path != stored.path))
    }

    /// The record of a run, by the name of its file.
    pub fn find(&self, run_id: &str) -> Option<&StoredRecord> {
        self.records.iter().find(|it| it.link.run_id == run_id)
    }

    /// The record that a link names, if it is the very one.
    pub fn follow(&self, link: &RecordLink) -> Option<&StoredRecord> {
        self.records.iter().find(|it| it.link == *link)
    }

    /// Whether nothing is wrong with the record of a run itself. What it follows may be missing.
    pub fn is_sound(&self, run_id: &str) -> bool {
        self.find(run_id)
            .is_some_and(|stored| self.faults.iter().all(|fault| fault.path != stored.path))
    }
}

/// Reads the records of a phase (`reports/runs/<phase>`) in the order of the chain, and what is wrong
/// with them. A folder that does not exist has none. A damaged file is a fault of the phase, not an
/// error.
///
/// # Errors
/// When the folder cannot be listed.
pub fn read_phase(folder: &Path) -> Result<PhaseRecords, RecordError> {
    let (files, signatures) = scan(folder)?;
    Ok(phase(folder, files, signatures))
}

/// As [`read_phase`], for files that were read elsewhere, such as from a commit: names and contents;
/// of signatures only the names.
pub fn phase_of<'f>(
    folder: &Path,
    contents: impl IntoIterator<Item = (&'f str, &'f [u8])>,
) -> PhaseRecords {
    let (mut files, mut signatures) = (Vec::new(), Vec::new());
    for (name, bytes) in contents {
        let path = folder.join(name);
        if let Some(stem) = name.strip_suffix(".json") {
            files.push(file_of(path, stem.to_owned(), bytes));
        } else if name.ends_with(".json.sig") {
            signatures.push(path);
        }
    }
    files.sort_by(|a, b| a.stem.cmp(&b.stem));
    signatures.sort();
    phase(folder, files, signatures)
}

fn phase(folder: &Path, files: Vec<RecordFile>, signatures: Vec<PathBuf>) -> PhaseRecords {
    let mut faults: Vec<RecordFault> = files.iter().flat_map(own_faults).collect();
    faults.extend(link_faults(folder, &files));
    for path in signatures {
        if !files.iter().any(|file| signature_of(&file.path) == path) {
            faults.push(RecordFault {
                path,
                by: None,
                kind: RecordFaultKind::NoRecord,
            });
        }
    }
    let heads = heads(&files);
    let (records, cyclic) = in_order(files);
    faults.extend(cyclic.into_iter().map(|path| RecordFault {
        path,
        by: None,
        kind: RecordFaultKind::Cycle,
    }));
    faults.sort_by(|a, b| a.path.cmp(&b.path));
    PhaseRecords {
        folder: folder.to_owned(),
        records,
        faults,
        heads,
    }
}

fn own_faults(file: &RecordFile) -> Vec<RecordFault> {
    let mut kinds = Vec::new();
    match &file.content {
        Err(kind) => kinds.push(kind.clone()),
        Ok(content) => {
            match &content.record {
                Err(why) => kinds.push(RecordFaultKind::NotARecord { why: why.clone() }),
                Ok(record) if record.run_id != file.stem => kinds.push(RecordFaultKind::Renamed {
                    run_id: record.run_id.clone(),
                }),
                Ok(_) => {}
            }
            match content.seal {
                Seal::Whole => {}
                Seal::Broken => kinds.push(RecordFaultKind::SealBroken),
                Seal::Missing => kinds.push(RecordFaultKind::Unsealed),
            }
        }
    }
    let fault = |kind| RecordFault {
        path: file.path.clone(),
        by: None,
        kind,
    };
    kinds.into_iter().map(fault).collect()
}

/// What the links of the records show about other records.
fn link_faults(folder: &Path, files: &[RecordFile]) -> Vec<RecordFault> {
    let links: BTreeMap<String, (&RecordFile, RecordLink)> = files
        .iter()
        .filter_map(|file| Some((file.stem.clone(), (file, file.link()?))))
        .collect();
    let mut faults = Vec::new();
    for file in files {
        for link in file.record().map_or(&[][..], |record| &record.follows) {
            let (path, kind) = match links.get(&link.run_id) {
                Some((_, there)) if there.sha256 == link.sha256 => continue,
                Some((other, there)) => (
                    other.path.clone(),
                    RecordFaultKind::Changed {
                        expected: link.sha256.clone(),
                        found: there.sha256.clone(),
                    },
                ),
                None => {
                    // The name comes from a file, and must not lead out of the folder.
                    let name = Path::new(&link.run_id).file_name().unwrap_or_default();
                    let mut name = name.to_owned();
                    name.push(".json");
                    let moved = links.values().find(|(_, it)| it.sha256 == link.sha256);
                    let kind = match moved {
                        Some((_, to)) => RecordFaultKind::Moved {
                            to: format!("{}.json", to.run_id),
                        },
                        None => RecordFaultKind::Missing {
                            sha256: link.sha256.clone(),
                        },
                    };
                    (folder.join(name), kind)
                }
            };
            faults.push(RecordFault {
                path,
                by: Some(file.stem.clone()),
                kind,
            });
        }
    }
    faults
}

/// The records in the order of the chain, and the paths of those that follow themselves.
fn in_order(files: Vec<RecordFile>) -> (Vec<StoredRecord>, Vec<PathBuf>) {
    let mut waiting: Vec<StoredRecord> = files
        .into_iter()
        .filter_map(|file| {
            let link = file.link()?;
            let record = *file.content.ok()?.record.ok()?;
            Some(StoredRecord {
                path: file.path,
                link,
                record,
            })
        })
        .collect();
    waiting.sort_by(|a, b| {
        let key = |it: &StoredRecord| (it.record.started, it.link.run_id.clone());
        key(a).cmp(&key(b))
    });
    let (mut ordered, rest) = follow(waiting, |it| (&it.link.run_id, &it.record));
    let cyclic = rest.iter().map(|it| it.path.clone()).collect();
    ordered.extend(rest);
    (ordered, cyclic)
}

/// Puts each record behind all that it follows, and otherwise leaves their order: the chain decides
/// what is newest, and the given order only between branches. The second list are records that
/// follow themselves. `of` gives a record's run and the record.
pub fn follow<T>(
    mut waiting: Vec<T>,
    of: impl for<'t> Fn(&'t T) -> (&'t str, &'t RunRecord),
) -> (Vec<T>, Vec<T>) {
    let mut missing: BTreeSet<String> = waiting.iter().map(|it| of(it).0.to_owned()).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    loop {
        let ready = waiting.iter().position(|it| {
            let follows = &of(it).1.follows;
            !follows.iter().any(|link| missing.contains(&link.run_id))
        });
        let Some(ready) = ready else {
            return (ordered, waiting);
        };
        let next = waiting.remove(ready);
        missing.remove(of(&next).0);
        ordered.push(next);
    }
}

#[cfg(test)]
mod tests;
