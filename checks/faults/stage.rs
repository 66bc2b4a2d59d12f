//! One app on an engine that is none, with a recipe, a state folder and a server that answers as
//! whatever is deployed.

use std::collections::{HashMap, HashSet};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use serde_json::{Value, json};

use test_kit::fake_engine::{FakeEngine, State};
use test_kit::sshd::write_program;
use test_kit::warm::{self, Ended, Running};

pub const OLD: &str = "5.1.1+v3.6.15";
pub const NEW: &str = "5.2.0+v3.7.15";
const STACK: &str = "traefik_test";
/// Where the data of a stateful stage lies, under its folder.
pub const DATA: &str = "volumes/traefik_test_data/_data";

/// The engines live in it.
fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    })
}

/// How a version answers; without a word it answers as it should.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Status(u16),
    Hang,
}

#[derive(Default)]
struct Manners {
    /// By the app's part of the version.
    versions: HashMap<String, Answer>,
    /// Tasks that answer 503, whatever their version.
    sick: HashSet<String>,
    right_answers: HashMap<String, usize>,
}

pub struct Stage {
    pub folder: tempfile::TempDir,
    pub engine: Arc<FakeEngine>,
    manners: Arc<Mutex<Manners>>,
    warm: PathBuf,
}

impl Stage {
    /// Nothing runs, and the old version is released.
    pub fn new() -> Stage {
        Stage::at(None)
    }

    /// The same with its state in a given folder.
    pub fn at(warm: Option<PathBuf>) -> Stage {
        Stage::with(warm, false)
    }

    /// An app with data in a volume (`data.rs`).
    pub fn stateful(warm: Option<PathBuf>) -> Stage {
        Stage::with(warm, true)
    }

    fn with(warm: Option<PathBuf>, stateful: bool) -> Stage {
        let folder = tempfile::Builder::new()
            .prefix("gp-stage-")
            .tempdir()
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut state = State::empty();
        state.0["port"] = json!(port);
        if stateful {
            state.0["volumes_at"] = json!(folder.path().join("volumes"));
            std::fs::create_dir_all(folder.path().join(DATA)).unwrap();
        }
        let engine = {
            let _inside = runtime().enter();
            Arc::new(FakeEngine::start(state))
        };
        let manners = Arc::new(Mutex::new(Manners::default()));
        serve(listener, Arc::downgrade(&engine), Arc::clone(&manners));
        let stage = Stage {
            warm: warm.unwrap_or_else(|| folder.path().join("warm")),
            folder,
            engine,
            manners,
        };
        for name in ["recipe", "bin", "tmp"] {
            std::fs::create_dir(stage.path(name)).unwrap();
        }
        stage.git(&["init", "--quiet", "--initial-branch=main"]);
        stage.docker("");
        let app_file = format!(
            "apps:
  traefik:
    domain: traefik.test
    driver: stack
    repository: {}
    health_scheme: http
    health_port: {port}
    stateful: {stateful}
    identity: {{ version: $.Version }}
    times: {{ first_gate: 1s, gate: 2500ms, probe: 2s, every: 40ms, successes: 2, steady: 0s, deploy: 20s, undeploy: 5s, snapshot: 20s }}
",
            stage.path("recipe").display()
        );
        std::fs::write(stage.path("apps.yaml"), app_file).unwrap();
        stage.release(OLD);
        stage
    }

    /// Adds keys to the app, or puts other values in their place.
    pub fn also(&self, keys: &str) {
        let path = self.path("apps.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        let key = |line: &str| line.split_once(':').map(|(key, _)| key.to_owned());
        let given: Vec<Option<String>> = keys.lines().map(key).collect();
        let kept = text.lines().filter(|line| !given.contains(&key(line)));
        let kept: Vec<&str> = kept.collect();
        std::fs::write(path, format!("{}\n{keys}", kept.join("\n"))).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The state folder.
    pub fn warm(&self) -> &Path {
        &self.warm
    }

    /// The app's own folder of state.
    pub fn home(&self) -> PathBuf {
        self.warm.join("traefik")
    }

    #[track_caller]
    pub fn git(&self, words: &[&str]) {
        git(&self.path("recipe"), words);
    }

    pub fn release(&self, tag: &str) {
        let text = format!("# {tag}\nversion: '3.8'\nservices: {{app: {{image: traefik}}}}\n");
        std::fs::write(self.path("recipe/compose.yml"), text).unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", tag]);
        self.git(&["tag", "--annotate", "--message", tag, tag]);
    }

    /// Makes the stand-in of the `docker` program; `before` is done first, in its shell, with
    /// the words of the call in `$*`.
    pub fn docker(&self, before: &str) {
        let script = format!(
            r#"#!/bin/sh
# Before a deploy the files are only read.
if [ "$1 $2" = "stack config" ]; then
  [ ! -e '{refuses}' ] || {{ cat '{refuses}' >&2; exit 1; }}
  cat '{config}' 2>/dev/null
  exit 0
fi
echo "$*" >>'{calls}'
ask() {{ curl -sS -o /dev/null --unix-socket "${{DOCKER_HOST#unix://}}" -X POST "$@"; }}
# What a version does to the data when it runs: it says what it met, and all but the first one
# change it, once.
starts() {{
  met=$(cat "$1/owner" 2>/dev/null)
  echo "$version on $met" >>'{met}'
  [ "$met" != "$version" ] || return 0
  echo "$version" >"$1/owner"
  [ "$version" = '{OLD}' ] || {{ rm -rf "$1/deep"; echo "$version" >"$1/new"; echo changed >"$1/mode"; }}
}}
{before}
case "$1 $2" in
  "stack deploy")
    while [ "$#" -gt 1 ]; do [ "$1" != --compose-file ] || file=$2; shift; done
    ask --data-binary "@$file" "http://engine/stand-in/deploy/$1"
    version=$(sed -n 's/.*"coop-cloud.{STACK}.version": *"\([^"]*\)".*/\1/p' "$file" | head -n 1)
    [ ! -d '{data}' ] || starts '{data}' ;;
  "stack rm") ask "http://engine/stand-in/remove/$3" ;;
  "service update") for last; do :; done; ask "http://engine/stand-in/restart/$last" ;;
esac
{after}
"#,
            calls = self.path("calls").display(),
            refuses = self.path("refuses").display(),
            config = self.path("config").display(),
            met = self.path("met").display(),
            data = self.path(DATA).display(),
            after = if before.contains("after()") {
                "after"
            } else {
                ""
            },
        );
        let path = self.path("bin/docker");
        // Whole or not at all: the old one may be running.
        write_program(&self.path("bin/new"), &script);
        std::fs::rename(self.path("bin/new"), path).unwrap();
    }

    /// What the stand-in was called with.
    pub fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// How a version answers from now on.
    pub fn answers(&self, tag: &str, answer: Answer) {
        let app = tag.split_once("+v").unwrap().1.to_owned();
        self.manners.lock().unwrap().versions.insert(app, answer);
    }

    /// What runs now answers 503 until it is started anew.
    pub fn falls_sick(&self) {
        let (task, _) = deployed(&self.engine).unwrap();
        self.manners.lock().unwrap().sick.insert(task);
    }

    /// How often a version answered as it should.
    pub fn right_answers(&self, tag: &str) -> usize {
        let app = tag.split_once("+v").unwrap().1;
        let manners = self.manners.lock().unwrap();
        manners.right_answers.get(app).copied().unwrap_or_default()
    }

    /// The app's part of the version that is deployed.
    pub fn runs(&self) -> Option<String> {
        deployed(&self.engine).map(|(_, app)| app)
    }

    /// The program, after a word before it (`strace …`).
    pub fn command(&self, wrapper: &[String], words: &[&str]) -> Command {
        let mut words = words.to_vec();
        words.insert(0, "--json");
        self.command_of(wrapper, &words)
    }

    /// The program as people run it, without `--json`.
    pub fn plain_command(&self, words: &[&str]) -> Command {
        self.command_of(&[], words)
    }

    fn command_of(&self, wrapper: &[String], words: &[&str]) -> Command {
        let program = test_kit::built("warm-reconcile").to_owned();
        let mut argv: Vec<String> = wrapper.to_vec();
        argv.push(program);
        let mut command = Command::new(&argv[0]);
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .args(&argv[1..])
            .arg("--config")
            .arg(self.path("apps.yaml"))
            .args(words)
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("CCCI_WARM_ROOT", &self.warm)
            // A run that is killed, and never run again, leaves its scratch folder.
            .env("TMPDIR", self.path("tmp"))
            .env("CCCI_SKIP_FETCH", "1")
            .env(
                "DOCKER_HOST",
                format!("unix://{}", self.engine.socket().display()),
            );
        command
    }

    /// Runs the program to its end, as people run it.
    pub fn plain(&self, words: &[&str]) -> Ended {
        Ended::of(self.plain_command(words).output().unwrap())
    }

    /// Runs the program to its end.
    pub fn run(&self, words: &[&str]) -> Ended {
        Ended::of(self.command(&[], words).output().unwrap())
    }

    /// Starts the program, and gives it when its journal is in that state.
    #[track_caller]
    pub fn start_until(&self, words: &[&str], state: &str) -> Running {
        Running::start_until(&mut self.command(&[], words), &self.home(), state)
    }

    /// The journal's last state.
    pub fn journal(&self) -> Option<String> {
        warm::journal_state(&self.home())
    }

    pub fn last_good(&self) -> String {
        warm::last_good(&self.home())
    }

    /// A state file's text, empty where there is none.
    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.home().join(name)).unwrap_or_default()
    }

    /// The alerts in the folder, by name and content.
    pub fn alerts(&self) -> Vec<(String, Value)> {
        let entries = std::fs::read_dir(self.warm.join("alerts"))
            .into_iter()
            .flatten();
        let mut all: Vec<(String, Value)> = entries
            .flatten()
            .filter(|entry| entry.path().is_file())
            .map(|entry| {
                let text = std::fs::read_to_string(entry.path()).unwrap();
                let name = entry.file_name().to_string_lossy().into_owned();
                (name, serde_json::from_str(&text).unwrap())
            })
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// How many alerts of that reason there are.
    pub fn alerts_of(&self, reason: &str) -> usize {
        let all = self.alerts();
        all.iter()
            .filter(|(_, alert)| alert["reason"] == reason)
            .count()
    }
}

#[track_caller]
pub fn git(folder: &Path, words: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@test.invalid"])
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "git {words:?}: {done:?}");
}

/// The task that runs, and the app's part of its version.
fn deployed(engine: &FakeEngine) -> Option<(String, String)> {
    let mut found = None;
    engine.edit(|state| {
        let labels = state.0["services"][0]["Spec"]["Labels"].clone();
        let version = labels[format!("coop-cloud.{STACK}.version")].as_str();
        let task = state.0["tasks"][0]["ID"].as_str();
        if let (Some(task), Some((_, app))) = (task, version.and_then(|tag| tag.split_once("+v"))) {
            found = Some((task.to_owned(), app.to_owned()));
        }
    });
    found
}

/// Answers until its engine is gone.
fn serve(listener: TcpListener, engine: std::sync::Weak<FakeEngine>, manners: Arc<Mutex<Manners>>) {
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let mut hanging = Vec::new();
        loop {
            let Some(engine) = engine.upgrade() else {
                return;
            };
            match listener.accept() {
                Err(_) => {
                    drop(engine);
                    std::thread::sleep(Duration::from_millis(3));
                }
                Ok((stream, _)) => hanging.extend(answer(stream, &engine, &manners)),
            }
        }
    });
}

/// Gives the stream back where it is to hang.
fn answer(
    mut stream: TcpStream,
    engine: &FakeEngine,
    manners: &Mutex<Manners>,
) -> Option<TcpStream> {
    let _ = stream.set_nonblocking(false);
    let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
    let (task, app) = deployed(engine)?;
    let mut since = String::new();
    engine.edit(|state| {
        since = state.0["tasks"][0]["CreatedAt"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    let _ = stream.read(&mut [0; 4096]);
    let mut manners = manners.lock().unwrap();
    let answer = manners.versions.get(&app).copied();
    let answer = match manners.sick.contains(&task) {
        true => Some(Answer::Status(503)),
        false => answer,
    };
    let status = match answer {
        None => 200,
        Some(Answer::Status(status)) => status,
        Some(Answer::Hang) => return Some(stream),
    };
    if status == 200 {
        *manners.right_answers.entry(app.clone()).or_default() += 1;
    }
    let body = json!({ "Version": app, "startDate": since }).to_string();
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    None
}
