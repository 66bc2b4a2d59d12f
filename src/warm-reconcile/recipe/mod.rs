//! A recipe's git repository, through the git program: its version tags, its release notes and
//! its files at a tag.
//!
//! The checkout may be shared with others (abra's `recipes` folder is). Nothing here reads or
//! writes its work tree or its index: everything comes from commits, and only
//! [`Recipe::fetch`] writes, adding objects and tags.

pub mod compose;
mod git;
pub mod migration;
mod tags;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use reach::host::Host;

use crate::Version;
use crate::recipe::migration::Note;
use git::Git;

pub use git::GitError;
pub use tags::{Candidates, Ignored, MovedTag, Tagged, Tags, WhyIgnored};

/// How long [`Recipe::fetch`] may take.
pub const FETCH_DEADLINE: Duration = Duration::from_secs(30);

/// The remote that is fetched.
const REMOTE: &str = "origin";

/// What git says of a tag that exists here with another commit. It is left as it is.
const CLOBBER: &str = "(would clobber existing tag)";

#[derive(Clone, Copy, Debug)]
pub struct Recipe<'a> {
    git: Git<'a>,
}

/// What became of a fetch. Only [`GitError`] is fatal; without a network the versions that are
/// already here can still be deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Everything that the remote has is here.
    Done,
    /// Not asked for: `CCCI_SKIP_FETCH`.
    Skipped,
    /// The remote moved these tags. The old ones were kept, everything else is here.
    TagsMoved(Vec<String>),
    /// The remote could not be fetched, in git's words or for want of time.
    Failed(GitError),
}

impl<'a> Recipe<'a> {
    /// The repository in this folder: a checkout, shared or not, or a bare repository.
    /// `host` is the machine it is on.
    pub fn new(host: &'a Host, repository: &'a Path) -> Self {
        Recipe {
            git: Git::new(host, repository),
        }
    }

    /// Gets new tags from the remote, unless `skip`. A tag that exists here is never moved.
    pub async fn fetch(&self, skip: bool) -> Fetch {
        if skip {
            return Fetch::Skipped;
        }
        // Not `--quiet`: that also hides which tags were not moved.
        let words = ["fetch", "--no-auto-maintenance", "--tags", REMOTE];
        match self.git.run(&words, FETCH_DEADLINE).await {
            Ok(_) => Fetch::Done,
            Err(error) => {
                let moved = moved_tags(&error);
                if moved.is_empty() {
                    Fetch::Failed(error)
                } else {
                    Fetch::TagsMoved(moved)
                }
            }
        }
    }

    /// All tags: the versions in order, and what was ignored and why.
    ///
    /// # Errors
    /// When the folder is no repository, or git fails.
    pub async fn versions(&self) -> Result<Tags, GitError> {
        let format = format!("--format={}", tags::FORMAT);
        let listed = self
            .git
            .ask(&["for-each-ref", &format, "refs/tags"])
            .await?;
        Ok(Tags::parse(&listed))
    }

    /// The release notes of a version, as they stand at its own tag: `releaseNotes/<version>.md`,
    /// or `release/<version>` as recipes of Co-op Cloud have it. `None` when there are none.
    ///
    /// # Errors
    /// When git fails, also because there is no such tag.
    pub async fn release_notes(&self, version: &Tagged) -> Result<Option<String>, GitError> {
        self.notes_at(&version.commit, &version.version).await
    }

    /// The notes of every version after `from` up to `to`, in order: those of skipped versions
    /// included, because their migrations are skipped as well. A version whose notes are not at
    /// its own tag is looked up in the tree of `to`, where notes may have been added later.
    ///
    /// # Errors
    /// When git fails.
    pub async fn notes_between(
        &self,
        tags: &Tags,
        from: Option<&Version>,
        to: &Tagged,
    ) -> Result<Vec<Note>, GitError> {
        let mut notes = Vec::new();
        for tagged in tags.between(from, &to.version) {
            let mut text = self.notes_at(&tagged.commit, &tagged.version).await?;
            if text.is_none() && tagged.commit != to.commit {
                text = self.notes_at(&to.commit, &tagged.version).await?;
            }
            notes.extend(text.map(|text| Note {
                version: tagged.version.clone(),
                text,
            }));
        }
        Ok(notes)
    }

    async fn notes_at(&self, commit: &str, version: &Version) -> Result<Option<String>, GitError> {
        let tag = version.tag();
        let paths = [format!("releaseNotes/{tag}.md"), format!("release/{tag}")];
        let words = ["ls-tree", "-z", "--full-tree", commit, &paths[0], &paths[1]];
        let listed = self.git.text(&words).await?;
        // `<mode> SP <type> SP <object> TAB <path>`, for each path that exists.
        let blobs: Vec<&str> = listed
            .split('\0')
            .filter_map(|entry| entry.split_once('\t')?.0.split_once(" blob "))
            .map(|(_, object)| object)
            .collect();
        let mut text = Vec::new();
        for blob in blobs {
            text.push(self.git.text(&["cat-file", "blob", blob]).await?);
        }
        Ok((!text.is_empty()).then(|| text.join("\n\n")))
    }

    /// Whether a commit is here.
    pub async fn has(&self, commit: &str) -> bool {
        let object = format!("{commit}^{{commit}}");
        self.git.ask(&["cat-file", "-e", &object]).await.is_ok()
    }

    /// Writes the files of a commit into a folder that exists and is empty. Neither the checkout
    /// nor its index is touched or read, so that others may use them meanwhile.
    ///
    /// # Errors
    /// When git fails, or the folder is not empty.
    pub async fn export(&self, commit: &str, to: &Path) -> Result<(), GitError> {
        let empty = std::fs::read_dir(to).map(|mut entries| entries.next().is_none());
        match empty {
            Ok(true) => {}
            Ok(false) => {
                return Err(self
                    .git
                    .error("export", &format!("{} is not empty", to.display())));
            }
            Err(error) => {
                return Err(self
                    .git
                    .error("export", &format!("{}: {error}", to.display())));
            }
        }
        let git_dir = self.git.text(&["rev-parse", "--absolute-git-dir"]).await?;
        let git_dir = PathBuf::from(git_dir.trim_end_matches('\n'));
        let scratch = tempfile::Builder::new()
            .prefix("index-")
            .tempdir_in(to.parent().unwrap_or(to))
            .map_err(|error| {
                self.git
                    .error("export", &format!("no scratch folder: {error}"))
            })?;
        let index = scratch.path().join("index");
        let apart = self.git.apart(&git_dir, to, &index);
        let tree = format!("{commit}^{{tree}}");
        apart.read(&["read-tree", &tree]).await?;
        apart.read(&["checkout-index", "--all", "--quiet"]).await
    }
}

/// The tags that a failed fetch would have moved, in git's words of the C locale:
/// ` ! [rejected]  1.0.0+1.0 -> 1.0.0+1.0  (would clobber existing tag)`.
/// Empty when anything else went wrong as well.
fn moved_tags(error: &GitError) -> Vec<String> {
    let GitError::Failed { said, .. } = error else {
        return Vec::new();
    };
    let mut moved = Vec::new();
    for line in said.lines().map(str::trim) {
        let rejected = line.strip_prefix("! [rejected]").and_then(|rest| {
            let (pair, _) = rest.split_once(CLOBBER)?;
            let (_, tag) = pair.rsplit_once("->")?;
            Some(tag.trim().to_owned())
        });
        match rejected {
            Some(tag) => moved.push(tag),
            None if line.starts_with("fatal:")
                || line.starts_with("error:")
                || line.starts_with("! ") =>
            {
                return Vec::new();
            }
            None => {}
        }
    }
    moved
}
