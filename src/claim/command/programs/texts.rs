//! `awk` and `sed`: programs whose first argument is a program itself.

use super::super::effect::Doing;
use super::super::options::{Options, Until, tell};
use super::super::tree::Word;
use super::{changes_files, unknown, without};

/// What such a program does; `None` for any other one.
pub(super) fn judge(name: &str, args: &[Word]) -> Option<Doing> {
    Some(match name {
        "awk" | "gawk" | "mawk" | "nawk" => awk(name, args),
        "sed" | "gsed" => sed(args),
        "yq" => match without(
            name,
            args,
            "is",
            &["inplace", "in-place", "split-exp", "split-exp-file"],
        ) {
            Doing::Unknown(_)
                if args
                    .iter()
                    .any(|word| matches!(word.text(), Some("-i" | "--inplace" | "--in-place"))) =>
            {
                changes_files("yq -i", args)
            }
            other => other,
        },
        "sqlite3" if args.first().and_then(Word::text) == Some("-readonly") => {
            // The shell of sqlite writes and runs by its dot commands.
            match args.iter().find(|word| {
                word.text()
                    .is_none_or(|text| text.trim_start().starts_with('.'))
            }) {
                Some(word) => unknown(name, &word.shown),
                None => without(name, &args[1..], "A", &["init", "cmd"]),
            }
        }
        _ => return None,
    })
}

fn awk(name: &str, args: &[Word]) -> Doing {
    let known = Options {
        valued: "Fv",
        ..Options::default()
    };
    let told = match tell(args, &known, Until::FirstOperand) {
        Ok(told) => told,
        Err(word) => return unknown(name, &word),
    };
    match told.operands.first().map(|word| (word.text(), word)) {
        None => Doing::Observes,
        Some((Some(program), _)) if awk_reads(program) => Doing::Observes,
        Some((_, word)) => unknown(name, &word.shown),
    }
}

/// Whether an awk program only reads and prints: it runs no command, and prints into no file. What is not
/// sure to be harmless is not.
fn awk_reads(program: &str) -> bool {
    let Some(code) = without_texts(program) else {
        return false;
    };
    let words = |word: &str| {
        code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .any(|known| known == word)
    };
    if words("system")
        || words("close")
        || code.contains('@')
        || code.replace("||", "").contains('|')
    {
        return false;
    }
    // In a statement that prints, `>` names a file.
    code.split([';', '\n', '{', '}'])
        .all(|statement| match statement.find("print") {
            Some(at) => !statement[at..].contains('>'),
            None => true,
        })
}

/// The program with its strings and regular expressions taken out; `None` where it is not certain what is
/// one.
fn without_texts(program: &str) -> Option<String> {
    let mut code = String::new();
    let mut chars = program.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                skip(&mut chars, '"')?;
                code.push_str(VALUE);
            }
            '#' => {
                while chars.peek().is_some_and(|c| *c != '\n') {
                    chars.next();
                }
            }
            '/' => {
                let before = code.trim_end();
                let word = before
                    .rsplit(|c: char| !is_of_word(c))
                    .next()
                    .unwrap_or_default();
                match before.chars().last() {
                    // After a value it divides; after these words and marks it may be either.
                    _ if AMBIGUOUS.contains(&word) => return None,
                    Some('+' | '-' | ')' | '$') => return None,
                    Some(last) if is_of_word(last) || last == ']' => code.push('/'),
                    _ => {
                        skip(&mut chars, '/')?;
                        code.push_str(VALUE);
                    }
                }
            }
            c => code.push(c),
        }
    }
    Some(code)
}

/// Stands for a string or a regular expression that was taken out.
const VALUE: &str = " 0 ";

/// Words of awk after which a value or a regular expression may begin.
const AMBIGUOUS: &[&str] = &[
    "print", "printf", "return", "in", "getline", "case", "else", "do", "exit", "delete", "func",
    "function",
];

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Skips to the end of a string or a regular expression.
fn skip(chars: &mut impl Iterator<Item = char>, end: char) -> Option<()> {
    loop {
        match chars.next()? {
            '\\' => {
                chars.next()?;
            }
            '\n' => return None,
            c if c == end => return Some(()),
            _ => {}
        }
    }
}

fn sed(args: &[Word]) -> Doing {
    let known = Options {
        flags: "nErsuz",
        valued: "el",
        long: &[
            "quiet",
            "silent",
            "regexp-extended",
            "null-data",
            "separate",
            "unbuffered",
            "posix",
            "sandbox",
        ],
        long_valued: &["expression", "line-length"],
    };
    let told = match tell(args, &known, Until::TheEnd) {
        Ok(told) => told,
        Err(word) if word.starts_with("--i") || !word.starts_with("--") && word.contains('i') => {
            return changes_files("sed -i", args);
        }
        Err(word) => return unknown("sed", &word),
    };
    if told.has("sandbox") {
        return Doing::Observes;
    }
    let given: Vec<&Word> = told.values("e").chain(told.values("expression")).collect();
    let scripts = if given.is_empty() {
        told.operands.first().copied().into_iter().collect()
    } else {
        given
    };
    for script in scripts {
        if !script.text().is_some_and(sed_reads) {
            return unknown("sed", &script.shown);
        }
    }
    Doing::Observes
}

/// Whether a sed script only edits what it prints: neither `w`, `W`, `e`, nor those flags of `s`.
fn sed_reads(script: &str) -> bool {
    let mut chars = script.chars().peekable();
    loop {
        while chars
            .peek()
            .is_some_and(|c| c.is_whitespace() || ";{}".contains(*c))
        {
            chars.next();
        }
        if chars.peek().is_none() {
            return true;
        }
        if address(&mut chars).is_none() {
            return false;
        }
        let Some(command) = chars.next() else {
            return false;
        };
        let fine = match command {
            '{' | '}' => true,
            'p' | 'd' | 'D' | 'P' | 'n' | 'N' | 'g' | 'G' | 'h' | 'H' | 'x' | '=' | 'l' | 'q'
            | 'Q' => {
                while chars.peek().is_some_and(char::is_ascii_digit) {
                    chars.next();
                }
                true
            }
            's' => substitution(&mut chars).is_some(),
            'y' => chars.next().is_some_and(|end| {
                to_end(&mut chars, end).is_some() && to_end(&mut chars, end).is_some()
            }),
            _ => false,
        };
        while chars.peek().is_some_and(|c| *c == ' ') {
            chars.next();
        }
        if !fine || !matches!(chars.peek(), None | Some(';' | '\n' | '}')) && command != '{' {
            return false;
        }
    }
}

type Chars<'s> = std::iter::Peekable<std::str::Chars<'s>>;

fn address(chars: &mut Chars<'_>) -> Option<()> {
    loop {
        match chars.peek()? {
            '0'..='9' | '$' | ',' | '~' | '+' | '!' | ' ' => {
                chars.next();
            }
            '/' => {
                chars.next();
                to_end(chars, '/')?;
                while chars.peek().is_some_and(|c| "IM".contains(*c)) {
                    chars.next();
                }
            }
            _ => return Some(()),
        }
    }
}

fn substitution(chars: &mut Chars<'_>) -> Option<()> {
    let end = chars.next()?;
    to_end(chars, end)?;
    to_end(chars, end)?;
    while let Some(flag) = chars.peek() {
        match flag {
            'g' | 'p' | 'i' | 'I' | '0'..='9' => {
                chars.next();
            }
            ';' | '\n' | '}' | ' ' => break,
            _ => return None,
        }
    }
    Some(())
}

/// Up to an end that is not escaped. A bracket does not hide it, as sed(1) has it.
fn to_end(chars: &mut Chars<'_>, end: char) -> Option<()> {
    loop {
        match chars.next()? {
            '\\' => {
                chars.next()?;
            }
            c if c == end => return Some(()),
            _ => {}
        }
    }
}
