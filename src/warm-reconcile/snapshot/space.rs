//! How much a snapshot needs, and whether there is so much.

use std::path::Path;

use super::SnapshotError;
use super::manifest::{Entry, Node};

/// Kept free besides what a snapshot needs, in bytes, so that state files can still be written.
const MARGIN: u64 = 4 << 20;

/// An entry's headers in the tar file and its line in the manifest, at most in most cases.
pub(super) const PER_ENTRY: u64 = 2048;

/// What an entry takes in a snapshot, in bytes.
pub(super) fn space_of(entry: &Entry) -> u64 {
    let content = match &entry.node {
        Node::File {
            data: Some(parts), ..
        } => parts.iter().map(|(_, length)| length).sum(),
        Node::File { size, .. } => *size,
        _ => 0,
    };
    let xattrs: usize = entry
        .attributes
        .xattrs
        .values()
        .map(|value| 2 * value.len())
        .sum();
    content + PER_ENTRY + (entry.path.bytes().len() * 2 + xattrs) as u64
}

pub(super) fn free_space(folder: &Path) -> Result<u64, SnapshotError> {
    let found = rustix::fs::statvfs(folder)
        .map_err(|errno| SnapshotError::io("ask for free space in", folder.display(), errno))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

pub(super) fn with_margin(bytes: u64) -> u64 {
    bytes + bytes / 20 + MARGIN
}

pub(super) fn enough_space(folder: &Path, needed: u64) -> Result<(), SnapshotError> {
    let free = free_space(folder)?;
    let needed = with_margin(needed);
    (free >= needed)
        .then_some(())
        .ok_or_else(|| SnapshotError::NoSpace {
            folder: folder.to_owned(),
            needed,
            free,
        })
}
