//! Forms: a check of what is checked most, in one line. A form is written out as a command that prints
//! JSON, and an expectation of it; what runs, records and judges checks knows nothing of forms.

mod container;
mod file;
mod git;
mod mount;
mod package;
mod parts;
mod port;
mod process;
mod service;
mod unit;
mod user;

use crate::{CommandLine, CommandProbe};
use kit::text::Scope;
use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::Fields;
use kit::yaml::source::Span;
use kit::yaml::tree::{Key, Node, NodeKind};

use super::reader::Reader;
use parts::FormTable;

/// What the script of a form says on its standard error begins so, where it cannot tell.
pub const CANNOT_TELL: &str = "cannot tell: ";

/// What a form stands for.
struct WrittenOut {
    /// Read by `sh -c`; it prints one JSON object, and exits with 126 where it cannot tell.
    script: &'static str,
    /// `$1`, `$2` … of the script: no shell reads them.
    arguments: Vec<Node>,
    /// Members of the object, and what each must be.
    members: Vec<(&'static str, Node)>,
}

/// Every form.
const FORMS: &[FormTable] = &[
    file::FORM,
    unit::FORM,
    service::FORM,
    container::FORM,
    port::FORM,
    git::FORM,
    mount::FORM,
    process::FORM,
    user::FORM,
    package::FORM,
];

/// The form that a command was written out from, and what the form is about; nothing of a command that
/// somebody wrote. So people read `file: /etc/hosts`, and not the script that finds it out.
pub fn form_of(command: &CommandProbe, scope: &Scope) -> Option<(&'static str, Vec<String>)> {
    let CommandLine::Argv(words) = &command.line else {
        return None;
    };
    let words: Vec<String> = words.iter().map(|word| word.render(scope)).collect();
    let [shell, option, script, name, about @ ..] = words.as_slice() else {
        return None;
    };
    let form = FORMS
        .iter()
        .find(|form| name == form.key && script == form.script)?;
    (shell == "sh" && option == "-c").then(|| (form.key, about.to_vec()))
}

/// The keys of all forms.
pub(super) fn form_keys() -> impl Iterator<Item = &'static str> {
    FORMS.iter().map(|form| form.key)
}

/// The own keys of a form, as its reader takes them.
pub(super) fn keys_of_form(name: &str) -> Option<Vec<&'static str>> {
    let form = FORMS.iter().find(|form| form.key == name)?;
    Some(form.keys())
}

/// What a check with a form may have none of: the form says it.
const SAID: &[&str] = &[
    "run",
    "http",
    "human",
    "artefact",
    "expect",
    "effect",
    "capture",
    "env",
    "stdin",
    "strict",
    "hides_failure",
    "method",
    "resolve",
    "tls",
    "headers",
    "body",
    "follow",
    "vantage",
    "stream",
    "cookies",
];

impl Reader {
    /// The check with its form written out; `None` where it has no form. A form that is wrong is
    /// reported, and nothing of the check is read.
    pub(super) fn without_form(&mut self, fields: &Fields<'_>) -> Option<Option<Node>> {
        let form = FORMS.iter().find(|form| fields.has(form.key))?;
        let name = form.key;
        let (at, value) = fields.key(name)?;
        let before = self.problems.len();
        for (key, _) in fields.iter() {
            let other = key.text != name && form_keys().any(|form| key.text == form);
            if other || SAID.contains(&key.text.as_str()) {
                let what = format!("`{}` does not go together with `{name}:`", key.text);
                self.report(
                    Diagnostic::new(Code::CONFLICT, key.span.clone(), what)
                        .help("leave it out, or write the check with `run:` and `expect:`"),
                );
            }
        }
        let written = form.written_out(self, value);
        let (Some(written), true) = (written, self.problems.len() == before) else {
            return Some(None);
        };
        // Unknown keys are reported, and are no longer among the fields.
        let mut entries: Vec<(Key, Node)> = fields
            .iter()
            .filter(|(key, _)| key.text != name)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        entries.extend(written.keys(name, &at.span, &value.span));
        Some(Some(Node {
            span: fields.span.clone(),
            kind: NodeKind::Map(entries),
        }))
    }
}

impl WrittenOut {
    fn keys(self, name: &str, at: &Span, span: &Span) -> [(Key, Node); 3] {
        let node = |kind| Node {
            span: span.clone(),
            kind,
        };
        let key = |text: &str| Key {
            text: text.to_owned(),
            span: at.clone(),
        };
        let words = ["sh", "-c", self.script, name];
        let words = words.into_iter().map(|word| text(word, span));
        let run = words.chain(self.arguments).collect();
        let members = self.members.into_iter();
        let members = members.map(|(name, value)| (key(&format!("$.{name}")), value));
        let json = node(NodeKind::Map(members.collect()));
        [
            (key("run"), node(NodeKind::List(run))),
            (key("effect"), text("observe", span)),
            (
                key("expect"),
                node(NodeKind::Map(vec![(key("json"), json)])),
            ),
        ]
    }
}

/// A text that stands at a place.
fn text(text: &str, span: &Span) -> Node {
    Node {
        span: span.clone(),
        kind: NodeKind::Scalar {
            text: text.to_owned(),
            plain: false,
        },
    }
}
