//! What holds of every document.

use proptest::prelude::*;

use super::*;

fn soup() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "## ",
        "### ",
        "Gate: ",
        "Gate ",
        "M1",
        "M2(c)",
        "DG4.1",
        " — ",
        "PASS",
        "FAIL",
        "CLAIMED",
        "OPEN",
        "\n",
        "\n\n",
        "```\n",
        "> ",
        "- ",
        "**",
        "(",
        ")",
        " @",
        "2026-06-13T13:00Z",
        "21:XX",
        "3bdd5d1",
        ", ",
        "/",
        "é",
        "…",
        "→",
        "VETO",
        "DONE",
        " lifted",
        "Not yet",
        "<!-- ",
        " -->",
        "~~",
        "---\n",
        "    ",
        "\r\n",
        "awaiting Adversary",
        ": ",
        "\t",
        "_",
        "`",
        "2pc",
    ]);
    prop::collection::vec(words, 0..40).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn never_panics_and_every_statement_stands_in_its_line(text in prop_oneof![any::<String>(), soup()]) {
        let seen = read(&text, &["2pc", "é"]);
        for s in &seen.statements {
            let line = text.split('\n').nth(s.line - 1).unwrap();
            prop_assert!(line.contains(&s.text), "{line} {s:?}");
            prop_assert!(s.text.contains(&s.word), "{s:?}");
        }
    }

    #[test]
    fn nothing_is_found_in_a_fence(text in soup()) {
        let inner: String = text.lines().filter(|l| !l.contains('`') && !l.contains('~')).map(|l| format!("{l}\n")).collect();
        let seen = read(&format!("````\n{inner}````\n"), &[]);
        prop_assert_eq!(seen, Reading::default());
    }

    #[test]
    fn what_is_written_in_the_newest_shape_is_read_back(
        gate in "[A-Z]{1,4}[0-9]{1,2}(\\.[0-9])?|[0-9][a-z]{2}|[a-z]{3,8}-[a-z]{2,5}",
        said in prop::sample::select(vec!["OPEN", "CLAIMED", "RE-CLAIMED", "PASS", "FAIL", "IN FLIGHT", "NOT YET CLAIMED"]),
        seconds in prop::option::of(0i64..4_000_000_000),
        date in any::<bool>(),
        tail in prop::sample::select(vec!["", "(Adversary cold-verified)", ", awaiting Adversary", "(claim f7b6f26). No VETO.", "(claimed 2026-06-11)", "— cold"]),
    ) {
        let typed = seconds.map(|s| {
            let at = chrono::DateTime::from_timestamp(s, 0).unwrap();
            if date { When::Date(at.date_naive()) } else { When::Instant(at) }
        });
        let time = typed.as_ref().map_or(String::new(), |typed| format!(" @{typed}"));
        let heading = format!("## Gate: {gate} — {said}{time} {tail}");
        let found = read(&heading, &[]).statements;
        prop_assert_eq!(found.len(), 1, "{}", heading);
        prop_assert_eq!(&found[0].gate, &gate);
        prop_assert_eq!(&found[0].word, said);
        prop_assert_eq!(&found[0].typed, &typed, "{}", heading);
    }
}
