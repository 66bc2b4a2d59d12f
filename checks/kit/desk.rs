//! One app with a recipe repository, a state folder and an app file of its own, on one engine.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::swarm::{Swarm, TestEngine, shared};
use crate::warm::{self, Ended, Running};

/// The versions that there are images of.
pub const OLD: &str = "5.1.1+v3.6.15";
pub const NEW: &str = "5.2.0+v3.7.15";

/// Times for servers that start in a moment.
pub const SHORT: &str =
    "first_gate: 2s, gate: 40s, probe: 2s, every: 200ms, successes: 2, steady: 300ms, deploy: 30s";

pub struct Desk {
    engine: TestEngine,
    /// What runs it, for as long as the desk is used.
    _keeper: Arc<dyn Send + Sync>,
    folder: tempfile::TempDir,
    app: &'static str,
    pub stack: String,
    pub port: u16,
}

impl Desk {
    /// Real Traefik, asked for its own API.
    pub fn new(name: &str, port: u16) -> Desk {
        let fields = format!("    health_scheme: http\n    env: {{ PORT: '{port}' }}\n");
        let times = "first_gate: 2s, gate: 30s, probe: 2s, every: 200ms, successes: 3, steady: 1s, deploy: 30s";
        Desk::with(shared(), name, port, &fields, times)
    }

    /// The same on an engine of its own.
    pub fn alone(name: &str, port: u16) -> Desk {
        let fields = format!("    health_scheme: http\n    env: {{ PORT: '{port}' }}\n");
        let times = "first_gate: 10s, gate: 45s, probe: 2s, every: 300ms, successes: 3, steady: 1s, deploy: 30s";
        Desk::with(Arc::new(Swarm::start()), name, port, &fields, times)
    }

    /// The tests' own web server, asked for what its recipe says.
    pub fn web(name: &str, port: u16) -> Desk {
        let fields = "    health_scheme: http\n    health_path: /cgi-bin/health\n    identity: { version: $.Version, started: none }\n";
        Desk::with(shared(), name, port, fields, SHORT)
    }

    /// Any app; `fields` and `times` are YAML.
    pub fn with(swarm: Arc<Swarm>, name: &str, port: u16, fields: &str, times: &str) -> Desk {
        let engine = TestEngine::clone(&swarm);
        Desk::on(engine, swarm, name, port, fields, times)
    }

    /// The same on an engine that something keeps running.
    pub fn on(
        engine: TestEngine,
        keeper: Arc<dyn Send + Sync>,
        name: &str,
        port: u16,
        fields: &str,
        times: &str,
    ) -> Desk {
        let desk = Desk {
            engine,
            _keeper: keeper,
            folder: tempfile::tempdir().unwrap(),
            app: "traefik",
            stack: format!("gp_{name}"),
            port,
        };
        desk.init();
        let app_file = format!(
            "apps:
  traefik:
    domain: traefik.test
    driver: stack
    stack: {}
    repository: {}
    health_port: {port}
{fields}    times: {{ {times} }}
",
            desk.stack,
            desk.recipe().display()
        );
        std::fs::write(desk.folder.path().join("apps.yaml"), app_file).unwrap();
        desk
    }

    /// A desk for the app `ledger`, whose data is in a volume (`checks/kit/ledger.rs`).
    pub fn ledger(name: &str, port: u16, driver: &str) -> Desk {
        Desk::ledger_on(shared(), name, port, driver)
    }

    /// The same on an engine of its own.
    pub fn ledger_on(swarm: Arc<Swarm>, name: &str, port: u16, driver: &str) -> Desk {
        let desk = Desk {
            engine: TestEngine::clone(&swarm),
            _keeper: swarm,
            folder: tempfile::tempdir().unwrap(),
            app: "ledger",
            stack: format!("gp_{name}"),
            port,
        };
        desk.init();
        let app_file = format!(
            "# Nothing stands in front of it.
proxy: none.service
apps:
  ledger:
    recipe: ledger
    domain: ledger.test
    stateful: true
    driver: {driver}
    stack: {}
    repository: {}
    health_path: /version
    health_scheme: http
    health_port: {port}
    identity: {{ version: $.Version }}
    times: {{ first_gate: 2s, gate: 25s, probe: 2s, every: 200ms, successes: 3, steady: 1s, deploy: 30s, undeploy: 20s, snapshot: 30s }}
",
            desk.stack,
            desk.recipe().display()
        );
        std::fs::write(desk.folder.path().join("apps.yaml"), app_file).unwrap();
        desk
    }

    fn init(&self) {
        std::fs::create_dir(self.recipe()).unwrap();
        self.git(&["init", "--quiet", "--initial-branch=main"]);
    }

    pub fn swarm(&self) -> &TestEngine {
        &self.engine
    }

    pub fn recipe(&self) -> PathBuf {
        self.folder.path().join("recipe")
    }

    /// The app's own folder of state.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("warm").join(self.app)
    }

    pub fn alerts(&self) -> PathBuf {
        self.folder.path().join("warm/alerts")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    #[track_caller]
    fn git(&self, words: &[&str]) {
        let done = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@test.invalid"])
            .args(words)
            .current_dir(self.recipe())
            .output()
            .unwrap();
        assert!(done.status.success(), "git {words:?}: {done:?}");
    }

    /// Gives the gate another time.
    pub fn gate(&self, time: Duration) {
        let path = self.folder.path().join("apps.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        let (head, rest) = text.split_once(" gate: ").unwrap();
        let (_, rest) = rest.split_once(',').unwrap();
        std::fs::write(&path, format!("{head} gate: {}ms,{rest}", time.as_millis())).unwrap();
    }

    /// Releases a version of these files, by name and text.
    pub fn release_files(&self, tag: &str, files: &[(&str, &str)]) {
        for (name, text) in files {
            std::fs::write(self.recipe().join(name), text).unwrap();
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", tag]);
        self.git(&["tag", "--annotate", "--message", tag, tag]);
    }

    /// Releases a version anew, under the tag that it may have already.
    pub fn retag(&self, tag: &str, files: &[(&str, &str)]) {
        for (name, text) in files {
            std::fs::write(self.recipe().join(name), text).unwrap();
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", tag]);
        self.git(&["tag", "--force", "--annotate", "--message", tag, tag]);
    }

    /// Releases a version with more flags for Traefik than the recipe has.
    pub fn release(&self, tag: &str, more: &str) {
        let source = crate::root().join("checks/swarm/traefik.yml");
        let compose = std::fs::read_to_string(source).unwrap();
        let flags = "\"--ping=true\"]\n";
        assert!(compose.contains(flags));
        let compose = compose.replacen(flags, &format!("\"--ping=true\"{more}]\n"), 1);
        std::fs::write(self.recipe().join("compose.yml"), compose).unwrap();
        let app = tag.split_once("+v").unwrap().1;
        let sample = format!("TRAEFIK_VERSION={app}\nRELEASE={tag}\n");
        std::fs::write(self.recipe().join(".env.sample"), sample).unwrap();
        self.tag(tag);
    }

    /// Commits the recipe as it is under that tag.
    pub fn tag(&self, tag: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", tag]);
        self.git(&["tag", "--annotate", "--message", tag, tag]);
    }

    /// The same with a flag that Traefik does not know: it ends at once.
    pub fn release_broken(&self, tag: &str) {
        self.release(tag, ", \"--nonsense=true\"");
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.engine.enter();
        let engine = self.engine.socket();
        // The stand-in for abra, where one was put.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders = vec![self.path("bin")];
        folders.extend(std::env::split_paths(&path));
        command
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env("ABRA_DIR", self.path("abra"))
            .arg(crate::built("warm-reconcile"))
            .arg("--json")
            .arg("--config")
            .arg(self.folder.path().join("apps.yaml"))
            .args(words)
            .env("CCCI_WARM_ROOT", self.folder.path().join("warm"))
            .env("CCCI_SKIP_FETCH", "1")
            .env("DOCKER_HOST", format!("unix://{}", engine.display()))
            .env_remove("DOCKER_CONTEXT");
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, words: &[&str]) -> Ended {
        Ended::of(self.command(words).output().unwrap())
    }

    /// The same where the recipe and its images may be fetched.
    pub fn run_fetching(&self, words: &[&str]) -> Ended {
        let mut command = self.command(words);
        Ended::of(command.env_remove("CCCI_SKIP_FETCH").output().unwrap())
    }

    /// Starts the program.
    pub fn start(&self, words: &[&str]) -> Running {
        Running::start(&mut self.command(words))
    }

    /// Starts the program, and gives it when its journal is in that state.
    #[track_caller]
    pub fn start_until(&self, words: &[&str], state: &str) -> Running {
        Running::start_until(&mut self.command(words), &self.home(), state)
    }

    /// The last record's state.
    pub fn journal_state(&self) -> Option<String> {
        warm::journal_state(&self.home())
    }

    pub fn last_good(&self) -> String {
        warm::last_good(&self.home())
    }

    /// The version that answers, if one does.
    pub fn answers(&self) -> Option<String> {
        let path = if self.app == "ledger" {
            "/version"
        } else {
            "/api/version"
        };
        let body = self.engine.ask(self.port, path)?;
        let body: Value = serde_json::from_str(&body).ok()?;
        Some(body["Version"].as_str()?.to_owned())
    }

    /// `Version.Index` of every service: it rises with every write.
    pub fn indexes(&self) -> String {
        let filter = format!("label=com.docker.stack.namespace={}", self.stack);
        let ids = self
            .engine
            .docker(&["service", "ls", "--quiet", "--filter", &filter]);
        let mut words = vec![
            "service",
            "inspect",
            "--format",
            "{{.ID}} {{.Version.Index}}",
        ];
        words.extend(ids.lines());
        self.engine.docker(&words)
    }

    /// The ids of the stack's services.
    pub fn services(&self) -> String {
        let filter = format!("label=com.docker.stack.namespace={}", self.stack);
        self.engine
            .docker(&["service", "ls", "--quiet", "--filter", &filter])
    }

    /// The flight record that a report names.
    #[track_caller]
    pub fn flight(&self, report: &Value) -> Value {
        let path = report["flight"].as_str().unwrap();
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let stack = self.stack.clone();
        let engine = self.engine.clone();
        // Also after a panic: the other trials go on with the same engine.
        let _ = std::panic::catch_unwind(move || engine.docker(&["stack", "rm", &stack]));
    }
}
