//! `status`, `done`, `watch`, `audit` and the text of REVIEW give the same answer to "does this
//! count?", on random histories with forged, unsigned, typed, wrongly linked and stale material.

use proptest::prelude::*;

use super::tests::{clock, facts, pick, run, spec, stored};
use super::*;
use crate::audit::why_not;
use crate::gate::counts::{
    DocumentBlock, Evidence, Signature, SignerLine, Signers, VetoState, Worth, WrittenBy, worth,
};
use crate::gate::heading;
use crate::record::{Act, FiledFinding, LiftedVeto, RecordLink, RunRecord, VetoWords};
use crate::report::phase::done_block;
use crate::role::{RecordHeader, ReviewKind, review_block};
use crate::watch::{Standing, UpstreamRecords};
use claim::outcome::Outcome;

const PEOPLE: [&str; 3] = ["bob", "eve", "mal"];

/// One record, as choices.
#[derive(Clone, Debug)]
struct Event {
    act: Act,
    role: &'static str,
    author: usize,
    /// The clone of whom it was made in.
    clone: usize,
    signature: u8,
    tree: &'static str,
    digest: &'static str,
    commit: &'static str,
    link: u8,
    outcomes: (Outcome, Outcome),
    files: bool,
    closes: bool,
}

/// What stands around the records.
#[derive(Clone, Debug)]
struct Around {
    /// For each person: no line, or who wrote it, or nobody has committed it, or it is gone.
    lines: [u8; 3],
    /// Lines of REVIEW, and who committed each.
    typed: Vec<(usize, usize)>,
    later: i64,
}

const TYPED: [&str; 8] = [
    "## VETO typed",
    "## VETO lifted: typed",
    "- A1 CLOSED",
    "- A1 CLOSED by the record",
    "## M1 — PASS",
    "## DONE",
    "text",
    "more text",
];

fn event() -> impl Strategy<Value = Event> {
    use Outcome::{Error, Fail, Pass};
    let anybody = (
        pick(&[
            (Act::Claim, "builder"),
            (Act::Claim, "adversary"),
            (Act::Review, "adversary"),
            (Act::Review, "builder"),
            (Act::Verify, "adversary"),
            (Act::Veto, "adversary"),
            (Act::Lift, "adversary"),
            (Act::Lift, "builder"),
            (Act::Lift, "ci"),
        ]),
        0..3usize,
        0..3usize,
    );
    let who = prop_oneof![
        4 => Just(((Act::Claim, "builder"), 0, 0)),
        6 => Just(((Act::Review, "adversary"), 1, 1)),
        1 => Just(((Act::Veto, "adversary"), 1, 1)),
        1 => Just(((Act::Lift, "adversary"), 1, 1)),
        4 => anybody,
    ];
    let made = (
        // 0: none, 1: broken, 2: a stranger's key, otherwise the author's.
        pick(&[0, 0, 1, 2, 3, 3, 3, 3, 3, 3]),
        pick(&["clone", "clone", "clone", "clone", "clone", "worktree"]),
        pick(&["aa", "aa", "aa", "aa", "aa", "bb"]),
        pick(&["c0", "c0", "c0", "c0", "c0", "d1"]),
        // 0: no link, 1: a wrong digest, otherwise the right one.
        pick(&[0, 1, 2, 2, 2, 2]),
    );
    let outcome = || pick(&[Pass, Pass, Pass, Pass, Pass, Pass, Fail, Error]);
    let seen = (
        outcome(),
        outcome(),
        pick(&[true, true, false, false, false]),
        any::<bool>(),
    );
    let any = (who, made, seen).prop_map(|(who, made, seen)| Event {
        act: who.0.0,
        role: who.0.1,
        author: who.1,
        clone: who.2,
        signature: made.0,
        tree: made.1,
        digest: made.2,
        commit: made.3,
        link: made.4,
        outcomes: (seen.0, seen.1),
        files: seen.2,
        closes: seen.3,
    });
    // What people do who do what they should, so that many histories come to a PASS.
    let right = |act, role, who| Event {
        act,
        role,
        author: who,
        clone: who,
        signature: 3,
        tree: "clone",
        digest: "aa",
        commit: "c0",
        link: 2,
        outcomes: (Pass, Pass),
        files: false,
        closes: true,
    };
    prop_oneof![
        2 => Just(right(Act::Claim, "builder", 0)),
        3 => Just(right(Act::Review, "adversary", 1)),
        2 => Just(Event {
            closes: false,
            ..right(Act::Review, "adversary", 1)
        }),
        1 => Just(right(Act::Lift, "adversary", 1)),
        5 => any,
    ]
}

fn around() -> impl Strategy<Value = Around> {
    // 0: no line, 1: written by its person, 2: by Bob, 3: not committed, 4: gone.
    let line = || pick(&[0u8, 0, 1, 1, 1, 1, 1, 2, 3, 4]);
    let typed = prop::collection::vec((0..TYPED.len(), 0..4usize), 0..5);
    let later = prop_oneof![3 => 0i64..600, 1 => 0i64..3000];
    (line(), line(), line(), typed, later).prop_map(|(a, b, c, typed, later)| Around {
        lines: [a, b, c],
        typed,
        later,
    })
}

fn author(name: &str) -> String {
    format!("{name} <{name}@example.org>")
}

fn written(by: &str) -> WrittenBy {
    WrittenBy {
        author: author(by),
        commit: "f0".repeat(20),
        at: clock(-100),
    }
}

fn signers(around: &Around) -> Signers {
    let mut signers = Signers {
        file: "claims/allowed_signers".into(),
        ..Signers::default()
    };
    for (n, kind) in around.lines.iter().enumerate() {
        let by = match kind {
            0 => continue,
            1 => Some(written(PEOPLE[n])),
            2 => Some(written("bob")),
            _ => None,
        };
        let text = format!("{}@example.org ssh-ed25519 A", PEOPLE[n]);
        let line = SignerLine::read(n + 1, &text, by).unwrap();
        let to = match kind {
            4 => &mut signers.gone,
            _ => &mut signers.lines,
        };
        to.push(line);
    }
    signers
}

fn signature(event: &Event, signers: &Signers) -> Signature {
    let own = |(index, line): (usize, &SignerLine)| {
        line.names(&author(PEOPLE[event.author])).then_some(index)
    };
    let lines = match event.signature {
        0 => return Signature::Missing,
        1 => return Signature::Broken("bad".into()),
        2 => Vec::new(),
        _ => signers.lines.iter().enumerate().filter_map(own).collect(),
    };
    // Who has no line has no reason to sign.
    if lines.is_empty() && event.signature > 2 {
        return Signature::Missing;
    }
    Signature::By {
        key: "SHA256:x".into(),
        lines,
        others: Vec::new(),
    }
}

fn records(events: &[Event]) -> Vec<StoredRecord> {
    let mut records: Vec<StoredRecord> = Vec::new();
    for (n, event) in events.iter().enumerate() {
        let at = i64::try_from(n).unwrap() * 10;
        let (name, clone) = (PEOPLE[event.author], format!("k{}", event.clone));
        let id = format!("r{n:03}");
        let mut record = run(&id, event.act, event.role, name, &clone, at);
        let repository = record.repository.as_mut().unwrap();
        repository.tree = event.tree.into();
        repository.commit = event.commit.repeat(20);
        record.claim.sha256 = event.digest.repeat(32);
        record.checks[0].outcome = event.outcomes.0;
        record.checks[1].outcome = event.outcomes.1;
        let newest = |act: Act| records.iter().rev().find(|it| it.record.act == act);
        match event.act {
            Act::Review => {
                let link = newest(Act::Claim).map(|it| RecordLink {
                    run_id: it.record.run_id.clone(),
                    sha256: match event.link {
                        1 => "0".repeat(64),
                        _ => it.link.sha256.clone(),
                    },
                });
                record.reviews = link.filter(|_| event.link > 0);
                if event.files {
                    record.filed.push(FiledFinding {
                        id: "A1".into(),
                        gate: "M1".into(),
                        text: "x".into(),
                    });
                } else if event.closes {
                    record.closed.push("A1".into());
                }
            }
            Act::Veto => {
                record.veto = Some(VetoWords {
                    reason: "x".into(),
                    until: None,
                    gates: Vec::new(),
                });
            }
            Act::Lift => {
                record.lifts = newest(Act::Veto).map(|it| LiftedVeto {
                    record: Some(it.link.clone()),
                    number: None,
                    reason: "x".into(),
                    why: "y".into(),
                });
            }
            _ => {}
        }
        if !record.is_run() {
            record.checks.clear();
            record.gates.clear();
        }
        records.push(stored(record));
    }
    // What names a record names it by what it is, and not by the length of its name.
    records
}

struct History {
    spec: ClaimSpec,
    records: Vec<StoredRecord>,
    review: Reading,
    facts: GateFacts,
    watch: UpstreamRecords,
}

impl History {
    fn of(events: &[Event], around: &Around) -> History {
        let mut spec = spec();
        spec.gates[0].hosts.clear();
        let records = records(events);
        let signers = signers(around);
        let signatures = records.iter().zip(events);
        let signatures = signatures
            .map(|(stored, event)| (stored.record.run_id.clone(), signature(event, &signers)));
        let lines = around.typed.iter();
        let text: Vec<&str> = lines.clone().map(|(line, _)| TYPED[*line]).collect();
        let evidence = Evidence {
            signatures: signatures.collect(),
            lines: lines
                .map(|(_, by)| PEOPLE.get(*by).map(|name| written(name)))
                .collect(),
            blocks: Vec::<DocumentBlock>::new(),
            signers,
            ..Evidence::default()
        };
        let review = heading::read(&text.join("\n"), &["M1"]);
        let facts = GateFacts {
            evidence: evidence.clone(),
            ..facts(200 + around.later)
        };
        let watch = UpstreamRecords::of_one(
            "reports/runs/pxgate",
            records.clone(),
            evidence,
            review.clone(),
            facts.now,
        );
        History {
            spec,
            records,
            review,
            facts,
            watch,
        }
    }

    fn status(&self) -> PhaseStatus {
        let none = Reading::default();
        judge(&self.spec, &self.records, &none, &self.review, &self.facts)
    }

    /// What the watcher tells of a review.
    fn watched(&self, review: &RunRecord) -> Option<&'static str> {
        let path = format!("reports/runs/pxgate/{}.json", review.run_id);
        match self.watch.standing(&path, review, "M1") {
            Standing::Counts(verdict) => verdict,
            Standing::Refused(_) => None,
        }
    }

    fn refused(&self, run_id: &str) -> Option<Reason> {
        let all: Vec<&StoredRecord> = self.records.iter().collect();
        let counted = count(&all, &self.facts.evidence);
        let mut refused = counted.refused.into_iter();
        let found = refused.find(|(stored, _)| stored.record.run_id == run_id)?;
        Some(found.1)
    }

    /// Whether a claim of that author counts.
    fn claims(&self, author: Option<&str>) -> bool {
        self.records.iter().any(|it| {
            let claims =
                it.record.act == Act::Claim && it.record.role.as_deref() == Some("builder");
            claims
                && it.record.author.as_deref() == author
                && self.refused(&it.record.run_id).is_none()
        })
    }

    /// What the writer of REVIEW takes a review for, who knows only the header of the claim.
    fn worth(&self, claim: &StoredRecord, review: &RunRecord) -> Worth {
        let header = RecordHeader::of_record(&claim.record, &claim.link.sha256, "");
        let facts = header.facts("M1");
        let (spec, now) = (facts.gate_spec(), self.facts.now);
        worth(&spec, &facts, review, &self.facts.evidence, now)
    }

    /// Whether REVIEW says of a review of that claim that it does not count.
    fn is_void(&self, claim: &StoredRecord, review: &RunRecord) -> bool {
        let of_gate = claim.record.gates.iter().any(|gate| gate == "M1");
        of_gate && matches!(self.worth(claim, review), Worth::Void(_))
    }

    /// The verdict in the heading that REVIEW gets.
    fn written(&self, claim: &StoredRecord, review: &RunRecord) -> Option<&'static str> {
        let worth = self.worth(claim, review);
        let refused = self.refused(&review.run_id);
        let kind = ReviewKind::by_rule(refused.as_ref(), &worth);
        let block = review_block(review, "M1", kind, None)?;
        let first = block.body.lines().next()?;
        let verdicts = ["PASS", "FAIL"].into_iter();
        let mut said = verdicts.filter(|it| first.starts_with(&format!("## M1 — {it} @")));
        said.next()
    }

    /// Whether the audit finds nothing against a review of that claim.
    fn audited(&self, claim: &StoredRecord, review: &RunRecord) -> bool {
        let why = why_not(claim, review, &self.facts.evidence, self.facts.now);
        self.refused(&review.run_id).is_none() && why.is_empty()
    }

    /// What the reviews of a claim come to, by what the watcher tells of each.
    fn expected(&self, claim: &RunRecord) -> Option<&'static str> {
        for stored in self.records.iter().rev() {
            let record = &stored.record;
            let is_about = match &record.reviews {
                Some(link) => link.run_id == claim.run_id,
                None => record.started >= claim.started,
            };
            let looks = record.role.as_deref() == Some("adversary")
                && !matches!(record.act, Act::Review | Act::Veto | Act::Lift)
                && record.claim.sha256 == claim.claim.sha256
                && self.refused(&record.run_id).is_none();
            let red = record.checks.iter().any(|it| it.outcome == Outcome::Fail);
            if is_about && looks && red {
                return Some("FAIL");
            }
            if record.act != Act::Review || !is_about {
                continue;
            }
            match self.watched(record) {
                None => {}
                Some("no verdict") => return None,
                verdict => return verdict,
            }
        }
        None
    }
}

fn find<'r>(records: &'r [StoredRecord], run_id: &str) -> &'r StoredRecord {
    let mut records = records.iter();
    records.find(|it| it.record.run_id == run_id).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn status_done_watch_audit_and_review_agree_on_what_counts(
        events in prop::collection::vec(event(), 0..10), around in around(),
    ) {
        let history = History::of(&events, &around);
        let phase = history.status();
        let gate = &phase.gates[0];
        let told = |text: &str| format!("{text}: {:?} {:?}", gate.state, gate.reasons);
        // Review by review: the watcher, the audit and the text of REVIEW.
        for stored in history.records.iter().filter(|it| it.record.act == Act::Review) {
            let review = &stored.record;
            let Some(link) = &review.reviews else { continue };
            let claim = find(&history.records, &link.run_id);
            let claimed = history.refused(&link.run_id).is_none()
                && claim.record.role.as_deref() == Some("builder");
            if !claimed {
                prop_assert_eq!(history.watched(review), None, "{}", told(&review.run_id));
                continue;
            }
            let watched = history.watched(review).filter(|it| *it != "no verdict");
            prop_assert_eq!(watched, history.written(claim, review), "{}", told(&review.run_id));
            if watched == Some("PASS") {
                prop_assert!(history.audited(claim, review), "{}", told(&review.run_id));
            }
            if history.is_void(claim, review) {
                prop_assert!(!history.audited(claim, review), "{}", told(&review.run_id));
            }
            if history.refused(&review.run_id).is_some() {
                prop_assert_eq!(watched, None);
            }
        }
        // The state, and what it rests on.
        if let Some(cited) = &gate.claim {
            let claim = &find(&history.records, &cited.run_id).record;
            prop_assert!(history.refused(&claim.run_id).is_none());
            let expected = history.expected(claim);
            let seen = match gate.state {
                GateState::Fail => Some("FAIL"),
                GateState::Pass | GateState::Ready | GateState::Stale => Some("PASS"),
                GateState::Open | GateState::Claimed => None,
                GateState::Veto => expected,
            };
            prop_assert_eq!(seen, expected, "{}", told("state"));
            prop_assert_eq!(gate.verdict.is_some(), expected.is_some(), "{}", told("verdict"));
        }
        // Vetoes and findings.
        let all: Vec<&StoredRecord> = history.records.iter().collect();
        let counted = count(&all, &history.facts.evidence);
        let open = vetoes(&counted, &history.review, &history.facts.evidence);
        let open: Vec<_> = open.into_iter().filter(VetoState::is_open).collect();
        prop_assert_eq!(gate.state == GateState::Veto, !open.is_empty(), "{}", told("veto"));
        let waiting = history.watch.waiting();
        let waits = waiting.iter().filter(|it| it.stored.record.act == Act::Veto).count();
        prop_assert_eq!(waits, open.iter().filter(|it| it.run.is_some()).count());
        prop_assert_eq!(done_block(std::slice::from_ref(&phase)).is_some(), gate.state == GateState::Ready);
        for lifted in vetoes(&counted, &history.review, &history.facts.evidence) {
            let by = lifted.lifted.as_deref().and_then(|by| by.strip_prefix("lift "));
            let Some(lifting) = by.map(|id| &find(&history.records, id).record) else { continue };
            prop_assert_eq!(lifting.role.as_deref(), Some("adversary"));
            prop_assert!(!history.claims(lifting.author.as_deref()));
            // A line that a claimant or nobody has committed lets nobody lift.
            let name = PEOPLE.iter().position(|it| lifting.author == Some(author(it))).unwrap();
            let (bobs, nobodys) = (around.lines[name] == 2, around.lines[name] == 3);
            prop_assert!(!(bobs && history.claims(Some(&author("bob")))), "{}", told("lift"));
            prop_assert!(!(nobodys && PEOPLE.iter().any(|it| history.claims(Some(&author(it))))));
        }
        if gate.state == GateState::Ready {
            let closings = closings(&counted, &history.review, &history.facts.evidence);
            let filed = counted.records.iter().flat_map(|it| &it.record.filed);
            for finding in filed {
                prop_assert!(closings.closed.contains(&finding.id), "{}", told("finding"));
            }
        }
    }
}

#[test]
fn the_histories_reach_every_state_and_every_refusal() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..1500 {
        let tree = (prop::collection::vec(event(), 0..10), around());
        let (events, around) = tree.new_tree(&mut runner).unwrap().current();
        let phase = History::of(&events, &around).status();
        *seen
            .entry(phase.gates[0].state.name().to_owned())
            .or_insert(0) += 1;
        let told = phase.gates[0].reasons.iter().map(ToString::to_string);
        for text in told.chain(phase.notes.clone()) {
            for words in [
                "is not signed",
                "does not fit",
                "not a key of",
                "who made the claim, wrote that line",
                "the line is not committed",
                "does not lift",
                "does not close",
                "not the one that was reviewed",
            ] {
                *seen.entry(words.to_owned()).or_insert(0) += usize::from(text.contains(words));
            }
        }
    }
    let missing = seen.values().any(|n| *n == 0);
    assert!(!missing && seen.len() == 15, "{seen:?}");
}
