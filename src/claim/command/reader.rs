//! From the text of a shell line to its [tree](super::tree), by `rable`, which knows bash's grammar.
//!
//! The shell that runs a line may be another one (dash, busybox), so that what they read differently is
//! not read at all: `((`, `$'…'`, brace expansions in front of an option.

use rable::{ListItem, ListOperator, Node as Parsed, NodeKind};

use super::tree::{Assignment, Join, Node, Redirect, Rest, Simple, Stream, Unread, Word};
use super::word::{self, Values};

/// Reads a shell line. What it answers nests so little that every walk over it has room on its stack.
///
/// # Errors
/// When a part of it is not understood, or it is too long or too deep.
pub(super) fn read(line: &str, values: &Values<'_>) -> Result<Node, Unread> {
    let too_long = || Unread::new("the shell line cannot be read: it is too long");
    let levels = may_nest(line);
    if levels > MAX_LEVELS {
        return Err(too_long());
    }
    let reading = || {
        let node = parse(line, values)?;
        if node.depth() > MAX_NESTING {
            return Err(Unread::new("the commands of the shell line nest too deep"));
        }
        Ok(node)
    };
    // A thread for each of ten thousand plain commands would take longer than all the rest.
    if levels <= FEW_LEVELS {
        return reading();
    }
    // Every bracket and every `;` may be a level on the stack of `rable`, and a fault of it ends here.
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, reading)
            .map_err(|_| too_long())?
            .join()
            .map_err(|_| too_long())?
    })
}

/// A line of at most so many levels is read on the caller's stack, of which it takes less than 1 MB.
const FEW_LEVELS: usize = 6;
/// More places where a line can nest are a program that belongs into a file.
const MAX_LEVELS: usize = 2_000;
/// So many commands inside of each other are read.
const MAX_NESTING: usize = 50;
/// Room for the deepest line that `rable` is given.
const STACK: usize = 256 << 20;

/// In how many places a line may nest.
fn may_nest(line: &str) -> usize {
    let marks = ['(', '{', '[', '`', ';', '&', '|', '!', '\n'];
    let words = [
        "if", "for", "while", "until", "case", "elif", "time", "select", "function", "coproc",
    ];
    line.matches(marks).count()
        + line
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| words.contains(word))
            .count()
}

fn parse(line: &str, values: &Values<'_>) -> Result<Node, Unread> {
    // `rable` takes a time that grows with the third power of how deep these stand in each other.
    if ["$(", "${", "`", "<(", ">("]
        .iter()
        .map(|opens| line.matches(opens).count())
        .sum::<usize>()
        > MAX_EXPANSIONS
    {
        return Err(Unread::new(format!(
            "a shell line with more than {MAX_EXPANSIONS} expansions is not read"
        )));
    }
    let parsed = rable::parse(line, false)
        .map_err(|error| Unread::new(format!("the shell line cannot be read: {error}")))?;
    let mut all = Vec::new();
    for node in &parsed {
        match command(node, values)? {
            Node::Nothing => {}
            node => all.push((node, Join::Then)),
        }
    }
    Ok(match all.len() {
        0 => Node::Nothing,
        1 => all.remove(0).0,
        _ => Node::List(all),
    })
}

/// A command of any kind.
pub(super) fn command(node: &Parsed, values: &Values<'_>) -> Result<Node, Unread> {
    let boxed = |node: &Parsed| command(node, values).map(Box::new);
    let redirects = |nodes: &[Parsed]| redirects(nodes, values);
    Ok(match &node.kind {
        NodeKind::Empty | NodeKind::Comment { .. } => Node::Nothing,
        NodeKind::Command { .. } => Node::Simple(simple(node, values)?),
        NodeKind::Pipeline { commands, .. } => Node::Pipe {
            parts: each(commands, values)?,
            negated: false,
        },
        NodeKind::Negation { pipeline } => Node::Pipe {
            parts: vec![command(pipeline, values)?],
            negated: true,
        },
        NodeKind::Time { pipeline, .. } => command(pipeline, values)?,
        NodeKind::List { items } => list(items, values)?,
        NodeKind::Subshell {
            body,
            redirects: to,
        } => Node::Subshell {
            body: boxed(body)?,
            redirects: redirects(to)?,
        },
        NodeKind::BraceGroup {
            body,
            redirects: to,
        } => Node::Group {
            body: boxed(body)?,
            redirects: redirects(to)?,
        },
        NodeKind::If {
            condition,
            then_body,
            else_body,
            redirects: to,
        } => Node::If {
            condition: boxed(condition)?,
            then: boxed(then_body)?,
            otherwise: else_body.as_deref().map(boxed).transpose()?,
            redirects: redirects(to)?,
        },
        NodeKind::While {
            condition,
            body,
            redirects: to,
        }
        | NodeKind::Until {
            condition,
            body,
            redirects: to,
        } => Node::While {
            condition: boxed(condition)?,
            body: boxed(body)?,
            redirects: redirects(to)?,
        },
        NodeKind::For {
            var,
            words,
            body,
            redirects: to,
        } => {
            let over = match words {
                Some(words) => word::all(words, values)?,
                None => vec![Word::open("$@")],
            };
            Node::For {
                name: var.clone(),
                bodies: bodies(var, &over, body, values)?,
                values: over,
                redirects: redirects(to)?,
            }
        }
        NodeKind::Case {
            word: asked,
            patterns,
            redirects: to,
        } => {
            let mut asked = word::read(asked, values)?;
            let mut arms = Vec::new();
            for pattern in patterns {
                for one in word::all(&pattern.patterns, values)? {
                    asked.runs.extend(one.runs);
                }
                if let Some(body) = &pattern.body {
                    arms.push(command(body, values)?);
                }
            }
            Node::Case {
                word: asked,
                arms,
                redirects: redirects(to)?,
            }
        }
        NodeKind::Function { name, body } => Node::Function {
            name: name.clone(),
            body: boxed(body)?,
        },
        NodeKind::ConditionalExpr {
            body,
            redirects: to,
        } => {
            word::condition(body)?;
            Node::Simple(Simple {
                words: vec![Word::known("["), Word::known("]")],
                redirects: redirects(to)?,
                ..Simple::default()
            })
        }
        NodeKind::ArithmeticCommand { .. } | NodeKind::ForArith { .. } => {
            return Err(Unread::new(
                "`((` is arithmetic in one shell and a group of commands in another",
            ));
        }
        NodeKind::Coproc { .. } => return Err(Unread::new("`coproc` is not read")),
        NodeKind::Select { .. } => return Err(Unread::new("`select` is not read")),
        _ => return Err(Unread::new("a part of the shell line is not understood")),
    })
}

/// A loop's body is read once for each value, where they are few and known.
fn bodies(
    name: &str,
    over: &[Word],
    body: &Parsed,
    values: &Values<'_>,
) -> Result<Vec<Node>, Unread> {
    if values.is_of_loop(name) {
        return Err(Unread::new(format!(
            "a loop over `{name}` inside of a loop over `{name}` is not read"
        )));
    }
    let known: Option<Vec<&str>> = over.iter().map(Word::text).collect();
    match known {
        Some(known) if known.len() <= MAX_KNOWN && values.depth() < MAX_LOOPS => known
            .iter()
            .map(|value| command(body, &values.with(name, value)))
            .collect(),
        _ => Ok(vec![command(body, &values.without(name))?]),
    }
}

/// More is a program that belongs into a file.
const MAX_EXPANSIONS: usize = 40;

/// So many values of a loop are looked at one by one, and so many loops inside of each other.
const MAX_KNOWN: usize = 32;
const MAX_LOOPS: usize = 2;

fn each(nodes: &[Parsed], values: &Values<'_>) -> Result<Vec<Node>, Unread> {
    nodes.iter().map(|node| command(node, values)).collect()
}

/// A list, flat: `rable` nests `a; b & c`.
fn list(items: &[ListItem], values: &Values<'_>) -> Result<Node, Unread> {
    let mut all = Vec::new();
    for item in items {
        let join = match item.operator {
            Some(ListOperator::And) => Join::And,
            Some(ListOperator::Or) => Join::Or,
            Some(ListOperator::Background) => Join::Background,
            Some(ListOperator::Semi) | None => Join::Then,
        };
        let before = all.last().map_or(Join::Then, |(_, join)| *join);
        match command(&item.command, values)? {
            Node::Nothing => {}
            Node::List(inner) if join == Join::Then && !matches!(before, Join::And | Join::Or) => {
                all.extend(inner);
            }
            node => all.push((node, join)),
        }
    }
    Ok(Node::List(all))
}

fn simple(node: &Parsed, values: &Values<'_>) -> Result<Simple, Unread> {
    let NodeKind::Command {
        assignments,
        words,
        redirects: to,
    } = &node.kind
    else {
        return Err(Unread::new("a part of the shell line is not understood"));
    };
    Ok(Simple {
        assignments: assignments
            .iter()
            .map(|node| assignment(node, values))
            .collect::<Result<_, _>>()?,
        words: word::all(words, values)?,
        redirects: redirects(to, values)?,
    })
}

fn assignment(node: &Parsed, values: &Values<'_>) -> Result<Assignment, Unread> {
    let whole = word::read(node, values)?;
    let Some((name, value)) = whole.prefix.split_once('=') else {
        return Err(Unread::new(format!("`{}` is not understood", whole.shown)));
    };
    let name = name.strip_suffix('+').unwrap_or(name);
    if !kit::text::is_name(name) {
        return Err(Unread::new(format!("`{}` is not understood", whole.shown)));
    }
    Ok(Assignment {
        name: name.to_owned(),
        value: Word {
            prefix: value.to_owned(),
            ..whole.clone()
        },
    })
}

fn redirects(nodes: &[Parsed], values: &Values<'_>) -> Result<Vec<Redirect>, Unread> {
    nodes.iter().map(|node| redirect(node, values)).collect()
}

fn redirect(node: &Parsed, values: &Values<'_>) -> Result<Redirect, Unread> {
    let (op, target, fd) = match &node.kind {
        NodeKind::Redirect {
            op,
            target,
            fd,
            varfd: None,
        } => (op.as_str(), word::read(target, values)?, *fd),
        NodeKind::HereDoc {
            content, quoted, ..
        } => return here_document(content, *quoted),
        _ => return Err(Unread::new("a redirection is not understood")),
    };
    let stream = |default: i32| match if fd < 0 { default } else { fd } {
        1 => Stream::Out,
        2 => Stream::Error,
        _ => Stream::Other,
    };
    Ok(match op {
        "<" | "<<<" => Redirect::Read(target),
        // How `rable` tells a stream that is closed; it drops the number in `2>& -`.
        ">&-" => Redirect::Away(stream(1)),
        "<&" | ">&" => match target.text().map(|text| text.trim_end_matches('-')) {
            Some(number) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
                Redirect::Copy {
                    from: stream(if op == "<&" { 0 } else { 1 }),
                    to: match number {
                        "1" => Stream::Out,
                        "2" => Stream::Error,
                        _ => Stream::Other,
                    },
                }
            }
            // `>& FILE` is bash's way to write `&> FILE`.
            _ if op == ">&" && fd < 0 => to_file(target, Stream::Both),
            _ => return Err(Unread::new(format!("`{op}{}` is not read", target.shown))),
        },
        ">" | ">>" | ">|" => to_file(target, stream(1)),
        "&>" | "&>>" => to_file(target, Stream::Both),
        "<>" => Redirect::Write(target),
        _ => return Err(Unread::new(format!("the redirection `{op}` is not read"))),
    })
}

fn to_file(target: Word, stream: Stream) -> Redirect {
    match target.text() {
        Some("/dev/null") => Redirect::Away(stream),
        Some("/dev/stdout" | "/dev/fd/1") => Redirect::Copy {
            from: stream,
            to: Stream::Out,
        },
        Some("/dev/stderr" | "/dev/fd/2") => Redirect::Copy {
            from: stream,
            to: Stream::Error,
        },
        _ => Redirect::Write(target),
    }
}

/// A here-document is read, unless the shell would run something to fill it in.
fn here_document(content: &str, quoted: bool) -> Result<Redirect, Unread> {
    // `rable` leaves the content empty where it stands inside of `$(…)`.
    if !quoted && (content.is_empty() || word::inert(content).is_err()) {
        return Err(Unread::new(
            "a here-document in which something may run is not read; quote its word: `<<'END'`",
        ));
    }
    Ok(Redirect::Read(Word {
        rest: Rest::Open,
        ..Word::default()
    }))
}
