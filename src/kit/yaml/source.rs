//! A claim file's text, read with its limits in mind, and its lines and columns.

use std::path::{Path, PathBuf};

use crate::regular;

/// Where something stands in a file, in bytes.
pub type Span = std::ops::Range<usize>;

/// The largest claim file that is read, in bytes. Real ones have a few kilobytes.
pub const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// A claim file's text and where it came from.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as the user gave it.
    pub path: PathBuf,
    pub text: String,
}

/// Why a file could not be read as text.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file could not be read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The file is larger than [`MAX_BYTES`].
    #[error("the file has {0} bytes; at most {MAX_BYTES} are read")]
    TooLarge(u64),
    /// Not UTF-8: the offset of the first bad byte, and the text before it.
    #[error("byte {offset} is not valid UTF-8")]
    NotUtf8 {
        /// Offset of the first bad byte.
        offset: usize,
        /// What comes before it, with the bad byte's line completed as far as it is readable.
        readable: String,
    },
}

impl Source {
    /// Reads a file, at most [`MAX_BYTES`] of it.
    ///
    /// # Errors
    /// When it cannot be read, is too large, or is not UTF-8.
    pub fn read(path: &Path) -> Result<Source, SourceError> {
        use std::io::Read;
        let file = regular::open(path)?;
        let meta = file.metadata()?;
        if meta.len() > MAX_BYTES {
            return Err(SourceError::TooLarge(meta.len()));
        }
        let mut bytes = Vec::new();
        // A device or a growing file has no length to go by: bound the read itself.
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(SourceError::TooLarge(bytes.len() as u64));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Source {
                path: path.to_owned(),
                text,
            }),
            Err(error) => Err(SourceError::NotUtf8 {
                offset: error.utf8_error().valid_up_to(),
                readable: String::from_utf8_lossy(error.as_bytes()).into_owned(),
            }),
        }
    }

    /// Line and column (both from 1, the column in characters) of a byte offset.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        position(&self.text, offset)
    }

    /// The path from the root of the file system, links not followed.
    pub fn whole_path(&self) -> PathBuf {
        std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone())
    }

    /// SHA-256 of the text, lower-case hex.
    pub fn digest(&self) -> String {
        crate::digest::sha256(&self.text)
    }
}

/// Line and column (both from 1, the column in characters) of a byte offset in a text.
pub fn position(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() + 1)
}
