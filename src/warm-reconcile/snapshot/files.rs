//! The files of a snapshot: of each volume a tar file and the manifest of it.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use super::content::Content;
use super::manifest::{self, Entry, Node};
use super::pack::{is_packed, pack};
use super::tree::Tree;
use super::{FileDigest, Report, Snapshot, SnapshotError};
use kit::digest::{self, Hashing};

/// The tar file and the manifest of a volume, by their paths in a snapshot.
pub(super) fn file_names(volume: &str) -> (String, String) {
    (
        format!("volumes/{volume}.tar"),
        format!("volumes/{volume}.manifest.jsonl"),
    )
}

pub(super) fn write_tar(
    path: &Path,
    tree: &Tree,
    entries: &[Entry],
) -> Result<FileDigest, SnapshotError> {
    let fail = |error: io::Error| SnapshotError::io("write", path.display(), error);
    let file = File::create_new(path).map_err(fail)?;
    let mut builder = tar::Builder::new(Hashing::new(BufWriter::with_capacity(1 << 18, file)));
    pack(tree, entries, &mut builder)?;
    let (buffer, sha256, size) = builder.into_inner().map_err(fail)?.finish();
    let file = buffer
        .into_inner()
        .map_err(|error| fail(error.into_error()))?;
    file.sync_all().map_err(fail)?;
    Ok(FileDigest { size, sha256 })
}

pub(super) fn write_manifest(path: &Path, entries: &[Entry]) -> Result<FileDigest, SnapshotError> {
    let fail = |error: io::Error| SnapshotError::io("write", path.display(), error);
    let bytes = manifest::to_bytes(entries).map_err(|error| fail(error.into()))?;
    let mut file = File::create_new(path).map_err(fail)?;
    file.write_all(&bytes)
        .and_then(|()| file.sync_all())
        .map_err(fail)?;
    Ok(FileDigest {
        size: bytes.len() as u64,
        sha256: digest::sha256(&bytes),
    })
}

pub(super) fn digest_of(path: &Path) -> io::Result<FileDigest> {
    let (sha256, size) = digest::of_reader(File::open(path)?)?;
    Ok(FileDigest { size, sha256 })
}

pub(super) fn open_tar(
    snapshot: &Snapshot,
    volume: &str,
) -> Result<BufReader<File>, SnapshotError> {
    let path = snapshot.folder.join(file_names(volume).0);
    let file = File::open(&path);
    let file = file.map_err(|error| SnapshotError::io("read", path.display(), error))?;
    Ok(BufReader::with_capacity(1 << 18, file))
}

/// The manifest, after its digest was compared.
pub(super) fn entries_of(snapshot: &Snapshot, volume: &str) -> Result<Vec<Entry>, SnapshotError> {
    let name = file_names(volume).1;
    let path = snapshot.folder.join(&name);
    let damaged = |why: String| SnapshotError::Damaged {
        path: path.display().to_string(),
        why,
    };
    let bytes = fs::read(&path).map_err(|error| damaged(error.to_string()))?;
    let found = digest::sha256(&bytes);
    if snapshot
        .meta
        .files
        .get(&name)
        .is_none_or(|wanted| wanted.sha256 != found)
    {
        return Err(damaged("its digest".to_owned()));
    }
    manifest::from_bytes(&bytes).map_err(damaged)
}

/// Whether a tar file holds the entries of a manifest, in order, with their content.
pub(super) fn check_tar(
    volume: &str,
    entries: &[Entry],
    tar: impl Read,
    report: &mut Report,
) -> io::Result<()> {
    let mut archive = tar::Archive::new(tar);
    let mut members = archive.entries()?;
    for entry in entries {
        report.entries += 1;
        if !is_packed(entry) {
            continue;
        }
        let member = members.next().transpose()?;
        let Some(mut member) = member.filter(|found| *found.path_bytes() == *entry.path.bytes())
        else {
            report.differs(volume, &entry.path, "not in its place in the tar file");
            return Ok(());
        };
        if let Node::File {
            size, sha256, form, ..
        } = &entry.node
        {
            let mut content = Content::new(*form);
            io::copy(&mut member, &mut content)?;
            let (found, length) = content.finish()?;
            report.bytes += length;
            if (&found, &length) != (sha256, size) {
                report.differs(volume, &entry.path, "content");
            }
        }
    }
    if members.next().is_some() {
        report.differs(
            volume,
            &Default::default(),
            "more in the tar file than in the manifest",
        );
    }
    Ok(())
}
