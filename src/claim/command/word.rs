//! The words of a shell line: what of them is known before the line runs.

use std::sync::LazyLock;

use indexmap::IndexMap;
use rable::{Node as Parsed, NodeKind};
use regex::Regex;

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

    /// Whether a loop around runs over this variable.
    pub(super) fn is_of_loop(&self, name: &str) -> bool {
        self.loops.iter().any(|(known, _)| known == name)
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
                let (op, arg) = (op.as_deref(), arg.as_deref());
                inert(&format!(
                    "${{{param}{}{}}}",
                    op.unwrap_or_default(),
                    arg.unwrap_or_default()
                ))?;
                match values.get(param) {
                    Some(value)
                        if op.or(arg).is_none() && (self.double || stays_one_word(value)) =>
                    {
                        self.known(value);
                    }
                    // Quoted or not, it is as many words as there are arguments.
                    _ if param == "@" => self.opens(Rest::Split),
                    _ => self.open(),
                }
                Ok(())
            }
            NodeKind::ParamLength { param } => {
                // `rable` drops what follows the name.
                let whole = format!("${{#{param}}}");
                if !self.word.shown.contains(&whole) {
                    return Err(self.not_understood());
                }
                inert(&whole)?;
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
            // Another shell ends the quoted text at `\\'`.
            NodeKind::AnsiCQuote { content, .. } if content.contains("\\'") => {
                Err(self.not_understood())
            }
            NodeKind::AnsiCQuote { .. } => {
                self.opens(Rest::Open);
                Ok(())
            }
            NodeKind::LocaleString { inner, .. } => {
                inert(inner)?;
                self.opens(Rest::Open);
                Ok(())
            }
            NodeKind::BraceExpansion { content } => {
                inert(content)?;
                self.opens(Rest::Split);
                Ok(())
            }
            NodeKind::ArithmeticExpansion { expression } => {
                if !expression.as_deref().is_some_and(is_of_numbers) {
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

/// Text that a shell expands must not run anything, and must not set anything: neither `$(…)` nor what runs
/// the text that a variable holds, as `${x@P}`, a subscript and arithmetic do.
pub(super) fn inert(text: &str) -> Result<(), Unread> {
    let mut rest = text;
    while let Some(at) = rest.find(['`', '$', '<', '>', '\\']) {
        let from = &rest[at..];
        let taken = match from.as_bytes()[0] {
            b'\\' => from.chars().take(2).map(char::len_utf8).sum(),
            b'<' | b'>' if !from[1..].starts_with('(') => 1,
            b'$' => INERT.find(from).map_or(0, |found| found.len()),
            _ => 0,
        };
        if taken == 0 {
            return Err(Unread::new(format!("`{text}` is not read")));
        }
        rest = &from[taken..];
    }
    Ok(())
}

/// The expansions that only show what a variable holds, up to the word that an operator takes.
static INERT: LazyLock<Regex> = LazyLock::new(|| {
    let name = r"[A-Za-z_][A-Za-z0-9_]*";
    let operator = r":?[-+?]|##?|%%?|//?|/[\#%]|\^\^?|,,?|: ?-?[0-9]+(:-?[0-9]+)?\}";
    Regex::new(&format!(
        r#"^\$({name}|[0-9@*\#?$!-]|\{{\#{name}\}}|\{{({name}|[0-9]+|[@*\#?$!-])(\}}|{operator})|[ /%|.,:"^+)\]]|$)"#
    ))
    .expect("a constant pattern")
});

/// Arithmetic without any variable.
fn is_of_numbers(node: &Parsed) -> bool {
    match &node.kind {
        NodeKind::ArithNumber { value } => value.bytes().all(|b| b.is_ascii_alphanumeric()),
        NodeKind::ArithBinaryOp { left, right, .. } => is_of_numbers(left) && is_of_numbers(right),
        NodeKind::ArithUnaryOp { operand, .. } => is_of_numbers(operand),
        _ => false,
    }
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
        NodeKind::CondTerm { value, .. } => inert(value),
        _ => Err(Unread::new(
            "`[[ … ]]` is read only without `$(…)`, `-v` and comparisons of numbers; use `[ … ]`",
        )),
    }
}
