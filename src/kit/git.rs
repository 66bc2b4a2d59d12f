//! git, asked from outside: the program that the repository's owner uses.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};

use thiserror::Error;

/// Why git did not answer.
#[derive(Debug, Error)]
pub enum GitError {
    /// There is no git.
    #[error("git is not installed, or not in the PATH")]
    Missing,
    /// It could not be run.
    #[error("git could not be run: {0}")]
    Io(#[from] io::Error),
    /// It ended with an error.
    #[error("git {command}: {said}")]
    Failed {
        /// The subcommand.
        command: String,
        /// What it said.
        said: String,
    },
}

impl GitError {
    fn of_io(error: io::Error) -> GitError {
        match error.kind() {
            io::ErrorKind::NotFound => GitError::Missing,
            _ => GitError::Io(error),
        }
    }

    fn of(words: &[&str], status: ExitStatus, said: &[u8]) -> GitError {
        let said = String::from_utf8_lossy(said).trim().to_owned();
        GitError::Failed {
            // Behind what configures it.
            command: words
                .iter()
                .find(|word| !word.starts_with('-') && !word.contains('='))
                .map_or_else(String::new, |word| (*word).to_owned()),
            said: match said.is_empty() {
                true => status.to_string(),
                false => said,
            },
        }
    }
}

/// `git WORDS` in a folder, for whichever way it is run.
fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .args(words)
        .current_dir(folder)
        // Somebody else's environment must not decide which repository is meant.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .env("GIT_OPTIONAL_LOCKS", "0")
        // Objects are what they were when they were committed.
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        // Nobody answers a question for a password on a pipe.
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null());
    command
}

/// What `git WORDS` prints.
///
/// # Errors
/// [`GitError`], [`GitError::Failed`] for every exit code but 0.
pub fn read(folder: &Path, words: &[&str]) -> Result<Vec<u8>, GitError> {
    read_with(folder, words, None)
}

/// As [`read`], with something on its standard input.
///
/// # Errors
/// As [`read`].
pub fn read_with(folder: &Path, words: &[&str], input: Option<&[u8]>) -> Result<Vec<u8>, GitError> {
    let mut command = command(folder, words);
    command
        // Names are names.
        .env("GIT_LITERAL_PATHSPECS", "1")
        // Its words are shown, and never read.
        .env("LC_ALL", "C");
    let output = feed(&mut command, input).map_err(GitError::of_io)?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(GitError::of(words, output.status, &output.stderr)),
    }
}

/// What `git WORDS` prints, without the last line end. It is ended when nobody waits for it any
/// more: a run that is interrupted waits for no clone.
///
/// # Errors
/// When git is missing, or said no.
pub async fn ask(folder: &Path, words: &[&str]) -> Result<String, GitError> {
    let output = tokio::process::Command::from(command(folder, words))
        .kill_on_drop(true)
        .output()
        .await
        .map_err(GitError::of_io)?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()),
        false => Err(GitError::of(words, output.status, &output.stderr)),
    }
}

/// One line of `git WORDS`; `None` when git says no.
///
/// # Errors
/// [`GitError::Missing`] and [`GitError::Io`].
pub fn line(folder: &Path, words: &[&str]) -> Result<Option<String>, GitError> {
    match read(folder, words) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())),
        Err(GitError::Failed { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Runs a program to its end, with something or nothing on its standard input.
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
