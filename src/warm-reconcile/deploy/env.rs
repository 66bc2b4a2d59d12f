//! The environment of a recipe's compose files, by Co-op Cloud's conventions.
//!
//! In this order, the later over the earlier: the defaults of `.env.sample`, the app file's
//! `env`, what `abra.sh` exports (versions of configs), and the names of the stack and domain.

use indexmap::IndexMap;

/// Variables by name, in the order in which they were first set.
pub(super) type Variables = IndexMap<String, String>;

/// Puts the parts together.
pub(super) fn assemble(
    sample: &str,
    app: &IndexMap<String, String>,
    abra_sh: &str,
    stack: &str,
    domain: &str,
) -> Variables {
    let mut all = parse_env(sample);
    all.extend(
        app.iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    all.extend(parse_exports(abra_sh));
    all.insert("STACK_NAME".into(), stack.into());
    all.insert("DOMAIN".into(), domain.into());
    all
}

/// An env file: `NAME=value` lines. Values may be quoted; outside single quotes `$NAME` and
/// `${NAME}` stand for what the file has set before (`COMPOSE_FILE="$COMPOSE_FILE:more.yml"`).
/// Own code, because the libraries at hand fill in from the process's own environment.
pub(super) fn parse_env(text: &str) -> Variables {
    let mut all = Variables::new();
    for line in text.lines() {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        set(&mut all, line);
    }
    all
}

/// The `export NAME=value` lines of a shell file that are constants. Nothing is run.
pub(super) fn parse_exports(text: &str) -> Variables {
    let mut all = Variables::new();
    for line in text.lines() {
        if let Some(line) = line.strip_prefix("export ") {
            set(&mut all, line);
        }
    }
    all
}

fn set(all: &mut Variables, line: &str) {
    let Some((name, value)) = line.split_once('=') else {
        return;
    };
    let name = name.trim();
    if is_name(name) {
        let value = value_of(value.trim_start(), all);
        all.insert(name.to_owned(), value);
    }
}

fn is_name(text: &str) -> bool {
    let head = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(head) && text.chars().all(|c| head(c) || c.is_ascii_digit())
}

fn value_of(text: &str, before: &Variables) -> String {
    let quoted = |quote: char| {
        let inside = text.strip_prefix(quote)?;
        Some(inside.split(quote).next().unwrap_or(inside))
    };
    if let Some(inside) = quoted('\'') {
        return inside.to_owned();
    }
    if let Some(inside) = quoted('"') {
        return fill(inside, before);
    }
    // A comment begins after a blank: `v1 # length=32`.
    let end = text.find(" #").or_else(|| text.find("\t#"));
    let bare = if text.starts_with('#') {
        ""
    } else {
        &text[..end.unwrap_or(text.len())]
    };
    fill(bare.trim_end(), before)
}

fn fill(text: &str, before: &Variables) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((head, after)) = rest.split_once('$') {
        out.push_str(head);
        let braced = after
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'));
        let (name, more) = braced.unwrap_or_else(|| {
            let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            after.split_at(after.find(|c| !part(c)).unwrap_or(after.len()))
        });
        if is_name(name) {
            out.push_str(before.get(name).map(String::as_str).unwrap_or_default());
            rest = more;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(all: &Variables) -> Vec<(&str, &str)> {
        all.iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }

    #[test]
    fn an_env_sample_is_read_as_its_writers_mean_it() {
        let text = r#"
TYPE=traefik
#COMMENTED=1
export A = spaced
EMPTY=
COMPOSE_FILE="compose.yml"
COMPOSE_FILE="$COMPOSE_FILE:compose.${TYPE}.yml"
SECRET_X_VERSION=v1 # length=32
HASH=a#b
ONLY=# comment
SINGLE='$TYPE "x"'
PRICE=5$ and $1
not a line
1BAD=x
"#;
        assert_eq!(
            pairs(&parse_env(text)),
            [
                ("TYPE", "traefik"),
                ("A", "spaced"),
                ("EMPTY", ""),
                ("COMPOSE_FILE", "compose.yml:compose.traefik.yml"),
                ("SECRET_X_VERSION", "v1"),
                ("HASH", "a#b"),
                ("ONLY", ""),
                ("SINGLE", "$TYPE \"x\""),
                ("PRICE", "5$ and $1"),
            ]
        );
    }

    #[test]
    fn the_later_part_wins_and_the_names_are_ours() {
        let app = [("A", "app"), ("B", "app"), ("DOMAIN", "wrong")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let all = assemble(
            "A=sample\nC=sample\n",
            &app.into_iter().collect(),
            "export B=abra\nfunction x() {\n  export C=inside\n}\n",
            "web_test",
            "web.test",
        );
        assert_eq!(
            pairs(&all),
            [
                ("A", "app"),
                ("C", "sample"),
                ("B", "abra"),
                ("DOMAIN", "web.test"),
                ("STACK_NAME", "web_test"),
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "([A-Z]{0,2}[=$#'\"{} \n]?.?){0,30}") {
            let all = parse_env(&text);
            prop_assert!(all.keys().all(|name| is_name(name)));
        }
    }
}
