//! Disks that a test may fill or make read-only.
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A file system of its own. Dropped, it is gone.
pub struct Disk(tempfile::TempDir);

impl Disk {
    /// A small one; `None` where none can be mounted.
    pub fn new() -> Option<Disk> {
        Disk::of("768k")
    }

    /// Of this size.
    pub fn of(size: &str) -> Option<Disk> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Disk(folder))
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    /// Leaves no byte free.
    pub fn fill(&self) {
        let mut file = fs::File::create(self.0.path().join("filler")).unwrap();
        for block in [4096, 512, 1] {
            while file.write_all(&vec![1; block]).is_ok() {}
        }
    }

    /// Lets nobody write any more.
    pub fn read_only(&self) {
        let done = Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(self.0.path())
            .status();
        assert!(done.unwrap().success());
    }

    /// Takes back what filled it.
    pub fn empty(&self) {
        let _ = fs::remove_file(self.0.path().join("filler"));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
