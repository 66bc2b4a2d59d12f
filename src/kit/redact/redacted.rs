//! A value without secrets, as a type: what a sink takes.

use std::fmt;
use std::ops::Deref;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

/// The name by which [`super::document`] knows a value that is clean already.
pub(super) const CLEAN: &str = "kit::redact::Redacted";

/// A value without secrets. Only a [`super::Redactor`] makes one of a text from outside, and
/// [`Redacted::own`] one of what can hold nothing from outside. Every sink (record, alert, log,
/// metrics, terminal, systemd) takes this type and no other, so that a text which went past the
/// redactor does not compile.
///
/// Inside a document that is redacted it stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Redacted<T>(T);

/// A type whose values hold nothing from outside: constants of the program, numbers, moments.
pub trait Own: private::Sealed {}

impl Own for &'static str {}
impl Own for DateTime<Utc> {}
impl Own for bool {}
impl Own for u64 {}

mod private {
    use chrono::{DateTime, Utc};

    pub trait Sealed {}
    impl Sealed for &'static str {}
    impl Sealed for DateTime<Utc> {}
    impl Sealed for bool {}
    impl Sealed for u64 {}
}

impl<T> Redacted<T> {
    pub(super) fn new(value: T) -> Redacted<T> {
        Redacted(value)
    }

    /// The value alone; from here on nothing shows that it is clean.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: Own> Redacted<T> {
    /// The program's own text or moment.
    pub fn own(value: T) -> Redacted<T> {
        Redacted(value)
    }
}

impl Redacted<&'static str> {
    /// The same as a text that others may be joined to.
    pub fn to_text(self) -> Redacted<String> {
        Redacted(self.0.to_owned())
    }
}

impl Redacted<String> {
    /// Adds the program's own text.
    pub fn push_own(&mut self, text: &'static str) {
        self.0.push_str(text);
    }

    /// Adds a clean text.
    pub fn push(&mut self, text: &Redacted<String>) {
        self.0.push_str(&text.0);
    }

    /// The text with characters written in another way: how a format escapes them.
    #[must_use]
    pub fn replaced(mut self, escapes: &[(char, &'static str)]) -> Redacted<String> {
        let mut text = String::with_capacity(self.0.len());
        for c in self.0.chars() {
            match escapes.iter().find(|(from, _)| *from == c) {
                Some((_, to)) => text.push_str(to),
                None => text.push(c),
            }
        }
        self.0 = text;
        self
    }

    /// Adds a number.
    pub fn push_number(&mut self, number: impl Into<f64>) {
        self.0.push_str(&number.into().to_string());
    }
}

impl Redacted<serde_json::Value> {
    /// A document as text for people, with a line feed at its end.
    pub fn pretty(&self) -> Redacted<String> {
        Redacted(format!("{:#}\n", self.0))
    }
}

impl<T> Deref for Redacted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Display> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Serialize> Serialize for Redacted<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(CLEAN, &self.0)
    }
}

/// For a field whose type holds nothing from outside, but has a text as its JSON form:
/// `#[serde(serialize_with = "kit::redact::own")]`.
///
/// # Errors
/// Those of the serializer.
pub fn own<T: Own + Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_newtype_struct(CLEAN, value)
}

/// The same for a run's id, which is a text in memory: it is the program's own where it has the
/// form of one, and a text like any other where it has not.
///
/// # Errors
/// Those of the serializer.
pub fn own_run_id<S: Serializer>(id: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if crate::run_id::is_run_id(id) {
        serializer.serialize_newtype_struct(CLEAN, id)
    } else {
        serializer.serialize_str(id)
    }
}
