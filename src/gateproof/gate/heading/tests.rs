use chrono::{NaiveDate, NaiveTime, TimeZone, Utc};

use super::*;
use StatedState::{Claimed, Fail, Open, Pass};

fn at(y: i32, m: u32, d: u32, h: u32, min: u32) -> Option<When> {
    Some(When::Instant(
        Utc.with_ymd_and_hms(y, m, d, h, min, 0).unwrap(),
    ))
}

fn on(y: i32, m: u32, d: u32) -> Option<When> {
    NaiveDate::from_ymd_opt(y, m, d).map(When::Date)
}

type Expected<'e> = (&'e str, StatedState, &'e str, Option<When>);

/// Compares gate, state, word and typed time of every statement of a document.
fn check(document: &str, expected: &[Expected<'_>]) {
    let found = read(document, &[]).statements;
    let found: Vec<Expected<'_>> = found
        .iter()
        .map(|s| (s.gate.as_str(), s.state, s.word.as_str(), s.typed.clone()))
        .collect();
    assert_eq!(found, expected, "{document}");
}

#[test]
fn reads_every_gate_line_of_the_status_documents() {
    let one: &[(&str, Expected<'_>)] = &[
        (
            "## Gate: M1 — CLAIMED, awaiting Adversary",
            ("M1", Claimed, "CLAIMED", None),
        ),
        (
            "## Gate: M1 — PASS @2026-06-13T13:00Z (Adversary cold-verified)",
            ("M1", Pass, "PASS", at(2026, 6, 13, 13, 0)),
        ),
        (
            "## Gate: M2 — OPEN (awaiting M1 PASS + orchestrator cold-boot)",
            ("M2", Open, "OPEN", None),
        ),
        (
            "## Gate: M2 — AWAITING ORCHESTRATOR nixos-rebuild",
            ("M2", Open, "AWAITING", None),
        ),
        (
            "## Gate: M2 — IN FLIGHT (deploy + live parity witness)",
            ("M2", Open, "IN FLIGHT", None),
        ),
        (
            "## Gate: M2 — PASS @ 2026-06-17T18:20Z (REVIEW-nixenv.md, claim f7b6f26). No VETO.",
            ("M2", Pass, "PASS", at(2026, 6, 17, 18, 20)),
        ),
        // A time that is not typed behind the state may be the time of anything.
        (
            "## Gate: U0 — PASS (Adversary REVIEW-3 @18d2bd1, 2026-05-31; …)",
            ("U0", Pass, "PASS", None),
        ),
        (
            "## Gate: 2pc — PASSED (was RE-CLAIMED; F2pc-1 resolved)",
            ("2pc", Pass, "PASSED", None),
        ),
        (
            "## Gate: M1 — CLAIMED @2026-06-17T00:40Z (HEAD e1b32ea)",
            ("M1", Claimed, "CLAIMED", at(2026, 6, 17, 0, 40)),
        ),
        (
            "## M1 — PASS @ 2026-06-17T17:40Z (REVIEW-nixenv.md, claim 8b8fc1f). No VETO.",
            ("M1", Pass, "PASS", at(2026, 6, 17, 17, 40)),
        ),
        (
            "Gate: **M1 CLAIMED, awaiting Adversary** (claimed 2026-06-11)",
            ("M1", Claimed, "CLAIMED", None),
        ),
        (
            "**Gate M1: CLAIMED (re-claim after …) — awaiting Adversary**",
            ("M1", Claimed, "CLAIMED", None),
        ),
        (
            "## Gate: M3 — NOT YET CLAIMED",
            ("M3", Open, "NOT YET CLAIMED", None),
        ),
    ];
    for (document, expected) in one {
        check(document, std::slice::from_ref(expected));
    }
    check("## Gate claim: M1 — implementation verified", &[]);
    check(
        "## M1 claim — verification map (WHAT/HOW/EXPECTED/WHERE)",
        &[],
    );
    check(
        "- **Gate: M0 — CLAIMED, awaiting Adversary** (2026-05-26). Evidence: … → **M0 PASS** …",
        &[("M0", Claimed, "CLAIMED", None), ("M0", Pass, "PASS", None)],
    );
    check(
        "Gate: M1 PASS (Adversary 3bdd5d1, no VETO). M2 IN PROGRESS.",
        &[
            ("M1", Pass, "PASS", None),
            ("M2", Open, "IN PROGRESS", None),
        ],
    );
    check(
        "## V5 PASS, V3 full PASS, V8 FAIL",
        &[
            ("V5", Pass, "PASS", None),
            ("V3", Pass, "PASS", None),
            ("V8", Fail, "FAIL", None),
        ],
    );
}

#[test]
fn reads_every_verdict_heading_of_the_review_documents() {
    let one: &[(&str, Expected<'_>)] = &[
        // A verdict below the heading of its gate.
        (
            "## M1 — Fix + controlled reproduction\n\ntext\n\n### PASS @2026-06-13T13:00Z — Adversary cold-verified\n",
            ("M1", Pass, "PASS", at(2026, 6, 13, 13, 0)),
        ),
        (
            "## M0 — Foundations: PASS @2026-05-26T21:35Z",
            ("M0", Pass, "PASS", at(2026, 5, 26, 21, 35)),
        ),
        (
            "## M1 FAIL @2026-06-11T20:58Z",
            ("M1", Fail, "FAIL", at(2026, 6, 11, 20, 58)),
        ),
        (
            "## Q2 — FAIL @2026-05-28 (dep teardown leak + cold install flake)",
            ("Q2", Fail, "FAIL", on(2026, 5, 28)),
        ),
        (
            "### M2: PASS @2026-06-17T05:04Z",
            ("M2", Pass, "PASS", at(2026, 6, 17, 5, 4)),
        ),
        (
            "## W0 (RL1 — lint/format tooling + green) : **PASS** @2026-05-27 (Adversary cold)",
            ("W0", Pass, "PASS", on(2026, 5, 27)),
        ),
        ("## M2(c) FAIL", ("M2(c)", Fail, "FAIL", None)),
        (
            "## M1 — PENDING — awaiting Builder implementation",
            ("M1", Open, "PENDING", None),
        ),
    ];
    for (document, expected) in one {
        check(document, std::slice::from_ref(expected));
    }
    check(
        "### E0 / HC2 — repo-local trust gate (default-deny) — PASS @2026-05-28",
        &[
            ("E0", Pass, "PASS", on(2026, 5, 28)),
            ("HC2", Pass, "PASS", on(2026, 5, 28)),
        ],
    );
    check(
        "## Watchdog ping @~2026-05-28 04:35Z — FALSE POSITIVE (no verdict)",
        &[],
    );
}

#[test]
fn a_text_in_place_of_a_time_is_reported_as_it_was_typed() {
    let when = |text: &str| read(text, &[]).statements[0].typed.clone();
    assert_eq!(
        when("## M1 — PASS @21:XX"),
        Some(When::Unreadable("21:XX".into()))
    );
    assert_eq!(
        when("## M1 — PASS @2026-06-11T21:XXZ (x)"),
        Some(When::Unreadable("2026-06-11T21:XXZ".into()))
    );
    assert_eq!(
        when("## M1 — PASS @2026-13-45"),
        Some(When::Unreadable("2026-13-45".into()))
    );
    assert_eq!(
        when("## M1 — PASS @ 13:05Z"),
        NaiveTime::from_hms_opt(13, 5, 0).map(When::Time)
    );
    assert_eq!(
        when("## M1 — PASS @2026-06-17T02:00+02:00"),
        at(2026, 6, 17, 0, 0)
    );
    assert_eq!(when("## M1 — PASS @18d2bd1"), None);
    assert!(
        at(2026, 6, 13, 13, 0)
            .unwrap()
            .is_after(Utc.with_ymd_and_hms(2026, 6, 13, 12, 50, 23).unwrap())
    );
}

#[test]
fn gate_names_of_every_family_are_read_and_others_only_when_they_are_known() {
    for gate in [
        "M0", "M8", "M6.5", "W6", "G4", "E3", "HC1", "DG8", "DG4.1", "Q5", "WC9", "WC1.1", "U5",
        "V9", "V8a", "B4", "PC3", "R8", "RL4", "M2(a)", "M2(d)",
    ] {
        for text in [
            format!("## {gate} — PASS"),
            format!("## Gate: {gate} — PASS @2026-05-28"),
        ] {
            let seen = read(&text, &[]).statements;
            assert_eq!(seen.len(), 1, "{text}");
            assert_eq!(
                (seen[0].gate.as_str(), seen[0].state),
                (gate, Pass),
                "{text}"
            );
        }
    }
    assert_eq!(read("## 2pc — PASS", &[]).statements, []);
    assert_eq!(read("## 2pc — PASS", &["2pc"]).statements[0].gate, "2pc");
    assert_eq!(
        read("## proxy-order — FAIL", &["proxy-order"]).statements[0].state,
        Fail
    );
}

#[test]
fn other_text_is_not_read_as_a_statement() {
    for text in [
        "> ## Gate: M1 — PASS",
        "```\n## Gate: M1 — PASS\n```",
        "~~~ md\n## VETO x\n## DONE\n```\n## Gate: M1 — PASS\n~~~",
        "- item\n  ```\n  ## Gate: M1 — PASS\n  ```",
        "text\n\n    ## Gate: M1 — PASS\n",
        "<!--\n## Gate: M1 — PASS\n## VETO x\n## DONE\n-->",
        "> ## VETO x\n> ## DONE\n",
        "review(shot): phase open, gates M1 PASS pending",
        "review(pxgate): idle break-it probes PASS",
        "The gate M1 PASS means that the proxy is healthy.",
        "M1 PASS is what we wait for.",
        "## Gate verdicts",
        "## Verdicts",
        "## Adversary orientation (cold start — 2026-06-13T11:00Z)",
        "## Open VETOes (none)",
        "### A1 [adversary] M1 PASS was too early",
        "## VETOed things",
        "## DONE-ness of M1",
    ] {
        let seen = read(text, &[]);
        assert_eq!(seen.statements, [], "{text}");
        assert!(
            seen.vetoes.is_empty() && seen.done.is_empty(),
            "{text}: {seen:?}"
        );
    }
    for text in [
        "## M1 — PASS criteria",
        "## M1 — PASS/FAIL table",
        "## M1 — PASS?",
        "## M1 — PASS-through mode",
        "## M1 — what must PASS",
        "## M1 — OPEN questions",
    ] {
        assert_eq!(read(text, &[]).statements, [], "{text}");
    }
    let seen = read(
        "## Gate: M1 — CLAIMED, needs M0 before PASS, not like M2 — FAIL",
        &[],
    )
    .statements;
    assert_eq!(seen[0].state, Claimed);
    assert!(!seen.iter().any(|s| s.gate == "M0"), "{seen:?}");
    let seen = read("## M1 — see A1, A2 — PASS", &[]).statements;
    assert_eq!((seen.len(), seen[0].gate.as_str()), (1, "M1"));
}

#[test]
fn done_holds_only_when_nothing_takes_it_back() {
    let holds = |text: &str| {
        let seen = read(text, &[]);
        assert_eq!(seen.done.len(), 1, "{text}");
        seen.declared_done().is_some()
    };
    assert!(holds("## DONE\n\n- M1: evidence\n"));
    assert!(holds(
        "## DONE — M1+M2 PASS (no VETO)\n| item | verdict |\n"
    ));
    assert!(holds("## DONE (no VETO)\n"));
    assert!(holds("##  **DONE** @2026-06-13T14:00Z"));
    assert!(holds("DONE\n----\n"));
    // The trap of STATUS-mailu: it renders as a heading, and its body says the opposite.
    assert!(!holds("## DONE\n\nNot yet.\n"));
    assert!(!holds("## DONE\n_(not yet — M2 is open)_\n"));
    assert!(!holds("## DONE\n> Not yet\n"));
    assert!(!holds("DONE\n----\nNot yet\n"));
    assert!(!holds("## DONE criteria"));
    assert!(!holds("## DONE — not yet"));
    assert!(!holds("## DONE when M1 passes"));
    assert!(!holds("## ~~DONE~~"));
}

#[test]
fn a_veto_stands_until_it_is_lifted_in_words_that_say_so() {
    let open = |text: &str| read(text, &["M1", "M2"]).open_vetoes().count();
    assert_eq!(open("## VETO until the counter is keyed per run\n"), 1);
    assert_eq!(
        open("## VETO M1: x\n\nLifted when both are green.\nLifting condition: y\n"),
        1
    );
    assert_eq!(open("## VETO (lifted @2026-06-13T10:00Z) counter\n"), 0);
    assert_eq!(open("## VETO — LIFTED @2026-06-13\n"), 0);
    assert_eq!(open("## ~~VETO counter~~\n"), 0);
    assert_eq!(
        open("## VETO counter\n\n**LIFTED** @2026-06-13 after re-test\n"),
        0
    );
    assert_eq!(open("## VETO counter\n\n## M1 — x\n\nLIFTED\n"), 1);
    assert_eq!(open("## VETO counter\n\n> LIFTED\n"), 1);
    assert_eq!(open("## VETO a\n\n## VETO lifted: a\n"), 0);
    assert_eq!(open("## VETO lifted: a\n\n## VETO b\n"), 1);
    assert_eq!(open("## VETO a\n\n## VETO b\n\n## VETO lifted\n"), 2);
    assert_eq!(
        open("## VETO a\n\n## VETO b\n\n## Lifted @2026-11-21T17:00Z — VETO V1 (a)\n"),
        1
    );
    assert_eq!(
        open("## VETO a\n\n## Lifted @2026-11-21T17:00Z — VETO V3 (a)\n"),
        1
    );
    assert_eq!(
        open("## VETO M1: a\n\n## VETO M2: b\n\n## VETO lifted for M1\n"),
        1
    );
    assert_eq!(open("## VETO (none)\n"), 0);
    assert_eq!(open("## VETO none of the tests ran\n"), 1);
    // The lifting of another veto stands below this one, and lifts only the one that it numbers.
    assert_eq!(
        open("# VETO a\n\n## VETO b\n\n## Lifted @x — VETO V2 (b)\n"),
        1
    );
    let at = read("## VETO a\n\n## VETO V1 lifted\n", &[]).vetoes;
    assert_eq!(at[0].lifted_at, Some(3));
    // In parentheses it is the heading's own veto that was lifted, not the one before.
    assert_eq!(open("## VETO a\n\n## VETO (lifted) b\n"), 1);
    let seen = read("## VETO M2: **disk** full", &["M1", "M2"]).vetoes;
    assert_eq!(
        (seen[0].gates.as_slice(), seen[0].reason.as_str()),
        (["M2".to_owned()].as_slice(), "M2: **disk** full")
    );
    assert!(
        read("## VETO A1 is open", &["M1"]).vetoes[0]
            .gates
            .is_empty()
    );
}

#[test]
fn a_finding_is_closed_only_by_a_line_of_its_own() {
    let closed = |text: &str| -> Vec<String> {
        let lines = read(text, &[]).closed.into_iter();
        lines.map(|line| line.id).collect()
    };
    assert_eq!(
        closed("- [x] **F2pc-1 [adversary] CLOSED @2026-05-29 re-tested**"),
        ["F2pc-1"]
    );
    assert_eq!(closed("### A1 [adversary] CLOSED"), ["A1"]);
    let filed = read(
        "x\n### A1 [adversary] the text\n### A2 [adversary] CLOSED\n- A3 [adversary] y\n### A4 x\n",
        &[],
    )
    .filed;
    assert_eq!(filed.len(), 1, "{filed:?}");
    assert_eq!((&*filed[0].id, filed[0].line), ("A1", 2));
    assert_eq!(closed("**A2** — CLOSED @2026-05-29"), ["A2"]);
    assert!(closed("A1 is CLOSED, they say\n\n> - A1 CLOSED\n\n### A1 — not CLOSED\n").is_empty());
}

#[test]
fn line_ends_and_a_byte_order_mark_do_not_move_lines() {
    let document =
        "\u{feff}## Gate: M1 — PASS\r\n\r\né **Gate M2: FAIL**\r\n- **Gate M3: FAIL** é\r\n";
    let seen = read(document, &[]).statements;
    let found: Vec<_> = seen.iter().map(|s| (s.gate.as_str(), s.line)).collect();
    assert_eq!(found, [("M1", 1), ("M3", 4)]);
}
