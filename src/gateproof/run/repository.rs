//! The repository a claim speaks of: its commit, and a fresh clone of it.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::record::RepositoryState;
use kit::git;
use reach::host::Fault;
use reach::host::guard::Guard;

/// How `git status` begins the line of a record that nobody has committed.
const UNTRACKED_RECORD: &str = "?? reports/runs/";

/// What a clone's guard does when we were killed. Whoever still writes there is ended meanwhile by
/// another guard, so it is tried for a while.
const CLEAN: &str = r#"
await_undone
turns=0
until rm -rf -- "$2" 2>/dev/null || [ "$turns" -ge 50 ]; do
  sleep 0.2
  turns=$((turns + 1))
done
"#;

/// A fresh clone. Dropped, it is removed; the guard removes it when nobody could drop it.
#[derive(Debug)]
struct FreshClone {
    folder: tempfile::TempDir,
    guard: Guard,
}

/// The repository that holds the claim file, if it is in one.
#[derive(Debug)]
pub struct Repository {
    root: PathBuf,
    commit: String,
    branch: Option<String>,
    dirty: bool,
    worktree: bool,
    cold: bool,
    author: Option<String>,
    identity: String,
    clone: OnceCell<Result<FreshClone, Fault>>,
}

/// Makes a fresh clone of a commit by hand, from somewhere inside the repository, and goes there.
pub(crate) fn cold_folder(commit: &str) -> String {
    format!(
        "cold=$(mktemp -d) && git clone -q \"$(git rev-parse --show-toplevel)\" \"$cold\" && cd \"$cold\" && git checkout -q {commit}"
    )
}

impl Repository {
    /// Finds the repository around a path. `at` is a revision in place of HEAD; with
    /// `worktree`, checks that want a clone run in the tree as it is.
    ///
    /// # Errors
    /// When the revision does not exist. No repository at all is `None`.
    pub async fn find(
        path: &Path,
        at: Option<&str>,
        worktree: bool,
    ) -> Result<Option<Repository>, Fault> {
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let Ok(root) = git::top(folder).await else {
            return Ok(None);
        };
        let commit = match git::commit(&root, at.unwrap_or("HEAD")).await {
            Ok(commit) => commit,
            Err(_) if at.is_none() => return Ok(None), // no commit yet
            Err(error) => {
                let at = at.unwrap_or("HEAD");
                return Err(Fault::Other(format!(
                    "revision `{at}` is not in this repository: {error}"
                )));
            }
        };
        let branch = git::branch(&root).await;
        let status = git::ask(&root, &["status", "--porcelain", "--untracked-files=all"]).await?;
        // A read-only run that left its record here does not give the next one another tree.
        let dirty = status
            .lines()
            .any(|line| !line.starts_with(UNTRACKED_RECORD));
        let author = identity(&root).await;
        Ok(Some(Repository {
            author,
            identity: project(&root).await,
            root,
            commit,
            branch,
            dirty,
            worktree,
            cold: false,
            clone: OnceCell::new(),
        }))
    }

    /// The repository at a commit, of whose working tree nothing is used: the claim file too is
    /// read from a fresh clone ([`Repository::clone_folder`]), under a path relative to it.
    /// `commit` is a full hash.
    ///
    /// # Errors
    /// When the folder is in no repository, or the repository has no such commit.
    pub async fn cold(folder: &Path, commit: &str) -> Result<Repository, Fault> {
        let root = git::top(folder).await?;
        let commit = git::commit(&root, commit)
            .await
            .map_err(|_| Fault::Other(format!("commit {commit} is not in this repository")))?;
        let branch = git::branch(&root).await;
        Ok(Repository {
            author: identity(&root).await,
            identity: project(&root).await,
            root,
            commit,
            branch,
            dirty: false,
            worktree: false,
            cold: true,
            clone: OnceCell::new(),
        })
    }

    /// What it has in common with other clones of it: the upstream, or for that one itself its folder.
    pub(super) fn identity(&self) -> &str {
        &self.identity
    }

    /// Its top folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Who works in it, as git knows: `Name <mail>`.
    pub fn author(&self) -> Option<String> {
        self.author.clone()
    }

    /// Its state, as it is recorded.
    pub fn state(&self) -> RepositoryState {
        RepositoryState {
            commit: self.commit.clone(),
            branch: self.branch.clone(),
            dirty: self.dirty,
            tree: if self.worktree { "worktree" } else { "clone" }.to_owned(),
            clone_id: clone_id(&self.root),
        }
    }

    /// Whether nothing of the working tree is used.
    pub(super) fn is_cold(&self) -> bool {
        self.cold
    }

    /// Of a cold repository: where a path relative to it is in the clone, once that was made.
    pub(super) fn in_clone(&self, path: &Path) -> Option<PathBuf> {
        let made = self.clone.get()?.as_ref().ok()?;
        self.cold
            .then(|| made.folder.path().join("tree").join(path))
    }

    /// The beginning of a line that does something where checks `on: clone` run.
    pub(super) fn change_folder(&self) -> String {
        let top = "\"$(git rev-parse --show-toplevel)\"";
        if self.worktree {
            return format!("cd {top} && ");
        }
        cold_folder(&self.commit) + " && "
    }

    /// The folder in which checks `on: clone` run: a fresh clone, made when it is first needed.
    ///
    /// # Errors
    /// When git cannot make it.
    pub async fn clone_folder(&self) -> Result<PathBuf, Fault> {
        if self.worktree {
            return Ok(self.root.clone());
        }
        let made = self.clone.get_or_init(|| self.make_clone()).await;
        match made {
            Ok(made) => Ok(made.folder.path().join("tree")),
            Err(fault) => Err(fault.clone()),
        }
    }

    /// The line that writes an archive of the commit.
    pub(super) fn archive_line(&self) -> String {
        let top = "\"$(git rev-parse --show-toplevel)\"";
        format!("git -C {top} archive {}", self.commit)
    }

    /// The files of the commit as a compressed archive, as they are in a fresh clone: `git archive` would
    /// leave out and rewrite what the attributes of the repository say.
    ///
    /// # Errors
    /// When there is no clone, or `tar` fails.
    pub(super) async fn files(&self) -> Result<Vec<u8>, Fault> {
        let folder = self.clone_folder().await?;
        let failed = |why: String| Fault::Other(format!("no archive of the commit: {why}"));
        let packed = tokio::task::spawn_blocking(move || {
            let names =
                git::read(&folder, &["ls-files", "-z"]).map_err(|error| error.to_string())?;
            let mut tar = std::process::Command::new("tar");
            tar.current_dir(&folder);
            tar.args(["--null", "--no-recursion", "-T", "-", "-czf", "-"]);
            let packed =
                git::feed(&mut tar, Some(&names)).map_err(|error| format!("tar: {error}"))?;
            match packed.status.success() {
                true => Ok(packed.stdout),
                false => Err(String::from_utf8_lossy(&packed.stderr).trim().to_owned()),
            }
        });
        let packed = packed.await.map_err(|error| failed(error.to_string()))?;
        packed.map_err(failed)
    }

    /// When we are killed, the clone stays until this folder is gone or its undoing is
    /// over: it may have to be undone in the clone.
    pub(super) async fn spare_clone_for(&self, folder: &str) {
        if let Some(Ok(made)) = self.clone.get()
            && !folder.contains(char::is_whitespace)
        {
            // Without a guard nobody removes the clone either.
            let _ = made.guard.add(folder).await;
        }
    }

    async fn make_clone(&self) -> Result<FreshClone, Fault> {
        let folder = tempfile::Builder::new()
            .prefix("gateproof-clone-")
            .tempdir()
            .map_err(|error| Fault::Other(format!("no folder for a clone: {error}")))?;
        let guard = Guard::start(CLEAN, &[&folder.path().to_string_lossy()])?;
        let root = self.root.to_string_lossy();
        // No hard links: what a check does in the clone must never reach the repository.
        let clone = [
            "clone",
            "--quiet",
            "--no-hardlinks",
            "--no-checkout",
            &root,
            "tree",
        ];
        git::run(folder.path(), &clone).await?;
        let tree = folder.path().join("tree");
        git::run(&tree, &["checkout", "--quiet", "--detach", &self.commit]).await?;
        Ok(FreshClone { folder, guard })
    }
}

/// Who works in a repository, as git knows: by its environment, else by its configuration. A mail
/// that git would make up from the machine's name is nobody's.
pub(crate) async fn identity(root: &Path) -> Option<String> {
    let configured = async |variable: &str, key: &str| {
        let set = std::env::var(variable).ok();
        match set.filter(|value| !value.trim().is_empty()) {
            Some(value) => Some(value),
            None => git::config(root, key).await,
        }
    };
    let name = configured("GIT_AUTHOR_NAME", "user.name").await?;
    let mail = configured("GIT_AUTHOR_EMAIL", "user.email").await?;
    Some(format!("{name} <{mail}>"))
}

/// See [`Repository::identity`].
async fn project(root: &Path) -> String {
    let upstream = git::config(root, "remote.origin.url").await;
    let named = upstream.unwrap_or_else(|| root.to_string_lossy().into_owned());
    // The folder of an upstream on this machine, without links.
    let folder = std::fs::canonicalize(root.join(&named));
    folder.map_or(named, |folder| folder.to_string_lossy().into_owned())
}

/// See [`RepositoryState::clone_id`].
pub(crate) fn clone_id(root: &Path) -> Option<String> {
    let root = std::fs::canonicalize(root).ok()?;
    let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_else(|_| {
        String::from_utf8_lossy(rustix::system::uname().nodename().to_bytes()).into_owned()
    });
    let mut digest = Sha256::new();
    digest.update(machine.trim());
    digest.update([0]);
    digest.update(root.as_os_str().as_encoded_bytes());
    kit::digest::hex(&digest.finalize())
        .get(..32)
        .map(str::to_owned)
}
