//! Who reads what a command prints.

use crate::report::markdown::escape::defuse;

/// Whether progress and tables are printed where watchers look for decisions, as in a CI log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    Yes,
    No,
}

impl Watched {
    /// The text, in which nothing reads as a decision where somebody watches for one.
    pub(crate) fn shown(self, text: &str) -> String {
        match self {
            Watched::Yes => defuse(text).into_owned(),
            Watched::No => text.to_owned(),
        }
    }
}
