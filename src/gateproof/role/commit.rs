//! Committing what a role's command wrote, and nothing else.

use std::path::Path;

use thiserror::Error;

use super::checkout::Checkout;
use kit::git;
use kit::shell;
use reach::host::Fault;

/// How often a push is tried again after others were faster.
const PUSHES: usize = 5;

/// Why something was not committed or pushed. The written files stay as they are.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CommitError {
    #[error("not committed: {0}; the files are written, commit them by hand")]
    Commit(Fault),
    #[error("committed and not pushed: {0}; `git status` shows what is in the way")]
    Pull(Fault),
    #[error("committed and not pushed: {0}")]
    Push(Fault),
}

/// A commit of exactly these files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitRequest<'c> {
    /// One line.
    pub subject: String,
    /// Text below it; may be empty.
    pub body: String,
    /// Paths relative to the top folder.
    pub files: &'c [String],
}

impl CommitRequest<'_> {
    /// Commits the files as they are in the tree. Other staged files stay staged and are not in the
    /// commit. Records are committed also where git ignores them.
    ///
    /// # Errors
    /// [`CommitError::Commit`], with git's message, such as that of a hook.
    pub async fn make(&self, root: &Path) -> Result<String, CommitError> {
        let files = self.files.iter().map(String::as_str);
        let add = ["add", "--force", "--"].into_iter().chain(files.clone());
        let add: Vec<&str> = add.collect();
        git::ask(root, &add)
            .await
            .map_err(|error| CommitError::Commit(error.into()))?;
        let mut words = vec!["commit", "--quiet", "--only", "-m", &self.subject];
        if !self.body.is_empty() {
            words.extend(["-m", &self.body]);
        }
        words.push("--");
        words.extend(files);
        git::ask(root, &words)
            .await
            .map_err(|error| CommitError::Commit(error.into()))?;
        let head = git::ask(root, &["rev-parse", "HEAD"]).await;
        head.map_err(|error| CommitError::Commit(error.into()))
    }

    /// The same as a shell command for people.
    pub fn by_hand(&self) -> String {
        let quoted = |text: &String| shell::quote(text);
        let files: Vec<String> = self.files.iter().map(quoted).collect();
        let files = files.join(" ");
        let subject = shell::quote(&self.subject);
        format!("git add --force -- {files} && git commit --only -m {subject} -- {files}")
    }
}

/// Pushes HEAD to the upstream branch. When others were faster, our commits go on top of theirs,
/// and it is tried again; nothing is ever forced.
///
/// # Errors
/// [`CommitError::Pull`], [`CommitError::Push`].
pub async fn push(checkout: &Checkout) -> Result<(), CommitError> {
    for _ in 0..PUSHES {
        let before = head(checkout).await?;
        // By its hash: a tag can be named HEAD.
        let target = format!("{before}:{}", checkout.merge);
        let words = ["push", "--quiet", &checkout.remote, &target];
        let Err(refused) = git::ask(&checkout.root, &words).await else {
            return Ok(());
        };
        let pull = ["pull", "--quiet", "--rebase", "--autostash"];
        if let Err(fault) = git::ask(&checkout.root, &pull).await {
            return Err(CommitError::Pull(fault.into()));
        }
        if head(checkout).await? == before {
            return Err(CommitError::Push(refused.into())); // nobody was faster
        }
    }
    let words = "others pushed again and again; `git pull --rebase` and `git push` by hand";
    Err(CommitError::Push(Fault::Other(words.to_owned())))
}

async fn head(checkout: &Checkout) -> Result<String, CommitError> {
    let head = git::ask(&checkout.root, &["rev-parse", "HEAD"]).await;
    head.map_err(|error| CommitError::Push(error.into()))
}
