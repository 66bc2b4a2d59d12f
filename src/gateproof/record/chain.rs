//! The records of a phase as a chain: each follows the newest ones before it, named by run and
//! digest, so that a record that is missing, changed, renamed or exchanged is noticed.
//!
//! What a folder alone cannot show is that its newest record was taken away: nothing follows it.
//! git shows that ([`crate::audit`]).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::model::{RecordLink, RunRecord};
use super::seal::{self, Seal};
use super::store::{self, RecordError};
use kit::digest;

/// What a signature's file name ends in, after the record's.
pub const SIGNATURE: &str = ".sig";

/// The records of a phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Their folder.
    pub folder: PathBuf,
    /// Every record that can be read, those with faults too: each after all that it follows,
    /// otherwise by their start.
    pub records: Vec<Stored>,
    /// Everything that is wrong, by file.
    pub faults: Vec<Fault>,
    /// The records that no other one follows, by run.
    pub heads: Vec<RecordLink>,
}

/// A record with its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The file.
    pub path: PathBuf,
    /// The run by the file's name, and the digest of the file as it is.
    pub link: RecordLink,
    /// What it says.
    pub record: RunRecord,
}

impl Stored {
    /// Where its signature is, if it has one.
    pub fn signature(&self) -> PathBuf {
        signature_of(&self.path)
    }
}

/// Where the signature of a record's file belongs.
pub(crate) fn signature_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(SIGNATURE);
    PathBuf::from(name)
}

/// Something that is wrong with a file of a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file; of a missing one, where it should be.
    pub path: PathBuf,
    /// The run whose link shows it, where it is a link that does.
    pub by: Option<String>,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FaultKind {
    /// It cannot be read.
    #[error("it cannot be read: {why}")]
    Unreadable {
        /// The system's words.
        why: String,
    },
    /// It is no record, or none of this schema.
    #[error("it is no run record: {why}")]
    NotARecord {
        /// Where and why.
        why: String,
    },
    /// It is not what was sealed.
    #[error("it was changed after it was written: its seal does not fit")]
    SealBroken,
    /// It has no seal.
    #[error("it has no seal: something else wrote it, or took the seal away")]
    Unsealed,
    /// Its name is not that of its run.
    #[error("it is the record of run {run_id}, under another name")]
    Renamed {
        /// What the record says.
        run_id: String,
    },
    /// A record that follows it names it, and it is not there.
    #[error("it is missing")]
    Missing {
        /// The digest that it had.
        sha256: String,
    },
    /// As [`FaultKind::Missing`], and the same bytes stand under another name.
    #[error("it was renamed to {to}")]
    Moved {
        /// That name.
        to: String,
    },
    /// A record that follows it names another digest.
    #[error("it was changed after another record followed it")]
    Changed {
        /// The digest that it had.
        expected: String,
        /// The digest that it has.
        found: String,
    },
    /// It follows itself, over others or at once.
    #[error("it follows itself")]
    Cycle,
    /// A signature, and no record to it.
    #[error("it is the signature of a record that is not there")]
    NoRecord,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        write!(f, "{}: {}", name.to_string_lossy(), self.kind)?;
        match &self.by {
            Some(by) => write!(f, ", as run {by} follows it"),
            None => Ok(()),
        }
    }
}

impl Phase {
    /// The records with which nothing is wrong, in the order of the chain.
    pub fn sound(&self) -> impl Iterator<Item = &Stored> {
        let records = self.records.iter();
        records.filter(|stored| self.faults.iter().all(|fault| fault.path != stored.path))
    }

    /// The record of a run, by the name of its file.
    pub fn find(&self, run_id: &str) -> Option<&Stored> {
        self.records.iter().find(|it| it.link.run_id == run_id)
    }

    /// The record that a link names, if it is the very one.
    pub fn follow(&self, link: &RecordLink) -> Option<&Stored> {
        self.records.iter().find(|it| it.link == *link)
    }

    /// Whether nothing is wrong with the record of a run itself. What it follows may be missing.
    pub fn is_sound(&self, run_id: &str) -> bool {
        self.find(run_id)
            .is_some_and(|stored| self.faults.iter().all(|fault| fault.path != stored.path))
    }
}

/// A file of a phase's folder.
struct File {
    path: PathBuf,
    /// The name without `.json`.
    stem: String,
    content: Result<Content, FaultKind>,
}

struct Content {
    sha256: String,
    seal: Seal,
    record: Result<Box<RunRecord>, String>,
}

impl File {
    fn link(&self) -> Option<RecordLink> {
        self.content.as_ref().ok().map(|content| RecordLink {
            run_id: self.stem.clone(),
            sha256: content.sha256.clone(),
        })
    }

    fn record(&self) -> Option<&RunRecord> {
        self.content.as_ref().ok()?.record.as_deref().ok()
    }
}

/// Reads the records of a phase (`reports/runs/<phase>`) in the order of the chain, and says what
/// is wrong with it. A folder that does not exist has none. A damaged file is a fault of the
/// phase and no error.
///
/// # Errors
/// When the folder cannot be listed.
pub fn read_phase(folder: &Path) -> Result<Phase, RecordError> {
    let (files, signatures) = scan(folder)?;
    Ok(phase(folder, files, signatures))
}

/// As [`read_phase`], of files that were read elsewhere, such as from a commit: names and contents,
/// of signatures the names alone.
pub fn phase_of<'f>(
    folder: &Path,
    contents: impl IntoIterator<Item = (&'f str, &'f [u8])>,
) -> Phase {
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

fn phase(folder: &Path, files: Vec<File>, signatures: Vec<PathBuf>) -> Phase {
    let mut faults: Vec<Fault> = files.iter().flat_map(own_faults).collect();
    faults.extend(link_faults(folder, &files));
    for path in signatures {
        if !files.iter().any(|file| signature_of(&file.path) == path) {
            faults.push(Fault {
                path,
                by: None,
                kind: FaultKind::NoRecord,
            });
        }
    }
    let heads = heads(&files);
    let (records, cyclic) = in_order(files);
    faults.extend(cyclic.into_iter().map(|path| Fault {
        path,
        by: None,
        kind: FaultKind::Cycle,
    }));
    faults.sort_by(|a, b| a.path.cmp(&b.path));
    Phase {
        folder: folder.to_owned(),
        records,
        faults,
        heads,
    }
}

/// The links that the next record of a folder has to carry.
pub(super) fn heads_of(folder: &Path) -> Result<Vec<RecordLink>, RecordError> {
    Ok(heads(&scan(folder)?.0))
}

/// All files of records by name, and all of signatures. What begins with a dot is somebody's
/// temporary file, and what ends otherwise is none of ours.
fn scan(folder: &Path) -> Result<(Vec<File>, Vec<PathBuf>), RecordError> {
    let failed = |source| RecordError::Read {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Default::default()),
        Err(error) => return Err(failed(error)),
    };
    let (mut files, mut signatures) = (Vec::new(), Vec::new());
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        if let Some(stem) = name.strip_suffix(".json").map(str::to_owned) {
            files.push(read_file(path, stem));
        } else if name.ends_with(".json.sig") {
            signatures.push(path);
        }
    }
    files.sort_by(|a, b| a.stem.cmp(&b.stem));
    signatures.sort();
    Ok((files, signatures))
}

fn read_file(path: PathBuf, stem: String) -> File {
    match fs::read(&path) {
        Ok(bytes) => file_of(path, stem, &bytes),
        Err(error) => File {
            path,
            stem,
            content: Err(FaultKind::Unreadable {
                why: error.to_string(),
            }),
        },
    }
}

fn file_of(path: PathBuf, stem: String, bytes: &[u8]) -> File {
    let content = Content {
        sha256: digest::sha256(bytes),
        seal: seal::look(bytes),
        record: store::parse(&path, bytes)
            .map(Box::new)
            .map_err(|error| error.to_string()),
    };
    File {
        path,
        stem,
        content: Ok(content),
    }
}

fn own_faults(file: &File) -> Vec<Fault> {
    let mut kinds = Vec::new();
    match &file.content {
        Err(kind) => kinds.push(kind.clone()),
        Ok(content) => {
            match &content.record {
                Err(why) => kinds.push(FaultKind::NotARecord { why: why.clone() }),
                Ok(record) if record.run_id != file.stem => kinds.push(FaultKind::Renamed {
                    run_id: record.run_id.clone(),
                }),
                Ok(_) => {}
            }
            match content.seal {
                Seal::Whole => {}
                Seal::Broken => kinds.push(FaultKind::SealBroken),
                Seal::Missing => kinds.push(FaultKind::Unsealed),
            }
        }
    }
    let fault = |kind| Fault {
        path: file.path.clone(),
        by: None,
        kind,
    };
    kinds.into_iter().map(fault).collect()
}

/// What the links of the records show about others.
fn link_faults(folder: &Path, files: &[File]) -> Vec<Fault> {
    let links: BTreeMap<String, (&File, RecordLink)> = files
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
                    FaultKind::Changed {
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
                        Some((_, to)) => FaultKind::Moved {
                            to: format!("{}.json", to.run_id),
                        },
                        None => FaultKind::Missing {
                            sha256: link.sha256.clone(),
                        },
                    };
                    (folder.join(name), kind)
                }
            };
            faults.push(Fault {
                path,
                by: Some(file.stem.clone()),
                kind,
            });
        }
    }
    faults
}

/// The files that no record follows; also those that cannot be understood, so that whoever
/// writes next pins them down as they are.
fn heads(files: &[File]) -> Vec<RecordLink> {
    let followed: BTreeSet<&str> = files
        .iter()
        .filter_map(File::record)
        .flat_map(|record| &record.follows)
        .map(|link| link.run_id.as_str())
        .collect();
    files
        .iter()
        .filter(|file| !followed.contains(file.stem.as_str()))
        .filter_map(File::link)
        .collect()
}

/// The records in the order of the chain, and the paths of those that follow themselves.
fn in_order(files: Vec<File>) -> (Vec<Stored>, Vec<PathBuf>) {
    let mut waiting: Vec<Stored> = files
        .into_iter()
        .filter_map(|file| {
            let link = file.link()?;
            let record = *file.content.ok()?.record.ok()?;
            Some(Stored {
                path: file.path,
                link,
                record,
            })
        })
        .collect();
    waiting.sort_by(|a, b| {
        let key = |it: &Stored| (it.record.started, it.link.run_id.clone());
        key(a).cmp(&key(b))
    });
    let (mut ordered, rest) = follow(waiting, |it| (&it.link.run_id, &it.record));
    let cyclic = rest.iter().map(|it| it.path.clone()).collect();
    ordered.extend(rest);
    (ordered, cyclic)
}

/// Puts each record behind all that it follows, and otherwise keeps their order: what is newest is
/// told by the chain, and only between branches by whatever the order was made by. Second are those
/// that follow themselves. `of` tells a record's run and the record.
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
