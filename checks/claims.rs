//! Every check of every claim file that ships, as one test: `cargo test --test claims` lists,
//! filters and runs claims.
//!
//! Checks of one gate that are wanted in one process share one run, so that one disturbance
//! serves them all. A check whose host is not there is ignored with the reason, never passed.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use claim::outcome::Outcome;
use claim::{Check, ClaimFile, Place};
use gateproof::record::{CheckRecord, RunRecord};
use gateproof::run::{Options, Repository, RunEvent, Selection};
use kit::interrupt::Interrupt;
use kit::redact::Redacted;
use kit::text::Scope;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use reach::host::{Host, Invocation, ReachOptions, Script};

fn main() {
    let arguments = Arguments::from_args();
    let files: Vec<Arc<ClaimFile>> = claim_files().into_iter().map(Arc::new).collect();
    let runs = Arc::new(Runs::new(&arguments, &files));
    let mut trials = Vec::new();
    for file in &files {
        for gate in &file.gates {
            for check in &gate.checks {
                let name = trial_name(file, &gate.id, check);
                let (runs, file) = (runs.clone(), file.clone());
                let (gate, id) = (gate.id.clone(), check.id.clone());
                // Known before anything is run: a runner that starts one process for each test
                // takes a test that ends well for one that passed.
                let why = runs.why_not(&file, check);
                let trial = Trial::ignorable_test(name, move || runs.verdict(&file, &gate, &id));
                trials.push(trial.with_ignored_flag(why.is_some()));
            }
        }
    }
    assert!(!trials.is_empty(), "claims/ has no checks");
    libtest_mimic::run(&arguments, trials).exit();
}

/// The seed's claims with their faults, kept to be found false: `checks/lab/suite/m2.rs` says which.
const AS_WRITTEN: &str = "pxgate-as-written.yaml";

fn claim_files() -> Vec<ClaimFile> {
    let folder = test_kit::root().join("claims");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder claims/")
        .map(|entry| entry.expect("an entry of claims/").path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .filter(|path| !path.ends_with(AS_WRITTEN))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| match claim::read::load(path, &overrides(path)) {
            Ok(file) => file,
            Err(invalid) => panic!("{}", invalid.render(false)),
        })
        .collect()
}

/// What the reconciler is built into: cargo's own folder, so that only the clone's members are
/// compiled, which lie elsewhere each time.
fn overrides(path: &Path) -> Scope {
    let mut overrides = Scope::default();
    if path.ends_with("pxgate.yaml") {
        overrides.insert("build".to_owned(), target().display().to_string());
    }
    overrides
}

/// `target`, of which this test program lies in `debug/deps`.
fn target() -> PathBuf {
    let own = std::env::current_exe().expect("the path of this program");
    own.ancestors()
        .nth(3)
        .expect("target/debug/deps")
        .to_owned()
}

fn trial_name(file: &ClaimFile, gate: &str, check: &Check) -> String {
    let stem = file.source.path.file_stem().unwrap_or_default();
    format!("{}::{gate}::{}", stem.to_string_lossy(), check.id)
}

/// The runs of this process: at most one for each gate, with all checks that are wanted of it.
struct Runs {
    wanted: BTreeMap<(String, String), Vec<String>>,
    done: Mutex<HashMap<(String, String), Once<RunRecord>>>,
    hosts: Mutex<HashMap<String, Once<Result<(), String>>>>,
    /// Held while a gate is run: what one disturbs, another one would see.
    turn: Mutex<()>,
}

/// A value that is made once, by whoever needs it first.
type Once<T> = Arc<OnceLock<T>>;

impl Runs {
    fn new(arguments: &Arguments, files: &[Arc<ClaimFile>]) -> Runs {
        let mut wanted: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for file in files {
            for gate in &file.gates {
                for check in &gate.checks {
                    if is_wanted(arguments, &trial_name(file, &gate.id, check)) {
                        let key = (file.phase.clone(), gate.id.clone());
                        wanted.entry(key).or_default().push(check.id.clone());
                    }
                }
            }
        }
        Runs {
            wanted,
            done: Mutex::default(),
            hosts: Mutex::default(),
            turn: Mutex::default(),
        }
    }

    fn verdict(&self, file: &ClaimFile, gate: &str, id: &str) -> Result<Completion, Failed> {
        let check = file
            .gates
            .iter()
            .filter(|g| g.id == gate)
            .flat_map(|g| &g.checks)
            .find(|check| check.id == id)
            .expect("the check of the trial");
        if let Some(why) = self.why_not(file, check) {
            return Ok(Completion::ignored_with(why));
        }
        let record = self.run(file, gate);
        let check = record
            .checks
            .iter()
            .find(|check| check.gate == gate && check.id == id)
            .ok_or_else(|| Failed::from("the run has no record of the check"))?;
        match check.outcome {
            Outcome::Pass => Ok(Completion::Completed),
            Outcome::Skipped => Ok(Completion::ignored_with(reason(check))),
            _ => Err(Failed::from(gateproof::report::table(&record, 120, false))),
        }
    }

    /// Why a check is not run: it says so itself, or its host is not there.
    fn why_not(&self, file: &ClaimFile, check: &Check) -> Option<String> {
        if let Some(skip) = &check.skip {
            return Some(format!("declared: {}", skip.reason));
        }
        let hosts = hosts_of(file, check);
        let unreachable = hosts.iter().find_map(|host| self.reach(file, host).err());
        unreachable.map(|why| format!("not run: {why}"))
    }

    /// Whether the host is there: asked once, by logging in.
    fn reach(&self, file: &ClaimFile, name: &str) -> Result<(), String> {
        let spec = &file.hosts[name];
        let cell = {
            let mut hosts = self.hosts.lock().expect("the list of hosts");
            hosts.entry(spec.address.to_string()).or_default().clone()
        };
        cell.get_or_init(|| {
            block_on(async {
                let host = Host::open(name, &spec.address, &reach_options());
                let hello = Invocation::new(
                    Script::Shell("true".to_owned()),
                    Duration::from_secs(10),
                    1024,
                );
                let answer = host.run(&hello).await;
                host.close().await;
                answer.map(drop).map_err(|fault| {
                    let why = fault.to_string();
                    eprintln!("checks that need the host `{name}` are not run: {why}");
                    why
                })
            })
        })
        .clone()
    }

    fn run(&self, file: &ClaimFile, gate: &str) -> RunRecord {
        let key = (file.phase.clone(), gate.to_owned());
        let cell = {
            let mut done = self.done.lock().expect("the list of runs");
            done.entry(key.clone()).or_default().clone()
        };
        let selection = Selection {
            gates: vec![gate.to_owned()],
            checks: self.wanted.get(&key).cloned().unwrap_or_default(),
            tags: Vec::new(),
            failed: None,
        };
        cell.get_or_init(|| {
            let _turn = self.turn.lock().expect("nobody panics while it is held");
            block_on(run_once(file, selection))
        })
        .clone()
    }
}

async fn run_once(file: &ClaimFile, selection: Selection) -> RunRecord {
    let repository = Repository::find(&file.source.path, None, false)
        .await
        .expect("the state of the repository")
        .map(Arc::new);
    let options = Options {
        act: gateproof::record::Act::Verify,
        role: None,
        selection,
        reach: reach_options(),
        folder: test_kit::root().to_owned(),
        repository,
        allow_destructive: false,
        besides: None,
        program: Some(test_kit::built("gateproof").into()),
        // The checks are run beside each other, and some of them disturb this machine.
        teeth: false,
        lease_wait: std::time::Duration::from_secs(300),
        jobs: None,
        fail_fast: false,
        shuffle: None,
        activity: Default::default(),
    };
    gateproof::run::run(file, &options, &Interrupt::never(), &mut |_: &Redacted<
        RunEvent,
    >| {})
    .await
}

/// The hosts that a check, its fixtures and its control speak to.
fn hosts_of(file: &ClaimFile, check: &Check) -> Vec<String> {
    let control = check.control.iter().flat_map(|c| c.with.iter().flatten());
    let fixtures = check.with.iter().chain(control);
    let places = fixtures
        .filter_map(|name| file.fixtures.get(name))
        .map(|fixture| &fixture.on)
        .chain([&check.on]);
    let mut hosts: Vec<String> = places
        .filter_map(|place| match place {
            Place::Host(name) => Some(name.clone()),
            Place::Local | Place::Clone => None,
        })
        .collect();
    hosts.dedup();
    hosts
}

fn reason(check: &CheckRecord) -> String {
    check
        .findings
        .iter()
        .find_map(|finding| finding.note.clone())
        .unwrap_or_else(|| "skipped".to_owned())
}

fn reach_options() -> ReachOptions {
    let config = std::env::var("GATEPROOF_LAB_SSH_CONFIG").unwrap_or_default();
    ReachOptions {
        ssh_config: (!config.is_empty()).then(|| config.into()),
        connect_timeout: Duration::from_secs(5),
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// The same rule by which the harness selects tests.
fn is_wanted(arguments: &Arguments, name: &str) -> bool {
    let hit = |pattern: &String| match arguments.exact {
        true => name == pattern,
        false => name.contains(pattern.as_str()),
    };
    arguments.filter.as_ref().is_none_or(hit) && !arguments.skip.iter().any(hit)
}
