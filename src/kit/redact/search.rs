//! Looks for known secrets in a text, in each of the forms in which programs echo them.

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::MIN_SECRET;
use super::forms;
use super::views::{self, Order, Places, View};

/// How a secret was written where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// As it is.
    Plain,
    Base64,
    /// With escapes (percent, JSON, HTML, a shell's), or split by white space and quotes.
    Escaped,
    Hex,
}

impl Form {
    /// How a message names it; empty for the secret itself.
    pub fn note(self) -> &'static str {
        match self {
            Form::Plain => "",
            Form::Base64 => "as base64",
            Form::Escaped => "escaped or split",
            Form::Hex => "as hex",
        }
    }
}

/// A part of a text that is a secret, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) form: Form,
}

/// A secret without its escapes and white space is looked for from this length on: a shorter one
/// would be found in tables of numbers.
const MIN_PLAIN: usize = 8;

/// What is looked for in one view of a text.
#[derive(Debug, Default)]
struct Needles {
    all: Vec<(Vec<u8>, Form)>,
    /// `None` when there is nothing to look for.
    automaton: Option<AhoCorasick>,
}

impl Needles {
    fn new(mut all: Vec<(Vec<u8>, Form)>) -> Needles {
        all.sort();
        all.dedup_by(|a, b| a.0 == b.0);
        let bytes = all.iter().map(|(needle, _)| needle);
        // It fails only for more needles than fit into an address; then each is looked for by itself.
        let automaton = (!all.is_empty()).then(|| {
            let mut builder = AhoCorasick::builder();
            builder
                .match_kind(MatchKind::LeftmostLongest)
                .build(bytes)
                .ok()
        });
        Needles {
            automaton: automaton.flatten(),
            all,
        }
    }

    /// The first place at or after `from`.
    fn first(&self, haystack: &[u8], from: usize) -> Option<(usize, usize, Form)> {
        let Some(automaton) = &self.automaton else {
            let first = |(needle, form): &(Vec<u8>, Form)| {
                let mut windows = haystack[from..].windows(needle.len());
                let at = from + windows.position(|window| window == needle)?;
                Some((at, at + needle.len(), *form))
            };
            return self.all.iter().filter_map(first).min();
        };
        let found = automaton.find(Input::new(haystack).span(from..haystack.len()))?;
        let form = self.all[found.pattern().as_usize()].1;
        Some((found.start(), found.end(), form))
    }

    /// Every place; one that begins inside of another is found, too.
    fn find(&self, haystack: &[u8], mut found: impl FnMut(usize, usize, Form)) {
        let mut from = 0;
        while let Some((start, end, form)) = self.first(haystack, from) {
            found(start, end, form);
            from = start + 1;
        }
    }

    /// Where the haystack ends in a beginning (of `least` bytes or more) of what is looked for.
    fn beginning(&self, haystack: &[u8], least: usize) -> Option<usize> {
        let longest = |needle: &Vec<u8>| {
            let most = needle.len().saturating_sub(1).min(haystack.len());
            (least..=most)
                .rev()
                .find(|&n| haystack.ends_with(&needle[..n]))
        };
        let longest = self.all.iter().filter_map(|(needle, _)| longest(needle));
        longest.max().map(|n| haystack.len() - n)
    }
}

/// Known secrets, ready to be looked for.
#[derive(Debug, Default)]
pub(super) struct Search {
    as_it_is: Needles,
    plain: Needles,
    hex: Needles,
    dumped: Needles,
}

impl Search {
    /// For these secrets, each of [`MIN_SECRET`] bytes or more.
    pub(super) fn new(secrets: &[&str]) -> Search {
        let mut as_it_is = Vec::new();
        let mut plain: Vec<(Vec<u8>, Form)> = Vec::new();
        let mut hex = Vec::new();
        let mut dumped = Vec::new();
        for part in secrets.iter().flat_map(|secret| forms::parts(secret)) {
            let bare = views::plain(&part, Places::Unknown);
            let is_short = bare.iter().any(|view| view.bytes.len() < MIN_PLAIN);
            for (form, text) in forms::forms(&part) {
                // Escapes are read back in the plain view, and the secret is looked for there.
                let in_plain = match form {
                    Form::Plain => Some(Form::Escaped),
                    Form::Base64 => Some(Form::Base64),
                    Form::Escaped | Form::Hex => None,
                };
                if let Some(form) = in_plain {
                    let bare = views::plain(&text, Places::Unknown);
                    let bare = bare.into_iter().map(|view| view.bytes);
                    let long = bare.filter(|bare| bare.len() >= MIN_PLAIN);
                    plain.extend(long.map(|bare| (bare, form)));
                }
                // Longer ones are found without their escapes.
                if form != Form::Escaped || is_short {
                    as_it_is.push((text.into_bytes(), form));
                }
            }
            let bytes = part.into_bytes();
            hex.push((forms::hex(&bytes).into_bytes(), Form::Hex));
            dumped.push((bytes, Form::Hex));
        }
        Search {
            as_it_is: Needles::new(as_it_is),
            plain: Needles::new(plain),
            hex: Needles::new(hex),
            dumped: Needles::new(dumped),
        }
    }

    /// Where the secrets are, overlapping parts included.
    pub(super) fn spans(&self, text: &str) -> Vec<Span> {
        let mut spans = Vec::new();
        if self.as_it_is.all.is_empty() || text.len() < MIN_SECRET {
            return spans;
        }
        self.as_it_is.find(text.as_bytes(), |from, to, form| {
            spans.push(Span { from, to, form });
        });
        // Where nothing is found, which is nearly everywhere, no place is worked out.
        if self.is_encoded_in(text) {
            for (view, needles, _) in self.views(text, Places::Known) {
                needles.find(&view.bytes, |from, to, form| {
                    let (from, to) = view.source(from, to);
                    let (from, to) = (floor(text, from), ceiling(text, to));
                    spans.push(Span { from, to, form });
                });
            }
        }
        spans.sort_unstable();
        spans
    }

    fn is_encoded_in(&self, text: &str) -> bool {
        let views = self.views(text, Places::Unknown).into_iter();
        views
            .into_iter()
            .any(|(view, needles, _)| needles.first(&view.bytes, 0).is_some())
    }

    /// The text read in other ways, what is looked for there, and the fewest bytes of a beginning.
    fn views(&self, text: &str, places: Places) -> Vec<(View, &Needles, usize)> {
        let mut all = vec![(views::hex_digits(text, places), &self.hex, 2 * MIN_SECRET)];
        for order in [Order::AsWritten, Order::Swapped] {
            all.push((views::dumped(text, order, places), &self.dumped, MIN_SECRET));
        }
        let plain = views::plain(text, places).into_iter();
        all.extend(plain.map(|view| (view, &self.plain, MIN_PLAIN)));
        all
    }

    /// Where the text ends in a beginning of a secret, in whatever form.
    pub(super) fn beginning(&self, text: &str) -> Option<usize> {
        let as_it_is = self.as_it_is.beginning(text.as_bytes(), MIN_SECRET);
        let views = self.views(text, Places::Known);
        let in_views = views.iter().filter_map(|(view, needles, least)| {
            let at = needles.beginning(&view.bytes, *least)?;
            Some(floor(text, view.source(at, view.bytes.len()).0))
        });
        in_views.chain(as_it_is).min()
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn ceiling(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}
