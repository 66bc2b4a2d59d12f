//! No secret is in a text. What is found is named, and never shown.

use crate::matchers::observed::ObservedText;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule};
use kit::redact::{self, FORMS, Form, MIN_SECRET};
use kit::text::Scope;

/// The most places that are named.
const SHOWN: usize = 5;

/// Which secrets must not be in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretsMatcher {
    /// Nothing that is secret by its shape.
    Shapes,
    /// The values that these variables have in the environment of the person who runs gateproof, as
    /// they are and in the encodings in which programs echo them.
    ValuesOf(Vec<String>),
}

/// Under this name a [`Scope`] holds the value of an environment variable that
/// must not be observed. No claim can use it in a text: it is no name of a parameter.
pub fn environment_key(name: &str) -> String {
    format!("env:{name}")
}

impl TextRule for &SecretsMatcher {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        judge(site, self, observed)
    }

    fn describe(&self, _scope: &Scope) -> String {
        describe(self)
    }

    /// No sample text has a secret in it.
    fn prospects(&self) -> Prospects {
        Prospects::open()
    }

    fn params(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Holds a text against the absence of secrets.
fn judge(
    site: &MatchSite<'_>,
    matcher: &SecretsMatcher,
    observed: &ObservedText<'_>,
) -> MatchResult {
    let found = match matcher {
        SecretsMatcher::Shapes => shapes(observed),
        SecretsMatcher::ValuesOf(names) => match values(site, names, observed) {
            Ok(found) => found,
            Err(why) => return MatchResult::Undecidable(why),
        },
    };
    if found.is_empty() {
        return observed.undecidable().unwrap_or(MatchResult::Holds);
    }
    let mut named: Vec<String> = found.iter().take(SHOWN).map(Found::describe).collect();
    if found.len() > SHOWN {
        named.push(format!("and {} more", found.len() - SHOWN));
    }
    site.differs(describe(matcher), named.join(", "))
}

/// A secret by its kind, and the line it begins in.
struct Found {
    kind: String,
    line: usize,
}

impl Found {
    fn describe(&self) -> String {
        format!("{} in line {}", self.kind, self.line)
    }
}

/// Of a text that was cut off only the whole lines: how its last one goes on may decide.
fn shapes(observed: &ObservedText<'_>) -> Vec<Found> {
    let text: &str = &observed.text;
    let whole = match &observed.cut {
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

fn values(
    site: &MatchSite<'_>,
    names: &[String],
    observed: &ObservedText<'_>,
) -> Result<Vec<Found>, String> {
    let mut found = Vec::new();
    for name in names {
        let Some(value) = site.scope.get(&environment_key(name)) else {
            return Err(format!(
                "the environment has no `{name}`: there is no value to look for"
            ));
        };
        let Some(places) = redact::places_of(value, &observed.text) else {
            return Err(format!(
                "the value of `{name}` has fewer than {MIN_SECRET} bytes: it would match ordinary text"
            ));
        };
        let mut lines: Vec<(usize, Form)> = places
            .into_iter()
            .map(|(at, form)| (line(&observed.text, at), form))
            .collect();
        lines.dedup();
        found.extend(lines.into_iter().map(|(line, form)| Found {
            kind: match form.note() {
                "" => format!("the value of `{name}`"),
                note => format!("the value of `{name}` {note}"),
            },
            line,
        }));
    }
    Ok(found)
}

fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The matcher in words.
fn describe(matcher: &SecretsMatcher) -> String {
    match matcher {
        SecretsMatcher::Shapes => "no secret by its shape".to_owned(),
        SecretsMatcher::ValuesOf(names) => {
            format!("no value of {} ({FORMS})", names.join(", "))
        }
    }
}
