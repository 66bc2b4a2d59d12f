//! That no secret is in a text.

use proptest::prelude::*;

use super::*;
use crate::expectation::{SecretsMatcher, environment_key};

const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----";

fn absent() -> TextMatcher {
    TextMatcher::Secrets(SecretsMatcher::Shapes)
}

fn values_of(names: &[&str]) -> Expect {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    stdout(TextMatcher::Secrets(SecretsMatcher::ValuesOf(names)))
}

fn with_value(expect: &Expect, value: &str, seen: &Observation) -> Judgement {
    let scope = Scope::from_iter([(environment_key("DB"), value.to_owned())]);
    judge(expect, seen, &scope)
}

#[test]
fn names_what_was_found_and_never_shows_it() {
    holds(
        &stdout(absent()),
        &printed("{\"version\": \"3.6.15\"}\npassword=$DB_PASSWORD"),
    );
    let text = format!("one\npassword=hunter2x\n{KEY}\nhttps://me:hunter2x@localhost/");
    let wrong = differs(&stdout(absent()), &printed(&text));
    assert_eq!(wrong[0].expected, "no secret by its shape");
    assert_eq!(
        wrong[0].observed,
        "a password, token or key that is assigned in line 2, a private key in line 3, a password in a URL in line 6"
    );
    let all = format!("{wrong:?}");
    assert!(
        !all.contains("hunter2x") && !all.contains("MIIabc"),
        "{all}"
    );
    holds(&stdout(text_not(absent())), &printed(&text));
}

#[test]
fn of_a_cut_text_only_what_is_there_can_be_told() {
    assert!(
        undecidable(&stdout(absent()), &truncated("one\ntwo"))
            .contains("only the first 7 were stored")
    );
    differs(&stdout(absent()), &truncated(&format!("one\n{KEY}\ntwo")));
    // The last line may go on.
    undecidable(&stdout(absent()), &truncated("one\npassword: hunter2x"));
    let silent = unanswered(NoAnswerCause::Refused);
    differs(&body(absent()), &silent);
    differs(&body(text_not(absent())), &silent);
}

#[test]
fn a_value_of_the_environment_is_found_in_every_form_and_not_shown() {
    let expect = values_of(&["DB"]);
    assert_eq!(
        with_value(&expect, "hunter2x", &printed("nothing here")),
        Judgement::Holds
    );
    for (form, told_as) in [
        ("pw hunter2x", "`DB` in line 1"),
        ("basic aHVudGVyMng=", "`DB` as base64 in line 1"),
        ("68 75 6e 74 65 72 32 78", "`DB` as hex in line 1"),
        (
            "%68%75%6e%74%65%72%32%78",
            "`DB` escaped or split in line 1",
        ),
        ("a\nb\nhunter2x", "`DB` in line 3"),
    ] {
        let judgement = with_value(&expect, "hunter2x", &printed(form));
        let told = format!("{judgement:?}");
        assert!(told.contains(&format!("the value of {told_as}")), "{told}");
        assert!(
            !told.contains("hunter2x") && !told.contains("aHVud"),
            "{told}"
        );
    }
    for (value, why) in [("a1b", "fewer than 6 bytes")] {
        match with_value(&expect, value, &printed("x")) {
            Judgement::Undecidable(said) => assert!(said.contains(why), "{said}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(undecidable(&expect, &printed("x")).contains("no `DB`"));
}

#[test]
fn that_secrets_are_absent_can_fail_and_holds_where_nothing_ran() {
    let expect = stdout(absent());
    assert_eq!(is_vacuous(&expect), None);
    assert_eq!(is_vacuous(&not(expect.clone())), None);
    assert!(holds_on_no_answer(&expect));
    assert!(holds_on_no_answer(&values_of(&["DB"])));
    assert!(!holds_on_no_answer(&Expect::All(vec![exit(&[0]), expect])));
    assert!(!holds_on_no_answer(&body(absent())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn a_secret_found_in_a_part_is_one_of_the_whole(
        text in "(password|token|api_key|authorization|cookie|=|: |:\n|\"|'|\\|://a:|@|Bearer |Basic |\\$A|\\$\\{A\\}|\\[REDACTED\\]|[a1]{1,9}|hunter2x| |\n|-----BEGIN PRIVATE KEY-----|AKIA0123456789ABCDEF|eyJhbGciOiJIUzI1NiJ9\\.){0,14}",
        keep in 0_usize..120,
    ) {
        let keep = keep.min(text.len());
        let part = Captured { bytes: text.as_bytes()[..keep].to_vec(), total: text.len() as u64 };
        let scope = Scope::from_iter([(environment_key("DB"), "hunter2x".to_owned())]);
        let value = TextMatcher::Secrets(SecretsMatcher::ValuesOf(vec!["DB".to_owned()]));
        for matcher in [absent(), value] {
            let early = alone(&matcher, &part, "stdout", &scope);
            let late = alone(&matcher, &Captured::whole(text.clone()), "stdout", &scope);
            if matches!(early, Judgement::Differs(_)) {
                prop_assert!(matches!(late, Judgement::Differs(_)), "{:?}", early);
            }
            if early == Judgement::Holds {
                prop_assert_eq!(late, Judgement::Holds);
            }
        }
    }
}
