//! Whether the exit code of a line tells of every failure in it.
//!
//! `restic check || true` ends with 0 whatever happens. Where the exit code is all that a check looks at,
//! such a line shows nothing. What a line prints is judged by [`read::lint`](crate::read): a line of output
//! that is demanded is evidence of its own.

use indexmap::IndexMap;

use super::reader;
use super::tree::{Join, Node, Redirect, Simple, Stream, Word};
use super::word::Values;
use super::wrapper::{self, Inside, Run, Strict, What};

/// How a line loses a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The command whose failure is lost.
    pub command: String,
    /// What loses it: `|| true`, `| cat`.
    pub by: String,
    /// What the line may print when it fails. An expectation that holds for each of them looks at the exit
    /// code alone.
    pub prints: Vec<String>,
}

/// What of a line's failures is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// The first failure that the exit code does not tell.
    pub hidden: Option<Hidden>,
    /// A command whose errors are thrown away, and whether its exit code is lost as well.
    pub silenced: Option<(String, bool)>,
}

/// What a shell line hides; `strict` if it runs under `-e` and `pipefail`.
pub(super) fn of_line(line: &str, values: &IndexMap<String, String>, strict: bool) -> Failures {
    let mut found = Failures::default();
    // What cannot be read is no evidence of a fault.
    if let Ok(node) = reader::read(line, &Values::new(values)) {
        let strict = Strict {
            exit: strict,
            pipe: strict,
        };
        let look = Look { strict, depth: 0 };
        look.node(&node, false, &mut found);
        if look.succeeds(&node) {
            look.substituted(&node, &node, &mut found);
        }
    }
    found
}

/// The same of words that no shell reads.
pub(super) fn of_words(words: &[Word]) -> Failures {
    let mut found = Failures::default();
    let simple = Simple {
        words: words.to_vec(),
        ..Simple::default()
    };
    let look = Look {
        strict: Strict::default(),
        depth: 0,
    };
    look.node(&Node::Simple(simple), false, &mut found);
    found
}

#[derive(Clone, Copy)]
struct Look {
    strict: Strict,
    depth: usize,
}

impl Look {
    /// Looks through a command; `lost` if nothing looks at its exit code.
    fn node(&self, node: &Node, lost: bool, found: &mut Failures) {
        match node {
            Node::Nothing => {}
            // Where it is called, its last command decides.
            Node::Function { body, .. } => self.node(body, lost, found),
            Node::Simple(simple) => self.simple(simple, lost, found),
            Node::Pipe { parts, .. } => self.pipe(parts, lost, found),
            Node::List(items) => self.list(items, lost, found),
            Node::Group { body, redirects } | Node::Subshell { body, redirects } => {
                self.silences(redirects, &named(node), lost, found);
                self.node(body, lost, found);
            }
            Node::If {
                condition,
                then,
                otherwise,
                ..
            } => {
                if self.succeeds(node) && !self.succeeds(condition) {
                    let instead = otherwise
                        .as_ref()
                        .map_or_else(String::new, |node| self.says(node));
                    self.hide(
                        condition,
                        "if".to_owned(),
                        vec![String::new(), instead],
                        found,
                    );
                }
                self.node(then, lost, found);
                otherwise
                    .iter()
                    .for_each(|node| self.node(node, lost, found));
            }
            Node::While { body, .. } => self.node(body, lost, found),
            Node::For { bodies, .. } => bodies.iter().for_each(|body| self.node(body, lost, found)),
            Node::Case { arms, .. } => arms.iter().for_each(|arm| self.node(arm, lost, found)),
        }
    }

    fn list(&self, items: &[(Node, Join)], lost: bool, found: &mut Failures) {
        let mut look = *self;
        for (at, item) in items.iter().enumerate() {
            look.item(items, at, lost, found);
            if let (Node::Simple(trap), true) = (&item.0, items.len() > 1) {
                look.trapped(trap, items, at, found);
            }
            if let (Node::Simple(simple), Join::Then) = item {
                look.strict = look.strict.after(simple);
            }
        }
    }

    /// What runs to make the words of a line that always succeeds: `echo $(restic check)`.
    fn substituted(&self, line: &Node, node: &Node, found: &mut Failures) {
        if let Node::Simple(simple) = node {
            let runs = simple.words.iter().flat_map(|word| &word.runs);
            if let Some(run) = runs.into_iter().find(|run| !self.succeeds(run)) {
                self.hide(run, shown(&simple.words), vec![self.says(line)], found);
            }
        }
        for child in node.children() {
            self.substituted(line, child, found);
        }
    }

    /// A trap that ends the shell with 0, however the rest ends.
    fn trapped(&self, trap: &Simple, items: &[(Node, Join)], at: usize, found: &mut Failures) {
        let texts: Vec<&str> = trap.words.iter().filter_map(Word::text).collect();
        let ["trap", action, signals @ ..] = texts.as_slice() else {
            return;
        };
        let Ok(action) = reader::read(action, &Values::new(&IndexMap::new())) else {
            return;
        };
        let at_the_end = signals
            .iter()
            .any(|name| matches!(*name, "EXIT" | "0" | "ERR"));
        let rest = items[at + 1..].last().map(|(node, _)| node);
        if let (true, true, Some(rest)) = (at_the_end, ends_with_zero(&action), rest)
            && !self.succeeds(rest)
        {
            self.hide(
                rest,
                shown(&trap.words),
                vec![self.always_says(items, at)],
                found,
            );
        }
    }

    /// One command of a list.
    fn item(&self, items: &[(Node, Join)], at: usize, lost: bool, found: &mut Failures) {
        let (node, join) = &items[at];
        let next = items.get(at + 1).map(|(next, _)| next);
        match (join, next) {
            (Join::Or, Some(next)) if self.succeeds(next) && !self.succeeds(node) => {
                let by = format!("|| {}", named(next));
                let always = self.always_says(items, at);
                let instead = format!("{}{always}", self.says(next));
                self.hide(node, by, vec![always, instead], found);
                self.node(node, true, found);
            }
            (Join::Then, Some(_))
                if !self.strict.exit && !leaves(node) && self.rest_succeeds(&items[at + 1..]) =>
            {
                if !self.succeeds(node) {
                    let by = next.map_or_else(String::new, |next| format!("; {}", named(next)));
                    self.hide(node, by, vec![self.always_says(items, at)], found);
                }
                self.node(node, true, found);
            }
            (Join::Background, None) => {
                if !self.succeeds(node) {
                    self.hide(node, "&".to_owned(), vec![String::new()], found);
                }
                self.node(node, true, found);
            }
            _ => self.node(node, lost, found),
        }
    }

    fn pipe(&self, parts: &[Node], lost: bool, found: &mut Failures) {
        let Some((last, before)) = parts.split_last() else {
            return;
        };
        let lost_here = !self.strict.pipe && !before.is_empty();
        for node in before {
            if lost_here && self.succeeds(last) && !self.succeeds(node) && !counts(last) {
                self.hide(
                    node,
                    format!("| {}", named(last)),
                    vec![String::new()],
                    found,
                );
            }
            self.node(node, lost || lost_here, found);
        }
        self.node(last, lost, found);
    }

    fn simple(&self, simple: &Simple, lost: bool, found: &mut Failures) {
        self.silences(&simple.redirects, &shown(&simple.words), lost, found);
        let Some((first, args)) = simple.words.split_first() else {
            return;
        };
        let inside = first.text().map(|name| wrapper::inside(base(name), args));
        match inside {
            _ if self.depth > 8 => {}
            // A shell of its own has its own options.
            Some(Inside::Run(Run { what, .. })) => match what {
                What::Line { line, strict } => {
                    if let Ok(node) = reader::read(&line, &Values::new(&IndexMap::new())) {
                        self.inner(strict).node(&node, lost, found);
                    }
                }
                What::Words(words) => {
                    let inner = Simple {
                        words,
                        ..Simple::default()
                    };
                    self.inner(Strict::default())
                        .node(&Node::Simple(inner), lost, found);
                }
            },
            _ => {}
        }
    }

    fn inner(&self, strict: Strict) -> Look {
        Look {
            strict,
            depth: self.depth + 1,
        }
    }

    /// What the other commands of a list print whatever happens.
    fn always_says(&self, items: &[(Node, Join)], but: usize) -> String {
        let certain = |at: &usize| *at != but && (*at == 0 || items[at - 1].1 == Join::Then);
        (0..items.len())
            .filter(certain)
            .map(|at| self.says(&items[at].0))
            .collect()
    }

    fn hide(&self, node: &Node, by: String, prints: Vec<String>, found: &mut Failures) {
        found.hidden.get_or_insert_with(|| Hidden {
            command: named(node),
            by,
            prints,
        });
    }

    /// Whether errors are thrown away.
    fn silences(&self, redirects: &[Redirect], command: &str, lost: bool, found: &mut Failures) {
        let mut out_is_away = false;
        let mut away = false;
        for redirect in redirects {
            match redirect {
                Redirect::Away(Stream::Error | Stream::Both) => away = true,
                Redirect::Away(Stream::Out) => out_is_away = true,
                Redirect::Copy {
                    from: Stream::Error,
                    to: Stream::Out,
                } => away |= out_is_away,
                _ => {}
            }
        }
        if away {
            let worse = found
                .silenced
                .as_ref()
                .is_none_or(|(_, known)| lost && !known);
            if worse {
                found.silenced = Some((command.to_owned(), lost));
            }
        }
    }

    /// Whether it ends with 0 whatever happens.
    fn succeeds(&self, node: &Node) -> bool {
        match node {
            Node::Nothing | Node::Function { .. } => true,
            Node::Simple(simple) => self.always_succeeds(simple),
            Node::Pipe { parts, negated } => {
                !negated && parts.last().is_some_and(|last| self.succeeds(last))
            }
            Node::List(items) => self.list_succeeds(items),
            Node::Group { body, .. } | Node::Subshell { body, .. } => self.succeeds(body),
            Node::If {
                then, otherwise, ..
            } => self.succeeds(then) && otherwise.as_ref().is_none_or(|node| self.succeeds(node)),
            Node::While { body, .. } => self.succeeds(body),
            Node::For { bodies, .. } => bodies.last().is_none_or(|body| self.succeeds(body)),
            Node::Case { arms, .. } => arms.iter().all(|arm| self.succeeds(arm)),
        }
    }

    /// Under `-e` every command of a list counts, else the last one.
    fn list_succeeds(&self, items: &[(Node, Join)]) -> bool {
        let mut look = *self;
        let mut ends = false;
        for (at, (node, join)) in items.iter().enumerate() {
            let whole = at == 0 || items[at - 1].1 == Join::Then;
            ends |= *join == Join::Then && whole && look.strict.exit && !look.succeeds(node);
            if let (Node::Simple(simple), Join::Then) = (node, join) {
                look.strict = look.strict.after(simple);
            }
        }
        !ends && look.rest_succeeds(items)
    }

    fn rest_succeeds(&self, items: &[(Node, Join)]) -> bool {
        let Some(((last, join), before)) = items.split_last() else {
            return true;
        };
        *join == Join::Background
            || self.succeeds(last)
                && match before.last() {
                    Some((_, Join::And)) => self.rest_succeeds(before),
                    _ => true,
                }
    }

    fn always_succeeds(&self, simple: &Simple) -> bool {
        let Some((first, args)) = simple.words.split_first() else {
            return simple
                .assignments
                .iter()
                .all(|set| set.value.runs.is_empty());
        };
        let Some(name) = first.text() else {
            return false;
        };
        let name = base(name);
        match name {
            "true" | ":" | "echo" | "printf" | "sleep" | "set" | "export" | "trap" | "unset" => {
                true
            }
            "exit" | "return" => args.first().and_then(Word::text) == Some("0"),
            // Filters of what they are given.
            "cat" | "tee" | "head" | "tail" | "sort" | "uniq" | "tr" | "wc" | "cut" | "column"
            | "nl" | "rev" | "tac" => {
                args.iter().all(|word| {
                    word.text().is_some_and(|text| {
                        text.starts_with('-') || text.bytes().all(|b| b.is_ascii_digit())
                    })
                }) || matches!(name, "tr" | "tee")
            }
            _ => match wrapper::inside(name, args) {
                Inside::Run(Run {
                    what: What::Line { line, strict },
                    ..
                }) if self.depth < 8 && name != "ssh" => {
                    reader::read(&line, &Values::new(&IndexMap::new()))
                        .is_ok_and(|node| self.inner(strict).succeeds(&node))
                }
                _ => false,
            },
        }
    }

    /// What a command prints that always succeeds.
    fn says(&self, node: &Node) -> String {
        match node {
            Node::Simple(simple) => match simple.words.split_first() {
                Some((first, args))
                    if matches!(first.text().map(base), Some("echo" | "printf")) =>
                {
                    let words: Vec<&str> = args.iter().map(|word| word.prefix.as_str()).collect();
                    format!("{}\n", words.join(" "))
                }
                _ => String::new(),
            },
            Node::Group { body, .. } | Node::Subshell { body, .. } => self.says(body),
            Node::List(items) => items.iter().map(|(node, _)| self.says(node)).collect(),
            _ => String::new(),
        }
    }
}

/// Whether it ends the shell, with 0.
fn ends_with_zero(node: &Node) -> bool {
    match node {
        Node::Simple(simple) => {
            let texts: Vec<&str> = simple.words.iter().filter_map(Word::text).collect();
            texts == ["exit", "0"]
        }
        Node::Group { body, .. } => ends_with_zero(body),
        Node::List(items) => items.iter().any(|(node, _)| ends_with_zero(node)),
        _ => false,
    }
}

/// Whether it ends the line with a failure, so that nothing after it runs.
fn leaves(node: &Node) -> bool {
    match node {
        Node::Simple(simple) => match simple.words.split_first() {
            Some((first, args)) => {
                matches!(first.text(), Some("exit" | "return"))
                    && args.first().and_then(Word::text) != Some("0")
            }
            None => false,
        },
        Node::Group { body, .. } => leaves(body),
        Node::List(items) => items
            .last()
            .is_some_and(|(node, join)| *join == Join::Then && leaves(node)),
        _ => false,
    }
}

/// `wc` says a number also of nothing, and that number can be claimed.
fn counts(node: &Node) -> bool {
    matches!(node, Node::Simple(simple) if simple.words.first().and_then(Word::text).map(base) == Some("wc"))
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A command in a few words.
fn named(node: &Node) -> String {
    match node {
        Node::Nothing => String::new(),
        Node::Simple(simple) if simple.words.is_empty() => {
            let sets = simple.assignments.iter();
            let sets: Vec<String> = sets.map(|set| format!("{}=…", set.name)).collect();
            sets.join(" ")
        }
        Node::Simple(simple) => shown(&simple.words),
        Node::Pipe { parts, .. } => parts.last().map_or_else(String::new, named),
        Node::List(items) => items
            .last()
            .map_or_else(String::new, |(node, _)| named(node)),
        Node::Group { body, .. } => format!("{{ {}; }}", named(body)),
        Node::Subshell { body, .. } => format!("( {} )", named(body)),
        Node::If { .. } => "if …".to_owned(),
        Node::While { .. } => "while …".to_owned(),
        Node::For { .. } => "for …".to_owned(),
        Node::Case { .. } => "case …".to_owned(),
        Node::Function { name, .. } => format!("{name}()"),
    }
}

fn shown(words: &[Word]) -> String {
    let few: Vec<&str> = words
        .iter()
        .take(3)
        .map(|word| word.shown.as_str())
        .collect();
    let more = if words.len() > 3 { " …" } else { "" };
    format!("{}{more}", few.join(" "))
}
