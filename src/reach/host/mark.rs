//! Marks by which every process that descends from a job can be found again, whatever session or
//! process group it moved to: a random word in its environment (Jenkins finds the processes of a
//! build in the same way), and a [`Lineage`], which a process cannot take off.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::observation::LeftProcess;

/// The variable that carries the mark of one job.
pub(super) const JOB: &str = "GATEPROOF_JOB";
/// The variable that carries the mark of the whole run.
pub(super) const RUN: &str = "GATEPROOF_RUN";

/// The shell text that gives the shell a limit of file locks: dash and busybox call it `-w`, bash
/// `-x`. Where neither is known the job goes without this mark.
pub(super) fn take_limit(limit: &str) -> String {
    format!("{{ ulimit -w {limit} || ulimit -x {limit} || :; }} 2>/dev/null; ")
}

/// A mark that only root can take off: the hard limit of file locks (`RLIMIT_LOCKS`), which the
/// kernel has not enforced since 2.4. Every process inherits it, nobody but root can raise it, and
/// everybody can read it (proc(5), getrlimit(2)). A limit has 18 digits: these 12, which belong to
/// the jobs of one purpose on one host, and 6 of the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lineage(String);

impl Lineage {
    const DIGITS: u64 = 1_000_000_000_000;
    const JOBS: u64 = 1_000_000;

    /// A new one. Below the limit of this process, if it has one already: a job of another run may
    /// be what started us.
    pub(super) fn fresh() -> io::Result<Lineage> {
        let random = u64::from_str_radix(&fresh()?[..15], 16).unwrap_or_default();
        let smallest = Lineage::DIGITS / 10;
        let own = own_limit().map_or(Lineage::DIGITS, |own| own / Lineage::JOBS);
        // Where there is no room below, the limit cannot be set, and the job goes without it.
        let room = own.clamp(smallest + 1, Lineage::DIGITS) - smallest;
        Ok(Lineage((smallest + random % room).to_string()))
    }

    /// The limit of a job.
    pub(super) fn limit(&self, job: u64) -> String {
        format!("{}{:06}", self.0, job % Lineage::JOBS)
    }

    /// The job that a limit belongs to, by its number below a million.
    fn job_of(&self, limit: &str) -> Option<u64> {
        let job = limit.strip_prefix(&self.0)?;
        if job.len() == 6 {
            job.parse().ok()
        } else {
            None
        }
    }
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn own_limit() -> Option<u64> {
    hard_limit(&fs::read_to_string("/proc/self/limits").ok()?)?
        .parse()
        .ok()
}

/// The hard limit of file locks in what `/proc/PID/limits` says; `unlimited` mostly.
fn hard_limit(limits: &str) -> Option<&str> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max file locks"))?;
    line.split_whitespace().nth(1)
}

/// How often the processes are listed at most: something that forks faster than it can be
/// killed for so long is beyond a marker.
const PASSES: usize = 200;

/// How long the processes of a command that has ended may take to end as well.
const DYING: Duration = Duration::from_millis(50);

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

/// Which processes are meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// A word in their environment.
    pub(super) word: &'a str,
    pub(super) lineage: &'a Lineage,
    pub(super) job: Jobs<'a>,
}

/// Which jobs of a lineage.
#[derive(Clone, Copy, Debug)]
pub(super) enum Jobs<'a> {
    One(u64),
    /// A job can lower its limit to that of another: only those that still run are excluded.
    AllBut(&'a [u64]),
}

impl Wanted<'_> {
    fn is(&self, pid: Pid) -> bool {
        let folder = format!("/proc/{}", pid.as_raw_nonzero());
        let limits = fs::read_to_string(format!("{folder}/limits"));
        let job = limits
            .ok()
            .and_then(|limits| self.lineage.job_of(hard_limit(&limits)?));
        let by_limit = job.is_some_and(|job| match self.job {
            Jobs::One(wanted) => job == wanted % Lineage::JOBS,
            Jobs::AllBut(running) => !running.iter().any(|id| id % Lineage::JOBS == job),
        });
        by_limit
            || fs::read(format!("{folder}/environ"))
                .is_ok_and(|environ| contains(&environ, self.word.as_bytes()))
    }

    /// Those of them that live.
    fn find(&self) -> Vec<LeftProcess> {
        processes()
            .filter(|&pid| self.is(pid))
            .filter_map(LeftProcess::read)
            .collect()
    }

    /// Kills them until none is left, and says which it killed and which it could not.
    pub(super) fn end(&self) -> Vec<LeftProcess> {
        let mut met: Vec<LeftProcess> = Vec::new();
        for pass in 0..PASSES {
            let mut found = self.find();
            found.retain(|process| !met.iter().any(|old| old.pid == process.pid && !old.ended));
            if found.is_empty() {
                return met;
            }
            for mut process in found {
                process.ended = pid(&process).is_some_and(|pid| {
                    kill_process(pid, Signal::KILL) != Err(rustix::io::Errno::PERM)
                });
                if !met.iter().any(|old| old.pid == process.pid) {
                    met.push(process);
                }
            }
            if pass > 2 {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        let stays = self.find();
        for process in &mut met {
            process.ended &= !stays.iter().any(|stays| stays.pid == process.pid);
        }
        met
    }

    /// As [`Wanted::end`], after what is about to end by itself has had the time for it. With what was
    /// the newest process before the job only newer ones are looked at, where that is enough.
    pub(super) async fn end_left(
        &self,
        before: Option<&Newest>,
        leader: Option<Pid>,
    ) -> Vec<LeftProcess> {
        let nothing = before
            .zip(leader)
            .is_some_and(|(before, leader)| before.left_nothing(leader, |pid| self.is(pid)));
        if nothing || self.find().is_empty() {
            return Vec::new();
        }
        tokio::time::sleep(DYING).await;
        self.end()
    }
}

/// The newest process of this machine at a moment, by its number. What is started later has a higher one,
/// until the numbers begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Newest {
    number: u32,
    at: Instant,
}

impl Newest {
    /// More processes than this are not looked at one by one.
    const MANY: u32 = 200;
    /// No machine starts a process in less time; so this much for each number passes before they begin anew.
    const EACH: Duration = Duration::from_micros(1);

    /// By what the kernel counts (proc(5), loadavg); nothing where it does not say.
    pub(super) fn now() -> Option<Newest> {
        let loadavg = fs::read_to_string("/proc/loadavg").ok()?;
        let number = loadavg.split_whitespace().nth(4)?.parse().ok()?;
        Some(Newest {
            number,
            at: Instant::now(),
        })
    }

    /// Whether a job with this leader, begun after it, has surely left nothing that is `ours`. False also where
    /// that is not known. The same rule as `left_nothing` in `runner.sh`.
    fn left_nothing(&self, leader: Pid, ours: impl Fn(Pid) -> bool) -> bool {
        let Some(most) = most_processes() else {
            return false;
        };
        let mut from = self.number;
        while let Some(newest) = Newest::now() {
            if !self.counts(leader, newest, most) || newest.number.saturating_sub(from) > Self::MANY
            {
                return false;
            }
            if newest.number <= from {
                return true;
            }
            let mut pids = (from + 1..=newest.number)
                .filter_map(|number| Pid::from_raw(i32::try_from(number).ok()?));
            if pids.any(&ours) {
                return false;
            }
            // What one of them has started meanwhile is newer.
            from = newest.number;
        }
        false
    }

    /// Whether the kernel counts processes as we see them, and cannot have begun anew since then.
    fn counts(&self, leader: Pid, newest: Newest, most: u32) -> bool {
        let leader = leader.as_raw_nonzero().get().unsigned_abs();
        let seen = self.number < leader && leader <= newest.number;
        seen && newest.at.duration_since(self.at) < Self::EACH * most
    }
}

/// How many numbers there are for processes.
fn most_processes() -> Option<u32> {
    fs::read_to_string("/proc/sys/kernel/pid_max")
        .ok()?
        .trim()
        .parse()
        .ok()
}

fn pid(process: &LeftProcess) -> Option<Pid> {
    Pid::from_raw(i32::try_from(process.pid).ok()?)
}

impl LeftProcess {
    /// What the system says of a process that lives; nothing of one that has ended, or whose
    /// remains only wait to be fetched.
    fn read(pid: Pid) -> Option<LeftProcess> {
        let status = fs::read(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
        let status = String::from_utf8_lossy(&status);
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim())
        };
        if field("State:")?.starts_with(['Z', 'X']) {
            return None;
        }
        Some(LeftProcess {
            pid: pid.as_raw_nonzero().get().unsigned_abs(),
            uid: field("Uid:").and_then(|uids| uids.split_whitespace().next()?.parse().ok()),
            name: field("Name:").unwrap_or_default().to_owned(),
            ended: false,
        })
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
    let holds = |pid: &Pid| {
        fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero()))
            .is_ok_and(|environ| contains(&environ, mark.as_bytes()))
    };
    processes().filter(holds).collect()
}

/// All processes there are.
fn processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
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
    fn a_job_has_left_nothing_only_where_no_newer_process_is_ours() {
        let before = Newest::now().unwrap();
        let mut ours = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = Pid::from_child(&ours);
        assert!(!before.left_nothing(pid, |found| found == pid));
        assert!(before.left_nothing(pid, |_| false));
        // It was not started after that, so that they are not counted as we see them.
        let after = Newest::now().unwrap();
        assert!(!after.left_nothing(pid, |_| false));
        ours.kill().unwrap();
        ours.wait().unwrap();
        let leader = Pid::from_raw(20).unwrap();
        let at = Instant::now();
        let newest = |number, after_ms| Newest {
            number,
            at: at + Duration::from_millis(after_ms),
        };
        for (newest, most, expected) in [
            (newest(20, 0), 32_768, true),
            (newest(30, 32), 32_768, true),
            // The numbers may have begun anew.
            (newest(30, 33), 32_768, false),
            (newest(30, 33), 4_194_304, true),
            (newest(19, 0), 4_194_304, false),
        ] {
            let first = Newest { number: 10, at };
            assert_eq!(
                first.counts(leader, newest, most),
                expected,
                "{newest:?} {most}"
            );
        }
    }

    #[test]
    fn two_marks_are_never_the_same() {
        assert_ne!(fresh().unwrap(), fresh().unwrap());
    }
}
