//! A volume as a tar file that GNU tar and Python's `tarfile` read, also without us: long names
//! and sparse files in GNU's form, extended attributes in the PAX headers of `tar --xattrs`.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tar::{Builder, EntryType, Header};

use super::SnapshotError;
use super::manifest::{Attributes, Entry, Node, RelPath, decoded};
use super::tree::{LastFolder, Tree};

/// The longest name that a header itself holds, in bytes.
const LONGEST: usize = 100;

/// Writes every entry but the root and sockets, in their order.
pub(super) fn pack<W: Write>(
    tree: &Tree,
    entries: &[Entry],
    out: &mut Builder<W>,
) -> Result<(), SnapshotError> {
    let mut last = LastFolder::default();
    for entry in entries.iter().filter(|entry| is_packed(entry)) {
        let Some((parent, name)) = entry.path.split() else {
            continue;
        };
        let fail = |error: io::Error| SnapshotError::io("pack", tree.at(&entry.path), error);
        extended(out, &entry.attributes).map_err(fail)?;
        match &entry.node {
            Node::File { size, .. } => {
                let folder = tree.folder_of(&parent, &mut last)?;
                let mut file = tree.read_file(folder, name, &entry.path)?;
                if file.metadata().map_err(fail)?.len() != *size {
                    return Err(SnapshotError::Changed {
                        path: tree.at(&entry.path),
                    });
                }
                let path = entry.path.bytes();
                // The crate looks into a long name, and fails at some that are no UTF-8.
                let path = if path.len() >= LONGEST {
                    long(out, EntryType::GNULongName, path).map_err(fail)?;
                    b"long-name"
                } else {
                    path
                };
                out.append_file(Path::new(OsStr::from_bytes(path)), &mut file)
                    .map_err(fail)?;
            }
            other => special(out, &entry.path, other, &entry.attributes).map_err(fail)?,
        }
    }
    Ok(())
}

/// Whether an entry is in the tar file. The root is not, and the format has no sockets.
pub(super) fn is_packed(entry: &Entry) -> bool {
    !entry.path.is_root() && entry.node != Node::Socket
}

fn special<W: Write>(
    out: &mut Builder<W>,
    path: &RelPath,
    node: &Node,
    attributes: &Attributes,
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(0);
    header.set_mode(attributes.mode);
    header.set_uid(attributes.uid.into());
    header.set_gid(attributes.gid.into());
    // Times before 1970 stand in the manifest only.
    header.set_mtime(u64::try_from(attributes.mtime.0).unwrap_or(0));
    let (kind, link, device) = match node {
        Node::Directory => (EntryType::Directory, None, None),
        Node::Symlink { target } => (EntryType::Symlink, Some(decoded(target)), None),
        Node::HardLink { to } => (EntryType::Link, Some(to.bytes().to_vec()), None),
        Node::CharDevice { major, minor } => (EntryType::Char, None, Some((major, minor))),
        Node::BlockDevice { major, minor } => (EntryType::Block, None, Some((major, minor))),
        Node::Fifo | Node::Socket | Node::File { .. } => (EntryType::Fifo, None, None),
    };
    header.set_entry_type(kind);
    if let Some((major, minor)) = device {
        header.set_device_major(*major)?;
        header.set_device_minor(*minor)?;
    }
    if let Some(link) = &link {
        put(
            out,
            EntryType::GNULongLink,
            link,
            &mut header.as_old_mut().linkname,
        )?;
    }
    put(
        out,
        EntryType::GNULongName,
        path.bytes(),
        &mut header.as_old_mut().name,
    )?;
    header.set_cksum();
    out.append(&header, io::empty())
}

/// Puts a name into its field, or as much of it as fits, with an entry before that has it all.
fn put<W: Write>(
    out: &mut Builder<W>,
    kind: EntryType,
    name: &[u8],
    field: &mut [u8; LONGEST],
) -> io::Result<()> {
    if name.len() >= LONGEST {
        long(out, kind, name)?;
    }
    field
        .iter_mut()
        .zip(name)
        .for_each(|(to, from)| *to = *from);
    Ok(())
}

/// GNU's entry for the long name or link target of the entry after it.
fn long<W: Write>(out: &mut Builder<W>, kind: EntryType, name: &[u8]) -> io::Result<()> {
    let mut header = Header::new_gnu();
    let own = b"././@LongLink";
    header.as_old_mut().name[..own.len()].copy_from_slice(own);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(name.len() as u64 + 1);
    header.set_entry_type(kind);
    header.set_cksum();
    out.append(&header, name.chain(&b"\0"[..]))
}

fn extended<W: Write>(out: &mut Builder<W>, attributes: &Attributes) -> io::Result<()> {
    if attributes.xattrs.is_empty() {
        return Ok(());
    }
    let mut pairs = Vec::new();
    for (name, value) in &attributes.xattrs {
        let value = BASE64
            .decode(value)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        // A name that is no UTF-8 stands in the manifest only.
        if let Ok(name) = String::from_utf8(decoded(name)) {
            pairs.push((format!("SCHILY.xattr.{name}"), value));
        }
    }
    out.append_pax_extensions(
        pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice())),
    )
}
