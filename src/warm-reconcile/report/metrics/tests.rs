use super::*;
use crate::state::layout::Layout;
use std::process::{Command, Stdio};

fn metrics() -> Metrics {
    Metrics {
        app: "traefik".into(),
        recipe: "a \"quoted\\\nname".into(),
        version: Some(Version::parse("5.2.0+v3.7.15").unwrap()),
        last_good: None,
        outcome: RunLabel::RolledBack,
        duration: Duration::from_millis(12_345),
        ended: DateTime::from_timestamp_millis(1_780_000_000_250).unwrap(),
        counters: Counters {
            last_success: DateTime::from_timestamp(1_770_000_000, 0),
            runs: BTreeMap::from([(RunLabel::Upgraded, 7)]),
        },
        alerts: 2,
        history: BTreeMap::from([(EndLabel::Committed, 3)]),
    }
}

fn text() -> String {
    metrics().text(&Redactor::new([""; 0])).into_inner()
}

/// A strict reader of the format: family heads before their samples, each once; names,
/// labels and numbers as the format wants them. Gives `name{labels}` and its number.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, f64>, String> {
    let name = regex::Regex::new(r"^[a-zA-Z_:][a-zA-Z0-9_:]*$").unwrap();
    let labels = regex::Regex::new(
        r#"^([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*")(,[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*")*$"#,
    )
    .unwrap();
    if !text.ends_with('\n') {
        return Err("no line feed at the end".into());
    }
    let (mut samples, mut families, mut helped) = (BTreeMap::new(), Vec::new(), Vec::new());
    for line in text.lines() {
        let bad = || format!("`{line}`");
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (family, _) = rest.split_once(' ').ok_or_else(bad)?;
            helped.push(family.to_owned());
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (family, kind) = rest.rsplit_once(' ').ok_or_else(bad)?;
            // A counter's name ends so, and nothing else's does.
            if kind
                != if family.ends_with("_total") {
                    "counter"
                } else {
                    "gauge"
                }
            {
                return Err(bad());
            }
            if families.contains(&family) || helped.last().is_none_or(|last| last != family) {
                return Err(bad());
            }
            families.push(family);
        } else {
            let (head, value) = line.rsplit_once(' ').ok_or_else(bad)?;
            let (family, rest) = head.split_once('{').ok_or_else(bad)?;
            let inside = rest.strip_suffix('}').ok_or_else(bad)?;
            let value: f64 = value.parse().map_err(|_| bad())?;
            let good = name.is_match(family)
                && labels.is_match(inside)
                && families.last() == Some(&family);
            if !good || samples.insert(head.to_owned(), value).is_some() {
                return Err(bad());
            }
        }
    }
    Ok(samples)
}

#[test]
fn the_text_is_in_the_format_and_says_what_happened() {
    let samples = parse(&text()).unwrap();
    let of = |key: &str| samples.get(key).copied();
    assert_eq!(
        of(r#"warm_reconcile_last_run_outcome{app="traefik",outcome="rolled-back"}"#),
        Some(1.0)
    );
    assert_eq!(
        of(r#"warm_reconcile_last_run_outcome{app="traefik",outcome="upgraded"}"#),
        Some(0.0)
    );
    assert_eq!(
        of(r#"warm_reconcile_last_run_duration_seconds{app="traefik"}"#),
        Some(12.345)
    );
    assert_eq!(
        of(r#"warm_reconcile_last_run_timestamp_seconds{app="traefik"}"#),
        Some(1_780_000_000.25)
    );
    assert_eq!(
        of(r#"warm_reconcile_last_success_timestamp_seconds{app="traefik"}"#),
        Some(1_770_000_000.0)
    );
    assert_eq!(
        of(r#"warm_reconcile_unseen_alerts{app="traefik"}"#),
        Some(2.0)
    );
    assert_eq!(
        of(r#"warm_reconcile_runs_total{app="traefik",outcome="upgraded"}"#),
        Some(7.0)
    );
    assert_eq!(
        of(r#"warm_reconcile_history_runs{app="traefik",end="committed"}"#),
        Some(3.0)
    );
    assert!(
        samples
            .keys()
            .any(|key| key.contains(r#"recipe="a \"quoted\\\nname""#)),
        "{samples:?}"
    );
    let mut never = metrics();
    never.counters.last_success = None;
    let text = never.text(&Redactor::new([""; 0]));
    assert!(!text.contains("last_success"));
}

#[test]
fn a_label_holds_no_secret_and_the_format_keeps_its_names() {
    let secret = Metrics {
        version: Some(Version::parse("5.2.0+v3.7.15-hunter2x").unwrap()),
        ..metrics()
    };
    let redactor = Redactor::new(["hunter2x", "rolled-back", "outcome"]);
    let text = secret.text(&redactor);
    assert!(!text.contains("hunter2x"), "{text}");
    let samples = parse(&text).unwrap();
    let ended = r#"warm_reconcile_last_run_outcome{app="traefik",outcome="rolled-back"}"#;
    assert_eq!(samples.get(ended), Some(&1.0));
}

#[test]
fn a_run_goes_on_with_what_the_run_before_counted() {
    let root = tempfile::tempdir().unwrap();
    let paths = Layout::new(root.path()).unwrap().app("a", "a").unwrap();
    assert_eq!(Counters::read(&paths), Counters::default());
    write(&paths, &metrics(), &Redactor::new([""; 0])).unwrap();
    let mut counters = Counters::read(&paths);
    assert_eq!(counters, metrics().counters);
    let now = metrics().ended;
    counters.count(RunLabel::Held, now);
    assert_eq!(counters.last_success, metrics().counters.last_success);
    counters.count(RunLabel::Upgraded, now);
    assert_eq!(counters.last_success, Some(now));
    assert_eq!(counters.runs[&RunLabel::Upgraded], 8);
    assert_eq!(counters.runs[&RunLabel::Held], 1);
    for damaged in ["", "{", "[]", r#"{"runs": {"held": "many"}}"#] {
        std::fs::write(paths.counters(), damaged).unwrap();
        assert_eq!(Counters::read(&paths), Counters::default(), "{damaged}");
    }
}

#[test]
fn the_reader_of_this_test_refuses_what_is_not_in_the_format() {
    let good = text();
    for bad in [
        good.trim_end().to_owned(),
        good.replacen("# TYPE", "# TIPE", 1),
        good.replacen(" counter\n", " gauge\n", 1),
        good.replacen("\\\"", "\"", 1),
        good.replacen(" 1\n", " one\n", 1),
        format!("{good}{good}"),
    ] {
        assert!(parse(&bad).is_err());
    }
}

#[test]
fn promtool_agrees_where_there_is_one() {
    let tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut tool) = tool else {
        test_kit::children::skipped("there is no promtool on PATH");
        return;
    };
    use std::io::Write as _;
    tool.stdin
        .take()
        .unwrap()
        .write_all(text().as_bytes())
        .unwrap();
    let output = tool.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_file_is_replaced_whole() {
    let root = tempfile::tempdir().unwrap();
    let paths = Layout::new(root.path())
        .unwrap()
        .app("traefik", "traefik")
        .unwrap();
    for _ in 0..2 {
        write(&paths, &metrics(), &Redactor::new([""; 0])).unwrap();
    }
    assert_eq!(std::fs::read_to_string(paths.metrics()).unwrap(), text());
    assert_eq!(
        std::fs::read_dir(paths.layout().metrics()).unwrap().count(),
        2
    );
}
