//! What must be seen, from prose to matchers. What is not understood is not guessed.

use std::sync::LazyLock;

use regex::Regex;

use super::texts::quoted;

/// What a command asks, for what its expectation can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asks<'c> {
    /// Whether it is a request, whose status is what counts.
    pub(super) request: bool,
    /// The command line.
    pub(super) line: &'c str,
}

/// An expectation as far as its prose is understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ReadExpectation {
    /// The value of `expect:`, where the prose has an exact meaning.
    pub(super) yaml: Option<String>,
    /// What the words in brackets say beyond it.
    pub(super) rationale: Option<String>,
    /// A word that compares with an earlier state.
    pub(super) relative: Option<String>,
    /// Whether something must be absent.
    pub(super) absent: bool,
    /// The texts that must be seen.
    pub(super) needles: Vec<String>,
}

static RELATIVE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(still|unchanged|unaffected|same as|as before|no longer|preserved|regress\w*|no regressions?)\b")
        .expect("a constant pattern")
});
static RATIONALE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(.*?)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)[.\s]*$").expect("a constant pattern")
});

/// Reads the prose of an expectation.
pub(super) fn read(prose: &str, asks: Asks<'_>) -> ReadExpectation {
    let mut prose = prose.trim().trim_end_matches(['✓', '✅', '.']).trim();
    // What follows an arrow says how somebody judged what was seen.
    if let Some((seen, _)) = prose.split_once('←') {
        prose = seen.trim();
    }
    let relative = RELATIVE
        .find(prose)
        .map(|word| word.as_str().to_lowercase());
    let (core, rationale) = match RATIONALE.captures(prose) {
        Some(found) if !found[1].is_empty() => {
            let (core, why) = (found.get(1), found.get(2));
            (
                core.map_or(prose, |core| core.as_str()),
                why.map(|why| why.as_str().to_owned()),
            )
        }
        _ => (prose, None),
    };
    let mut expected = ReadExpectation {
        rationale,
        relative,
        ..ReadExpectation::default()
    };
    let core = core.trim().trim_end_matches(['✓', '✅', '.', ':']).trim();
    expected.yaml = whole(core, asks, &mut expected.needles)
        .or_else(|| parts(core, asks, &mut expected.needles));
    expected.absent = ABSENT.is_match(core);
    expected
}

static ABSENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(^|[\s,;])(no|zero|absent|empty|nothing|none|without)\b")
        .expect("a constant pattern")
});
static STATUS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(HTTP(?:/[0-9.]+)?\s+)?([1-5][0-9][0-9]|999|000)$").expect("a constant pattern")
});
static EXIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:exits?|exit(?:ed)?(?: code| status)?|rc|exit code)\s*(?:with|=|is|:)?\s*([0-9]{1,3})$")
        .expect("a constant pattern")
});
static LINES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:exactly )?([0-9]+) (?:lines?|rows?)$").expect("a constant pattern")
});
static PASSED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^`?([0-9]+) (?:tests? )?passed(?:, ([0-9]+) failed)?`?$")
        .expect("a constant pattern")
});
static NONE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:empty|nothing|no output|prints nothing|empty output)$")
        .expect("a constant pattern")
});
static NO_HITS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:zero|no|0) (?:hits?|match(?:es)?|lines?)(?: in \w+)?$")
        .expect("a constant pattern")
});
static COMMIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^`?(?:HEAD\s*=\s*)?([0-9a-f]{7,40})`?$").expect("a constant pattern")
});
static TESTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(pytest|unittest|cargo\s+(?:nextest|test)|go\s+test)\b")
        .expect("a constant pattern")
});

/// An expectation that is said in one word or phrase.
fn whole(core: &str, asks: Asks<'_>, needles: &mut Vec<String>) -> Option<String> {
    let plain = core.trim_matches('`');
    if let Some(found) = STATUS.captures(plain)
        && (asks.request || found.get(1).is_none())
    {
        return Some(match asks.request {
            true => found[2].to_owned(),
            false => quoted(&found[2]),
        });
    }
    if asks.request {
        return None;
    }
    if let Some(found) = EXIT.captures(plain) {
        return Some(format!("{{ exit: {} }}", &found[1]));
    }
    if let Some(found) = LINES.captures(plain) {
        return Some(format!("{{ stdout: {{ lines: {} }} }}", &found[1]));
    }
    if let Some(found) = PASSED.captures(core)
        && TESTS.is_match(asks.line)
    {
        let failed = found.get(2).map_or("0", |failed| failed.as_str());
        return Some(format!(
            "{{ tests: {{ passed: {}, failed: {failed} }} }}",
            &found[1]
        ));
    }
    if NONE.is_match(plain) {
        return Some("{ exit: 0, stdout: { empty: true } }".to_owned());
    }
    if NO_HITS.is_match(plain)
        && asks.line.trim_start().starts_with("grep")
        && !asks.line.contains('|')
    {
        return Some("{ exit: 1, stdout: { empty: true } }".to_owned());
    }
    if let Some(found) = COMMIT.captures(core)
        && asks.line.contains("rev-parse")
    {
        return Some(format!(
            "{{ stdout: {{ starts_with: {} }} }}",
            quoted(&found[1])
        ));
    }
    // One word in code, a number, a state: the whole output.
    let one_word = !plain.is_empty() && !plain.contains(char::is_whitespace);
    let in_code =
        core.len() > 2 && core.starts_with('`') && core.ends_with('`') && !plain.contains('`');
    let is_value = plain.starts_with(|c: char| c.is_ascii_digit())
        || matches!(
            plain,
            "active"
                | "inactive"
                | "enabled"
                | "disabled"
                | "running"
                | "failed"
                | "true"
                | "false"
        );
    if one_word && is_value {
        return Some(quoted(plain));
    }
    if in_code {
        needles.push(plain.to_owned());
        return Some(format!("{{ stdout: {{ contains: {} }} }}", quoted(plain)));
    }
    None
}

static NO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"^(?i:no|without)\s+(?:"([^"]+)"|`([^`]+)`)(?:\s+(?i:key|line|entry|field|hits?))?$"#,
    )
    .expect("a constant pattern")
});
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^"[^"]+"\s*:\s*("[^"]*"|[0-9.]+|true|false|null)$"#).expect("a constant pattern")
});
static HAS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?i:(?:each|all|every|both)?\s*(?:\w+\s+)?(?:still\s+)?(?:has|have|contains?|shows?|lists?|includes?|names?|reads?))\s+(?:`([^`]+)`|(\S+))$")
        .expect("a constant pattern")
});
/// A setting of a unit, and its value, which may stand among others.
static UNIT_SETTING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(After|Before|Wants|Requires|Requisite|BindsTo|PartOf|Conflicts)=(\S+)$")
        .expect("a constant pattern")
});

/// An expectation of several parts between commas, each of which is understood.
fn parts(core: &str, asks: Asks<'_>, needles: &mut Vec<String>) -> Option<String> {
    if asks.request {
        return None;
    }
    let mut matchers = Vec::new();
    for part in between_commas(core) {
        if let Some(found) = NO.captures(&part) {
            let what = found.get(1).or_else(|| found.get(2))?;
            matchers.push(format!(
                "{{ not: {{ contains: {} }} }}",
                quoted(what.as_str())
            ));
            continue;
        }
        let what = if PAIR.is_match(&part) {
            part.clone()
        } else if let Some(found) = HAS.captures(&part) {
            let what = found.get(1).or_else(|| found.get(2))?;
            what.as_str().to_owned()
        } else if part.len() > 2 && part.starts_with('`') && part.ends_with('`') {
            part.trim_matches('`').to_owned()
        } else {
            return None;
        };
        let unit = UNIT_SETTING
            .captures(&what)
            .filter(|_| asks.line.contains("systemctl"));
        matchers.push(match unit {
            Some(found) => {
                let pattern = format!(
                    r"(?m)^{}=(.* )?{}( |$)",
                    &found[1],
                    regex::escape(&found[2])
                );
                format!("{{ matches: {} }}", quoted(&pattern))
            }
            None => format!("{{ contains: {} }}", quoted(&what)),
        });
        needles.push(what);
    }
    match matchers.as_slice() {
        [] => None,
        [one] => Some(format!("{{ stdout: {one} }}")),
        several => Some(format!("{{ stdout: {{ all: [{}] }} }}", several.join(", "))),
    }
}

fn between_commas(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (None, ',') => all.push(String::new()),
            (None, '"' | '`') => {
                quote = Some(c);
                push(&mut all, c);
            }
            (Some(open), c) => {
                if open == c {
                    quote = None;
                }
                push(&mut all, c);
            }
            (None, c) => push(&mut all, c),
        }
    }
    let trimmed = all
        .iter()
        .map(|part| part.trim().trim_start_matches("and ").to_owned());
    trimmed.filter(|part| !part.is_empty()).collect()
}

fn push(all: &mut [String], c: char) {
    if let Some(last) = all.last_mut() {
        last.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_with_an_exact_meaning_is_a_matcher() {
        for (prose, line, wanted) in [
            (
                "empty (the alert was removed)",
                "ls /x",
                Some("{ exit: 0, stdout: { empty: true } }"),
            ),
            (
                "`empty`",
                "ls /x",
                Some("{ exit: 0, stdout: { empty: true } }"),
            ),
            ("1/1 ✓", "docker service ls", Some("\"1/1\"")),
            ("exit 1", "grep x y", Some("{ exit: 1 }")),
            ("exit code 0", "test -e y", Some("{ exit: 0 }")),
            (
                "ZERO hits in code",
                "grep -rn x src",
                Some("{ exit: 1, stdout: { empty: true } }"),
            ),
            ("zero hits", "grep -rn x src | head", None),
            (
                "`246 passed`",
                "python3 -m pytest -q",
                Some("{ tests: { passed: 246, failed: 0 } }"),
            ),
            (
                "`246 passed`",
                "./check",
                Some("{ stdout: { contains: \"246 passed\" } }"),
            ),
            (
                "HEAD = 3d8d286",
                "git rev-parse HEAD",
                Some("{ stdout: { starts_with: \"3d8d286\" } }"),
            ),
            (
                "9 lines",
                "docker service ls -q",
                Some("{ stdout: { lines: 9 } }"),
            ),
            (
                "no \"health_domain\" key, \"health_path\": \"/api/version\"",
                "grep x",
                Some(
                    "{ stdout: { all: [{ not: { contains: \"health_domain\" } }, { contains: \"\\\"health_path\\\": \\\"/api/version\\\"\" }] } }",
                ),
            ),
            (
                "each still has After=p.service (ordering preserved)",
                "systemctl cat x",
                Some("{ stdout: { matches: \"(?m)^After=(.* )?p\\\\.service( |$)\" } }"),
            ),
            ("Unchanged", "ls", None),
            ("it works", "ls", None),
            (
                "error sentinel 999 returned when curl fails",
                "grep 999 x",
                None,
            ),
            ("HTTP 200", "ls", None),
        ] {
            let asks = Asks {
                request: false,
                line,
            };
            assert_eq!(read(prose, asks).yaml.as_deref(), wanted, "{prose}");
        }
        let request = Asks {
            request: true,
            line: "",
        };
        for (prose, wanted) in [
            ("200", Some("200")),
            ("HTTP/2 200 (served directly)", Some("200")),
            ("HTTP 404 ← FAILS (would loop)", Some("404")),
            ("the login page", None),
            ("empty", None),
        ] {
            assert_eq!(read(prose, request).yaml.as_deref(), wanted, "{prose}");
        }
    }

    #[test]
    fn what_prose_says_beside_its_matcher_is_kept() {
        let asks = Asks {
            request: true,
            line: "",
        };
        let seen = read("404 (confirms that the old gate fails → rollback)", asks);
        assert_eq!(
            seen.rationale.as_deref(),
            Some("confirms that the old gate fails → rollback")
        );
        assert_eq!(
            read("/ping still 404", asks).relative.as_deref(),
            Some("still")
        );
    }
}
