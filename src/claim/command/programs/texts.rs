//! `awk` and `sed`: programs whose first argument is a program itself.

use super::super::change::Doing;
use super::super::options::{Options, Until, tell};
use super::super::tree::{Rest, Word};
use super::arguments::{changes_files, unknown};

/// What such a program does; `None` for any other one.
pub(super) fn judge(name: &str, args: &[Word]) -> Option<Doing> {
    Some(match name {
        "awk" | "gawk" | "mawk" | "nawk" => awk(name, args),
        "sed" | "gsed" => sed(args),
        "yq" => yq(args),
        "sqlite3" => sqlite(args),
        _ => return None,
    })
}

fn yq(args: &[Word]) -> Doing {
    let known = Options {
        flags: "reCPMNjnvcyYx",
        optional: "",
        valued: "opI",
        long: &[
            "raw-output",
            "unwrapScalar",
            "exit-status",
            "colors",
            "no-colors",
            "prettyPrint",
            "no-doc",
            "null-input",
            "tojson",
        ],
        long_valued: &["output-format", "input-format", "indent"],
    };
    match tell(args, &known, Until::TheEnd) {
        Ok(_) => Doing::Observes,
        Err(word) if word.starts_with("--i") || !word.starts_with("--") && word.contains('i') => {
            changes_files("yq -i", args)
        }
        Err(word) => unknown("yq", &word),
    }
}

/// `sqlite3 -readonly FILE QUERY`. Its shell has commands that begin with a dot, and functions of its own
/// that write files and load programs.
fn sqlite(args: &[Word]) -> Doing {
    const OPTIONS: &[&str] = &[
        "-readonly",
        "-json",
        "-header",
        "-noheader",
        "-csv",
        "-batch",
        "-line",
        "-list",
        "-column",
        "-bail",
        "-safe",
    ];
    const FUNCTIONS: &[&str] = &[
        "count",
        "sum",
        "total",
        "min",
        "max",
        "avg",
        "length",
        "lower",
        "upper",
        "abs",
        "round",
        "coalesce",
        "ifnull",
        "nullif",
        "date",
        "time",
        "datetime",
        "strftime",
        "julianday",
        "group_concat",
        "substr",
        "trim",
        "ltrim",
        "rtrim",
        "replace",
        "instr",
        "in",
        "exists",
        "values",
        "and",
        "or",
        "not",
        "where",
        "from",
        "on",
        "as",
        "distinct",
        "typeof",
        "json_extract",
    ];
    let (options, operands): (Vec<&Word>, Vec<&Word>) = args
        .iter()
        .partition(|word| word.prefix.starts_with('-') || word.rest == Rest::Split);
    let known = |word: &&&Word| word.text().is_some_and(|text| OPTIONS.contains(&text));
    if let Some(word) = options.iter().find(|word| !known(word)) {
        return unknown("sqlite3", &word.shown);
    }
    let read_only = options.iter().any(|word| word.text() == Some("-readonly"));
    let [file, queries @ ..] = &operands[..] else {
        return unknown("sqlite3", "those arguments");
    };
    if !read_only || queries.is_empty() || file.may_be_option() {
        return unknown("sqlite3", "those arguments");
    }
    let reads = |query: &str| {
        let query = query.trim().trim_end_matches(';').to_ascii_lowercase();
        let called = query.split('(').rev().skip(1).all(|before| {
            let word = before
                .trim_end()
                .rsplit(|c: char| !is_of_word(c))
                .next()
                .unwrap_or_default();
            word.is_empty() && !before.trim_end().ends_with(['"', '`', ']', '\''])
                || FUNCTIONS.contains(&word)
        });
        query.starts_with("select ") && called && !query.contains(';')
    };
    match queries.iter().find(|word| !word.text().is_some_and(reads)) {
        Some(word) => unknown("sqlite3", &word.shown),
        None => Doing::Observes,
    }
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
pub(in crate::command) fn awk_reads(program: &str) -> bool {
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
    // In a statement that prints, `>` names a file. A line may go on behind a comma, an operator or `\\`.
    code.split([';', '{', '}'])
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
        optional: "i",
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
            "in-place",
        ],
        long_valued: &["expression", "line-length"],
    };
    let told = match tell(args, &known, Until::TheEnd) {
        Ok(told) => told,
        Err(word) => return unknown("sed", &word),
    };
    let given: Vec<&Word> = told.values("e").chain(told.values("expression")).collect();
    let mut files = told.operands.iter().copied();
    let scripts: Vec<&Word> = if given.is_empty() {
        files.next().into_iter().collect()
    } else {
        given
    };
    let in_place = told.has("i") || told.has("in-place");
    let only_edits = |script: &&Word| script.text().is_some_and(sed_reads);
    match scripts.iter().copied().find(|script| !only_edits(script)) {
        Some(script) if !told.has("sandbox") => {
            let runs = unknown("sed", &script.shown);
            if in_place {
                Doing::mutates("sed -i").and(runs)
            } else {
                runs
            }
        }
        _ if in_place => {
            let files: Vec<Word> = files.cloned().collect();
            let suffix = told.values("i").chain(told.values("in-place"));
            let named: Vec<Word> = suffix.cloned().chain(files).collect();
            changes_files("sed -i", &named)
        }
        _ => Doing::Observes,
    }
}

/// Whether a sed script only edits what it prints: neither `w`, `W`, `e`, nor those flags of `s`.
pub(in crate::command) fn sed_reads(script: &str) -> bool {
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
