//! Whether the unit starts this program with this app file, or others: a host whose units lag behind
//! their source deploys by old rules, and nobody sees it.

use std::fs;
use std::path::{Path, PathBuf};

use kit::digest::sha256;

/// The name of this program.
const PROGRAM: &str = "warm-reconcile";

/// What a unit starts, as far as its `ExecStart=` and a script in it tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Starts {
    program: Option<PathBuf>,
    config: Option<PathBuf>,
}

/// In words, what the unit starts otherwise than it is looked at here: another build of this program,
/// or another app file. `exec` are the words of its `ExecStart=`.
pub fn stale(exec: &[String], own: &Path, app_file: Option<&Path>) -> Vec<String> {
    let starts = Starts::of(exec);
    let mut all = Vec::new();
    if let Some(program) = &starts.program {
        match (digest(program), digest(own)) {
            (None, _) => all.push(format!(
                "the unit starts {}, which cannot be read",
                program.display()
            )),
            (theirs, ours) if theirs != ours => all.push(format!(
                "the unit starts {}, which is another build than this program ({})",
                program.display(),
                own.display()
            )),
            _ => {}
        }
    }
    if let (Some(theirs), Some(ours)) = (&starts.config, app_file)
        && digest(theirs) != digest(ours)
    {
        all.push(format!(
            "the unit reads the app file {}, and this check has read {}, which says something else",
            theirs.display(),
            ours.display()
        ));
    }
    all
}

fn digest(file: &Path) -> Option<String> {
    fs::read(file).ok().map(sha256)
}

impl Starts {
    fn of(exec: &[String]) -> Starts {
        // What systemd reads before a path: `-` and others (systemd.service(5)).
        let first = exec
            .first()
            .map(|word| word.trim_start_matches(['-', '@', ':', '+', '!', '|']));
        let mut words: Vec<String> = first.into_iter().map(str::to_owned).collect();
        words.extend(exec.iter().skip(1).cloned());
        if let Some(script) = first.and_then(script) {
            let unquoted = |word: &str| word.trim_matches(['"', '\'']).to_owned();
            words.extend(script.split_whitespace().map(unquoted));
        }
        let is_program = |path: &&Path| path.is_absolute() && path.ends_with(PROGRAM);
        let config =
            words
                .iter()
                .enumerate()
                .find_map(|(at, word)| match word.strip_prefix("--config=") {
                    Some(file) => Some(file.to_owned()),
                    None if word == "--config" => words.get(at + 1).cloned(),
                    None => None,
                });
        Starts {
            program: words
                .iter()
                .map(Path::new)
                .find(is_program)
                .map(Path::to_owned),
            config: config.map(PathBuf::from),
        }
    }
}

/// The text of a script.
fn script(path: &str) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let text = bytes
        .starts_with(b"#!")
        .then(|| String::from_utf8(bytes).ok());
    text.flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_starts_another_build_or_reads_another_file_is_told() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name).join(PROGRAM);
        for (name, build) in [
            ("new", "new build"),
            ("same", "new build"),
            ("old", "old build"),
        ] {
            fs::create_dir(place.path().join(name)).unwrap();
            fs::write(at(name), build).unwrap();
        }
        let file = |name: &str, text: &str| {
            let path = place.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let (ours, theirs) = (
            file("ours.yaml", "apps: {}\n"),
            file("theirs.yaml", "apps: { }\n"),
        );
        let own = at("new");
        let told = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            stale(&words, &own, Some(&ours)).join("\n")
        };
        let line = |name: &str| format!("-{} run traefik", at(name).display());
        assert_eq!(told(&line("new")), "");
        assert_eq!(told(&line("same")), "", "a copy is the same build");
        assert!(told(&line("old")).contains("another build"));
        assert!(told(&line("gone")).contains("cannot be read"));
        assert_eq!(
            told(&format!("{} --config {}", line("new"), ours.display())),
            ""
        );
        for form in ["--config ", "--config="] {
            let line = format!("{} {form}{}", line("new"), theirs.display());
            assert!(told(&line).contains("theirs.yaml"), "{line}");
        }
        // As NixOS writes it: a script between the unit and the program.
        let script = file(
            "start",
            &format!(
                "#!/bin/sh\nexec \"{}\" run 'traefik'\n",
                at("old").display()
            ),
        );
        assert!(told(&script.display().to_string()).contains("another build"));
        // Of another program nothing is known.
        assert_eq!(told("/bin/true --config"), "");
        assert!(stale(&[], &own, None).is_empty());
    }
}
