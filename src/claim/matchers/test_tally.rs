//! What the summary of a test run says: how many tests passed, failed and were skipped.
//!
//! Every summary in a text counts: `cargo test` prints one for each binary. A test that is expected to fail
//! and does counts as skipped, as in pytest's JUnit report.

use std::sync::LazyLock;

use regex::Regex;

/// An expression that is compiled once.
macro_rules! regex {
    ($text:literal) => {{
        static REGEX: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($text).expect("the expression is valid"));
        &*REGEX
    }};
}

/// The counts of a test run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
}

/// The runners whose summaries are read, for messages.
pub(super) const RUNNERS: &str = "cargo test, cargo nextest, pytest, unittest, go test -v, jest, vitest, node --test, TAP and prove";

/// Why what a runner printed has no counts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoTally {
    /// Nothing in it is a summary.
    NoSummary,
    /// `go test` without `-v` names packages, and no tests.
    PackagesOnly,
}

type Lines<'t> = [&'t str];

/// The counts of all test runs in a text.
pub(super) fn tally(text: &str) -> Result<Tally, NoTally> {
    let text = regex!(r"\x1b\[[0-9;]*[A-Za-z]").replace_all(text, "");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let of_go = go(&lines)?;
    let readers: [fn(&Lines<'_>) -> Option<Tally>; 6] =
        [cargo, nextest, pytest, unittest, jest, tap];
    let found = readers.iter().filter_map(|read| read(&lines));
    let found: Vec<Tally> = found.chain(of_go).collect();
    if found.is_empty() {
        return Err(NoTally::NoSummary);
    }
    Ok(found.into_iter().fold(Tally::default(), sum))
}

fn sum(a: Tally, b: Tally) -> Tally {
    Tally {
        passed: a.passed + b.passed,
        failed: a.failed + b.failed,
        skipped: a.skipped + b.skipped,
    }
}

/// The number of a group; 0 where it is not there.
fn number(line: &regex::Captures<'_>, group: usize) -> usize {
    let digits = line
        .get(group)
        .and_then(|digits| digits.as_str().parse().ok());
    digits.unwrap_or(0)
}

/// `3 failed, 12 passed` as words with their numbers.
fn counted(text: &str) -> Vec<(&str, usize)> {
    let parts = regex!(r"(\d+) ([a-z]+(?: (?:out|failed))?)").captures_iter(text);
    let part = |part: regex::Captures<'_>| {
        Some((part.get(2)?.start()..part.get(2)?.end(), number(&part, 1)))
    };
    let parts: Vec<_> = parts.filter_map(part).collect();
    parts
        .into_iter()
        .map(|(word, count)| (&text[word], count))
        .collect()
}

/// The sum of the numbers of these words.
fn of(parts: &[(&str, usize)], words: &[&str]) -> usize {
    let those = parts.iter().filter(|(word, _)| words.contains(word));
    those.map(|(_, count)| count).sum()
}

/// `test result: ok. 84 passed; 0 failed; 1 ignored; …`.
fn cargo(lines: &Lines<'_>) -> Option<Tally> {
    let line = regex!(r"^test result: [a-zA-Z]+\. (\d+) passed; (\d+) failed; (\d+) ignored;");
    let found = lines.iter().filter_map(|text| line.captures(text));
    let found = found.map(|line| Tally {
        passed: number(&line, 1),
        failed: number(&line, 2),
        skipped: number(&line, 3),
    });
    found.reduce(sum)
}

/// `Summary [   0.1s] 12 tests run: 11 passed (1 slow), 1 failed, 2 skipped`.
fn nextest(lines: &Lines<'_>) -> Option<Tally> {
    let line = regex!(r"^\s*Summary \[[^\]]*\]\s+\d+(?:/\d+)? tests? run:(.*)$");
    let aside = regex!(r"\([^)]*\)");
    let found = lines.iter().filter_map(|text| line.captures(text));
    let found = found.map(|line| {
        let parts = aside.replace_all(&line[1], "");
        let parts = counted(&parts);
        Tally {
            passed: of(&parts, &["passed"]),
            failed: of(&parts, &["failed", "timed out", "exec failed"]),
            skipped: of(&parts, &["skipped"]),
        }
    });
    found.reduce(sum)
}

/// `=== 3 failed, 12 passed, 2 skipped, 1 warning in 0.12s ===`.
fn pytest(lines: &Lines<'_>) -> Option<Tally> {
    let line = regex!(
        r"^=*\s*((?:\d+ (?:passed|failed|skipped|deselected|xfailed|xpassed|errors?|warnings?|rerun)(?:, )?)+|no tests ran) in \d+(?:\.\d+)?s\b"
    );
    let found = lines.iter().filter_map(|text| line.captures(text));
    let found = found.map(|line| {
        let parts = counted(line.get(1).map_or("", |parts| parts.as_str()));
        Tally {
            passed: of(&parts, &["passed", "xpassed"]),
            failed: of(&parts, &["failed", "error", "errors"]),
            skipped: of(&parts, &["skipped", "xfailed"]),
        }
    });
    found.reduce(sum)
}

/// `Ran 3 tests in 0.001s`, and below it `OK (skipped=1)` or `FAILED (failures=1, errors=2)`.
fn unittest(lines: &Lines<'_>) -> Option<Tally> {
    let ran = regex!(r"^Ran (\d+) tests? in \d+(?:\.\d+)?s$");
    let end = regex!(r"^(?:OK|FAILED|NO TESTS RAN)(?: \((.*)\))?$");
    let part = regex!(r"([a-z ]+)=(\d+)");
    let mut open = None;
    let mut found = Vec::new();
    for text in lines {
        if let Some(line) = ran.captures(text) {
            open = Some(number(&line, 1));
        } else if let (Some(all), Some(line)) = (open, end.captures(text)) {
            open = None;
            let parts = line.get(1).map_or("", |parts| parts.as_str());
            let parts = part.captures_iter(parts);
            let parts: Vec<(String, usize)> = parts
                .map(|part| (part[1].trim().to_owned(), number(&part, 2)))
                .collect();
            let parts: Vec<(&str, usize)> =
                parts.iter().map(|(word, n)| (word.as_str(), *n)).collect();
            let failed = of(&parts, &["failures", "errors", "unexpected successes"]);
            let skipped = of(&parts, &["skipped", "expected failures"]);
            found.push(Tally {
                passed: all.saturating_sub(failed + skipped),
                failed,
                skipped,
            });
        }
    }
    found.into_iter().reduce(sum)
}

/// `--- PASS: TestX (0.00s)`, subtests among them. A package that failed without a test that did (it does
/// not compile, it panicked) is a failure.
fn go(lines: &Lines<'_>) -> Result<Option<Tally>, NoTally> {
    let test = regex!(r"^\s*--- (PASS|FAIL|SKIP): \S+ \(\d+(?:\.\d+)?s\)$");
    let package = regex!(r"^(ok  |FAIL)\t\S+(?:\s|$)");
    let mut tally = Tally::default();
    let (mut packages, mut fails) = (0, 0);
    for text in lines {
        if let Some(line) = test.captures(text) {
            match &line[1] {
                "PASS" => tally.passed += 1,
                "SKIP" => tally.skipped += 1,
                _ => fails += 1,
            }
        } else if let Some(line) = package.captures(text) {
            packages += 1;
            let failed = usize::from(&line[1] == "FAIL");
            tally.failed += std::mem::take(&mut fails).max(failed);
        }
    }
    tally.failed += fails;
    let listed = tally.passed + tally.skipped > 0;
    match (packages, listed) {
        (0, false) if tally.failed == 0 => Ok(None),
        (1.., false) => Err(NoTally::PackagesOnly),
        _ => Ok(Some(tally)),
    }
}

/// `Tests:  1 failed, 12 passed, 13 total` of jest, `Tests  1 failed | 12 passed (13)` of vitest. A file that
/// fails as a whole has no test that does.
fn jest(lines: &Lines<'_>) -> Option<Tally> {
    let tests = regex!(r"^\s*Tests:?\s+(\d.*|no tests)$");
    let files = regex!(r"^\s*(?:Test Suites:|Test Files|Errors)\s+(\d.*)$");
    let mut broken = 0;
    let mut found = Vec::new();
    for text in lines {
        if let Some(line) = files.captures(text) {
            broken += of(&counted(&line[1]), &["failed", "error", "errors"]);
        } else if let Some(line) = tests.captures(text) {
            let parts = counted(&line[1]);
            if parts.is_empty() && &line[1] != "no tests" {
                continue;
            }
            found.push(Tally {
                passed: of(&parts, &["passed"]),
                failed: of(&parts, &["failed"]),
                skipped: of(&parts, &["skipped", "todo", "pending"]),
            });
        }
    }
    let mut all = found.into_iter().reduce(sum)?;
    all.failed = all.failed.max(broken);
    Some(all)
}

/// TAP, and what `prove` and `node --test` say of it at the end.
fn tap(lines: &Lines<'_>) -> Option<Tally> {
    prove(lines)
        .or_else(|| node(lines))
        .or_else(|| points(lines))
}

/// `Files=1, Tests=3, …`, with the report of what failed above it.
fn prove(lines: &Lines<'_>) -> Option<Tally> {
    let all = regex!(r"^Files=\d+, Tests=(\d+),");
    let report = regex!(r"\(Wstat: (\d+).* Tests: \d+ Failed: (\d+)\)$");
    let less = regex!(r"^\s*\(less (\d+) skipped subtests?: \d+ okay\)");
    let tests = lines.iter().filter_map(|text| all.captures(text));
    let tests = tests.map(|line| number(&line, 1)).reduce(|a, b| a + b)?;
    let mut failed: usize = lines
        .iter()
        .filter_map(|text| report.captures(text))
        .map(|line| number(&line, 2).max(usize::from(number(&line, 1) > 0)))
        .sum();
    if lines.contains(&"Result: FAIL") {
        failed = failed.max(1);
    }
    let skipped: usize = lines
        .iter()
        .filter_map(|text| less.captures(text))
        .map(|line| number(&line, 1))
        .sum();
    Some(Tally {
        passed: tests.saturating_sub(failed + skipped),
        failed,
        skipped,
    })
}

/// `# tests 4`, `# pass 1`, `# fail 1` …, also as `node --test` shows it to people.
fn node(lines: &Lines<'_>) -> Option<Tally> {
    let line = regex!(r"^[#ℹ] (tests|pass|fail|cancelled|skipped|todo)\s+(\d+)$");
    let found: Vec<(String, usize)> = lines
        .iter()
        .filter_map(|text| line.captures(text))
        .map(|line| (line[1].to_owned(), number(&line, 2)))
        .collect();
    let parts: Vec<(&str, usize)> = found.iter().map(|(word, n)| (word.as_str(), *n)).collect();
    let has = |word: &str| parts.iter().any(|(known, _)| *known == word);
    if !has("tests") || !has("pass") {
        return None;
    }
    let passed = of(&parts, &["pass"]);
    let skipped = of(&parts, &["skipped", "todo"]);
    // `tape` leaves out what is 0.
    let rest = of(&parts, &["tests"]).saturating_sub(passed + skipped);
    Some(Tally {
        passed,
        failed: of(&parts, &["fail", "cancelled"]).max(rest),
        skipped,
    })
}

/// The points of TAP itself. Tests that the plan has and nobody saw have failed.
fn points(lines: &Lines<'_>) -> Option<Tally> {
    let plan = regex!(r"^1\.\.(\d+)\b");
    let point = regex!(r"^(not )?ok\b(.*)$");
    let skip = regex!(r"(?i)#\s*skip");
    let todo = regex!(r"(?i)#\s*todo");
    let plans = lines.iter().filter_map(|text| plan.captures(text));
    let planned = plans.map(|line| number(&line, 1)).reduce(|a, b| a + b);
    let begun = lines.iter().any(|text| text.starts_with("TAP version "));
    if planned.is_none() && !begun {
        return None;
    }
    let mut tally = Tally::default();
    for line in lines.iter().filter_map(|text| point.captures(text)) {
        match (
            skip.is_match(&line[2]) || todo.is_match(&line[2]),
            line.get(1),
        ) {
            (true, _) => tally.skipped += 1,
            (false, None) => tally.passed += 1,
            (false, Some(_)) => tally.failed += 1,
        }
    }
    let seen = tally.passed + tally.failed + tally.skipped;
    tally.failed += match planned {
        Some(planned) => planned.saturating_sub(seen),
        // It broke off before its plan.
        None => 1,
    };
    tally.failed += lines
        .iter()
        .filter(|text| text.starts_with("Bail out!"))
        .count();
    Some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> (usize, usize, usize) {
        let found = tally(text).unwrap_or_else(|why| panic!("{why:?} of {text:?}"));
        (found.passed, found.failed, found.skipped)
    }

    #[test]
    fn the_summaries_of_the_usual_runners_are_read() {
        for (printed, passed, failed, skipped) in [
            (
                "running 2 tests\ntest a ... ok\n\ntest result: ok. 84 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 16.57s\n\
                 \ntest result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
                87,
                2,
                1,
            ),
            (
                "     Summary [   0.123s] 12 tests run: 9 passed (1 slow, 1 failed), 1 failed, 1 timed out, 1 exec failed, 2 skipped\n",
                9,
                3,
                2,
            ),
            (
                "\u{1b}[32;1m     Summary\u{1b}[0m [   0.003s] 1 test run: 1 passed, 0 skipped\n",
                1,
                0,
                0,
            ),
            (
                "===== 3 failed, 12 passed, 2 skipped, 1 xfailed, 1 xpassed, 4 warnings, 2 errors in 61.12s (0:01:01) =====\n",
                13,
                5,
                3,
            ),
            ("12 passed in 0.12s\n", 12, 0, 0),
            ("======= no tests ran in 0.01s =======\n", 0, 0, 0),
            (
                "Ran 3 tests in 0.001s\n\nFAILED (failures=1, skipped=1)\n",
                1,
                1,
                1,
            ),
            (
                "Ran 5 tests in 0.001s\n\nOK (skipped=1, expected failures=1)\n",
                3,
                0,
                2,
            ),
            ("Ran 0 tests in 0.000s\n\nNO TESTS RAN\n", 0, 0, 0),
            (
                "=== RUN   TestA\n--- PASS: TestA (0.00s)\n    --- PASS: TestA/x (0.00s)\n--- SKIP: TestB (0.00s)\nPASS\nok  \texample.org/a\t0.012s\n\
                 FAIL\texample.org/b [build failed]\nFAIL\n",
                2,
                1,
                1,
            ),
            (
                "=== RUN   TestA\n--- FAIL: TestA (0.00s)\n--- PASS: TestB (0.00s)\nFAIL\nFAIL\texample.org/a\t0.012s\nFAIL\n",
                1,
                1,
                0,
            ),
            (
                "Test Suites: 1 failed, 3 passed, 4 total\nTests:       2 skipped, 1 todo, 12 passed, 15 total\nSnapshots:   0 total\n",
                12,
                1,
                3,
            ),
            (
                " Test Files  1 failed | 2 passed (3)\n      Tests  2 failed | 12 passed | 2 skipped (16)\n",
                12,
                2,
                2,
            ),
            (
                " Test Files  2 passed (2)\n      Tests  12 passed (12)\n     Errors  1 error\n",
                12,
                1,
                0,
            ),
            (" Test Files  no tests\n      Tests  no tests\n", 0, 0, 0),
            (
                "TAP version 13\n1..4\nok 1 - a\nnot ok 2 - b\nok 3 # SKIP no\nnot ok 4 # TODO later\n",
                1,
                1,
                2,
            ),
            ("1..5\nok 1\nok 2\n", 2, 3, 0),
            ("TAP version 13\nok 1\n", 1, 1, 0),
            ("1..2\nok 1\nBail out! the database is gone\n", 1, 2, 0),
            ("1..0 # SKIP not here\n", 0, 0, 0),
            (
                "TAP version 13\nok 1 - a\n1..4\n# tests 4\n# suites 0\n# pass 1\n# fail 1\n# cancelled 0\n# skipped 1\n# todo 1\n",
                1,
                1,
                2,
            ),
            ("ℹ tests 2\nℹ pass 2\nℹ fail 0\nℹ skipped 0\n", 2, 0, 0),
            ("1..3\n# tests 3\n# pass  3\n\n# ok\n", 3, 0, 0),
            (
                "p.t .. \nFailed 1/3 subtests \n\t(less 1 skipped subtest: 1 okay)\n\nTest Summary Report\n-------------------\n\
                 p.t (Wstat: 0 Tests: 3 Failed: 1)\n  Failed test:  2\nFiles=1, Tests=3,  0 wallclock secs ( 0.02 usr )\nResult: FAIL\n",
                1,
                1,
                1,
            ),
            (
                "All tests successful.\nFiles=2, Tests=12,  0 wallclock secs ( 0.02 usr )\nResult: PASS\n",
                12,
                0,
                0,
            ),
            (
                "q.t (Wstat: 512 (exited 2) Tests: 3 Failed: 0)\nFiles=1, Tests=3,  0 wallclock secs\nResult: FAIL\n",
                2,
                1,
                0,
            ),
        ] {
            assert_eq!(counts(printed), (passed, failed, skipped), "{printed}");
        }
    }

    #[test]
    fn what_is_not_a_summary_has_no_counts() {
        for text in [
            "",
            "ok 1\n",
            "12 passed\n",
            "2 files in 3s\n",
            "Tests: see below\n",
            "it took 3 days in 2s time",
            "FAIL: no such file\n",
        ] {
            assert_eq!(tally(text), Err(NoTally::NoSummary), "{text:?}");
        }
        for text in [
            "ok  \texample.org/a\t0.012s\n",
            "--- FAIL: TestA (0.00s)\nFAIL\nFAIL\texample.org/a\t0.012s\n",
        ] {
            assert_eq!(tally(text), Err(NoTally::PackagesOnly), "{text:?}");
        }
    }
}
