//! Random walks of faults: a stateful app on a real engine is given version after version, good
//! and bad ones, and meanwhile the program is killed, the port is stolen, the engine dies, the
//! disk of the state is full, the tag moves. Each walk has to end in a documented state, with the
//! data of the version that runs, to the byte.
//!
//! `checks/walks` runs many of them; a push runs a few.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use test_kit::desk::Desk;
use test_kit::ledger::{self, ONE, RUINS, data, fill, seen};
use test_kit::swarm::Swarm;
use test_kit::trials::trial;
use test_kit::warm::Ended;

/// So many if no number is given.
const WALKS: u32 = 200;
/// A walk comes to its end within so many runs after its faults are over.
const RUNS: usize = 7;

pub fn trials() -> Vec<Trial> {
    // Each walk has engines of its own for a minute, and no two are alike: `checks/walks` runs them.
    let asked = std::env::var_os("GATEPROOF_WALKS").is_some();
    vec![
        trial(
            "random_faults_end_in_documented_states_with_the_data_of_what_runs",
            all,
        )
        .with_ignored_flag(!asked),
    ]
}

fn all() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let count: u32 = number("GATEPROOF_WALKS").map_or(WALKS, |count: u64| count as u32);
    let seed: u64 = number("GATEPROOF_SEED").unwrap_or_else(|| {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap();
        now.as_nanos() as u64
    });
    println!("{count} walks, GATEPROOF_SEED={seed}");
    let documented = documented();
    let figures = Mutex::new(BTreeMap::<String, u32>::new());
    let lost = Mutex::new(Vec::new());
    // Several engines side by side, each with one app that goes from walk to walk.
    let chains = (count / 4).clamp(1, 4);
    std::thread::scope(|scope| {
        for chain in 0..chains {
            let (documented, figures, lost) = (&documented, &figures, &lost);
            scope.spawn(move || {
                let mut walker = None;
                for walk in (chain..count).step_by(chains as usize) {
                    let mut dice = Dice(seed.wrapping_add(u64::from(walk) * 0x9E37_79B9));
                    let walker_now = walker.get_or_insert_with(|| Walker::new(chain, documented));
                    let walked = AssertUnwindSafe(|| walker_now.walk(walk, &mut dice));
                    let Ok((how, end)) = catch_unwind(walked) else {
                        // The panic has told its story. The others need not end for it.
                        lost.lock().unwrap().push(walk);
                        walker = None;
                        continue;
                    };
                    let mut figures = figures.lock().unwrap();
                    for key in [format!("fault: {how}"), format!("end: {end}")] {
                        *figures.entry(key).or_default() += 1;
                    }
                }
            });
        }
    });
    for (what, count) in figures.into_inner().unwrap() {
        println!("{count:4} {what}");
    }
    let lost = lost.into_inner().unwrap();
    assert!(lost.is_empty(), "{} of {count} walks: {lost:?}", lost.len());
}

/// The outcomes of the reference page with their exit codes.
fn documented() -> BTreeMap<String, i32> {
    let page = std::fs::read_to_string(test_kit::root().join("docs/warm-reconcile.md")).unwrap();
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.split('|').map(str::trim);
        let name = cells.nth(1)?.strip_prefix('`')?.strip_suffix('`')?;
        Some((name.to_owned(), cells.next()?.parse().ok()?))
    });
    let rows: BTreeMap<String, i32> = rows.collect();
    assert!(rows.len() > 20, "{rows:?}");
    rows
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Version {
    Good,
    Migrates,
    Ruins,
    Crashes,
    OutOfReach,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    Kill,
    Terminate,
    Thief,
    Engine,
    FullDisk,
    TagMoves,
}

/// One app that goes from walk to walk.
struct Walker<'d> {
    /// Holds the state folder, so that it can be filled; given back before the folder goes.
    _disk: Disk,
    desk: Desk,
    documented: &'d BTreeMap<String, i32>,
    /// What runs, and its data.
    runs: String,
    data: String,
}

impl<'d> Walker<'d> {
    fn new(chain: u32, documented: &'d BTreeMap<String, i32>) -> Walker<'d> {
        let port = 18_261 + chain as u16;
        let name = format!("walk{chain}");
        let desk = Desk::ledger_on(Arc::new(Swarm::start()), &name, port, "stack");
        let disk = Disk::mount(desk.path("warm"));
        ledger::release(&desk, ONE, "true");
        desk.gate(Duration::from_secs(60));
        desk.run(&["ledger"]).is(0, "deployed");
        fill(&data(&desk));
        let data = seen(&data(&desk));
        // Most of the versions never answer.
        desk.gate(Duration::from_secs(15));
        Walker {
            desk,
            _disk: disk,
            documented,
            runs: ONE.to_owned(),
            data,
        }
    }

    /// One version and one fault; gives the fault and the end.
    fn walk(&mut self, number: u32, dice: &mut Dice) -> (String, String) {
        use Version::{Crashes, Good, Migrates, OutOfReach, Ruins};
        let tag = format!("1.{}.0+v1.{}.0", number + 1, number + 1);
        let version = *dice.one(&[Good, Migrates, Migrates, Ruins, Crashes, OutOfReach]);
        let faults = [
            Fault::None,
            Fault::Kill,
            Fault::Kill,
            Fault::Kill,
            Fault::Terminate,
            Fault::Thief,
            Fault::Engine,
            Fault::FullDisk,
            Fault::TagMoves,
        ];
        let fault = *dice.one(&faults);
        let after = Duration::from_millis(dice.below(10_000));
        let mut story = format!("walk {number}: {tag} {version:?}, {fault:?} after {after:?}");
        self.release(&tag, version);
        let began = Instant::now();
        let first = self.run_with(fault, after, &tag);
        let end = self.settle(first, &mut story);
        self.compare(&tag, version, &story);
        println!("{story}: {end}, {:.0} s", began.elapsed().as_secs_f32());
        (format!("{fault:?}"), end)
    }

    fn release(&self, tag: &str, version: Version) {
        let mark = format!("/data/migrated-{}", tag.replace('+', "-"));
        let first = match version {
            Version::Good => "true".to_owned(),
            Version::Migrates => format!("busybox test -e {mark} || echo {tag} >{mark}"),
            Version::Ruins => RUINS.to_owned(),
            Version::Crashes => format!("echo {tag} >{mark}; exit 4"),
            // It runs, changes its data, and answers nothing.
            Version::OutOfReach => format!("echo {tag} >{mark}; busybox sleep 10000"),
        };
        ledger::release(&self.desk, tag, &first);
    }

    /// A run with a fault that begins some time after it, and is over when it gives the end.
    fn run_with(&self, fault: Fault, after: Duration, tag: &str) -> Option<Ended> {
        let desk = &self.desk;
        let mut program = desk.start(&["ledger"]);
        let began = Instant::now();
        std::thread::sleep(after);
        match fault {
            Fault::None => {}
            Fault::Kill => {
                program.kill();
                return None;
            }
            Fault::Terminate => return Some(program.terminate()),
            Fault::Engine => {
                desk.swarm().kill_dockerd();
                let ended = program.end();
                desk.swarm().until_it_answers();
                return Some(ended);
            }
            Fault::Thief => {
                let port = format!("{}:80", desk.port);
                let words = [
                    "run",
                    "--detach",
                    "--name",
                    "thief",
                    "--publish",
                    &port,
                    "lab/web:1",
                ];
                // While the app is up its port is not to be had.
                while began.elapsed() < Duration::from_secs(10) {
                    if desk
                        .swarm()
                        .command(&words)
                        .output()
                        .unwrap()
                        .status
                        .success()
                    {
                        break;
                    }
                    let remove = ["rm", "--force", "thief"];
                    let _ = desk.swarm().command(&remove).output();
                    std::thread::sleep(Duration::from_millis(200));
                }
                let ended = program.end();
                let _ = desk.swarm().command(&["rm", "--force", "thief"]).output();
                return Some(ended);
            }
            Fault::FullDisk => {
                let filler = desk.path("warm/filler");
                fill_up(&filler);
                let ended = program.end();
                let _ = std::fs::remove_file(&filler);
                return Some(ended);
            }
            Fault::TagMoves => {
                // It names another commit with the same files.
                desk.retag(tag, &[("README", tag)]);
            }
        }
        Some(program.end())
    }

    /// Runs what the program itself names, until nothing changes any more.
    fn settle(&self, first: Option<Ended>, story: &mut String) -> String {
        let mut last = first;
        let (mut said, mut resumes) = (0, false);
        for _ in 0..RUNS {
            let mut words = vec!["ledger"];
            let resumed = std::mem::take(&mut resumes);
            if let Some(ended) = &last {
                let outcome = ended.outcome();
                let code = ended.code.unwrap();
                let _ = write!(story, " → {code} {outcome}");
                match self.documented.get(&outcome) {
                    Some(documented) => assert_eq!(code, *documented, "{story}: {ended:?}"),
                    // Nothing was to be done: `resume` found it healthy, or nothing may be done now.
                    None => assert!(
                        outcome.is_empty() && (code == 40 || code == 0 && resumed),
                        "{story}: {ended:?}"
                    ),
                }
                if matches!(outcome.as_str(), "noop-healthy" | "held-quarantined") {
                    return outcome;
                }
                // What an engine that was killed has forgotten.
                let named = ended.out.split("`docker rm --force ").nth(1);
                if let Some(names) = named.and_then(|rest| rest.split('`').next()) {
                    let words = ["rm", "--force"].into_iter().chain(names.split(' '));
                    let words: Vec<&str> = words.collect();
                    self.desk.swarm().docker(&words);
                }
                // A port that was given back a moment ago looks like that, too.
                if ended.out.contains("restart dockerd") {
                    said += 1;
                    if said > 1 {
                        self.desk.swarm().restart_dockerd();
                    }
                    std::thread::sleep(Duration::from_secs(5));
                }
                if ended.out.contains("resume --again") {
                    words = vec!["resume", "--again", "ledger"];
                    resumes = true;
                }
            }
            last = Some(self.desk.run(&words));
        }
        panic!("{story}: it does not come to its end: {last:?}");
    }

    /// What runs is what is last-good, and has its data.
    fn compare(&mut self, tag: &str, version: Version, story: &str) {
        let desk = &self.desk;
        let good = desk.last_good();
        let app = good.split_once("+v").unwrap().1;
        assert_eq!(desk.answers().as_deref(), Some(app), "{story}");
        let now = seen(&data(desk));
        if good == self.runs {
            assert_eq!(now, self.data, "{story}: the data is not as it was");
            return;
        }
        assert_eq!(good, tag, "{story}");
        let is_good = matches!(version, Version::Good | Version::Migrates);
        assert!(is_good, "{story}: it never answers");
        // What the migration does, and nothing else: its file, and the time of the folder.
        let mark = format!("migrated-{}", tag.replace('+', "-"));
        let rest = |text: &str| {
            let lines = text.lines();
            let lines = lines.filter(|line| !line.contains(&mark) && !line.starts_with("|d|"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        match version {
            Version::Migrates => {
                let text = std::fs::read_to_string(data(desk).join(&mark)).unwrap();
                assert_eq!(text.trim(), tag, "{story}");
                assert_eq!(rest(&now), rest(&self.data), "{story}");
            }
            _ => assert_eq!(now, self.data, "{story}"),
        }
        self.runs = good;
        self.data = now;
    }
}

fn fill_up(path: &PathBuf) {
    use std::io::Write as _;
    let Ok(mut file) = std::fs::File::create(path) else {
        return;
    };
    for block in [65_536, 4096, 1] {
        while file.write_all(&vec![1; block]).is_ok() {}
    }
}

/// A disk of its own for a folder. Dropped, it is gone.
struct Disk(PathBuf);

impl Disk {
    fn mount(path: PathBuf) -> Disk {
        std::fs::create_dir(&path).unwrap();
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=96m", "none"])
            .arg(&path)
            .status();
        assert!(done.unwrap().success());
        Disk(path)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let mut umount = Command::new("umount");
        let umount = umount.arg("-l").arg(&self.0).stderr(Stdio::null());
        let _ = umount.status();
    }
}
