//! Files that a person names to be read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

/// Opens a file for reading, and does not wait for it: a named pipe without a writer would keep us
/// for ever. What a shell hands over as a file (`<(…)`, which is below `/dev/fd`) has its writer.
///
/// # Errors
/// As [`File::open`]; [`io::ErrorKind::InvalidInput`] for a named pipe, and for a socket.
pub fn open(path: &Path) -> io::Result<File> {
    let handed = ["/dev/fd", "/dev/stdin", "/proc"];
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_fifo() && !handed.iter().any(|place| path.starts_with(place)) {
        return Err(not_a_file("a named pipe"));
    }
    if kind.is_socket() {
        return Err(not_a_file("a socket"));
    }
    File::open(path)
}

/// The text of a file.
///
/// # Errors
/// As [`open`], and when it cannot be read or is not UTF-8.
pub fn text(path: &Path) -> io::Result<String> {
    io::read_to_string(open(path)?)
}

fn not_a_file(what: &str) -> io::Error {
    let text = format!("it is {what}, and a regular file is needed");
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_pipe_is_refused_at_once_and_a_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for path in [&pipe, &link] {
            let error = open(path).unwrap_err();
            assert!(error.to_string().contains("named pipe"), "{error}");
        }
        let file = folder.path().join("file");
        std::fs::write(&file, "text").unwrap();
        assert_eq!(text(&file).unwrap(), "text");
    }
}
