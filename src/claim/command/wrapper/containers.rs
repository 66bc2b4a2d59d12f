//! `docker exec`, `docker compose exec`, `kubectl exec`.

use super::super::options::{Options, Until, tell};
use super::super::tree::Word;
use super::{Inside, after, command, words_of};

const EXEC: Options = Options {
    flags: "itdT",
    optional: "",
    valued: "uwe",
    long: &["interactive", "tty", "detach", "privileged", "no-TTY"],
    long_valued: &["user", "workdir", "env", "index"],
};

const POD: Options = Options {
    flags: "itqA",
    optional: "",
    valued: "nc",
    long: &["stdin", "tty", "quiet"],
    long_valued: &[
        "namespace",
        "context",
        "cluster",
        "container",
        "request-timeout",
    ],
};

/// `docker exec`, `docker compose exec`.
pub(super) fn container(args: &[Word]) -> Result<Inside, String> {
    let known = Options {
        flags: "D",
        optional: "",
        valued: "Hclfp",
        long: &["debug"],
        long_valued: &[
            "host",
            "context",
            "log-level",
            "file",
            "project-name",
            "project-directory",
        ],
    };
    let Ok(told) = tell(args, &known, Until::FirstOperand) else {
        return Ok(Inside::Itself);
    };
    let words = words_of(&told);
    match words.first().and_then(Word::text) {
        Some("exec") => executed(&words[1..]),
        Some("container") if words.get(1).and_then(Word::text) == Some("exec") => {
            executed(&words[2..])
        }
        Some("compose") => container(&words[1..]),
        _ => Ok(Inside::Itself),
    }
}

fn executed(args: &[Word]) -> Result<Inside, String> {
    let told = tell(args, &EXEC, Until::FirstOperand)?;
    let settings = told.values("e").chain(told.values("env"));
    let sets: Vec<String> = settings
        .map(|word| word.prefix.split('=').next().unwrap_or_default().to_owned())
        .collect();
    Ok(after(&told, 1).setting(sets))
}

/// `kubectl exec POD -- COMMAND`.
pub(super) fn pod(args: &[Word]) -> Result<Inside, String> {
    let Ok(told) = tell(args, &POD, Until::FirstOperand) else {
        let executes = args.iter().any(|word| word.text() == Some("exec"));
        return if executes {
            Err("exec".to_owned())
        } else {
            Ok(Inside::Itself)
        };
    };
    let words = words_of(&told);
    if words.first().and_then(Word::text) != Some("exec") {
        return Ok(Inside::Itself);
    }
    let Some(at) = words.iter().position(|word| word.text() == Some("--")) else {
        return Ok(Inside::Unknown("`kubectl exec` without `--`".to_owned()));
    };
    tell(&words[1..at], &POD, Until::TheEnd)?;
    Ok(command(words[at + 1..].to_vec()))
}
