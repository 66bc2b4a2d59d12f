//! Which values of an app file are secret: those of the environment that are named like one.

use super::AppSpec;

/// What the name of a variable holds when its value is secret.
const NAMES: [&str; 7] = [
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "TOKEN",
    "KEY",
    "CREDENTIAL",
];

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    NAMES.iter().any(|part| name.contains(part))
}

/// The secret values of an app.
pub fn secrets_of(spec: &AppSpec) -> impl Iterator<Item = &str> {
    let env = spec.env.iter();
    env.filter(|(name, _)| is_secret(name))
        .map(|(_, value)| value.as_str())
}

/// The secret values in the text of an app file that cannot be read: whatever stands after a
/// name like that. An error shows lines of the file.
pub fn secrets_in(text: &str) -> Vec<String> {
    // Block style has a pair on each line, flow style several.
    let pairs = text.split(['\n', ',', '{', '}']);
    pairs
        .filter_map(|pair| pair.split_once([':', '=']))
        .filter(|(name, _)| is_secret(name))
        .map(|(_, value)| value.trim().trim_matches(['"', '\'']).to_owned())
        .filter(|value| !value.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secrets_of_a_text_are_found_in_either_style() {
        let text = "apps:\n  a:\n    env: {ADMIN_TOKEN: \"one two\", PORT: 80}\n    envv:\n      db_password: three\n";
        assert_eq!(secrets_in(text), ["one two", "three"]);
    }
}
