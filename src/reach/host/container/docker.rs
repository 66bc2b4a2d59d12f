//! What `docker` is run for, and what its answers mean.

use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::super::fault::Fault;
use super::super::transport::InstanceIdentity;
use super::target::{ContainerTarget, SERVICE_LABEL};

/// How long the engine may take to answer a question about a container.
const ANSWER: Duration = Duration::from_secs(20);

/// One line about a container.
const FORMAT: &str =
    "{{.Id}} {{.Image}} {{.State.Status}} {{.State.StartedAt}} {{.State.ExitCode}}";

/// A container as the engine describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InspectedContainer {
    pub(super) id: String,
    /// The digest of its image.
    image: String,
    /// `running`, `exited`, `paused` …
    status: String,
    started: String,
    exit_code: String,
}

impl InspectedContainer {
    fn parse(line: &str) -> Option<InspectedContainer> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [id, image, status, started, exit_code] = fields[..] else {
            return None;
        };
        let owned = str::to_owned;
        Some(InspectedContainer {
            id: owned(id),
            image: owned(image),
            status: owned(status),
            started: owned(started),
            exit_code: owned(exit_code),
        })
    }

    pub(super) fn identity(&self) -> InstanceIdentity {
        InstanceIdentity {
            boot: format!("container {} started {}", self.id, self.started),
            revision: format!("image {}", self.image),
        }
    }

    /// Why no command can be run in it, if none can.
    pub(super) fn not_running(&self) -> Option<String> {
        match self.status.as_str() {
            "running" => None,
            "exited" => Some(format!(
                "the container has stopped (exit code {})",
                self.exit_code
            )),
            status => Some(format!("the container is not running (it is `{status}`)")),
        }
    }
}

/// Finds the container of a target, whether it runs or not.
///
/// # Errors
/// A [`Fault`] when there is none, or more than one, or the engine does not answer.
pub(super) async fn find(
    name: &str,
    target: &ContainerTarget,
) -> Result<InspectedContainer, Fault> {
    let named = match target {
        ContainerTarget::Container(container) => container.clone(),
        ContainerTarget::Service(service) => task_of(name, service).await?,
    };
    inspect(name, &named).await
}

/// Describes one container.
///
/// # Errors
/// As [`find`].
pub(super) async fn inspect(name: &str, container: &str) -> Result<InspectedContainer, Fault> {
    let args = ["container", "inspect", "--format", FORMAT, "--", container];
    let line = query(name, &args).await?;
    InspectedContainer::parse(&line).ok_or_else(|| {
        Fault::Other(format!(
            "docker container inspect printed `{}`",
            line.trim()
        ))
    })
}

/// The id of the one running container of a Swarm service.
async fn task_of(name: &str, service: &str) -> Result<String, Fault> {
    let label = format!("label={SERVICE_LABEL}={service}");
    let args = [
        "ps",
        "--quiet",
        "--no-trunc",
        "--filter",
        "status=running",
        "--filter",
        &label,
    ];
    let listed = query(name, &args).await?;
    let ids: Vec<&str> = listed.split_whitespace().collect();
    match ids[..] {
        [id] => Ok(id.to_owned()),
        [] => Err(Fault::Unreachable {
            host: name.to_owned(),
            detail: format!("no container of the service `{service}` runs on this machine"),
        }),
        [..] => Err(Fault::Other(format!(
            "{} containers of the service `{service}` run on this machine: name one of them with \
             `container:`",
            ids.len()
        ))),
    }
}

/// What `docker` prints.
async fn query(name: &str, args: &[&str]) -> Result<String, Fault> {
    let mut command = docker(args);
    command.stdin(Stdio::null());
    let Output {
        status,
        stdout,
        stderr,
    } = match timeout(ANSWER, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(not_started(&error)),
        Err(_) => {
            return Err(Fault::Unreachable {
                host: name.to_owned(),
                detail: format!(
                    "`docker` did not answer within {}",
                    humantime::format_duration(ANSWER)
                ),
            });
        }
    };
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    let message = String::from_utf8_lossy(&stderr);
    Err(failure(name, &message, &status.to_string()))
}

/// Starts a program in a container, with its streams open.
///
/// # Errors
/// A [`Fault`] when `docker` cannot be started.
pub(super) fn exec(container: &str, command: &str) -> Result<Child, Fault> {
    docker(&["exec", "-i", "--", container, "/bin/sh", "-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Out of reach of a terminal's interrupt: what was disturbed is undone over it.
        .process_group(0)
        .spawn()
        .map_err(|error| not_started(&error))
}

fn docker(args: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command.args(args).kill_on_drop(true);
    command
}

fn not_started(error: &std::io::Error) -> Fault {
    match error.kind() {
        std::io::ErrorKind::NotFound => Fault::ToolMissing {
            detail: "`docker` is not on this machine".to_owned(),
        },
        _ => Fault::Other(format!("cannot start docker: {error}")),
    }
}

/// What it means that `docker` failed. Pure.
pub(super) fn failure(name: &str, message: &str, status: &str) -> Fault {
    let host = name.to_owned();
    let lines: Vec<&str> = message.lines().map(str::trim).collect();
    let detail = lines.join("; ").trim_matches([';', ' ']).to_owned();
    let contains = |text: &str| message.to_lowercase().contains(text);
    if contains("permission denied") && contains("docker") {
        return Fault::LoginRefused { host, detail };
    }
    // The runtime's messages about a program that the image does not have.
    let no_program = contains("executable file not found") || contains("no such file or directory");
    if contains("oci runtime exec failed") && no_program {
        let detail = format!("the container has no /bin/sh, and commands need one ({detail})");
        return Fault::NotAllowed { host, detail };
    }
    let detail = if contains("no such container") {
        format!("there is no such container ({detail})")
    } else if contains("cannot connect to the docker daemon") {
        format!("the Docker engine does not answer ({detail})")
    } else if detail.is_empty() {
        format!("docker ended without a message ({status})")
    } else {
        detail
    };
    Fault::Unreachable { host, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_line_is_read_and_a_stopped_container_is_told_from_a_running_one() {
        let read = |line: &str| InspectedContainer::parse(line).unwrap();
        let running = read("1f sha256:ab running 2026-06-13T13:00:00.1Z 0\n");
        assert_eq!(running.not_running(), None);
        assert_eq!(
            running.identity(),
            InstanceIdentity {
                boot: "container 1f started 2026-06-13T13:00:00.1Z".into(),
                revision: "image sha256:ab".into(),
            }
        );
        let stopped = read("1f sha256:ab exited 2026-06-13T13:00:00.1Z 137");
        assert!(stopped.not_running().unwrap().contains("exit code 137"));
        let paused = read("1f sha256:ab paused 2026-06-13T13:00:00.1Z 0");
        assert!(paused.not_running().unwrap().contains("`paused`"));
        assert_eq!(InspectedContainer::parse("<no value>"), None);
    }

    #[test]
    fn each_failure_of_docker_is_a_fault_of_its_own() {
        let fault = |message: &str| failure("web", message, "exit status: 1");
        assert!(matches!(
            fault("Error response from daemon: No such container: web"),
            Fault::Unreachable { detail, .. } if detail.starts_with("there is no such container")
        ));
        assert!(matches!(
            fault("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"),
            Fault::Unreachable { detail, .. } if detail.starts_with("the Docker engine does not answer")
        ));
        assert!(matches!(
            fault(
                "permission denied while trying to connect to the Docker daemon socket at unix:///x"
            ),
            Fault::LoginRefused { .. }
        ));
        assert!(matches!(
            fault("OCI runtime exec failed: exec failed: unable to start container process: exec: \"/bin/sh\": stat /bin/sh: no such file or directory: unknown"),
            Fault::NotAllowed { detail, .. } if detail.contains("no /bin/sh")
        ));
        assert!(matches!(
            fault(""),
            Fault::Unreachable { detail, .. } if detail.contains("exit status: 1")
        ));
    }
}
