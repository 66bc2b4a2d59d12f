//! SARIF 2.1.0 (OASIS): what is wrong, at its place in the claim file, for code hosts and editors that read it.

use serde_json::{Value, json};

use super::annotations::annotations;
use crate::record::RunRecord;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The outcomes that are results, and what each means.
const RULES: [(&str, &str); 6] = [
    ("FAIL", "A claim does not hold."),
    ("ERROR", "A claim could not be checked."),
    ("TOOTHLESS", "A check passed that cannot fail."),
    ("UNRESTORED", "Something was disturbed and is not back."),
    ("STALE", "An earlier PASS no longer counts."),
    ("FLAKY", "A check passed and failed in turn."),
];

/// The records as one SARIF log, a run for each.
pub fn sarif(records: &[RunRecord]) -> Value {
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": records.iter().map(run).collect::<Vec<_>>(),
    })
}

fn run(record: &RunRecord) -> Value {
    let rules = RULES.map(|(id, text)| json!({ "id": id, "shortDescription": { "text": text } }));
    let mut run = json!({
        "tool": { "driver": { "name": "gateproof", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
        "automationDetails": { "id": format!("gateproof/{}/{}", record.claim.phase, record.run_id) },
        "invocations": [{
            "executionSuccessful": matches!(record.exit_code, 0 | 1 | 4 | 6),
            "exitCode": record.exit_code,
            "startTimeUtc": record.started,
            "endTimeUtc": record.ended,
        }],
        "results": annotations(record).iter().map(result).collect::<Vec<_>>(),
    });
    if let Some(commit) = record.commit() {
        run["properties"] = json!({ "commit": commit });
    }
    run
}

fn result(annotation: &super::Annotation) -> Value {
    let (rule, about) = annotation
        .title
        .split_once(' ')
        .unwrap_or((&annotation.title, ""));
    let locations = annotation.place.iter().map(|(file, line, column)| {
        json!({ "physicalLocation": {
            "artifactLocation": { "uri": uri(file) },
            "region": { "startLine": line, "startColumn": column },
        } })
    });
    json!({
        "ruleId": rule,
        "level": annotation.level.name(),
        "message": { "text": annotation.message },
        "locations": locations.collect::<Vec<_>>(),
        // The same check at the next run is the same result.
        "partialFingerprints": { "check/v1": about },
    })
}

/// A relative URI reference of a path (RFC 3986).
fn uri(path: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    percent_encoding::utf8_percent_encode(path, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::record;

    #[test]
    fn each_thing_that_is_wrong_is_a_result_at_its_place_under_a_rule_that_is_there() {
        let mut record = record();
        record.claim.path = "claims/a b.yaml".to_owned();
        let wrong = annotations(&record).len();
        let log = sarif(&[record]);
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), wrong);
        for result in results {
            let rule = result["ruleId"].as_str().unwrap();
            assert!(RULES.iter().any(|(id, _)| *id == rule), "{rule}");
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uri"], "claims/a%20b.yaml");
            assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        }
        let about = &results[0]["partialFingerprints"]["check/v1"];
        assert_eq!(about, "pxgate/M1 spec");
    }
}
