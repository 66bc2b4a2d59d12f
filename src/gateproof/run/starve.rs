//! Runs the line of a check once more in worlds in which its tools fail. One script makes the folders with
//! the failing tools, runs the line among them, and removes them: one round trip for all worlds.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::Utc;
use claim::command::Starving;
use claim::teeth::Failing;
use kit::shell::quote;
use reach::host::{Fault, Host, Invocation, Script};
use reach::observation::{Captured, CommandObservation, Ending, Observation};

/// A line that does not end among failing tools waits for something.
const LIMIT: Duration = Duration::from_secs(10);

/// Begins each line that the script prints about itself.
const MARK: &str = "gateproof-starve";

/// A program of the folder that ends well. Where it cannot be run, the shell would look for the others
/// further on in PATH, and find the real ones.
const TRY: &str = "gateproof-try";

/// What a line showed in each of the worlds.
///
/// # Errors
/// Why it cannot be known, in words that follow "not starved:".
pub(super) async fn starved(
    host: &Host,
    line: Invocation,
    starving: &Starving,
    worlds: &[Failing],
) -> Result<Vec<Observation>, String> {
    let random = super::provenance::random;
    let folder = format!("gateproof-starve-{:08x}{:08x}", random(), random());
    let run = Invocation {
        script: Script::Shell(script(&folder, &text(&line.script), starving, worlds)),
        stdin: None,
        deadline: LIMIT,
        ..line
    };
    let seen = match host.run(&run).await {
        Ok(seen) => seen,
        Err(fault) => {
            remove(host, &folder).await;
            return Err(match fault {
                Fault::Deadline { .. } => "it does not end when its tools fail".to_owned(),
                other => other.to_string(),
            });
        }
    };
    read(&seen, worlds.len())
}

/// Removes what a script that was ended has left.
async fn remove(host: &Host, folder: &str) {
    let line = format!("rm -rf \"${{TMPDIR:-/tmp}}/{folder}\"");
    let run = Invocation::new(Script::Shell(line), LIMIT, 1024);
    // A host that is lost keeps an empty folder of programs that nobody calls.
    let _ = host.run(&run).await;
}

/// The line as shell text.
fn text(script: &Script) -> String {
    match script {
        Script::Shell(line) => line.clone(),
        Script::Argv(words) => kit::shell::join(words),
    }
}

fn script(folder: &str, line: &str, starving: &Starving, worlds: &[Failing]) -> String {
    let folders: Vec<String> = (0..worlds.len())
        .map(|number| format!("\"$gp_d/{number}\""))
        .collect();
    let mut out = format!(
        "gp_d=\"${{TMPDIR:-/tmp}}/{folder}\"\n\
         mkdir -m 700 \"$gp_d\" || exit 90\n\
         trap 'rm -rf \"$gp_d\"' EXIT\n\
         mkdir {}\n\
         gp_line={}\n\
         gp_tool() {{ printf '#!/bin/sh\\n%s\\n' \"$2\" >\"$gp_d/$1\"; }}\n\
         gp_tool 0/{TRY} 'exit 0'\n",
        folders.join(" "),
        quote(line),
    );
    for (number, world) in worlds.iter().enumerate() {
        let mut tool = |name: &str, body: &str| {
            let path = quote(&format!("{number}/{name}"));
            out.push_str(&format!("gp_tool {path} {}\n", quote(body)));
        };
        for (place, name) in starving.tools.iter().enumerate() {
            let fails = world.only.is_none_or(|only| only == place);
            let body = if fails {
                failing(*world, name)
            } else {
                "exit 0".to_owned()
            };
            tool(name, &body);
        }
        for name in &starving.functions {
            tool(name, &failing(*world, name));
        }
        for (name, lines) in &starving.carriers {
            tool(name, &carrier(*world, name, lines));
        }
        if starving.waits {
            tool("sleep", "exit 0");
        }
    }
    // Every world has the same words, so the first one speaks for all.
    out.push_str(&format!(
        "chmod 700 \"$gp_d\"/*/* && \"$gp_d/0/{TRY}\" || exit 91\n\
         gp_found=$(PATH=\"$gp_d/0:$PATH\"; for gp_t in {}; do\n\
         [ \"$(command -v \"$gp_t\")\" = \"$gp_d/0/$gp_t\" ] || {{ printf '%s' \"$gp_t\"; break; }}; done)\n\
         [ -z \"$gp_found\" ] || {{ printf '%s other %s\\n' {MARK} \"$gp_found\"; exit 0; }}\n\
         for gp_w in {}; do\n\
         ( PATH=\"$gp_w:$PATH\"; export PATH; eval \"$gp_line\" ) >\"$gp_d/out\" 2>\"$gp_d/err\" </dev/null\n\
         gp_code=$?\n\
         set -- $(cd \"$gp_d\" && wc -c out err)\n\
         printf '%s %d %d %d\\n' {MARK} \"$gp_code\" \"$1\" \"$3\"\n\
         cat \"$gp_d/out\" \"$gp_d/err\"\n\
         done\n",
        words(starving.words()),
        folders.join(" "),
    ));
    out
}

fn words<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let unique: BTreeSet<&str> = words.collect();
    let quoted: Vec<String> = unique.into_iter().map(quote).collect();
    quoted.join(" ")
}

/// A program that fails.
fn failing(world: Failing, tool: &str) -> String {
    let text = world.text(tool);
    if text.is_empty() {
        return format!("exit {}", world.code);
    }
    let text = quote(&text);
    format!(
        "printf '%s\\n' {text}\nprintf '%s\\n' {text} >&2\nexit {}",
        world.code
    )
}

/// A program that runs the line that it is given, here and among failing tools.
fn carrier(world: Failing, name: &str, lines: &[String]) -> String {
    let run = |line: &String| format!("exec /bin/sh -c {}", quote(line));
    match lines {
        [only] => run(only),
        several => {
            let arms = several.iter().map(|line| {
                // The program's own options come before the line.
                let unquoted = line.replace('\'', "");
                format!("*{}|*{}) {};;\n", quote(line), quote(&unquoted), run(line))
            });
            let arms: String = arms.collect();
            format!("case $* in\n{arms}esac\n{}", failing(world, name))
        }
    }
}

/// What the script printed, as observations.
fn read(seen: &CommandObservation, worlds: usize) -> Result<Vec<Observation>, String> {
    let unread = || "the folder of failing tools cannot be made there".to_owned();
    if seen.stdout.is_truncated() {
        return Err("it prints too much when its tools fail".to_owned());
    }
    let mut rest: &[u8] = &seen.stdout.bytes;
    let mut all = Vec::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|&byte| byte == b'\n');
        let (head, after) = rest.split_at(end.ok_or_else(unread)?);
        let head = String::from_utf8_lossy(head).into_owned();
        let fields: Vec<&str> = head.split(' ').collect();
        match fields.as_slice() {
            [MARK, "other", tool] => {
                return Err(format!("nothing stands in for `{tool}` there"));
            }
            [MARK, code, out, err] => {
                let number = |text: &str| text.parse::<usize>().map_err(|_| unread());
                let (out, err) = (number(out)?, number(err)?);
                let after = &after[1..];
                let printed = after.get(..out).ok_or_else(unread)?;
                let errors = after.get(out..out + err).ok_or_else(unread)?;
                all.push(Observation::Command(CommandObservation {
                    ending: Ending::Exited(code.parse().map_err(|_| unread())?),
                    stdout: Captured::whole(printed),
                    stderr: Captured::whole(errors),
                    duration: seen.duration,
                    at: Utc::now(),
                    left: Vec::new(),
                }));
                rest = &after[out + err..];
            }
            _ => return Err(unread()),
        }
    }
    if all.len() == worlds {
        Ok(all)
    } else {
        Err(unread())
    }
}
