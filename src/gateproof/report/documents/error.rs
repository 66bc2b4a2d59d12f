//! Why a document was not written, and what to do about it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// What is wrong with our markers in a document. Lines count from 1.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MarkerError {
    /// A line begins like one of our markers and is none.
    #[error(
        "line {line}: this is not a whole gateproof marker; restore it from version control, or delete the line"
    )]
    Malformed {
        /// Where.
        line: usize,
    },
    /// A block has no end.
    #[error(
        "line {line}: the block of {claim} begins here and has no end; put `<!-- gateproof:end {kind} {claim} -->` after its last line, or delete the begin line"
    )]
    NoEnd {
        /// Where it begins.
        line: usize,
        /// The document's word in the marker.
        kind: String,
        /// What it is of.
        claim: String,
    },
    /// An end has no beginning.
    #[error("line {line}: a block of {claim} ends here that begins nowhere; delete this line")]
    NoBegin {
        /// Where.
        line: usize,
        /// What it would be of.
        claim: String,
    },
    /// A block begins within another.
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
        /// The second one.
        line: usize,
        /// The first one.
        first: usize,
        /// What both are of.
        claim: String,
    },
    /// A person edited the text inside our block.
    #[error(
        "line {line}: the block of {claim} was edited by hand since gateproof wrote it (run {run}); move what is to stay outside of the markers, or force the block to be overwritten"
    )]
    Edited {
        /// Where the block begins.
        line: usize,
        /// What it is of.
        claim: String,
        /// The run it was made from.
        run: String,
    },
    /// The block belongs into another document.
    #[error("a {of} block does not belong into a {into} document")]
    OtherDocument {
        /// The block's document.
        of: &'static str,
        /// Where it was to go.
        into: &'static str,
    },
    /// The document is not in an encoding that extends ASCII.
    #[error("the document is UTF-16; save it as UTF-8")]
    Utf16,
}

/// Why a document was not written. It is as it was.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// Somebody else's document.
    #[error("`{path}` is written by the {owner} only, and this run is by {role}")]
    NotYours {
        /// The document.
        path: PathBuf,
        /// Whose it is.
        owner: &'static str,
        /// Who wanted to write.
        role: &'static str,
    },
    /// Our markers in it are broken.
    #[error("`{path}`, {source}")]
    Markers {
        /// The document.
        path: PathBuf,
        /// What is wrong.
        source: MarkerError,
    },
    /// Its folder does not exist.
    #[error(
        "`{path}` cannot be written: the folder `{folder}` does not exist; make it, or correct `docs:` in the claim file"
    )]
    NoFolder {
        /// The document.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// The document or its folder may not be written.
    #[error(
        "`{path}` cannot be written: {source}; allow writing to it and to its folder (both are needed)"
    )]
    NotWritable {
        /// The document.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The disk is full, or a quota is used up.
    #[error(
        "`{path}` cannot be written: {source}; make room and run again, the document is unchanged"
    )]
    Full {
        /// The document.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// It is a folder, a pipe or a device.
    #[error("`{path}` is not a regular file")]
    NotAFile {
        /// The document.
        path: PathBuf,
    },
    /// Somebody else holds the document, or changes it again and again.
    #[error(
        "`{path}` has been held or changed by another program for {seconds} s; nothing was written, try again"
    )]
    Busy {
        /// The document.
        path: PathBuf,
        /// How long we tried.
        seconds: u64,
    },
    /// Something else.
    #[error("`{path}` cannot be {doing}: {source}")]
    Io {
        /// The document.
        path: PathBuf,
        /// `read`, `written`.
        doing: &'static str,
        /// The system's words.
        source: io::Error,
    },
}
