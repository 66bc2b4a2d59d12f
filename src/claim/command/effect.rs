//! What a command does to the world: it only observes, it is known to change something, or nobody knows.
//!
//! Observing is a closed list ([`programs`](super::programs)); what is not on it is unknown, and what
//! cannot be read is unknown as well. The worst part of a line decides.

use std::cell::Cell;

use indexmap::IndexMap;

use super::programs;
use super::reader;
use super::tree::{Join, Node, Redirect, Rest, Simple, Word};
use super::word::Values;
use super::wrapper::{self, Inside};

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
fn far(doing: Doing) -> Doing {
    match doing {
        Doing::Mutates(Mutation { what, .. }) => Doing::mutates(what),
        other => other,
    }
}

/// Lines inside of lines, at most; more is a puzzle and not a check.
const MAX_DEPTH: usize = 8;

/// What a shell line does.
pub(super) fn of_line(line: &str, values: &IndexMap<String, String>) -> Doing {
    Walk {
        parameters: values,
        fixed: Vec::new(),
        depth: 0,
        elsewhere: Cell::new(false),
    }
    .line(line, values)
}

/// What a list of words does that no shell reads.
pub(super) fn of_words(words: &[Word]) -> Doing {
    let none = IndexMap::new();
    Walk {
        parameters: &none,
        fixed: Vec::new(),
        depth: 0,
        elsewhere: Cell::new(false),
    }
    .command(words, &[])
}

/// Whether a command may run under this environment variable without knowing more of it.
pub(super) fn of_variable(name: &str) -> Doing {
    // POSIX (XBD 8.1) keeps names with lower-case letters for applications; names in upper case are those
    // that shells, libraries and utilities read: PATH, LD_PRELOAD, GIT_EXTERNAL_DIFF, BASH_ENV.
    let of_applications = name.chars().any(|c| c.is_ascii_lowercase());
    let harmless = name.starts_with("LC_")
        || matches!(
            name,
            "LANG" | "LANGUAGE" | "TZ" | "COLUMNS" | "LINES" | "NO_COLOR" | "TERM"
        );
    if of_applications || harmless {
        Doing::Observes
    } else {
        Doing::Unknown(format!(
            "programs may read the variable `{name}`, for example to run another program; \
             names of your own have lower-case letters"
        ))
    }
}

struct Walk<'v> {
    /// Parameters of the claim file. Their values are known only as long as the line does not set them.
    parameters: &'v IndexMap<String, String>,
    /// Variables of loops, whose values are taken as known.
    fixed: Vec<String>,
    depth: usize,
    /// Whether a command runs elsewhere than in the folder of the line.
    elsewhere: Cell<bool>,
}

impl Walk<'_> {
    fn line(&self, line: &str, values: &IndexMap<String, String>) -> Doing {
        match reader::read(line, &Values::new(values)) {
            Ok(node) => {
                let mut fixed = self.fixed.clone();
                loop_names(&node, &mut fixed);
                let walk = Walk {
                    parameters: self.parameters,
                    fixed,
                    depth: self.depth,
                    elsewhere: Cell::new(false),
                };
                let doing = walk.script(&node);
                if walk.elsewhere.get() {
                    far(doing)
                } else {
                    doing
                }
            }
            Err(unread) => Doing::Unknown(unread.to_string()),
        }
    }

    /// A whole line. A function counts from where it is defined for certain.
    fn script(&self, node: &Node) -> Doing {
        let Node::List(items) = node else {
            return self.node(node, &[]);
        };
        let mut functions: Vec<&str> = Vec::new();
        let mut certain = true;
        let mut worst = Doing::Observes;
        for (node, join) in items {
            worst = worst.and(self.node(node, &functions));
            if let (Node::Function { name, .. }, true, Join::Then) = (node, certain, join) {
                functions.push(name);
            }
            certain = *join == Join::Then;
        }
        worst
    }

    fn all<'n>(&self, nodes: impl IntoIterator<Item = &'n Node>, functions: &[&str]) -> Doing {
        nodes
            .into_iter()
            .map(|node| self.node(node, functions))
            .fold(Doing::Observes, Doing::and)
    }

    fn node(&self, node: &Node, functions: &[&str]) -> Doing {
        match node {
            Node::Nothing => Doing::Observes,
            Node::Simple(simple) => self.simple(simple, functions),
            Node::Pipe { parts, .. } => self.all(parts, functions),
            Node::List(items) => self.all(items.iter().map(|(node, _)| node), functions),
            Node::Group { body, redirects } | Node::Subshell { body, redirects } => self
                .node(body, functions)
                .and(self.redirects(redirects, functions)),
            Node::If {
                condition,
                then,
                otherwise,
                redirects,
            } => self
                .all(
                    [condition, then]
                        .into_iter()
                        .chain(otherwise)
                        .map(|node| &**node),
                    functions,
                )
                .and(self.redirects(redirects, functions)),
            Node::While {
                condition,
                body,
                redirects,
            } => self
                .all([&**condition, body], functions)
                .and(self.redirects(redirects, functions)),
            Node::For {
                name,
                values,
                bodies,
                redirects,
            } => self
                .names(name)
                .and(self.runs(values, functions))
                .and(self.all(bodies, functions))
                .and(self.redirects(redirects, functions)),
            Node::Case {
                word,
                arms,
                redirects,
            } => self
                .runs(std::slice::from_ref(word), functions)
                .and(self.all(arms, functions))
                .and(self.redirects(redirects, functions)),
            Node::Function { body, .. } => self.node(body, functions),
        }
    }

    fn runs<'w>(&self, words: impl IntoIterator<Item = &'w Word>, functions: &[&str]) -> Doing {
        self.all(words.into_iter().flat_map(|word| &word.runs), functions)
    }

    fn redirects(&self, redirects: &[Redirect], functions: &[&str]) -> Doing {
        redirects
            .iter()
            .map(|redirect| match redirect {
                Redirect::Read(word) => self.runs([word], functions),
                Redirect::Away(_) | Redirect::Copy { .. } => Doing::Observes,
                Redirect::Write(word) => Doing::Mutates(Mutation {
                    what: format!("> {}", word.shown),
                    reach: if programs::stays_in_folder(word) {
                        Reach::Output
                    } else {
                        Reach::World
                    },
                })
                .and(self.runs([word], functions)),
            })
            .fold(Doing::Observes, Doing::and)
    }

    fn simple(&self, simple: &Simple, functions: &[&str]) -> Doing {
        let set = simple.assignments.iter().map(|assignment| {
            self.sets(&assignment.name)
                .and(self.runs([&assignment.value], functions))
        });
        set.fold(Doing::Observes, Doing::and)
            .and(self.runs(&simple.words, functions))
            .and(self.redirects(&simple.redirects, functions))
            .and(self.command(&simple.words, functions))
    }

    /// A variable that the line sets.
    fn sets(&self, name: &str) -> Doing {
        if self.fixed.iter().any(|fixed| fixed == name) {
            return Doing::Unknown(format!("the line sets `{name}`, the variable of a loop"));
        }
        self.names(name)
    }

    fn names(&self, name: &str) -> Doing {
        if self.parameters.contains_key(name) {
            return Doing::Unknown(format!(
                "the line sets `{name}`, a parameter of the claim file"
            ));
        }
        of_variable(name)
    }

    fn command(&self, words: &[Word], functions: &[&str]) -> Doing {
        let Some((first, args)) = words.split_first() else {
            return Doing::Observes;
        };
        let Some(text) = first.text() else {
            return Doing::Unknown(format!(
                "which program `{}` is is known only when it runs",
                first.shown
            ));
        };
        if functions.contains(&text) {
            // What it does has been judged where it is defined.
            return Doing::Observes;
        }
        let Some(name) = programs::name(text) else {
            return Doing::Unknown(format!("what `{text}` does is not known"));
        };
        if let Some(doing) = self.shell_variables(name, args) {
            return doing;
        }
        let deeper = Walk {
            parameters: self.parameters,
            fixed: self.fixed.clone(),
            depth: self.depth + 1,
            elsewhere: Cell::new(false),
        };
        let inside = wrapper::inside(name, args);
        let wraps = inside != Inside::Itself;
        if wraps && self.depth >= MAX_DEPTH {
            return Doing::Unknown("too many commands inside of each other".to_owned());
        }
        if matches!(name, "cd" | "pushd" | "popd") {
            self.elsewhere.set(true);
        }
        let doing = match inside {
            Inside::Nothing => Doing::Observes,
            Inside::Unknown(why) => Doing::Unknown(why),
            Inside::Line(line) => deeper.line(&line, &IndexMap::new()),
            Inside::Command { words, sets } => sets
                .iter()
                .map(|name| of_variable(name))
                .fold(deeper.command(&words, functions), Doing::and),
            Inside::Itself => {
                programs::judge(name, args, &|words| deeper.command(words, functions))
            }
        };
        let same_folder = matches!(
            name,
            "sudo"
                | "doas"
                | "env"
                | "timeout"
                | "nice"
                | "ionice"
                | "nohup"
                | "setsid"
                | "stdbuf"
                | "time"
                | "sh"
                | "bash"
                | "dash"
                | "ash"
                | "eval"
                | "exec"
                | "command"
                | "builtin"
                | "busybox"
                | "xargs"
                | "trap"
        );
        if wraps && !same_folder || deeper.elsewhere.get() {
            far(doing)
        } else {
            doing
        }
    }

    /// The shell's own commands that set variables.
    fn shell_variables(&self, name: &str, args: &[Word]) -> Option<Doing> {
        if !matches!(name, "export" | "local" | "readonly" | "unset" | "read") {
            return None;
        }
        let mut all = Doing::Observes;
        for word in args {
            let set = word.prefix.split('=').next().unwrap_or_default();
            let known = word.rest == Rest::Known || word.prefix.contains('=');
            all = all.and(match set {
                "-r" | "-p" if known => Doing::Observes,
                _ if known && kit::text::is_name(set) => self.sets(set),
                _ => Doing::Unknown(format!(
                    "`{name} {}` is not known to only observe",
                    word.shown
                )),
            });
        }
        Some(all)
    }
}

/// The variables of all loops of a line.
fn loop_names(node: &Node, found: &mut Vec<String>) {
    match node {
        Node::Nothing | Node::Simple(_) => {}
        Node::Pipe { parts, .. } => parts.iter().for_each(|node| loop_names(node, found)),
        Node::List(items) => items.iter().for_each(|(node, _)| loop_names(node, found)),
        Node::Group { body, .. } | Node::Subshell { body, .. } | Node::Function { body, .. } => {
            loop_names(body, found);
        }
        Node::If {
            condition,
            then,
            otherwise,
            ..
        } => {
            loop_names(condition, found);
            loop_names(then, found);
            otherwise.iter().for_each(|node| loop_names(node, found));
        }
        Node::While {
            condition, body, ..
        } => {
            loop_names(condition, found);
            loop_names(body, found);
        }
        Node::For { name, bodies, .. } => {
            found.push(name.clone());
            bodies.iter().for_each(|node| loop_names(node, found));
        }
        Node::Case { arms, .. } => arms.iter().for_each(|node| loop_names(node, found)),
    }
}
