//! The outer form of a shell line, for those who turn written commands into checks.

use super::reader;
use super::tree::{Node, Word};
use super::word::Values;
use kit::text::Scope;

/// What a shell line is, seen from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One simple command without redirections, all of whose words are known before it runs.
    Words(Vec<String>),
    /// `for NAME in VALUES`, all of whose values are known.
    Loop { name: String, values: Vec<String> },
    /// Anything else that can be read.
    Other,
}

/// The form of a line; `None` where it cannot be read, or where nothing runs in it.
pub fn shape(line: &str) -> Option<Shape> {
    let known = |words: &[Word]| -> Option<Vec<String>> {
        let texts = words.iter().map(|word| word.text().map(str::to_owned));
        texts.collect()
    };
    let node = reader::read(line, &Values::new(&Scope::new())).ok()?;
    Some(match node {
        Node::Nothing => return None,
        Node::Simple(simple) if simple.assignments.is_empty() && simple.redirects.is_empty() => {
            known(&simple.words).map_or(Shape::Other, Shape::Words)
        }
        Node::For {
            name,
            values,
            redirects,
            ..
        } if redirects.is_empty() => match known(&values) {
            Some(values) => Shape::Loop { name, values },
            None => Shape::Other,
        },
        _ => Shape::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_its_words_or_its_loop() {
        let words =
            |all: &[&str]| Some(Shape::Words(all.iter().map(|w| (*w).to_owned()).collect()));
        assert_eq!(shape("ssh h 'ls -A /x'"), words(&["ssh", "h", "ls -A /x"]));
        assert_eq!(shape("ls /x | wc -l"), Some(Shape::Other));
        assert_eq!(shape("ls $HOME"), Some(Shape::Other));
        assert_eq!(shape("ls 2>/dev/null"), Some(Shape::Other));
        assert_eq!(
            shape("for s in a b; do ls $s; done"),
            Some(Shape::Loop {
                name: "s".into(),
                values: vec!["a".into(), "b".into()]
            })
        );
        assert_eq!(shape("for s in a b; do ls $s;"), None);
        assert_eq!(shape("# only words"), None);
    }
}
