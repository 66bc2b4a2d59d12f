//! The words of a shell line: what of them is known before the line runs.

use indexmap::IndexMap;
use rable::{Node as Parsed, NodeKind};

use super::reader;
use super::tree::{Rest, Unread, Word};

/// The values of variables that are known while reading: parameters of the claim file, and what loops
/// run over.
pub(super) struct Values<'v> {
    parameters: &'v IndexMap<String, String>,
    /// Of the loops around, the innermost last; `None` hides a parameter of the same name.
    loops: Vec<(String, Option<String>)>,
}

impl<'v> Values<'v> {
    pub(super) fn new(parameters: &'v IndexMap<String, String>) -> Self {
        Values {
            parameters,
            loops: Vec::new(),
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.loops.len()
    }

    pub(super) fn with(&self, name: &str, value: &str) -> Values<'v> {
        self.inside(name, Some(value.to_owned()))
    }

    pub(super) fn without(&self, name: &str) -> Values<'v> {
        self.inside(name, None)
    }

    fn inside(&self, name: &str, value: Option<String>) -> Values<'v> {
        let mut loops = self.loops.clone();
        loops.push((name.to_owned(), value));
        Values {
            parameters: self.parameters,
            loops,
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let innermost = self.loops.iter().rev().find(|(known, _)| known == name);
        match innermost {
            Some((_, value)) => value.as_deref(),
            None => self.parameters.get(name).map(String::as_str),
        }
    }
}

/// Whether a shell leaves a value as it is that stands outside of quotes.
fn stays_one_word(value: &str) -> bool {
    !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || "*?[\\".contains(c))
}

/// Several words.
pub(super) fn all(nodes: &[Parsed], values: &Values<'_>) -> Result<Vec<Word>, Unread> {
    nodes.iter().map(|node| read(node, values)).collect()
}

/// One word.
pub(super) fn read(node: &Parsed, values: &Values<'_>) -> Result<Word, Unread> {
    let NodeKind::Word { value, parts, .. } = &node.kind else {
        return Err(Unread::new("a word is not understood"));
    };
    let mut making = Making {
        word: Word {
            shown: value.clone(),
            ..Word::default()
        },
        double: false,
    };
    for part in parts {
        making.part(part, values)?;
    }
    if making.double {
        return Err(Unread::new(format!(
            "the quotes of `{value}` are not understood"
        )));
    }
    Ok(making.word)
}

/// A word while its parts are read.
struct Making {
    word: Word,
    /// Whether double quotes are open.
    double: bool,
}

impl Making {
    fn part(&mut self, part: &Parsed, values: &Values<'_>) -> Result<(), Unread> {
        match &part.kind {
            NodeKind::WordLiteral { value } => self.literal(value),
            NodeKind::ParamExpansion { param, op, arg } => {
                inert(param)?;
                match (op, arg) {
                    (None, None) => match values.get(param) {
                        Some(value) if self.double || stays_one_word(value) => {
                            self.known(value);
                            return Ok(());
                        }
                        _ => {}
                    },
                    // `${x@P}` runs what stands in the value; `${x:=y}` sets it.
                    (Some(op), arg) => {
                        if op.contains(['@', '=']) {
                            return Err(Unread::new(format!("`${{{param}{op}…}}` is not read")));
                        }
                        arg.as_deref().map_or(Ok(()), inert)?;
                    }
                    (None, Some(arg)) => inert(arg)?,
                }
                self.open();
                Ok(())
            }
            NodeKind::ParamLength { param } => {
                inert(param)?;
                self.open();
                Ok(())
            }
            NodeKind::CommandSubstitution {
                command,
                brace: false,
            } => {
                self.word.runs.push(reader::command(command, values)?);
                self.open();
                Ok(())
            }
            NodeKind::ProcessSubstitution { command, .. } => {
                self.word.runs.push(reader::command(command, values)?);
                // A path such as `/dev/fd/63`.
                self.known("/dev/fd/");
                self.opens(Rest::Open);
                Ok(())
            }
            NodeKind::AnsiCQuote { .. } | NodeKind::LocaleString { .. } => {
                self.opens(Rest::Open);
                Ok(())
            }
            NodeKind::BraceExpansion { content } => {
                inert(content)?;
                self.opens(Rest::Split);
                Ok(())
            }
            NodeKind::ArithmeticExpansion { .. } => {
                // The shell may run what stands in a variable's value: `a[$(…)]`.
                let digits = |c: char| c.is_ascii_digit() || " +-*/%()<>=!&|^~$".contains(c);
                if !self.word.shown.chars().all(|c| digits(c) || c == '"') {
                    return Err(Unread::new(format!(
                        "the arithmetic `{}` is not read: bash may run what a variable in it holds",
                        self.word.shown
                    )));
                }
                self.opens(Rest::Open);
                Ok(())
            }
            _ => Err(Unread::new(format!(
                "`{}` is not understood",
                self.word.shown
            ))),
        }
    }

    /// Text with its quotes.
    fn literal(&mut self, text: &str) -> Result<(), Unread> {
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\'' if !self.double => {
                    let quoted: String = chars.by_ref().take_while(|c| *c != '\'').collect();
                    self.known(&quoted);
                }
                '"' => self.double = !self.double,
                '\\' => match chars.next() {
                    Some('\n') => {}
                    Some(next) if self.double && !"$`\"\\".contains(next) => {
                        self.known("\\");
                        self.known(next.encode_utf8(&mut [0; 4]));
                    }
                    Some(next) => self.known(next.encode_utf8(&mut [0; 4])),
                    None => return Err(self.not_understood()),
                },
                // Each of these begins a part of its own; here it would be one that was overlooked.
                '`' => return Err(self.not_understood()),
                '$' if chars.peek().is_some_and(|c| !" /%|.,:\"^+)]".contains(*c)) => {
                    return Err(self.not_understood());
                }
                '<' | '>' | '(' | ')' | '&' | '|' | ';' if !self.double => {
                    return Err(self.not_understood());
                }
                '*' | '?' if !self.double => self.opens(Rest::Glob),
                '[' if !self.double && text.contains(']') => self.opens(Rest::Glob),
                '~' if !self.double && self.word.prefix.is_empty() => {
                    self.known("/");
                    self.opens(Rest::Open);
                }
                // A brace expansion that `rable` does not take for one may be one to another shell.
                '{' if !self.double && text.contains('}') && text.contains([',', '.']) => {
                    self.opens(Rest::Split);
                }
                c => self.known(c.encode_utf8(&mut [0; 4])),
            }
        }
        Ok(())
    }

    fn not_understood(&self) -> Unread {
        Unread::new(format!("`{}` is not understood", self.word.shown))
    }

    fn known(&mut self, text: &str) {
        if self.word.rest == Rest::Known {
            self.word.prefix.push_str(text);
        }
    }

    /// An expansion: unknown, and outside of quotes split into words.
    fn open(&mut self) {
        self.opens(if self.double { Rest::Open } else { Rest::Split });
    }

    fn opens(&mut self, rest: Rest) {
        self.word.rest = self.word.rest.max(rest);
    }
}

/// What stands inside of an expansion must not run anything.
fn inert(text: &str) -> Result<(), Unread> {
    if text.contains(['`', '['])
        || text.contains("$(")
        || text.contains("<(")
        || text.contains(">(")
    {
        return Err(Unread::new(format!("`${{{text}}}` is not read")));
    }
    Ok(())
}

/// `[[ … ]]`: read where nothing in it can run, neither an expansion nor arithmetic on a variable.
pub(super) fn condition(node: &Parsed) -> Result<(), Unread> {
    match &node.kind {
        NodeKind::CondAnd { left, right } | NodeKind::CondOr { left, right } => {
            condition(left)?;
            condition(right)
        }
        NodeKind::CondNot { operand } => condition(operand),
        NodeKind::CondParen { inner } => condition(inner),
        NodeKind::UnaryTest { op, operand } if op != "-v" && op != "-R" => condition(operand),
        NodeKind::BinaryTest { op, left, right }
            if !matches!(op.as_str(), "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge") =>
        {
            condition(left)?;
            condition(right)
        }
        NodeKind::CondTerm { value, .. } if !value.contains(['`']) && !value.contains("$(") => {
            Ok(())
        }
        _ => Err(Unread::new(
            "`[[ … ]]` is read only without `$(…)`, `-v` and comparisons of numbers; use `[ … ]`",
        )),
    }
}
