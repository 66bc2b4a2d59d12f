//! Stable codes of errors, and what the `explain` command says about each. The first digit of a
//! code is the exit code.
//!
//! The codes here are those of the YAML reader itself, and those of app files. The app files'
//! codes stand here because `gateproof explain` is the one command that explains codes, and
//! neither program depends on the other.

/// A stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub &'static str);

/// What `explain` says about a code.
#[derive(Clone, Copy, Debug)]
pub struct CodeEntry {
    pub code: Code,
    /// One line.
    pub title: &'static str,
    /// Why the input is refused, and what to write instead.
    pub text: &'static str,
}

/// Defines codes: a constant for each, and `ALL` with the entries in order. With `impl Code:`
/// before them, the constants belong to the type [`Code`].
#[macro_export]
macro_rules! codes {
    (impl Code: $($name:ident = $code:literal, $title:literal, $text:literal;)*) => {
        impl Code {
            $(#[doc = $title] pub const $name: Code = Code($code);)*
        }
        $crate::codes! { @all $($code, $title, $text;)* }
    };
    (@all $($code:literal, $title:literal, $text:literal;)*) => {
        /// Every code that is defined here, in order.
        pub const ALL: &[$crate::yaml::codes::CodeEntry] = &[
            $($crate::yaml::codes::CodeEntry {
                code: $crate::yaml::codes::Code($code),
                title: $title,
                text: $text,
            },)*
        ];
    };
    ($($name:ident = $code:literal, $title:literal, $text:literal;)*) => {
        $(#[doc = $title] pub const $name: $crate::yaml::codes::Code =
            $crate::yaml::codes::Code($code);)*
        $crate::codes! { @all $($code, $title, $text;)* }
    };
}

codes! {
    impl Code:

    UNREADABLE = "GP2001", "the file cannot be read",
        "The file does not exist, is a folder, or may not be read. Nothing was run. `gateproof verify` without a file takes every *.yaml file in claims/.";
    TOO_LARGE = "GP2002", "the file is too large",
        "At most 8 MiB is read; real files have a few kilobytes. The path may name the wrong file. Put bulky expected output into a file of the repository and compare its sha256.";
    NOT_UTF8 = "GP2003", "the file is not UTF-8",
        "The file has a byte that is not valid UTF-8 at the place shown. Convert the file: `iconv -f latin1 -t utf-8 OLD > NEW`. For binary expected output use `sha256:`.";

    SYNTAX = "GP2101", "not valid YAML",
        "The text cannot be read as YAML at the place shown. Frequent causes are a missing colon or quote, an item that is indented more or less than its siblings, a value that begins with `@`, `%` or a backtick, and a value that contains `: ` or ` #` without quotes. Put the value in single quotes, or under `|` on lines of its own.";
    TAB = "GP2102", "a tab in the indentation",
        "YAML is indented with spaces only. Replace the tab with spaces.";
    ALIAS = "GP2103", "anchors, aliases, merge keys and tags are not allowed",
        "A reviewer must see every value at the place where it is used, and a few aliases of aliases can expand to millions of nodes. Repeat the text. In a claim file, use `vars:` for values and `for:` for repeated checks.";
    DOCUMENTS = "GP2104", "not exactly one document",
        "A file holds exactly one YAML document, with a map at its top. Readers would overlook a second `---`.";
    TOO_DEEP = "GP2105", "nested too deeply, or too many nodes",
        "At most 32 levels and 400,000 nodes are read. Files that people can review stay far below that.";

    HIDDEN = "GP2106", "a character that is not seen",
        "The file has a character that is not printed, or that turns the order of those beside it around, so that it reads otherwise than it is: a zero-width space or a bidirectional control. Leave it out. Where it is meant, write it as an escape in double quotes: \"a\\u200Bb\".";

    UNKNOWN_KEY = "GP2201", "unknown key",
        "Only known keys are allowed: otherwise a misspelt key would be a check that silently does not check. The message lists the keys that are known at that place.";
    DUPLICATE_KEY = "GP2202", "duplicate key",
        "The same key stands twice in one map, and one of the two would be lost. To put several matchers of one kind on one output, write `all: [ {…}, {…} ]`.";
    MISSING_KEY = "GP2203", "a key is missing",
        "The map lacks a key that it requires.";
    WRONG_TYPE = "GP2204", "wrong type",
        "A text, a list or a map stands where another of the three is needed.";
    CONFLICT = "GP2205", "keys that cannot be combined",
        "Two keys exclude each other, or one needs the other. A check has either a command (`run:`) or an HTTP request (`http:`). `cwd`, `env` and `stdin` belong to `run`; `method`, `resolve`, `tls`, `headers`, `body`, `follow`, `stream` and `vantage` belong to `http`. A check that a person attests (`human:`) has neither, and no `expect`, `with`, `control`, `capture` or timing: it is `on: clone` or `on: local`, with an `artefact:` if there is a file to look at.";
    EMPTY = "GP2206", "empty",
        "A file without gates, a gate without checks or an empty list would pass without checking anything.";

    UNKNOWN_VARIABLE = "GP2303", "unknown variable",
        "`${name}` must be defined: in `vars:`, in the check's `for:`, by a `capture:` of an earlier check of the gate, or by a `capture:` of a fixture in force. The shell's own variables are written `$name` or `$${name}`.";

    BAD_REGEX = "GP2401", "not a valid regular expression",
        "The syntax is that of the Rust `regex` crate. Like RE2, it has no look-around and no back-references, so that matching takes linear time even on hostile output. In YAML, single quotes keep backslashes as they are.";
    BAD_JSON_PATH = "GP2402", "not a valid JSON path",
        "Paths are those of RFC 9535. `$`, `$.key`, `$.a.b[0]`, `$.list[-1]` and `$[\"any key\"]` name one value or none; `$.list[*].name`, `$.list[1:3]`, `$.list[?@.age > 3]` and `$..name` may find several. Where a path must name one value, as in `capture`, only the former are allowed.";
    BAD_DURATION = "GP2403", "not a valid duration",
        "A duration is a number with its unit: `500ms`, `10s`, `5m`, `1h 30m`. A bare number is refused, because it could mean seconds or milliseconds. Give a captured value without a unit its unit where it is used: \"${took}s\".";
    BAD_NUMBER = "GP2404", "not a valid number",
        "A whole or decimal number is needed here, within the bounds that the message names. A bound may be a captured value, `max: \"${before}\"`; `{ near: \"${before}\", give: 5 }` means that value give or take 5, and `give: 5%` means five percent of it. If a captured value turns out not to be a number, the check is an ERROR that names it.";
    BAD_VALUE = "GP2405", "not one of the allowed values",
        "Only the values that the message lists are allowed here.";
    BAD_STATUS = "GP2407", "not a valid HTTP status",
        "A status is a number from 100 to 599 (or any three digits up to 998), a class such as `2xx`, or a sentinel for no answer: `999`, `000` or `no-answer`. `0` is not a status: write `000` or `999`.";
    BAD_NAME = "GP2408", "not a valid name",
        "Names of hosts, fixtures, gates and checks consist of letters, digits, `_`, `-` and `.`, and begin with a letter or digit. Names of variables consist of letters, digits and `_`.";

    BAD_DOMAIN = "GP2801", "not a valid domain name",
        "A domain name consists of labels of lower-case letters, digits and `-`, with dots between them, and has at most 253 characters (RFC 1123). The scheme, port and path of an app's health probe have keys of their own: `health_scheme`, `health_port`, `health_path`.";
    BAD_HEALTH_PATH = "GP2802", "not a valid path for a health probe",
        "The path of a URL begins with `/`, is percent-encoded and has no fragment. Choose a path that only the app itself answers: if another stack answers it, the app's health depends on that stack.";
    SENTINEL_AS_HEALTH = "GP2803", "a sentinel for no answer as a healthy status",
        "`999`, `000` and `0` stand for no answer at all: refused, reset, timed out. An app that does not answer is never healthy, and a real answer with the status 999 is not the sentinel. `health_ok` names statuses of real answers.";
    APP_TIMES = "GP2804", "times that do not fit together",
        "Every time of an app is more than zero, and `gate` is long enough for the consecutive successes that it waits for (`successes` times `every`, and `steady`). A gate that is too short rolls every good version back. The sum of all times must fit the unit's `TimeoutStartSec`; `warm-reconcile check-order` shows whether it does.";
    BAD_UNIT = "GP2805", "not the name of a systemd service",
        "Write the whole name with its ending, such as `deploy-proxy.service`. It consists of letters, digits and `:-_.\\@`.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_order_begins_with_its_exit_code_and_is_explained() {
        for pair in ALL.windows(2) {
            assert!(pair[0].code < pair[1].code, "{}", pair[1].code.0);
        }
        for entry in ALL {
            assert!(entry.code.0.starts_with("GP2"), "{}", entry.code.0);
            assert!(entry.text.len() > 20, "{}", entry.code.0);
        }
        assert_eq!(Code::UNREADABLE, ALL[0].code);
    }
}
