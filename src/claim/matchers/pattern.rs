//! Regular expressions, and where in a text something is.

use regex::Regex;

use super::bounds::{self, Domain};
use super::limits;
use super::render;
use super::text::Seen;
use super::verdict::{Site, Verdict};
use crate::expectation::{Limits, TextMatcher};
use kit::text::Scope;

/// The expression matches somewhere.
pub(super) fn matches(site: &Site<'_>, regex: &Regex, seen: &Seen<'_>) -> Verdict {
    if certainly_matches(regex, seen) {
        return Verdict::Holds;
    }
    seen.undecided().unwrap_or_else(|| {
        let other_case = Regex::new(&format!("(?i:{})", regex.as_str()))
            .is_ok_and(|regex| regex.is_match(seen.text.trim()));
        site.differs(format!("matches /{regex}/"), render::shown(&seen.text))
            .with_note(other_case.then(|| "it would match in other letter case".to_owned()))
    })
}

/// The number of matches.
pub(super) fn count(site: &Site<'_>, of: &Regex, wanted: &Limits, seen: &Seen<'_>) -> Verdict {
    let expected = limits::describe(wanted, &format!("matches of /{of}/"), site.scope);
    let plain = match limits::fixed(site, wanted, Domain::Counting) {
        Ok(plain) => plain,
        Err(verdict) => return verdict,
    };
    if let Some(undecided) = seen.undecided() {
        // The rest may join matches of the kept part, but not undo that there is one.
        let least = u8::from(certainly_matches(of, seen));
        return match bounds::within_from(&plain, f64::from(least)) {
            Some(true) => Verdict::Holds,
            Some(false) => site.differs(
                expected,
                format!("at least {}", render::plural(usize::from(least), "match")),
            ),
            None => undecided,
        };
    }
    let found = of.find_iter(seen.text.trim()).count();
    if bounds::within(&plain, found as f64) {
        Verdict::Holds
    } else {
        site.differs(expected, render::plural(found, "match"))
            .with_note((found == 0).then(|| {
                format!(
                    "the text is: {}",
                    render::clean(render::shown(&seen.text), 200)
                )
            }))
    }
}

/// Whether the expression matches, whatever the dropped rest of the text is.
fn certainly_matches(regex: &Regex, seen: &Seen<'_>) -> bool {
    let text = seen.text.trim();
    if seen.cut.is_none() {
        return regex.is_match(text);
    }
    // What looks ahead (`$`, `\z`, `\b`, `\B`) sees at most the next character, so a match that
    // ends before the last one stays a match. Escaped dollars are taken for `$`: harmless.
    let looks_ahead = ["$", r"\z", r"\b", r"\B"]
        .iter()
        .any(|syntax| regex.as_str().contains(syntax));
    regex
        .find_iter(text)
        .any(|found| !looks_ahead || found.end() < text.len())
}

/// In words, where in the text the thing is that the matcher looks for.
pub(super) fn found_at(matcher: &TextMatcher, seen: &Seen<'_>, scope: &Scope) -> Option<String> {
    let (text, start) = match matcher {
        TextMatcher::Contains(wanted) => {
            let text: &str = &seen.text;
            (text, text.find(&wanted.render(scope))?)
        }
        TextMatcher::Matches(regex) => {
            let text = seen.text.trim();
            (text, regex.find(text)?.start())
        }
        _ => return None,
    };
    let number = text[..start].matches('\n').count() + 1;
    let line = text.lines().nth(number - 1)?;
    Some(format!("in line {number}: {}", render::clean(line, 120)))
}
