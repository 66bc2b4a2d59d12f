//! What differs between two states of a volume.

use std::collections::HashMap;

use serde::Serialize;

use super::manifest::{Entry, Node, RelPath};

/// So many differences are named; the rest is counted.
const NAMED: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The volume, or the file of the snapshot.
    pub place: String,
    /// The entry in it, as the manifest writes it.
    pub path: String,
    pub what: String,
}

/// What was compared, and what differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub entries: u64,
    /// Bytes of files compared.
    pub bytes: u64,
    pub differences: Vec<Difference>,
    /// How many more there are.
    pub more: u64,
    /// What is no difference in content and worth knowing: a hole that takes space now.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether nothing differs, and something was compared.
    pub fn is_good(&self) -> bool {
        self.entries > 0 && self.differences.is_empty() && self.more == 0
    }

    pub(super) fn differs(&mut self, place: &str, path: &RelPath, what: impl Into<String>) {
        if self.differences.len() >= NAMED {
            self.more += 1;
            return;
        }
        self.differences.push(Difference {
            place: place.to_owned(),
            path: path.to_string(),
            what: what.into(),
        });
    }

    /// Compares what should be with what is: every entry, every attribute, every byte.
    pub(super) fn compare(&mut self, place: &str, wanted: &[Entry], found: &[Entry]) {
        let mut rest: HashMap<&RelPath, &Entry> =
            found.iter().map(|entry| (&entry.path, entry)).collect();
        for entry in wanted {
            self.entries += 1;
            match rest.remove(&entry.path) {
                None => self.differs(place, &entry.path, "missing"),
                Some(other) => self.entry(place, entry, other),
            }
        }
        let mut extra: Vec<&RelPath> = rest.into_keys().collect();
        extra.sort();
        for path in extra {
            self.differs(place, path, "not in the snapshot");
        }
    }

    fn entry(&mut self, place: &str, wanted: &Entry, found: &Entry) {
        let path = &wanted.path;
        if let (
            Node::File {
                size,
                sha256,
                form,
                data,
            },
            Node::File {
                size: found_size,
                sha256: found_sha256,
                form: found_form,
                data: found_data,
            },
        ) = (&wanted.node, &found.node)
        {
            self.bytes += size;
            if (size, sha256, form) != (found_size, found_sha256, found_form) {
                let what = format!(
                    "content: {size} bytes {sha256}, now {found_size} bytes {found_sha256}"
                );
                self.differs(place, path, what);
            }
            // Where holes lie depends on the file system; that there are any is a matter of space.
            if data.is_some() && found_data.is_none() && self.notes.len() < NAMED {
                self.notes
                    .push(format!("{place}/{path}: its holes take space now"));
            }
        } else if wanted.node != found.node {
            self.differs(
                place,
                path,
                format!("{:?}, now {:?}", wanted.node, found.node),
            );
        }
        let (old, new) = (&wanted.attributes, &found.attributes);
        if old.mode != new.mode {
            self.differs(
                place,
                path,
                format!("mode {:04o}, now {:04o}", old.mode, new.mode),
            );
        }
        if (old.uid, old.gid) != (new.uid, new.gid) {
            let what = format!("owner {}:{}, now {}:{}", old.uid, old.gid, new.uid, new.gid);
            self.differs(place, path, what);
        }
        if old.mtime != new.mtime {
            self.differs(
                place,
                path,
                format!("mtime {:?}, now {:?}", old.mtime, new.mtime),
            );
        }
        if old.xattrs != new.xattrs {
            let names = |entry: &Entry| entry.attributes.xattrs.keys().cloned().collect::<Vec<_>>();
            let what = format!("xattrs {:?}, now {:?}", names(wanted), names(found));
            self.differs(place, path, what);
        }
    }
}
