//! From an invocation to the one line that asks a runner for it.

use std::{fmt, io};

use super::super::fault::Fault;
use super::super::invocation::{Invocation, Leftovers, Script};
use super::super::mark::{self, Lineage};
use super::super::script;
use kit::shell;

/// A stream of a command may be this long on the host (64 MiB); then it is stopped.
pub(super) const FLOOD: u64 = 64 << 20;

/// The script that runs commands on hosts, for everyone who wants to read it first.
pub fn runner_script() -> &'static str {
    concat!(
        include_str!("../marked.sh"),
        include_str!("../state_folder.sh"),
        include_str!("runner.sh")
    )
}

/// The watchdog on the host gives the client this much longer, in seconds: the client is the
/// one that keeps the time exactly. (The watchdog looks once a second, so it comes one to two
/// seconds after the deadline.)
const SLACK: u64 = 1;

/// The command that is given to the login shell, whatever shell that is: no quote, newline,
/// backslash or exclamation mark that any of them would read differently.
pub(in crate::host) const BOOTSTRAP: &str = r#"exec /bin/sh -c 'IFS= read -r s && eval "$s"'"#;

/// What one runner and we know, and no job.
#[derive(Clone)]
pub(super) struct Secrets {
    /// Names the runner: no secret, jobs have it in their environment.
    nonce: String,
    /// Begins every frame.
    pub(super) key: String,
    /// Begins every request that makes something run.
    ask: String,
}

/// Says nothing of them.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets of {}", self.nonce)
    }
}

impl Secrets {
    /// Those of a new runner.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub(super) fn fresh() -> io::Result<Secrets> {
        Ok(Secrets {
            nonce: mark::fresh()?,
            key: mark::fresh()?,
            ask: mark::fresh()?,
        })
    }
}

/// Variables that carry a secret. A login may export any of them, and then an assignment would hand
/// the secret on to every job; so may shell options that come with the environment.
const CLEAR: &str = "set +a +x; unset s line verb rest nonce key ask tag lineage token";

/// The first line that the bootstrap reads: the secrets, and the runner itself.
pub(super) fn first_line(secrets: &Secrets, lineage: &Lineage) -> Vec<u8> {
    let Secrets { nonce, key, ask } = secrets;
    let body = percent_b(runner_script().as_bytes());
    format!(
        "{CLEAR}; nonce={nonce} key={key} ask={ask} lineage={lineage}; eval \"$(printf '%b' '{body}')\"\n"
    )
    .into_bytes()
}

/// A job as a runner is asked for it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: u64,
    /// Comes back in the answer to this request, and in no other.
    pub(super) token: String,
    /// The limit of file locks of its processes.
    pub(super) limit: String,
}

/// The request line of jobs, each as [`job`] made it.
pub(super) fn line<'j>(secrets: &Secrets, jobs: impl Iterator<Item = &'j str>) -> Vec<u8> {
    let jobs: Vec<&str> = jobs.collect();
    format!("run {} {}\n", secrets.ask, jobs.join("; ")).into_bytes()
}

/// A job as a part of a request line.
///
/// # Errors
/// A [`Fault`] when the invocation cannot be handed to any shell.
pub(super) fn job(
    request: &Request,
    folder: &str,
    invocation: &Invocation,
) -> Result<String, Fault> {
    let Request {
        id,
        token,
        limit: mark,
    } = request;
    script::check(invocation)?;
    let started = u64::from(invocation.deadline.subsec_nanos() > 0);
    let whole = invocation
        .deadline
        .as_secs()
        .saturating_add(started + SLACK);
    let limit = (invocation.output_limit as u64).min(FLOOD);
    let keep = if invocation.leftovers == Leftovers::Keep {
        "yes"
    } else {
        ""
    };
    let mut job = format!(
        "begin_job; id={id} token={token} mark={mark} deadline={} limit={limit} flood={FLOOD} keep={keep}",
        whole.min(i32::MAX as u64)
    );
    if let Some(input) = &invocation.stdin {
        job.push_str(&format!(" input='{}'", percent_b(input)));
    }
    let text = one_line(&text(folder, invocation)?);
    job.push_str(&format!(" text={text}; run_job"));
    Ok(job)
}

/// The shell text of a job: variables, folder, then the command.
fn text(folder: &str, invocation: &Invocation) -> Result<String, Fault> {
    let mut lines = String::new();
    for (name, value) in &invocation.env {
        lines.push_str(&format!("export {name}={}\n", shell::quote(value)));
    }
    if let Some(cwd) = &invocation.cwd {
        // A relative folder is looked up nowhere but in the login's own; `-` is a name.
        let cwd = if cwd.starts_with('/') {
            cwd.clone()
        } else {
            format!("./{cwd}")
        };
        let cwd = shell::quote(&cwd);
        lines.push_str(&format!(
            "cd {cwd} 2>/dev/null || {{ echo cwd >{folder}/fault; exit 126; }}\n"
        ));
    }
    match &invocation.script {
        Script::Shell(text) => lines.push_str(&script::with_params(text, &invocation.params)?),
        Script::Argv(args) => {
            let program = shell::quote(&args[0]);
            lines.push_str(&format!(
                "command -v {program} >/dev/null 2>&1 || {{ echo tool >{folder}/fault; exit 127; }}\nexec {}",
                shell::join(args)
            ));
        }
    }
    Ok(lines)
}

/// A shell word without a line end in it; `$newline` is set by the runner.
fn one_line(text: &str) -> String {
    format!(
        "'{}'",
        text.replace('\'', r"'\''").replace('\n', r#"'"$newline"'"#)
    )
}

/// Bytes as `printf %b` reads them, in a form that stands between single quotes.
fn percent_b(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 4);
    for &byte in bytes {
        match byte {
            b' '..=b'~' if byte != b'\'' && byte != b'\\' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\0{byte:03o}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::*;
    use proptest::prelude::*;

    /// The POSIX shells of this machine, dash and bash at least on Debian.
    fn shells() -> Vec<Vec<&'static str>> {
        let all = [vec!["dash"], vec!["bash"], vec!["busybox", "sh"]];
        let there = |words: &Vec<&str>| {
            Command::new(words[0])
                .args(&words[1..])
                .args(["-c", "exit 0"])
                .output()
                .is_ok()
        };
        all.into_iter().filter(there).collect()
    }

    /// What a shell makes of the line: reads it as the runner does, and prints a variable.
    fn evaluated(shell: &[&str], line: &[u8], print: &str) -> Vec<u8> {
        let program = format!(
            "newline='\n'; begin_job() {{ :; }}; run_job() {{ {print}; }}; IFS=' ' read -r verb ask rest; eval \"$rest\""
        );
        let mut child = Command::new(shell[0])
            .args(&shell[1..])
            .args(["-c", &program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(line).unwrap();
        child.wait_with_output().unwrap().stdout
    }

    fn invocation(text: &str, stdin: Vec<u8>) -> Invocation {
        Invocation {
            stdin: Some(stdin),
            ..Invocation::new(
                Script::Shell(text.to_owned()),
                Duration::from_millis(1500),
                10,
            )
        }
    }

    /// The line of these as jobs 3, 4 and so on.
    fn line(invocations: &[Invocation]) -> Vec<u8> {
        let secrets = Secrets {
            nonce: "a1".to_owned(),
            key: "b2".to_owned(),
            ask: "c3".to_owned(),
        };
        let jobs = (3..).zip(invocations).map(|(id, invocation)| {
            let request = Request {
                id,
                token: "d4".to_owned(),
                limit: format!("123456789012{id:06}"),
            };
            job(&request, "/tmp/x", invocation).unwrap()
        });
        let jobs: Vec<String> = jobs.collect();
        super::line(&secrets, jobs.iter().map(String::as_str))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn text_and_input_come_back_from_every_shell(
            text in "[^\0]{0,60}",
            bytes in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let line = line(&[invocation(&text, bytes.clone()), invocation(&text, Vec::new())]);
            prop_assert_eq!(line.iter().filter(|&&byte| byte == b'\n').count(), 1);
            let twice = text.repeat(2);
            for shell in shells() {
                prop_assert_eq!(evaluated(&shell, &line, "printf %s \"$text\""), twice.as_bytes(), "{:?}", &shell);
                prop_assert_eq!(evaluated(&shell, &line, "printf %b \"$input\""), bytes.as_slice(), "{:?}", &shell);
            }
        }
    }

    #[test]
    fn the_watchdog_never_comes_before_the_client() {
        let line = line(&[invocation("true", Vec::new())]);
        let want = "run c3 begin_job; id=3 token=d4 mark=123456789012000003 deadline=3 limit=10 flood=67108864 keep= input='' text='true'; run_job\n";
        assert_eq!(String::from_utf8(line).unwrap(), want);
    }

    #[test]
    fn the_bootstrap_reads_the_same_in_every_login_shell() {
        assert!(!BOOTSTRAP.contains(['!', '\\', '\n', '`']));
    }

    /// Asks `left_nothing` of the runner: `first` is the newest process and the moment before the job,
    /// `pid` its own, `newest` what is told at each look after it.
    fn left_nothing(first: (&str, u32), pid: &str, newest: &[(&str, u32)], pid_max: &str) -> bool {
        let script = runner_script();
        let begin = script.find("left_nothing() {").unwrap();
        let end = begin + script[begin..].find("\n}\n").unwrap() + 3;
        let looks: Vec<String> = newest
            .iter()
            .map(|(pid, at)| format!("{pid}:{at}"))
            .collect();
        let program = format!(
            "looks='{}' first_pid={} first_moment={} pid={pid} pid_max={pid_max}
{}
newest_process() {{ look=${{looks%% *}} looks=${{looks#* }}; newest=${{look%:*}} moment=${{look#*:}}; }}
left_nothing",
            looks.join(" "),
            first.0,
            first.1,
            &script[begin..end],
        );
        let mut answers = shells().into_iter().map(|shell| {
            let mut command = Command::new(shell[0]);
            command.args(&shell[1..]).args(["-c", &program]);
            command.status().unwrap().success()
        });
        let first = answers.next().unwrap();
        assert!(answers.all(|answer| answer == first), "{program}");
        first
    }

    #[test]
    fn a_job_has_left_nothing_only_where_every_number_since_then_is_free() {
        // Numbers above any that Linux gives: nobody has them.
        let free = ["90000001", "90000002", "90000003", "90000004"];
        let own = std::process::id().to_string();
        let before_own = (std::process::id() - 1).to_string();
        let at = 500;
        let first = (free[0], at);
        for (first, pid, newest, pid_max, expected) in [
            (
                first,
                free[1],
                &[(free[2], at), (free[2], at)][..],
                "4194304",
                true,
            ),
            // Somebody starts more while we look.
            (
                first,
                free[1],
                &[(free[2], at), (free[3], at), (free[3], at)],
                "4194304",
                true,
            ),
            // One of them lives: it may be the job's.
            (
                (before_own.as_str(), at),
                own.as_str(),
                &[(own.as_str(), at); 2],
                "4194304",
                false,
            ),
            // The job is not among them: they are not counted as we see them.
            (first, free[0], &[(free[2], at); 2], "4194304", false),
            (first, free[3], &[(free[2], at); 2], "4194304", false),
            (first, "0", &[("0", at); 2], "4194304", false),
            // The numbers have begun anew, or could have.
            (first, free[1], &[("300", at); 2], "4194304", false),
            (first, free[1], &[(free[2], at + 419); 2], "4194304", false),
            (first, free[1], &[(free[2], at + 2); 2], "32768", true),
            (first, free[1], &[(free[2], at + 3); 2], "32768", false),
            // Too many to look at.
            (first, "90000300", &[("90000300", at); 2], "4194304", false),
            // Nobody knows.
            (first, "''", &[(free[2], at); 2], "4194304", false),
            (first, free[1], &[(free[2], at); 2], "''", false),
        ] {
            let found = left_nothing(first, pid, newest, pid_max);
            assert_eq!(found, expected, "{first:?} {pid} {newest:?} {pid_max}");
        }
    }
}
