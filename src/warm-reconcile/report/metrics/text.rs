//! The text format, written family by family. A value from outside goes through the redactor;
//! names and the labels of closed sets are the program's own.

use kit::redact::{Redacted, Redactor};

pub(super) const GAUGE: &str = " gauge\n";
pub(super) const COUNTER: &str = " counter\n";

/// A label with its value, escaped.
#[derive(Clone)]
pub(super) struct Label {
    name: &'static str,
    value: Redacted<String>,
}

impl Label {
    pub(super) fn own(name: &'static str, value: &'static str) -> Label {
        let value = Redacted::own(value).to_text();
        Label { name, value }
    }

    /// Backslash, quote and line feed are written with a backslash.
    pub(super) fn foreign(name: &'static str, value: &str, redactor: &Redactor) -> Label {
        let value =
            redactor
                .redact(value)
                .replaced(&[('\\', "\\\\"), ('"', "\\\""), ('\n', "\\n")]);
        Label { name, value }
    }
}

/// The text of a file, written family by family.
pub(super) struct Text {
    pub(super) text: Redacted<String>,
    family: &'static str,
}

impl Default for Text {
    fn default() -> Text {
        Text {
            text: Redacted::own("").to_text(),
            family: "",
        }
    }
}

impl Text {
    pub(super) fn family(&mut self, name: &'static str, kind: &'static str, help: &'static str) {
        self.family = name;
        for part in ["# HELP ", name, " ", help, "\n# TYPE ", name, kind] {
            self.text.push_own(part);
        }
    }

    pub(super) fn sample(&mut self, labels: &[Label], value: f64) {
        self.text.push_own(self.family);
        for (index, label) in labels.iter().enumerate() {
            self.text.push_own(if index == 0 { "{" } else { "," });
            self.text.push_own(label.name);
            self.text.push_own("=\"");
            self.text.push(&label.value);
            self.text.push_own("\"");
        }
        self.text.push_own("} ");
        self.text.push_number(value);
        self.text.push_own("\n");
    }
}
