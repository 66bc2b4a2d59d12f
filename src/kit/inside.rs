//! A place inside of one tree, which whoever can write into the tree cannot lead out of it.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use thiserror::Error;

/// Why a path is not a place inside of a tree.
#[derive(Debug, Error)]
pub enum NotInside {
    #[error("`{}` is absolute; write a path inside of the repository", .0.display())]
    Absolute(PathBuf),
    #[error("`{}` goes up with `..`; write a path inside of the repository", .0.display())]
    Up(PathBuf),
    #[error("`{}` is inside of `.git`, which belongs to git; name another folder", .0.display())]
    Git(PathBuf),
    #[error(
        "`{}` is a link, and what is written there would land somewhere else: put a file or folder of its own in its place (`git rm` the link, if it is committed)",
        .0.display()
    )]
    Link(PathBuf),
    #[error("`{}` is not a folder", .0.display())]
    NotAFolder(PathBuf),
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    #[error("`{}` cannot be looked at: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Whether a path written in a file is one inside of a tree, as far as its words show.
///
/// # Errors
/// [`NotInside::Absolute`], [`NotInside::Up`], [`NotInside::Git`].
pub fn words(relative: &Path) -> Result<(), NotInside> {
    for part in relative.components() {
        match part {
            Component::Normal(name) if name.eq_ignore_ascii_case(".git") => {
                return Err(NotInside::Git(relative.to_owned()));
            }
            Component::Normal(_) | Component::CurDir => {}
            Component::ParentDir => return Err(NotInside::Up(relative.to_owned())),
            Component::RootDir | Component::Prefix(_) => {
                return Err(NotInside::Absolute(relative.to_owned()));
            }
        }
    }
    Ok(())
}

/// A place inside of a tree: no part of the path behind the tree's top is a link, `..` or `.git`.
/// Writers take this and no path, so that none of them follows a link that somebody committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    top: PathBuf,
    relative: PathBuf,
}

impl Inside {
    /// The place below `top`, which the caller trusts: the top of the work tree, or a folder that a
    /// person named on the command line. Nothing needs to be there yet.
    ///
    /// # Errors
    /// [`NotInside`].
    pub fn of(top: &Path, relative: &Path) -> Result<Inside, NotInside> {
        words(relative)?;
        let place = Inside {
            top: top.to_owned(),
            relative: relative.to_owned(),
        };
        place.check()?;
        Ok(place)
    }

    /// A folder that the caller trusts as a whole, such as one that a person named.
    pub fn top(top: &Path) -> Inside {
        Inside {
            top: top.to_owned(),
            relative: PathBuf::new(),
        }
    }

    /// A file that the caller names by its whole path: its folder is trusted, and it may be no link.
    ///
    /// # Errors
    /// [`NotInside`].
    pub fn named(file: &Path) -> Result<Inside, NotInside> {
        let top = file.parent().unwrap_or(Path::new("."));
        Inside::of(top, Path::new(file.file_name().unwrap_or_default()))
    }

    /// A place below this one.
    ///
    /// # Errors
    /// [`NotInside`].
    pub fn join(&self, relative: impl AsRef<Path>) -> Result<Inside, NotInside> {
        Inside::of(&self.top, &self.relative.join(relative))
    }

    /// The whole path.
    pub fn path(&self) -> PathBuf {
        self.top.join(&self.relative)
    }

    /// Whether it is still inside. It is asked again before anything is written: the checks of a
    /// claim ran in between.
    ///
    /// # Errors
    /// [`NotInside`].
    pub fn check(&self) -> Result<(), NotInside> {
        let mut path = self.top.clone();
        let mut parts = self.relative.components().peekable();
        while let Some(part) = parts.next() {
            path.push(part);
            let found = match fs::symlink_metadata(&path) {
                Ok(found) => found,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                    path.pop();
                    return Err(NotInside::NotAFolder(path));
                }
                Err(source) => return Err(NotInside::Io { path, source }),
            };
            if found.is_symlink() {
                return Err(NotInside::Link(path));
            }
            if parts.peek().is_some() && !found.is_dir() {
                return Err(NotInside::NotAFolder(path));
            }
        }
        Ok(())
    }

    /// Makes the folder with those above it, up to the tree's top.
    ///
    /// # Errors
    /// [`NotInside`].
    pub fn make(&self) -> Result<(), NotInside> {
        self.check()?;
        let path = self.path();
        fs::create_dir_all(&path).map_err(|source| NotInside::Io { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_leads_out_of_the_tree_is_no_place_inside() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        fs::create_dir_all(top.join("docs/sub")).unwrap();
        fs::write(top.join("docs/file"), "").unwrap();
        symlink("/etc", top.join("etc")).unwrap();
        symlink("sub", top.join("docs/inner")).unwrap();
        symlink("/nowhere", top.join("docs/dangling")).unwrap();
        for good in [
            "",
            ".",
            "docs",
            "docs/file",
            "docs/new",
            "new/folder/file",
            "a.git",
            "..x",
        ] {
            Inside::of(top, Path::new(good)).unwrap_or_else(|why| panic!("{good}: {why}"));
        }
        for (bad, words) in [
            ("/etc/passwd", "absolute"),
            ("../x", "goes up"),
            ("docs/../../x", "goes up"),
            (".git/hooks", "belongs to git"),
            ("docs/.GIT/x", "belongs to git"),
            ("etc", "is a link"),
            ("etc/passwd", "is a link"),
            ("docs/inner/x", "is a link"),
            ("docs/dangling", "is a link"),
            ("docs/file/x", "is not a folder"),
        ] {
            let why = Inside::of(top, Path::new(bad)).unwrap_err().to_string();
            assert!(why.contains(words), "{bad}: {why}");
        }
    }

    #[test]
    fn a_link_that_comes_later_is_found_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let place = Inside::of(folder.path(), Path::new("reports/x.md")).unwrap();
        symlink("/tmp", folder.path().join("reports")).unwrap();
        assert!(matches!(place.check(), Err(NotInside::Link(_))));
        assert!(matches!(place.make(), Err(NotInside::Link(_))));
    }
}
