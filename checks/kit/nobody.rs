//! Being another user than root, for suites that run as root.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The user and the group without rights.
pub const NOBODY: u32 = 65534;

/// What a command line begins with to be run as nobody.
pub const AS_NOBODY: &str = "setpriv --reuid=65534 --regid=65534 --clear-groups";

/// A command that runs a program as nobody.
pub fn as_nobody(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut words = AS_NOBODY.split(' ');
    let mut command = Command::new(words.next().unwrap());
    command.args(words).arg(program);
    command
}

/// A program in that folder by which anybody becomes root: the start of a command line.
pub fn root_helper(folder: &Path) -> String {
    let helper: PathBuf = folder.join("helper");
    // By a process of its own: a program that a thread still has open for writing cannot be started.
    let installed = Command::new("install")
        .args(["-m", "4755", "/usr/bin/setpriv"])
        .arg(&helper)
        .status();
    assert!(installed.unwrap().success());
    format!("{} --reuid=0 --regid=0 --clear-groups", helper.display())
}

/// Whether nobody may run a program, which depends on where it lies.
pub fn may_run(program: impl AsRef<std::ffi::OsStr>) -> bool {
    let asked = as_nobody("test").arg("-x").arg(program).status();
    asked.unwrap().success()
}
