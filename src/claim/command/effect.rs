//! What a command does to the world: it only observes, it is known to change something, or nobody knows.
//!
//! Observing is a closed list ([`programs`](super::programs)); what is not on it is unknown, and what
//! cannot be read is unknown as well. The worst part of a line decides.

use std::cell::Cell;

use indexmap::IndexMap;

use super::change::{Doing, Mutation, Reach, far, stays_in_folder};
use super::programs;
use super::reader;
use super::tree::{Join, Node, Redirect, Rest, Simple, Word};
use super::word::Values;
use super::wrapper::{self, Inside, Run, What};

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
    .program(words)
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
        let node = match reader::read(line, &Values::new(values)) {
            Ok(node) => node,
            Err(unread) => return Doing::Unknown(unread.to_string()),
        };
        let loops = match Loops::of(&node) {
            Ok(loops) => loops,
            Err(twice) => return set_by_line(&twice),
        };
        if let Some(twice) = loops.iter().find(|name| self.fixed.contains(name)) {
            return set_by_line(twice);
        }
        let mut walk = self.below();
        walk.depth = self.depth;
        walk.fixed.extend(loops);
        let doing = walk.script(&node);
        if walk.elsewhere.get() {
            self.elsewhere.set(true);
            far(doing)
        } else {
            doing
        }
    }

    /// For a command inside of one.
    fn below(&self) -> Self {
        Walk {
            parameters: self.parameters,
            fixed: self.fixed.clone(),
            depth: self.depth + 1,
            elsewhere: Cell::new(false),
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

    fn node(&self, node: &Node, functions: &[&str]) -> Doing {
        let children = node.children();
        let inside = children.iter().map(|node| self.node(node, functions));
        let written = node.redirects().iter().map(written);
        let own = match node {
            Node::Simple(simple) => self.simple(simple, functions),
            Node::For { name, .. } => self.names(name),
            _ => Doing::Observes,
        };
        inside
            .chain(written)
            .chain([own])
            .fold(Doing::Observes, Doing::and)
    }

    fn simple(&self, simple: &Simple, functions: &[&str]) -> Doing {
        let set = simple.assignments.iter().map(|set| self.sets(&set.name));
        let set = set.fold(Doing::Observes, Doing::and);
        let is_function = |word: &Word| word.text().is_some_and(|name| functions.contains(&name));
        // What a function does has been judged where it is defined.
        if simple.words.first().is_some_and(is_function) {
            return set;
        }
        set.and(self.program(&simple.words))
    }

    /// A variable that the line sets.
    fn sets(&self, name: &str) -> Doing {
        if self.fixed.iter().any(|fixed| fixed == name) {
            return set_by_line(name);
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

    /// A command that is not a function of the line: only the shell itself knows those.
    fn program(&self, words: &[Word]) -> Doing {
        let Some((first, args)) = words.split_first() else {
            return Doing::Observes;
        };
        let Some(text) = first.text() else {
            return Doing::Unknown(format!(
                "which program `{}` is is known only when it runs",
                first.shown
            ));
        };
        let Some(name) = programs::name(text) else {
            return Doing::Unknown(format!("what `{text}` does is not known"));
        };
        if let Some(doing) = self.shell_variables(name, args) {
            return doing;
        }
        if matches!(name, "cd" | "pushd" | "popd") {
            self.elsewhere.set(true);
        }
        match wrapper::inside(name, args) {
            Inside::Nothing => Doing::Observes,
            Inside::Unknown(why) => Doing::Unknown(why),
            Inside::Itself => programs::judge(name, args, &|words| self.below().inner(words)),
            _ if self.depth >= MAX_DEPTH => {
                Doing::Unknown("too many commands inside of each other".to_owned())
            }
            Inside::Run(run) => self.run(run),
        }
    }

    /// A command that another one runs.
    fn run(&self, run: Run) -> Doing {
        let Run {
            what,
            sets,
            elsewhere,
        } = run;
        let below = self.below();
        let doing = match what {
            What::Words(words) => below.inner(&words),
            What::Line { line, .. } => below.line(&line, &IndexMap::new()),
        };
        // `command cd` and `eval 'cd …'` hold for what follows as well.
        if below.elsewhere.get() {
            self.elsewhere.set(true);
        }
        let sets = sets.iter().map(|name| of_variable(name));
        let doing = sets.fold(doing, Doing::and);
        if elsewhere { far(doing) } else { doing }
    }

    fn inner(&self, words: &[Word]) -> Doing {
        if self.depth > MAX_DEPTH {
            return Doing::Unknown("too many commands inside of each other".to_owned());
        }
        let doing = self.program(words);
        if self.elsewhere.get() {
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

/// What a redirection does.
fn written(redirect: &Redirect) -> Doing {
    let Redirect::Write(word) = redirect else {
        return Doing::Observes;
    };
    Doing::Mutates(Mutation {
        what: format!("> {}", word.shown),
        reach: if stays_in_folder(word) {
            Reach::Output
        } else {
            Reach::World
        },
    })
}

fn set_by_line(name: &str) -> Doing {
    Doing::Unknown(format!("the line sets `{name}`, the variable of a loop"))
}

/// The variables of all loops of a line.
#[derive(Default)]
struct Loops<'n> {
    /// Each with the function that it stands in, counted from 1.
    found: Vec<(&'n str, usize)>,
    functions: usize,
}

impl<'n> Loops<'n> {
    /// # Errors
    /// A variable of which a function runs a loop of its own: that may run inside of the other loop.
    fn of(node: &'n Node) -> Result<Vec<String>, String> {
        let mut loops = Loops::default();
        loops.look(node, 0);
        for (name, function) in &loops.found {
            let elsewhere = |(other, of): &(&str, usize)| other == name && of != function;
            if loops.found.iter().any(elsewhere) {
                return Err((*name).to_owned());
            }
        }
        Ok(loops
            .found
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect())
    }

    fn look(&mut self, node: &'n Node, function: usize) {
        let mut function = function;
        match node {
            Node::For { name, .. } => self.found.push((name, function)),
            Node::Function { .. } => {
                self.functions += 1;
                function = self.functions;
            }
            _ => {}
        }
        for child in node.children() {
            self.look(child, function);
        }
    }
}
