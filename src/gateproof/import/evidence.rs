//! Evidence that cannot show its claim, with the form that could.

use std::sync::LazyLock;

use regex::Regex;

/// Why a command cannot show what it is to show, and what could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RefusedEvidence {
    pub(super) why: String,
    pub(super) offer: String,
}

static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\b(?:grep|egrep|rg)\b[^|'"]*(?:"([^"]+)"|'([^']+)')"#)
        .expect("a constant pattern")
});
static READS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:grep|egrep|fgrep|rg|cat|head|tail|sed|awk)\b").expect("a constant pattern")
});
static BEHAVIOUR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(returns?|returned|raises?|exits?|refuses?|rolls? back|retries|fails?|times? out|is called|falls back)\b")
        .expect("a constant pattern")
});
static FUNCTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b([A-Za-z_]\w+)\(\)").expect("a constant pattern"));
static VALUE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b([0-9]{1,4})\b").expect("a constant pattern"));
static WINDOW: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:\bgrep\b[^|]*\s-[ABC]\s?([0-9]+)|\bhead\s+-n?\s?([0-9]+)|\btail\s+-n?\s?([0-9]+))",
    )
    .expect("a constant pattern")
});

/// Why `line` cannot show what `words` claim of it; `absent` if something must not be there.
pub(super) fn refused(
    line: &str,
    words: &str,
    expected: &str,
    absent: bool,
) -> Option<RefusedEvidence> {
    behaviour_by_text(line, words, expected).or_else(|| window(line, absent))
}

/// A search in a source text for a claim about what a program does.
fn behaviour_by_text(line: &str, words: &str, expected: &str) -> Option<RefusedEvidence> {
    if !READS.is_match(line) || !BEHAVIOUR.is_match(expected) && !BEHAVIOUR.is_match(words) {
        return None;
    }
    let told = format!("{words} {expected}");
    let value = VALUE.find_iter(expected).last().map(|value| value.as_str());
    let loose = alternatives(line).and_then(|all| {
        let other = all.iter().find(|other| Some(other.as_str()) != value)?;
        let pattern = all.join("\\|");
        Some(match value {
            Some(value) => format!("`{pattern}` is also found where only `{other}` stands, with or without `{value}`, and "),
            None => format!("`{pattern}` is also found where only `{other}` stands, and "),
        })
    });
    let why = format!(
        "{}a text in a source file does not show what the program does",
        loose.unwrap_or_default()
    );
    let called = match FUNCTION.captures(&told) {
        Some(found) => format!("`{}()`", &found[1]),
        None => "the program".to_owned(),
    };
    let failing = told.to_lowercase().contains("fail") || told.to_lowercase().contains("error");
    let offer = match (failing, value) {
        (true, Some(value)) => format!(
            "run {called} where the failure happens, such as at https://127.0.0.1:1/, where nobody listens, and claim what it prints: `{{ run: COMMAND https://127.0.0.1:1/, expect: \"{value}\", control: {{ run: COMMAND URL-THAT-ANSWERS, expect: 200 }} }}`"
        ),
        (_, Some(value)) => format!(
            "run {called} in that case and claim what it prints: `{{ run: COMMAND, expect: \"{value}\" }}`"
        ),
        (_, None) => format!(
            "run {called} in that case and claim what it prints: `{{ run: COMMAND, expect: … }}`"
        ),
    };
    Some(RefusedEvidence { why, offer })
}

/// The alternatives of a search, if there are several.
fn alternatives(line: &str) -> Option<Vec<String>> {
    let found = PATTERN.captures(line)?;
    let pattern = found.get(1).or_else(|| found.get(2))?.as_str();
    let extended = line.contains("grep -E") || line.starts_with("egrep") || line.starts_with("rg");
    let separator = if extended { "|" } else { "\\|" };
    let all: Vec<String> = pattern.split(separator).map(str::to_owned).collect();
    (all.len() > 1).then_some(all)
}

/// Something absent in the first lines of a text may stand behind them.
fn window(line: &str, absent: bool) -> Option<RefusedEvidence> {
    let found = WINDOW.captures(line).filter(|_| absent)?;
    let lines = found.iter().skip(1).flatten().next()?.as_str();
    Some(RefusedEvidence {
        why: format!("it shows only {lines} lines, and what must be absent may stand behind them"),
        offer: "name a command that prints the whole: `{ run: COMMAND }`".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_in_a_source_does_not_show_what_a_program_does() {
        let found = refused(
            r#"grep -n "health_code\|999" runner/warm_reconcile.py"#,
            "health_code() returns 999 on curl failure",
            "error sentinel 999 returned when curl fails",
            false,
        )
        .unwrap();
        assert!(
            found
                .why
                .contains("only `health_code` stands, with or without `999`"),
            "{}",
            found.why
        );
        assert!(
            found.offer.contains("`health_code()`") && found.offer.contains("expect: \"999\""),
            "{}",
            found.offer
        );
        for line in ["cat src/gate.py", "grep -c retry src/gate.py"] {
            assert!(refused(line, "the gate", "retries three times", false).is_some());
        }
        assert_eq!(
            refused("grep -c x config.toml", "x is set", "1", false),
            None
        );
        assert_eq!(
            refused("./probe https://127.0.0.1:1/", "returns 999", "999", false),
            None
        );
    }

    #[test]
    fn what_must_be_absent_is_not_looked_for_in_a_window() {
        assert!(refused("grep -A5 traefik specs.py", "c", "no `health_domain`", true).is_some());
        assert!(refused("journalctl -u x | head -20", "c", "no errors", true).is_some());
        assert_eq!(
            refused("grep -A5 traefik specs.py", "c", "`/api`", false),
            None
        );
    }
}
