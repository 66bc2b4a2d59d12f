//! Finding, reading and selecting claim files; what is wrong with them is printed.

use crate::cli::terminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use crate::run::{Repository, Selection, select};
use claim::ClaimFile;
use claim::codes;
use claim::outcome::ExitCode;
use kit::text::Scope;
use kit::yaml::codes::Code;
use kit::yaml::source::Source;

use crate::cli::options::{ColorOption, FileOptions};
use crate::cli::progress::refuse;

/// Reads the claim files, or prints everything that is wrong with any of them.
pub(crate) fn load(options: &FileOptions) -> Option<Vec<ClaimFile>> {
    let paths = match find(options) {
        Ok(paths) => paths,
        Err(why) => {
            refuse(Code::UNREADABLE, &why);
            return None;
        }
    };
    let read = |path: PathBuf| match claim::read::load(&path, &options.overrides()) {
        Ok(file) => Some(file),
        Err(invalid) => {
            terminal::err(&invalid.render(options.color.on_stderr()));
            None
        }
    };
    // Every file is read, so that all errors are printed at once.
    let files: Vec<Option<ClaimFile>> = paths.into_iter().map(read).collect();
    files.into_iter().collect()
}

fn find(options: &FileOptions) -> Result<Vec<PathBuf>, String> {
    if !options.files.is_empty() {
        return Ok(options.files.clone());
    }
    let paths = in_folder(Path::new("claims")).map_err(|error| {
        format!("no claim file was named, and the folder claims/ cannot be read: {error}")
    })?;
    if paths.is_empty() {
        return Err("no claim file was named, and the folder claims/ has none".to_owned());
    }
    Ok(paths)
}

/// Whether a file is one by its name.
pub(crate) fn is_claim_file(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end == "yaml" || end == "yml")
}

/// The claim files of a folder, sorted.
pub(crate) fn in_folder(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is_claim_file(path))
        .collect();
    paths.sort();
    Ok(paths)
}

/// The claim files in `claims/` of a tree, by their paths in it.
pub(crate) fn in_tree(tree: &Path) -> Vec<PathBuf> {
    let found = in_folder(&tree.join("claims")).unwrap_or_default();
    let inside = found.iter().filter_map(|path| path.strip_prefix(tree).ok());
    inside.map(Path::to_owned).collect()
}

/// Reads a claim file of a tree, under its path in it. What is wrong with it is printed.
pub(crate) fn load_from_tree(tree: &Path, path: &Path, color: ColorOption) -> Option<ClaimFile> {
    let source = match Source::read(&tree.join(path)) {
        Ok(source) => source,
        Err(error) => {
            terminal::err(&format!("{}: {error}\nnothing was run\n", path.display()));
            return None;
        }
    };
    let source = Source {
        path: path.to_owned(),
        text: source.text,
    };
    match claim::read::parse(Arc::new(source), &Scope::new()) {
        Ok(file) => Some(file),
        Err(invalid) => {
            terminal::err(&invalid.render(color.on_stderr()));
            None
        }
    }
}

/// The files of which something is selected; an unknown name is refused.
pub(crate) fn selected<'f>(
    files: &'f [ClaimFile],
    selection: &Selection,
) -> Result<Vec<&'f ClaimFile>, ExitCode> {
    if let Some((option, name)) = selection.unknown(files) {
        let why = format!(
            "{option} {name}: no such name in the claim files; `gateproof list` shows them"
        );
        return Err(refuse(codes::UNKNOWN_SELECTION, &why));
    }
    let some = |file: &&ClaimFile| !select(file, selection).is_empty();
    Ok(files.iter().filter(some).collect())
}

/// The path of a claim file in its repository, as records have it.
pub(crate) fn path_in_repository(path: &Path, root: &Path) -> PathBuf {
    let full = std::fs::canonicalize(path).ok();
    let root = std::fs::canonicalize(root).ok();
    let inside = full
        .zip(root)
        .and_then(|(full, root)| full.strip_prefix(root).map(Path::to_owned).ok());
    inside.unwrap_or_else(|| path.to_owned())
}

/// The current folder.
pub(crate) fn current_folder() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("find the current folder")
}

/// The top of the repository that the current folder is in.
pub(crate) async fn repository_here() -> anyhow::Result<Option<PathBuf>> {
    let here = current_folder()?;
    let found = Repository::find(&here.join("-"), None, false).await?;
    Ok(found.map(|repository| repository.root().to_owned()))
}
