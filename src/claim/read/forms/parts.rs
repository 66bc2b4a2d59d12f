//! What every form has: a name of what it is about, whether that is there, and what else it must be.

use kit::yaml::codes::Code;
use kit::yaml::diagnostic::Diagnostic;
use kit::yaml::fields::Fields;
use kit::yaml::tree::{Node, NodeKind};

use super::super::reader::Reader;
use super::{WrittenOut, text};

/// A form, as a table.
pub(super) struct FormTable {
    pub(super) key: &'static str,
    /// Read by `sh -c`; it prints one JSON object, and exits with 126 where it cannot tell. `$1` is what
    /// the form is about, after its key where several keys can say it.
    pub(super) script: &'static str,
    /// What it is about: one of these keys is given.
    pub(super) subject: &'static [&'static str],
    /// What is wrong with this name, if something is.
    pub(super) refused: fn(&str) -> Option<&'static str>,
    /// The member that says whether it is there.
    pub(super) presence: &'static str,
    pub(super) members: &'static [MemberOfForm],
    /// What must hold of one that is there, where nothing else is said.
    pub(super) by_default: Option<(&'static str, &'static str)>,
    /// A form of this kind, for whoever wrote a wrong one.
    pub(super) example: &'static str,
}

/// A member of what a script prints.
pub(super) struct MemberOfForm {
    pub(super) key: &'static str,
    pub(super) takes: Takes,
    /// Whether the script is told what is expected.
    pub(super) sent: bool,
}

/// What the key of a member takes. All but `Word`, `Truth` and `Read` also take a matcher of a JSON value.
pub(super) enum Takes {
    Word(&'static [&'static str]),
    Truth,
    Text,
    Number,
    /// A state by its name, or `true` and `false` for these two.
    State(&'static str, &'static str),
    Read(fn(&mut Reader, &Node) -> Option<String>),
}

/// A member of which the script is not told.
pub(super) const fn member(key: &'static str, takes: Takes) -> MemberOfForm {
    MemberOfForm {
        key,
        takes,
        sent: false,
    }
}

/// A member of which the script is told what is expected.
pub(super) const fn sent(key: &'static str, takes: Takes) -> MemberOfForm {
    MemberOfForm {
        key,
        takes,
        sent: true,
    }
}

/// A name that must only have text.
pub(super) fn has_text(name: &str) -> Option<&'static str> {
    (name.is_empty() || name.contains('\0')).then_some("must have text, and no NUL character")
}

impl FormTable {
    /// Its keys: what it is about, whether that is there, and the members.
    pub(super) fn keys(&self) -> Vec<&'static str> {
        let members = self.members.iter().map(|member| member.key);
        let keys = self.subject.iter().copied().chain([self.presence]);
        keys.chain(members).collect()
    }

    pub(super) fn written_out(&self, reader: &mut Reader, node: &Node) -> Option<WrittenOut> {
        let what = format!("`{}`", self.key);
        if let NodeKind::Scalar { text, .. } = &node.kind {
            let told = format!("{what} must be a map, not a text");
            let (key, subject) = (self.key, self.subject[0]);
            let presence = self.presence;
            let help = format!("{key}: {{ {subject}: {text}, {presence}: true }}");
            reader.report(Diagnostic::new(Code::WRONG_TYPE, node.span.clone(), told).help(help));
            return None;
        }
        let fields = reader.map(node, &what, &self.keys())?;
        let mut arguments = self.about(reader, &fields)?;
        let there = match fields.get(self.presence) {
            Some(node) => reader.boolean(node, &format!("`{}`", self.presence))?,
            None => true,
        };
        let truth = if there { "true" } else { "false" };
        let mut members = vec![(self.presence, plain(truth, node))];
        for member in self.members {
            let Some((key, value)) = fields.key(member.key) else {
                arguments.extend(member.sent.then(|| text("", &node.span)));
                continue;
            };
            if !there {
                let (key_text, presence) = (member.key, self.presence);
                let told = format!(
                    "`{key_text}` is about a {} that is there, beside `{presence}: false`",
                    self.key
                );
                let problem = Diagnostic::new(Code::CONFLICT, key.span.clone(), told);
                reader.report(problem.help("leave one of both out"));
                continue;
            }
            let expected = member.expected(reader, value)?;
            if member.sent {
                let told = match &expected.kind {
                    NodeKind::Scalar { .. } => expected.clone(),
                    // It is asked for; what it must be is not one text.
                    _ => text("?", &value.span),
                };
                arguments.push(told);
            }
            members.push((member.key, expected));
        }
        if let (true, 1, Some((key, value))) = (there, members.len(), self.by_default) {
            members.push((key, text(value, &node.span)));
        }
        Some(WrittenOut {
            script: self.script,
            arguments,
            members,
        })
    }

    /// What the form is about, as the first arguments of its script.
    fn about(&self, reader: &mut Reader, fields: &Fields<'_>) -> Option<Vec<Node>> {
        let mut given = self.subject.iter().filter_map(|key| fields.key(key));
        let Some((key, value)) = given.next() else {
            let (what, first) = (format!("`{}`", self.key), self.subject[0]);
            reader.missing_in(fields, &what, first, self.example);
            return None;
        };
        if let Some((second, _)) = given.next() {
            let told = format!("`{}` and `{}` exclude each other", key.text, second.text);
            let problem = Diagnostic::new(Code::CONFLICT, second.span.clone(), told);
            reader.report(problem.help("make two checks of it"));
            return None;
        }
        let name = reader.scalar(value, &format!("`{}`", key.text))?;
        // A value that is known only later is looked at by the script.
        let wrong = match name.contains("${") {
            true => has_text(name),
            false => (self.refused)(name),
        };
        if let Some(wrong) = wrong {
            let told = format!("`{}` {wrong}", key.text);
            let problem = Diagnostic::new(Code::BAD_VALUE, value.span.clone(), told);
            reader.report(problem.help(self.example));
            return None;
        }
        let which = (self.subject.len() > 1).then(|| text(&key.text, &key.span));
        Some(which.into_iter().chain([text(name, &value.span)]).collect())
    }
}

impl MemberOfForm {
    fn expected(&self, reader: &mut Reader, value: &Node) -> Option<Node> {
        let what = format!("`{}`", self.key);
        let written = match (&self.takes, &value.kind) {
            (Takes::Word(words), _) => words[reader.one_of(value, &what, words)?].to_owned(),
            (Takes::Truth, _) => {
                let truth = reader.boolean(value, &what)?;
                return Some(plain(if truth { "true" } else { "false" }, value));
            }
            (Takes::Read(read), _) => read(reader, value)?,
            (_, NodeKind::Map(_) | NodeKind::List(_)) => return Some(value.clone()),
            (Takes::Text | Takes::Number, _) => reader.fixed(value, &what)?,
            (Takes::State(yes, no), _) => match reader.fixed(value, &what)?.as_str() {
                "true" => (*yes).to_owned(),
                "false" => (*no).to_owned(),
                state => state.to_owned(),
            },
        };
        let problem = match self.takes {
            Takes::Number if written.parse::<u64>().is_err() => {
                Some(format!("`{written}` is not a valid number"))
            }
            _ => has_text(&written).map(|told| format!("{what} {told}")),
        };
        if let Some(problem) = problem {
            let problem = Diagnostic::new(Code::BAD_VALUE, value.span.clone(), problem);
            reader.report(problem.help("write what is to be seen there"));
            return None;
        }
        let is_number = matches!(self.takes, Takes::Number);
        Some(if is_number {
            plain(&written, value)
        } else {
            text(&written, &value.span)
        })
    }
}

/// A plain scalar: `true`, or a number.
fn plain(text: &str, at: &Node) -> Node {
    Node {
        span: at.span.clone(),
        kind: NodeKind::Scalar {
            text: text.to_owned(),
            plain: true,
        },
    }
}
