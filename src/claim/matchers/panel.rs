//! Observations that have nothing in common, to hold expectations against: what holds for all
//! of them cannot fail.

use std::sync::LazyLock;
use std::time::Duration;

use chrono::DateTime;

use reach::observation::{
    Captured, CommandObservation, Ending, HttpObservation, HttpResponse, NoAnswer, NoAnswerCause,
    Observation,
};

/// Very different texts: of every kind, of every pair of printable characters, and long ones.
pub(super) static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let printable: Vec<char> = (' '..='~').collect();
    let mut pairs = String::new();
    for first in &printable {
        for second in &printable {
            pairs.push(*first);
            pairs.push(*second);
        }
    }
    let mut texts: Vec<String> = [
        "",
        " \n\t",
        "a",
        "Z",
        "0",
        "1",
        "-1",
        "42",
        "3.14",
        "1.2.3",
        "000",
        "999",
        "200",
        "404",
        "true",
        "false",
        "null",
        "no",
        "[]",
        "{}",
        "[1]",
        r#"{"a":1}"#,
        r#""text""#,
        "one line",
        "two\nlines",
        "two\r\nlines\r\n",
        "\n\nthird",
        "error: failed",
        "OK",
        "key=value",
        "/var/lib/x",
        "é漢字🦀",
        "\u{a0}\u{200b}",
        "\u{1b}[31mred\u{1b}[0m",
        "\0",
        "a\0b\u{7f}\u{fffd}",
        "tab\tseparated\tvalues",
        "<html></html>",
    ]
    .map(str::to_owned)
    .into();
    texts.push(pairs);
    texts.push("x".repeat(70_000));
    texts.push("line of text\n".repeat(3_000));
    texts
});

/// Texts for panels that are large in another way.
const FEW_TEXTS: [&str; 3] = ["", "x", "\u{1}\n{]<\u{fffd}"];

/// A command's observation.
pub(super) fn command(ending: Ending, stdout: &str, stderr: &str) -> Observation {
    Observation::Command(CommandObservation {
        ending,
        stdout: Captured::whole(stdout),
        stderr: Captured::whole(stderr),
        duration: Duration::from_millis(7),
        at: DateTime::UNIX_EPOCH,
        left: Vec::new(),
    })
}

pub(super) fn answer(status: u16, body: &str) -> Observation {
    http(Ok(HttpResponse {
        status,
        headers: Vec::new(),
        body: Captured::whole(body),
        certificate: None,
        url: "http://localhost/".to_owned(),
        ..HttpResponse::default()
    }))
}

/// An answer whose body cannot be read: its `Content-Encoding` is not known here.
pub(super) fn unreadable(status: u16) -> Observation {
    let coding = "x-unknown".to_owned();
    http(Ok(HttpResponse {
        status,
        headers: vec![("content-encoding".to_owned(), coding.clone())],
        body: Captured::whole("\u{1f}\u{8b}"),
        unreadable: Some(format!("its encoding `{coding}` cannot be read here")),
        encoding: Some(coding),
        url: "http://localhost/".to_owned(),
        ..HttpResponse::default()
    }))
}

/// No HTTP answer.
pub(super) fn no_answer(cause: NoAnswerCause) -> Observation {
    http(Err(NoAnswer {
        cause,
        detail: String::new(),
    }))
}

fn http(answer: Result<HttpResponse, NoAnswer>) -> Observation {
    Observation::Http(vec![HttpObservation {
        vantage: "local".to_owned(),
        answer,
        duration: Duration::from_millis(7),
        at: DateTime::UNIX_EPOCH,
    }])
}

/// Every way in which a command can end, its output empty: codes first, then signals.
pub(super) fn exits() -> impl Iterator<Item = Observation> {
    (0..=255).map(|code| command(Ending::Exited(code), "", ""))
}

/// Every signal that can end a command.
pub(super) fn signals() -> impl Iterator<Item = Observation> {
    (1..=64).map(|number| command(Ending::Signalled(number), "", ""))
}

/// No answer, for every cause.
pub(super) fn no_answers() -> impl Iterator<Item = Observation> {
    NoAnswerCause::ALL.into_iter().map(no_answer)
}

/// No answer, for every cause that the sentinels stand for.
pub(super) fn silences() -> impl Iterator<Item = Observation> {
    let causes = NoAnswerCause::ALL.into_iter();
    causes.filter(|cause| cause.is_silence()).map(no_answer)
}

/// Very different commands.
pub(super) fn commands() -> impl Iterator<Item = Observation> {
    let every_ending = || {
        let codes = (0..=255).map(Ending::Exited);
        codes.chain((1..=64).map(Ending::Signalled))
    };
    let endings_by_few_texts = FEW_TEXTS
        .iter()
        .flat_map(move |text| every_ending().map(|ending| command(ending, text, text)));
    let endings = [
        Ending::Exited(0),
        Ending::Exited(1),
        Ending::Exited(255),
        Ending::Signalled(9),
    ];
    let texts_by_few_endings = endings.into_iter().flat_map(|ending| {
        TEXTS.iter().flat_map(move |text| {
            [(text.as_str(), ""), ("", text.as_str()), (text, text)]
                .map(|(stdout, stderr)| command(ending, stdout, stderr))
        })
    });
    texts_by_few_endings.chain(endings_by_few_texts)
}

/// Very different answers, and none.
pub(super) fn answers() -> impl Iterator<Item = Observation> {
    let bodies = [200, 404, 999]
        .into_iter()
        .flat_map(|status| TEXTS.iter().map(move |body| answer(status, body)));
    let statuses = FEW_TEXTS
        .iter()
        .flat_map(|body| (100..=999).map(|status| answer(status, body)));
    bodies.chain(statuses).chain(silences())
}

/// A command that could not really be run, or whose host could not be reached, as far as its
/// ending and output tell.
pub(super) fn failed_commands() -> impl Iterator<Item = Observation> {
    [
        (255, ""),
        (
            255,
            "ssh: connect to host example port 22: Connection refused",
        ),
        (127, ""),
        (127, "sh: 1: tool: not found"),
        (126, "sh: 1: tool: Permission denied"),
    ]
    .into_iter()
    .map(|(code, stderr)| command(Ending::Exited(code), "", stderr))
}
