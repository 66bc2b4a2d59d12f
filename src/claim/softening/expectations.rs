//! Two expectations: what the newer one demands no more, and for what it holds besides.
//!
//! Both are parted into what must hold together. A part that is gone is a demand less. A part that became
//! another one is tried on observations made of its own words (`judged`): one that the newer part accepts
//! and the older one does not is the proof that it is looser, and is named.

use super::judged::{Direction, direction};
use super::{Found, Gravity};
use crate::expectation::{Expect, Test};
use crate::matchers::expectation_words;
use kit::text::Scope;

pub(super) fn compare(
    of: &str,
    what: &str,
    (was, old_scope): (&Expect, &Scope),
    (now, new_scope): (&Expect, &Scope),
    found: &mut Found,
) {
    let old = parts(was, old_scope);
    let mut new = parts(now, new_scope);
    let lost: Vec<PartOf<'_>> = old
        .into_iter()
        .filter(
            |part| match new.iter().position(|it| it.words == part.words) {
                Some(at) => {
                    new.remove(at);
                    false
                }
                None => true,
            },
        )
        .collect();
    for part in lost {
        let Some(at) = new.iter().position(|it| it.subject == part.subject) else {
            found.add(Gravity::Removed, of, what, &part.words, "");
            continue;
        };
        let other = new.remove(at);
        let pair = (part.words.as_str(), other.words.as_str());
        let (gravity, example) =
            match direction((part.expect, old_scope), (other.expect, new_scope)) {
                Direction::Looser(example) => (Gravity::Loosened, Some(example)),
                Direction::Other(example) => (Gravity::Changed, Some(example)),
                Direction::Unknown => (Gravity::Changed, None),
                Direction::Tighter => continue,
            };
        let note = example.map(|example| format!("it holds now for {example}"));
        found.noted(gravity, of, what, pair, note);
    }
}

/// A part of an expectation that must hold with the others.
struct PartOf<'e> {
    expect: &'e Expect,
    /// What it looks at.
    subject: String,
    words: String,
}

fn parts<'e>(expect: &'e Expect, scope: &Scope) -> Vec<PartOf<'e>> {
    match expect {
        Expect::All(all) => all.iter().flat_map(|part| parts(part, scope)).collect(),
        one => vec![PartOf {
            expect: one,
            subject: subject(one),
            words: expectation_words(one, scope),
        }],
    }
}

fn subject(expect: &Expect) -> String {
    match expect {
        Expect::Holds(clause) => match &clause.test {
            Test::Exit(_) => "exit".to_owned(),
            Test::Stdout(_) => "stdout".to_owned(),
            Test::Stderr(_) => "stderr".to_owned(),
            Test::Status(_) => "status".to_owned(),
            Test::Body(_) => "body".to_owned(),
            Test::Header(name, _) => format!("header {}", name.to_ascii_lowercase()),
            Test::Json(test) => format!("{} {}", test.syntax.key(), test.path.source),
            Test::Duration(_) => "duration".to_owned(),
            Test::Certificate(_) => "certificate".to_owned(),
            Test::TestRun(_) => "tests".to_owned(),
            Test::Cookie(Some(name), _) => format!("cookie {name}"),
            Test::Cookie(None, _) => "cookies".to_owned(),
        },
        // One matcher may become alternatives of the same thing.
        Expect::Any(parts) => parts.first().map_or_else(String::new, subject),
        Expect::Not(inner) => subject(inner),
        Expect::All(parts) => parts.first().map_or_else(String::new, subject),
    }
}
