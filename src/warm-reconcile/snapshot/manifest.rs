//! What a volume holds, entry by entry: `volumes/<volume>.manifest.jsonl`.
//!
//! One JSON object a line, parents before what lies in them, the volume's own folder first with
//! the empty path. A path is text in which `%`, control characters and bytes that are no UTF-8
//! are written as `%XX`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::content::Form;

/// A path below a volume's folder, as bytes; the folder itself is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(Vec<u8>);

impl RelPath {
    pub fn root() -> RelPath {
        RelPath::default()
    }

    /// From bytes; `None` when it is absolute or has an empty, `.` or `..` part.
    pub fn new(bytes: &[u8]) -> Option<RelPath> {
        let good = |part: &[u8]| !matches!(part, b"" | b"." | b"..") && !part.contains(&0);
        let all = bytes.is_empty() || bytes.split(|&byte| byte == b'/').all(good);
        all.then(|| RelPath(bytes.to_vec()))
    }

    /// The path of a name in this folder.
    pub fn child(&self, name: &[u8]) -> RelPath {
        let mut bytes = self.0.clone();
        if !bytes.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name);
        RelPath(bytes)
    }

    /// The folder it lies in, and its name there; `None` for the volume's folder.
    pub fn split(&self) -> Option<(RelPath, &OsStr)> {
        if self.is_root() {
            return None;
        }
        let at = self.0.iter().rposition(|&byte| byte == b'/');
        let (parent, name) = match at {
            Some(at) => (self.0.get(..at)?, self.0.get(at + 1..)?),
            None => (&b""[..], self.0.as_slice()),
        };
        Some((RelPath(parent.to_vec()), OsStr::from_bytes(name)))
    }

    /// Whether it is the volume's folder.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encoded(&self.0))
    }
}

impl Serialize for RelPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encoded(&self.0))
    }
}

impl<'de> Deserialize<'de> for RelPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes: Vec<u8> = percent_decode_str(&text).collect();
        RelPath::new(&bytes).ok_or_else(|| serde::de::Error::custom("a path that leads elsewhere"))
    }
}

/// Bytes as text that can be read and taken back; see the module.
pub(super) fn encoded(bytes: &[u8]) -> String {
    let mut text = String::new();
    let hex = |text: &mut String, bytes: &[u8]| {
        bytes
            .iter()
            .for_each(|byte| text.push_str(&format!("%{byte:02X}")));
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '%' || c.is_control() {
                hex(&mut text, c.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                text.push(c);
            }
        }
        hex(&mut text, chunk.invalid());
    }
    text
}

/// The bytes that [`encoded`] was given.
pub(super) fn decoded(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

/// One entry of a volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub path: RelPath,
    pub node: Node,
    /// With what attributes. Those of a hard link are those of its first name.
    pub attributes: Attributes,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Node {
    Directory,
    File {
        /// Its size, in bytes.
        size: u64,
        /// The SHA-256 of its content.
        sha256: String,
        /// What of the content that is the digest of. A file with holes has the form without
        /// them, so that they are neither read nor hashed.
        #[serde(default, skip_serializing_if = "Form::is_whole")]
        form: Form,
        /// Offset and length of each part that is no hole; absent when there is no hole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<Vec<(u64, u64)>>,
    },
    Symlink {
        /// Where it points, encoded as a path is.
        target: String,
    },
    /// One more name of an entry that stands earlier.
    HardLink {
        to: RelPath,
    },
    Fifo,
    /// A socket: the tar format has none, so it is made again from here.
    Socket,
    CharDevice {
        major: u32,
        minor: u32,
    },
    BlockDevice {
        major: u32,
        minor: u32,
    },
}

/// What belongs to an entry besides its content. Access and change times are not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attributes {
    /// Permissions with the set-id and sticky bits, as four octal digits.
    #[serde(with = "octal")]
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Modification time: seconds since 1970 (before it: negative), and nanoseconds.
    pub mtime: (i64, u32),
    /// Extended attributes by their (encoded) names, among them ACLs
    /// (`system.posix_acl_access`, `…_default`) and capabilities (`security.capability`); the
    /// values in base64.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub xattrs: BTreeMap<String, String>,
}

mod octal {
    use serde::{Deserialize, Deserializer, Serializer};

    // By reference, because `serde(with)` wants it so.
    pub(super) fn serialize<S: Serializer>(mode: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{mode:04o}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        let text = String::deserialize(deserializer)?;
        u32::from_str_radix(&text, 8)
            .ok()
            .filter(|mode| *mode <= 0o7777)
            .ok_or_else(|| serde::de::Error::custom("no file mode"))
    }
}

pub(super) fn to_bytes(entries: &[Entry]) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut bytes, entry)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// Reads the file: every entry's folder must stand before it, as a folder, and once.
pub(super) fn from_bytes(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut known: std::collections::HashMap<RelPath, bool> = Default::default();
    for (at, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let fail = |why: &str| format!("line {}: {why}", at + 1);
        let entry: Entry =
            serde_json::from_slice(line).map_err(|error| fail(&error.to_string()))?;
        let is_folder = entry.node == Node::Directory;
        let placed = match entry.path.split() {
            None => at == 0 && is_folder,
            Some((parent, _)) => known.get(&parent) == Some(&true),
        };
        let linked = match &entry.node {
            Node::HardLink { to } => known.get(to) == Some(&false),
            _ => true,
        };
        if !placed || !linked || known.insert(entry.path.clone(), is_folder).is_some() {
            return Err(fail("an entry out of place"));
        }
        entries.push(entry);
    }
    (!entries.is_empty())
        .then_some(entries)
        .ok_or_else(|| "it is empty".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(path: &[u8], node: Node) -> Entry {
        Entry {
            path: RelPath::new(path).unwrap(),
            node,
            attributes: Attributes {
                mode: 0o4755,
                uid: 1,
                gid: 2,
                mtime: (-3, 4),
                xattrs: BTreeMap::new(),
            },
        }
    }

    proptest! {
        #[test]
        fn any_name_is_taken_back_as_it_was(name in proptest::collection::vec(1u8..=255, 1..40)) {
            let text = encoded(&name);
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert_eq!(decoded(&text), name);
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_are_none() {
        for bad in [
            &b"/a"[..],
            b"..",
            b"a/../b",
            b"a//b",
            b"./a",
            b"a/",
            b"a\0b",
        ] {
            assert_eq!(RelPath::new(bad), None, "{bad:?}");
        }
        let entry = r#"{"path":"a/%2E%2E","node":{"type":"fifo"},"attributes":{"mode":"0644","uid":0,"gid":0,"mtime":[0,0]}}"#;
        assert!(serde_json::from_str::<Entry>(entry).is_err());
        assert!(serde_json::from_str::<Entry>(&entry.replace("%2E%2E", "b")).is_ok());
    }

    #[test]
    fn entries_are_read_back_and_those_out_of_place_are_refused() {
        let root = entry(b"", Node::Directory);
        let folder = entry(b"d", Node::Directory);
        let inner = entry(b"d/f", Node::Fifo);
        let link = entry(
            b"d/l",
            Node::HardLink {
                to: RelPath::new(b"d/f").unwrap(),
            },
        );
        let all = [root.clone(), folder.clone(), inner.clone(), link.clone()];
        assert_eq!(from_bytes(&to_bytes(&all).unwrap()).unwrap(), all);
        for bad in [
            vec![],
            vec![folder.clone()],
            vec![root.clone(), inner.clone()],
            vec![root.clone(), folder.clone(), folder.clone()],
            vec![root.clone(), folder.clone(), link, inner],
            vec![
                root.clone(),
                entry(
                    b"s",
                    Node::Symlink {
                        target: "/etc".into(),
                    },
                ),
                entry(b"s/x", Node::Fifo),
            ],
            vec![
                root,
                folder,
                entry(
                    b"l",
                    Node::HardLink {
                        to: RelPath::new(b"d").unwrap(),
                    },
                ),
            ],
        ] {
            assert!(from_bytes(&to_bytes(&bad).unwrap()).is_err(), "{bad:?}");
        }
    }
}
