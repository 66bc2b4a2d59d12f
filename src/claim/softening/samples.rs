//! Texts and values made of what two matchers name: what each demands, a little more, a little less.

use crate::expectation::{JsonMatcher, JsonTest, Limits, Needle, TextMatcher, VersionBounds};
use crate::matchers::known_limits;
use indexmap::IndexSet;
use kit::decimal::Decimal;
use kit::json_path::{JsonPath, JsonStep};
use kit::text::Scope;
use regex_syntax::hir::{Class, Hir, HirKind};

/// The longest text that is made to have a length or a number of lines.
const MOST: u32 = 2000;

/// The numbers in the limits, and those beside them.
pub(super) fn numbers(limits: &Limits) -> Vec<Decimal> {
    let one = Decimal::from(1_u64);
    let mut all = vec![Decimal::zero(), one.clone(), one.negated()];
    for number in known_limits(limits) {
        all.extend(
            [number.minus(&one), number.plus(&one)]
                .into_iter()
                .flatten(),
        );
        let tenth = one.shifted(-1);
        all.extend(
            [number.minus(&tenth), number.plus(&tenth)]
                .into_iter()
                .flatten(),
        );
        all.push(number);
    }
    all
}

/// Whether all of them bound one number, so that what was tried around the bounds decides.
pub(super) fn are_numbers(matchers: &[(&TextMatcher, &Scope)]) -> bool {
    let plain = |limits: &Limits| limits.open.is_empty();
    let each = |of: fn(&TextMatcher) -> Option<&Limits>| {
        matchers
            .iter()
            .all(|(matcher, _)| of(matcher).is_some_and(plain))
    };
    each(|it| match it {
        TextMatcher::Number(limits) => Some(limits),
        _ => None,
    }) || each(|it| match it {
        TextMatcher::Lines(limits) => Some(limits),
        _ => None,
    }) || each(|it| match it {
        TextMatcher::Length(limits) => Some(limits),
        _ => None,
    })
}

/// Texts around what the matchers name.
pub(super) fn texts(matchers: &[(&TextMatcher, &Scope)]) -> Vec<String> {
    let mut named = IndexSet::new();
    for (matcher, scope) in matchers {
        name(matcher, scope, &mut named);
    }
    let mut all = vec![
        String::new(),
        "\n".to_owned(),
        "x".to_owned(),
        "error: connection refused".to_owned(),
        "{}".to_owned(),
        "null".to_owned(),
    ];
    for text in &named {
        all.push(text.clone());
        all.extend([
            format!("{text} x"),
            format!("x {text}"),
            format!("x{text}x"),
            format!("{text}\nx"),
            format!("x\n{text}"),
        ]);
        all.push(text.to_uppercase());
        let mut chars = text.chars();
        chars.next_back();
        all.push(chars.as_str().to_owned());
        all.extend(text.split_whitespace().map(str::to_owned));
    }
    all
}

fn name(matcher: &TextMatcher, scope: &Scope, all: &mut IndexSet<String>) {
    match matcher {
        TextMatcher::Equals(text)
        | TextMatcher::Exact(text)
        | TextMatcher::Contains(text)
        | TextMatcher::StartsWith(text)
        | TextMatcher::EndsWith(text) => all.extend([text.render(scope)]),
        TextMatcher::Matches(regex) => all.extend(matching(regex)),
        TextMatcher::Snapshot(snapshot) => {
            all.extend(["", "x", "7\n7"].map(|filler| snapshot.example(scope, filler)));
        }
        TextMatcher::InOrder(needles) => {
            let each = needles.iter().map(|needle| match needle {
                Needle::Text(text) => text.render(scope),
                Needle::Pattern(regex) => matching(regex).into_iter().next().unwrap_or_default(),
            });
            let each: Vec<String> = each.collect();
            all.extend(each.clone());
            all.extend([
                each.join("\n"),
                each.iter().rev().cloned().collect::<Vec<_>>().join("\n"),
            ]);
        }
        TextMatcher::SetEquals(lines) => {
            let lines: Vec<String> = lines.iter().map(|line| line.render(scope)).collect();
            all.extend([lines.join("\n")]);
        }
        TextMatcher::Line { matcher, .. }
        | TextMatcher::EveryLine(matcher)
        | TextMatcher::Taken { matcher, .. }
        | TextMatcher::Not(matcher) => name(matcher, scope, all),
        TextMatcher::Lines(limits) => all.extend(repeated(limits, "x\n")),
        TextMatcher::Length(limits) => all.extend(repeated(limits, "x")),
        TextMatcher::Count { of, bounds } => {
            all.extend(
                matching(of)
                    .iter()
                    .flat_map(|one| repeated(bounds, &format!("{one}\n"))),
            );
        }
        TextMatcher::Number(limits) => all.extend(numbers(limits).iter().map(Decimal::to_string)),
        TextMatcher::Version(bounds) => all.extend(versions(bounds)),
        TextMatcher::Json(test) => {
            let values = values(&[(test.as_ref(), scope)]);
            all.extend(
                values
                    .iter()
                    .filter_map(|value| document(&test.path, value)),
            );
        }
        TextMatcher::All(parts) | TextMatcher::Any(parts) => {
            parts.iter().for_each(|part| name(part, scope, all));
        }
        TextMatcher::Empty(_)
        | TextMatcher::Time(_)
        | TextMatcher::Secrets(_)
        | TextMatcher::Sha256(_) => {}
    }
}

fn repeated(limits: &Limits, text: &str) -> Vec<String> {
    let counts = numbers(limits)
        .into_iter()
        .filter_map(|n| n.to_string().parse::<u32>().ok());
    counts
        .filter(|n| *n <= MOST)
        .map(|n| text.repeat(n as usize))
        .collect()
}

fn versions(bounds: &VersionBounds) -> Vec<String> {
    let named = [
        &bounds.equals,
        &bounds.min,
        &bounds.max,
        &bounds.above,
        &bounds.below,
    ];
    let around = |version: &String| {
        [
            version.clone(),
            format!("{version}.1"),
            "0.0.1".to_owned(),
            "99999.0".to_owned(),
        ]
    };
    named.into_iter().flatten().flat_map(around).collect()
}

/// Texts that match a regular expression: of each alternative one, as short as it can be.
fn matching(regex: &regex::Regex) -> Vec<String> {
    let Ok(hir) = regex_syntax::parse(regex.as_str()) else {
        return Vec::new();
    };
    let mut texts = shortest(&hir);
    texts.retain(|text| regex.is_match(text));
    texts
}

/// At most so many texts for one expression.
const FEW: usize = 12;

fn shortest(hir: &Hir) -> Vec<String> {
    let mut texts = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![String::new()],
        HirKind::Literal(literal) => String::from_utf8(literal.0.to_vec()).into_iter().collect(),
        HirKind::Class(Class::Unicode(class)) => {
            class.iter().map(|range| range.end().to_string()).collect()
        }
        HirKind::Class(Class::Bytes(class)) => class
            .iter()
            .map(|range| char::from(range.end()).to_string())
            .collect(),
        HirKind::Repetition(repeated) => {
            let times = repeated.min.min(MOST) as usize;
            shortest(&repeated.sub)
                .iter()
                .map(|text| text.repeat(times))
                .collect()
        }
        HirKind::Capture(group) => shortest(&group.sub),
        HirKind::Concat(parts) => side_by_side(&parts.iter().map(shortest).collect::<Vec<_>>()),
        HirKind::Alternation(parts) => parts.iter().flat_map(shortest).collect(),
    };
    texts.truncate(FEW);
    texts
}

/// As many texts as the part with the most alternatives has, each alternative in at least one.
fn side_by_side(parts: &[Vec<String>]) -> Vec<String> {
    if parts.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    let most = parts.iter().map(Vec::len).max().unwrap_or(0);
    let text = |at: usize| {
        parts
            .iter()
            .map(|part| part[at % part.len()].as_str())
            .collect()
    };
    (0..most).map(text).collect()
}

/// JSON values around what the tests name.
pub(super) fn values(tests: &[(&JsonTest, &Scope)]) -> Vec<String> {
    let mut all: Vec<String> = ["null", "true", "false", "0", "\"\"", "\"x\"", "[]", "{}"]
        .map(str::to_owned)
        .to_vec();
    for (test, scope) in tests {
        name_value(&test.matcher, scope, &mut all);
    }
    all
}

fn name_value(matcher: &JsonMatcher, scope: &Scope, all: &mut Vec<String>) {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    match matcher {
        JsonMatcher::Is(text) => {
            let text = text.render(scope);
            if kit::json::parse(&text).is_ok() {
                all.push(text.clone());
            }
            all.push(quoted(&text));
        }
        JsonMatcher::Equals(value) => all.push(value.to_serde().to_string()),
        JsonMatcher::Count(limits) => {
            let counts = numbers(limits)
                .into_iter()
                .filter_map(|n| n.to_string().parse::<usize>().ok());
            all.extend(
                counts
                    .filter(|n| *n <= 100)
                    .map(|n| format!("[{}]", vec!["0"; n].join(","))),
            );
        }
        JsonMatcher::Number(limits) => all.extend(numbers(limits).iter().map(Decimal::to_string)),
        JsonMatcher::Text(matcher) => {
            all.extend(
                texts(&[(matcher.as_ref(), scope)])
                    .iter()
                    .map(|text| quoted(text)),
            );
        }
        JsonMatcher::OneOf(parts) | JsonMatcher::All(parts) => {
            parts.iter().for_each(|part| name_value(part, scope, all));
        }
        JsonMatcher::Not(inner) => name_value(inner, scope, all),
        JsonMatcher::Absent(_)
        | JsonMatcher::Each(..)
        | JsonMatcher::Keys(_)
        | JsonMatcher::Set(_)
        | JsonMatcher::Type(_) => {}
    }
}

/// A document that has a value at a plain path; none for a path that finds several.
pub(super) fn document(path: &JsonPath, value: &str) -> Option<String> {
    if !path.is_singular() {
        return None;
    }
    let mut document = value.to_owned();
    for step in path.steps.iter().rev() {
        document = match step {
            JsonStep::Key(name) => {
                format!("{{{}:{document}}}", serde_json::Value::from(name.as_str()))
            }
            JsonStep::Index(0 | -1) => format!("[{document}]"),
            JsonStep::Index(_) => return None,
        };
    }
    kit::json::parse(&document).is_ok().then_some(document)
}

/// A text for a message, quoted and of a bearable length.
pub(super) fn shown(text: &str) -> String {
    const LONG: usize = 60;
    let quoted = format!("{text:?}");
    match quoted.char_indices().nth(LONG) {
        Some((at, _)) => format!("{}…", &quoted[..at]),
        None => quoted,
    }
}
