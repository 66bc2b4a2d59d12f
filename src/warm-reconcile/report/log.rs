//! The log of all apps, one JSON object a line: `audit.jsonl`.
//!
//! Each line is one write to a file that is opened for appending, and is on the disk when the
//! call returns. Lines of several processes do not mix. The file is opened anew for every line,
//! so that it may be rotated by renaming it. When a write was cut short (a full disk, a power
//! cut), the next line begins on a line of its own: a damaged line never swallows another.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use crate::state::layout::Layout;
use kit::redact::{Redacted, Redactor};

/// Why a line could not be written.
#[derive(Debug, Error)]
#[error("cannot write to the log `{path}`: {source}")]
pub struct LogError {
    pub path: PathBuf,
    pub source: io::Error,
}

/// The log. It has no way to write a line that was not redacted.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    layout: &'a Layout,
    redactor: &'a Redactor,
}

/// One line; `fields` are what only some lines have.
#[derive(Serialize)]
struct Line<'a, T> {
    ts: String,
    app: &'a str,
    what: &'a str,
    #[serde(flatten)]
    fields: &'a T,
}

impl<'a> Log<'a> {
    /// The log of a layout.
    pub fn new(layout: &'a Layout, redactor: &'a Redactor) -> Self {
        Log { layout, redactor }
    }

    /// Writes a line `{"ts":…,"app":…,"what":…,…}`; `fields` are the rest of it.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn write(
        &self,
        now: DateTime<Utc>,
        app: &str,
        what: &str,
        fields: &impl Serialize,
    ) -> Result<(), LogError> {
        let line = Line {
            ts: now.to_rfc3339_opts(SecondsFormat::Millis, true),
            app,
            what,
            fields,
        };
        self.append(&self.redactor.document(&line))
            .map_err(|source| LogError {
                path: self.layout.log(),
                source,
            })
    }

    fn append(&self, json: &Redacted<Value>) -> io::Result<()> {
        fs::create_dir_all(self.layout.root())?;
        let path = self.layout.log();
        let fresh = !path.exists();
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let begin = if ends_a_line(&mut file)? { "" } else { "\n" };
        let line = format!("{begin}{json}\n");
        // One call, so that lines of two processes cannot mix.
        let written = file.write(line.as_bytes())?;
        if written < line.len() {
            return Err(io::ErrorKind::WriteZero.into());
        }
        file.sync_all()?;
        if fresh {
            kit::atomic::sync_folder(self.layout.root())?;
        }
        Ok(())
    }
}

fn ends_a_line(file: &mut fs::File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use test_kit::children;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000, 0).unwrap()
    }

    fn lines(layout: &Layout) -> Vec<String> {
        let text = fs::read_to_string(layout.log()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_line_is_an_object_without_secrets() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path()).unwrap();
        let redactor = Redactor::new(["hunter2-secret"]);
        let log = Log::new(&layout, &redactor);
        let words = json!({"argv": ["x", "hunter2-secret"], "text": "two\nlines"});
        log.write(at(), "traefik", "deploy", &words).unwrap();
        let line: Value = serde_json::from_str(&lines(&layout)[0]).unwrap();
        assert_eq!(
            line,
            json!({"ts": "2026-05-28T20:26:40.000Z", "app": "traefik", "what": "deploy",
                "argv": ["x", "[REDACTED]"], "text": "two\nlines"})
        );
    }

    #[test]
    fn a_torn_line_does_not_swallow_the_next_one() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path()).unwrap();
        fs::write(layout.log(), "{\"ts\":\"20").unwrap();
        let redactor = Redactor::new([""; 0]);
        let log = Log::new(&layout, &redactor);
        log.write(at(), "a", "b", &json!({})).unwrap();
        log.write(at(), "a", "c", &json!({})).unwrap();
        let lines = lines(&layout);
        assert_eq!(lines.len(), 3);
        assert!(
            lines[1..]
                .iter()
                .all(|line| serde_json::from_str::<Value>(line).is_ok())
        );
    }

    #[test]
    fn lines_of_many_writers_do_not_mix() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path()).unwrap();
        let redactor = Redactor::new([""; 0]);
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let (layout, redactor) = (&layout, &redactor);
                scope.spawn(move || {
                    for count in 0..20 {
                        let words = json!({"text": format!("{writer}").repeat(5000)});
                        Log::new(layout, redactor)
                            .write(at(), "a", &count.to_string(), &words)
                            .unwrap();
                    }
                });
            }
        });
        let whole = |line: &String| serde_json::from_str::<Value>(line).is_ok();
        let lines: Vec<String> = lines(&layout)
            .into_iter()
            .filter(|line| !line.is_empty())
            .collect();
        assert_eq!((lines.len(), lines.iter().all(whole)), (80, true));
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let Some(disk) = children::small_disk("64k") else {
            return;
        };
        let layout = Layout::new(disk.path()).unwrap();
        let redactor = Redactor::new([""; 0]);
        let log = Log::new(&layout, &redactor);
        disk.fill();
        let words = json!({"text": "x".repeat(9000)});
        assert!(log.write(at(), "a", "b", &words).is_err());
        disk.empty();
        log.write(at(), "a", "b", &json!({})).unwrap();
        let last = lines(&layout).pop().unwrap();
        assert!(serde_json::from_str::<Value>(&last).is_ok());
    }
}
