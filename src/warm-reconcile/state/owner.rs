//! Who a process is, so that another one can tell whether it still lives: a process id alone is
//! given again, with its start time and the boot it is not.

use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

/// A process of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub pid: u32,
    /// Its start, in clock ticks since the boot (proc_pid_stat(5), field 22).
    pub start: u64,
    /// The boot it was started in (`/proc/sys/kernel/random/boot_id`).
    pub boot: String,
}

impl Owner {
    /// This process.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn me() -> io::Result<Owner> {
        let pid = std::process::id();
        Ok(Owner {
            pid,
            start: start_of(pid)?,
            boot: boot_id()?,
        })
    }

    /// Whether that very process still runs. `false` also when that cannot be found out.
    pub fn is_alive(&self) -> bool {
        boot_id().is_ok_and(|boot| boot == self.boot)
            && start_of(self.pid).is_ok_and(|start| start == self.start)
    }
}

/// The id of this boot.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?
        .trim()
        .to_owned())
}

fn start_of(pid: u32) -> io::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold anything: count from the last one.
    stat.rsplit_once(')')
        .and_then(|(_, rest)| rest.split_ascii_whitespace().nth(19))
        .and_then(|start| start.parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no start time in `stat`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_process_is_alive_until_it_is_reaped_and_another_with_its_id_is_not_it() {
        let me = Owner::me().unwrap();
        assert!(me.is_alive());
        assert!(
            !Owner {
                start: me.start + 1,
                ..me.clone()
            }
            .is_alive()
        );
        assert!(
            !Owner {
                boot: "another".into(),
                ..me.clone()
            }
            .is_alive()
        );
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let other = Owner {
            pid: child.id(),
            start: start_of(child.id()).unwrap(),
            ..me
        };
        assert!(other.is_alive());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!other.is_alive());
    }
}
