//! Changing a document that other programs change, too.
//!
//! Our writers exclude each other by a lock on the document itself, so that no lock file is left
//! beside it. A document is replaced by renaming, so the locked file may no longer be the document;
//! then the new one is locked. A document that does not exist is created without overwriting, and
//! the second of two writers starts again.
//!
//! A replacement loses hard links and extended attributes.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::error::{DocumentError, MarkerError};
use kit::atomic;
use kit::inside::Inside;

/// How long to wait for other writers.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_millis(10);

/// What happened to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Created,
    Updated,
    /// It had the wanted content already and was not touched.
    Unchanged,
}

/// Replaces the document by what `change` makes of it (of nothing, when it does not exist).
pub(super) fn edit(
    place: &Inside,
    change: impl Fn(&[u8]) -> Result<Vec<u8>, MarkerError>,
) -> Result<Written, DocumentError> {
    let deadline = Instant::now() + PATIENCE;
    let target = place.path();
    let path = target.as_path();
    loop {
        // Each time: what is not a link now may be one after the wait for other writers.
        place.check()?;
        if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(DocumentError::NotAFile {
                path: path.to_owned(),
            });
        }
        let tried = match open(&target) {
            Ok(file) => replace(path, &target, file, &change, deadline)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path, &target, &change)?
            }
            Err(error) => return Err(failed(path, "read", error)),
        };
        if let Some(written) = tried {
            return Ok(written);
        }
        if Instant::now() >= deadline {
            return Err(busy(path));
        }
        thread::sleep(PAUSE);
    }
}

/// Opens the document for writing, although it is replaced and not written: a document that may
/// not be written must not be replaced either. A link is not followed, also one of this moment.
fn open(target: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW.bits();
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags.cast_signed())
        .open(target)
}

/// `None` if another writer was faster, and everything has to be done again.
fn replace(
    path: &Path,
    target: &Path,
    file: File,
    change: &impl Fn(&[u8]) -> Result<Vec<u8>, MarkerError>,
    deadline: Instant,
) -> Result<Option<Written>, DocumentError> {
    if !lock(&file, deadline).map_err(|error| failed(path, "locked", error))? {
        return Err(busy(path));
    }
    let opened = file
        .metadata()
        .map_err(|error| failed(path, "read", error))?;
    if !still(target, &opened, false) {
        return Ok(None);
    }
    if opened.permissions().readonly() {
        let source = io::Error::new(io::ErrorKind::PermissionDenied, "it is marked read-only");
        return Err(failed(path, "written", source));
    }
    let mut existing = Vec::new();
    (&file)
        .read_to_end(&mut existing)
        .map_err(|error| failed(path, "read", error))?;
    let (folder, name) = parts(path, target)?;
    atomic::sweep(folder, &name);
    let changed = marked(path, change(&existing))?;
    if changed == existing {
        return Ok(Some(Written::Unchanged));
    }
    let written = |error| failed(path, "written", error);
    let staged = atomic::stage(folder, &name, &changed).map_err(written)?;
    // The owner first, because changing it may clear bits of the mode. A user who may not give the
    // file away becomes its owner, as with any editor that replaces files.
    let _ = fchown(staged.as_file(), Some(opened.uid()), Some(opened.gid()));
    staged
        .as_file()
        .set_permissions(opened.permissions())
        .map_err(written)?;
    // An editor does not know our lock. What it has saved meanwhile must not be lost.
    if !still(target, &opened, true) {
        return Ok(None);
    }
    staged
        .persist(target)
        .map_err(|error| written(error.error))?;
    atomic::sync_folder(folder).map_err(written)?;
    Ok(Some(Written::Updated))
}

fn create(
    path: &Path,
    target: &Path,
    change: &impl Fn(&[u8]) -> Result<Vec<u8>, MarkerError>,
) -> Result<Option<Written>, DocumentError> {
    let (folder, name) = parts(path, target)?;
    if !folder.is_dir() {
        return Err(DocumentError::NoFolder {
            path: path.to_owned(),
            folder: folder.to_owned(),
        });
    }
    let written = |error| failed(path, "written", error);
    let content = marked(path, change(b""))?;
    let staged = atomic::stage(folder, &name, &content).map_err(written)?;
    match staged.persist_noclobber(target) {
        Ok(_) => {
            atomic::sync_folder(folder).map_err(written)?;
            Ok(Some(Written::Created))
        }
        // Somebody else created it meanwhile, and may have taken our file for litter.
        Err(error)
            if matches!(
                error.error.kind(),
                io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(written(error.error)),
    }
}

/// False if the lock could not be taken in time.
fn lock(file: &File, deadline: Instant) -> io::Result<bool> {
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => return Ok(false),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Whether the document is still the file that was opened, and, if asked, unchanged.
fn still(target: &Path, opened: &Metadata, unchanged: bool) -> bool {
    fs::metadata(target).is_ok_and(|now| {
        (now.dev(), now.ino()) == (opened.dev(), opened.ino())
            && (!unchanged
                || (now.size(), now.mtime(), now.mtime_nsec())
                    == (opened.size(), opened.mtime(), opened.mtime_nsec()))
    })
}

fn parts<'t>(path: &Path, target: &'t Path) -> Result<(&'t Path, String), DocumentError> {
    let name = target.file_name().ok_or_else(|| DocumentError::NotAFile {
        path: path.to_owned(),
    })?;
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    Ok((folder, name.to_string_lossy().into_owned()))
}

fn marked(path: &Path, content: Result<Vec<u8>, MarkerError>) -> Result<Vec<u8>, DocumentError> {
    content.map_err(|source| DocumentError::Markers {
        path: path.to_owned(),
        source,
    })
}

fn busy(path: &Path) -> DocumentError {
    DocumentError::Busy {
        path: path.to_owned(),
        seconds: PATIENCE.as_secs(),
    }
}

fn failed(path: &Path, doing: &'static str, source: io::Error) -> DocumentError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            DocumentError::NotWritable { path, source }
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            DocumentError::Full { path, source }
        }
        _ => DocumentError::Io {
            path,
            doing,
            source,
        },
    }
}
