//! No secret is in a text. What is found is named, and never shown.

use super::text::Seen;
use super::verdict::{Site, Verdict};
use crate::expectation::{SecretsMatcher, environment_key};
use kit::redact::{self, MIN_SECRET};

/// The most places that are named.
const SHOWN: usize = 5;

/// Holds a text against the absence of secrets.
pub(super) fn judge(site: &Site<'_>, matcher: &SecretsMatcher, seen: &Seen<'_>) -> Verdict {
    let found = match matcher {
        SecretsMatcher::Shapes => shapes(seen),
        SecretsMatcher::ValuesOf(names) => match values(site, names, seen) {
            Ok(found) => found,
            Err(why) => return Verdict::Undecidable(why),
        },
    };
    if found.is_empty() {
        return seen.undecided().unwrap_or(Verdict::Holds);
    }
    let mut words: Vec<String> = found.iter().take(SHOWN).map(Found::words).collect();
    if found.len() > SHOWN {
        words.push(format!("and {} more", found.len() - SHOWN));
    }
    site.differs(describe(matcher), words.join(", "))
}

/// A secret by its kind, and the line it begins in.
struct Found {
    kind: String,
    line: usize,
}

impl Found {
    fn words(&self) -> String {
        format!("{} in line {}", self.kind, self.line)
    }
}

/// Of a text that was cut off only the whole lines: how its last one goes on may decide.
fn shapes(seen: &Seen<'_>) -> Vec<Found> {
    let text: &str = &seen.text;
    let whole = match &seen.cut {
        Some(_) => &text[..text.rfind('\n').map_or(0, |end| end + 1)],
        None => text,
    };
    let mut found: Vec<Found> = redact::shapes_in(whole)
        .into_iter()
        .map(|(kind, at)| Found {
            kind: kind.to_owned(),
            line: line(whole, at),
        })
        .collect();
    found.sort_by_key(|found| found.line);
    found
}

fn values(site: &Site<'_>, names: &[String], seen: &Seen<'_>) -> Result<Vec<Found>, String> {
    let mut found = Vec::new();
    for name in names {
        let Some(value) = site.scope.get(&environment_key(name)) else {
            return Err(format!(
                "the environment has no `{name}`: there is no value to look for"
            ));
        };
        let Some(places) = redact::places_of(value, &seen.text) else {
            return Err(format!(
                "the value of `{name}` has fewer than {MIN_SECRET} bytes: it would be found in ordinary words"
            ));
        };
        let mut lines: Vec<usize> = places.into_iter().map(|at| line(&seen.text, at)).collect();
        lines.dedup();
        found.extend(lines.into_iter().map(|line| Found {
            kind: format!("the value of `{name}`"),
            line,
        }));
    }
    Ok(found)
}

fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The matcher in words.
pub(super) fn describe(matcher: &SecretsMatcher) -> String {
    match matcher {
        SecretsMatcher::Shapes => "no secret by its look".to_owned(),
        SecretsMatcher::ValuesOf(names) => format!("no value of {}", names.join(", ")),
    }
}
