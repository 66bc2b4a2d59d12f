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
    fn never_panics_and_every_place_is_where_the_name_stands(text in prop_oneof![any::<String>(), soup()]) {
        let seen = read(&text, &["2pc", "é"]);
        for s in &seen.statements {
            let there = &text[s.place.start..s.place.end];
            prop_assert!(there == s.gate || there == s.said, "{there} {s:?}");
            let line = text[..s.place.start].matches('\n').count() + 1;
            prop_assert_eq!(s.place.line, line);
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
        tail in prop::sample::select(vec!["", "(Adversary cold-verified)", ", awaiting Adversary", "(claim f7b6f26). No VETO.", "(claimed 2026-06-11)", "@18d2bd1 (x)", "— cold"]),
    ) {
        let when = seconds.map(|s| {
            let at = chrono::DateTime::from_timestamp(s, 0).unwrap();
            if date { When::Date(at.date_naive()) } else { When::Instant(at) }
        });
        let typed = when.map_or(String::new(), |when| format!(" @{when}"));
        let heading = format!("## Gate: {gate} — {said}{typed} {tail}");
        let first = read(&heading, &[]).statements;
        prop_assert_eq!(first.len(), 1, "{}", heading);
        let written = first[0].to_string();
        let again = read(&written, &[]).statements;
        prop_assert_eq!(&first, &again, "{}", written);
        prop_assert_eq!(&again[0].gate, &gate);
        prop_assert_eq!(&again[0].said, said);
        prop_assert_eq!(again[0].to_string(), written);
    }
}
