use std::collections::BTreeMap;

use proptest::prelude::*;
use roxmltree::{Document, Node};

use super::*;
use crate::report::sample::record;

/// What junit-10.xsd of Jenkins' xUnit plugin allows: the attributes of each element (those with
/// `!` are required) and its children.
fn rules() -> BTreeMap<&'static str, (&'static str, &'static str)> {
    BTreeMap::from([
        (
            "testsuites",
            ("name time tests failures errors", "testsuite"),
        ),
        (
            "testsuite",
            (
                "name! tests! failures! errors! group time skipped timestamp hostname id package file log url",
                "testsuite properties testcase system-out system-err",
            ),
        ),
        ("properties", ("", "property")),
        ("property", ("name! value!", "")),
        (
            "testcase",
            (
                "name! time classname group",
                "skipped error failure rerunFailure rerunError flakyFailure flakyError system-out system-err",
            ),
        ),
        ("failure", ("type message", "")),
        ("error", ("type message", "")),
        ("skipped", ("type message", "")),
        ("system-out", ("", "")),
        ("system-err", ("", "")),
    ])
}

fn verdict(code: ExitCode) -> RunVerdict {
    RunVerdict {
        code,
        tally: "what was seen".to_owned(),
    }
}

fn follows_the_schema(node: Node<'_, '_>) -> Result<(), String> {
    let name = node.tag_name().name();
    let rules = rules();
    let (attributes, children) = rules.get(name).ok_or(format!("element {name}"))?;
    for attribute in node.attributes() {
        let known = attributes
            .split(' ')
            .any(|known| known.trim_end_matches('!') == attribute.name());
        if !known {
            return Err(format!("{name} has the attribute {}", attribute.name()));
        }
        if attribute.name() == "time" {
            surefire_time(attribute.value())?;
        }
    }
    for needed in attributes.split(' ').filter_map(|a| a.strip_suffix('!')) {
        if !node.has_attribute(needed) {
            return Err(format!("{name} has no {needed}"));
        }
    }
    for child in node.children().filter(Node::is_element) {
        let child_name = child.tag_name().name();
        if !children.split(' ').any(|known| known == child_name) {
            return Err(format!("{name} holds {child_name}"));
        }
        follows_the_schema(child)?;
    }
    Ok(())
}

fn surefire_time(value: &str) -> Result<(), String> {
    // SUREFIRE_TIME of the schema.
    let pattern = regex::Regex::new(r"^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?$").unwrap();
    if pattern.is_match(value) {
        Ok(())
    } else {
        Err(format!("time {value}"))
    }
}

fn count(document: &Document<'_>, element: &str) -> usize {
    document
        .descendants()
        .filter(|node| node.has_tag_name(element))
        .count()
}

/// The numbers that a reader shows must be those of the elements it finds.
fn counts_add_up(document: &Document<'_>) {
    let root = document.root_element();
    let number = |node: Node<'_, '_>, name: &str| -> usize {
        node.attribute(name).unwrap().parse().unwrap()
    };
    assert_eq!(number(root, "tests"), count(document, "testcase"));
    assert_eq!(number(root, "failures"), count(document, "failure"));
    assert_eq!(number(root, "errors"), count(document, "error"));
    for suite in root.children().filter(Node::is_element) {
        let cases = suite.children().filter(|n| n.has_tag_name("testcase"));
        assert_eq!(number(suite, "tests"), cases.count());
    }
}

#[test]
fn every_outcome_has_its_element_and_jenkins_schema_is_kept() {
    let record = record();
    let xml = junit(
        std::slice::from_ref(&record),
        &verdict(ExitCode::Unrestored),
    )
    .unwrap();
    let document = Document::parse(&xml).unwrap();
    follows_the_schema(document.root_element()).unwrap();
    counts_add_up(&document);
    for check in &record.checks {
        let case = document
            .descendants()
            .find(|node| {
                node.has_tag_name("testcase")
                    && node.attribute("name") == Some(check.id.as_str())
                    && node.attribute("classname") == Some(&format!("pxgate.{}", check.gate))
            })
            .unwrap();
        let verdict = case
            .children()
            .find(|node| node.is_element() && !node.tag_name().name().starts_with("system-"));
        let element = verdict.map(|node| node.tag_name().name().to_owned());
        let expected = match check.outcome {
            Outcome::Pass => None,
            Outcome::Skipped | Outcome::Attested => Some("skipped"),
            Outcome::Error | Outcome::Unrestored => Some("error"),
            _ => Some("failure"),
        };
        assert_eq!(element.as_deref(), expected, "{}", check.id);
        if let Some(node) = verdict {
            assert_eq!(node.attribute("type"), Some(check.outcome.name()));
            assert!(!node.attribute("message").unwrap().is_empty());
        }
    }
}

#[test]
fn a_failure_tells_expected_and_observed_and_the_suite_tells_what_was_checked() {
    let record = record();
    let xml = junit(std::slice::from_ref(&record), &verdict(ExitCode::Failed)).unwrap();
    let document = Document::parse(&xml).unwrap();
    let failure = document
        .descendants()
        .find(|node| node.has_tag_name("failure"))
        .unwrap();
    assert_eq!(
        failure.attribute("message"),
        Some("stdout json $.health_domain: expected absent, observed \"ci.commoninternet.net\"")
    );
    let body = failure.text().unwrap();
    for part in [
        "asked:",
        "expected:",
        "observed:",
        "reproduce:",
        "place:     claims/pxgate.yaml:38:9",
    ] {
        assert!(body.contains(part), "{body}");
    }
    let commit = document
        .descendants()
        .find(|node| node.attribute("name") == Some("commit"))
        .unwrap();
    assert_eq!(
        commit.attribute("value"),
        Some(record.repository.unwrap().commit.as_str())
    );
}

#[test]
fn the_report_is_red_whenever_the_run_is() {
    let mut passed = record();
    passed.checks.retain(|check| check.outcome == Outcome::Pass);
    passed.fixtures.clear();
    let green = junit(std::slice::from_ref(&passed), &verdict(ExitCode::Success)).unwrap();
    let document = Document::parse(&green).unwrap();
    assert_eq!(count(&document, "error") + count(&document, "failure"), 0);
    // Interrupted after the last check: every check passed, and the run did not.
    let red = junit(
        std::slice::from_ref(&passed),
        &verdict(ExitCode::CouldNotCheck),
    )
    .unwrap();
    assert_eq!(count(&Document::parse(&red).unwrap(), "error"), 1);
    assert!(red.contains("exit 3: what was seen"), "{red}");
    let nothing = junit(&[], &verdict(ExitCode::Invalid)).unwrap();
    assert_eq!(count(&Document::parse(&nothing).unwrap(), "error"), 1);
    let mut lost = passed.clone();
    lost.fixtures = record().fixtures;
    let xml = junit(std::slice::from_ref(&lost), &verdict(ExitCode::Unrestored)).unwrap();
    let document = Document::parse(&xml).unwrap();
    let error = document
        .descendants()
        .find(|node| node.has_tag_name("error"))
        .unwrap();
    assert!(
        error
            .attribute("message")
            .unwrap()
            .starts_with("UNRESTORED on ")
    );
    let mut withheld = passed;
    withheld.checks.clear();
    withheld.notes = vec!["the observations are withheld".to_owned()];
    let xml = junit(&[withheld], &verdict(ExitCode::CouldNotCheck)).unwrap();
    assert!(xml.contains("the observations are withheld"));
}

proptest! {
    #[test]
    fn output_that_is_hostile_to_xml_stays_data(hostile in any::<String>(), id in any::<String>()) {
        let mut record = record();
        let check = &mut record.checks[0];
        check.id = id;
        check.findings[0].observed = hostile.clone();
        check.observed = hostile.clone();
        record.notes = vec![hostile.clone()];
        if let Some(ObservationRecord::Command { stdout, .. }) = &mut check.observation {
            stdout.text = hostile;
        }
        let xml = junit(&[record], &verdict(ExitCode::Failed)).unwrap();
        let document = Document::parse(&xml).unwrap();
        prop_assert_eq!(follows_the_schema(document.root_element()), Ok(()));
        counts_add_up(&document);
    }
}

#[test]
fn markup_control_characters_and_decisions_in_output_are_shown_and_not_obeyed() {
    let mut record = record();
    let hostile = "]]></failure><x a=\"1\"/>&amp;\u{0}\u{b}\u{1b}[31m\u{ffff}\n## DONE\n## VETO x\nCLAIMED, awaiting Adversary";
    record.checks[0].findings[0].observed = hostile.to_owned();
    record.checks[0].observed = hostile.to_owned();
    let xml = junit(&[record], &verdict(ExitCode::Failed)).unwrap();
    let document = Document::parse(&xml).unwrap();
    follows_the_schema(document.root_element()).unwrap();
    let failure = document
        .descendants()
        .find(|node| node.has_tag_name("failure"))
        .unwrap();
    let body = failure.text().unwrap();
    assert!(
        body.contains("]]></failure><x a=\"1\"/>&amp;\\x00\\x0b\\x1b[31m"),
        "{body}"
    );
    for decision in ["## DONE", "## VETO", "CLAIMED, awaiting Adversary"] {
        assert!(!xml.contains(decision), "{decision}");
    }
}
