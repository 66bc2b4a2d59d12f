//! What becomes softer is found, named and ranked; what becomes stricter is no softening.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Gravity, Softening, softenings, unacknowledged};
use crate::ClaimFile;
use kit::text::Scope;
use kit::yaml::source::Source;

fn file(text: &str) -> ClaimFile {
    let source = Source {
        path: PathBuf::from("claims/t.yaml"),
        text: text.to_owned(),
    };
    match crate::read::parse(Arc::new(source), &Scope::new()) {
        Ok(file) => file,
        Err(invalid) => panic!("{}", invalid.render(false)),
    }
}

fn between(before: &str, after: &str) -> Vec<Softening> {
    softenings(&[&file(before)], &[&file(after)])
}

/// A file with one check of these lines.
fn check(lines: &str) -> String {
    let indented = lines.replace('\n', "\n        ");
    format!(
        "phase: t\non: local\ngates:\n  M1:\n    checks:\n      - id: a\n        claim: it holds\n        {indented}\n"
    )
}

/// Gravity and name of the only change between two checks.
fn only(before: &str, after: &str) -> Option<(Gravity, String)> {
    let found = between(&check(before), &check(after));
    match found.as_slice() {
        [] => None,
        [one] => Some((one.gravity, one.what.clone())),
        more => panic!("{before} -> {after}: {more:#?}"),
    }
}

#[test]
fn names_what_became_softer_in_a_check() {
    use Gravity::{Changed, Loosened, Removed, Slackened};
    let run = |rest: &str| format!("run: restic snapshots --latest 1\n{rest}");
    let http = |rest: &str| format!("http: https://localhost/api\n{rest}");
    for (before, after, gravity, what) in [
        // Matchers that are gone.
        (
            run("expect: { exit: 0, stdout: { contains: alpha }, stderr: { empty: true } }"),
            run("expect: { exit: 0, stdout: { contains: alpha } }"),
            Removed,
            "expect",
        ),
        (
            http("expect: { status: 200, header: { server: { equals: a } } }"),
            http("expect: { status: 200 }"),
            Removed,
            "expect",
        ),
        // Matchers that hold for more.
        (
            run("expect: { exit: 0, stdout: { contains: 3 snapshots } }"),
            run("expect: { exit: 0, stdout: { contains: snapshots } }"),
            Loosened,
            "expect",
        ),
        (
            run("expect: { exit: 0, stdout: { equals: active } }"),
            run("expect: { exit: 0, stdout: { contains: active } }"),
            Loosened,
            "expect",
        ),
        (
            run("expect: { exit: 0, stdout: { equals: active } }"),
            run("expect: { exit: 0, stdout: { any: [{ equals: active }, { equals: inactive }] } }"),
            Loosened,
            "expect",
        ),
        (
            run("expect: { exit: 0, stdout: { matches: '^[0-9]+ of 12$' } }"),
            run("expect: { exit: 0, stdout: { matches: '[0-9]+ of' } }"),
            Loosened,
            "expect",
        ),
        (
            run("expect: { exit: 0, stdout: { number: { min: 10 } } }"),
            run("expect: { exit: 0, stdout: { number: { min: 9 } } }"),
            Loosened,
            "expect",
        ),
        (
            run("expect: { exit: 0, stdout: { number: { max: 10 } } }"),
            run("expect: { exit: 0, stdout: { number: { max: 10.5 } } }"),
            Loosened,
            "expect",
        ),
        (
            run("expect: { exit: 0, stdout: { lines: 12 } }"),
            run("expect: { exit: 0, stdout: { lines: { min: 1 } } }"),
            Loosened,
            "expect",
        ),
        (
            run("expect: { exit: 0, stdout: { version: { min: '3.6.1' } } }"),
            run("expect: { exit: 0, stdout: { version: { min: '3.6' } } }"),
            Loosened,
            "expect",
        ),
        (
            run("expect: { exit: 0, json: { $.state: running } }"),
            run("expect: { exit: 0, json: { $.state: { matches: '^(running|starting)$' } } }"),
            Loosened,
            "expect",
        ),
        (
            run("expect: { exit: 0, json: { '$.list[0].n': { number: { max: 3 } } } }"),
            run("expect: { exit: 0, json: { '$.list[0].n': { number: { max: 30 } } } }"),
            Loosened,
            "expect",
        ),
        (
            run("expect: { exit: 3, stdout: { contains: a } }"),
            run("expect: { exit: [3, 4], stdout: { contains: a } }"),
            Loosened,
            "expect",
        ),
        (
            http("expect: { status: 200 }"),
            http("expect: { status: [200, 302] }"),
            Loosened,
            "expect",
        ),
        (
            http("expect: { status: 200 }"),
            http("expect: { status: 2xx }"),
            Loosened,
            "expect",
        ),
        (
            http("expect: { status: 404 }"),
            http("expect: { status: { not: 200 } }"),
            Loosened,
            "expect",
        ),
        (
            http("expect: { status: 200, duration: { max: 200ms } }"),
            http("expect: { status: 200, duration: { max: 2s } }"),
            Loosened,
            "expect",
        ),
        (
            "run: cargo test\nexpect: { tests: { passed: { min: 40 }, failed: 0 } }".to_owned(),
            "run: cargo test\nexpect: { tests: { passed: { min: 4 }, failed: 0 } }".to_owned(),
            Loosened,
            "expect",
        ),
        (
            run("expect: { stdout: { in_order: [alpha, beta, gamma] } }"),
            run("expect: { stdout: { in_order: [alpha, beta] } }"),
            Loosened,
            "expect",
        ),
        (
            run("expect: { stdout: { snapshot: \"alpha 1\\nbeta\" } }"),
            run("expect: { stdout: { snapshot: \"alpha [..]\\nbeta\" } }"),
            Loosened,
            "expect",
        ),
        (
            run("expect: { stdout: { snapshot: \"alpha\\nbeta\" } }"),
            run("expect: { stdout: { snapshot: \"alpha\\n...\" } }"),
            Loosened,
            "expect",
        ),
        (
            run(
                "for: { unit: { run: ls units, at_least: 3 } }\nexpect: { stdout: { contains: '${unit}' } }",
            ),
            run("for: { unit: { run: ls units } }\nexpect: { stdout: { contains: '${unit}' } }"),
            Loosened,
            "at_least",
        ),
        // Another value is no softer one.
        (
            run("expect: { exit: 0, stdout: { equals: v1 } }"),
            run("expect: { exit: 0, stdout: { equals: v2 } }"),
            Changed,
            "expect",
        ),
        (
            http("expect: { status: 401 }"),
            http("expect: { status: 404 }"),
            Changed,
            "expect",
        ),
        // Time and tries.
        (
            run("expect: { stdout: { contains: a } }\ntimeout: 10s"),
            run("expect: { stdout: { contains: a } }\ntimeout: 60s"),
            Slackened,
            "timeout",
        ),
        (
            run("expect: { stdout: { contains: a } }"),
            run("expect: { stdout: { contains: a } }\nwithin: 60s"),
            Slackened,
            "within",
        ),
        (
            run("expect: { stdout: { contains: a } }\nrepeat: 6"),
            run("expect: { stdout: { contains: a } }\nrepeat: { times: 6, at_least: 4 }"),
            Slackened,
            "repeat",
        ),
        // What stands around it.
        (
            run("expect: { stdout: { contains: a } }"),
            run("expect: { stdout: { contains: a } }\nskip: the host is gone"),
            Removed,
            "skip",
        ),
        (
            run(
                "expect: { stdout: { contains: a } }\ncontrol: { run: restic -r /nowhere snapshots, expect: { exit: 1 } }",
            ),
            run("expect: { stdout: { contains: a } }"),
            Removed,
            "control",
        ),
        (
            run("expect: { stdout: { contains: a } }"),
            run("expect: { stdout: { contains: a } }\non: clone"),
            Changed,
            "on",
        ),
        (
            http("expect: { status: 200 }"),
            http("expect: { status: 200 }\nfollow: 2"),
            Loosened,
            "follow",
        ),
        (
            "run: restic check\nexpect: { stdout: { contains: a } }".to_owned(),
            "run: echo a\nexpect: { stdout: { contains: a } }".to_owned(),
            Changed,
            "run",
        ),
    ] {
        assert_eq!(
            only(&before, &after),
            Some((gravity, what.to_owned())),
            "{before}\n  became\n{after}"
        );
    }
}

#[test]
fn what_becomes_stricter_or_stays_is_not_named() {
    let run = |rest: &str| format!("run: restic snapshots --latest 1\n{rest}");
    let http = |rest: &str| format!("http: https://localhost/api\n{rest}");
    for (before, after) in [
        (
            run("expect: { exit: 0, stdout: { starts_with: v } }"),
            run("expect: { exit: 0, stdout: { equals: v1 } }"),
        ),
        (
            run("expect: { exit: 0, json: { $.state: { matches: '^(running|starting)$' } } }"),
            run("expect: { exit: 0, json: { $.state: running } }"),
        ),
        (
            run("expect: { exit: 0, stdout: { contains: alpha } }"),
            run("expect: { stdout: { contains: alpha }, exit: 0 }"),
        ),
        (
            run("expect: { exit: 0, stdout: { contains: alpha } }"),
            run("expect: { exit: 0, stdout: { contains: alpha }, stderr: { empty: true } }"),
        ),
        (
            run("expect: { exit: 0, stdout: { number: { min: 9 } } }"),
            run("expect: { exit: 0, stdout: { number: { min: 10 } } }"),
        ),
        (
            http("expect: { status: 2xx }"),
            http("expect: { status: 200 }"),
        ),
        (
            http("expect: { status: 200, duration: { max: 2s } }"),
            http("expect: { status: 200, duration: { max: 1s } }"),
        ),
        (
            run("expect: { stdout: { contains: a } }\ntimeout: 60s"),
            run("expect: { stdout: { contains: a } }\ntimeout: 6s"),
        ),
        (
            run("expect: { stdout: { contains: a } }\nskip: the host is gone"),
            run("expect: { stdout: { contains: a } }"),
        ),
    ] {
        assert_eq!(only(&before, &after), None, "{before}\n  became\n{after}");
    }
}

const TWO: &str = "
phase: t
on: local
fresh_for: 1h
secrets: [DEPLOY_WORD]
fixtures:
  down:
    baseline: { run: systemctl is-active proxy, expect: { stdout: { equals: active } } }
    do: [systemctl stop proxy]
    until: { run: systemctl is-active proxy, expect: { stdout: { equals: inactive }, exit: 3 } }
    undo: [systemctl start proxy]
    deadline: 30s
gates:
  M1:
    teeth: required
    covers: [src, deploy]
    checks:
      - id: a
        claim: it is down
        with: down
        run: systemctl is-active proxy
        expect: { exit: 3, stdout: { equals: inactive } }
        control: { run: systemctl is-active ssh, expect: { exit: 0 } }
  M2:
    after: M1
    checks:
      - id: b
        claim: b holds
        run: restic snapshots
        expect: { stdout: { contains: b } }
";

#[test]
fn gates_fixtures_and_the_file_are_looked_at_and_the_gravest_comes_first() {
    let until = "    until: { run: systemctl is-active proxy, expect: { stdout: { equals: inactive }, exit: 3 } }\n";
    let soft = TWO
        .replace("fresh_for: 1h", "fresh_for: 9h")
        .replace("secrets: [DEPLOY_WORD]\n", "")
        .replace(until, "")
        .replace("deadline: 30s", "deadline: 60s")
        .replace("    teeth: required\n", "")
        .replace("[src, deploy]", "[src]");
    let soft = soft.split("  M2:").next().unwrap();
    let found = between(TWO, soft);
    let named: Vec<(Gravity, &str, &str)> = found
        .iter()
        .map(|it| (it.gravity, it.of.as_str(), it.what.as_str()))
        .collect();
    use Gravity::{Loosened, Removed, Slackened};
    assert_eq!(
        named,
        [
            (Removed, "M1", "teeth"),
            (Removed, "M2", "gate"),
            (Removed, "fixture down", "until"),
            (Loosened, "file", "secrets"),
            (Loosened, "M1", "covers"),
            (Slackened, "file", "fresh_for"),
            (Slackened, "fixture down", "deadline"),
        ]
    );
    assert_eq!(between(soft, TWO), [], "the way back demands more");
    assert_eq!(between(TWO, TWO), []);
}

#[test]
fn a_gate_that_waits_no_more_for_another_is_named() {
    let found = between(TWO, &TWO.replace("    after: M1\n", ""));
    let named: Vec<(Gravity, &str, &str)> = found
        .iter()
        .map(|it| (it.gravity, it.of.as_str(), it.what.as_str()))
        .collect();
    assert_eq!(named, [(Gravity::Removed, "M2", "after")]);
}

#[test]
fn an_acknowledgement_speaks_for_one_change_and_only_once() {
    let soft = |more: &str| {
        TWO.replace("exit: 3,", "exit: [3, 4],")
            .replace("fresh_for: 1h\n", &format!("fresh_for: 1h\n{more}"))
    };
    let open = |before: &str, after: &str| {
        let found = between(before, after);
        assert_eq!(found.len(), 1, "{found:#?}");
        unacknowledged(&found).count()
    };
    let entry = |of: &str| format!("softened:\n  - {{ of: {of}, reason: systemd 256 says 4 }}\n");
    assert_eq!(open(TWO, &soft("")), 1);
    for (of, left) in [
        ("M1/a", 0),
        ("M1", 0),
        ("M", 1),
        ("M1/b", 1),
        ("M2", 1),
        ("file", 1),
    ] {
        assert_eq!(open(TWO, &soft(&entry(of))), left, "{of}");
    }
    // The one that is left standing says nothing of the next change.
    let softer = soft(&entry("M1/a")).replace("[3, 4]", "[3, 4, 5]");
    assert_eq!(open(&soft(&entry("M1/a")), &softer), 1);
}

#[test]
fn a_gate_that_moves_to_another_file_of_its_phase_is_not_gone() {
    let (first, second) = TWO.split_once("  M2:").unwrap();
    let second = second.replace("    after: M1\n", "");
    let two = TWO.replace("    after: M1\n", "");
    let mut moved = file(&format!("phase: t\non: local\ngates:\n  M2:{second}"));
    let source = Source {
        path: PathBuf::from("claims/u.yaml"),
        text: String::new(),
    };
    moved.source = Arc::new(source);
    let first = file(first);
    assert_eq!(softenings(&[&file(&two)], &[&first, &moved]), []);
}

#[test]
fn the_example_of_a_looser_matcher_is_one_that_it_accepts() {
    let found = between(
        &check("run: restic stats\nexpect: { exit: 0, stdout: { number: { max: 10 } } }"),
        &check("run: restic stats\nexpect: { exit: 0, stdout: { number: { max: 100 } } }"),
    );
    let note = found[0].note.as_deref().unwrap_or_default();
    assert_eq!(note, "it holds now for the text \"11\"");
}
