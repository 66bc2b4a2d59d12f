//! git: the program that the repository's owner uses, run in one way by both programs.
//!
//! The rule for its environment is [`is_foreign`]. The rule for its time: a question is answered
//! within [`ANSWER`]; what a caller may wait for longer ([`run`]: a clone, a commit, a remote) is bounded by that caller, and ends when its future is dropped.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use thiserror::Error;

/// How long git may take to answer a question about a repository on this machine. It needs
/// milliseconds; one that takes so long hangs.
pub const ANSWER: Duration = Duration::from_secs(120);

/// The environment that git gets from us.
pub const SETTINGS: [(&str, &str); 3] = [
    // Reading must not keep others from writing.
    ("GIT_OPTIONAL_LOCKS", "0"),
    // Objects are what they were when they were committed.
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    // Nobody answers a question for a password on a pipe.
    ("GIT_TERMINAL_PROMPT", "0"),
];

/// What is configured for every call, before anything that the caller adds: nothing of the
/// repository is run on the way. A hook or a file system monitor that
/// somebody put into `.git` would run as us; none of them is needed for what we ask. What stays is
/// told in docs/roles-and-gates.md.
const CONFIGURED: [&str; 8] = [
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.pager=cat",
    "-c",
    "gc.auto=0",
];

/// The variables of git that stay, by their beginnings: none of them names a repository, and
/// people set them on purpose.
const ALLOWED: [&str; 18] = [
    // How a remote is reached.
    "GIT_SSH",
    "GIT_PROXY",
    "GIT_ASKPASS",
    "GIT_CURL",
    "GIT_HTTP",
    "GIT_SSL",
    "GIT_ALLOW_PROTOCOL",
    "GIT_PROTOCOL",
    "GIT_LFS",
    // Who commits, and when.
    "GIT_AUTHOR_",
    "GIT_COMMITTER_",
    // Which configuration files are read, and the settings that a person or a CI server adds
    // (`safe.directory`, credentials). What git itself hands to its children is not among them:
    // that is GIT_CONFIG_PARAMETERS, and belongs to the command that we were called from.
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_KEY_",
    "GIT_CONFIG_VALUE_",
    // Where git finds its own programs.
    "GIT_EXEC_PATH",
];

/// How far up a repository is looked for: that only limits, so it stays.
const LIMITS: [&str; 2] = ["GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"];

/// Whether a variable of the caller's environment is kept from git. Every `GIT_*` is, unless it is
/// known to be harmless: `git rev-parse --local-env-vars` names those that point to a repository
/// today, hooks and aliases of git set them for another repository than the one that is meant
/// here, and a later git may have more of them.
pub fn is_foreign(name: &str) -> bool {
    name.starts_with("GIT_")
        && !LIMITS.contains(&name)
        && !ALLOWED.iter().any(|allowed| name.starts_with(allowed))
}

/// The variables of this process that are kept from git.
pub fn foreign_variables() -> Vec<String> {
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| is_foreign(name))
        .collect()
}

/// Why git did not answer.
#[derive(Debug, Error)]
pub enum GitError {
    #[error("git is not installed, or not in the PATH")]
    Missing,
    // The cause is part of the message, and so not a `source` as well.
    #[error("git could not be run: {0}")]
    Io(io::Error),
    /// It ended with an exit code other than 0.
    #[error("git {command}: {message}")]
    Failed {
        /// The subcommand.
        command: String,
        /// What it printed on standard error.
        message: String,
    },
    #[error("git {command} did not end within {}", humantime::format_duration(*limit))]
    Deadline { command: String, limit: Duration },
}

impl GitError {
    fn of_io(error: io::Error) -> GitError {
        match error.kind() {
            io::ErrorKind::NotFound => GitError::Missing,
            _ => GitError::Io(error),
        }
    }

    fn failed(args: &[&str], status: ExitStatus, stderr: &[u8]) -> GitError {
        let message = String::from_utf8_lossy(stderr).trim().to_owned();
        GitError::Failed {
            command: subcommand(args),
            message: if message.is_empty() {
                status.to_string()
            } else {
                message
            },
        }
    }
}

/// The subcommand, which stands behind what configures git.
fn subcommand(args: &[&str]) -> String {
    args.iter()
        .find(|arg| !arg.starts_with('-') && !arg.contains('='))
        .map_or_else(String::new, |arg| (*arg).to_owned())
}

/// `git ARGS` in a folder.
pub fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    for name in foreign_variables() {
        command.env_remove(name);
    }
    command
        .args(CONFIGURED)
        .args(args)
        .current_dir(folder)
        .envs(SETTINGS)
        .stdin(Stdio::null());
    command
}

/// What `git ARGS` prints.
///
/// # Errors
/// [`GitError`], [`GitError::Failed`] for every exit code but 0.
pub fn read(folder: &Path, args: &[&str]) -> Result<Vec<u8>, GitError> {
    read_with(folder, args, None)
}

/// As [`read`], with something on its standard input.
///
/// # Errors
/// As [`read`].
pub fn read_with(folder: &Path, args: &[&str], input: Option<&[u8]>) -> Result<Vec<u8>, GitError> {
    let mut command = command(folder, args);
    command
        // Names are names.
        .env("GIT_LITERAL_PATHSPECS", "1")
        // Its messages are shown, and never read.
        .env("LC_ALL", "C");
    let output = feed(&mut command, input).map_err(GitError::of_io)?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(GitError::failed(args, output.status, &output.stderr))
    }
}

/// One line of `git ARGS`; `None` when git refuses.
///
/// # Errors
/// [`GitError::Missing`] and [`GitError::Io`].
pub fn line(folder: &Path, args: &[&str]) -> Result<Option<String>, GitError> {
    match read(folder, args) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())),
        Err(GitError::Failed { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What `git ARGS` prints, without the last line end: for questions about this repository.
///
/// # Errors
/// [`GitError`], [`GitError::Deadline`] after [`ANSWER`].
pub async fn ask(folder: &Path, args: &[&str]) -> Result<String, GitError> {
    match tokio::time::timeout(ANSWER, run(folder, args)).await {
        Ok(answer) => answer,
        Err(_) => Err(GitError::Deadline {
            command: subcommand(args),
            limit: ANSWER,
        }),
    }
}

/// The same for what may take longer. It is ended when nobody waits for it any more: a run that is
/// interrupted waits for no clone.
///
/// # Errors
/// [`GitError`].
pub async fn run(folder: &Path, args: &[&str]) -> Result<String, GitError> {
    let output = tokio::process::Command::from(command(folder, args))
        .kill_on_drop(true)
        .output()
        .await
        .map_err(GitError::of_io)?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned())
    } else {
        Err(GitError::failed(args, output.status, &output.stderr))
    }
}

/// The top folder of the repository around a folder.
///
/// # Errors
/// [`GitError::Failed`], when there is none.
pub async fn top(folder: &Path) -> Result<PathBuf, GitError> {
    let top = ask(folder, &["rev-parse", "--show-toplevel"]).await?;
    Ok(PathBuf::from(top))
}

/// The commit of a revision, 40 hex digits.
///
/// # Errors
/// [`GitError::Failed`], when there is no such commit.
pub async fn commit(folder: &Path, revision: &str) -> Result<String, GitError> {
    let object = format!("{revision}^{{commit}}");
    ask(folder, &["rev-parse", "--verify", "--quiet", &object]).await
}

/// The branch that is checked out; `None` when HEAD is detached. Its name is what stands behind
/// `refs/heads/`: what git calls it in short is another name where a tag has the same.
pub async fn branch(folder: &Path) -> Option<String> {
    let full = ask(folder, &["symbolic-ref", "--quiet", "HEAD"])
        .await
        .ok()?;
    full.strip_prefix("refs/heads/").map(str::to_owned)
}

/// A value of the configuration, where it is set.
pub async fn config(folder: &Path, key: &str) -> Option<String> {
    ask(folder, &["config", key]).await.ok()
}

/// Whether an object (`COMMIT^{commit}`, `COMMIT:PATH`) is in the repository.
pub async fn has(folder: &Path, object: &str) -> bool {
    ask(folder, &["cat-file", "-e", object]).await.is_ok()
}

/// Whether the first commit is the second one or comes before it.
pub async fn is_ancestor(folder: &Path, first: &str, second: &str) -> bool {
    let args = ["merge-base", "--is-ancestor", first, second];
    ask(folder, &args).await.is_ok()
}

/// Runs a program to its end, with something or nothing on its standard input.
///
/// # Errors
/// When it cannot be started or waited for.
pub fn feed(command: &mut Command, input: Option<&[u8]>) -> io::Result<Output> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let Some(input) = input else {
        return command.stdin(Stdio::null()).output();
    };
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // A program that has read enough closes the pipe; its exit code tells the rest.
            stdin.map(|mut stdin| stdin.write_all(input))
        });
        child.wait_with_output()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_names_a_repository_is_kept_from_git() {
        // As git itself lists them. One of them is set by people (see `ALLOWED`).
        let listed = read(Path::new("/"), &["rev-parse", "--local-env-vars"]).unwrap();
        let listed = String::from_utf8(listed).unwrap();
        assert!(listed.lines().count() > 10, "{listed}");
        for name in listed.lines().filter(|name| *name != "GIT_CONFIG_COUNT") {
            assert!(is_foreign(name), "{name}");
        }
        for name in ["GIT_QUARANTINE_PATH", "GIT_NAMESPACE", "GIT_TRACE", "GIT_X"] {
            assert!(is_foreign(name), "{name}");
        }
    }

    #[test]
    fn what_people_set_on_purpose_reaches_git() {
        for name in [
            "GIT_SSH_COMMAND",
            "GIT_ASKPASS",
            "GIT_SSL_CAINFO",
            "GIT_AUTHOR_NAME",
            "GIT_COMMITTER_DATE",
            "GIT_CONFIG_GLOBAL",
            "GIT_CONFIG_COUNT",
            "GIT_CONFIG_KEY_0",
            "GIT_CONFIG_VALUE_0",
            "GIT_CEILING_DIRECTORIES",
            "PATH",
            "HOME",
        ] {
            assert!(!is_foreign(name), "{name}");
        }
        assert!(
            is_foreign("GIT_CONFIG"),
            "it replaces the repository's own file"
        );
        assert!(is_foreign("GIT_CONFIG_PARAMETERS"));
    }

    #[test]
    fn the_subcommand_is_named_behind_what_configures_git() {
        assert_eq!(subcommand(&["-c", "a.b=c", "status", "-z"]), "status");
        assert_eq!(subcommand(&["--version"]), "");
    }
}
