//! How far a command reaches: the answers of every judge of commands.

use super::tree::{Rest, Word};

/// What a command does, as far as its words tell. The order is from harmless to worst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Each part of it is known to only observe.
    Observes,
    /// A part of it is not known to only observe; the text names it.
    Unknown(String),
    /// A part of it is known to change something.
    Mutates(Mutation),
}

/// A known change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// The words that make it.
    pub what: String,
    /// How far it goes.
    pub reach: Reach,
}

/// How far a change goes, from the nearest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Output that is kept in a file of the folder in which the command runs.
    Output,
    /// Files of that folder: in a fresh clone this disturbs nobody.
    Folder,
    /// Beyond.
    World,
}

impl Doing {
    pub(super) fn mutates(what: impl Into<String>) -> Doing {
        Doing::Mutates(Mutation {
            what: what.into(),
            reach: Reach::World,
        })
    }

    fn rank(&self) -> u8 {
        match self {
            Doing::Observes => 0,
            Doing::Unknown(_) => 1,
            Doing::Mutates(Mutation { reach, .. }) => 2 + *reach as u8,
        }
    }

    /// The worse of the two; of two equally bad ones the first.
    #[must_use]
    pub fn and(self, other: Doing) -> Doing {
        if other.rank() > self.rank() {
            other
        } else {
            self
        }
    }
}

/// A change that is made elsewhere than in the folder of the line.
pub(super) fn far(doing: Doing) -> Doing {
    match doing {
        Doing::Mutates(Mutation { what, .. }) => Doing::mutates(what),
        other => other,
    }
}

/// Whether what is written to this path stays in the folder in which the command runs.
pub(super) fn stays_in_folder(word: &Word) -> bool {
    // What follows the known beginning of a pattern is known only as it is written, with its quotes.
    let below = match word.rest {
        Rest::Known => true,
        Rest::Glob => !word.shown.contains(['.', '\\', '"', '\'']),
        Rest::Open | Rest::Split => false,
    };
    below && !word.prefix.starts_with('-') && is_below(&word.prefix)
}

/// Whether a path leads into the folder, or names it.
pub(super) fn is_below(path: &str) -> bool {
    !path.is_empty() && !path.starts_with(['/', '~']) && !path.split('/').any(|part| part == "..")
}
