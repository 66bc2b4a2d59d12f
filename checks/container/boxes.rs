//! One engine for all trials, and containers of busybox on it.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Once};

use test_kit::program::{Scratch, Shown};
use test_kit::runs::Running;
use test_kit::swarm::Swarm;

/// The image of the boxes: every applet of busybox, and nothing else.
const IMAGE: &str = "lab/box:1";
/// An image of the engine's own without a shell.
pub(crate) const SHELLLESS: &str = "traefik:v3.7.15";

/// The shared engine, with the image of the boxes.
pub(crate) fn swarm() -> Arc<Swarm> {
    static IMPORTED: Once = Once::new();
    let swarm = test_kit::swarm::shared();
    IMPORTED.call_once(|| import(&swarm));
    swarm
}

fn import(swarm: &Swarm) {
    let tree = tempfile::tempdir().unwrap();
    let bin = tree.path().join("bin");
    for folder in ["bin", "tmp", "etc", "root", "var/lib"] {
        std::fs::create_dir_all(tree.path().join(folder)).unwrap();
    }
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].map(Path::new);
    let busybox = busybox.into_iter().find(|path| path.exists()).unwrap();
    std::fs::copy(busybox, bin.join("busybox")).unwrap();
    let listed = Command::new(busybox).arg("--list").output().unwrap();
    for applet in String::from_utf8(listed.stdout).unwrap().lines() {
        if applet != "busybox" {
            symlink("busybox", bin.join(applet)).unwrap();
        }
    }
    std::fs::write(tree.path().join("etc/where"), "inside\n").unwrap();
    let archive = tree.path().join("box.tar");
    let tar = Command::new("tar")
        .args(["--exclude=./box.tar", "-cf"])
        .arg(&archive)
        .arg("-C")
        .arg(tree.path())
        .arg(".")
        .status();
    assert!(tar.unwrap().success());
    swarm.docker(&["import", archive.to_str().unwrap(), IMAGE]);
}

/// A container that does nothing. Dropped, it is removed.
pub(crate) struct TestBox {
    pub(crate) swarm: Arc<Swarm>,
    pub(crate) name: String,
}

impl TestBox {
    pub(crate) fn start(name: &str) -> TestBox {
        TestBox::with(name, &[IMAGE, "sleep", "100000"])
    }

    pub(crate) fn with(name: &str, args: &[&str]) -> TestBox {
        let swarm = swarm();
        let name = format!("gp-{name}");
        let run = [
            "run",
            "--detach",
            "--init=false",
            "--network",
            "none",
            "--name",
            &name,
        ];
        swarm.docker(&[&run, args].concat());
        TestBox { swarm, name }
    }

    /// What a shell line prints in the container, run by docker itself.
    #[track_caller]
    pub(crate) fn sh(&self, line: &str) -> String {
        self.swarm.docker(&["exec", &self.name, "sh", "-c", line])
    }

    pub(crate) fn id(&self) -> String {
        let format = ["inspect", "--format", "{{.Id}}", &self.name];
        self.swarm.docker(&format)
    }

    /// A folder with a claim file about the container `web`, which is this one.
    pub(crate) fn claim(&self, rest: &str) -> Claim {
        Claim::new(&self.swarm, &format!("container: {}", self.name), rest)
    }
}

impl Drop for TestBox {
    fn drop(&mut self) {
        // A trial may have removed it.
        let mut remove = docker(&self.swarm);
        let _ = remove.args(["rm", "--force", &self.name]).output();
    }
}

/// A Swarm service of boxes. Dropped, it is removed.
pub(crate) struct BoxService {
    pub(crate) swarm: Arc<Swarm>,
    pub(crate) name: String,
}

impl BoxService {
    pub(crate) fn start(name: &str, replicas: usize) -> BoxService {
        let swarm = swarm();
        let name = format!("gp_{name}");
        let replicas = format!("--replicas={replicas}");
        let create = [
            "service",
            "create",
            "--detach",
            "--no-resolve-image",
            "--quiet",
        ];
        let what = [&replicas, "--name", &name, IMAGE, "sleep", "100000"];
        swarm.docker(&[&create[..], &what].concat());
        BoxService { swarm, name }
    }

    pub(crate) fn running(&self) -> usize {
        let label = format!("label=com.docker.swarm.service.name={}", self.name);
        let filter = ["--filter", "status=running", "--filter", &label];
        let listed = self
            .swarm
            .docker(&[&["ps", "--quiet"][..], &filter].concat());
        listed.lines().count()
    }
}

impl Drop for BoxService {
    fn drop(&mut self) {
        let mut remove = docker(&self.swarm);
        let _ = remove.args(["service", "rm", &self.name]).output();
    }
}

/// A claim file, and the program that runs it against the engine.
pub(crate) struct Claim {
    swarm: Arc<Swarm>,
    pub(crate) scratch: Scratch,
}

impl Claim {
    pub(crate) fn new(swarm: &Arc<Swarm>, address: &str, rest: &str) -> Claim {
        let claim = format!("phase: boxes\non: web\nhosts: {{ web: {{ {address} }} }}\n{rest}");
        Claim {
            swarm: Arc::clone(swarm),
            scratch: Scratch::with(claim),
        }
    }

    /// A claim file with one gate and these checks.
    pub(crate) fn checks(swarm: &Arc<Swarm>, address: &str, checks: &str) -> Claim {
        Claim::new(
            swarm,
            address,
            &format!("gates:\n  M1:\n    checks:\n{checks}"),
        )
    }

    pub(crate) fn program(&self, args: &[&str]) -> Command {
        let mut command = self.scratch.program(args);
        command.env_remove("DOCKER_CONTEXT").env(
            "DOCKER_HOST",
            format!("unix://{}", self.swarm.socket().display()),
        );
        command
    }

    pub(crate) fn verify(&self) -> Shown {
        Shown::of(output(self.program(&["verify", "claim.yaml"])))
    }

    pub(crate) fn start(&self) -> Running {
        Running::start(self.program(&["verify", "claim.yaml"]))
    }
}

pub(crate) fn output(mut command: Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

fn docker(swarm: &Swarm) -> Command {
    let mut command = Command::new("docker");
    command.env_remove("DOCKER_CONTEXT").env(
        "DOCKER_HOST",
        format!("unix://{}", swarm.socket().display()),
    );
    command
}
