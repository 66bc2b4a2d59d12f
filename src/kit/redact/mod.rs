//! Secrets out of everything that is written or printed.
//!
//! Two kinds of rules. *Exact values* are secrets that the program was told (environment,
//! secret files); each is looked for as it is and in the forms in which programs echo it.
//! *Shapes* are texts that are secret by their look: credentials in URLs, authorization
//! headers, private keys, tokens with a vendor's prefix, `password=…`. There is no rule by
//! entropy: commit hashes and SHA-256 digests are what a record is about, and stay.
//!
//! Not found: a secret that was split, reversed, hashed, encrypted, compressed, or encoded in
//! another way than those of [`forms`].

mod document;
mod forms;
mod redacted;
mod shapes;

use std::borrow::Cow;

use regex::Regex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thiserror::Error;

use document::{Name, Part, parts_of};
pub use redacted::{Own, Redacted, own, own_run_id};

/// What stands where a secret stood.
pub const REDACTED: &str = "[REDACTED]";

/// The shortest exact value that is redacted, in bytes. Shorter ones would tear holes into
/// ordinary words; [`Redactor::too_short`] counts them.
pub const MIN_SECRET: usize = 6;

/// Header names whose whole value is secret.
const SECRET_HEADERS: [&str; 12] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "api-key",
    "x-auth-token",
    "x-access-token",
    "x-vault-token",
    "x-csrf-token",
    "private-token",
    "job-token",
];

/// What is secret by its look in a text, by kind, and the byte at which it begins. The text of
/// it is not given: whoever tells of it must not show it.
pub fn shapes_in(text: &str) -> Vec<(&'static str, usize)> {
    shapes::find(text)
}

/// Where in a text an exact value is, as it is or in a form in which programs echo it, in bytes;
/// `None` when the value is shorter than [`MIN_SECRET`], so that nothing can be said.
pub fn places_of(value: &str, text: &str) -> Option<Vec<usize>> {
    if value.trim().len() < MIN_SECRET {
        return None;
    }
    let spans = Redactor::new([value]).spans(text);
    let mut places: Vec<usize> = spans.into_iter().map(|(from, _)| from).collect();
    places.sort_unstable();
    Some(places)
}

/// A redacted record that can no longer be read as a record. This is a bug of this program.
#[derive(Debug, Error)]
#[error("the redacted document lost its shape")]
pub struct RedactError(#[from] serde_json::Error);

/// Replaces secrets by [`REDACTED`].
#[derive(Debug)]
pub struct Redactor {
    forms: Vec<String>,
    exact: Option<Regex>,
    too_short: usize,
}

impl Redactor {
    /// A redactor for these exact values and all shapes.
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Redactor {
        let mut all = Vec::new();
        let mut too_short = 0;
        for secret in secrets {
            match secret.as_ref().trim() {
                "" => {}
                short if short.len() < MIN_SECRET => too_short += 1,
                secret => all.extend(forms::forms(secret)),
            }
        }
        all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        all.dedup();
        // A single pass over all forms; a value that is too large for an automaton is left to
        // the plain search of `spans`.
        let pattern = all
            .iter()
            .map(|form| regex::escape(form))
            .collect::<Vec<_>>()
            .join("|");
        let exact = (!all.is_empty())
            .then(|| Regex::new(&pattern).ok())
            .flatten();
        Redactor {
            forms: all,
            exact,
            too_short,
        }
    }

    /// How many of the given values were too short to be redacted. Worth a note in the record.
    pub fn too_short(&self) -> usize {
        self.too_short
    }

    /// The text without secrets.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let exact = self.exact_values(text, false);
        match shapes::redact(&exact) {
            Cow::Borrowed(_) => exact,
            Cow::Owned(changed) => Cow::Owned(changed),
        }
    }

    /// The text without secrets, for a sink.
    pub fn redact(&self, text: &str) -> Redacted<String> {
        Redacted::new(self.text(text).into_owned())
    }

    /// The value without secrets: every text of it, also of fields that are yet to be invented
    /// and the names in a map. What its own types say (names of variants, what is [`Redacted`]
    /// already) stays. The digest of a stream that held a secret goes too, because it would
    /// show whether a guess is right.
    ///
    /// # Errors
    /// [`RedactError`], never by the contents.
    pub fn clean<T: Serialize + DeserializeOwned>(
        &self,
        part: &T,
    ) -> Result<Redacted<T>, RedactError> {
        let value = self.part(parts_of(part)?);
        Ok(Redacted::new(serde_json::from_value(value)?))
    }

    /// The same as JSON, for what is only written. Where a value has no JSON form, why not
    /// stands in its place.
    pub fn document<T: Serialize + ?Sized>(&self, value: &T) -> Redacted<Value> {
        let part = parts_of(value).unwrap_or_else(|error| Part::Text(error.to_string()));
        Redacted::new(self.part(part))
    }

    fn part(&self, part: Part) -> Value {
        match part {
            Part::Own(value) => value,
            Part::Text(text) => self.text(&text).into_owned().into(),
            Part::List(mut items) => {
                if let [Part::Text(name), secret @ Part::Text(_)] = items.as_mut_slice()
                    && is_secret_header(name)
                {
                    *secret = Part::Own(REDACTED.into());
                }
                items.into_iter().map(|item| self.part(item)).collect()
            }
            Part::Fields(fields) => Value::Object(self.fields(fields)),
        }
    }

    fn fields(&self, mut fields: Vec<(Name, Part)>) -> Map<String, Value> {
        self.stream(&mut fields);
        let mut all = Map::new();
        for (name, part) in fields {
            let mut name = match name {
                Name::Own(name) => name.to_owned(),
                Name::Text(name) => self.text(&name).into_owned(),
            };
            // Two names that become one must not swallow a value.
            while all.contains_key(&name) {
                name.push('\'');
            }
            all.insert(name, self.part(part));
        }
        all
    }

    /// Of a stream that a bound cut, the beginning of a secret at its end goes too; and the
    /// digest of one that held a secret.
    fn stream(&self, fields: &mut [(Name, Part)]) {
        let is = |name: &Name, wanted: &str| match name {
            Name::Own(name) => *name == wanted,
            Name::Text(name) => name == wanted,
        };
        let cut = fields.iter().any(|(name, part)| {
            is(name, "truncated") && matches!(part, Part::Own(Value::Bool(true)))
        });
        let text = fields.iter_mut().find(|(name, _)| is(name, "text"));
        let Some((_, Part::Text(text))) = text else {
            return;
        };
        let before = text.clone();
        *text = self.exact_values(text, cut).into_owned();
        *text = self.text(text).into_owned();
        if *text != before
            && let Some((_, digest)) = fields.iter_mut().find(|(name, _)| is(name, "sha256"))
        {
            *digest = Part::Own(REDACTED.into());
        }
    }

    /// Replaces exact values; overlapping ones become one hole. With `cut`, the text ends where
    /// a bound cut it, and a beginning of a secret there goes too. A cut inside a text shows as
    /// `…`, and is treated alike.
    fn exact_values<'t>(&self, text: &'t str, cut: bool) -> Cow<'t, str> {
        let mut spans = self.spans(text);
        let cuts = text.match_indices('…').map(|(at, _)| at);
        for end in cuts.chain(cut.then_some(text.len())) {
            spans.extend(self.beginning_before(&text[..end]).map(|from| (from, end)));
        }
        if spans.is_empty() {
            return Cow::Borrowed(text);
        }
        spans.sort_unstable();
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        let mut spans = spans.into_iter().peekable();
        while let Some((from, mut to)) = spans.next() {
            while let Some((_, end)) = spans.next_if(|(next, _)| *next < to) {
                to = to.max(end);
            }
            out.push_str(&text[done..from]);
            out.push_str(REDACTED);
            done = to;
        }
        out.push_str(&text[done..]);
        Cow::Owned(out)
    }

    /// Where the exact values are, overlapping ones included.
    fn spans(&self, text: &str) -> Vec<(usize, usize)> {
        if self.exact.as_ref().is_some_and(|all| !all.is_match(text)) {
            return Vec::new();
        }
        let mut spans = Vec::new();
        for form in &self.forms {
            let mut from = 0;
            while let Some(found) = text[from..].find(form.as_str()) {
                let at = from + found;
                spans.push((at, at + form.len()));
                let first = form.chars().next().map_or(1, char::len_utf8);
                from = at + first;
            }
        }
        spans
    }

    /// Where the text ends in a beginning (of [`MIN_SECRET`] bytes or more) of a secret.
    fn beginning_before(&self, text: &str) -> Option<usize> {
        self.forms
            .iter()
            .flat_map(|form| {
                (MIN_SECRET..form.len())
                    .rev()
                    .filter(|&n| form.is_char_boundary(n))
                    .find(|&n| text.ends_with(&form[..n]))
            })
            .max()
            .map(|n| text.len() - n)
    }
}

fn is_secret_header(name: &str) -> bool {
    SECRET_HEADERS
        .iter()
        .any(|header| header.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests;
