//! Bringing a tree back exactly: everything that is there goes, then every entry of the
//! manifest is made. Repeating it after a crash at any point ends the same, because it begins
//! with nothing.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags,
};
use rustix::io::Errno;
use tar::Archive;

use super::SnapshotError;
use super::manifest::{Attributes, Entry, Node, RelPath, decoded};
use super::pack::is_packed;
use super::tree::{LastFolder, Tree, by_proc, names, xattr_names};

/// Removes everything below the root.
pub(super) fn clear(tree: &Tree) -> Result<(), SnapshotError> {
    let mut folders = vec![RelPath::root()];
    let mut at = 0;
    while let Some(path) = folders.get(at).cloned() {
        at += 1;
        let fail = |errno| tree.error("clear", &path, errno);
        let folder = open_to_clear(tree, &path).map_err(fail)?;
        for name in names(&folder).map_err(fail)? {
            let stat = rustix::fs::statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW);
            let child = path.child(name.as_bytes());
            if FileType::from_raw_mode(stat.map_err(fail)?.st_mode) == FileType::Directory {
                folders.push(child);
            } else {
                rustix::fs::unlinkat(&folder, &name, AtFlags::empty())
                    .map_err(|errno| tree.error("remove", &child, errno))?;
            }
        }
    }
    // Folders stand before those in them: from the end, each is empty when its turn comes.
    let mut last = LastFolder::default();
    for path in folders.iter().rev() {
        if let Some((parent, name)) = path.split() {
            let folder = tree.folder_of(&parent, &mut last)?;
            rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR)
                .map_err(|errno| tree.error("remove", path, errno))?;
        }
    }
    Ok(())
}

/// Who is not root cannot list every folder of his own.
fn open_to_clear(tree: &Tree, path: &RelPath) -> Result<OwnedFd, Errno> {
    match (tree.folder(path), path.split()) {
        (Err(Errno::ACCESS), Some((parent, name))) => {
            let parent = tree.folder(&parent)?;
            rustix::fs::chmodat(&parent, name, Mode::RWXU, AtFlags::empty())?;
            tree.folder(path)
        }
        (folder, _) => folder,
    }
}

/// Makes every entry in an empty tree, from the manifest and the tar file, and syncs.
pub(super) fn unpack(tree: &Tree, entries: &[Entry], tar: impl Read) -> Result<(), SnapshotError> {
    let root = tree
        .folder(&RelPath::root())
        .map_err(|errno| tree.error("open", &RelPath::root(), errno))?;
    strip(&root).map_err(|errno| tree.error("prepare", &RelPath::root(), errno))?;
    let mut archive = Archive::new(tar);
    let mut members = archive.entries().map_err(|error| {
        SnapshotError::io("read the tar file for", tree.at(&RelPath::root()), error)
    })?;
    let mut last = LastFolder::default();
    for entry in entries {
        let Some((parent, name)) = entry.path.split() else {
            continue;
        };
        let fail = |error: io::Error| SnapshotError::io("restore", tree.at(&entry.path), error);
        let mut member = None;
        if is_packed(entry) {
            let next = members.next().transpose().map_err(fail)?;
            let same = |found: &tar::Entry<'_, _>| {
                let path = found.path_bytes();
                *path == *entry.path.bytes()
            };
            member = next.filter(same);
            if member.is_none() {
                return Err(SnapshotError::Damaged {
                    path: tree.at(&entry.path),
                    why: "the tar file does not have it where the manifest does".to_owned(),
                });
            }
        }
        let folder = tree.folder_of(&parent, &mut last)?;
        match (&entry.node, member) {
            (Node::File { size, data, .. }, Some(member)) => {
                let parts = data.clone().unwrap_or_else(|| vec![(0, *size)]);
                file(folder, name, *size, &parts, member).map_err(fail)?;
            }
            (Node::HardLink { to }, _) => link(tree, to, folder, name).map_err(fail)?,
            (node, _) => make(folder, name, node).map_err(|errno| fail(errno.into()))?,
        }
        if !matches!(entry.node, Node::Directory | Node::HardLink { .. }) {
            dress(folder, name, &entry.node, &entry.attributes).map_err(fail)?;
        }
    }
    // Folders last and from within, because making something in one changes its time, and
    // because a default ACL is inherited.
    let folders = entries
        .iter()
        .rev()
        .filter(|entry| entry.node == Node::Directory);
    for entry in folders {
        let fail = |error: io::Error| SnapshotError::io("restore", tree.at(&entry.path), error);
        match entry.path.split() {
            Some((parent, name)) => {
                let folder = tree.folder_of(&parent, &mut last)?;
                dress(folder, name, &entry.node, &entry.attributes).map_err(fail)?;
            }
            None => dress(&root, OsStr::new("."), &entry.node, &entry.attributes).map_err(fail)?,
        }
    }
    rustix::fs::syncfs(&root).map_err(|errno| tree.error("sync", &RelPath::root(), errno))
}

/// The root stays the folder it is: what it has must not be inherited by what is made in it.
fn strip(root: &OwnedFd) -> Result<(), Errno> {
    let path = by_proc(root, OsStr::new("."));
    for name in xattr_names(&path)? {
        match rustix::fs::lremovexattr(path.as_os_str(), name.as_os_str()) {
            Ok(()) | Err(Errno::NODATA) => {}
            // A security module's label cannot be removed, only changed.
            Err(Errno::ACCESS | Errno::PERM | Errno::NOTSUP)
                if name.as_bytes().starts_with(b"security.") => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn file(
    folder: &OwnedFd,
    name: &OsStr,
    size: u64,
    parts: &[(u64, u64)],
    mut content: impl Read,
) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(
        folder,
        name,
        flags,
        Mode::RUSR | Mode::WUSR,
    )?);
    file.set_len(size)?;
    let mut at = 0;
    for &(begin, length) in parts {
        let hole = begin.checked_sub(at).ok_or(io::ErrorKind::InvalidData)?;
        exactly(&mut content, hole, &mut io::sink())?;
        file.seek(io::SeekFrom::Start(begin))?;
        exactly(&mut content, length, &mut file)?;
        at = begin + length;
    }
    let rest = size.checked_sub(at).ok_or(io::ErrorKind::InvalidData)?;
    exactly(&mut content, rest, &mut io::sink())?;
    match io::copy(&mut content, &mut io::sink())? {
        0 => Ok(()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn exactly(from: &mut impl Read, length: u64, to: &mut impl Write) -> io::Result<()> {
    match io::copy(&mut from.take(length), to)? {
        copied if copied == length => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn link(tree: &Tree, to: &RelPath, folder: &OwnedFd, name: &OsStr) -> io::Result<()> {
    let (parent, old) = to.split().ok_or(io::ErrorKind::InvalidData)?;
    let parent = tree.folder(&parent)?;
    Ok(rustix::fs::linkat(
        &parent,
        old,
        folder,
        name,
        AtFlags::empty(),
    )?)
}

fn make(folder: &OwnedFd, name: &OsStr, node: &Node) -> Result<(), Errno> {
    let special =
        |kind, device| rustix::fs::mknodat(folder, name, kind, Mode::RUSR | Mode::WUSR, device);
    let device = |major: &u32, minor: &u32| rustix::fs::makedev(*major, *minor);
    match node {
        Node::Directory => rustix::fs::mkdirat(folder, name, Mode::RWXU),
        Node::Symlink { target } => {
            rustix::fs::symlinkat(OsStr::from_bytes(&decoded(target)), folder, name)
        }
        Node::Fifo => special(FileType::Fifo, 0),
        Node::Socket => special(FileType::Socket, 0),
        Node::CharDevice { major, minor } => {
            special(FileType::CharacterDevice, device(major, minor))
        }
        Node::BlockDevice { major, minor } => special(FileType::BlockDevice, device(major, minor)),
        // The caller makes these.
        Node::File { .. } | Node::HardLink { .. } => Err(Errno::INVAL),
    }
}

/// Owner first, because changing it takes capabilities and set-id bits away; the time last.
fn dress(folder: &OwnedFd, name: &OsStr, node: &Node, with: &Attributes) -> io::Result<()> {
    let no_follow = AtFlags::SYMLINK_NOFOLLOW;
    let (owner, group) = (Uid::from_raw(with.uid), Gid::from_raw(with.gid));
    rustix::fs::chownat(folder, name, Some(owner), Some(group), no_follow)?;
    let path = by_proc(folder, name);
    for (xattr, value) in &with.xattrs {
        let value = BASE64
            .decode(value)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let xattr = decoded(xattr);
        rustix::fs::lsetxattr(
            path.as_os_str(),
            OsStr::from_bytes(&xattr),
            &value,
            XattrFlags::empty(),
        )?;
    }
    if !matches!(node, Node::Symlink { .. }) {
        rustix::fs::chmodat(
            folder,
            name,
            Mode::from_raw_mode(with.mode),
            AtFlags::empty(),
        )?;
    }
    let times = Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: with.mtime.0,
            tv_nsec: with.mtime.1.into(),
        },
    };
    Ok(rustix::fs::utimensat(folder, name, &times, no_follow)?)
}
