//! Quoting for POSIX shells: the one place that turns a value into shell text.

/// The value as one word of a POSIX shell line. Words that need no quotes get none.
pub fn quote(value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-./:@%+=,".contains(&b);
    if !value.is_empty() && value.bytes().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// The words as one shell line.
pub fn join<S: AsRef<str>>(words: &[S]) -> String {
    words
        .iter()
        .map(|word| quote(word.as_ref()))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_quoted_value_comes_back_from_a_real_shell(value in "[^\0]{0,40}") {
            let line = format!("printf %s {}", quote(&value));
            let out = std::process::Command::new("sh").args(["-c", &line]).output().unwrap();
            prop_assert_eq!(out.stdout, value.as_bytes());
        }
    }
}
