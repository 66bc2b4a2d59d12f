//! The JSON Schemas beside what they describe: what the reader takes, and what the programs write, they take.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use test_kit::program::Scratch;
use test_kit::reference::output;

/// The schema of a format as the program prints it, for a validator that is not ours.
struct Validator {
    schemas: boon::Schemas,
    index: boon::SchemaIndex,
}

impl Validator {
    fn of(format: &str) -> Validator {
        let schema = serde_json::from_str(&output("gateproof", &["schema", format])).unwrap();
        let mut compiler = boon::Compiler::new();
        compiler.set_default_draft(boon::Draft::V2020_12);
        compiler.enable_format_assertions();
        compiler.add_resource("schema.json", schema).unwrap();
        let mut schemas = boon::Schemas::new();
        let index = compiler.compile("schema.json", &mut schemas).unwrap();
        Validator { schemas, index }
    }

    /// What the schema says against a document; nothing where it is valid.
    fn problems(&self, document: &Value) -> Option<String> {
        let refused = self.schemas.validate(document, self.index).err()?;
        Some(format!("{refused:#}"))
    }
}

/// What the schema says against a claim file.
fn problems(claim: &str) -> Option<String> {
    static COMPILED: OnceLock<Validator> = OnceLock::new();
    let document: Value = serde_yaml::from_str(claim).unwrap();
    let claims = COMPILED.get_or_init(|| Validator::of("claim"));
    claims.problems(&document)
}

/// What a program has written as JSON, held to the schema of its format.
#[track_caller]
pub(crate) fn written(format: &str, text: &str) -> Value {
    let document: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    if let Some(problems) = Validator::of(format).problems(&document) {
        panic!("{format}: {problems}\n{text}");
    }
    document
}

/// Holds the schema to a refusal of the reader for a key or a type.
#[track_caller]
pub(crate) fn refuses_too(claim: &[u8], code: &str) {
    const KEY_OR_TYPE: [&str; 2] = ["GP2201", "GP2204"];
    if KEY_OR_TYPE.contains(&code) {
        let claim = std::str::from_utf8(claim).unwrap();
        assert!(problems(claim).is_some(), "valid by the schema: {claim}");
    }
}

#[track_caller]
fn valid(place: &str, claim: &str) {
    if let Some(problems) = problems(claim) {
        panic!("{place}: {problems}");
    }
}

fn files_in(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|it| it == ending))
        .collect()
}

const FORMATS: [&str; 9] = [
    "claim",
    "record",
    "attestation",
    "status",
    "log",
    "diff",
    "softenings",
    "audit",
    "undo",
];

#[test]
fn the_files_of_the_schemas_are_what_the_program_prints() {
    let folder = test_kit::root().join("docs/schemas");
    for format in FORMATS {
        let kept = std::fs::read_to_string(folder.join(format!("{format}.schema.json"))).unwrap();
        assert!(
            kept == output("gateproof", &["schema", format]),
            "`gateproof schema {format} > docs/schemas/{format}.schema.json`"
        );
    }
    assert_eq!(files_in(&folder, "json").len(), FORMATS.len());
}

#[test]
fn what_is_written_is_valid_by_its_schema_and_what_is_not_is_refused() {
    let scratch = Scratch::with(one_check("run: uname, expect: Linux"));
    let run = scratch.run(&["verify", "claim.yaml", "--no-record", "--format", "json"]);
    let record = written("record", &run.out);
    let status = scratch.run(&["status", "claim.yaml", "--format", "json"]);
    written("status", &status.out);
    written(
        "undo",
        &scratch
            .run(&["undo", "--host", "local", "--format", "json"])
            .out,
    );
    let sample = test_kit::root().join("checks/fixtures/documents/record.json");
    written("record", &std::fs::read_to_string(sample).unwrap());
    // Every field that is demanded, and every value of the wrong kind.
    let validator = Validator::of("record");
    for key in ["run_id", "claim", "checks", "started", "exit_code", "notes"] {
        let mut without = record.clone();
        without.as_object_mut().unwrap().remove(key);
        assert!(validator.problems(&without).is_some(), "without {key}");
    }
    for (pointer, value) in [
        ("/checks/0/outcome", Value::from("GREEN")),
        ("/checks/0/attempts", Value::from("one")),
        ("/act", Value::from("guess")),
        ("/started", Value::from("yesterday at noon")),
        ("/checks/0/observation", Value::from(3)),
    ] {
        let mut wrong = record.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert!(validator.problems(&wrong).is_some(), "{pointer}");
    }
}

#[test]
fn every_shipped_claim_file_and_every_example_of_the_documents_is_valid_by_the_schema() {
    let root = test_kit::root();
    let mut files = files_in(&root.join("claims"), "yaml");
    files.push(root.join("checks/fixtures/corpus.yaml"));
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        valid(
            &file.display().to_string(),
            &std::fs::read_to_string(&file).unwrap(),
        );
    }
    let mut examples = 0;
    for page in files_in(&root.join("docs"), "md") {
        let text = std::fs::read_to_string(&page).unwrap();
        for fence in text.split("\n```yaml\n").skip(1) {
            let claim = fence.split("\n```").next().unwrap();
            if claim.starts_with("phase:") {
                valid(&page.display().to_string(), claim);
                examples += 1;
            }
        }
    }
    assert!(examples > 25, "{examples}");
}

#[test]
fn the_schema_refuses_an_unknown_key_at_every_place_where_keys_are() {
    let problems = problems(crate::reference::UNKNOWN).unwrap();
    for number in 0..crate::reference::PLACES.len() {
        let key = format!("'x{number}'");
        assert!(problems.contains(&key), "{key} in {problems}");
    }
}

fn one_check(check: &str) -> String {
    format!(
        "phase: p\non: local\ngates: {{ M1: {{ checks: [{{ id: a, claim: c, {check} }}] }} }}\n"
    )
}

#[test]
fn the_schema_takes_every_spelling_that_the_reader_takes() {
    for check in [
        "run: echo, expect: 0755",
        "run: echo, expect: 1.10",
        "run: echo, expect: true",
        "run: [a, b], expect: { exit: [0, '3'], stdout: { line: { 1: a, -1: b } } }",
        "run: echo, strict: 'true', expect: a, within: 1h 30m, every: 500ms",
        "run: cat /etc/x, expect: { json: { $.a: null, $.b: [1, { c: 2 }], $.d: { equals: {} } } }",
        "run: cat /etc/x, expect: { json: { '$.a[*]': { every: [1, 2] }, '$.b[*]': { set: [{ a: 1 }, 2] } } }",
        "run: cat /etc/x, expect: { any: [{ exit: 3 }, { not: { stdout: a } }] }",
        "run: cat /etc/x, expect: { exit: { signal: TERM } }",
        "http: 'http://a.example/', expect: 999",
        "http: 'http://a.example/', expect: 000",
        "http: 'http://a.example/', expect: [2xx, 303]",
        "http: 'http://a.example/', expect: { no_answer: [refused] }",
        "http: 'http://a.example/', expect: { status: 200, header: { a: { count: { of: b, min: 1 } } } }",
        "http: 'http://a.example/', expect: { status: 200, cookie: { a: { secure: true, path: / } } }",
        "file: { path: /etc/hosts, mode: 0644, size: { number: { min: 1 } } }",
        "for: { m: [GET] }, http: 'http://a.example/', method: '${m}', expect: 200",
        "for: [{ a: x, b: 1 }], run: 'echo ${a} ${b}', expect: x 1",
        "for: { u: { run: ls, at_least: 3 } }, run: 'test -e ${u}', expect: { exit: 0 }",
        "requires: { run: uname, expect: Linux }, run: uname, expect: Linux",
        "requires: { file: { path: /etc/hosts } }, run: uname, expect: Linux",
        "on: clone, human: look, artefact: a.png",
    ] {
        let claim = one_check(check);
        let read = Scratch::with(&claim).run(&["check", "claim.yaml"]);
        assert_eq!(read.code, Some(0), "{check}: {read:?}");
        valid(check, &claim);
    }
}

/// Refused by the reader; the second says whether the schema sees it as well.
#[test]
fn what_only_the_reader_sees_is_known() {
    for (check, by_schema) in [
        ("run: echo, expect: { stdout: [a] }", true),
        ("run: echo, expect: [a, b]", true),
        ("run: echo, expect: { status: 200 }", true),
        ("http: 'http://a.example/', expect: { stdout: a }", true),
        (
            "http: 'http://a.example/', method: FETCH, expect: 200",
            true,
        ),
        ("run: echo, http: 'http://a.example/', expect: a", true),
        ("run: echo, file: { path: /a }, expect: a", true),
        ("expect: a", true),
        ("run: echo, expect: a, within: 10", true),
        ("run: echo, expect: a, repeat: 0", true),
        ("run: echo, expect: { tests: { failed: 0 } }", true),
        ("run: echo, expect: { stdout: { empty: perhaps } }", true),
        ("run: echo, expect: a, skip: { reason: b }", true),
        (
            "run: echo, expect: a, waive: { GP2201: { reason: b, until: 2027-01-31 } }",
            true,
        ),
        ("run: echo, expect: a, tags:", true),
        // What must be seen at all: a check, and not a word of it.
        ("run: echo", false),
        // Two keys that do not go together.
        ("run: echo, method: GET, expect: a", false),
        ("run: echo, expect: a, every: 1s", false),
        ("file: { path: /a }, expect: a", false),
        // Names of other places of the file.
        ("on: web, run: echo, expect: a", false),
        ("run: echo, with: f, expect: a", false),
        ("run: echo, needs: b, expect: a", false),
        ("run: 'echo ${b}', expect: a", false),
        // What a text means.
        ("run: echo, expect: { stdout: { matches: '(' } }", false),
        ("run: echo, expect: { json: { 'a..b[': 1 } }", false),
        ("http: 'ftp://a.example/', expect: 200", false),
        ("http: 'http://a.example/', expect: 20", true),
        ("http: 'http://a.example/', expect: 'x'", false),
        // That an expectation cannot fail, and what a command does.
        (
            "run: echo, expect: { exit: [0, 1], stdout: { matches: '.*' } }",
            false,
        ),
        ("run: rm a, expect: { exit: 0 }", false),
    ] {
        let claim = one_check(check);
        let read = Scratch::with(&claim).run(&["check", "claim.yaml"]);
        assert_eq!(read.code, Some(2), "{check}: {read:?}");
        let seen = problems(&claim);
        assert_eq!(seen.is_some(), by_schema, "{check}: {seen:?}");
    }
}
