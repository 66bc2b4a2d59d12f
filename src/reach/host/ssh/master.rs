//! The one connection to a host: an OpenSSH master of our own, in a folder of our own.
//!
//! The master is started here and not by `openssh::SessionBuilder`, because that one has no
//! way to pass what is needed beyond its own options: a log level at which the reasons of
//! refused connections are logged whatever the user's configuration sets, no forwards of the
//! user's own, a jump host's messages, and an end when the login hangs. Everything on the
//! connection then goes through [`openssh::Session`].

use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openssh::Session;
use tokio::process::Command;
use tokio::time::timeout;

use super::super::fault::Fault;
use super::super::guard::Guard;
use super::super::options::ReachOptions;
use super::classify::{self, Dialled};
use super::destination::Destination;

/// Socket paths end at 108 bytes on Linux (104 elsewhere), and `ssh` adds 17 of its own while
/// it makes one: a folder with a longer path than this is of no use.
const LONGEST_FOLDER: usize = 60;

/// How long a login may take after the connection itself stands.
const LOGIN: Duration = Duration::from_secs(30);

/// How long a dead link goes unnoticed at most: seconds between questions, and how many may
/// stay unanswered.
const ALIVE: [&str; 2] = ["ServerAliveInterval=5", "ServerAliveCountMax=3"];

/// What the guard does when we were killed: end the master, remove its folder.
const CLEAN: &str = r#"ssh -F none -S "$2/m" -O exit x; rm -rf "$2""#;

/// What the user's configuration makes of a destination.
#[derive(Debug)]
struct Settings {
    hostname: String,
    port: u16,
    connect_timeout: Option<u64>,
    jumps: bool,
}

/// A connection that stands.
#[derive(Debug)]
pub(super) struct Master {
    /// Its channels and forwards.
    pub(super) session: Arc<Session>,
    /// Removed by `close`, or by the guard.
    folder: PathBuf,
    guard: Guard,
    /// How much of the log has been read for refusals, in bytes.
    read: Mutex<u64>,
}

impl Master {
    /// Connects and logs in.
    ///
    /// # Errors
    /// A [`Fault`] that names what prevents it, in the messages of `ssh`.
    pub(super) async fn connect(
        name: &str,
        destination: &str,
        options: &ReachOptions,
    ) -> Result<Self, Fault> {
        let target = Destination::parse(destination).map_err(Fault::Other)?;
        let settings = Settings::query(&target, options).await?;
        let folder = control_folder()?;
        let path = folder.path().to_string_lossy().into_owned();
        let guard = Guard::start(CLEAN, &[&path])?;
        // From here on the guard answers for the folder.
        let folder = folder.keep();
        let result = log_in(&target, &settings, &folder, options).await;
        let master = Master {
            session: Arc::new(Session::resume_mux(
                folder.join("m").into(),
                Some(folder.join("log").into()),
            )),
            folder,
            guard,
            read: Mutex::new(0),
        };
        let failure = match result {
            Ok(true) => return Ok(master),
            Ok(false) => {
                let messages = master.all_messages();
                let dialled = Dialled {
                    name,
                    destination,
                    hostname: &settings.hostname,
                    port: settings.port,
                    jumps: settings.jumps,
                };
                classify::connect_failure(&dialled, &messages)
            }
            Err(Failure::Slow(limit)) => Fault::Unreachable {
                host: name.to_owned(),
                detail: format!(
                    "the login did not end within {}; {}",
                    humantime::format_duration(limit),
                    classify::readable(&master.all_messages())
                ),
            },
            Err(Failure::Fault(fault)) => fault,
        };
        master.close().await;
        Err(failure)
    }

    /// Whether the master still runs and has its connection (as far as it knows).
    pub(super) async fn stands(&self) -> bool {
        matches!(
            timeout(Duration::from_secs(2), self.session.check()).await,
            Ok(Ok(()))
        )
    }

    /// Why the server did not open a forwarded connection, if it refused one since the last call.
    pub(super) fn newest_refusal(&self) -> Option<String> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let text = read_from(&self.folder.join("log"), *read);
        *read += text.len() as u64;
        classify::newest_refusal(&String::from_utf8_lossy(&text))
    }

    /// The last messages of `ssh`, for a fault.
    pub(super) fn last_message(&self) -> String {
        classify::readable(&self.all_messages())
    }

    /// A path for another socket in the master's folder.
    pub(super) fn socket(&self, number: usize) -> PathBuf {
        self.folder.join(format!("f{number}"))
    }

    /// Ends the connection with everything on it.
    pub(super) async fn close(&self) {
        let mut exit = Command::new("ssh");
        exit.args(["-F", "none", "-O", "exit", "-S"])
            .arg(self.folder.join("m"))
            .arg("x");
        exit.stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        // It fails when the master has gone already, which is what we want.
        let _ = timeout(Duration::from_secs(5), exit.status()).await;
        // What cannot be removed is a folder of ours in the temporary folder: no harm.
        let _ = std::fs::remove_dir_all(&self.folder);
        self.guard.dismiss().await;
    }

    /// The log, and what others (a jump host's `ssh`) printed.
    fn all_messages(&self) -> String {
        let all = [
            read_from(&self.folder.join("err"), 0),
            read_from(&self.folder.join("log"), 0),
        ]
        .concat();
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// Why a login did not come to an end of its own.
enum Failure {
    Slow(Duration),
    Fault(Fault),
}

/// Starts the master; whether it is logged in and in the background now.
async fn log_in(
    target: &Destination,
    settings: &Settings,
    folder: &Path,
    options: &ReachOptions,
) -> Result<bool, Failure> {
    let local =
        |error: std::io::Error| Failure::Fault(Fault::Other(format!("cannot start ssh: {error}")));
    let stderr = std::fs::File::create(folder.join("err")).map_err(local)?;
    let configured = settings.connect_timeout.unwrap_or(u64::MAX);
    let seconds = options
        .connect_timeout
        .as_secs()
        .clamp(1, configured.max(1));
    let mut ssh = ssh(options);
    ssh.args(["-M", "-f", "-N", "-S"])
        .arg(folder.join("m"))
        .arg("-E")
        .arg(folder.join("log"));
    let connect = format!("ConnectTimeout={seconds}");
    // Without a channel it ends by itself; so nothing stays if even our guard is killed. But
    // a master that persists throws away the messages of a jump host's ssh (OpenSSH:
    // sshconnect.c), and why that one failed must be known.
    let persist = if settings.jumps {
        "ControlPersist=no"
    } else {
        "ControlPersist=10"
    };
    let fixed = [
        connect.as_str(),
        "StrictHostKeyChecking=yes",
        "BatchMode=yes",
        persist,
        "LogLevel=INFO",
        "ClearAllForwardings=yes",
        "RemoteCommand=none",
        ALIVE[0],
        ALIVE[1],
    ];
    for option in fixed {
        ssh.args(["-o", option]);
    }
    ssh.args(target.arguments())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr);
    ssh.process_group(0).kill_on_drop(true);
    let limit = Duration::from_secs(seconds) + LOGIN;
    match timeout(limit, ssh.status()).await {
        Ok(Ok(status)) => Ok(status.success()),
        Ok(Err(error)) => Err(local(error)),
        Err(_) => Err(Failure::Slow(limit)),
    }
}

impl Settings {
    /// Runs `ssh -G`, which reads the configuration and connects nowhere.
    async fn query(target: &Destination, options: &ReachOptions) -> Result<Self, Fault> {
        let mut command = ssh(options);
        command
            .arg("-G")
            .args(target.arguments())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = timeout(Duration::from_secs(20), command.output()).await;
        let Output {
            status,
            stdout,
            stderr,
        } = match output {
            Ok(Ok(output)) => output,
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                let detail = "`ssh` is not on this machine (package openssh-client)".to_owned();
                return Err(Fault::ToolMissing { detail });
            }
            Ok(Err(error)) => return Err(Fault::Other(format!("cannot start ssh: {error}"))),
            Err(_) => {
                return Err(Fault::Other(
                    "`ssh -G` does not end: look at `Match exec` in its configuration".into(),
                ));
            }
        };
        if !status.success() {
            let message = classify::readable(&String::from_utf8_lossy(&stderr));
            return Err(Fault::Other(format!(
                "the ssh configuration is wrong: {message}"
            )));
        }
        Ok(Settings::read(
            &String::from_utf8_lossy(&stdout),
            &target.host,
        ))
    }

    fn read(text: &str, host: &str) -> Self {
        let mut settings = Settings {
            hostname: host.to_owned(),
            port: 22,
            connect_timeout: None,
            jumps: false,
        };
        for (key, value) in text.lines().filter_map(|line| line.split_once(' ')) {
            match key {
                "hostname" => settings.hostname = value.to_owned(),
                "port" => settings.port = value.parse().unwrap_or(22),
                "connecttimeout" => settings.connect_timeout = value.parse().ok(),
                "proxyjump" | "proxycommand" => settings.jumps |= value != "none",
                _ => {}
            }
        }
        settings
    }
}

/// `ssh` with the configuration it is to use.
fn ssh(options: &ReachOptions) -> Command {
    let mut command = Command::new("ssh");
    if let Some(file) = &options.ssh_config {
        command.arg("-F").arg(file);
    }
    command
}

/// A private folder with a short path for the control socket.
fn control_folder() -> Result<tempfile::TempDir, Fault> {
    let temporary = std::env::temp_dir();
    let short = temporary.is_absolute() && temporary.as_os_str().len() <= LONGEST_FOLDER;
    let base = if short {
        temporary
    } else {
        PathBuf::from("/tmp")
    };
    tempfile::Builder::new()
        .prefix("gateproof-")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir_in(&base)
        .map_err(|error| {
            Fault::Other(format!(
                "no folder for the ssh connection in {}: {error}",
                base.display()
            ))
        })
}

/// What a file holds from an offset on; nothing if it is not there.
fn read_from(path: &Path, offset: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(mut file) = std::fs::File::open(path) {
        // A log that cannot be read counts as empty.
        let _ = file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| file.read_to_end(&mut bytes));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_settings_are_read() {
        let text = "user me\nhostname 192.0.2.1\nport 2222\nconnecttimeout 5\nproxyjump bastion\n";
        let settings = Settings::read(text, "alias");
        assert_eq!(
            (settings.hostname.as_str(), settings.port),
            ("192.0.2.1", 2222)
        );
        assert_eq!((settings.connect_timeout, settings.jumps), (Some(5), true));
        let settings = Settings::read("connecttimeout none\n", "alias");
        assert_eq!(
            (settings.hostname.as_str(), settings.connect_timeout),
            ("alias", None)
        );
    }

    #[test]
    fn the_control_folder_is_private_and_short() {
        let folder = control_folder().unwrap();
        let mode = std::fs::metadata(folder.path())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(folder.path().as_os_str().len() <= LONGEST_FOLDER + 17);
    }
}
