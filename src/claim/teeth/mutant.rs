//! Observations that differ from what was seen in one thing.

use reach::observation::{Captured, Ending, HttpResponse, NoAnswer, NoAnswerCause, Observation};

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// How the command ended, or the status of the answer.
    Ending,
    /// All of the text: nothing, an error, another text.
    Whole(Whole),
    /// A line was taken away or added.
    Line,
    /// A word became another one.
    Word,
    /// A number became another one.
    Number,
    /// A word became its opposite.
    Opposite,
    /// A digit was put in front of a number.
    Longer,
    /// A percentage became 100 %.
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Nothing,
    Error,
    Other,
    /// Only the headings of a table.
    Header,
}

/// A changed observation.
#[derive(Clone, Debug)]
pub(super) struct Mutant {
    pub(super) change: Change,
    /// Where in the text it was changed.
    pub(super) at: usize,
    /// What was changed, in words.
    pub(super) what: String,
    pub(super) observation: Observation,
}

/// At most so many places of a text are changed; more of them say the same again.
const MOST: usize = 120;
/// Of a text longer than this only a few places are changed.
const LONG: usize = 64 * 1024;
const FEW: usize = 24;

const ERROR: &str = "error: connection refused\n";
const OTHER: &str = "Welcome\nThis page was left empty\n";
const OTHER_PAGE: &str = "<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>";

/// Words whose opposite is what a check should notice.
const OPPOSITES: &[(&str, &str)] = &[
    ("active", "inactive"),
    ("available", "unavailable"),
    ("closed", "open"),
    ("complete", "incomplete"),
    ("connected", "disconnected"),
    ("deployed", "undeployed"),
    ("disabled", "enabled"),
    ("down", "up"),
    ("enabled", "disabled"),
    ("encrypted", "unencrypted"),
    ("exited", "running"),
    ("failed", "passed"),
    ("false", "true"),
    ("healthy", "unhealthy"),
    ("initialized", "uninitialized"),
    ("installed", "uninstalled"),
    ("locked", "unlocked"),
    ("mounted", "unmounted"),
    ("no", "yes"),
    ("off", "on"),
    ("ok", "not ok"),
    ("on", "off"),
    ("online", "offline"),
    ("open", "closed"),
    ("passed", "failed"),
    ("reachable", "unreachable"),
    ("ready", "notready"),
    ("registered", "unregistered"),
    ("running", "stopped"),
    ("sealed", "unsealed"),
    ("signed", "unsigned"),
    ("stable", "unstable"),
    ("started", "stopped"),
    ("stopped", "running"),
    ("success", "failure"),
    ("successful", "unsuccessful"),
    ("synced", "unsynced"),
    ("synchronised", "unsynchronised"),
    ("synchronized", "unsynchronized"),
    ("true", "false"),
    ("up", "down"),
    ("valid", "invalid"),
    ("verified", "unverified"),
    ("yes", "no"),
];

/// All changes of what was seen, one at a time.
pub(super) fn mutants(seen: &Observation) -> Vec<Mutant> {
    let mut all = endings(seen);
    let text = text_of(seen);
    let other = match seen {
        Observation::Command(_) => OTHER,
        Observation::Http(_) => OTHER_PAGE,
    };
    all.extend(texts(&text, other).into_iter().map(|changed| Mutant {
        change: changed.change,
        at: changed.at,
        what: changed.what,
        observation: with_text(seen, &changed.text),
    }));
    all
}

/// The text that is changed: standard output, or the body of the first answer.
pub(super) fn text_of(seen: &Observation) -> String {
    match seen {
        Observation::Command(command) => command.stdout.text().into_owned(),
        Observation::Http(answers) => answers
            .iter()
            .find_map(|http| http.answer.as_ref().ok())
            .map(|response| response.body.text().into_owned())
            .unwrap_or_default(),
    }
}

fn with_text(seen: &Observation, text: &str) -> Observation {
    let mut changed = seen.clone();
    match &mut changed {
        Observation::Command(command) => command.stdout = Captured::whole(text),
        Observation::Http(answers) => {
            for http in answers {
                if let Ok(response) = &mut http.answer {
                    response.body = Captured::whole(text);
                }
            }
        }
    }
    changed
}

fn endings(seen: &Observation) -> Vec<Mutant> {
    let ending = |what: String, observation: Observation| Mutant {
        change: Change::Ending,
        at: 0,
        what,
        observation,
    };
    match seen {
        Observation::Command(command) => {
            let others = match command.ending {
                Ending::Exited(0) => [1, 2],
                Ending::Exited(_) | Ending::Signalled(_) => [0, 126],
            };
            let exit = |code| {
                let mut changed = command.clone();
                changed.ending = Ending::Exited(code);
                ending(format!("exit {code}"), Observation::Command(changed))
            };
            others.into_iter().map(exit).collect()
        }
        Observation::Http(answers) => {
            let answered = |status: u16, headers: &[(&str, &str)], body: Option<&str>| {
                let mut changed = answers.clone();
                for http in &mut changed {
                    let mut response = http.answer.clone().unwrap_or_else(|_| HttpResponse {
                        url: "http://localhost/".to_owned(),
                        ..HttpResponse::default()
                    });
                    response.status = status;
                    let more = headers
                        .iter()
                        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
                    response.headers.extend(more);
                    if let Some(body) = body {
                        response.body = Captured::whole(body);
                    }
                    http.answer = Ok(response);
                }
                Observation::Http(changed)
            };
            let mut all = vec![
                ending("status 500".to_owned(), answered(500, &[], None)),
                ending("status 404".to_owned(), answered(404, &[], None)),
                ending("status 200".to_owned(), answered(200, &[], None)),
                ending(
                    "a redirect to a login page".to_owned(),
                    answered(302, &[("location", "/login")], Some("")),
                ),
            ];
            let mut silent = answers.clone();
            for http in &mut silent {
                http.answer = Err(NoAnswer {
                    cause: NoAnswerCause::Refused,
                    detail: String::new(),
                });
            }
            all.push(ending("no answer".to_owned(), Observation::Http(silent)));
            all.retain(|mutant| mutant.observation != *seen);
            all
        }
    }
}

/// A changed text.
struct Changed {
    change: Change,
    at: usize,
    what: String,
    text: String,
}

fn texts(text: &str, other: &str) -> Vec<Changed> {
    let whole = |whole, what: &str, text: &str| Changed {
        change: Change::Whole(whole),
        at: 0,
        what: what.to_owned(),
        text: text.to_owned(),
    };
    let mut all = vec![
        whole(Whole::Nothing, "nothing is printed", ""),
        whole(Whole::Error, "an error in place of it", ERROR),
        whole(Whole::Other, "another text in place of it", other),
    ];
    if let Some(header) = header(text) {
        let shown = header.lines().next().unwrap_or_default().trim();
        let what = format!("only the headings `{shown}`");
        all.push(whole(Whole::Header, &what, header));
    }
    all.retain(|changed| changed.text.trim() != text.trim());
    let most = if text.len() > LONG { FEW } else { MOST };
    all.extend(sampled(lines(text), most));
    all.extend(sampled(words(text), most));
    all
}

/// So many of them, evenly over all.
fn sampled(all: Vec<Changed>, most: usize) -> Vec<Changed> {
    let step = all.len().div_ceil(most).max(1);
    all.into_iter().step_by(step).collect()
}

/// The headings of a table that has rows.
fn header(text: &str) -> Option<&str> {
    let first = text.split_inclusive('\n').next()?;
    let rest = &text[first.len()..];
    let ruler = rest.split_inclusive('\n').next().unwrap_or_default();
    let is_ruler = !ruler.trim().is_empty() && ruler.trim().chars().all(|c| "-=+| ".contains(c));
    let (header, rows) = if is_ruler {
        let end = first.len() + ruler.len();
        (&text[..end], &text[end..])
    } else {
        (first, rest)
    };
    let words: Vec<&str> = first.split_whitespace().collect();
    let letters = |c: char| c.is_ascii_uppercase() || "-_()/%#".contains(c);
    let capital = words.len() > 1
        && words.iter().all(|word| word.chars().all(letters))
        && words.iter().any(|word| word.len() > 2);
    // `Node  Address  Status`: titles in columns.
    let titles = words.len() > 2
        && first.trim().contains("  ")
        && words.iter().all(|word| {
            word.starts_with(|c: char| c.is_ascii_uppercase())
                && word.chars().all(|c| c.is_alphabetic())
        });
    let known = ["Filesystem", "Proto", "Netid", "name", "remote"]
        .iter()
        .any(|name| words.first() == Some(name));
    ((capital || titles || known || is_ruler && words.len() > 1) && !rows.trim().is_empty())
        .then_some(header)
}

fn lines(text: &str) -> Vec<Changed> {
    let changed = |at: usize, what: String, text: String| Changed {
        change: Change::Line,
        at,
        what,
        text,
    };
    let mut all = Vec::new();
    let mut at = 0;
    let count = text.split_inclusive('\n').count();
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if count > 1 && !line.trim().is_empty() {
            let what = format!("without the line `{}`", short(line));
            all.push(changed(
                at,
                what,
                format!("{}{}", &text[..at], &text[end..]),
            ));
        }
        at = end;
    }
    let close = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    all.push(changed(
        text.len(),
        "one more line".to_owned(),
        format!("{text}{close}one more line\n"),
    ));
    all
}

fn words(text: &str) -> Vec<Changed> {
    let is_json = kit::json::parse(text).is_ok();
    let mut all = Vec::new();
    for (at, word) in tokens(text) {
        let end = at + word.len();
        let mut put = |change, new: &str| {
            all.push(Changed {
                change,
                at,
                what: format!("`{}` in place of `{}`", short(new), short(word)),
                text: format!("{}{new}{}", &text[..at], &text[end..]),
            });
        };
        if word.bytes().all(|b| b.is_ascii_digit()) {
            put(Change::Number, &add_one(word));
            put(Change::Number, "0");
            put(Change::Number, &format!("{word}007"));
            if text[end..].starts_with('%') {
                put(Change::Full, "100");
            }
            let before = text[..at].chars().next_back();
            // `1.5` is one number, and `v2` one word.
            if !before.is_some_and(|c| c.is_alphanumeric() || ".,:-_".contains(c)) {
                put(Change::Longer, &format!("1{word}"));
            }
        } else {
            put(
                Change::Word,
                match word {
                    // Another value, and not a document that nobody can read.
                    "true" | "false" | "null" if is_json => "\"other\"",
                    "other" => "else",
                    _ => "other",
                },
            );
            if let Some(opposite) = opposite(word) {
                put(Change::Opposite, &opposite);
            }
        }
    }
    all.retain(|changed| changed.text != text);
    all
}

/// Runs of letters and digits, with their places.
fn tokens(text: &str) -> Vec<(usize, &str)> {
    let mut all = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        match (start, c.is_alphanumeric()) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                all.push((from, &text[from..at]));
                start = None;
            }
            _ => {}
        }
    }
    all.extend(start.map(|from| (from, &text[from..])));
    all
}

fn add_one(digits: &str) -> String {
    match digits.parse::<u128>() {
        Ok(number) => (number.saturating_add(1)).to_string(),
        Err(_) => format!("{digits}1"),
    }
}

/// The opposite of a word, written like the word.
fn opposite(word: &str) -> Option<String> {
    let small = word.to_lowercase();
    let (_, opposite) = OPPOSITES.iter().find(|(known, _)| *known == small)?;
    let capital = word.chars().next().is_some_and(char::is_uppercase);
    Some(
        if capital && word.len() > 1 && word.to_uppercase() == word {
            opposite.to_uppercase()
        } else if small == "ready" {
            // As Kubernetes writes it.
            if capital {
                "NotReady".to_owned()
            } else {
                "notready".to_owned()
            }
        } else if capital {
            let mut letters = opposite.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect())
                .unwrap_or_default()
        } else {
            (*opposite).to_owned()
        },
    )
}

fn short(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() > 40 {
        let cut: String = text.chars().take(39).collect();
        format!("{cut}…")
    } else {
        text.to_owned()
    }
}
