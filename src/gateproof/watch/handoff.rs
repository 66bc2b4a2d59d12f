//! What a commit hands off. Pure.

use super::counting::Standing;
use crate::gate::verdict::is_red;
use crate::record::{Act, RunRecord};

/// A commit that is new on the upstream's branch, with the records that it brings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpstreamCommit {
    /// Its name, 40 hex digits.
    pub sha: String,
    /// The first line of its message.
    pub subject: String,
    /// The run records that it adds: their paths, and what they are or why they cannot be read.
    pub records: Vec<(String, Result<Box<RunRecord>, String>)>,
}

/// A gate changes hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOff {
    /// What was done: a claim, a review, a veto, a lifting, or a look that found something.
    pub act: Act,
    pub phase: String,
    /// The gate; of a veto and a lifting those that it names, and none when it is of all.
    pub gate: String,
    /// The commit that brings it.
    pub commit: String,
    /// Of a review: what the reviewer's run of this gate amounts to. Of a claim: nothing, because
    /// the reviewer must not know what the author observed.
    pub verdict: Option<&'static str>,
    /// The run of its record.
    pub run_id: String,
    /// Where the record lies in the repository.
    pub record: String,
}

impl HandOff {
    /// `claim`, `review`, `veto`, `lift`, `verify`.
    pub fn act_name(&self) -> &'static str {
        self.act.name()
    }

    /// Whether it is the Builder who goes on; else it is the Adversary.
    pub fn wakes_builder(&self) -> bool {
        self.act != Act::Claim
    }

    /// What is handed off only once: a gate of a run.
    pub fn key(&self) -> String {
        key(&self.run_id, &self.gate)
    }
}

/// Something that a watcher reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchEvent {
    /// A gate changes hands.
    HandOff(HandOff),
    /// A message lies in an inbox: the file, and the blob that it is.
    Message {
        /// Its path in the repository.
        path: String,
        /// The object that holds it.
        blob: String,
        /// The upstream's commit at which it was found.
        commit: String,
    },
    /// Something a person may want to know, and nothing to act on.
    Note(String),
}

/// The act that a subject announces: only at its very beginning, as the protocol's prefixes are. A
/// `note(` announces a look, which hands off only what it found.
fn announced(subject: &str) -> Option<Act> {
    [
        ("claim(", Act::Claim),
        ("review(", Act::Review),
        ("veto(", Act::Veto),
        ("lift(", Act::Lift),
        ("note(", Act::Verify),
    ]
    .into_iter()
    .find(|(prefix, _)| subject.starts_with(prefix))
    .map(|(_, act)| act)
}

/// What a new commit hands off. `known` are the [`HandOff::key`]s that were handed off before: a
/// rewritten history brings them again under other names. `standing` says what a record, of that
/// path, amounts to for a gate.
pub fn events_of(
    commit: &UpstreamCommit,
    known: &[String],
    standing: &dyn Fn(&str, &RunRecord, &str) -> Standing,
) -> Vec<WatchEvent> {
    let short = commit.sha.get(..12).unwrap_or(&commit.sha);
    let mut events = Vec::new();
    let announced = announced(&commit.subject);
    let decides = announced.filter(|act| *act != Act::Verify);
    let mut found = false;
    for (path, record) in &commit.records {
        let record = match record {
            Ok(record) => record,
            Err(why) => {
                if decides.is_some() {
                    events.push(WatchEvent::Note(format!("{short}: {path}: {why}")));
                }
                continue;
            }
        };
        let act = record.act.name();
        match record.act {
            Act::Ci => continue,
            Act::Verify if announced != Some(Act::Verify) || !is_red_look(record) => continue,
            _ if announced != Some(record.act) => {
                events.push(WatchEvent::Note(format!(
                    "{short} brings the record of a {act} ({path}), and its subject does not begin with `{act}(`: no hand-off"
                )));
                continue;
            }
            _ => {}
        }
        found = true;
        let bringing = Bringing {
            record,
            commit,
            path,
            short,
            known,
        };
        events.extend(bringing.gates(standing));
    }
    if let (Some(act), false) = (decides, found) {
        let act = act.name();
        events.push(WatchEvent::Note(format!(
            "{short} announces `{act}(` and brings no record of a {act}: no hand-off"
        )));
    }
    newest(events)
}

/// Whether an Adversary looked and found something: that takes a PASS away.
fn is_red_look(record: &RunRecord) -> bool {
    let is_adversary = record.role.as_deref() == Some("adversary");
    is_adversary && record.checks.iter().any(|check| is_red(check.outcome))
}

/// A commit may bring also the record of an earlier try: a gate changes hands by the newest.
fn newest(mut events: Vec<WatchEvent>) -> Vec<WatchEvent> {
    let what = |event: &WatchEvent| match event {
        WatchEvent::HandOff(it) => Some((it.act_name(), it.phase.clone(), it.gate.clone())),
        _ => None,
    };
    let run = |event: &WatchEvent| match event {
        WatchEvent::HandOff(it) => it.run_id.clone(),
        _ => String::new(),
    };
    let newest: Vec<bool> = events
        .iter()
        .map(|one| {
            let same = |other: &&WatchEvent| what(other) == what(one);
            what(one).is_none()
                || events
                    .iter()
                    .filter(same)
                    .all(|other| run(other) <= run(one))
        })
        .collect();
    let mut newest = newest.into_iter();
    events.retain(|_| newest.next().unwrap_or(true));
    events
}

/// A record that a commit brings.
struct Bringing<'c> {
    record: &'c RunRecord,
    commit: &'c UpstreamCommit,
    path: &'c str,
    short: &'c str,
    known: &'c [String],
}

impl Bringing<'_> {
    fn gates(&self, standing: &dyn Fn(&str, &RunRecord, &str) -> Standing) -> Vec<WatchEvent> {
        let (record, short) = (self.record, self.short);
        let gates = gates_of(record);
        if gates.is_empty() {
            return vec![WatchEvent::Note(format!(
                "{short}: run {} covers no gate whole: no hand-off",
                record.run_id
            ))];
        }
        let words = gates.iter().flat_map(|gate| gate.split(' '));
        let words = words.filter(|word| record.is_run() || !word.is_empty());
        let mut names = std::iter::once(record.claim.phase.as_str()).chain(words);
        if let Some(name) = names.find(|name| !is_name(name)) {
            return vec![WatchEvent::Note(format!(
                "{short}: {}: {name:?} is not a valid name of a phase or gate: no hand-off",
                self.path
            ))];
        }
        if self.path.contains(|c: char| c.is_control()) {
            return vec![WatchEvent::Note(format!(
                "{short}: {:?} is not a valid path of a record: no hand-off",
                self.path
            ))];
        }
        let each = gates.iter();
        each.map(|gate| self.gate(gate, standing(self.path, record, gate)))
            .collect()
    }

    fn gate(&self, gate: &str, standing: Standing) -> WatchEvent {
        let (record, short) = (self.record, self.short);
        let verdict = match standing {
            Standing::Counts(_) if record.act == Act::Verify => Some("FAIL"),
            Standing::Counts(verdict) => verdict,
            Standing::Refused(why) => {
                let act = record.act.name();
                return WatchEvent::Note(format!(
                    "{short} brings a {act} of {} {gate} that does not count: {why}: no hand-off",
                    record.claim.phase
                ));
            }
        };
        let hand_off = HandOff {
            act: record.act,
            phase: record.claim.phase.clone(),
            gate: gate.to_owned(),
            commit: self.commit.sha.clone(),
            verdict,
            run_id: record.run_id.clone(),
            record: self.path.to_owned(),
        };
        if self.known.contains(&hand_off.key()) {
            WatchEvent::Note(format!(
                "{short} brings {gate} of run {} again, which was handed off before",
                record.run_id
            ))
        } else {
            WatchEvent::HandOff(hand_off)
        }
    }
}

/// The gates that a record hands off. A veto and a lifting hand off once, whatever they name.
pub(super) fn gates_of(record: &RunRecord) -> Vec<String> {
    match record.act {
        Act::Veto | Act::Lift => {
            let veto = record.veto.as_ref();
            vec![veto.map_or_else(String::new, |veto| veto.gates.join(" "))]
        }
        Act::Verify => {
            let red = record.checks.iter().filter(|check| is_red(check.outcome));
            let mut gates: Vec<String> = red.map(|check| check.gate.clone()).collect();
            gates.dedup();
            gates
        }
        Act::Claim | Act::Review | Act::Ci => record.gates.clone(),
    }
}

/// What is handed off only once: a gate of a run.
pub(super) fn key(run_id: &str, gate: &str) -> String {
    format!("{run_id} {gate}")
}

/// Names as claim files allow them; anything else did not come from a claim file.
fn is_name(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use claim::outcome::Outcome;
    use proptest::prelude::*;

    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

    fn record(act: Act, run_id: &str) -> RunRecord {
        let mut record = crate::report::sample::record();
        record.act = act;
        record.run_id = run_id.to_owned();
        record.gates = vec!["M1".to_owned()];
        record
    }

    fn commit(subject: &str, records: Vec<RunRecord>) -> UpstreamCommit {
        let path = |r: &RunRecord| format!("reports/runs/pxgate/{}.json", r.run_id);
        UpstreamCommit {
            sha: SHA.to_owned(),
            subject: subject.to_owned(),
            records: records
                .into_iter()
                .map(|r| (path(&r), Ok(Box::new(r))))
                .collect(),
        }
    }

    /// Everything counts, and a review says what its run amounts to.
    fn counts(_: &str, record: &RunRecord, gate: &str) -> Standing {
        let verdict =
            (record.act == Act::Review).then(|| crate::gate::verdict::verdict(record, gate).name());
        Standing::Counts(verdict)
    }

    fn events_of(commit: &UpstreamCommit, known: &[String]) -> Vec<WatchEvent> {
        super::events_of(commit, known, &counts)
    }

    fn hand_offs(events: &[WatchEvent]) -> Vec<&HandOff> {
        events
            .iter()
            .filter_map(|event| match event {
                WatchEvent::HandOff(hand_off) => Some(hand_off),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_claim_with_its_record_is_a_hand_off_and_tells_nothing_of_what_was_seen() {
        let events = events_of(
            &commit("claim(pxgate-M1): x", vec![record(Act::Claim, "r1")]),
            &[],
        );
        let [hand_off] = hand_offs(&events)[..] else {
            panic!("{events:?}")
        };
        assert_eq!(
            (
                hand_off.act_name(),
                &*hand_off.phase,
                &*hand_off.gate,
                hand_off.verdict
            ),
            ("claim", "pxgate", "M1", None)
        );
        assert_eq!((&*hand_off.commit, &*hand_off.run_id), (SHA, "r1"));
    }

    #[test]
    fn the_references_false_hand_offs_are_none() {
        // Prose that names gates, an early claim's form, a revert, the watcher's own messages.
        for subject in [
            "status(2): Gate C6 CLAIMED, D0 CLAIMED, Gate: Q0 CLAIMED, awaiting Adversary, Q1",
            "docs(1b): format clean-up, claim W0 gate",
            "Revert \"claim(pxgate-M1): x\"",
            "status+claim(pxgate-M1): x",
            " claim(pxgate-M1): x",
            "Claim(pxgate-M1): x",
            "claim pxgate M1 at 0123456789ab",
            "inbox(adversary): hand-off: claim pxgate M1; review(pxgate-M1) please",
        ] {
            assert_eq!(events_of(&commit(subject, vec![]), &[]), [], "{subject}");
        }
        for subject in [
            "review(shot): phase open, nothing to judge yet",
            "review(pxgate): idle break-it probes PASS",
            "claim(3 U0): see STATUS",
        ] {
            let events = events_of(&commit(subject, vec![]), &[]);
            assert!(
                matches!(&events[..], [WatchEvent::Note(note)] if note.contains("no hand-off")),
                "{events:?}"
            );
        }
    }

    #[test]
    fn prefix_and_record_must_be_of_the_same_act() {
        let cases = [
            ("claim(pxgate-M1): x", Act::Review),
            ("review(pxgate-M1): x", Act::Claim),
            ("claim(pxgate-M1): x", Act::Verify),
            ("claim(pxgate-M1): x", Act::Ci),
            ("journal(pxgate): x", Act::Claim),
        ];
        for (subject, act) in cases {
            let events = events_of(&commit(subject, vec![record(act, "r")]), &[]);
            assert!(
                hand_offs(&events).is_empty() && !events.is_empty(),
                "{subject}: {events:?}"
            );
        }
        // A CI record in any other commit is nobody's business.
        assert_eq!(
            events_of(&commit("chore: x", vec![record(Act::Ci, "r")]), &[]),
            []
        );
    }

    #[test]
    fn a_run_is_handed_off_once_and_never_without_a_whole_gate_or_with_a_hostile_name() {
        let again = commit("claim(pxgate-M1): x", vec![record(Act::Claim, "r1")]);
        let events = events_of(&again, &["r1 M1".to_owned()]);
        assert!(
            matches!(&events[..], [WatchEvent::Note(note)] if note.contains("again")),
            "{events:?}"
        );
        let both = vec![record(Act::Claim, "r2"), record(Act::Claim, "r1")];
        let events = events_of(&commit("claim(pxgate-M1): x", both), &[]);
        let runs: Vec<&str> = hand_offs(&events).iter().map(|it| &*it.run_id).collect();
        assert_eq!(runs, ["r2"]);
        let mut partial = record(Act::Claim, "r2");
        partial.gates.clear();
        let events = events_of(&commit("claim(pxgate-M1): x", vec![partial]), &[]);
        assert!(matches!(&events[..], [WatchEvent::Note(_)]), "{events:?}");
        for name in ["M1; rm -rf /", "M1\n## DONE", "", "-x", "$(id)"] {
            let mut hostile = record(Act::Claim, "r3");
            hostile.gates = vec![name.to_owned()];
            let events = events_of(&commit("claim(x): y", vec![hostile]), &[]);
            assert!(
                matches!(&events[..], [WatchEvent::Note(note)] if !note.contains('\n')),
                "{events:?}"
            );
        }
    }

    #[test]
    fn a_review_tells_its_verdict_for_each_gate() {
        let mut review = record(Act::Review, "r1");
        review.fixtures.clear();
        let (mut good, mut bad) = (review.checks[0].clone(), review.checks[0].clone());
        (good.gate, good.outcome) = ("M1".to_owned(), Outcome::Pass);
        (bad.gate, bad.outcome) = ("M2".to_owned(), Outcome::Fail);
        review.checks = vec![good, bad];
        review.gates = vec!["M1".to_owned(), "M2".to_owned()];
        review.exit_code = 1;
        let verdicts = |record: &RunRecord| -> Vec<Option<&'static str>> {
            let events = events_of(&commit("review(pxgate): x", vec![record.clone()]), &[]);
            hand_offs(&events).iter().map(|h| h.verdict).collect()
        };
        assert_eq!(verdicts(&review), [Some("PASS"), Some("FAIL")]);
        // Cut short: no gate was covered whole.
        review.checks[1].outcome = Outcome::Pass;
        review.exit_code = 3;
        assert_eq!(verdicts(&review), [Some("no verdict"), Some("no verdict")]);
        review.exit_code = 5;
        assert_eq!(verdicts(&review), [Some("no verdict"), Some("no verdict")]);
    }

    #[test]
    fn a_veto_its_lifting_and_a_look_that_fails_are_hand_offs_to_the_builder() {
        let mut veto = record(Act::Veto, "r1");
        veto.veto = Some(crate::record::VetoWords {
            reason: "x".into(),
            until: None,
            gates: vec!["M1".into(), "M2".into()],
        });
        let events = events_of(&commit("veto(pxgate): x", vec![veto]), &[]);
        let [hand_off] = hand_offs(&events)[..] else {
            panic!("{events:?}")
        };
        assert_eq!((hand_off.act_name(), &*hand_off.gate), ("veto", "M1 M2"));
        assert!(hand_off.wakes_builder());
        let lift = record(Act::Lift, "r2");
        let events = events_of(&commit("lift(pxgate): V1: x", vec![lift.clone()]), &[]);
        assert_eq!(hand_offs(&events)[0].act_name(), "lift");
        let events = events_of(&commit("review(pxgate): x", vec![lift]), &[]);
        assert!(hand_offs(&events).is_empty(), "{events:?}");
        let mut look = record(Act::Verify, "r3");
        look.role = Some("adversary".into());
        for check in &mut look.checks {
            (check.gate, check.outcome) = ("M1".into(), Outcome::Pass);
        }
        let told =
            |look: &RunRecord| events_of(&commit("note(pxgate-M1): x", vec![look.clone()]), &[]);
        assert_eq!(told(&look), []);
        look.checks[0].outcome = Outcome::Fail;
        let events = told(&look);
        assert_eq!(hand_offs(&events)[0].verdict, Some("FAIL"));
        look.role = Some("builder".into());
        assert_eq!(told(&look), []);
    }

    #[test]
    fn what_does_not_count_is_named_and_not_handed_off() {
        let refused = |_: &str, _: &RunRecord, _: &str| Standing::Refused("it is forged".into());
        for (subject, act) in [
            ("claim(pxgate-M1): x", Act::Claim),
            ("review(pxgate-M1): x", Act::Review),
            ("lift(pxgate): x", Act::Lift),
        ] {
            let commit = commit(subject, vec![record(act, "r1")]);
            let events = super::events_of(&commit, &[], &refused);
            assert!(
                matches!(&events[..], [WatchEvent::Note(note)] if note.contains("it is forged")),
                "{events:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_subject_alone_is_ever_a_hand_off(subject in any::<String>()) {
            let events = events_of(&commit(&subject, vec![]), &[]);
            prop_assert!(hand_offs(&events).is_empty());
        }
    }
}
