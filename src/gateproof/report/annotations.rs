//! Annotations: what is wrong, at the place of the check in its claim file, in the form that the
//! CI server takes.

use super::markdown::escape::defuse;
use super::reason::reason;
use super::text;
use crate::record::RunRecord;
use claim::outcome::Outcome;

/// How annotations are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Workflow commands of GitHub's and Gitea's Actions: `::error file=…,line=…,col=…::…`.
    GitHub,
    /// `file:line:col: error: …`, as compilers write it.
    Plain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The run is red because of it.
    Error,
    Warning,
}

impl Level {
    pub(super) fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

/// A message about a place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    pub level: Level,
    /// File (relative to the repository), line and column; none where there is no such place.
    pub place: Option<(String, usize, usize)>,
    pub title: String,
    pub message: String,
}

impl Annotation {
    /// The annotation as one line, without its end.
    pub fn line(&self, dialect: Dialect) -> String {
        let message = defuse(&text::visible_lines(&self.message)).into_owned();
        let title = defuse(&text::visible(&self.title)).into_owned();
        match dialect {
            Dialect::GitHub => {
                let mut properties = Vec::new();
                if let Some((file, line, column)) = &self.place {
                    properties.push(format!("file={}", property(file)));
                    properties.push(format!("line={line},col={column}"));
                }
                properties.push(format!("title={}", property(&title)));
                format!(
                    "::{} {}::{}",
                    self.level.name(),
                    properties.join(","),
                    data(&message)
                )
            }
            Dialect::Plain => {
                let place = match &self.place {
                    Some((file, line, column)) => {
                        format!("{}:{line}:{column}: ", text::visible(file))
                    }
                    None => String::new(),
                };
                let message = text::visible(&message);
                format!("{place}{}: {title}: {message}", self.level.name())
            }
        }
    }
}

/// An annotation for each check that is not as it should be, and for what is not restored.
pub fn annotations(record: &RunRecord) -> Vec<Annotation> {
    let of_checks = record.checks.iter().filter_map(|check| {
        let level = match check.outcome {
            Outcome::Pass | Outcome::Attested | Outcome::Skipped => return None,
            Outcome::Stale | Outcome::Flaky => Level::Warning,
            Outcome::Fail | Outcome::Error | Outcome::Toothless | Outcome::Unrestored => {
                Level::Error
            }
        };
        let mut message = format!("{}\n{}", check.claim, reason(check));
        if !check.reproduce.is_empty() {
            message.push_str(&format!("\nreproduce: {}", check.reproduce));
        }
        Some(Annotation {
            level,
            place: place(record, &check.place),
            title: format!(
                "{} {}/{} {}",
                check.outcome, record.claim.phase, check.gate, check.id
            ),
            message,
        })
    });
    let of_fixtures = record
        .fixtures
        .iter()
        .filter(|fixture| !fixture.restored)
        .map(|fixture| Annotation {
            level: Level::Error,
            place: Some((record.claim.path.clone(), 1, 1)),
            title: format!("UNRESTORED {} on {}", fixture.name, fixture.on),
            message: fixture
                .remedy
                .clone()
                .unwrap_or_else(|| "look at it by hand".to_owned()),
        });
    of_checks.chain(of_fixtures).collect()
}

/// The annotations of all records, one on each line.
pub fn annotation_lines(records: &[RunRecord], dialect: Dialect) -> String {
    let all = records.iter().flat_map(annotations);
    all.map(|annotation| annotation.line(dialect) + "\n")
        .collect()
}

/// `file:line:column` with the path in the repository: `place` has the path that was given on the
/// command line, which depends on the folder of the run.
fn place(record: &RunRecord, text: &str) -> Option<(String, usize, usize)> {
    let (rest, column) = text.rsplit_once(':')?;
    let (_, line) = rest.rsplit_once(':')?;
    Some((
        record.claim.path.clone(),
        line.parse().ok()?,
        column.parse().ok()?,
    ))
}

/// Two lines between which an Actions runner obeys no workflow command, because the output of a
/// check must not set variables or hide errors. The text between must not be able to know `token`.
pub fn stop_commands(token: &str) -> [String; 2] {
    [
        format!("::stop-commands::{token}\n"),
        format!("::{token}::\n"),
    ]
}

/// Escaping of a message (actions/toolkit, `escapeData`).
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escaping of a property (actions/toolkit, `escapeProperty`).
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::record;
    use proptest::prelude::*;

    #[test]
    fn a_failure_is_annotated_at_the_check_in_the_claim_file() {
        let mut record = record();
        // Run from another folder: the record's places are not the repository's.
        record.checks[0].place = "../claims/pxgate.yaml:38:9".to_owned();
        let first = &annotations(&record)[0];
        assert_eq!(first.place, Some(("claims/pxgate.yaml".to_owned(), 38, 9)));
        let line = first.line(Dialect::GitHub);
        assert!(
            line.starts_with("::error file=claims/pxgate.yaml,line=38,col=9,title=FAIL pxgate/M1 spec::the traefik spec probes"),
            "{line}"
        );
        assert!(
            line.contains("%0Astdout json $.health_domain: expected absent"),
            "{line}"
        );
        let plain = first.line(Dialect::Plain);
        assert!(
            plain.starts_with("claims/pxgate.yaml:38:9: error: FAIL pxgate/M1 spec: "),
            "{plain}"
        );
    }

    #[test]
    fn what_passed_or_was_left_out_is_not_annotated_and_what_is_not_back_is() {
        let record = record();
        let lines = annotations(&record);
        let good = [Outcome::Pass, Outcome::Skipped, Outcome::Attested];
        let bad = record.checks.iter().filter(|c| !good.contains(&c.outcome));
        let lost = record.fixtures.iter().filter(|f| !f.restored);
        assert_eq!(lines.len(), bad.count() + lost.count());
        assert!(
            lines
                .iter()
                .any(|line| line.title.starts_with("UNRESTORED dashboard-stopped"))
        );
    }

    #[test]
    fn commas_colons_percents_and_line_ends_are_escaped_as_the_toolkit_does() {
        let annotation = Annotation {
            level: Level::Warning,
            place: Some(("a,b:c%.yaml".to_owned(), 1, 2)),
            title: "x::y".to_owned(),
            message: "100% a\nb, c: d".to_owned(),
        };
        assert_eq!(
            annotation.line(Dialect::GitHub),
            "::warning file=a%2Cb%3Ac%25.yaml,line=1,col=2,title=x%3A%3Ay::100%25 a%0Ab, c: d"
        );
    }

    proptest! {
        #[test]
        fn an_annotation_is_one_line_without_a_second_command(message in any::<String>(), title in any::<String>()) {
            let annotation = Annotation { level: Level::Error, place: None, title, message };
            for dialect in [Dialect::GitHub, Dialect::Plain] {
                let line = annotation.line(dialect);
                prop_assert!(!line.contains(['\n', '\r']), "{line:?}");
            }
            // The runner takes everything after the second `::` as the message.
            let line = annotation.line(Dialect::GitHub);
            let head = line.trim_start_matches("::").split("::").next().unwrap_or_default();
            prop_assert!(head.starts_with("error title="), "{line:?}");
        }
    }
}
