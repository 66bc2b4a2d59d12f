//! A shell line as data: what runs, in which order, with which words and redirections.
//!
//! Only what is understood has a place here. Everything else is an [`Unread`], and what is unread is
//! never judged to be harmless.

/// Why a line, or a part of it, cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unread(pub(super) String);

impl Unread {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Unread(why.into())
    }
}

/// A command, simple or compound.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Nothing at all: a comment, an empty line.
    Nothing,
    Simple(Simple),
    Pipe {
        parts: Vec<Node>,
        negated: bool,
    },
    List(Vec<(Node, Join)>),
    /// `{ …; }`.
    Group {
        body: Box<Node>,
        redirects: Vec<Redirect>,
    },
    /// `( … )`: what it changes of the shell stays inside.
    Subshell {
        body: Box<Node>,
        redirects: Vec<Redirect>,
    },
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
        redirects: Vec<Redirect>,
    },
    /// `while` and `until`.
    While {
        condition: Box<Node>,
        body: Box<Node>,
        redirects: Vec<Redirect>,
    },
    For {
        name: String,
        values: Vec<Word>,
        /// The body, once for each value where all of them are known, else once.
        bodies: Vec<Node>,
        redirects: Vec<Redirect>,
    },
    Case {
        word: Word,
        arms: Vec<Node>,
        redirects: Vec<Redirect>,
    },
    Function {
        name: String,
        body: Box<Node>,
    },
}

impl Node {
    /// The commands that stand in it, those among them that run to make its words and redirections.
    pub(super) fn children(&self) -> Vec<&Node> {
        let mut nodes = self.parts();
        nodes.extend(self.words().into_iter().flat_map(|word| &word.runs));
        nodes
    }

    /// The commands that it is made of, in the order of the line.
    pub(super) fn parts(&self) -> Vec<&Node> {
        match self {
            Node::Nothing | Node::Simple(_) => vec![],
            Node::Pipe { parts, .. } => parts.iter().collect(),
            Node::List(items) => items.iter().map(|(node, _)| node).collect(),
            Node::Group { body, .. }
            | Node::Subshell { body, .. }
            | Node::Function { body, .. } => vec![body],
            Node::If {
                condition,
                then,
                otherwise,
                ..
            } => {
                let otherwise = otherwise.iter().map(|node| &**node);
                [&**condition, then].into_iter().chain(otherwise).collect()
            }
            Node::While {
                condition, body, ..
            } => vec![condition, body],
            Node::For { bodies, .. } => bodies.iter().collect(),
            Node::Case { arms, .. } => arms.iter().collect(),
        }
    }

    /// Its own words, those of its redirections among them.
    pub(super) fn words(&self) -> Vec<&Word> {
        let mut words: Vec<&Word> = match self {
            Node::Simple(simple) => {
                let set = simple.assignments.iter().map(|set| &set.value);
                set.chain(&simple.words).collect()
            }
            Node::For { values, .. } => values.iter().collect(),
            Node::Case { word, .. } => vec![word],
            _ => vec![],
        };
        words.extend(self.redirects().iter().filter_map(Redirect::word));
        words
    }

    /// Where its streams come from and go to.
    pub(super) fn redirects(&self) -> &[Redirect] {
        match self {
            Node::Simple(Simple { redirects, .. })
            | Node::Group { redirects, .. }
            | Node::Subshell { redirects, .. }
            | Node::If { redirects, .. }
            | Node::While { redirects, .. }
            | Node::For { redirects, .. }
            | Node::Case { redirects, .. } => redirects,
            Node::Nothing | Node::Pipe { .. } | Node::List(_) | Node::Function { .. } => &[],
        }
    }

    /// How many commands stand inside of each other, at most.
    pub(super) fn depth(&self) -> usize {
        let inside = self.children().into_iter().map(Node::depth).max();
        1 + inside.unwrap_or(0)
    }
}

/// How a command of a list is joined with the next one, or how the list ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
    /// `;`, a new line, or the end.
    Then,
    /// `&`.
    Background,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Simple {
    pub(super) assignments: Vec<Assignment>,
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: Word,
}

/// A word, as far as it is known before it runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Word {
    /// As it is written.
    pub(super) shown: String,
    /// The text that is known from its beginning on.
    pub(super) prefix: String,
    pub(super) rest: Rest,
    /// What runs to make the word: `$(…)`, `<(…)`.
    pub(super) runs: Vec<Node>,
}

/// What follows the known beginning of a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rest {
    /// Nothing: the word is known as a whole.
    #[default]
    Known,
    /// File names that match: one or several words, each with the known beginning.
    Glob,
    /// Something unknown, in the same word.
    Open,
    /// Something unknown that can be split into any number of words.
    Split,
}

impl Word {
    /// A word that is known as a whole.
    pub(super) fn known(text: &str) -> Word {
        Word {
            shown: text.to_owned(),
            prefix: text.to_owned(),
            ..Word::default()
        }
    }

    /// A word of which nothing is known.
    pub(super) fn open(shown: &str) -> Word {
        Word {
            shown: shown.to_owned(),
            rest: Rest::Open,
            ..Word::default()
        }
    }

    /// The whole word, where it is known.
    pub(super) fn text(&self) -> Option<&str> {
        (self.rest == Rest::Known).then_some(self.prefix.as_str())
    }

    /// Whether a program can take it, or a word that it is split into, for an option.
    pub(super) fn may_be_option(&self) -> bool {
        match self.rest {
            Rest::Split => true,
            Rest::Known => self.prefix.len() > 1 && self.prefix.starts_with('-'),
            Rest::Glob | Rest::Open => self.prefix.is_empty() || self.prefix.starts_with('-'),
        }
    }
}

/// Which of a command's streams a redirection is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Error,
    Both,
    Other,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Redirect {
    /// From a file, a here-document or a here-string.
    Read(Word),
    /// To `/dev/null`, or closed.
    Away(Stream),
    /// To another of the command's streams, a terminal or a pipe.
    Copy { from: Stream, to: Stream },
    /// To a file.
    Write(Word),
}

impl Redirect {
    fn word(&self) -> Option<&Word> {
        match self {
            Redirect::Read(word) | Redirect::Write(word) => Some(word),
            Redirect::Away(_) | Redirect::Copy { .. } => None,
        }
    }
}
