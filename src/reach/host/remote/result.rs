//! What the runner's answer to a job means.

use super::super::fault::Fault;
use super::super::invocation::{Invocation, Script};
use super::client::Ended;
use super::request::FLOOD;
use crate::observation::{CommandObservation, Ending};

/// From the answer to an observation, or to the reason why there is none. `host` and `folder` are
/// the host's name and the runner's folder on it.
pub(super) fn observation(
    host: &str,
    folder: &str,
    invocation: &Invocation,
    ended: Ended,
) -> Result<CommandObservation, Fault> {
    let Ended { done, duration } = ended;
    let ending = match done.state.as_str() {
        "exit" => Ending::Exited(done.status),
        "signal" => Ending::Signalled(done.status),
        "cancelled" | "overdue" => {
            let output = format!("{}{}", done.stdout.text(), done.stderr.text());
            let mut stays = done.left;
            stays.retain(|process| !process.ended);
            return Err(Fault::Deadline {
                limit: invocation.deadline,
                stays,
                output,
            });
        }
        state => return Err(not_run(host, folder, invocation, state)),
    };
    if done.left.iter().any(|process| !process.ended) {
        return Err(Fault::Outlived(done.left));
    }
    Ok(CommandObservation {
        ending,
        stdout: done.stdout,
        stderr: done.stderr,
        duration,
        at: chrono::Utc::now(),
        left: done.left,
    })
}

fn not_run(host: &str, folder: &str, invocation: &Invocation, state: &str) -> Fault {
    match state {
        "flood" => Fault::Flood { limit: FLOOD },
        "space" => Fault::Other(format!(
            "no space left on host `{host}` in {folder}: the command's output is incomplete"
        )),
        "cwd" => {
            let cwd = invocation.cwd.as_deref().unwrap_or_default();
            Fault::Other(format!("`cwd: {cwd}` is not a folder on host `{host}`"))
        }
        "tool" => {
            let program = match &invocation.script {
                Script::Argv(args) => args[0].as_str(),
                Script::Shell(_) => "/bin/sh",
            };
            Fault::ToolMissing {
                detail: format!("`{program}` is not on host `{host}`"),
            }
        }
        "unstarted" => Fault::Other(format!(
            "host `{host}` could not start a shell for the command in {folder}"
        )),
        other => Fault::Other(format!("the runner on host `{host}` reports `{other}`")),
    }
}
