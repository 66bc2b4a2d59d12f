//! Reading a tree of files exactly.
//!
//! Folders are opened relative to the one above and never through a symbolic link, so that
//! neither the length of a path (4096 bytes for the kernel) nor what lies in the volume leads
//! elsewhere. What the kernel offers by path only (extended attributes of things that cannot be
//! opened) is asked as `/proc/self/fd/<folder>/<name>`.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustix::fs::{AtFlags, CWD, Dir, FileType, IFlags, Mode, OFlags, ResolveFlags, SeekFrom, Stat};
use rustix::io::Errno;

use super::SnapshotError;
use super::content::{Content, Form};
use super::manifest::{Attributes, Entry, Node, RelPath, encoded};

/// No path that is given to the kernel is longer than this, in bytes.
const LONGEST: usize = 4000;

/// An open folder, and what lies below it.
#[derive(Debug)]
pub(super) struct Tree {
    root: OwnedFd,
    name: String,
}

/// The folder that was asked for last: entries come folder by folder.
#[derive(Debug, Default)]
pub(super) struct LastFolder(Option<(RelPath, OwnedFd)>);

impl Tree {
    pub(super) fn open(path: &Path) -> Result<Tree, SnapshotError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, path, flags, Mode::empty());
        Ok(Tree {
            root: root.map_err(|errno| SnapshotError::io("open", path.display(), errno))?,
            name: path.display().to_string(),
        })
    }

    /// For messages: where an entry lies.
    pub(super) fn at(&self, path: &RelPath) -> String {
        format!("{}/{path}", self.name)
    }

    pub(super) fn error(&self, what: &'static str, path: &RelPath, error: Errno) -> SnapshotError {
        SnapshotError::io(what, self.at(path), error)
    }

    /// A folder of the tree.
    pub(super) fn folder(&self, path: &RelPath) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = |at: &OwnedFd, part: &[u8]| {
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            rustix::fs::openat2(at, OsStr::from_bytes(part), flags, Mode::empty(), resolve)
        };
        let mut at = open(&self.root, b".")?;
        let mut rest = path.bytes();
        while !rest.is_empty() {
            let (part, after) = leading_part(rest);
            at = open(&at, part)?;
            rest = after;
        }
        Ok(at)
    }

    /// The same, kept for the next entry of that folder.
    pub(super) fn folder_of<'f>(
        &self,
        path: &RelPath,
        last: &'f mut LastFolder,
    ) -> Result<&'f OwnedFd, SnapshotError> {
        let known = last.0.take().filter(|(known, _)| known == path);
        let found = match known {
            Some(found) => found,
            None => {
                let folder = self.folder(path);
                (
                    path.clone(),
                    folder.map_err(|errno| self.error("open", path, errno))?,
                )
            }
        };
        Ok(&last.0.insert(found).1)
    }

    /// Every entry, parents first; the root is the first one.
    ///
    /// # Errors
    /// [`SnapshotError`] for the first thing that cannot be read or could not be restored.
    pub(super) fn scan(&self) -> Result<Vec<Entry>, SnapshotError> {
        self.scan_as(&[])
    }

    /// The same; the digests of files that stand in `like` are of the form that they have there,
    /// so that they can be compared.
    pub(super) fn scan_as(&self, like: &[Entry]) -> Result<Vec<Entry>, SnapshotError> {
        let form = |entry: &Entry| match entry.node {
            Node::File { form, .. } => Some((entry.path.clone(), form)),
            _ => None,
        };
        let forms: HashMap<RelPath, Form> = like.iter().filter_map(form).collect();
        let root = rustix::fs::fstat(&self.root)
            .map_err(|errno| self.error("read", &RelPath::root(), errno))?;
        let mut entries = vec![Entry {
            path: RelPath::root(),
            node: Node::Directory,
            attributes: attributes(&self.root, OsStr::new("."), &root)
                .map_err(|errno| self.error("read", &RelPath::root(), errno))?,
        }];
        let mut first_names: HashMap<u64, RelPath> = HashMap::new();
        let mut todo = vec![RelPath::root()];
        while let Some(folder) = todo.pop() {
            let fail = |errno| self.error("read", &folder, errno);
            let fd = self.folder(&folder).map_err(fail)?;
            self.refuse_fixed(&fd, &folder)?;
            let mut below = Vec::new();
            for name in names(&fd).map_err(fail)? {
                let path = folder.child(name.as_bytes());
                let form = forms.get(&path).copied();
                let entry = self.entry(&fd, &name, path, form, root.st_dev, &mut first_names)?;
                if entry.node == Node::Directory {
                    below.push(entry.path.clone());
                }
                entries.push(entry);
            }
            todo.extend(below.into_iter().rev());
        }
        Ok(entries)
    }

    /// How many entries there are and about how many bytes they hold, by their sizes alone. What
    /// goes away meanwhile is no error: the volume may be in use.
    ///
    /// # Errors
    /// As [`Tree::scan`], for what can be seen without reading content.
    pub(super) fn measure(&self) -> Result<(u64, u64), SnapshotError> {
        let device = rustix::fs::fstat(&self.root)
            .map_err(|errno| self.error("read", &RelPath::root(), errno))?
            .st_dev;
        let (mut entries, mut bytes) = (1, 0);
        let mut todo = vec![RelPath::root()];
        while let Some(folder) = todo.pop() {
            let fail = |errno| self.error("read", &folder, errno);
            let fd = match self.folder(&folder) {
                Err(Errno::NOENT) => continue,
                other => other.map_err(fail)?,
            };
            self.refuse_fixed(&fd, &folder)?;
            for name in names(&fd).map_err(fail)? {
                let path = folder.child(name.as_bytes());
                let stat = match rustix::fs::statat(&fd, &name, AtFlags::SYMLINK_NOFOLLOW) {
                    Err(Errno::NOENT) => continue,
                    other => other.map_err(|errno| self.error("read", &path, errno))?,
                };
                if stat.st_dev != device {
                    return Err(SnapshotError::Mounted {
                        path: self.at(&path),
                    });
                }
                entries += 1;
                match FileType::from_raw_mode(stat.st_mode) {
                    FileType::Directory => todo.push(path),
                    FileType::RegularFile => {
                        // Holes take no space, and a file of a few bytes takes no whole block.
                        let blocks = (stat.st_blocks as u64).saturating_mul(512);
                        bytes += (stat.st_size as u64).min(blocks);
                    }
                    _ => {}
                }
            }
        }
        Ok((entries, bytes))
    }

    fn entry(
        &self,
        folder: &OwnedFd,
        name: &OsStr,
        path: RelPath,
        form: Option<Form>,
        device: u64,
        first_names: &mut HashMap<u64, RelPath>,
    ) -> Result<Entry, SnapshotError> {
        let fail = |errno| self.error("read", &path, errno);
        let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(fail)?;
        if stat.st_dev != device {
            return Err(SnapshotError::Mounted {
                path: self.at(&path),
            });
        }
        let kind = FileType::from_raw_mode(stat.st_mode);
        let attributes = attributes(folder, name, &stat).map_err(fail)?;
        let earlier = match kind {
            FileType::Directory => None,
            _ if stat.st_nlink > 1 => first_names.get(&stat.st_ino),
            _ => None,
        };
        let node = match earlier {
            Some(to) => Node::HardLink { to: to.clone() },
            None => {
                first_names.insert(stat.st_ino, path.clone());
                self.node(folder, name, &path, form, kind, &stat)?
            }
        };
        Ok(Entry {
            path,
            node,
            attributes,
        })
    }

    fn node(
        &self,
        folder: &OwnedFd,
        name: &OsStr,
        path: &RelPath,
        form: Option<Form>,
        kind: FileType,
        stat: &Stat,
    ) -> Result<Node, SnapshotError> {
        let (major, minor) = (
            rustix::fs::major(stat.st_rdev),
            rustix::fs::minor(stat.st_rdev),
        );
        Ok(match kind {
            FileType::Directory => Node::Directory,
            FileType::RegularFile => self.file(folder, name, path, form, stat)?,
            FileType::Symlink => {
                let target = rustix::fs::readlinkat(folder, name, Vec::new());
                let target = target.map_err(|errno| self.error("read", path, errno))?;
                Node::Symlink {
                    target: encoded(target.as_bytes()),
                }
            }
            FileType::Fifo => Node::Fifo,
            FileType::Socket => Node::Socket,
            FileType::CharacterDevice => Node::CharDevice { major, minor },
            FileType::BlockDevice => Node::BlockDevice { major, minor },
            _ => return Err(self.error("tell the kind of", path, Errno::NOTSUP)),
        })
    }

    fn file(
        &self,
        folder: &OwnedFd,
        name: &OsStr,
        path: &RelPath,
        form: Option<Form>,
        stat: &Stat,
    ) -> Result<Node, SnapshotError> {
        let file = self.read_file(folder, name, path)?;
        self.refuse_fixed(&file, path)?;
        let size = stat.st_size as u64;
        let sparse = (stat.st_blocks as u64).saturating_mul(512) < size;
        let data = match sparse {
            true => data_parts(&file, size).map_err(|errno| self.error("read", path, errno))?,
            false => vec![(0, size)],
        };
        let whole = size == 0 || data == [(0, size)];
        let form = form.unwrap_or(match whole {
            true => Form::Whole,
            false => Form::Blocks,
        });
        let (sha256, length) = content(&file, form, &data)
            .map_err(|error| SnapshotError::io("read", self.at(path), error))?;
        if length != size {
            return Err(SnapshotError::Changed {
                path: self.at(path),
            });
        }
        Ok(Node::File {
            size,
            sha256,
            form,
            data: (!whole).then_some(data),
        })
    }

    /// Opens a file for reading, without touching its access time where that is allowed.
    pub(super) fn read_file(
        &self,
        folder: &OwnedFd,
        name: &OsStr,
        path: &RelPath,
    ) -> Result<File, SnapshotError> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = |flags| rustix::fs::openat(folder, name, flags, Mode::empty());
        let opened = match open(flags | OFlags::NOATIME) {
            Err(Errno::PERM) => open(flags),
            other => other,
        };
        opened
            .map(File::from)
            .map_err(|errno| self.error("read", path, errno))
    }

    /// A file that cannot be removed could not be restored either: better to know before.
    fn refuse_fixed(
        &self,
        fd: impl std::os::fd::AsFd,
        path: &RelPath,
    ) -> Result<(), SnapshotError> {
        let fixed = IFlags::IMMUTABLE | IFlags::APPEND;
        match rustix::fs::ioctl_getflags(fd) {
            Ok(flags) if flags.intersects(fixed) => Err(SnapshotError::Fixed {
                path: self.at(path),
            }),
            // A file system without such flags.
            _ => Ok(()),
        }
    }
}

/// As many leading parts of a path as may be given at once, and the rest.
fn leading_part(path: &[u8]) -> (&[u8], &[u8]) {
    if path.len() <= LONGEST {
        return (path, b"");
    }
    // A name has at most 255 bytes, so there is a slash.
    let cut = path
        .iter()
        .take(LONGEST)
        .rposition(|&byte| byte == b'/')
        .unwrap_or(LONGEST);
    let (part, rest) = path.split_at(cut);
    (part, rest.get(1..).unwrap_or_default())
}

/// The names in a folder, in order.
pub(super) fn names(folder: &OwnedFd) -> Result<Vec<OsString>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            names.push(OsString::from_vec(name.to_vec()));
        }
    }
    names.sort();
    Ok(names)
}

/// The path by which the kernel takes a name in an open folder.
pub(super) fn by_proc(folder: &OwnedFd, name: &OsStr) -> OsString {
    let mut path = OsString::from(format!("/proc/self/fd/{}/", folder.as_raw_fd()));
    path.push(name);
    path
}

fn attributes(folder: &OwnedFd, name: &OsStr, stat: &Stat) -> Result<Attributes, Errno> {
    Ok(Attributes {
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime: (stat.st_mtime, stat.st_mtime_nsec as u32),
        xattrs: xattrs(&by_proc(folder, name))?,
    })
}

fn xattrs(path: &OsStr) -> Result<BTreeMap<String, String>, Errno> {
    let mut found = BTreeMap::new();
    for name in xattr_names(path)? {
        let length = rustix::fs::lgetxattr_query(path, name.as_os_str())?;
        let mut value = vec![0; length];
        let got = rustix::fs::lgetxattr(path, name.as_os_str(), value.as_mut_slice())?;
        value.truncate(got);
        found.insert(encoded(name.as_bytes()), BASE64.encode(value));
    }
    Ok(found)
}

/// The names of the extended attributes that we may see.
pub(super) fn xattr_names(path: &OsStr) -> Result<Vec<OsString>, Errno> {
    let length = match rustix::fs::llistxattr_query(path) {
        Ok(0) | Err(Errno::NOTSUP) => return Ok(Vec::new()),
        other => other?,
    };
    let mut list = vec![0; length];
    let got = rustix::fs::llistxattr(path, list.as_mut_slice())?;
    list.truncate(got);
    let names = list
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty());
    Ok(names
        .map(|name| OsString::from_vec(name.to_vec()))
        .collect())
}

/// The digest of a file, and how many bytes it is of, which are others where it was changed
/// meanwhile. Only its data is read.
fn content(mut file: &File, form: Form, data: &[(u64, u64)]) -> io::Result<(String, u64)> {
    let mut digest = Content::new(form);
    let mut at = 0;
    for &(begin, length) in data {
        digest.hole(begin.saturating_sub(at))?;
        file.seek(io::SeekFrom::Start(begin))?;
        if io::copy(&mut file.take(length), &mut digest)? < length {
            return digest.finish();
        }
        at = begin + length;
    }
    let now = file.metadata()?.len();
    digest.hole(now.saturating_sub(at))?;
    digest.finish()
}

/// Offset and length of each part of a file that is no hole.
fn data_parts(file: &File, size: u64) -> Result<Vec<(u64, u64)>, Errno> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < size {
        let begin = match rustix::fs::seek(file, SeekFrom::Data(at)) {
            Err(Errno::NXIO) => break,
            other => other?,
        };
        let end = rustix::fs::seek(file, SeekFrom::Hole(begin))?;
        parts.push((begin, end - begin));
        at = end;
    }
    Ok(parts)
}
