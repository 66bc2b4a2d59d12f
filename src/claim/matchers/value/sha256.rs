//! `sha256:`: the digest of the bytes, untrimmed.

use crate::matchers::observed::ObservedText;
use crate::matchers::open::{self, Unread};
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule, names};
use kit::count::count;
use kit::text::{Scope, Text};

pub(super) struct Sha256<'m>(pub(super) &'m Text);

/// Reads a digest: 64 hexadecimal digits, as `sha256sum` prints them, with or without colons.
///
/// # Errors
/// In words, that it is not one.
pub fn read_sha256(text: &str) -> Result<String, String> {
    let first = text.split_whitespace().next().unwrap_or_default();
    let hex: String = first
        .trim_start_matches("sha256:")
        .chars()
        .filter(|c| *c != ':')
        .collect::<String>()
        .to_ascii_lowercase();
    if hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(hex);
    }
    Err("that is not a SHA-256 digest of 64 hexadecimal digits".to_owned())
}

impl TextRule for Sha256<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        if let Some(undecidable) = observed.undecidable() {
            return undecidable;
        }
        if let Some(why) = observed.lost() {
            return MatchResult::Undecidable(why);
        }
        let expected = match open::read(self.0, site.scope, read_sha256) {
            Ok(digest) => digest,
            Err(Unread::NotYet(why) | Unread::Wrong(why)) => return MatchResult::Undecidable(why),
        };
        let found = kit::digest::sha256(&observed.bytes);
        if found == expected {
            return MatchResult::Holds;
        }
        let size = count(observed.bytes.len(), "byte");
        site.differs(
            self.describe(site.scope),
            format!("sha256 {found} ({size})"),
        )
    }

    fn describe(&self, scope: &Scope) -> String {
        format!("sha256 {}", open::shown(self.0, scope))
    }

    fn prospects(&self) -> Prospects {
        let known = self.0.params().next().is_none();
        Prospects {
            never: known && read_sha256(&self.0.render(&Scope::new())).is_err(),
            ..Prospects::open()
        }
    }

    fn params(&self) -> Vec<String> {
        names([self.0])
    }
}
