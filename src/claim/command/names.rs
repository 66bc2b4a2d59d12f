//! Which programs a line names, and where what it prints comes from.

use super::tree::{Node, Word};
use super::wrapper::{self, Inside, What};

/// A command of a line: its program, without a folder, and its arguments as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) program: String,
    pub(super) args: Vec<String>,
}

/// Every command of a line, those inside of others included.
pub(super) fn commands(node: &Node) -> Vec<Named> {
    let mut all = Vec::new();
    collect(node, &mut all);
    all
}

/// The commands that a line's output comes from: of each pipe the first one.
pub(super) fn sources(node: &Node) -> Vec<Named> {
    match node {
        Node::Pipe { parts, .. } => parts.first().map_or_else(Vec::new, sources),
        Node::List(items) => items.iter().flat_map(|(node, _)| sources(node)).collect(),
        Node::Group { body, .. } | Node::Subshell { body, .. } => sources(body),
        Node::Simple(simple) => named(&simple.words, 0).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Whether what a line prints is a count: `… | wc -l`, `… | grep -c x`, `grep -c x log`.
pub(super) fn counts(node: &Node) -> bool {
    match node {
        Node::Pipe { parts, .. } => parts.last().is_some_and(counts),
        Node::List(items) => items.last().is_some_and(|(node, _)| counts(node)),
        Node::Group { body, .. } | Node::Subshell { body, .. } => counts(body),
        Node::Simple(simple) => named(&simple.words, 0).is_some_and(|command| {
            let counting = |arg: &String| {
                arg == "--count"
                    || arg.starts_with('-') && !arg.starts_with("--") && arg.contains('c')
            };
            match command.program.as_str() {
                "wc" => true,
                "grep" | "egrep" | "fgrep" | "zgrep" => command.args.iter().any(counting),
                _ => false,
            }
        }),
        _ => false,
    }
}

fn collect(node: &Node, all: &mut Vec<Named>) {
    for child in node.children() {
        collect(child, all);
    }
    if let Node::Simple(simple) = node {
        all.extend(named(&simple.words, 0));
    }
}

/// A command by its words. Of one that runs another the other one counts; a line inside of it is read no
/// further, and then it counts itself.
fn named(words: &[Word], depth: usize) -> Option<Named> {
    let (program, args) = inmost(words, depth)?;
    Some(Named {
        program,
        args: args.iter().map(|word| word.prefix.clone()).collect(),
    })
}

/// The program that the words of a command run in the end, and its arguments.
pub(super) fn inmost(words: &[Word], depth: usize) -> Option<(String, Vec<Word>)> {
    let (first, args) = words.split_first()?;
    let program = first.text()?;
    let program = program.rsplit('/').next().unwrap_or(program);
    if depth < 8
        && let Inside::Run(run) = wrapper::inside(program, args)
        && let What::Words(words) = run.what
    {
        return inmost(&words, depth + 1);
    }
    Some((program.to_owned(), args.to_vec()))
}

impl Named {
    /// Whether it answers nothing, and exits with 0, also where what it was asked for does not exist: for a
    /// name that is mistyped as well as for one that is gone.
    pub(super) fn is_query(&self) -> bool {
        let has = |wanted: &[&str]| self.args.iter().any(|arg| wanted.contains(&arg.as_str()));
        let begins = |start: &str| self.args.iter().any(|arg| arg.starts_with(start));
        if begins("--filter") || begins("--selector") || begins("--field-selector") {
            return true;
        }
        let operands = self.args.iter().filter(|arg| !arg.starts_with('-')).count();
        match self.program.as_str() {
            "journalctl" => true,
            "dig" => has(&["+short"]),
            "docker" | "podman" => has(&["ls", "ps", "images"]) && has(&["-f"]),
            "kubectl" | "oc" => has(&["get"]) && has(&["-l"]),
            "systemctl" => {
                has(&[
                    "list-units",
                    "list-timers",
                    "list-unit-files",
                    "list-sockets",
                ]) && operands > 1
            }
            "rpm" => has(&["-qa"]) && operands > 0,
            _ => false,
        }
    }

    /// Whether it prints or ends as it is told, whatever the world is like.
    pub(super) fn is_constant(&self) -> bool {
        matches!(
            self.program.as_str(),
            "echo" | "printf" | "true" | "false" | "exit" | ":" | "return"
        )
    }

    /// The command in a few words.
    pub(super) fn shown(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.args);
        words.take(4).cloned().collect::<Vec<_>>().join(" ")
    }
}
