//! Commands of the shell that do more than look at something under some of their arguments.

use super::super::change::Doing;
use super::super::options::Options;
use super::super::tree::{Rest, Word};
use super::arguments::{closed, unknown};

/// What such a command does; `None` for any other one.
pub(super) fn judge(name: &str, args: &[Word]) -> Option<Doing> {
    let known = |flags, valued| closed(name, args, &Options::letters(flags, valued), usize::MAX);
    Some(match name {
        "[" | "test" => test(name, args),
        "printf" => match args.first() {
            Some(first) if first.may_be_option() && first.text() != Some("--") => {
                unknown(name, &first.shown)
            }
            _ => Doing::Observes,
        },
        // `-x` runs a command.
        "jobs" => known("lnprs", ""),
        // `-p` says where a program lies from now on.
        "hash" => known("lrt", ""),
        // `-p` sets a variable.
        "wait" => known("fn", ""),
        "umask" => known("pS", ""),
        // `-k` takes any later argument for a variable.
        "set" => {
            let given = args.iter().take_while(|word| word.text() != Some("--"));
            let given: Vec<Word> = given.cloned().collect();
            closed(
                name,
                &given,
                &Options::letters("abCefnuvx", "o"),
                usize::MAX,
            )
        }
        _ => return None,
    })
}

/// `-v` and `-R` run what stands in a subscript: `test -v 'a[$(…)]'`.
fn test(name: &str, args: &[Word]) -> Doing {
    for (at, word) in args.iter().enumerate() {
        let next = args.get(at + 1).and_then(Word::text);
        let operator = |text: &str| {
            matches!(text, "]" | ")" | "=" | "==" | "!=" | "<" | ">")
                || text.starts_with('-') && text.len() > 1
        };
        let may_be_operator = match word.rest {
            Rest::Known => matches!(word.prefix.as_str(), "-v" | "-R"),
            // Split into several words, it can be the operator and its operand.
            Rest::Split => true,
            // What stands in front of an operator, or at the end, is an operand.
            Rest::Glob | Rest::Open => {
                word.may_be_option() && at + 1 < args.len() && !next.is_some_and(operator)
            }
        };
        if may_be_operator {
            return Doing::Unknown(format!(
                "`{name}` with `{}` is not known to only observe; quote what is one operand",
                word.shown
            ));
        }
    }
    Doing::Observes
}
