//! Marks: a random word in a job's environment by which every process that descends from it
//! can be found again, whatever session or process group it moved to. (Jenkins finds the
//! processes of a build in the same way.)

use std::fs::{self, File};
use std::io::{self, Read};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// The variable that carries the mark of one job.
pub(super) const JOB: &str = "GATEPROOF_JOB";
/// The variable that carries the mark of the whole run.
pub(super) const RUN: &str = "GATEPROOF_RUN";

/// How often the processes are listed at most: something that forks faster than it can be
/// killed for so long is beyond a marker.
const PASSES: usize = 200;

/// 128 random bits as 32 hexadecimal digits.
pub(super) fn fresh() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The value of a mark variable: ours added to what we were given ourselves, so that a
/// gateproof that runs inside a job of another one stays findable for that one.
pub(super) fn value(variable: &str, mark: &str) -> String {
    match std::env::var(variable) {
        Ok(outer) if !outer.is_empty() => format!("{outer}:{mark}"),
        _ => mark.to_owned(),
    }
}

/// Kills every process whose environment holds the mark, until none is left.
pub(super) fn kill_marked(mark: &str) {
    for pass in 0..PASSES {
        let found = marked(mark);
        if found.is_empty() {
            return;
        }
        for pid in found {
            // It may have ended meanwhile; the next pass shows it.
            let _ = kill_process(pid, Signal::KILL);
        }
        if pass > 2 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Kills the process group, if there still is one.
pub(super) fn kill_group(leader: Pid) {
    // No such group: everything in it has ended, which is what we want.
    let _ = kill_process_group(leader, Signal::KILL);
}

/// The living processes whose environment holds the mark. (That of a zombie is empty.)
fn marked(mark: &str) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
            let environ = fs::read(entry.path().join("environ")).ok()?;
            contains(&environ, mark.as_bytes()).then_some(pid)
        })
        .collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn finds_and_kills_only_what_carries_the_mark() {
        let mark = fresh().unwrap();
        let mut ours = Command::new("sleep")
            .arg("60")
            .env(JOB, &mark)
            .spawn()
            .unwrap();
        let mut other = Command::new("sleep").arg("60").spawn().unwrap();
        kill_marked(&mark);
        assert!(!ours.wait().unwrap().success());
        assert_eq!(other.try_wait().unwrap(), None);
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!(marked(&mark), Vec::new());
    }

    #[test]
    fn two_marks_are_never_the_same() {
        assert_ne!(fresh().unwrap(), fresh().unwrap());
    }
}
