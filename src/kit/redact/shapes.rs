//! Texts that are secret by their look.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::REDACTED;

/// A pattern; its group `s` is the secret, and the whole match where there is no such group.
struct Shape {
    /// What it is, for whoever is told that one was found.
    name: &'static str,
    pattern: Regex,
    spare: Spare,
}

/// Whether what the pattern found is no secret after all.
type Spare = fn(&str) -> bool;

/// Each with an example of what it is for.
static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| {
    let never: Spare = |_| false;
    let table: [(&str, &str, Spare); 12] = [
        // A private key, also one that a bound cut off. The armour may be JSON-escaped.
        (
            "a private key",
            r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
            never,
        ),
        // https://user:password@host
        (
            "a password in a URL",
            r#"://[^\s/:@?#"'<>]*:(?P<s>[^\s/@"'<>]+)@"#,
            is_variable,
        ),
        // Authorization: Bearer x, "authorization": "Basic x"
        (
            "an authorization header",
            r#"(?i-u:authorization)\\*["']?\s*[:=]\s*\\*["']?(?:(?i-u:bearer|basic|token|digest|negotiate|apikey)\s+)?(?P<s>[^\s"',;\\]+)"#,
            is_variable,
        ),
        // The value alone, as header maps hold it.
        (
            "a bearer or basic credential",
            r"\b(?i-u:bearer|basic)\s+(?P<s>[A-Za-z0-9._~+/-]{8,}=*)",
            is_word,
        ),
        // Cookie: session=x; Set-Cookie: session=x; Path=/
        (
            "a cookie",
            r#"\b(?i-u:(?:set-)?cookie)\s*:\s*(?P<s>[^\s=;"']+=[^\r\n"']*)"#,
            never,
        ),
        // X-Api-Key: x, PRIVATE-TOKEN: x
        (
            "a header with a token or key",
            r#"\b(?i-u:x-api-key|x-auth-token|x-access-token|x-vault-token|private-token|job-token)\s*:\s*(?P<s>[^\s"']+)"#,
            is_variable,
        ),
        // password=x, DB_PASSWORD='x y', client_secret=x, access_key=x
        (
            "a password, token or key that is assigned",
            r#"(?i-u:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key(?:[_-]base)?|private[_-]?key)\\*["']?\s?=\s?(?:\\*"(?P<s>[^"\\\r\n]+)|'(?P<t>[^'\r\n]+)|(?P<u>[^\s&;,"'<>\\)}]+))"#,
            |value| is_variable(value) || super::is_path(value),
        ),
        // "token": "x", 'secret': 'x'
        (
            "a JSON field that is named like a secret",
            r#"\\*["'][A-Za-z0-9_.-]*(?i-u:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key)\\*["']\s*:\s*\\*["'](?P<s>[^"'\\]+)"#,
            is_variable,
        ),
        // password: x, as YAML and prompts write it.
        (
            "a password after its name",
            r#"(?m)^[\s>-]*[A-Za-z0-9_.-]*(?i-u:password|passwd|passphrase)\s*:[ \t]+["']?(?P<s>[^\s"']+)["']?[ \t]*$"#,
            is_variable,
        ),
        // AWS key ids.
        (
            "an AWS key id",
            r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
            never,
        ),
        // GitHub, GitLab, Slack, Docker Swarm, age, Stripe-like, npm, PyPI.
        (
            "a token known by its prefix",
            r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|gl(?:pat|ptt|dt|rt|cbt|oas|soat|ft|imt|agent|rtr)-[A-Za-z0-9_.-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|SWMTKN-1-[a-z0-9-]{20,}|AGE-SECRET-KEY-1[0-9A-Za-z]{20,}|[rs]k_live_[A-Za-z0-9]{16,}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{32,})",
            never,
        ),
        // JSON web tokens.
        (
            "a JSON web token",
            r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
            never,
        ),
    ];
    table
        .into_iter()
        .filter_map(|(name, pattern, spare)| {
            // That every one of these constants is a valid pattern is tested.
            let pattern = Regex::new(pattern).ok()?;
            Some(Shape {
                name,
                pattern,
                spare,
            })
        })
        .collect()
});

/// Number of shapes in the table above; a pattern that does not compile would be missing.
#[cfg(test)]
pub(super) fn count() -> usize {
    SHAPES.len()
}

/// The text without secrets known by their look.
pub(super) fn redact(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    for shape in SHAPES.iter() {
        if !shape.pattern.is_match(&out) {
            continue;
        }
        let changed = shape
            .pattern
            .replace_all(&out, |found: &Captures<'_>| replacement(shape, found));
        if changed != out {
            out = Cow::Owned(changed.into_owned());
        }
    }
    out
}

/// The kinds of secrets that [`redact`] would take out of the text, each with where it begins.
pub(super) fn find(text: &str) -> Vec<(&'static str, usize)> {
    let mut found = Vec::new();
    for shape in SHAPES.iter() {
        for one in shape.pattern.captures_iter(text) {
            if replacement(shape, &one) != one[0] {
                let group = ["s", "t", "u"].iter().find_map(|name| one.name(name));
                let secret = group.or_else(|| one.get(0));
                found.push((shape.name, secret.map_or(0, |secret| secret.start())));
            }
        }
    }
    found
}

fn replacement(shape: &Shape, found: &Captures<'_>) -> String {
    let whole = &found[0];
    let start = found.get(0).map_or(0, |all| all.start());
    let groups = ["s", "t", "u"];
    match groups.iter().find_map(|name| found.name(name)) {
        None => REDACTED.to_owned(),
        Some(secret) if (shape.spare)(secret.as_str()) => whole.to_owned(),
        Some(secret) => {
            let (from, to) = (secret.start() - start, secret.end() - start);
            format!("{}{REDACTED}{}", &whole[..from], &whole[to..])
        }
    }
}

/// `$TOKEN` and `${TOKEN}` name a secret and are none; a line to reproduce a check needs them.
fn is_variable(value: &str) -> bool {
    let name = value
        .strip_prefix("${")
        .map(|rest| rest.strip_suffix('}').unwrap_or(rest))
        .or_else(|| value.strip_prefix('$'));
    value == REDACTED
        || name.is_some_and(|name| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        })
}

/// `Basic authentication` is prose: a word of ordinary length, without digits or inner capitals.
fn is_word(value: &str) -> bool {
    let like_a_token = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
    value.len() < 20 && !value.bytes().skip(1).any(like_a_token)
}
