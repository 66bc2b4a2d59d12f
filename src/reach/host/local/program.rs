//! Whether there is a program by a name, as the system would look for it.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::super::invocation::Invocation;

/// Whether `name` can be run: where it stands, if it has a slash in it, else on the path of the
/// command (execvp(3)).
pub(super) fn is_there(name: &str, invocation: &Invocation) -> bool {
    let folder = Path::new(invocation.cwd.as_deref().unwrap_or("."));
    if name.contains('/') {
        return runs(&folder.join(name));
    }
    let given = invocation.env.iter().rev().find(|(key, _)| key == "PATH");
    let path = match given {
        Some((_, path)) => path.into(),
        None => std::env::var_os("PATH").unwrap_or_default(),
    };
    let places = path.as_bytes().split(|&byte| byte == b':');
    let places = places.map(|place| PathBuf::from(std::ffi::OsStr::from_bytes(place)));
    places
        .map(|place| folder.join(place).join(name))
        .any(|file| runs(&file))
}

fn runs(file: &Path) -> bool {
    file.is_file() && access(file, Access::EXEC_OK).is_ok()
}
