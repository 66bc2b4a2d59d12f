//! A real `sshd` on loopback, for as long as the guard lives.

use std::fs::{self, File, Permissions};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The name under which [`Sshd::config`] knows the server.
pub const ALIAS: &str = "replica";

/// Where `sshd` is. It has to be started by its whole path.
pub fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = [
        "/usr/sbin",
        "/sbin",
        "/usr/local/sbin",
        "/run/current-system/sw/bin",
    ];
    std::env::split_paths(&path)
        .chain(more.iter().map(PathBuf::from))
        .map(|folder| folder.join("sshd"))
        .find(|file| file.is_absolute() && file.exists())
}

/// What a server is to be like.
#[derive(Default)]
pub struct Builder {
    lines: Vec<String>,
    environment: Vec<(String, String)>,
    login_shell: Option<PathBuf>,
    sh: Option<PathBuf>,
    mounts: Vec<String>,
}

/// A running server with a key that it lets in. Dropped, it ends with its sessions.
pub struct Sshd {
    child: Child,
    folder: tempfile::TempDir,
    /// The port on 127.0.0.1.
    pub port: u16,
}

impl Builder {
    /// Another line of `sshd_config`.
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// An environment variable of every session. `TMPDIR` is the server's folder `tmp`
    /// otherwise.
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another login shell: the real one for root (in a mount namespace with another
    /// `/etc/passwd`), and by `ForceCommand` for everyone else.
    pub fn login_shell(mut self, shell: impl Into<PathBuf>) -> Self {
        self.login_shell = Some(shell.into());
        self
    }

    /// Another `/bin/sh`, in a mount namespace. Only for root: see [`can_mount`].
    pub fn sh(mut self, shell: impl Into<PathBuf>) -> Self {
        self.sh = Some(shell.into());
        self
    }

    /// Another command for the server's mount namespace. Only for root: see [`can_mount`].
    pub fn mount(mut self, command: impl Into<String>) -> Self {
        self.mounts.push(command.into());
        self
    }

    /// Starts the server and waits until it listens.
    pub fn start(self) -> Sshd {
        let folder = tempfile::Builder::new()
            .prefix("gp-sshd-")
            .tempdir()
            .unwrap();
        let at = |name: &str| folder.path().join(name);
        for key in ["host_key", "user_key"] {
            keygen(&at(key));
        }
        fs::copy(at("user_key.pub"), at("authorized_keys")).unwrap();
        fs::create_dir(at("tmp")).unwrap();
        let port = free_port();
        self.write_config(folder.path(), port);
        let child = self.spawn(folder.path());
        let server = Sshd {
            child,
            folder,
            port,
        };
        server.write_client_config();
        server.wait_until_it_listens();
        server
    }

    fn write_config(&self, folder: &Path, port: u16) {
        let at = |name: &str| folder.join(name).display().to_string();
        let mut lines = self.lines.clone();
        lines.extend([
            format!("Port {port}"),
            "ListenAddress 127.0.0.1".into(),
            format!("HostKey {}", at("host_key")),
            format!("AuthorizedKeysFile {}", at("authorized_keys")),
            "PidFile none".into(),
            "StrictModes no".into(),
            "UsePAM no".into(),
            "PasswordAuthentication no".into(),
            "KbdInteractiveAuthentication no".into(),
            "PermitRootLogin yes".into(),
            "UseDNS no".into(),
            "LogLevel DEBUG1".into(),
        ]);
        let mut environment = self.environment.clone();
        if !environment.iter().any(|(name, _)| name == "TMPDIR") {
            environment.push(("TMPDIR".into(), at("tmp")));
        }
        environment.push(("GATEPROOF_STATE".into(), at("state")));
        let pairs = environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        lines.push(format!("SetEnv {}", pairs.collect::<Vec<_>>().join(" ")));
        if let (Some(shell), false) = (&self.login_shell, can_mount()) {
            lines.push(format!(
                "ForceCommand exec {} -c \"$SSH_ORIGINAL_COMMAND\"",
                shell.display()
            ));
        }
        fs::write(folder.join("sshd_config"), lines.join("\n") + "\n").unwrap();
    }

    fn spawn(&self, folder: &Path) -> Child {
        let program = program().expect("sshd is there: the suite looked before");
        let mut setup = self.mounts.clone();
        if can_mount() {
            // Privilege separation wants this folder; Debian makes it when the service starts.
            fs::create_dir_all("/run/sshd").unwrap();
            if let Some(shell) = &self.login_shell {
                fs::write(folder.join("passwd"), passwd_with_shell(shell)).unwrap();
                setup.push(format!(
                    "mount --bind {} /etc/passwd",
                    folder.join("passwd").display()
                ));
            }
            if let Some(sh) = &self.sh {
                let real = fs::canonicalize("/bin/sh").unwrap();
                setup.push(format!("mount --bind {} {}", sh.display(), real.display()));
            }
        }
        let serve = format!(
            "exec {} -D -e -f {}",
            program.display(),
            folder.join("sshd_config").display()
        );
        let mut command = if setup.is_empty() {
            let mut command = Command::new("sh");
            command.args(["-c", &serve]);
            command
        } else {
            setup.insert(0, "mount --make-rprivate /".into());
            setup.push(serve);
            let mut command = Command::new("unshare");
            // bash: what is mounted over may be the shell that runs this.
            command.args(["-m", "bash", "-c", &setup.join(" && ")]);
            command
        };
        let log = File::create(folder.join("log")).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        command.spawn().unwrap()
    }
}

impl Sshd {
    /// A server with nothing special about it.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// An `ssh_config` that knows the server by [`ALIAS`].
    pub fn config(&self) -> PathBuf {
        self.path("ssh_config")
    }

    /// A file in the server's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.path("log")).unwrap()).into_owned()
    }

    /// The process id of the listening server.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// An `ssh_config` in which something is changed.
    pub fn config_with(&self, name: &str, change: impl FnOnce(String) -> String) -> PathBuf {
        let file = self.path(name);
        fs::write(&file, change(fs::read_to_string(self.config()).unwrap())).unwrap();
        file
    }

    fn write_client_config(&self) {
        let key = fs::read_to_string(self.path("host_key.pub")).unwrap();
        fs::write(
            self.path("known_hosts"),
            format!("[127.0.0.1]:{} {key}", self.port),
        )
        .unwrap();
        let text = format!(
            "Host {ALIAS}\n  HostName 127.0.0.1\n  Port {}\n  User {}\n  IdentityFile {}\n  IdentitiesOnly yes\n  \
             UserKnownHostsFile {}\n  GlobalKnownHostsFile /dev/null\n",
            self.port,
            user(),
            self.path("user_key").display(),
            self.path("known_hosts").display(),
        );
        fs::write(self.config(), text).unwrap();
    }

    fn wait_until_it_listens(&self) {
        let begin = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(
                begin.elapsed() < Duration::from_secs(20),
                "sshd does not listen: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // Its sessions are processes of their own: they go by their parent.
        for pid in descendants(self.child.id()) {
            // It may have ended meanwhile.
            let _ = kill(pid);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether mount namespaces with mounts of our own can be made here.
pub fn can_mount() -> bool {
    static CAN: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *CAN.get_or_init(|| {
        let command = "mount --make-rprivate / && mount --bind /etc/passwd /etc/passwd";
        let tried = Command::new("unshare")
            .args(["-m", "sh", "-c", command])
            .output();
        tried.is_ok_and(|output| output.status.success())
    })
}

/// A port nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A new key without a passphrase.
pub fn keygen(file: &Path) {
    let made = Command::new("ssh-keygen")
        .args([
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            "gateproof-check",
            "-f",
        ])
        .arg(file)
        .status()
        .unwrap();
    assert!(made.success());
}

/// An executable file.
pub fn write_program(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o755)).unwrap();
}

/// The login name of whoever runs the suite.
pub fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn passwd_with_shell(shell: &Path) -> String {
    let me = format!("{}:", user());
    let changed = |line: &str| match line.rsplit_once(':') {
        Some((before, _)) if line.starts_with(&me) => format!("{before}:{}\n", shell.display()),
        _ => format!("{line}\n"),
    };
    fs::read_to_string("/etc/passwd")
        .unwrap()
        .lines()
        .map(changed)
        .collect()
}

/// All processes below one, the deepest last.
pub fn descendants(root: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        // After the name in brackets: state, parent.
        let Some(parent) = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(1)?.parse::<u32>().ok())
        else {
            continue;
        };
        parents.push((pid, parent));
    }
    let mut found = vec![root];
    let mut next = 0;
    while next < found.len() {
        let current = found[next];
        found.extend(
            parents
                .iter()
                .filter(|(_, parent)| *parent == current)
                .map(|(pid, _)| *pid),
        );
        next += 1;
    }
    found.split_off(1)
}

/// Kills one process.
pub fn kill(pid: u32) -> rustix::io::Result<()> {
    match rustix::process::Pid::from_raw(pid.cast_signed()) {
        Some(pid) => rustix::process::kill_process(pid, rustix::process::Signal::KILL),
        None => Ok(()),
    }
}
