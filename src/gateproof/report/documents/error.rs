//! Why a document was not written, and how to put it right.

use std::io;
use std::path::PathBuf;

use kit::inside::NotInside;
use thiserror::Error;

/// What is wrong with the markers in a document. Lines count from 1.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MarkerError {
    /// A line begins like a marker and is not a whole one.
    #[error(
        "line {line}: this is not a whole gateproof marker; restore it from version control, or delete the line"
    )]
    Malformed { line: usize },
    #[error(
        "line {line}: the block of {claim} begins here and has no end; put `<!-- gateproof:end {kind} {claim} -->` after its last line, or delete the begin line"
    )]
    NoEnd {
        line: usize,
        /// The document's word in the marker.
        kind: String,
        claim: String,
    },
    #[error("line {line}: a block of {claim} ends here and begins nowhere; delete this line")]
    NoBegin { line: usize, claim: String },
    #[error(
        "line {line}: the block of {claim} begins inside the block that begins at line {outer}; one of them has lost its end"
    )]
    Nested {
        /// Where the inner one begins.
        line: usize,
        /// Where the outer one begins.
        outer: usize,
        /// What the inner one is of.
        claim: String,
    },
    /// There are two blocks of the same claim.
    #[error(
        "line {line}: a second block of {claim}; the first is at line {first}: delete one of them"
    )]
    Duplicate {
        line: usize,
        first: usize,
        claim: String,
    },
    /// A person edited the text inside our block.
    #[error(
        "line {line}: the block of {claim} was edited by hand since gateproof wrote it (run {run}); move what should stay out of the markers, or overwrite the block with --force"
    )]
    Edited {
        /// Where the block begins.
        line: usize,
        claim: String,
        run: String,
    },
    /// The block belongs into another document.
    #[error("a {of} block does not belong into a {into} document")]
    OtherDocument {
        of: &'static str,
        into: &'static str,
    },
    /// The document is not in an encoding that extends ASCII.
    #[error("the document is UTF-16; save it as UTF-8")]
    Utf16,
}

/// Why a document was not written. It is unchanged.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// Somebody else's document.
    #[error("only the {owner} writes `{path}`, and this run is by {role}")]
    NotYours {
        path: PathBuf,
        owner: &'static str,
        role: &'static str,
    },
    /// What is written there would land somewhere else.
    #[error(transparent)]
    Outside(#[from] NotInside),
    /// Our markers in it are broken.
    #[error("`{path}`, {source}")]
    Markers { path: PathBuf, source: MarkerError },
    /// Its folder does not exist.
    #[error(
        "`{path}` cannot be written: the folder `{folder}` does not exist; make it, or correct `docs:` in the claim file"
    )]
    NoFolder { path: PathBuf, folder: PathBuf },
    /// The document or its folder may not be written.
    #[error(
        "`{path}` cannot be written: {source}; allow writing to it and to its folder (both are needed)"
    )]
    NotWritable { path: PathBuf, source: io::Error },
    /// The disk is full, or a quota is used up.
    #[error(
        "`{path}` cannot be written: {source}; make room and run again, the document is unchanged"
    )]
    Full { path: PathBuf, source: io::Error },
    /// It is a folder, a pipe or a device.
    #[error("`{path}` is not a regular file")]
    NotAFile { path: PathBuf },
    /// Somebody else holds the document, or changes it again and again.
    #[error(
        "`{path}` has been held or changed by another program for {seconds} s; nothing was written, try again"
    )]
    Busy {
        path: PathBuf,
        /// How long we tried.
        seconds: u64,
    },
    #[error("`{path}` cannot be {doing}: {source}")]
    Io {
        path: PathBuf,
        /// `read`, `written`.
        doing: &'static str,
        source: io::Error,
    },
}
