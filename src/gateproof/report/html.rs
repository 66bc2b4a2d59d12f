//! Runs as one page for people who would rather look: the verdict, each gate with a bar for when each check was
//! asked, every observation one click away, what was disturbed, and what a review saw otherwise than the claim.
//!
//! The page needs nothing else: no script, no font, no address. What programs printed is text and nothing but
//! text, and a content security policy says so to the browser as well.

mod overview;

use std::fmt::Write as _;

use super::reason::reason;
use super::run_verdict::{RunVerdict, verdict_of};
use super::text;
use crate::record::{
    CheckRecord, FixtureRecord, HttpRecord, ObservationRecord, RunRecord, StreamRecord,
};
use claim::outcome::Outcome;

const STYLE: &str = include_str!("html/style.css");

/// The page. Of several runs each has a section, in the order given.
pub fn html(records: &[RunRecord], verdict: &RunVerdict, warnings: &[String]) -> String {
    let mut titles: Vec<String> = records
        .iter()
        .map(|record| text::titled(&record.claim.phase, &record.claim.title))
        .collect();
    titles.dedup();
    let title = titles.join("; ");
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>{}: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{}</h1>\n",
        verdict.word(),
        escaped(&title),
        escaped(&title)
    );
    let _ = writeln!(
        out,
        "<p class=\"verdict {}\"><b>{}</b> <span>{}</span></p>",
        class_of_code(verdict),
        verdict.word(),
        escaped(&verdict.tally)
    );
    list(&mut out, warnings.iter().map(String::as_str));
    out.push_str("</header>\n<main>\n");
    overview::overview(&mut out, records);
    for record in records {
        let claimed = record.reviews.as_ref();
        let claim = claimed.and_then(|link| records.iter().find(|it| it.run_id == link.run_id));
        section(&mut out, record, claim);
    }
    out.push_str("</main>\n<footer class=\"dim\">Made by gateproof of records that it has redacted. A page is no evidence: the records are.</footer>\n</body>\n</html>\n");
    out
}

fn section(out: &mut String, record: &RunRecord, claim: Option<&RunRecord>) {
    let verdict = verdict_of(std::slice::from_ref(record));
    let role = record.role.as_deref().unwrap_or("without a role");
    let _ = writeln!(
        out,
        "<section id=\"{}\">\n<h2>{} ({}): <span class=\"{}\">{}</span></h2>",
        escaped(&record.run_id),
        record.act.name(),
        escaped(role),
        class_of_code(&verdict),
        verdict.word()
    );
    out.push_str("<dl>\n");
    let by = record.author.as_deref().unwrap_or(&record.who);
    row(out, "by", by);
    let took = text::run_duration(record);
    row(
        out,
        "when",
        &format!(
            "{} to {}, {took}",
            text::time(record.started),
            text::time(record.ended)
        ),
    );
    row(
        out,
        "claim file",
        &format!("{} (sha256 {})", record.claim.path, record.claim.sha256),
    );
    if let Some(repository) = &record.repository {
        let dirty = if repository.dirty {
            ", with changes that are not committed"
        } else {
            ""
        };
        row(
            out,
            "commit",
            &format!("{} ({}{dirty})", repository.commit, repository.tree),
        );
    }
    for host in &record.hosts {
        let revision = host.revision.as_deref().unwrap_or("revision not asked");
        let boot = host.boot_id.as_deref().unwrap_or("not known");
        row(
            out,
            "host",
            &format!(
                "{} ({}): {revision}; boot id {boot}",
                host.name, host.destination
            ),
        );
    }
    row(out, "result", &verdict.tally);
    row(out, "run", &record.run_id);
    out.push_str("</dl>\n");
    list(out, record.notes.iter().map(String::as_str));
    for (gate, title) in text::gates(record) {
        let outcomes: Vec<Outcome> = record.checks_of(gate).map(|check| check.outcome).collect();
        let _ = writeln!(
            out,
            "<h3>{}: {}</h3>",
            escaped(&text::titled(gate, title)),
            escaped(&text::tally(&outcomes))
        );
        for check in record.checks_of(gate) {
            let earlier =
                claim.and_then(|claim| claim.checks_of(gate).find(|it| it.id == check.id));
            one_check(out, record, check, earlier);
        }
    }
    if !record.fixtures.is_empty() {
        out.push_str("<h3>What was disturbed</h3>\n");
        record.fixtures.iter().for_each(|it| fixture(out, it));
    }
    out.push_str("</section>\n");
}

fn one_check(
    out: &mut String,
    record: &RunRecord,
    check: &CheckRecord,
    claimed: Option<&CheckRecord>,
) {
    let open = match check.outcome {
        Outcome::Pass | Outcome::Skipped | Outcome::Attested => "",
        _ => " open",
    };
    let (from, width) = bar(record, check);
    let _ = writeln!(
        out,
        "<details{open}><summary><span class=\"mark {}\">{}</span><span><b>{}</b> {}</span><span class=\"when\"><i style=\"--from:{from:.1}%;--for:{width:.1}%\"></i></span><span class=\"took\">{}</span></summary>\n<div class=\"inside\">",
        class(check.outcome),
        check.outcome.name(),
        escaped(&check.id),
        escaped(&check.claim),
        escaped(&text::short_duration(check.duration_ms))
    );
    out.push_str("<dl>\n");
    let with = match check.with.as_slice() {
        [] => String::new(),
        names => format!(", under {}", names.join(" and ")),
    };
    row(out, "on", &format!("{}{with}", check.on));
    code(out, "asked", &check.asked);
    row(out, "expected", &text::expected(check));
    row(out, "observed", &text::observed(check));
    if check.outcome != Outcome::Pass {
        row(out, "why", &reason(check));
    }
    if let Some(claimed) = claimed
        && (claimed.observed != check.observed || claimed.outcome != check.outcome)
    {
        let words = format!("{}: {}", claimed.outcome.name(), text::observed(claimed));
        row(out, "at the claim", &words);
    }
    for finding in &check.findings {
        if let Some(note) = &finding.note {
            row(out, "note", note);
        }
        if let Some(diff) = &finding.diff {
            code(out, "difference", diff);
        }
    }
    for value in &check.values {
        row(out, "value", &format!("{} = {}", value.name, value.value));
    }
    if let Some(control) = &check.control {
        let red = if control.red {
            "went red"
        } else {
            "did not go red"
        };
        row(out, "control", &format!("{red}: {}", control.observed));
    }
    for proof in check.teeth.iter().flat_map(|teeth| &teeth.proofs) {
        row(
            out,
            "can fail",
            &format!("{}: {}", proof.by.name(), proof.how),
        );
    }
    for waiver in check.teeth.iter().flat_map(|teeth| &teeth.waivers) {
        row(out, "waived", waiver);
    }
    if check.attempts > 1 {
        row(out, "attempts", &check.attempts.to_string());
    }
    for note in &check.notes {
        row(out, "note", note);
    }
    observation(out, check.observation.as_ref());
    code(out, "by hand", &check.reproduce);
    row(out, "place", &check.place);
    out.push_str("</dl>\n</div></details>\n");
}

/// Where the bar of a check begins, and how long it is, in percent of the run.
fn bar(record: &RunRecord, check: &CheckRecord) -> (f64, f64) {
    let whole = (record.ended - record.started).num_milliseconds().max(1);
    let from = (check.started - record.started)
        .num_milliseconds()
        .clamp(0, whole);
    let took = i64::try_from(check.duration_ms)
        .unwrap_or(whole)
        .min(whole - from);
    let percent = |ms: i64| ms as f64 * 100.0 / whole as f64;
    (percent(from), percent(took))
}

fn observation(out: &mut String, seen: Option<&ObservationRecord>) {
    match seen {
        None => {}
        Some(ObservationRecord::Command { stdout, stderr, .. }) => {
            stream(out, "stdout", stdout);
            stream(out, "stderr", stderr);
        }
        Some(ObservationRecord::Http(answers)) => answers.iter().for_each(|it| answer(out, it)),
    }
}

fn answer(out: &mut String, seen: &HttpRecord) {
    let status = match (seen.status, &seen.no_answer) {
        (Some(status), _) => status.to_string(),
        (None, cause) => format!("no answer ({})", cause.as_deref().unwrap_or("not known")),
    };
    let detail = seen.detail.iter().map(|detail| format!(": {detail}"));
    let detail: String = detail.collect();
    row(
        out,
        "answer",
        &format!("{status}{detail}, from {}", seen.vantage),
    );
    if !seen.headers.is_empty() {
        let lines = seen
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\n"));
        code(out, "headers", &lines.collect::<String>());
    }
    if let Some(body) = &seen.body {
        stream(out, "body", body);
    }
}

fn stream(out: &mut String, name: &str, seen: &StreamRecord) {
    if seen.text.is_empty() {
        return;
    }
    code(out, name, &seen.text);
    if seen.truncated {
        row(
            out,
            "",
            &format!("not all of it: there were {} bytes", seen.bytes),
        );
    }
}

fn fixture(out: &mut String, fixture: &FixtureRecord) {
    let (class, word) = match (fixture.restored, fixture.went_red) {
        (false, _) => ("fail", "UNRESTORED"),
        (true, Some(false)) => ("warn", "restored, and never seen to be disturbed"),
        (true, _) => ("pass", "restored"),
    };
    let open = if fixture.restored { "" } else { " open" };
    let took = fixture
        .disturbed_ms
        .map_or_else(String::new, text::short_duration);
    let _ = writeln!(
        out,
        "<details{open}><summary><span class=\"mark {class}\">{word}</span><span><b>{}</b> on {}</span><span></span><span class=\"took\">{}</span></summary>\n<div class=\"inside\">",
        escaped(&fixture.name),
        escaped(&fixture.on),
        escaped(&took)
    );
    if let Some(remedy) = &fixture.remedy {
        let _ = writeln!(out, "<p class=\"fail\">{}</p>", escaped(remedy));
    }
    out.push_str("<table class=\"steps\"><thead><tr><th>step</th><th>asked</th><th>expected</th><th>observed</th><th>took</th></tr></thead><tbody>\n");
    for step in &fixture.steps {
        let class = if step.held { "pass" } else { "fail" };
        let _ = writeln!(
            out,
            "<tr><td class=\"{class}\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&step.step),
            escaped(&step.asked),
            escaped(&step.expected),
            escaped(&step.observed),
            escaped(&text::short_duration(step.duration_ms))
        );
    }
    out.push_str("</tbody></table>\n</div></details>\n");
}

fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Fail | Outcome::Toothless | Outcome::Unrestored => "fail",
        Outcome::Error | Outcome::Stale | Outcome::Flaky => "warn",
        Outcome::Skipped | Outcome::Attested => "dim",
    }
}

/// The class of the worst of them.
fn class_of_gate(outcomes: &[Outcome]) -> &'static str {
    let classes = ["fail", "warn", "dim", "pass"];
    let worst = classes
        .into_iter()
        .find(|word| outcomes.iter().any(|outcome| class(*outcome) == *word));
    worst.unwrap_or("dim")
}

fn class_of_code(verdict: &RunVerdict) -> &'static str {
    match verdict.word() {
        "PASS" => "pass",
        "ERROR" | "STALE" => "warn",
        _ => "fail",
    }
}

fn list<'t>(out: &mut String, texts: impl Iterator<Item = &'t str>) {
    let mut texts = texts.peekable();
    if texts.peek().is_none() {
        return;
    }
    out.push_str("<ul>\n");
    for one in texts {
        let _ = writeln!(out, "<li>{}</li>", escaped(one));
    }
    out.push_str("</ul>\n");
}

fn row(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "<dt>{name}</dt><dd>{}</dd>", escaped(value));
}

fn code(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "<dt>{name}</dt><dd><pre>{}</pre></dd>", escaped(value));
}

/// Text in which nothing is markup, and no character moves what stands around it.
fn escaped(value: &str) -> String {
    kit::text::html(&text::visible_lines(value))
}

#[cfg(test)]
mod tests {
    use super::html;
    use crate::record::{ObservationRecord, RunRecord};
    use crate::report::sample;
    use crate::report::verdict_of;

    fn page(records: &[RunRecord]) -> String {
        html(records, &verdict_of(records), &[])
    }

    #[test]
    fn the_page_has_every_check_and_asks_nobody_for_anything() {
        let record = sample::record();
        let page = page(std::slice::from_ref(&record));
        for check in &record.checks {
            assert!(
                page.contains(&format!("<b>{}</b>", check.id)),
                "{}",
                check.id
            );
            assert!(page.contains(check.outcome.name()));
        }
        for fixture in &record.fixtures {
            assert!(page.contains(&fixture.name));
        }
        for word in [
            "<script", "<link", "<img", "src=", "href=", "@import", "url(",
        ] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("default-src 'none'"));
        assert!(page.contains("prefers-color-scheme: dark") && page.contains("max-width: 45rem"));
    }

    #[test]
    fn what_programs_print_is_text_and_nothing_else() {
        let mut record = sample::record();
        let hostile =
            "</pre><script>alert(1)</script><img src=x onerror=y>\" ' & \u{202e}\u{1b}[31m";
        let check = &mut record.checks[0];
        check.claim = hostile.to_owned();
        check.observed = hostile.to_owned();
        check.asked = hostile.to_owned();
        check.id = hostile.to_owned();
        if let Some(ObservationRecord::Command { stdout, .. }) = &mut check.observation {
            stdout.text = hostile.to_owned();
        }
        record.claim.title = hostile.to_owned();
        record.author = Some(hostile.to_owned());
        record.notes = vec![hostile.to_owned()];
        let page = page(&[record]);
        for word in ["<script", "<img", "</pre><", "\u{202e}", "\u{1b}"] {
            let allowed = word == "</pre><" && page.contains("</pre></dd>");
            assert!(!page.contains(word) || allowed, "{word}");
        }
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        // Every element that is opened is closed: no text ended one.
        for name in ["details", "pre", "dl", "section", "table", "ul", "dd"] {
            let opened = page.matches(&format!("<{name}>")).count()
                + page.matches(&format!("<{name} ")).count();
            assert_eq!(
                opened,
                page.matches(&format!("</{name}>")).count(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_review_shows_what_the_claim_saw_otherwise() {
        let claim = sample::record();
        let mut review = claim.clone();
        review.run_id = "20261122T120000Z-0badc0de".to_owned();
        review.reviews = Some(crate::record::RecordLink {
            run_id: claim.run_id.clone(),
            sha256: String::new(),
        });
        let same = page(&[claim.clone(), review.clone()]);
        assert!(!same.contains("<dt>at the claim</dt>"), "{same}");
        assert!(same.contains("<td>nothing</td>"), "{same}");
        let alone = page(std::slice::from_ref(&review));
        assert!(!alone.contains("over time"), "{alone}");
        review.checks[0].observed = "something else".to_owned();
        let other = review.checks[0].id.clone();
        let mut claim = claim;
        let mut one_more = claim.checks[0].clone();
        one_more.id = "only-claimed".to_owned();
        claim.checks.push(one_more);
        let page = page(&[claim, review.clone()]);
        assert_eq!(page.matches("<dt>at the claim</dt>").count(), 1);
        let row = format!("<td>{other}, only-claimed</td></tr>");
        assert!(page.contains(&row), "{row}: {page}");
        let link = format!("<a href=\"#{}\">", review.run_id);
        assert!(page.contains(&link), "{link}");
    }
}
