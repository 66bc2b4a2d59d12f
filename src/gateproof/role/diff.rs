//! Two runs of one gate, value by value. Pure.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;

use crate::record::{CheckRecord, ObservationRecord, RunRecord};
use crate::report::text;

/// What stands where one of the runs has no such value.
const NONE: &str = "—";

/// The values that say how long something took.
const TIMES: [&str; 2] = ["duration", "disturbed for"];

/// One value of both runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunDifference {
    /// The check, the host or the fixture; `run` for the run as a whole.
    pub of: String,
    /// Which value: `outcome`, `stdout sha256`, `status from local` …
    pub value: String,
    /// What the claim's author saw.
    pub claim: String,
    /// What the reviewer saw.
    pub review: String,
    /// Whether both are the same.
    pub equal: bool,
    /// Whether a difference here makes the runs different; durations, for one, do not.
    pub substance: bool,
}

/// The values of two runs of a gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    pub gate: String,
    /// The run of the claim.
    pub claim: String,
    /// The run of the review.
    pub review: String,
    /// Whether both are equal in substance.
    pub equal: bool,
    /// Every value of either.
    pub values: Vec<RunDifference>,
}

/// Holds the review's run of a gate against the claim's. Values of checks, hosts and fixtures that
/// only one of them has are differences, too.
pub fn compare(claim: &RunRecord, review: &RunRecord, gate: &str) -> Comparison {
    let mut values = Vec::new();
    pairs(&mut values, "run", of_run(claim), of_run(review));
    let hosts = |record: &RunRecord| -> Vec<(String, Vec<Value>)> {
        let each = record.hosts.iter();
        each.map(|host| {
            let known = |value: &Option<String>| value.clone().unwrap_or_else(|| NONE.to_owned());
            let values = vec![
                value("revision", known(&host.revision)),
                value("boot id", known(&host.boot_id)),
            ];
            (format!("host {}", host.name), values)
        })
        .collect()
    };
    groups(&mut values, hosts(claim), hosts(review));
    let fixtures = |record: &RunRecord| -> Vec<(String, Vec<Value>)> {
        let used = |name: &String| {
            let mut checks = record.checks_of(gate);
            checks.any(|check| check.with.contains(name))
        };
        let each = record.fixtures.iter().filter(|fixture| used(&fixture.name));
        each.map(|fixture| {
            let restored = if fixture.restored { "yes" } else { "NO" };
            let values = vec![
                value("restored", restored),
                remark(
                    "disturbed for",
                    fixture.disturbed_ms.map_or(NONE.to_owned(), text::duration),
                ),
            ];
            (format!("fixture {}", fixture.name), values)
        })
        .collect()
    };
    groups(&mut values, fixtures(claim), fixtures(review));
    let checks = |record: &RunRecord| -> Vec<(String, Vec<Value>)> {
        let each = record.checks_of(gate);
        each.map(|check| (check.id.clone(), of_check(check)))
            .collect()
    };
    groups(&mut values, checks(claim), checks(review));
    Comparison {
        gate: gate.to_owned(),
        claim: claim.run_id.clone(),
        review: review.run_id.clone(),
        equal: values.iter().all(|value| value.equal || !value.substance),
        values,
    }
}

/// A value of one run: its name, what it is, and whether it is of substance.
struct Value(String, String, bool);

fn value(name: &str, value: impl Into<String>) -> Value {
    Value(name.to_owned(), value.into(), true)
}

fn remark(name: &str, value: impl Into<String>) -> Value {
    Value(name.to_owned(), value.into(), false)
}

fn of_run(record: &RunRecord) -> Vec<Value> {
    let commit = record.commit().map(str::to_owned);
    vec![
        value("commit", commit.unwrap_or_else(|| NONE.to_owned())),
        value("claim file sha256", record.claim.sha256.clone()),
        remark("duration", text::run_duration(record)),
        remark("tool", record.tool.clone()),
    ]
}

fn of_check(check: &CheckRecord) -> Vec<Value> {
    let mut values = vec![
        value("outcome", check.outcome.name()),
        value("expected", check.expected.clone()),
    ];
    match &check.attestation {
        None => values.push(value("observed", check.observed.clone())),
        // Two people never use the same words; what they looked at must be the same.
        Some(word) => {
            values.push(remark("observed", check.observed.clone()));
            if let Some(artefact) = &word.artefact {
                let name = format!("sha256 of {}", artefact.path);
                values.push(value(&name, artefact.sha256.clone()));
            }
        }
    }
    match &check.observation {
        None => {}
        Some(ObservationRecord::Command {
            exit,
            signal,
            stdout,
            ..
        }) => {
            let number = |n: &Option<i32>| n.map_or(NONE.to_owned(), |n| n.to_string());
            values.push(value("exit", number(exit)));
            if signal.is_some() {
                values.push(value("signal", number(signal)));
            }
            values.push(value("stdout sha256", stdout.sha256.clone()));
        }
        Some(ObservationRecord::Http(answers)) => {
            for answer in answers {
                let from = &answer.vantage;
                let status = match (answer.status, &answer.no_answer) {
                    (Some(status), _) => status.to_string(),
                    (None, cause) => format!("no answer: {}", cause.as_deref().unwrap_or(NONE)),
                };
                values.push(value(&format!("status from {from}"), status));
                if let Some(sha256) = &answer.certificate_sha256 {
                    values.push(value(&format!("certificate from {from}"), sha256.clone()));
                }
                // Pages carry times and tokens of their own; what is claimed of them is an
                // expectation, and that was held against both.
                if let Some(body) = &answer.body {
                    values.push(remark(
                        &format!("body sha256 from {from}"),
                        body.sha256.clone(),
                    ));
                }
            }
        }
    }
    if let Some(control) = &check.control {
        let red = if control.red { "red" } else { "NOT RED" };
        values.push(value("control", format!("{red}: {}", control.observed)));
    }
    values.push(remark("attempts", check.attempts.to_string()));
    values.push(remark("duration", text::duration(check.duration_ms)));
    values
}

/// Groups of the same name go together; a second one of a name goes with a second one.
fn groups(
    out: &mut Vec<RunDifference>,
    claim: Vec<(String, Vec<Value>)>,
    review: Vec<(String, Vec<Value>)>,
) {
    let mut review: Vec<Option<(String, Vec<Value>)>> = review.into_iter().map(Some).collect();
    for (name, values) in claim {
        let same = review
            .iter_mut()
            .find(|other| other.as_ref().is_some_and(|(other, _)| *other == name));
        match same.and_then(Option::take) {
            Some((_, others)) => pairs(out, &name, values, others),
            None => out.push(alone(&name, "run", NONE)),
        }
    }
    for (name, _) in review.into_iter().flatten() {
        out.push(alone(&name, NONE, "run"));
    }
}

fn alone(of: &str, claim: &str, review: &str) -> RunDifference {
    RunDifference {
        of: of.to_owned(),
        value: "whether it was run".to_owned(),
        claim: claim.to_owned(),
        review: review.to_owned(),
        equal: false,
        substance: true,
    }
}

fn pairs(out: &mut Vec<RunDifference>, of: &str, claim: Vec<Value>, review: Vec<Value>) {
    let mut review: Vec<Option<Value>> = review.into_iter().map(Some).collect();
    let mut row = |name: String, claim: String, review: String, substance: bool| {
        out.push(RunDifference {
            of: of.to_owned(),
            equal: claim == review,
            value: name,
            claim,
            review,
            substance,
        });
    };
    for Value(name, value, substance) in claim {
        let same = review
            .iter_mut()
            .find(|other| other.as_ref().is_some_and(|other| other.0 == name));
        let other = same.and_then(Option::take);
        row(
            name,
            value,
            other.map_or(NONE.to_owned(), |other| other.1),
            substance,
        );
    }
    for Value(name, value, substance) in review.into_iter().flatten() {
        row(name, NONE.to_owned(), value, substance);
    }
}

impl Comparison {
    /// The comparison as a table of at most `width` columns: what differs, or with `all`
    /// everything, and one line that sums up. How long something took differs each time, and is
    /// shown with `durations` only.
    pub fn table(&self, width: usize, all: bool, durations: bool) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        table.set_header(["of", "value", "claim", "review", ""]);
        let shown = |value: &&RunDifference| {
            (all || !value.equal) && (durations || !TIMES.contains(&value.value.as_str()))
        };
        let mut rows = 0;
        for value in self.values.iter().filter(shown) {
            let mark = match (value.equal, value.substance) {
                (true, _) => "equal",
                (false, true) => "DIFFERENT",
                (false, false) => "remark",
            };
            table.add_row([
                text::visible(&value.of),
                text::visible(&value.value),
                shorter(&value.claim),
                shorter(&value.review),
                mark.to_owned(),
            ]);
            rows += 1;
        }
        let different = self
            .values
            .iter()
            .filter(|v| v.substance && !v.equal)
            .count();
        let substance = self.values.iter().filter(|v| v.substance).count();
        let verdict = match different {
            0 => format!(
                "equal in substance: {substance} values of {} agree",
                self.gate
            ),
            n => format!(
                "different: {n} of {substance} values of {} differ",
                self.gate
            ),
        };
        let table = if rows == 0 {
            String::new()
        } else {
            format!("{table}\n")
        };
        format!(
            "claim {}, review {}\n{table}{verdict}\n",
            text::visible(&self.claim),
            text::visible(&self.review)
        )
    }
}

/// Digests to twelve digits, texts to what a cell can hold.
fn shorter(value: &str) -> String {
    let digest = value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit());
    match value.get(..12).filter(|_| digest) {
        Some(begin) => format!("{begin}…"),
        None => text::cut(&text::visible(value), 200),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> RunRecord {
        crate::report::sample::record()
    }

    fn differing(review: &RunRecord) -> (bool, Vec<(String, String)>) {
        let compared = compare(&record(), review, "M1");
        let values = compared.values.into_iter().filter(|value| !value.equal);
        let names = values.map(|value| (value.of, value.value)).collect();
        (compared.equal, names)
    }

    #[test]
    fn a_run_is_equal_to_itself_and_to_one_that_only_took_longer() {
        assert_eq!(differing(&record()), (true, Vec::new()));
        let mut later = record();
        later.checks[0].duration_ms += 7_000;
        later.run_id = "other".to_owned();
        let (equal, names) = differing(&later);
        assert!(equal);
        assert_eq!(names, [("spec".to_owned(), "duration".to_owned())]);
    }

    #[test]
    fn each_value_of_substance_makes_the_runs_different_by_its_name() {
        type Change = fn(&mut RunRecord);
        let cases: [(&str, &str, Change); 8] = [
            ("spec", "outcome", |r| {
                r.checks[0].outcome = claim::outcome::Outcome::Pass
            }),
            ("spec", "observed", |r| r.checks[0].observed.push('x')),
            ("spec", "stdout sha256", |r| {
                if let Some(ObservationRecord::Command { stdout, .. }) =
                    &mut r.checks[0].observation
                {
                    stdout.sha256.push('0');
                }
            }),
            ("new-probe", "status from cc-ci", |r| {
                if let Some(ObservationRecord::Http(answers)) = &mut r.checks[1].observation {
                    answers[0].status = Some(404);
                }
            }),
            ("host cc-ci", "revision", |r| r.hosts[0].revision = None),
            ("host cc-ci", "boot id", |r| {
                r.hosts[0].boot_id = Some("b".into())
            }),
            ("fixture dashboard-down", "restored", |r| {
                r.fixtures[0].restored ^= true
            }),
            ("run", "commit", |r| {
                r.repository.as_mut().unwrap().commit = "0".repeat(40)
            }),
        ];
        for (of, value, change) in cases {
            let mut other = record();
            change(&mut other);
            let expected = (false, vec![(of.to_owned(), value.to_owned())]);
            assert_eq!(differing(&other), expected, "{of} {value}");
        }
    }

    #[test]
    fn a_check_that_only_one_side_ran_is_a_difference_and_the_table_names_it() {
        let mut other = record();
        other.checks.remove(0);
        let compared = compare(&record(), &other, "M1");
        assert!(!compared.equal);
        let table = compared.table(100, false, false);
        assert!(
            table.contains("spec") && table.contains("different: 1 of"),
            "{table}"
        );
        let back = compare(&other, &record(), "M1");
        assert!(!back.equal);
    }
}
