//! Where the program writes: nothing else in it knows standard output or standard error.

use std::io::Write;

use serde::Serialize;

use kit::redact::{Redacted, Redactor};

/// The terminal, or whoever reads the streams (under systemd, its journal). Every text goes
/// through the redactor.
pub(crate) struct Output {
    redactor: Redactor,
    json: bool,
}

impl Output {
    pub(crate) fn new(redactor: Redactor, json: bool) -> Output {
        Output { redactor, json }
    }

    /// Whether JSON is asked for.
    pub(crate) fn wants_json(&self) -> bool {
        self.json
    }

    /// To standard output, as it stands.
    pub(crate) fn text(&self, text: &str) {
        write(std::io::stdout().lock(), &self.redactor.redact(text));
    }

    /// A document as JSON, to standard output.
    pub(crate) fn document(&self, document: &(impl Serialize + ?Sized)) {
        let document = self.redactor.document(document);
        write(std::io::stdout().lock(), &document.pretty());
    }

    /// A line for people, to standard error.
    pub(crate) fn remark(&self, text: &str) {
        self.error(&format!("warm-reconcile: {text}\n"));
    }

    /// To standard error, as it stands.
    pub(crate) fn error(&self, text: &str) {
        write(std::io::stderr().lock(), &self.redactor.redact(text));
    }
}

/// A reader that has gone away is not a failure.
fn write(mut stream: impl Write, text: &Redacted<String>) {
    let _ = stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.flush());
}
