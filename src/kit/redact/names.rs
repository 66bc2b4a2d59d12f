//! Which names say that their value is a secret, and which values are none whatever the name says.

/// A word of a name that says so.
const WORDS: [&str; 25] = [
    "PASSWORD",
    "PASSWORDS",
    "PASSWD",
    "PASSPHRASE",
    "PASSCODE",
    "PASS",
    "PWD",
    "PW",
    "TOKEN",
    "TOKENS",
    "SECRET",
    "SECRETS",
    "KEY",
    "KEYS",
    "CREDENTIAL",
    "CREDENTIALS",
    "CREDS",
    "COOKIE",
    "COOKIES",
    "JWT",
    "BEARER",
    "PAT",
    "PRIVATE",
    "AUTH",
    "AUTHORIZATION",
];

/// An ending of a word that says so: `PGPASSWORD`, `GITHUBTOKEN`, `apikey`.
const ENDINGS: [&str; 12] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "TOKEN",
    "SECRET",
    "APIKEY",
    "ACCESSKEY",
    "SECRETKEY",
    "PRIVATEKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "SSHPASS",
];

/// After the word, these say that the value is something about the secret.
const ABOUT: [&str; 44] = [
    "FILE",
    "FILES",
    "PATH",
    "PATHS",
    "DIR",
    "DIRS",
    "DIRECTORY",
    "FOLDER",
    "NAME",
    "NAMES",
    "ID",
    "IDS",
    "COUNT",
    "LENGTH",
    "LEN",
    "SIZE",
    "BITS",
    "TYPE",
    "KIND",
    "TTL",
    "AGE",
    "EXPIRY",
    "EXPIRES",
    "LIMIT",
    "LIMITS",
    "MODE",
    "METHOD",
    "ALGORITHM",
    "FORMAT",
    "URL",
    "URI",
    "ENDPOINT",
    "HOST",
    "PORT",
    "SOCK",
    "SOCKET",
    "USER",
    "USERNAME",
    "PREFIX",
    "HEADER",
    "FIELD",
    "VERSION",
    "POLICY",
    "ENABLED",
];

/// Before `KEY`, these say that it is not a secret one.
const OPEN_KEYS: [&str; 6] = ["PUBLIC", "PRIMARY", "FOREIGN", "SORT", "PARTITION", "CACHE"];

/// Whether the name of a variable or header says that its value is a secret. A name is read by its
/// words, in whatever case and whatever stands between them: `DEPLOY_PASSWORD`, `apiKey`,
/// `X-Api-Key`. `MONKEY`, `token_count`, `SSH_PUBLIC_KEY` and `PASSWORD_FILE` do not say so.
pub fn names_a_secret(name: &str) -> bool {
    let words = words(name);
    let says_so = |word: &String| {
        WORDS.contains(&word.as_str()) || ENDINGS.iter().any(|ending| word.ends_with(ending))
    };
    let Some(last) = words.iter().rposition(says_so) else {
        return false;
    };
    let is_key = matches!(words[last].as_str(), "KEY" | "KEYS");
    let open = |word: &String| OPEN_KEYS.contains(&word.as_str());
    if is_key && words[..last].iter().any(open) {
        return false;
    }
    !words[last + 1..]
        .iter()
        .any(|word| ABOUT.contains(&word.as_str()))
}

fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let chars: Vec<char> = name.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after_lower = before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit());
        let before_lower = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        let after_upper = before.is_some_and(char::is_uppercase);
        if c.is_uppercase() && (after_lower || (after_upper && before_lower)) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_uppercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// From this length on, a word that mixes all kinds of characters is not one of a path.
const LONG_WORD: usize = 16;

/// Whether a value is a path by its look, as that of `PWD` is. Base64 may begin with `/`, too: a lone
/// part that mixes capitals, small letters and digits is not taken for a path, nor is a long word that does.
pub fn is_path(value: &str) -> bool {
    let rooted = ["/", "./", "../", "~/"];
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | ' ');
    let mixed = |part: &str| {
        part.contains(|c: char| c.is_ascii_uppercase())
            && part.contains(|c: char| c.is_ascii_lowercase())
            && part.contains(|c: char| c.is_ascii_digit())
    };
    let parts = value.split('/').filter(|part| !part.is_empty()).count();
    let odd = |part: &str| {
        let mut words = part
            .split(['.', '_', '-', '@', ' '])
            .filter(|word| mixed(word));
        words.any(|word| parts < 2 || word.len() >= LONG_WORD)
    };
    rooted.iter().any(|root| value.starts_with(root))
        && value
            .trim_start_matches('~')
            .split('/')
            .all(|part| part.chars().all(plain) && !odd(part))
}

/// Whether a value of a variable with such a name is a switch and not a secret.
pub fn is_switch(value: &str) -> bool {
    const SWITCHES: [&str; 15] = [
        "", "true", "false", "yes", "no", "on", "off", "none", "null", "auto", "always", "never",
        "enabled", "disabled", "default",
    ];
    let value = value.trim();
    SWITCHES.contains(&value.to_ascii_lowercase().as_str())
        || (value.len() < super::MIN_SECRET && value.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_by_its_words_that_its_value_is_a_secret() {
        for name in [
            "DEPLOY_PASSWORD",
            "PGPASSWORD",
            "MYSQL_PWD",
            "SSHPASS",
            "GITHUB_TOKEN",
            "tokenProd",
            "apiKey",
            "APIKey",
            "X-Api-Key",
            "AWS_SECRET_ACCESS_KEY",
            "SECRET_KEY_BASE",
            "DB_CREDENTIALS",
            "authToken",
            "Authorization",
            "Cookie",
            "db.password",
            "npm_config__auth",
            "PASSWORD_2",
        ] {
            assert!(names_a_secret(name), "{name}");
        }
        for name in [
            "MONKEY",
            "KEYBOARD",
            "token_count",
            "secret_name",
            "PASSWORD_FILE",
            "AWS_ACCESS_KEY_ID",
            "SSH_PUBLIC_KEY",
            "SSH_AUTH_SOCK",
            "AUTHOR",
            "COMPASS",
            "tokens_limit",
            "XAUTHORITY",
            "cache_key",
            "",
        ] {
            assert!(!names_a_secret(name), "{name}");
        }
    }

    #[test]
    fn a_path_is_not_a_secret_and_base64_that_begins_with_a_slash_is_not_a_path() {
        for path in [
            "/root",
            "/srv/u/.ssh/id_ed25519",
            "./secrets/token",
            "~/.netrc",
            "/run/secrets/db-password",
            "/tmp/.tmpQx3b9L",
            "/tmp/gateproof-check-Qx3b9L",
        ] {
            assert!(is_path(path), "{path}");
        }
        for secret in [
            "/9j4AAQSkZJRg",
            "hunter2x",
            "/aB3+x==",
            "a/b/c",
            "/x/Qk3v9ZbT7mN2pL8s",
        ] {
            assert!(!is_path(secret), "{secret}");
        }
    }
}
