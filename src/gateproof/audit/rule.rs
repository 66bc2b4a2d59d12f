//! What an audit looks for. The first digit of a code is the exit code.

/// A rule with its stable code.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `GP1101` …
    pub code: &'static str,
    /// One line.
    pub title: &'static str,
    /// Why it matters, and what to do.
    pub text: &'static str,
}

macro_rules! rules {
    ($($name:ident = $code:literal, $title:literal, $text:literal;)*) => {
        $(#[doc = $title] pub const $name: Rule = Rule { code: $code, title: $title, text: $text };)*

        /// Every rule, in the order of the codes.
        pub const ALL: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    DAMAGED = "GP1101", "a record is damaged",
        "The file cannot be read, is no record, or is not what was sealed when it was written. Take it back from git; a record is never edited.";
    RENAMED = "GP1102", "a record stands under another name",
        "A record's file is named after its run. A copy under another name could be taken for a run that never was. Give it its name back, or remove the copy.";
    LINK = "GP1103", "a link of the chain does not hold",
        "Each record names those before it by run and SHA-256. The one that is named here is missing or is not the same any more. Take it back from git.";
    ORDER = "GP1104", "the chain runs against time",
        "A record follows itself, or one that ended after it. Either a clock is wrong, and with it the times of all that it wrote, or the chain was made by hand.";
    FOREIGN = "GP1105", "a record of another phase",
        "A record belongs into the folder of its own phase; elsewhere it would count for gates that it never saw.";

    EDITED = "GP1201", "a record was changed after it was committed",
        "Exactly one commit adds a record or its signature, and none touches it again. What the first commit has is what was recorded.";
    REMOVED = "GP1202", "a record was taken away",
        "A record that was committed stays. An unwelcome result is answered by a new run, never by removing the old one.";
    NOT_COMMITTED_SO = "GP1203", "a record differs from the commit",
        "The file in the working tree is not the one in HEAD. `git diff` shows how; take it back with `git restore`.";

    UNSIGNED = "GP1301", "a record is not signed",
        "claims/allowed_signers names the author, so what stands under that name counts only with a signature; or `--require-signatures` was given. Sign with `--sign KEY`, GATEPROOF_SIGNING_KEY, or git's own signing key (`gpg.format=ssh`, `user.signingkey`).";
    BAD_SIGNATURE = "GP1302", "a signature does not fit",
        "The signature belongs to other bytes, or is none: the record or the signature was changed, or the signature was made for another purpose than `gateproof`.";
    OTHER_SIGNER = "GP1303", "signed by somebody else than the author",
        "The principal is the mail of the record's author, and its key must be allowed in claims/allowed_signers (or git's `gpg.ssh.allowedSignersFile`) at the time of the record: `valid-after` and `valid-before` are honoured. A new key gets a line of its own; the old line stays, with its `valid-before`.";
    LONE_SIGNATURE = "GP1304", "a signature without its record",
        "A signature appears only after its record, so the record was taken away.";
    SIGNER_LINE = "GP1305", "signed with a key that the claim's author has allowed",
        "The line of claims/allowed_signers that lets this key sign was written by the author of the claim, or is not committed. Who claims does not say who may judge the claim: the person whose key it is, or somebody else, commits the line. Git says who wrote it (`git blame`).";

    CLAIM_DIGEST = "GP1401", "the claim file was another one",
        "The record's digest of the claim file is not that of the file at the recorded commit: what was checked is not what was committed. Commit first, then run.";
    NO_COMMIT = "GP1402", "the commit does not exist",
        "The record speaks of a commit that this repository does not have. Perhaps it was never pushed, or was rebased away.";
    UNREACHABLE = "GP1403", "the commit is not in the branch's history",
        "What was checked is not part of what is delivered. After a rebase the checks have to be run again.";

    FUTURE = "GP1501", "a time in the future",
        "A record's times come from the clock of the machine that ran it. Set that clock, and run again.";
    BACKWARDS = "GP1502", "ended before it began",
        "The clock was set back during the run, or the record was made by hand. Run again.";
    BEFORE_IT_WAS = "GP1503", "committed before it was over",
        "The commit that introduced the record is older than the end of the run. One of the two clocks is wrong, or the record was made by hand.";
    OLD_EVIDENCE = "GP1504", "evidence older than what it is about",
        "The run began before the commit existed that it is said to be about. Such a run saw something else.";
    EARLY_VERDICT = "GP1505", "a verdict's time is later than its commit",
        "The time in a heading was typed by hand, and the commit that wrote the line is older than it. Write the time of the record that the verdict rests on.";
    NO_TIME = "GP1506", "a placeholder in place of a time",
        "Nobody can say how old such a verdict is. Write the time of the record that it rests on.";

    SAME_AUTHOR = "GP1601", "reviewed by its own author",
        "A gate passes only when somebody else re-ran every check. The review and the claim have the same author by git's mail address.";
    SAME_CLONE = "GP1602", "reviewed in the clone of the claim",
        "A review is made from a clone of its own; in the builder's folder it sees what only that folder has.";
    NOT_THAT_CLAIM = "GP1603", "a review that does not fit its claim",
        "A review names the claim that it judges by run and digest, is about the same claim file and commit, and begins after the claim. Claims are the builder's, reviews the adversary's.";
    WORD = "GP1604", "a run that tells a person's word otherwise",
        "The run names the attestation by its digest, and says of it what that does not say of itself. The attestation is what the person wrote; the record was made by hand.";

    HAND_EDITED = "GP1701", "a block was edited by hand",
        "The text between gateproof's markers is not what it wrote, or the markers are broken. Put remarks outside of the block; `verify --as builder --force` writes the STATUS block again.";
    NO_RECORD = "GP1702", "a block without a record",
        "The block names a run of which there is no record. Commit the record with the document, or run again.";
    OTHER_THAN_RECORD = "GP1703", "a block that says something else than its record",
        "The block's marker fits its text, but the text is not what the record says: it was made by hand. The record counts.";
    UNBACKED = "GP1704", "a verdict without evidence",
        "A PASS or FAIL stands in a heading, and no adversary's record of that gate, from before, says so. Run `gateproof verify --as adversary`, and let the verdict rest on its record.";
    ONE_SIDED = "GP1705", "a finding that stands in one place only",
        "A reviewer's finding, and its closing, stand in a review's record, which decides, and in REVIEW, which people read. One of the two was taken away, or somebody wrote it by hand: file it with `gateproof review GATE --finding TEXT`, close it with `--close ID`.";
    NOT_IN_REVIEW = "GP1706", "a review that REVIEW does not show",
        "A review's record stands in the repository, and its verdict does not stand in REVIEW, which people read: the entry was taken away, or REVIEW is a link and the entry went somewhere else. Take REVIEW back from git, and put a file of its own in the place of a link.";
    TYPED = "GP1707", "a lifting or a closing that does not count",
        "Only the Adversary lifts a veto or closes a finding: the author of a review of the phase, or of the veto or finding, who has claimed nothing in it. A typed line counts only when git says that this person committed it, and never under a name that claims/allowed_signers has. Use `gateproof lift` and `gateproof review GATE --close ID`.";
}

/// Finds a rule by its code, in any case.
pub fn find(code: &str) -> Option<&'static Rule> {
    let code = code.trim().to_ascii_uppercase();
    ALL.iter().find(|rule| rule.code == code).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_unique_begins_with_its_exit_code_and_is_explained() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert!(
            ALL.iter()
                .all(|rule| rule.code.starts_with("GP1") && rule.text.len() > 40)
        );
        assert_eq!(find(" gp1704 "), Some(&UNBACKED));
        assert_eq!(find("GP1999"), None);
    }
}
