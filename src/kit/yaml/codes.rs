//! The stable codes of everything that can be wrong with a claim file or a command line, and
//! what `gateproof explain CODE` says about each. The first digit is the exit code.

/// A stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub &'static str);

/// What a code means.
#[derive(Debug)]
pub struct Entry {
    /// The code.
    pub code: Code,
    /// One line.
    pub title: &'static str,
    /// Why it is refused, and what to write instead.
    pub text: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal, $text:literal;)*) => {
        impl Code {
            $(#[doc = $title] pub const $name: Code = Code($code);)*
        }

        /// Every code, in order.
        pub const ALL: &[Entry] = &[
            $(Entry { code: Code::$name, title: $title, text: $text },)*
        ];
    };
}

codes! {
    UNREADABLE = "GP2001", "the claim file cannot be read",
        "The file does not exist, is a folder, or may not be read. Nothing was run. `gateproof verify` without a file takes every *.yaml file in claims/.";
    TOO_LARGE = "GP2002", "the claim file is too large",
        "At most 1 MiB is read; real claim files have a few kilobytes. Was another file meant? Put bulky expected output into a file of the repository and compare its sha256.";
    NOT_UTF8 = "GP2003", "the claim file is not UTF-8",
        "The file has a byte that is not UTF-8 at the place shown. Convert it: `iconv -f latin1 -t utf-8 OLD > NEW`. Binary expected output belongs into `sha256:`.";

    SYNTAX = "GP2101", "not valid YAML",
        "The text cannot be read as YAML at the place shown. Frequent causes: a missing colon or quote, an item indented more or less than its siblings, a value that begins with `@`, `%` or a backtick, or one that contains `: ` or ` #` without quotes. Put the value in single quotes, or under `|` on lines of its own.";
    TAB = "GP2102", "a tab in the indentation",
        "YAML is indented with spaces only. Replace the tab by spaces.";
    ALIAS = "GP2103", "anchors, aliases, merge keys and tags are not allowed",
        "A reviewer must see what is claimed where it is claimed, and a few aliases of aliases can stand for millions of nodes. Repeat the text, or use `vars:` for values and `for:` for repeated checks.";
    DOCUMENTS = "GP2104", "not exactly one document",
        "A claim file holds exactly one YAML document with a map at its top. A second `---` would be a part that readers overlook.";
    TOO_DEEP = "GP2105", "nested too deeply, or too many nodes",
        "At most 32 levels and 20,000 nodes are read. Claims that people can review stay far below that.";

    UNKNOWN_KEY = "GP2201", "unknown key",
        "Keys are closed: a misspelt key would otherwise be a check that silently does not check. The message lists the keys that are known at that place.";
    DUPLICATE_KEY = "GP2202", "duplicate key",
        "The same key stands twice in one map; one of the two would be lost. To make several statements about one output write `all: [ {…}, {…} ]`.";
    MISSING_KEY = "GP2203", "a key is missing",
        "The map lacks a key it cannot do without.";
    WRONG_TYPE = "GP2204", "wrong type",
        "A text, a list or a map stands where another of the three is needed.";
    CONFLICT = "GP2205", "keys that do not go together",
        "The two keys exclude each other, or one needs the other: a check asks either a command (`run:`) or an HTTP server (`http:`), and `cwd`, `env`, `stdin` belong to `run`, while `method`, `resolve`, `tls`, `headers`, `body`, `follow`, `vantage` belong to `http`. A check that a person attests (`human:`) has neither, and no `expect`, `with`, `control`, `capture` or timing: it is `on: clone` or `on: local`, with an `artefact:` if there is a file to look at.";
    EMPTY = "GP2206", "nothing in it",
        "A file without gates, a gate without checks or an empty list would pass without having looked at anything.";
    DUPLICATE_ID = "GP2207", "duplicate id",
        "Two checks of a gate have the same id, so a verdict could not say which one it is about. With `for:` the value is added to the id in brackets.";

    UNKNOWN_HOST = "GP2301", "unknown host",
        "`on:` and `vantage:` name `local`, `clone`, or a host that `hosts:` defines.";
    UNKNOWN_FIXTURE = "GP2302", "unknown fixture",
        "`with:` names a fixture that `fixtures:` defines.";
    UNKNOWN_VARIABLE = "GP2303", "unknown variable",
        "`${name}` must be defined: in `vars:`, in the check's `for:`, by a `capture:` of an earlier check of the gate, or by a `capture:` of a fixture in force. The shell's own variables are written `$name` or `$${name}`.";
    UNKNOWN_NEED = "GP2304", "unknown check in needs",
        "`needs:` names checks of the same gate by their ids.";
    CYCLE = "GP2305", "a cycle",
        "The checks or fixtures need each other in a circle, so none of them could be first.";
    QUOTED_PARAMETER = "GP2306", "a parameter inside single quotes",
        "Values are passed to the shell as data and never spliced into its text. Inside single quotes the shell does not fill them in, and splicing them would let a value become part of a program. Close the quotes around it: 'text '\"${name}\"' text', or pass it as an argument or through `env:`.";
    UNKNOWN_OVERRIDE = "GP2307", "--var names an unknown variable",
        "`--var NAME=VALUE` sets a variable that `vars:` of the file defines. A name that nobody reads would be a parameter that silently does nothing.";

    BAD_REGEX = "GP2401", "not a valid regular expression",
        "The syntax is that of the Rust `regex` crate: as in RE2, without look-around and back-references, so that matching takes linear time also on hostile output. In YAML, single quotes keep backslashes as they are.";
    BAD_JSON_PATH = "GP2402", "not a valid JSON path",
        "A path names one value: `$`, `$.key`, `$.a.b[0]`, `$.list[-1]`, `$[\"any key\"]`. There are no wildcards or filters, because a path that selects nothing would make the check pass or fail for the wrong reason.";
    BAD_DURATION = "GP2403", "not a valid duration",
        "A number with its unit: `500ms`, `10s`, `5m`, `1h 30m`. A bare number is refused, because nobody can see whether it means seconds or milliseconds. A captured value without a unit gets it where it is used: \"${took}s\".";
    BAD_NUMBER = "GP2404", "not a valid number",
        "A whole or decimal number is needed here, within the bounds the message names. A bound may be a captured value, `max: \"${before}\"`; `{ near: \"${before}\", give: 5 }` is the same give or take 5, and `give: 5%` of it. A captured value that turns out to be no number makes the check an ERROR that names it.";
    BAD_VALUE = "GP2405", "not one of the known values",
        "Only the values that the message lists are known here.";
    BAD_URL = "GP2406", "not a valid URL",
        "An absolute `http://` or `https://` URL with a host name is needed. To reach another address under the same name add `resolve: 127.0.0.1`.";
    BAD_STATUS = "GP2407", "not a valid HTTP status",
        "A status from 100 to 599 (or any three digits up to 998), a class such as `2xx`, or a sentinel for no answer: `999`, `000` or `no-answer`. `0` is none of them: write `000` or `999`.";
    BAD_NAME = "GP2408", "not a valid name",
        "Names of hosts, fixtures, gates and checks have letters, digits, `_`, `-` and `.`, and begin with a letter or digit; names of variables have letters, digits and `_`.";

    BAD_TIME = "GP2409", "not a valid time",
        "A day, a time of day and a zone: `2026-05-30T05:38Z`, `2026-05-30T07:38:12.5+02:00`, or as in HTTP `Sat, 30 May 2026 05:38:12 GMT`. Without a zone it would mean another moment on another machine. A captured time is written \"${started}\". A bare number is a time only where `unix: s` or `unix: ms` says since when it counts.";

    CANNOT_FAIL = "GP2501", "the expectation cannot fail",
        "Whatever is observed, the expectation holds: the check proves nothing. Say what would be different if the claim were false.";
    NO_UNDO = "GP2502", "a disturbance without its undoing",
        "A fixture that has a `do:` needs an `undo:`; otherwise the host stays disturbed after the run.";
    UNDO_UNSEEN = "GP2503", "an undoing that nobody looks at",
        "An undo command that exits 0 proves nothing: the service may be back or not. A fixture with a `do:` needs a `baseline:`, which holds before and must be seen again afterwards; `settled:` may say what to wait for.";
    EFFECT = "GP2504", "a check that changes something",
        "A check without a fixture may only look (`effect: observe`), because nothing would undo what it does. Put what changes the host into the `do:` of a fixture with its `undo:`. If the command only looks as if it changed something, say so with `effect: observe`.";
    HOLDS_ON_NO_ANSWER = "GP2505", "would pass without any answer",
        "The expectation also holds on a lost connection, a missing program or no answer at all. State the exit code or the status as well.";
    HIDES_FAILURE = "GP2506", "the command hides its own failure",
        "`|| true` makes every exit code 0, and `2>/dev/null` under an expectation of nothing makes a missing file look like an empty one. Leave it out and claim the exit code: `expect: { exit: 1 }`, or `exit: [0, 1]`.";
    SELF_CONTROL = "GP2507", "the control asks what the check asks",
        "A control must differ from its check: other fixtures (`with:`), another command (`run:`) or another URL (`http:`). The same question under the same conditions shows nothing.";

    NOTHING_SELECTED = "GP2601", "nothing selected",
        "No check is left after `--gate`, `--check` and `--tag`. A run of nothing is not a success.";
    UNKNOWN_SELECTION = "GP2602", "no such gate, check or tag",
        "The name given with `--gate`, `--check` or `--tag` does not occur in the claim files.";
    COMMAND_LINE = "GP2603", "the command line is wrong",
        "See `gateproof help`.";

    NOT_CLAIMABLE = "GP2701", "nothing that could be claimed or reviewed from here",
        "A claim speaks of a commit that everybody can fetch: a branch with an upstream, nothing uncommitted, and HEAD equal to the upstream branch after a fetch. A review needs the upstream to find the claim. The message says what is in the way and the command that removes it.";
    NO_CLAIM = "GP2702", "no such claim",
        "`gateproof review` judges what a claim's record on the upstream branch says, and nothing else: a gate that STATUS calls claimed without such a record was never shown to pass. A claim is made with `gateproof claim GATE --commit --push`.";
    SAME_HANDS = "GP2703", "not independent of the claim",
        "A gate passes only when somebody other than its author re-ran it from another clone. The run was started in the clone the claim was made in, or git names the same author, or does not know one of the two. Review from your own clone, under your own `git config user.email`. `--allow-same-author` runs the checks all the same; what it writes is no verdict and counts for nobody.";
    NO_OWN_RECORD = "GP2704", "your own record comes first",
        "Who has seen what the other side observed is no longer blind. `gateproof diff` shows both only when a record of your own run of the claim exists: `gateproof review GATE`.";
    NOT_A_VETO = "GP2705", "no such veto",
        "`gateproof lift` lifts a veto that is open in the phase's REVIEW. With several open ones, `--veto V2` says which; `gateproof veto --list` shows them.";

    NOT_ATTESTABLE = "GP2706", "nothing that could be attested from here",
        "An attestation is a person's word about a `human:` check: who (by git), when, at which commit, of which claim file, and the SHA-256 of the artefact. So it needs a git repository with a commit and a `user.name` and `user.email`, and the artefact that the check names. A check that asks a command or a server is attested by nobody: run it.";

    BAD_DOMAIN = "GP2801", "not a domain name",
        "Labels of lower-case letters, digits and `-`, with dots between them, 253 characters at most (RFC 1123). Scheme, port and path of an app's health have keys of their own: `health_scheme`, `health_port`, `health_path`.";
    BAD_HEALTH_PATH = "GP2802", "not a path to ask for health",
        "The path of a URL, beginning with `/`, percent-encoded, without a fragment. Choose one that only the app itself answers: a path that another stack answers makes its health depend on that stack.";
    SENTINEL_AS_HEALTH = "GP2803", "no answer taken for health",
        "`999`, `000` and `0` stand for no answer at all: refused, reset, timed out. An app that does not answer is never healthy, and a real answer with the status 999 is not the sentinel. `health_ok` names statuses of real answers.";
    APP_TIMES = "GP2804", "times that do not fit",
        "Every time of an app is more than nothing, and `gate` is long enough for the successes in a row that it waits for (`successes` times `every`, and `steady`). A gate that is too short rolls every good version back. The sum of all must fit the unit's `TimeoutStartSec`; `warm-reconcile check-order` tells.";
    BAD_UNIT = "GP2805", "not the name of a systemd service",
        "The whole name with its ending, such as `deploy-proxy.service`: letters, digits and `:-_.\\@`.";
}

impl Code {
    /// What the code means.
    pub fn entry(self) -> &'static Entry {
        ALL.iter()
            .find(|entry| entry.code == self)
            .unwrap_or(&ALL[0])
    }

    /// Finds a code as a user types it, in any case.
    pub fn find(text: &str) -> Option<&'static Entry> {
        let text = text.trim().to_ascii_uppercase();
        ALL.iter().find(|entry| entry.code.0 == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_unique_begins_with_its_exit_code_and_is_explained() {
        for (at, entry) in ALL.iter().enumerate() {
            assert!(entry.code.0.starts_with("GP2"), "{}", entry.code.0);
            assert!(entry.text.len() > 20, "{}", entry.code.0);
            assert!(
                ALL[at + 1..]
                    .iter()
                    .all(|other| other.code.0 > entry.code.0),
                "{} is out of order",
                entry.code.0
            );
            assert_eq!(entry.code.entry().code, entry.code);
        }
        assert!(Code::find(" gp2201 ").is_some());
        assert!(Code::find("GP9999").is_none());
    }
}
