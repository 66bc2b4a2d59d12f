//! What several tests here need: a child of this very test program, and a disk that is full.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const FOLDER: &str = "GATEPROOF_TEST_CHILD_FOLDER";

/// A child process that runs one ignored test of this program.
pub struct TestChild(Child);

/// Starts the test of that full name with a folder to work in.
pub fn child(test: &str, folder: &Path) -> TestChild {
    let program = std::env::current_exe().unwrap();
    let child = Command::new(program)
        .args(["--ignored", "--exact", test, "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    TestChild(child)
}

/// The folder the parent gave, in a child.
pub fn child_folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

impl TestChild {
    /// Kills it with SIGKILL; that it still ran is part of the test.
    pub fn kill(mut self) {
        assert_eq!(
            self.0.try_wait().unwrap(),
            None,
            "the child ended by itself"
        );
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for TestChild {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A file system of its own, unmounted when dropped.
pub struct Disk(tempfile::TempDir);

/// A tmpfs of that size; `None`, said loudly, when this machine does not allow one.
pub fn small_disk(size: &str) -> Option<Disk> {
    let folder = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
        .arg(folder.path())
        .stderr(Stdio::null())
        .status();
    if mounted.is_ok_and(|status| status.success()) {
        return Some(Disk(folder));
    }
    skipped("a tmpfs cannot be mounted here");
    None
}

impl Disk {
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the space that is left.
    pub fn fill(&self) {
        let name = format!("filler-{}", fs::read_dir(self.path()).unwrap().count());
        let mut file = fs::File::create(self.path().join(name)).unwrap();
        for block in [4096, 512, 1] {
            while file.write_all(&vec![1; block]).is_ok() {}
        }
    }

    /// Gives back what was taken.
    pub fn empty(&self) {
        for entry in fs::read_dir(self.path()).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("filler-") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

/// Says that a test did not run.
pub fn skipped(why: &str) {
    eprintln!("SKIPPED, did not run: {why}");
}

/// Whether this is root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
