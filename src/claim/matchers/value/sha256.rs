//! `sha256:`: the digest of the bytes, untrimmed.

use crate::matchers::observed::ObservedText;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule};
use kit::count::count;
use kit::text::Scope;

pub(super) struct Sha256<'m>(pub(super) &'m str);

impl TextRule for Sha256<'_> {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        if let Some(undecidable) = observed.undecidable() {
            return undecidable;
        }
        let found = kit::digest::sha256(&observed.bytes);
        if found.eq_ignore_ascii_case(self.0) {
            return MatchResult::Holds;
        }
        let size = count(observed.bytes.len(), "byte");
        site.differs(
            self.describe(site.scope),
            format!("sha256 {found} ({size})"),
        )
    }

    fn describe(&self, _scope: &Scope) -> String {
        format!("sha256 {}", self.0)
    }

    fn prospects(&self) -> Prospects {
        let digits = self.0.bytes().all(|byte| byte.is_ascii_hexdigit());
        Prospects {
            never: self.0.len() != 64 || !digits,
            ..Prospects::tried(self)
        }
    }

    fn params(&self) -> Vec<String> {
        Vec::new()
    }
}
