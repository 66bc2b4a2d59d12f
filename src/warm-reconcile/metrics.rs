//! Metrics for the node exporter's textfile collector, in the Prometheus text format 0.0.4: one
//! file per app, so that two runs never write the same file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Version;
use super::history::History;
use super::journal::State;
use super::layout::AppPaths;
use super::state_file::{self, StateError};

/// How a run ended, as a label.
pub const OUTCOMES: [&str; 6] = [
    "current",
    "upgraded",
    "held",
    "rolled-back",
    "degraded",
    "inconclusive",
];

/// What is told of an app after a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    /// The app.
    pub app: String,
    /// The recipe.
    pub recipe: String,
    /// The version that runs, if it is known.
    pub version: Option<Version>,
    /// Last-good.
    pub last_good: Option<Version>,
    /// How the run ended: one of [`OUTCOMES`]; any other text is counted as none of them.
    pub outcome: String,
    /// How long the run took.
    pub duration: Duration,
    /// When the run ended.
    pub ended: DateTime<Utc>,
    /// When a run last ended as `current` or `upgraded`; it survives runs that did not.
    pub last_success: Option<DateTime<Utc>>,
    /// Unseen alerts of the app.
    pub alerts: u64,
    /// How many runs ended in each of [`OUTCOMES`], since the file was first written.
    pub runs: BTreeMap<String, u64>,
    /// How many runs of the history ended in each of [`ENDS`].
    pub history: BTreeMap<&'static str, u64>,
}

/// How a run of the history ended, as a label: the journal's own words.
pub const ENDS: [&str; 5] = [
    "committed",
    "rolled-back",
    "degraded",
    "held",
    "inconclusive",
];

/// What the file of the run before says that a new one goes on with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Before {
    /// When a run last succeeded.
    pub last_success: Option<DateTime<Utc>>,
    runs: BTreeMap<String, u64>,
}

impl Before {
    /// Reads a file of ours. What cannot be read is left out: a counter then begins anew, which
    /// the format's readers allow for.
    pub fn read(text: &str) -> Before {
        let mut before = Before::default();
        for line in text.lines() {
            let Some((head, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let Ok(value) = value.parse::<f64>() else {
                continue;
            };
            if head.starts_with("warm_reconcile_last_success_timestamp_seconds{") {
                before.last_success = moment(value);
            } else if head.starts_with("warm_reconcile_runs_total{") {
                let outcome = OUTCOMES
                    .into_iter()
                    .find(|outcome| head.contains(&format!("outcome=\"{outcome}\"")));
                if let Some(outcome) = outcome
                    && value >= 0.0
                {
                    // Far below where whole numbers become inexact.
                    before.runs.insert(outcome.to_owned(), value as u64);
                }
            }
        }
        before
    }

    /// The counters with one more run.
    pub fn and_one(self, outcome: &str) -> BTreeMap<String, u64> {
        let mut runs = self.runs;
        *runs.entry(outcome.to_owned()).or_default() += 1;
        runs
    }
}

fn moment(seconds: f64) -> Option<DateTime<Utc>> {
    let duration = Duration::try_from_secs_f64(seconds).ok()?;
    // To the nearest, or it would lose a millisecond with every run.
    let millis = (duration + Duration::from_micros(500)).as_millis();
    DateTime::from_timestamp_millis(i64::try_from(millis).ok()?)
}

/// How many runs of a history ended how.
pub fn ends(history: &History) -> BTreeMap<&'static str, u64> {
    let mut all = BTreeMap::new();
    for entry in &history.entries {
        let end = match entry.end {
            State::Committed => ENDS[0],
            State::RolledBack => ENDS[1],
            State::Degraded => ENDS[2],
            State::Held => ENDS[3],
            _ => ENDS[4],
        };
        *all.entry(end).or_default() += 1;
    }
    all
}

/// Replaces the app's metrics file, whole.
///
/// # Errors
/// [`StateError::Write`]; never a reason to stop.
pub fn write(paths: &AppPaths, metrics: &Metrics) -> Result<(), StateError> {
    state_file::write_unsynced(&paths.metrics(), metrics.text().as_bytes())
}

impl Metrics {
    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let app = [("app", self.app.as_str())];
        let tag = |version: &Option<Version>| {
            version
                .as_ref()
                .map_or_else(String::new, |version| version.tag().to_owned())
        };
        let (version, last_good) = (tag(&self.version), tag(&self.last_good));
        let info = [
            ("app", self.app.as_str()),
            ("recipe", &self.recipe),
            ("version", &version),
            ("last_good", &last_good),
        ];
        let head = "warm_reconcile_info";
        family(
            &mut text,
            head,
            "What runs, and what was last seen healthy.",
        );
        sample(&mut text, head, &info, 1.0);
        let head = "warm_reconcile_last_run_outcome";
        family(
            &mut text,
            head,
            "1 for the way in which the last run ended.",
        );
        for outcome in OUTCOMES {
            let labels = [("app", self.app.as_str()), ("outcome", outcome)];
            sample(
                &mut text,
                head,
                &labels,
                f64::from(u8::from(outcome == self.outcome)),
            );
        }
        let head = "warm_reconcile_runs_total";
        counter(&mut text, head, "Runs by the way in which they ended.");
        for outcome in OUTCOMES {
            let labels = [("app", self.app.as_str()), ("outcome", outcome)];
            let count = self.runs.get(outcome).copied().unwrap_or_default();
            sample(&mut text, head, &labels, count as f64);
        }
        let head = "warm_reconcile_history_runs";
        family(
            &mut text,
            head,
            "Runs of the kept history that changed something, by their end.",
        );
        for end in ENDS {
            let labels = [("app", self.app.as_str()), ("end", end)];
            let count = self.history.get(end).copied().unwrap_or_default();
            sample(&mut text, head, &labels, count as f64);
        }
        let mut single = |name: &str, help: &str, value: f64| {
            family(&mut text, name, help);
            sample(&mut text, name, &app, value);
        };
        single(
            "warm_reconcile_last_run_duration_seconds",
            "How long the last run took.",
            self.duration.as_secs_f64(),
        );
        single(
            "warm_reconcile_last_run_timestamp_seconds",
            "When the last run ended.",
            seconds(self.ended),
        );
        if let Some(at) = self.last_success {
            single(
                "warm_reconcile_last_success_timestamp_seconds",
                "When a run last ended with a healthy, current app.",
                seconds(at),
            );
        }
        single(
            "warm_reconcile_unseen_alerts",
            "Alerts of the app that nobody has seen yet.",
            self.alerts as f64,
        );
        text
    }
}

fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}

fn family(text: &mut String, name: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
}

fn counter(text: &mut String, name: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
}

fn sample(text: &mut String, name: &str, labels: &[(&str, &str)], value: f64) {
    let labels: Vec<String> = labels
        .iter()
        .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
        .collect();
    let _ = writeln!(text, "{name}{{{}}} {value}", labels.join(","));
}

/// A label's value: backslash, quote and line feed are written with a backslash.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::layout::Layout;
    use std::process::{Command, Stdio};

    fn metrics() -> Metrics {
        Metrics {
            app: "traefik".into(),
            recipe: "a \"quoted\\\nname".into(),
            version: Some(Version::parse("5.2.0+v3.7.15").unwrap()),
            last_good: None,
            outcome: "rolled-back".into(),
            duration: Duration::from_millis(12_345),
            ended: DateTime::from_timestamp_millis(1_780_000_000_250).unwrap(),
            last_success: DateTime::from_timestamp(1_770_000_000, 0),
            alerts: 2,
            runs: BTreeMap::from([("upgraded".to_owned(), 7)]),
            history: BTreeMap::from([("committed", 3)]),
        }
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
        let samples = parse(&metrics().text()).unwrap();
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
        let never = Metrics {
            last_success: None,
            ..metrics()
        };
        assert!(!never.text().contains("last_success"));
    }

    #[test]
    fn a_run_goes_on_with_what_the_file_before_counted() {
        let before = Before::read(&metrics().text());
        assert_eq!(before.last_success, metrics().last_success);
        let runs = before.and_one("upgraded");
        assert_eq!((runs["upgraded"], runs["held"]), (8, 0));
        for damaged in [
            "",
            "warm_reconcile_runs_total{outcome=\"held\"} many\n",
            "{ 1",
        ] {
            assert_eq!(Before::read(damaged), Before::default(), "{damaged}");
        }
    }

    #[test]
    fn the_reader_of_this_test_refuses_what_is_not_in_the_format() {
        let good = metrics().text();
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
            .write_all(metrics().text().as_bytes())
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
            write(&paths, &metrics()).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(paths.metrics()).unwrap(),
            metrics().text()
        );
        assert_eq!(
            std::fs::read_dir(paths.layout().metrics()).unwrap().count(),
            1
        );
    }
}
