//! What was done, one JSON object a line, for all apps: `audit.jsonl`.
//!
//! Each line is one write to a file that is opened for appending, and is on the disk when the
//! call returns. Lines of several processes do not mix. The file is opened anew for every line,
//! so that it may be rotated by renaming it. When a write was cut short (a full disk, a power
//! cut), the next line begins on a line of its own: one line may be damaged, none swallows another.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};
use thiserror::Error;

use super::layout::Layout;
use kit::redact::Redactor;

/// Why a line could not be written.
#[derive(Debug, Error)]
#[error("cannot write to the audit log `{path}`: {source}")]
pub struct AuditError {
    /// The file.
    pub path: PathBuf,
    /// The system's words.
    pub source: io::Error,
}

/// The audit log.
#[derive(Clone, Copy, Debug)]
pub struct Audit<'a> {
    layout: &'a Layout,
    redactor: &'a Redactor,
}

impl<'a> Audit<'a> {
    /// The audit log of a layout; every line goes through the redactor.
    pub fn new(layout: &'a Layout, redactor: &'a Redactor) -> Self {
        Audit { layout, redactor }
    }

    /// Writes a line `{"ts":…,"app":…,"what":…,…}`; `fields` are the rest of it.
    ///
    /// # Errors
    /// [`AuditError`].
    pub fn write(
        &self,
        now: DateTime<Utc>,
        app: &str,
        what: &str,
        fields: Map<String, Value>,
    ) -> Result<(), AuditError> {
        let mut object = Map::new();
        let ts = now.to_rfc3339_opts(SecondsFormat::Millis, true);
        object.insert("ts".into(), ts.into());
        object.insert("app".into(), app.into());
        object.insert("what".into(), what.into());
        object.extend(fields);
        let mut value = Value::Object(object);
        self.redactor.value(&mut value);
        self.append(&value.to_string())
            .map_err(|source| AuditError {
                path: self.layout.audit(),
                source,
            })
    }

    fn append(&self, json: &str) -> io::Result<()> {
        fs::create_dir_all(self.layout.root())?;
        let path = self.layout.audit();
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

    fn fields(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn lines(layout: &Layout) -> Vec<String> {
        let text = fs::read_to_string(layout.audit()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_line_is_an_object_without_secrets() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path()).unwrap();
        let redactor = Redactor::new(["hunter2-secret"]);
        let audit = Audit::new(&layout, &redactor);
        let words = json!({"argv": ["x", "hunter2-secret"], "text": "two\nlines"});
        audit
            .write(at(), "traefik", "deploy", fields(words))
            .unwrap();
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
        fs::write(layout.audit(), "{\"ts\":\"20").unwrap();
        let redactor = Redactor::new([""; 0]);
        let audit = Audit::new(&layout, &redactor);
        audit.write(at(), "a", "b", Map::new()).unwrap();
        audit.write(at(), "a", "c", Map::new()).unwrap();
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
                        let words = fields(json!({"text": format!("{writer}").repeat(5000)}));
                        Audit::new(layout, redactor)
                            .write(at(), "a", &count.to_string(), words)
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
        let audit = Audit::new(&layout, &redactor);
        disk.fill();
        let words = fields(json!({"text": "x".repeat(9000)}));
        assert!(audit.write(at(), "a", "b", words).is_err());
        disk.empty();
        audit.write(at(), "a", "b", Map::new()).unwrap();
        let last = lines(&layout).pop().unwrap();
        assert!(serde_json::from_str::<Value>(&last).is_ok());
    }
}
