//! Files that are either the old one or the new one, whatever happens in between.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

/// What a temporary file of ours ends in, so that one left by a killed process is known as ours.
pub const SUFFIX: &str = ".gateproof-tmp";

/// The start of the name of the temporary files beside `name`.
fn prefix(name: &str) -> String {
    format!(".{name}.")
}

/// Writes `bytes` to a temporary file in `folder` and syncs it to the disk. The file goes away
/// when it is dropped before it is persisted, so a failure leaves nothing.
/// Its mode is 0666 less the umask, as for any new file.
pub fn stage(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let file = stage_unsynced(folder, name, bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// The same without waiting for the disk: for what may be lost in a power cut.
pub fn stage_unsynced(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(&prefix(name))
        .suffix(SUFFIX)
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    Ok(file)
}

/// Syncs a folder, so that a rename in it survives a power cut.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes the temporary files that writers of `name` left in `folder` when they were killed. Only
/// for the holder of a lock that its writers take. What cannot be removed costs nothing but room.
pub fn sweep(folder: &Path, name: &str) {
    let prefix = prefix(name);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let found = entry.file_name();
        let ours = found
            .to_str()
            .is_some_and(|found| found.starts_with(&prefix) && found.ends_with(SUFFIX));
        if ours {
            let _ = fs::remove_file(entry.path());
        }
    }
}
