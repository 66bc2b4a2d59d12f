//! Runs git for a recipe: as an argument vector, with a deadline, and in the environment of
//! [`kit::git`], which says nothing of some other repository.

use std::path::Path;
use std::time::Duration;

use kit::git;
use reach::host::{Fault, Host, Invocation, Script};
use reach::observation::{CommandObservation, Ending};

/// The deadline of everything but a fetch.
const DEADLINE: Duration = Duration::from_secs(20);
/// The most that git may print: a thousand tags are a hundred kilobytes.
const OUTPUT: usize = 8 * 1024 * 1024;
/// Why git did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// There is no git on the machine.
    #[error("git is not installed: {0}")]
    NotInstalled(String),
    /// The folder is not there, or no repository.
    #[error("{folder} is not a git repository: {said}")]
    NoRepository { folder: String, said: String },
    /// The deadline passed, and git was killed with everything it had started.
    #[error("git {command} did not end within {}", humantime::format_duration(*limit))]
    Deadline { command: String, limit: Duration },
    /// Git ran and failed.
    #[error("git {command}: {said}")]
    Failed { command: String, said: String },
}

/// A repository, and how to ask git about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Git<'a> {
    host: &'a Host,
    folder: &'a Path,
    apart: Option<Apart<'a>>,
}

/// Another work tree and index for the same repository.
#[derive(Clone, Copy, Debug)]
struct Apart<'a> {
    git_dir: &'a Path,
    tree: &'a Path,
    index: &'a Path,
}

impl<'a> Git<'a> {
    pub(super) fn new(host: &'a Host, folder: &'a Path) -> Self {
        Git {
            host,
            folder,
            apart: None,
        }
    }

    /// The same repository with a work tree and an index of our own.
    pub(super) fn apart<'b>(&self, git_dir: &'b Path, tree: &'b Path, index: &'b Path) -> Git<'b>
    where
        'a: 'b,
    {
        Git {
            host: self.host,
            folder: self.folder,
            apart: Some(Apart {
                git_dir,
                tree,
                index,
            }),
        }
    }

    /// Runs git for what it does.
    pub(super) async fn read(&self, words: &[&str]) -> Result<(), GitError> {
        self.run(words, DEADLINE).await.map(drop)
    }

    /// Runs git for what it prints.
    pub(super) async fn text(&self, words: &[&str]) -> Result<String, GitError> {
        let seen = self.run(words, DEADLINE).await?;
        if seen.stdout.is_truncated() {
            let said = format!("it printed more than {OUTPUT} bytes");
            return Err(self.error(words.first().unwrap_or(&""), &said));
        }
        Ok(seen.stdout.text().into_owned())
    }

    /// The same for a question that git answers by itself, without starting anything: asked
    /// directly, as the guard that looks after a command's descendants costs more than the answer.
    pub(super) async fn ask(&self, words: &[&str]) -> Result<String, GitError> {
        if !self.host.is_local() {
            return self.text(words).await;
        }
        let command = words.first().copied().unwrap_or_default();
        let (folder, variables) = self.place();
        let args = [&["-C", &folder], words].concat();
        let git = git::command(Path::new("."), &args);
        let mut git = tokio::process::Command::from(git);
        git.envs(variables).kill_on_drop(true);
        let output = tokio::time::timeout(DEADLINE, git.output())
            .await
            .map_err(|_| GitError::Deadline {
                command: command.to_owned(),
                limit: DEADLINE,
            })?
            .map_err(|error| GitError::NotInstalled(error.to_string()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(self.failed(command, said.trim(), &output.status.to_string()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    pub(super) fn error(&self, command: &str, said: &str) -> GitError {
        GitError::Failed {
            command: command.to_owned(),
            said: said.to_owned(),
        }
    }

    pub(super) async fn run(
        &self,
        words: &[&str],
        deadline: Duration,
    ) -> Result<CommandObservation, GitError> {
        let command = words.first().copied().unwrap_or_default();
        let seen = self.host.run(&self.invocation(words, deadline)).await;
        let seen = seen.map_err(|fault| match fault {
            Fault::ToolMissing { detail } => GitError::NotInstalled(detail),
            Fault::Deadline { limit, .. } => GitError::Deadline {
                command: command.to_owned(),
                limit,
            },
            other => self.error(command, &other.to_string()),
        })?;
        if seen.ending == Ending::Exited(0) {
            return Ok(seen);
        }
        let said = seen.stderr.text();
        let said = said.trim();
        // `env` could not find it.
        if seen.ending == Ending::Exited(127) {
            return Err(GitError::NotInstalled(said.to_owned()));
        }
        Err(self.failed(command, said, &seen.ending.to_string()))
    }

    /// What a git that failed means.
    fn failed(&self, command: &str, said: &str, ending: &str) -> GitError {
        if said.contains("not a git repository") || said.contains("cannot change to") {
            return GitError::NoRepository {
                folder: self.folder.display().to_string(),
                said: said.to_owned(),
            };
        }
        match said {
            "" => self.error(command, &format!("{ending} without a word")),
            said => self.error(command, said),
        }
    }

    /// The folder that git is to work in, and the variables that say of which repository.
    fn place(&self) -> (String, Vec<(&'static str, String)>) {
        let mut variables: Vec<(&str, String)> = vec![
            // Messages that are read are those of the C locale.
            ("LC_ALL", "C".to_owned()),
        ];
        variables.extend(git::SETTINGS.map(|(name, value)| (name, value.to_owned())));
        if let Some(parent) = self.folder.parent() {
            // A folder that merely lies inside some repository is not the recipe's.
            variables.push(("GIT_CEILING_DIRECTORIES", show(parent)));
        }
        let folder = self.apart.map_or(self.folder, |apart| apart.tree);
        if let Some(apart) = &self.apart {
            variables.push(("GIT_DIR", show(apart.git_dir)));
            variables.push(("GIT_WORK_TREE", show(apart.tree)));
            variables.push(("GIT_INDEX_FILE", show(apart.index)));
        }
        (show(folder), variables)
    }

    fn invocation(&self, words: &[&str], deadline: Duration) -> Invocation {
        let (folder, variables) = self.place();
        // Through `env`, because an invocation can set variables and not take them away.
        let mut argv = vec!["env".to_owned()];
        for name in git::foreign_variables() {
            argv.extend(["-u".to_owned(), name]);
        }
        argv.extend(
            variables
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        argv.extend(["git".to_owned(), "-C".to_owned(), folder]);
        argv.extend(words.iter().map(|word| (*word).to_owned()));
        Invocation::new(Script::Argv(argv), deadline, OUTPUT)
    }
}

fn show(path: &Path) -> String {
    path.display().to_string()
}
