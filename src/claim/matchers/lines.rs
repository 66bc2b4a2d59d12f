//! Matchers that read a text line by line. `\r\n` ends a line as `\n` does.

use std::collections::BTreeSet;

use super::bounds::{self, Domain};
use super::describe;
use super::limits;
use super::render;
use super::text::{self, Seen};
use super::verdict::{Site, Verdict};
use crate::expectation::{Limits, TextMatcher};
use kit::text::Text;

/// How many lines that do not match are shown one by one.
const SHOWN_LINES: usize = 5;

/// The lines of the text trimmed at its end, and whether the last one may go on.
fn split<'a>(seen: &'a Seen<'_>) -> (Vec<&'a str>, bool) {
    let lines: Vec<&str> = seen.text.trim_end().lines().collect();
    (lines, seen.cut.is_some())
}

/// Line `number` matches.
pub(super) fn line(
    site: &Site<'_>,
    number: i64,
    matcher: &TextMatcher,
    seen: &Seen<'_>,
) -> Verdict {
    let site = site.part(&format!("line {number}"));
    let (lines, open) = split(seen);
    if open && number < 0 {
        return Verdict::Undecidable(seen.cut.clone().unwrap_or_default());
    }
    let index = match usize::try_from(number) {
        Ok(0) => {
            return site
                .unfit(describe::text(matcher, site.scope), "there is no line 0")
                .with_note(Some(
                    "lines are counted from 1, or from -1 at the end".to_owned(),
                ));
        }
        Ok(number) => Some(number - 1),
        Err(_) => usize::try_from(number.unsigned_abs())
            .ok()
            .and_then(|back| lines.len().checked_sub(back)),
    };
    match index.and_then(|index| Some((index, lines.get(index)?))) {
        Some((index, line)) => {
            let unfinished = open && index + 1 == lines.len();
            text::judge(&site, matcher, &seen.part(line, unfinished))
        }
        None => seen.undecided().unwrap_or_else(|| {
            site.differs(
                describe::text(matcher, site.scope),
                format!("there {}", is_are(lines.len(), "line")),
            )
        }),
    }
}

fn is_are(count: usize, noun: &str) -> String {
    match count {
        0 => format!("is no {noun}"),
        1 => format!("is only 1 {noun}"),
        _ => format!("are only {}", render::plural(count, noun)),
    }
}

/// There is a line, and every line matches.
pub(super) fn every_line(site: &Site<'_>, matcher: &TextMatcher, seen: &Seen<'_>) -> Verdict {
    let (lines, open) = split(seen);
    if lines.is_empty() {
        return seen.undecided().unwrap_or_else(|| {
            site.differs(
                format!("every line {}", describe::text(matcher, site.scope)),
                "there is no line",
            )
        });
    }
    let mut wrong = Vec::new();
    let mut differing = 0;
    for (index, line) in lines.iter().enumerate() {
        let site = site.part(&format!("line {}", index + 1));
        let unfinished = open && index + 1 == lines.len();
        let verdict = text::judge(&site, matcher, &seen.part(line, unfinished));
        differing += usize::from(verdict.differs());
        if !verdict.holds() && (differing <= SHOWN_LINES || !verdict.differs()) {
            wrong.push(verdict);
        }
    }
    let left_out = differing.saturating_sub(SHOWN_LINES);
    if let Some(Verdict::Differs { mismatches, .. }) = wrong.last_mut()
        && left_out > 0
        && let Some(last) = mismatches.last_mut()
    {
        let more = format!("and {} more do not match", render::plural(left_out, "line"));
        last.note = Some(match last.note.take() {
            Some(note) => format!("{note}; {more}"),
            None => more,
        });
    }
    Verdict::all(wrong.into_iter().chain(seen.undecided()))
}

/// The number of lines.
pub(super) fn count(site: &Site<'_>, wanted: &Limits, seen: &Seen<'_>) -> Verdict {
    let (lines, open) = split(seen);
    let plain = match limits::fixed(site, wanted, Domain::Counting) {
        Ok(plain) => plain,
        Err(verdict) => return verdict,
    };
    let found = lines.len() as f64;
    let decided = if open {
        bounds::within_from(&plain, found)
    } else {
        Some(bounds::within(&plain, found))
    };
    match decided {
        Some(true) => Verdict::Holds,
        Some(false) => {
            let at_least = if open { "at least " } else { "" };
            let preview = (!lines.is_empty())
                .then(|| format!("the text is: {}", render::clean(seen.text.trim(), 200)));
            site.differs(
                limits::describe(wanted, "lines", site.scope),
                format!("{at_least}{}", render::plural(lines.len(), "line")),
            )
            .with_note(preview)
        }
        None => Verdict::Undecidable(seen.cut.clone().unwrap_or_default()),
    }
}

/// The set of lines is exactly the wanted one.
pub(super) fn set_equals(site: &Site<'_>, wanted: &[Text], seen: &Seen<'_>) -> Verdict {
    let wanted: Vec<String> = wanted
        .iter()
        .map(|text| text.render(site.scope).trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    let (mut lines, open) = split(seen);
    if open {
        // The last line may be the beginning of another one.
        lines.pop();
    }
    let found: BTreeSet<&str> = lines
        .into_iter()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let extra: Vec<&str> = found.difference(&wanted).copied().collect();
    if open && extra.is_empty() {
        return Verdict::Undecidable(seen.cut.clone().unwrap_or_default());
    }
    let missing: Vec<&str> = if open {
        Vec::new()
    } else {
        wanted.difference(&found).copied().collect()
    };
    if missing.is_empty() && extra.is_empty() && seen.valid {
        return Verdict::Holds;
    }
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("missing: {}", listed(&missing)));
    }
    if !extra.is_empty() {
        parts.push(format!("extra: {}", listed(&extra)));
    }
    if parts.is_empty() {
        parts.push("not UTF-8".to_owned());
    }
    site.differs(
        format!("exactly the lines {}", listed(&Vec::from_iter(wanted))),
        parts.join("; "),
    )
}

/// The first items of a list, and how many more there are.
fn listed(items: &[&str]) -> String {
    const SHOWN: usize = 8;
    let mut words: Vec<String> = items
        .iter()
        .take(SHOWN)
        .map(|item| format!("\"{}\"", render::clean(item, 60)))
        .collect();
    if items.len() > SHOWN {
        words.push(format!("… {} more", items.len() - SHOWN));
    }
    if words.is_empty() {
        "(none)".to_owned()
    } else {
        words.join(", ")
    }
}
