//! Secrets out of everything that is written or printed.
//!
//! Two kinds of rules. *Exact values* are secrets that the program was told (environment,
//! secret files); each is looked for as it is and in the forms in which programs echo it.
//! *Shapes* are texts that are secret by their look: credentials in URLs, authorization
//! headers, private keys, tokens with a vendor's prefix, `password=…`. There is no rule by
//! entropy: commit hashes and SHA-256 digests are what a record is about, and stay.
//!
//! Not found: a secret that was reversed, hashed, encrypted, compressed, written in another case, or
//! encoded in another way than [`FORMS`], such as base32 or base64 of base64.

mod document;
mod forms;
mod names;
mod redacted;
mod search;
mod shapes;
mod views;

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thiserror::Error;

use document::{Name, Part, parts_of};
pub use names::{is_path, is_switch, names_a_secret};
pub use redacted::{Own, Redacted, own, own_run_id};
pub use search::Form;
use search::{Search, Span};

/// What stands where a secret stood.
pub const REDACTED: &str = "[REDACTED]";

/// The shortest exact value that is redacted, in bytes. Shorter ones would tear holes into
/// ordinary words; [`Redactor::too_short`] counts them.
pub const MIN_SECRET: usize = 6;

/// The forms in which a known secret is found, as messages and documents name them.
pub const FORMS: &str = "as it is, as base64, hex or a hex dump, with percent, JSON, HTML or shell \
                         escapes, or split by white space";

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

/// Where in a text an exact value is and how it is written there, by the search of the redactor;
/// `None` when the value is shorter than [`MIN_SECRET`], so that nothing can be said.
pub fn places_of(value: &str, text: &str) -> Option<Vec<(usize, Form)>> {
    let value = value.trim();
    if value.len() < MIN_SECRET {
        return None;
    }
    let mut places: Vec<(usize, Form)> = Vec::new();
    let mut done = 0;
    for span in Search::new(&[value]).spans(text) {
        // One place is found in several ways.
        if span.from >= done {
            places.push((span.from, span.form));
        }
        done = done.max(span.to);
    }
    Some(places)
}

/// A redacted record that can no longer be read as a record. This is a bug of this program.
#[derive(Debug, Error)]
#[error("the redacted document lost its shape")]
pub struct RedactError(#[from] serde_json::Error);

/// Replaces secrets by [`REDACTED`].
#[derive(Debug)]
pub struct Redactor {
    search: Search,
    too_short: usize,
}

impl Redactor {
    /// A redactor for these exact values and all shapes.
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Redactor {
        let secrets: Vec<S> = secrets.into_iter().collect();
        let values = secrets.iter().map(|secret| secret.as_ref().trim());
        let (long, short): (Vec<&str>, Vec<&str>) = values
            .filter(|value| !value.is_empty())
            .partition(|value| value.len() >= MIN_SECRET);
        Redactor {
            search: Search::new(&long),
            too_short: short.len(),
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

    /// The text without known secrets, for a sink. For a text whose parts went through
    /// [`Redactor::clean`] already.
    pub fn redact_known(&self, text: &str) -> Redacted<String> {
        Redacted::new(self.exact_values(text, false).into_owned())
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
        let mut spans = self.search.spans(text);
        let cuts = text.match_indices('…').map(|(at, _)| at);
        for to in cuts.chain(cut.then_some(text.len())) {
            let from = self.search.beginning(&text[..to]);
            spans.extend(from.map(|from| Span {
                from,
                to,
                form: Form::Plain,
            }));
        }
        if spans.is_empty() {
            return Cow::Borrowed(text);
        }
        spans.sort_unstable();
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        let mut spans = spans.into_iter().peekable();
        while let Some(Span { from, mut to, .. }) = spans.next() {
            while let Some(next) = spans.next_if(|next| next.from < to) {
                to = to.max(next.to);
            }
            out.push_str(&text[done..from]);
            out.push_str(REDACTED);
            done = to;
        }
        out.push_str(&text[done..]);
        Cow::Owned(out)
    }
}

fn is_secret_header(name: &str) -> bool {
    SECRET_HEADERS
        .iter()
        .any(|header| header.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests;
