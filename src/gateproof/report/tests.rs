//! The list of reports.

use super::*;
use crate::report::sample::record;
use crate::report::verdict_of;

fn input<'r>(records: &'r [RunRecord], verdict: &'r RunVerdict) -> ReportInput<'r> {
    ReportInput {
        records,
        verdict,
        warnings: &[],
        single: false,
        stored: None,
        width: 100,
        color: false,
    }
}

#[test]
fn every_report_has_a_name_of_its_own_and_says_something_about_a_red_run() {
    let records = [record()];
    let verdict = verdict_of(&records);
    for report in &RUN_REPORTS {
        let found = RunReport::named(report.name).unwrap();
        assert!(
            std::ptr::eq(found, report),
            "{} is there twice",
            report.name
        );
        let text = report.render(&input(&records, &verdict)).unwrap();
        assert!(text.contains("spec"), "{}: {text}", report.name);
        assert!(text.ends_with('\n'), "{}", report.name);
    }
    assert!(RunReport::named("pdf").is_none());
}

#[test]
fn json_is_the_stored_text_of_a_single_run_and_a_list_of_several() {
    let records = [record()];
    let verdict = verdict_of(&records);
    let json = RunReport::named("json").unwrap();
    let list = json.render(&input(&records, &verdict)).unwrap();
    let list: Vec<RunRecord> = serde_json::from_str(&list).unwrap();
    assert_eq!(list, records);
    let single = ReportInput {
        single: true,
        ..input(&records, &verdict)
    };
    let one: RunRecord = serde_json::from_str(&json.render(&single).unwrap()).unwrap();
    assert_eq!(one, records[0]);
    let stored = ReportInput {
        stored: Some("as stored"),
        ..single
    };
    assert_eq!(*json.render(&stored).unwrap(), "as stored");
}

#[test]
fn a_file_is_written_with_its_folder_and_one_that_cannot_be_is_named_once() {
    let folder = tempfile::tempdir().unwrap();
    let records = [record()];
    let verdict = verdict_of(&records);
    let report = RunReport::named("markdown").unwrap();
    let path = folder.path().join("new/run.md");
    report.write(&path, &input(&records, &verdict)).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, *report.render(&input(&records, &verdict)).unwrap());
    let below = path.join("run.md");
    let error = report
        .write(&below, &input(&records, &verdict))
        .unwrap_err();
    let said = kit::error_chain(&error);
    assert!(
        said.starts_with("cannot write the markdown report"),
        "{said}"
    );
    assert_eq!(said.matches("run.md/run.md").count(), 1, "{said}");
}
