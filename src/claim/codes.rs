//! The stable codes of errors in claim files and on the command line of `gateproof`. The first
//! digit of a code is the exit code.

use kit::yaml::codes::CodeEntry;

kit::codes! {
    DUPLICATE_ID = "GP2207", "duplicate id",
        "Two checks of a gate have the same id, so a verdict could not tell them apart. With `for:` the value is added to the id in brackets.";

    UNKNOWN_HOST = "GP2301", "unknown host",
        "`on:` and `vantage:` name `local`, `clone`, or a host that `hosts:` defines.";
    UNKNOWN_FIXTURE = "GP2302", "unknown fixture",
        "`with:` names a fixture that `fixtures:` defines.";
    UNKNOWN_NEED = "GP2304", "unknown check in needs",
        "`needs:` names checks of the same gate by their ids.";
    CYCLE = "GP2305", "a cycle",
        "The checks or fixtures need each other in a circle, so none of them can be first.";
    QUOTED_PARAMETER = "GP2306", "a parameter inside single quotes",
        "Values are passed to the shell as data and never spliced into its text. The shell does not expand anything inside single quotes, and splicing a value into them would let it become part of a program. Close the quotes around the parameter: 'text '\"${name}\"' text', or pass the value as an argument or through `env:`.";
    UNKNOWN_OVERRIDE = "GP2307", "--var names an unknown variable",
        "`--var NAME=VALUE` sets a variable that the file's `vars:` defines. Any other name would be a parameter that silently does nothing.";
    OUTSIDE = "GP2308", "a path that leads out of the repository",
        "What gateproof writes stays inside of the repository: `docs:` is a relative folder without `..` and outside of `.git`, and no part of the path to a document or a record is a link. A link that somebody committed would let a review write into the reviewer's own files. Put a file or folder of its own in the place of the link, or correct `docs:`.";

    BAD_URL = "GP2406", "not a valid URL",
        "An absolute `http://` or `https://` URL with a host name is needed. To connect to another address under the same name, add `resolve: 127.0.0.1`.";
    BAD_TIME = "GP2409", "not a valid time",
        "A time consists of a date, a time of day and a zone: `2026-05-30T05:38Z`, `2026-05-30T07:38:12.5+02:00`, or as in HTTP `Sat, 30 May 2026 05:38:12 GMT`. Without a zone it would mean another moment on another machine. A captured time is written \"${started}\". A bare number is a time only with `unix: s` or `unix: ms`, which give its unit.";

    WHICH_OF_SEVERAL = "GP2410", "which of several is meant",
        "A JSON path with a wildcard, a slice, a filter or `..` may find several values. Say which is meant: `every` (each of them matches), `any` (one is enough), `none`, `count` (how many there are) or `set` (exactly these). `every`, `any` and `none` hold only where at least one value is found.";

    CANNOT_FAIL = "GP2501", "the expectation cannot fail",
        "The expectation holds whatever is observed, so the check proves nothing. State what would be different if the claim were false.";
    NO_UNDO = "GP2502", "a disturbance without an undo",
        "A fixture that has a `do:` needs an `undo:`; otherwise the host stays disturbed after the run.";
    UNDO_UNSEEN = "GP2503", "an undo that nothing verifies",
        "An undo command that exits 0 proves nothing: the service may be back or not. A fixture with a `do:` needs a `baseline:`, which holds before it and must be observed again afterwards; `settled:` may name what to wait for.";
    EFFECT = "GP2504", "a check that changes something",
        "A check without a fixture may only observe (`effect: observe`), because nothing would undo what it does. Put what changes the host into the `do:` of a fixture with its `undo:`. What a command does is read from its words, also inside of `sh -c`, `xargs` and `ssh`; a request with POST, PUT, PATCH or DELETE changes something. If it only appears to change something, declare `effect: observe`.";
    HOLDS_ON_NO_ANSWER = "GP2505", "would pass without any answer",
        "The expectation also holds on a lost connection, a missing program or no answer at all. State the exit code or the status as well.";
    HIDES_FAILURE = "GP2506", "the command hides its own failure",
        "`|| true`, `; echo done`, `| cat` and the like make every exit code 0, and with `2>/dev/null` a missing file looks like an empty one where no output is expected. Leave it out and claim the exit code: `expect: { exit: 1 }`, or `exit: [0, 1]`; or demand a line of output that only a success prints. Where it is harmless, say why: `hides_failure: REASON`, or for a time `waive: { GP2506: { reason: …, until: DATE } }`.";
    SELF_CONTROL = "GP2507", "the control shows nothing",
        "A control must differ from its check: other fixtures (`with:`), the same command with other arguments (`run:`) or another URL (`http:`). The same probe under the same conditions shows nothing. Nor does a constant such as `echo down`, or a command that has no program in common with that of the check: that another question has another answer says nothing of this one.";

    TOO_WIDE = "GP2508", "holds on a success and on a failure",
        "The expectation of the request holds on a success and on an error of the server (500) alike, so it does not tell whether the service works. State the status that is meant.";

    NOTHING_SELECTED = "GP2601", "nothing selected",
        "No check is left after `--gate`, `--check` and `--tag`. A run without checks is not a success.";
    UNKNOWN_SELECTION = "GP2602", "no such gate, check or tag",
        "The name given with `--gate`, `--check` or `--tag` does not occur in the claim files.";
    COMMAND_LINE = "GP2603", "the command line is wrong",
        "See `gateproof help`.";

    NOT_CLAIMABLE = "GP2701", "this clone cannot claim or review",
        "A claim is about a commit that everybody can fetch: a branch with an upstream, nothing uncommitted, and HEAD equal to the upstream branch after a fetch. A review needs the upstream to find the claim. The message names the obstacle and the command that removes it.";
    NO_CLAIM = "GP2702", "no such claim",
        "`gateproof review` judges only what a claim's record on the upstream branch contains: a gate that STATUS calls claimed without such a record was never shown to pass. `gateproof claim GATE --commit --push` makes a claim.";
    SAME_HANDS = "GP2703", "not independent of the claim",
        "A gate passes only when somebody other than its author re-ran it from another clone. This run was started in the clone in which the claim was made, or git names the same author for both, or git does not know one of the two authors. Review from your own clone, under your own `git config user.email`. `--allow-same-author` runs the checks all the same; the result is not a verdict and does not count.";
    NO_OWN_RECORD = "GP2704", "your own record comes first",
        "A reviewer who has seen the other side's observations is no longer blind. `gateproof diff` shows both sides only when there is a record of your own run of the claim: `gateproof review GATE`.";
    NOT_A_VETO = "GP2705", "no such veto",
        "`gateproof lift` lifts a veto that is open in the phase's REVIEW. If several are open, `--veto V2` selects one; `gateproof veto --list` lists them.";
    NOT_ATTESTABLE = "GP2706", "this check cannot be attested from here",
        "An attestation is a person's word about a `human:` check: who (from git), when, at which commit, for which claim file, and the SHA-256 of the artefact. It needs a git repository with a commit, a `user.name` and a `user.email`, and the artefact that the check names. A check with a command or an HTTP request is not attested: run it.";
    NOT_SIGNED = "GP2707", "it would not count as it is signed",
        "Where claims/allowed_signers names you, what you claim, judge, attest, forbid and lift counts only with a signature by a key that has a line there. The author of a claim cannot write the line that lets somebody else judge it. Sign with `--sign KEY`, GATEPROOF_SIGNING_KEY, or git's own signing key (`gpg.format=ssh`, `user.signingkey`).";
}

/// Every code that `explain` knows, in order: the claims' own and those of the YAML reader.
pub fn all() -> Vec<&'static CodeEntry> {
    let mut all: Vec<&CodeEntry> = ALL.iter().chain(kit::yaml::codes::ALL).collect();
    all.sort_by_key(|entry| entry.code);
    all
}

/// Finds a code as a user types it, in any case.
pub fn find(text: &str) -> Option<&'static CodeEntry> {
    let text = text.trim().to_ascii_uppercase();
    all().into_iter().find(|entry| entry.code.0 == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_unique_begins_with_its_exit_code_and_is_explained() {
        let all = all();
        assert_eq!(all.len(), ALL.len() + kit::yaml::codes::ALL.len());
        for pair in all.windows(2) {
            assert!(
                pair[0].code < pair[1].code,
                "{} stands twice",
                pair[1].code.0
            );
        }
        for entry in ALL {
            assert!(entry.code.0.starts_with("GP2"), "{}", entry.code.0);
            assert!(entry.text.len() > 20, "{}", entry.code.0);
        }
        for pair in ALL.windows(2) {
            assert!(
                pair[0].code < pair[1].code,
                "{} is out of order",
                pair[1].code.0
            );
        }
    }

    #[test]
    fn a_code_is_found_in_either_list_and_in_any_case() {
        assert_eq!(
            find(" gp2201 ").map(|entry| entry.title),
            Some("unknown key")
        );
        assert_eq!(
            find("gp2601").map(|entry| entry.code),
            Some(NOTHING_SELECTED)
        );
        assert!(find("GP9999").is_none());
    }
}
