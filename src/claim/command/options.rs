//! Options of a program against the list of those that are known.

use super::tree::{Rest, Word};

/// The options of a program that are known, each letter and word of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    /// Letters without a value: `-n`.
    pub(super) flags: &'static str,
    /// Letters whose value, if there is one, stands in the same word: `-i`, `-i.bak`.
    pub(super) optional: &'static str,
    /// Letters with a value: `-u root`, `-uroot`.
    pub(super) valued: &'static str,
    /// Words without a value, or with one after `=` only.
    pub(super) long: &'static [&'static str],
    /// Words with a value: `--user root`, `--user=root`.
    pub(super) long_valued: &'static [&'static str],
}

impl Options {
    /// Letters without and with a value, and no words.
    pub(super) const fn letters(flags: &'static str, valued: &'static str) -> Options {
        Options {
            flags,
            optional: "",
            valued,
            long: &[],
            long_valued: &[],
        }
    }
}

/// Where the options of a command end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// At the first word that is none: what follows belongs to another command.
    FirstOperand,
    /// At `--`: options and operands may be mixed.
    TheEnd,
}

/// A command's words, told apart.
#[derive(Debug, Default)]
pub(super) struct Told<'w> {
    /// The options with their values, dashes left out.
    pub(super) options: Vec<(String, Option<Word>)>,
    pub(super) operands: Vec<&'w Word>,
}

impl Told<'_> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.options.iter().any(|(known, _)| known == name)
    }

    /// Whether an option is given with this value.
    pub(super) fn has_value(&self, name: &str, value: &str) -> bool {
        self.values(name).any(|word| word.text() == Some(value))
    }

    /// The values of an option, in the order of the line.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &Word> {
        self.options
            .iter()
            .filter(move |(known, _)| known == name)
            .filter_map(|(_, value)| value.as_ref())
    }
}

/// Tells options from operands.
///
/// # Errors
/// The word that is not among the known options, or may be one that nobody sees before it runs.
pub(super) fn tell<'w>(
    words: &'w [Word],
    known: &Options,
    until: Until,
) -> Result<Told<'w>, String> {
    let mut told = Told::default();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if !word.may_be_option() {
            told.operands.push(word);
            if until == Until::FirstOperand {
                break;
            }
            continue;
        }
        // An option whose value alone is not known: `--user="$x"`.
        let text = match (word.text(), word.prefix.split_once('=')) {
            (Some(text), _) => text,
            (None, Some((name, _))) if name.starts_with("--") => word.prefix.as_str(),
            _ => return Err(word.shown.clone()),
        };
        if text == "--" {
            break;
        }
        if let Some(long) = text.strip_prefix("--") {
            let (name, given) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            if let (true, Some(given)) = (known.long_valued.contains(&name), given) {
                let value = Word {
                    prefix: given.to_owned(),
                    ..word.clone()
                };
                told.options.push((name.to_owned(), Some(value)));
            } else if known.long_valued.contains(&name) {
                let value = value_in(rest.next(), word)?;
                told.options.push((name.to_owned(), Some(value)));
            } else if known.long.contains(&name) {
                let value = given.map(|given| Word {
                    prefix: given.to_owned(),
                    ..word.clone()
                });
                told.options.push((name.to_owned(), value));
            } else {
                return Err(word.shown.clone());
            }
            continue;
        }
        for (at, letter) in text[1..].char_indices() {
            if known.optional.contains(letter) {
                let attached = &text[1 + at + letter.len_utf8()..];
                let value = (!attached.is_empty()).then(|| Word::known(attached));
                told.options.push((letter.to_string(), value));
                break;
            }
            if known.valued.contains(letter) {
                let attached = &text[1 + at + letter.len_utf8()..];
                let value = if attached.is_empty() {
                    value_in(rest.next(), word)?
                } else {
                    Word::known(attached)
                };
                told.options.push((letter.to_string(), Some(value)));
                break;
            }
            if !known.flags.contains(letter) {
                return Err(word.shown.clone());
            }
            told.options.push((letter.to_string(), None));
        }
    }
    told.operands.extend(rest);
    Ok(told)
}

/// The word behind an option as its value. What is split may be any number of words.
fn value_in(next: Option<&Word>, option: &Word) -> Result<Word, String> {
    match next {
        Some(value) if value.rest != Rest::Split => Ok(value.clone()),
        Some(value) => Err(value.shown.clone()),
        None => Err(option.shown.clone()),
    }
}
