//! Texts and names as a claim file, and a comment in it, can take them.

use kit::text::Text;

/// A text in double quotes, as YAML and JSON read it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for c in serde_json::Value::from(text).to_string().chars() {
        // What a reviewer cannot see is written as its code.
        match u32::from(c) {
            _ if !c.is_control() && !kit::text::is_deceptive(c) => quoted.push(c),
            code if code <= 0xffff => quoted.push_str(&format!("\\u{code:04X}")),
            code => quoted.push_str(&format!("\\U{code:08X}")),
        }
    }
    quoted
}

/// `${name}` is a parameter of a claim file; here it is a word.
pub(super) fn plain(text: &str) -> String {
    undecided(&Text::escape(text))
}

/// A text without what watchers of documents take for a decision.
fn undecided(text: &str) -> String {
    let text = text.replace("## DONE", "DONE").replace("## VETO", "VETO");
    text.replace("CLAIMED, awaiting Adversary", "CLAIMED")
}

/// A text of one line, as a comment can hold it.
pub(super) fn printable(text: &str) -> String {
    let harmless = |c: char| match c.is_control() || kit::text::is_deceptive(c) {
        true => ' ',
        false => c,
    };
    undecided(text).chars().map(harmless).collect()
}

/// A name that a claim file takes, or another one.
pub(super) fn name_of(text: &str, otherwise: &str) -> String {
    let valid = |c: char| {
        if c.is_ascii_alphanumeric() || "_-.".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = text.chars().map(valid).take(64).collect();
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    match name {
        "" => otherwise.to_owned(),
        name => name.to_owned(),
    }
}

/// The name of a host in a claim file.
pub(super) fn host_name(ssh: &str) -> String {
    name_of(&ssh.replace('@', "-at-"), "host")
}

/// A name of a few words.
pub(super) fn slug(words: &str) -> String {
    const SMALL: &[&str] = &[
        "a", "an", "and", "at", "by", "for", "in", "is", "of", "on", "only", "the", "to", "with",
    ];
    let cut = words
        .split(['(', ':'])
        .find(|part| part.chars().any(char::is_alphanumeric))
        .unwrap_or(words);
    let name: Vec<String> = cut
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
        .map(|word| word.trim_matches('.').to_lowercase())
        .filter(|word| !word.is_empty() && !SMALL.contains(&word.as_str()))
        .take(4)
        .collect();
    name_of(&name.join("-"), "check")
}
