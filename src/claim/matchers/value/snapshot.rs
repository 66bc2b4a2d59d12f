//! `snapshot:`: a whole text, line by line, with places in it that may be anything.

use std::fmt;

use regex::Regex;

use crate::matchers::observed::ObservedText;
use crate::matchers::render;
use crate::matchers::result::{MatchResult, MatchSite};
use crate::matchers::rule::{Prospects, TextRule};
use kit::text::{Part, Scope, Text};

/// What stands for anything within a line, as in the snapshots of `snapbox` and `trycmd`.
pub(crate) const WITHIN: &str = "[..]";
/// The line that stands for any number of lines.
pub(crate) const LINES: &str = "...";

/// A text with placeholders.
#[derive(Clone, Debug)]
pub struct Snapshot(Vec<SnapshotLine>);

#[derive(Clone, Debug)]
enum SnapshotLine {
    /// Any number of lines.
    Any,
    One(Vec<Piece>),
}

#[derive(Clone, Debug)]
enum Piece {
    /// It stands for itself, also where it looks like a placeholder: a value does.
    Text(Text),
    /// Anything without a line feed.
    Anything,
}

impl Snapshot {
    /// From a text as it is written; the values of a scope are filled in and stand for themselves.
    /// `None` where nothing is demanded: there is neither a letter nor a digit nor a value in it.
    pub fn read(text: &Text, scope: &Scope) -> Option<Snapshot> {
        let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
        for part in &text.parts {
            match part {
                Part::Literal(literal) => {
                    for (index, line) in literal.split('\n').enumerate() {
                        if index > 0 {
                            lines.push(Vec::new());
                        }
                        let pieces = lines.last_mut()?;
                        for (index, text) in line.split(WITHIN).enumerate() {
                            if index > 0 {
                                pieces.push(Piece::Anything);
                            }
                            if !text.is_empty() {
                                pieces.push(Piece::Text(Text::literal(text)));
                            }
                        }
                    }
                }
                Part::Param(_) => {
                    let value = Text {
                        parts: vec![part.clone()],
                    };
                    lines.last_mut()?.push(Piece::Text(value.bind(scope)));
                }
            }
        }
        let blank = |line: &Vec<Piece>| line.iter().all(|piece| piece.is_blank());
        while lines.last().is_some_and(blank) {
            lines.pop();
        }
        let first = lines.iter().position(|line| !blank(line))?;
        let lines: Vec<SnapshotLine> = lines.drain(first..).map(SnapshotLine::of).collect();
        let demands = lines.iter().any(SnapshotLine::demands);
        demands.then_some(Snapshot(lines))
    }

    /// Whether a text is as it demands.
    pub(crate) fn fits(&self, scope: &Scope, text: &str) -> bool {
        self.fits_line(scope, text.trim())
    }

    /// Whether one line, with its white space, is as it demands.
    pub(crate) fn fits_line(&self, scope: &Scope, line: &str) -> bool {
        let whole = self.pattern(self.0.len(), scope, true);
        whole.is_ok_and(|whole| whole.is_match(&format!("{line}\n")))
    }

    /// A text that it describes, with `filler` in each place that may be anything.
    pub fn example(&self, scope: &Scope, filler: &str) -> String {
        let lines: Vec<String> = self
            .0
            .iter()
            .map(|line| line.shown(scope, filler, filler))
            .collect();
        lines.join("\n")
    }

    /// What the first `count` lines match at the beginning of a text, of which each line is ended.
    fn pattern(&self, count: usize, scope: &Scope, whole: bool) -> Result<Regex, regex::Error> {
        let lines: String = self.0[..count]
            .iter()
            .map(|line| line.pattern(scope))
            .collect();
        let end = if whole { r"\z" } else { "" };
        Regex::new(&format!(r"\A{lines}{end}"))
    }

    fn shown(&self, scope: &Scope) -> String {
        let lines = self.0.iter().map(|line| line.shown(scope, WITHIN, LINES));
        lines.collect::<Vec<String>>().join("\n")
    }
}

impl Piece {
    fn is_blank(&self) -> bool {
        match self {
            Piece::Text(text) => text.parts.iter().all(|part| match part {
                Part::Literal(text) => text.trim().is_empty(),
                Part::Param(_) => false,
            }),
            Piece::Anything => false,
        }
    }
}

impl SnapshotLine {
    fn of(pieces: Vec<Piece>) -> SnapshotLine {
        match pieces.as_slice() {
            [Piece::Text(Text { parts })] if parts[..] == [Part::Literal(LINES.to_owned())] => {
                SnapshotLine::Any
            }
            _ => SnapshotLine::One(pieces),
        }
    }

    fn demands(&self) -> bool {
        let of = |piece: &Piece| match piece {
            Piece::Text(text) => text.parts.iter().any(|part| match part {
                Part::Literal(text) => text.chars().any(char::is_alphanumeric),
                Part::Param(_) => true,
            }),
            Piece::Anything => false,
        };
        matches!(self, SnapshotLine::One(pieces) if pieces.iter().any(of))
    }

    fn pattern(&self, scope: &Scope) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => regex::escape(&text.render(scope)),
            Piece::Anything => r"[^\n]*".to_owned(),
        };
        match self {
            SnapshotLine::Any => r"(?:[^\n]*\n)*".to_owned(),
            SnapshotLine::One(pieces) => {
                let pieces: String = pieces.iter().map(piece).collect();
                format!("{pieces}\\n")
            }
        }
    }

    fn shown(&self, scope: &Scope, within: &str, lines: &str) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.render(scope),
            Piece::Anything => within.to_owned(),
        };
        match self {
            SnapshotLine::Any => lines.to_owned(),
            SnapshotLine::One(pieces) => pieces.iter().map(piece).collect(),
        }
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown(&Scope::new()))
    }
}

impl TextRule for &Snapshot {
    fn judge(&self, site: &MatchSite<'_>, observed: &ObservedText<'_>) -> MatchResult {
        if let Some(undecidable) = observed.undecidable() {
            return undecidable;
        }
        let text = format!("{}\n", observed.text.trim());
        let all = self.0.len();
        let whole = match self.pattern(all, site.scope, true) {
            Ok(whole) => whole,
            Err(error) => return MatchResult::Undecidable(format!("the snapshot: {error}")),
        };
        if whole.is_match(&text) {
            return MatchResult::Holds;
        }
        // How many lines are there, from the first on.
        let counts: Vec<usize> = (1..=all).collect();
        let found = counts.partition_point(|count| {
            let pattern = self.pattern(*count, site.scope, false);
            pattern.is_ok_and(|pattern| pattern.is_match(&text))
        });
        let note = match self.0.get(found) {
            Some(line) => {
                let line = render::clean(&line.shown(site.scope, WITHIN, LINES), 160);
                let before = self.pattern(found, site.scope, false).ok();
                let end = before.and_then(|before| before.find(&text).map(|seen| seen.end()));
                let there = text[end.unwrap_or_default()..].lines().next();
                let there = match there {
                    Some(there) => format!("`{}`", render::clean(there, 160)),
                    None => "the end".to_owned(),
                };
                format!(
                    "line {} of the snapshot is `{line}`, and there is {there}",
                    found + 1
                )
            }
            None => "the text goes on after the last line of the snapshot".to_owned(),
        };
        site.differs(self.describe(site.scope), render::shown(&observed.text))
            .with_note(Some(note))
    }

    fn describe(&self, scope: &Scope) -> String {
        format!("as the snapshot \"{}\"", self.shown(scope))
    }

    fn prospects(&self) -> Prospects {
        Prospects::tried(self)
    }

    fn params(&self) -> Vec<String> {
        let pieces = self.0.iter().flat_map(|line| match line {
            SnapshotLine::Any => &[],
            SnapshotLine::One(pieces) => pieces.as_slice(),
        });
        let texts = pieces.filter_map(|piece| match piece {
            Piece::Text(text) => Some(text),
            Piece::Anything => None,
        });
        crate::matchers::rule::names(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expectation::TextMatcher;
    use crate::matchers::result::MatchSite;

    fn judge(snapshot: &str, text: &str) -> MatchResult {
        let known = Scope::from_iter([("v".to_owned(), "[..]".to_owned())]);
        let later = Scope::from_iter([("c".to_owned(), "a.c\n...".to_owned())]);
        let read = Snapshot::read(&Text::parse(snapshot), &known).expect("it demands something");
        let matcher = TextMatcher::Snapshot(read);
        let site = MatchSite {
            span: 0..0,
            subject: "stdout".to_owned(),
            scope: &later,
            at: chrono::Utc::now(),
        };
        matcher.rule().judge(&site, &ObservedText::whole(text))
    }

    #[test]
    fn only_placeholders_of_the_snapshot_stand_for_anything() {
        for (snapshot, text, holds) in [
            ("a [..] c\n", "a b c", true),
            ("a [..] c\n", "  a  c\n\n", true),
            ("a [..] c", "a b\nc", false),
            ("a [..] c", "a b c d", false),
            ("[..]a[..]", "xay", true),
            ("a\n...\nc", "a\nc", true),
            ("a\n...\nc", "a\nb\nb\nc", true),
            ("a\n...\nc", "a\nb\nbc", false),
            ("...\nc", "c", true),
            ("a\n...", "a", true),
            ("a\n...", "ab", false),
            ("a\n...\n...\nc", "a\n\nc", true),
            ("a ... c", "a b c", false),
            ("a.c", "abc", false),
            ("a\n\nc", "a\nc", false),
            // A value stands for itself.
            ("a ${v}", "a b", false),
            ("a ${v}", "a [..]", true),
            ("${c}\nd", "a.c\n...\nd", true),
            ("${c}\nd", "a.c\nx\nd", false),
            ("${c}\nd", "abc\n...\nd", false),
        ] {
            let result = judge(snapshot, text);
            assert_eq!(
                matches!(result, MatchResult::Holds),
                holds,
                "{snapshot:?} {text:?}"
            );
        }
    }

    #[test]
    fn what_demands_nothing_is_not_a_snapshot() {
        for empty in [
            "",
            "\n",
            "...",
            "[..]",
            "...\n[..]\n...",
            "[..] - [..]",
            "\n \n",
        ] {
            let read = Snapshot::read(&Text::parse(empty), &Scope::new());
            assert!(read.is_none(), "{empty:?}");
        }
    }
}
