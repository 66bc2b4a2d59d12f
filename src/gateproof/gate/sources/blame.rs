//! Who wrote the lines of a file, by git.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::DateTime;

use crate::gate::counts::WrittenBy;
use kit::git::{self, GitError};

/// A line and who wrote it; nobody where it is not committed, or where the history is cut off.
pub(crate) type BlamedLine = (String, Option<WrittenBy>);

/// The lines of a file of the working tree, or at a revision. A file that git does not know has
/// none.
///
/// # Errors
/// [`GitError`] when git cannot be asked.
pub(crate) fn blame(
    root: &Path,
    revision: Option<&str>,
    path: &Path,
) -> Result<Vec<BlamedLine>, GitError> {
    let path = path.to_string_lossy();
    // No list of commits to be overlooked, and the text as it is, whatever is configured.
    let mut words = vec![
        "-c",
        "blame.ignoreRevsFile=",
        "blame",
        "--no-textconv",
        "--porcelain",
    ];
    words.extend(revision);
    words.extend(["--", &path]);
    let told = match git::read(root, &words) {
        Ok(told) => told,
        // Not in git at all, or empty.
        Err(GitError::Failed { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let told = String::from_utf8_lossy(&told);
    let (mut lines, mut commit) = (Vec::new(), "");
    for text in told.split('\n') {
        if let Some(line) = text.strip_prefix('\t') {
            lines.push((commit.to_owned(), line.to_owned()));
        } else if let Some(hash) = text.split(' ').next()
            && matches!(hash.len(), 40 | 64)
            && hash.bytes().all(|b| b.is_ascii_hexdigit())
        {
            commit = hash;
        }
    }
    let mut commits: BTreeSet<&str> = lines.iter().map(|(commit, _)| commit.as_str()).collect();
    commits.retain(|commit| commit.bytes().any(|b| b != b'0'));
    let cut = shallow(root)?;
    commits.retain(|commit| !cut.contains(*commit));
    let authors = authors(root, &commits)?;
    let each = lines.into_iter();
    Ok(each
        .map(|(commit, line)| (line, authors.get(&commit).cloned()))
        .collect())
}

/// The authors as the commits have them: `.mailmap` is part of the tree, and anybody may write it.
fn authors(root: &Path, commits: &BTreeSet<&str>) -> Result<BTreeMap<String, WrittenBy>, GitError> {
    if commits.is_empty() {
        return Ok(BTreeMap::new());
    }
    let words = [
        "-c",
        "i18n.logOutputEncoding=UTF-8",
        "rev-list",
        "--no-walk=unsorted",
        "--no-commit-header",
        "--format=%H %ct %an <%ae>",
        "--stdin",
    ];
    let input: String = commits.iter().map(|commit| format!("{commit}\n")).collect();
    let told = git::read_with(root, &words, Some(input.as_bytes()))?;
    let told = String::from_utf8_lossy(&told);
    let author = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let (commit, seconds, author) = (parts.next()?, parts.next()?, parts.next()?);
        let written = WrittenBy {
            author: author.to_owned(),
            commit: commit.to_owned(),
            at: DateTime::from_timestamp(seconds.parse().ok()?, 0)?,
        };
        Some((commit.to_owned(), written))
    };
    Ok(told.lines().filter_map(author).collect())
}

/// The commits at which a shallow clone is cut off. Git gives them every line that is older.
fn shallow(root: &Path) -> Result<BTreeSet<String>, GitError> {
    let Some(path) = git::line(root, &["rev-parse", "--git-path", "shallow"])? else {
        return Ok(BTreeSet::new());
    };
    let text = std::fs::read_to_string(root.join(path)).unwrap_or_default();
    Ok(text.lines().map(|line| line.trim().to_owned()).collect())
}
