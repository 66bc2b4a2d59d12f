use super::*;
use crate::report::documents::Document;
use proptest::prelude::*;

fn block(gate: &str, body: &str) -> Block {
    Block {
        document: Document::Status,
        phase: "pxgate".to_owned(),
        gate: gate.to_owned(),
        run_id: "20261121T174530Z-1f3a9c2e".to_owned(),
        inputs: Vec::new(),
        body: crate::secrets::redact(&format!("{body}\n")),
    }
}

fn journal(run: &str) -> Block {
    Block {
        document: Document::Journal,
        run_id: run.to_owned(),
        ..block("M1", "## entry")
    }
}

fn placed(existing: &str, block: &Block) -> String {
    String::from_utf8(place_block(existing.as_bytes(), block, false).unwrap()).unwrap()
}

/// The document with `<>` in the place of every whole block of ours.
fn outline(document: &str) -> String {
    let found = markers::find(document.as_bytes()).unwrap();
    let lines = lines(document.as_bytes());
    let mut out = document.to_owned();
    for block in found.iter().rev() {
        let from = lines[block.lines.start].span.start;
        let to = lines[block.lines.end - 1].text_end(document.as_bytes());
        out.replace_range(from..to, "<>");
    }
    out
}

#[test]
fn an_empty_status_begins_with_its_title_and_a_heading_without_state() {
    assert_eq!(
        outline(&placed("", &block("M1", "x"))),
        "# STATUS — phase pxgate (Builder)\n\n## Gate: M1\n\n<>\n"
    );
    assert_eq!(
        String::from_utf8(append_block(b"", &journal("r1")).unwrap())
            .unwrap()
            .lines()
            .next(),
        Some("# JOURNAL — phase pxgate (Builder)")
    );
}

#[test]
fn a_block_goes_to_the_end_of_its_gates_section_in_every_shape_in_use() {
    for heading in [
        "## Gate: M1 — CLAIMED, awaiting Adversary",
        "## Gate: M1 — PASS @2026-06-13T13:00Z (Adversary cold-verified)",
        "## Gate: M1",
        "## M1 — PASS @ 2026-06-17T17:40Z (REVIEW-nixenv.md, claim 8b8fc1f). No VETO.",
        "## Gate claim: M1 — implementation verified",
        "## M1 claim — verification map (WHAT/HOW/EXPECTED/WHERE)",
        "Gate: **M1 CLAIMED, awaiting Adversary** (claimed 2026-06-11)",
        "**Gate M1: CLAIMED (re-claim after …) — awaiting Adversary**",
        "- **Gate: M1 — CLAIMED, awaiting Adversary** (2026-05-26). Evidence: …",
        "Gate: M1 PASS (Adversary 3bdd5d1, no VETO). M2 IN PROGRESS.",
    ] {
        let document = format!("# T\n\n{heading}\n\ntext\n\n\n## Gate: M2 — OPEN\n\nmore\n");
        assert_eq!(
            outline(&placed(&document, &block("M1", "x"))),
            format!("# T\n\n{heading}\n\ntext\n\n<>\n\n\n## Gate: M2 — OPEN\n\nmore\n"),
            "{heading}"
        );
    }
}

#[test]
fn another_gate_with_a_longer_name_is_not_taken_for_this_one() {
    for heading in [
        "## Gate: M10 — OPEN",
        "## M1.1 — x",
        "## Gate: M1-b",
        "## M1(a)",
        "## M1+M2",
    ] {
        let document = format!("{heading}\n\ntext\n");
        assert_eq!(
            outline(&placed(&document, &block("M1", "x"))),
            format!("{heading}\n\ntext\n\n## Gate: M1\n\n<>\n"),
            "{heading}"
        );
    }
}

#[test]
fn a_rule_ends_a_section_and_an_underline_belongs_to_the_heading_above_it() {
    assert_eq!(
        outline(&placed(
            "## Gate: M1\n\ntext\n\n---\n\nrest\n",
            &block("M1", "x")
        )),
        "## Gate: M1\n\ntext\n\n<>\n\n---\n\nrest\n"
    );
    assert_eq!(
        outline(&placed(
            "## Gate: M1\n\ntext\n\nNext\n----\nrest\n",
            &block("M1", "x")
        )),
        "## Gate: M1\n\ntext\n\n<>\n\nNext\n----\nrest\n"
    );
    assert_eq!(
        outline(&placed("## Gate: M1\n- item\n---\n", &block("M1", "x"))),
        "## Gate: M1\n- item\n\n<>\n\n---\n"
    );
}

#[test]
fn headings_inside_fences_are_no_headings() {
    let document =
        "```\n## Gate: M1\n```\n\n## Gate: M1 — OPEN\n\n~~~\n## x\n---\n~~~\nend\n\n## y\n";
    assert_eq!(
        outline(&placed(document, &block("M1", "x"))),
        "```\n## Gate: M1\n```\n\n## Gate: M1 — OPEN\n\n~~~\n## x\n---\n~~~\nend\n\n<>\n\n## y\n"
    );
}

#[test]
fn a_heading_that_says_gate_is_preferred() {
    let document = "## M1 notes\n\na\n\n## Gate: M1 — OPEN\n\nb\n";
    assert!(outline(&placed(document, &block("M1", "x"))).ends_with("b\n\n<>\n"));
}

#[test]
fn carriage_returns_byte_order_mark_and_missing_newline_stay() {
    let crlf = "\u{feff}# T\r\n\r\n## Gate: M1\r\ntext\r\n\r\n## Z\r\nlast";
    let once = placed(crlf, &block("M1", "a\nb"));
    assert!(!once.replace("\r\n", "").contains('\n'), "{once:?}");
    assert_eq!(
        outline(&once),
        "\u{feff}# T\r\n\r\n## Gate: M1\r\ntext\r\n\r\n<>\r\n\r\n## Z\r\nlast"
    );
    assert_eq!(placed(&once, &block("M1", "a\nb")), once);

    assert_eq!(
        outline(&placed("no newline", &block("M1", "x"))),
        "no newline\n\n## Gate: M1\n\n<>\n"
    );
}

#[test]
fn converted_line_ends_are_no_edit() {
    let lf = placed("", &block("M1", "a\nb"));
    let crlf = lf.replace('\n', "\r\n");
    assert_eq!(placed(&crlf, &block("M1", "a\nb")), crlf);
}

#[test]
fn invalid_utf8_elsewhere_stays_and_utf16_is_refused() {
    let existing = b"\xff\xfa\xfe\n## Gate: M1\n\x80\n";
    let out = place_block(existing, &block("M1", "x"), false).unwrap();
    assert!(out.starts_with(b"\xff\xfa\xfe\n## Gate: M1\n\x80\n\n<!-- gateproof:begin"));
    let utf16 = place_block(b"\xff\xfe#\0", &block("M1", "x"), false);
    assert_eq!(utf16, Err(MarkerError::Utf16));
}

#[test]
fn a_block_edited_by_hand_is_refused_with_its_line_unless_forced() {
    let document = placed("# T\n", &block("M1", "old"));
    let edited = document.replace("old", "old, and a remark of mine");
    let error = place_block(edited.as_bytes(), &block("M1", "new"), false).unwrap_err();
    assert!(matches!(&error, MarkerError::Edited { line: 5, claim, .. } if claim == "pxgate/M1"));
    assert!(error.to_string().contains("edited by hand"), "{error}");
    let forced = place_block(edited.as_bytes(), &block("M1", "new"), true).unwrap();
    assert_eq!(forced, placed("# T\n", &block("M1", "new")).into_bytes());
    // Also when the new block is what the old one was.
    assert!(place_block(edited.as_bytes(), &block("M1", "old"), false).is_err());
    // The edit of one gate's block is no concern of another's.
    assert!(place_block(edited.as_bytes(), &block("M2", "new"), false).is_ok());
}

#[test]
fn an_edited_run_id_in_the_marker_is_an_edit() {
    let document = placed("", &block("M1", "x")).replace("1f3a9c2e", "1f3a9c2f");
    let error = place_block(document.as_bytes(), &block("M1", "x"), false).unwrap_err();
    assert!(matches!(error, MarkerError::Edited { .. }));
}

#[test]
fn broken_markers_are_refused_with_line_and_remedy() {
    let one = markers::render(&block("M1", "x"));
    let begin = one.lines().next().unwrap();
    let end = one.lines().last().unwrap();
    let other = end.replace("M1", "M2");
    let hash = "0".repeat(64);
    let case = |document: String, expected: &str, line: usize| {
        for force in [false, true] {
            let error = place_block(document.as_bytes(), &block("M1", "new"), force).unwrap_err();
            let name = format!("{error:?}");
            assert!(name.starts_with(expected), "{name}");
            assert!(
                error.to_string().starts_with(&format!("line {line}: ")),
                "{error}"
            );
        }
    };
    case(format!("a\n{begin}\nx\n"), "NoEnd", 2);
    case(format!("a\n{begin}\nx\n{other}\n"), "NoEnd", 2);
    case(format!("{end}\n"), "NoBegin", 1);
    case(format!("{begin}\n{begin}\nx\n{end}\n"), "Nested", 2);
    case(format!("{one}\n\n{one}\n"), "Duplicate", 5);
    case(
        "<!-- gateproof:begin status x -->\n".to_owned(),
        "Malformed",
        1,
    );
    case(
        format!("<!-- gateproof:begin status p/g run=a sha256={hash} --> x\n"),
        "Malformed",
        1,
    );
}

#[test]
fn a_journal_entry_is_appended_once_and_nothing_before_it_changes() {
    let first = append_block(b"# J\n\ntext", &journal("r1")).unwrap();
    assert!(first.starts_with(b"# J\n\ntext\n\n<!-- gateproof:begin journal"));
    assert_eq!(append_block(&first, &journal("r1")).unwrap(), first);
    let second = append_block(&first, &journal("r2")).unwrap();
    assert!(second.starts_with(&first));
    // An entry that somebody wrote a remark into is still that entry.
    let remarked = String::from_utf8(first)
        .unwrap()
        .replace("## entry", "## entry, seen");
    assert_eq!(
        append_block(remarked.as_bytes(), &journal("r1")).unwrap(),
        remarked.as_bytes()
    );
    // Broken markers are no reason not to append.
    let broken = b"<!-- gateproof:begin junk\n";
    assert!(
        append_block(broken, &journal("r1"))
            .unwrap()
            .starts_with(broken)
    );
}

#[test]
fn a_claim_id_cannot_end_the_comment() {
    let strange = block("M2(a) --> ## DONE", "x");
    let document = placed("", &strange);
    assert!(
        document.contains("pxgate/M2(a)%20-%2D%3E%20%23%23%20DONE"),
        "{document}"
    );
    assert_eq!(placed(&document, &strange), document);
}

/// Documents in pieces that matter, any bytes among them.
fn documents() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        Just(b"## Gate: M1 - OPEN".to_vec()),
        Just(b"**Gate M2: CLAIMED**".to_vec()),
        Just(b"## M2 x".to_vec()),
        Just(b"# T".to_vec()),
        Just(b"---".to_vec()),
        Just(b"```".to_vec()),
        Just(b"text".to_vec()),
        Just(b"\xef\xbb\xbf".to_vec()),
        Just(b"".to_vec()),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    let ends = prop_oneof![
        4 => Just(&b"\n"[..]), 2 => Just(&b"\r\n"[..]), 1 => Just(&b"\r"[..]), 1 => Just(&b""[..])
    ];
    prop::collection::vec((pieces, ends), 0..12).prop_map(|parts| {
        parts
            .into_iter()
            .flat_map(|(piece, end)| [piece, end.to_vec()].concat())
            .collect()
    })
}

/// What is left of `after` when everything of `before` is taken out of it, in order, as one piece
/// from its start and one to its end.
fn inserted(before: &[u8], after: &[u8]) -> Option<Vec<u8>> {
    let added = after.len().checked_sub(before.len())?;
    (0..=before.len())
        .find(|&at| after.starts_with(&before[..at]) && after.ends_with(&before[at..]))
        .map(|at| after[at..at + added].to_vec())
}

proptest! {
    #[test]
    fn every_byte_outside_stays_and_placing_twice_is_placing_once(
        existing in documents(), body in "[ -~]{0,20}(\n[a-z#`-]{0,9}){0,4}"
    ) {
        prop_assume!(!existing.starts_with(b"\xff\xfe") && !existing.starts_with(b"\xfe\xff"));
        let block = block("M1", &body);
        let once = place_block(&existing, &block, false).unwrap();
        prop_assert!(inserted(&existing, &once).is_some());
        prop_assert_eq!(&place_block(&once, &block, false).unwrap(), &once);
    }

    #[test]
    fn blocks_of_different_gates_do_not_disturb_each_other(
        existing in documents(), a in "[ -~]{0,20}", b in "[ -~]{0,20}", c in "[ -~]{0,20}"
    ) {
        prop_assume!(!existing.starts_with(b"\xff\xfe") && !existing.starts_with(b"\xfe\xff"));
        let place = |document: &[u8], gate: &str, body: &str| {
            place_block(document, &block(gate, body), false).unwrap()
        };
        let with_one = place(&existing, "M1", &a);
        let with_two = place(&with_one, "M2", &b);
        prop_assert!(inserted(&with_one, &with_two).is_some());
        // Replacing the first and putting it back leaves the second as it was.
        let changed = place(&with_two, "M1", &c);
        prop_assert_eq!(&place(&changed, "M2", &b), &changed);
        prop_assert_eq!(&place(&changed, "M1", &a), &with_two);
    }

    #[test]
    fn appending_keeps_every_byte_before(existing in documents()) {
        prop_assume!(!existing.starts_with(b"\xff\xfe") && !existing.starts_with(b"\xfe\xff"));
        let once = append_block(&existing, &journal("r1")).unwrap();
        prop_assert!(once.starts_with(&existing));
        prop_assert_eq!(&append_block(&once, &journal("r1")).unwrap(), &once);
    }
}
